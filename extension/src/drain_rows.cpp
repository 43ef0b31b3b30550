// SPDX-License-Identifier: PostgreSQL
#include "extension/src/drain_rows.hpp"

#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

// The columns of gdpr_internal.access_read, from 1.
enum ReadColumn {
  kStatement = 1,
  kAt,
  kFrame,
  kProcess,
  kActor,
  kQuery,
  kSnapshot,
  kRows,
  kPlace,
  kPart,
  kCommand,
  kEngine,
  kStatus,
  kScope,
  kPeople,
  kColumns = kPeople,
};

constexpr int kBatchRows = 1000;  // as COPY
constexpr Size kBatchBytes = 1024 * 1024;
constexpr int kSecondBits = 30;  // numbers within a second
constexpr int kFirstYear = 2000;
constexpr int kLastYear = 2200;

bool MonthOf(int64 statement, int* year, int* month) {
  pg_tm tm{};
  fsec_t fraction;
  TimestampTz at = (statement >> kSecondBits) * USECS_PER_SEC;
  if (statement < 0 || timestamp2tm(at, nullptr, &tm, &fraction, nullptr, nullptr) != 0)
    return false;
  *year = tm.tm_year;
  *month = tm.tm_mon;
  return tm.tm_year >= kFirstYear && tm.tm_year < kLastYear;
}

void MakeMonth(int64 statement) {
  Oid types[] = {INT8OID};
  Datum values[] = {Int64GetDatum(statement)};
  int code = SPI_execute_with_args("SELECT gdpr_internal.make_access_partition($1)", 1, types,
                                   values, nullptr, false, 0);
  if (code != SPI_OK_SELECT) elog(ERROR, "could not make a partition of the reads");
}

// In writer.rows: the heap leaves memory behind.
void InsertRows(ReadWriter& writer) {
  if (writer.count == 0) return;
  CHECK_FOR_INTERRUPTS();
  MemoryContext old = MemoryContextSwitchTo(writer.rows);
  ReadMonth& month = writer.month;
  table_multi_insert(month.heap, writer.slots, writer.count, GetCurrentCommandId(true), 0,
                     month.bulk);
  for (int i = 0; i < writer.count; i++) {
    InsertIndexRows(month.target, writer.slots[i], writer.estate);
    ResetPerTupleExprContext(writer.estate);
    ExecClearTuple(writer.slots[i]);
  }
  MemoryContextSwitchTo(old);
  MemoryContextReset(writer.rows);
  writer.count = 0;
  writer.bytes = 0;
}

void CloseMonth(ReadWriter& writer) {
  ReadMonth& month = writer.month;
  if (month.name[0] == '\0') return;
  InsertRows(writer);
  for (int i = 0; i < writer.slot_count; i++) ExecDropSingleTupleTableSlot(writer.slots[i]);
  writer.slot_count = 0;
  if (month.bulk != nullptr) FreeBulkInsertState(month.bulk);
  ExecCloseIndices(month.target);
  table_close(month.heap, NoLock);
  month.name[0] = '\0';
}

void OpenMonth(ReadWriter& writer, const char* name, int64 statement) {
  CloseMonth(writer);
  Oid oid = StateTable(name);
  if (!OidIsValid(oid)) {
    MakeMonth(statement);
    oid = StateTable(name);
  }
  if (!OidIsValid(oid)) elog(ERROR, "table %s is missing", name);
  MemoryContext old = MemoryContextSwitchTo(writer.context);
  ReadMonth& month = writer.month;
  month.heap = table_open(oid, RowExclusiveLock);
  // A copy is not counted, and slots with it need no clean-up
  month.desc = CreateTupleDescCopy(RelationGetDescr(month.heap));
  month.target = makeNode(ResultRelInfo);
  InitResultRelInfo(month.target, month.heap, 0, nullptr, 0);
  ExecOpenIndices(month.target, false);
  // It keeps a page, and a subtransaction would let go of that
  month.bulk = writer.careful ? nullptr : GetBulkInsertState();
  MemoryContextSwitchTo(old);
  strlcpy(month.name, name, sizeof(month.name));
}

void UseMonth(ReadWriter& writer, int64 statement) {
  int year;
  int month;
  if (!MonthOf(statement, &year, &month)) elog(ERROR, "statement is of no month");
  char name[NAMEDATALEN];
  snprintf(name, sizeof(name), "access_read_%04d%02d", year, month);
  if (strcmp(name, writer.month.name) != 0) OpenMonth(writer, name, statement);
}

// The slot of the next row.
TupleTableSlot* NextSlot(ReadWriter& writer) {
  if (writer.count == writer.slot_count) {
    MemoryContext old = MemoryContextSwitchTo(writer.context);
    writer.slots[writer.slot_count++] =
        MakeSingleTupleTableSlot(writer.month.desc, &TTSOpsHeapTuple);
    MemoryContextSwitchTo(old);
  }
  return writer.slots[writer.count++];
}

}  // namespace

bool IsReadNumber(int64 statement) {
  int year;
  int month;
  return MonthOf(statement, &year, &month);
}

void OpenReads(ReadWriter& writer, int64 statement) {
  UseMonth(writer, statement);
}

void FlushReads(ReadWriter& writer) {
  InsertRows(writer);
}

void ForgetReads(ReadWriter& writer) {
  for (int i = 0; i < writer.count; i++) ExecClearTuple(writer.slots[i]);
  MemoryContextReset(writer.rows);
  writer.count = 0;
  writer.bytes = 0;
}

void BeginReads(ReadWriter& writer, MemoryContext context, bool careful) {
  writer = ReadWriter{};
  writer.careful = careful;
  writer.context = context;
  writer.rows = AllocSetContextCreate(context, "pg_gdpr reads", ALLOCSET_DEFAULT_SIZES);
  MemoryContext old = MemoryContextSwitchTo(context);
  writer.estate = CreateExecutorState();
  writer.slots = static_cast<TupleTableSlot**>(palloc(sizeof(TupleTableSlot*) * kBatchRows));
  MemoryContextSwitchTo(old);
}

void AddRead(ReadWriter& writer, const ReadRow& row) {
  UseMonth(writer, row.statement);
  Datum values[kColumns] = {};
  bool nulls[kColumns];
  memset(nulls, true, sizeof(nulls));
  auto set = [&](int column, bool known, Datum value) {
    values[column - 1] = value;
    nulls[column - 1] = !known;
  };
  set(kStatement, true, Int64GetDatum(row.statement));
  set(kAt, true, TimestampTzGetDatum(row.at));
  set(kFrame, true, Int64GetDatum(row.frame));
  set(kProcess, true, Int32GetDatum(row.process));
  set(kActor, row.actor != 0, Int32GetDatum(row.actor));
  set(kQuery, row.begins, Int64GetDatum(row.query));
  set(kSnapshot, row.snapshot != 0,
      FullTransactionIdGetDatum(FullTransactionIdFromU64(row.snapshot)));
  set(kRows, true, Int64GetDatum(row.rows));
  set(kPlace, row.place != 0, Int32GetDatum(row.place));
  set(kPart, true, CharGetDatum(row.part));
  set(kCommand, row.begins, CharGetDatum(row.command));
  set(kEngine, row.begins, BoolGetDatum(row.engine));
  set(kStatus, row.status != 0, CharGetDatum(row.status));
  set(kScope, row.scope != 0, CharGetDatum(row.scope));
  set(kPeople, row.people != nullptr, PointerGetDatum(row.people));
  MemoryContext old = MemoryContextSwitchTo(writer.rows);
  HeapTuple tuple = heap_form_tuple(writer.month.desc, values, nulls);
  writer.bytes += tuple->t_len;
  ExecStoreHeapTuple(tuple, NextSlot(writer), false);  // goes with the context
  MemoryContextSwitchTo(old);
  if (writer.count == kBatchRows || writer.bytes > kBatchBytes) InsertRows(writer);
}

void EndReads(ReadWriter& writer) {
  CloseMonth(writer);
  FreeExecutorState(writer.estate);
}

}  // namespace gdpr::pg
