// SPDX-License-Identifier: PostgreSQL
// Rows of the audit's tables as core's records.
#pragma once

#include <optional>
#include <string_view>

#include "core/audit_chain.hpp"
#include "extension/src/types.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// A row of a query. Views point into the row, or into the current memory context.
struct Record {
  HeapTuple tuple;
  TupleDesc columns;

  Datum Get(int column, bool* isnull) const;
  bool IsNull(int column) const;
  int64 Number(int column) const;
  int32 Int(int column) const;
  char Letter(int column) const;
  std::optional<int64> MaybeNumber(int column) const;
  std::optional<std::string_view> Bytes(int column) const;
  std::optional<std::string_view> Text(int column) const;
};

/// A query that is read in portions with the active snapshot.
struct RecordCursor {
  Portal portal;
  SPITupleTable* table;
  uint64 count;
  uint64 next;
  MemoryContext of_row;
};

/// Within SPI. `query` has no parameters.
RecordCursor BeginRecords(const char* query);
/// The next row; false at the end. What the row before has taken in memory is gone.
bool NextRecord(RecordCursor* cursor, Record* record);
void EndRecords(RecordCursor* cursor);

/// Calls `use` for each row of a query, in a memory context that is emptied after it.
template <class Use>
void ReadRecords(const char* query, Use use) {
  RecordCursor cursor = BeginRecords(query);
  Record record;
  while (NextRecord(&cursor, &record)) {
    MemoryContext outer = MemoryContextSwitchTo(cursor.of_row);
    use(record);
    MemoryContextSwitchTo(outer);
  }
  EndRecords(&cursor);
}

/// Reads a row of: digest, schema, name, numbers int2[], names text[], types text[], keys int2[].
AuditShape ReadShape(const Record& record);

/// A format: seals in order with their leaves, from a number on.
extern const char kSealQuery[];
/// Reads a row of kSealQuery.
SealRecord ReadSeal(const Record& record);

}  // namespace gdpr::pg
