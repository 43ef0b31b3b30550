// SPDX-License-Identifier: PostgreSQL
// Writes events into this month's partitions of the audit log. Nobody's rights are asked, no
// trigger fires, and nothing is hashed: that is the sealer's work.
#pragma once

#include "extension/src/audit_subject.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// One table of events, open for writing.
struct AuditTable {
  Relation heap;  ///< NULL: not opened yet
  TupleDesc desc;
  ResultRelInfo* target;
  TupleTableSlot** slots;
  int slot_count;  ///< made so far
  int count;       ///< rows that wait
  BulkInsertState bulk;
};

/// A statement that is being written: operations of one SQL statement have one each.
struct OpenStatement {
  int64 number;
  char operation;
  int32 changes;
};

constexpr int kMostStatements = 3;  ///< of one SQL statement: insert, update, delete

/// Lives on the stack of a trigger; what it opened is closed by EndAudit, or by the error.
struct AuditWriter {
  MemoryContext context;  ///< for the statement
  MemoryContext batch;    ///< for what is written at once: the caller's memory for each row
  EState* estate;
  TimestampTz at;
  int32 shape;  ///< 0: none
  bool anonymized;
  Size bytes;
  AuditTable changes;
  AuditTable people;
  OpenStatement statements[kMostStatements];
  int statement_count;
};

/// Begins to write what a statement changed.
void BeginAudit(AuditWriter& writer, int32 shape, bool anonymized);

/// The number under which changes of this operation are written.
OpenStatement* StatementOf(AuditWriter& writer, char operation);

/// One event.
struct AuditEvent {
  const Person* people;
  int people_count;
  const char* row_key;  ///< NULL: it has none
  varlena* body;        ///< is copied
};

/// Writes an event; called in writer.batch, which may be reset.
void WriteEvent(AuditWriter& writer, OpenStatement* statement, const AuditEvent& event);

/// Writes the rest and the statements' own rows.
void EndAudit(AuditWriter& writer);

/// A body that names no column.
varlena* EmptyBody();

}  // namespace gdpr::pg
