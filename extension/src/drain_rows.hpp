// SPDX-License-Identifier: PostgreSQL
// Rows of gdpr_internal.access_read, by the thousand and past SQL.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// One row. Zero in `actor`, `snapshot`, `place`, `status`, `scope` and `people`: NULL.
struct ReadRow {
  int64 statement;
  TimestampTz at;
  int64 frame;
  int32 process;
  bool begins;  ///< part W or B: query, snapshot, command and engine say something
  int32 actor;
  int64 query;
  uint64 snapshot;
  char command;
  bool engine;
  char part;
  char status;
  int32 place;
  char scope;
  int64 rows;
  bytea* people;
};

/// The month that is being written to.
struct ReadMonth {
  char name[NAMEDATALEN];  ///< "": none is open
  Relation heap;
  TupleDesc desc;
  ResultRelInfo* target;
  BulkInsertState bulk;
};

/// Lives on the stack of the C function that writes; nothing in it needs a destructor.
struct ReadWriter {
  bool careful;           ///< rows are written at once, so that it shows which one cannot be
  MemoryContext context;  ///< the batch's
  MemoryContext rows;     ///< of what is not written yet
  EState* estate;
  ReadMonth month;
  TupleTableSlot** slots;
  int slot_count;
  int count;
  Size bytes;
};

/// Whether a statement number is one of a month that can be told.
bool IsReadNumber(int64 statement);

/// Begins to write; in `context` until EndReads.
void BeginReads(ReadWriter& writer, MemoryContext context, bool careful);

/// Opens the month of a statement: not within a subtransaction, which would close it.
void OpenReads(ReadWriter& writer, int64 statement);

/// Writes what was added. Forget: throws it away, after an error.
void FlushReads(ReadWriter& writer);
void ForgetReads(ReadWriter& writer);

/// Adds a row; its month is made if it is not there. The row is copied.
void AddRead(ReadWriter& writer, const ReadRow& row);

/// Writes what is left.
void EndReads(ReadWriter& writer);

}  // namespace gdpr::pg
