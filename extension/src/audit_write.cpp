// SPDX-License-Identifier: PostgreSQL
#include "extension/src/audit_write.hpp"

#include "core/audit_body.hpp"
#include "extension/src/audit_session.hpp"
#include "extension/src/bridge.hpp"
#include "extension/src/random.hpp"
#include "extension/src/seal_work.hpp"
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

// The columns of the tables of events, from 1.
enum StatementColumn {
  kNumber = 1,
  kAt,
  kSystemId,
  kXid,
  kShape,
  kOperation,
  kAnonymized,
  kChanges,
  kSessionRole,
  kActingRole,
  kPurpose,
  kStatementSeed,
  kAppUser,
  kClientAddress,
};
enum ChangeColumn { kStatement = 1, kN, kSubjectType, kSubjectKey, kRowKey, kSeed, kBody };
enum PeopleColumn { kOf = 1, kOfN, kPlace, kPersonType, kPersonKey, kSalt };
constexpr int kMostColumns = 24;

constexpr int kFewRows = 4;               // room for a statement that changes few rows
constexpr int kBatchRows = 1000;          // as COPY
constexpr Size kBatchBytes = 256 * 1024;  // of bodies
constexpr int kLongestIndexedKey = 1000;  // of rows that are nobody's
constexpr int kSecondBits = 30;           // numbers within a second

// As bytea. Drawn in blocks: one call for each row would cost more than the row.
struct Seed {
  char bytes[VARHDRSZ + kSaltBytes];
};

void Draw(Seed& seed) {
  SET_VARSIZE(seed.bytes, sizeof(seed.bytes));
  Failure failure;
  bool ok = Catch(failure, [&] {
    BackendRandom random;
    random.Fill({reinterpret_cast<std::uint8_t*>(seed.bytes) + VARHDRSZ, kSaltBytes});
  });
  if (!ok) Report(failure);
}

// The month's partition of a table of events, or InvalidOid.
Oid Partition(const char* parent, TimestampTz at) {
  pg_tm tm{};
  fsec_t fraction;
  if (timestamp2tm(at, nullptr, &tm, &fraction, nullptr, nullptr) != 0) return InvalidOid;
  char name[NAMEDATALEN];
  snprintf(name, sizeof(name), "%s_%04d%02d", parent, tm.tm_year, tm.tm_mon);
  return StateTable(name);
}

// Partitions are made ahead; a writer that finds none makes them itself.
void MakePartitions() {
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(StateOwner(), context | SECURITY_LOCAL_USERID_CHANGE);
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  int code = SPI_execute("SELECT gdpr_internal.make_audit_partitions()", false, 0);
  if (code != SPI_OK_SELECT) elog(ERROR, "could not make partitions of the audit log");
  SPI_finish();
  SetUserIdAndSecContext(user, context);
}

Oid RequirePartition(const char* parent, TimestampTz at) {
  Oid oid = Partition(parent, at);
  if (OidIsValid(oid)) return oid;
  MakePartitions();
  oid = Partition(parent, at);
  if (OidIsValid(oid)) return oid;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("the audit log has no partition for this month"),
                  errhint("Run gdpr-batch nightly, which makes partitions ahead.")));
  pg_unreachable();
}

void OpenTable(AuditWriter& writer, AuditTable& table, const char* parent) {
  Oid oid = RequirePartition(parent, writer.at);
  MemoryContext old = MemoryContextSwitchTo(writer.context);
  table.heap = table_open(oid, RowExclusiveLock);
  // A copy is not counted, and slots with it need no clean-up
  table.desc = CreateTupleDescCopy(RelationGetDescr(table.heap));
  table.target = makeNode(ResultRelInfo);
  InitResultRelInfo(table.target, table.heap, 0, nullptr, 0);
  ExecOpenIndices(table.target, false);
  table.slots = static_cast<TupleTableSlot**>(palloc(sizeof(TupleTableSlot*) * kFewRows));
  MemoryContextSwitchTo(old);
}

// In writer.batch: the heap leaves memory behind.
void InsertRows(AuditWriter& writer, AuditTable& table) {
  CommandId command = GetCurrentCommandId(true);
  if (table.count == 1) {
    table_tuple_insert(table.heap, table.slots[0], command, 0, nullptr);
  } else {
    if (table.bulk == nullptr && table.count == kBatchRows) {
      MemoryContext old = MemoryContextSwitchTo(writer.context);
      table.bulk = GetBulkInsertState();
      MemoryContextSwitchTo(old);
    }
    table_multi_insert(table.heap, table.slots, table.count, command, 0, table.bulk);
  }
  for (int i = 0; i < table.count; i++) {
    InsertIndexRows(table.target, table.slots[i], writer.estate);
    ResetPerTupleExprContext(writer.estate);
    ExecClearTuple(table.slots[i]);
  }
  table.count = 0;
}

void Flush(AuditWriter& writer) {
  CHECK_FOR_INTERRUPTS();
  MemoryContext old = MemoryContextSwitchTo(writer.batch);
  if (writer.changes.count > 0) InsertRows(writer, writer.changes);
  if (writer.people.count > 0) InsertRows(writer, writer.people);
  MemoryContextSwitchTo(old);
  MemoryContextReset(writer.batch);
  writer.bytes = 0;
}

void AddSlot(AuditWriter& writer, AuditTable& table) {
  MemoryContext old = MemoryContextSwitchTo(writer.context);
  if (table.slot_count == kFewRows) {
    table.slots =
        static_cast<TupleTableSlot**>(repalloc(table.slots, sizeof(TupleTableSlot*) * kBatchRows));
  }
  table.slots[table.slot_count++] = MakeSingleTupleTableSlot(table.desc, &TTSOpsHeapTuple);
  MemoryContextSwitchTo(old);
}

// Takes a row, whose memory the slot frees.
void AddRow(AuditWriter& writer, AuditTable& table, Datum* values, bool* nulls) {
  if (table.count == table.slot_count) AddSlot(writer, table);
  TupleTableSlot* slot = table.slots[table.count];
  HeapTuple row = heap_form_tuple(table.desc, values, nulls);
  writer.bytes += row->t_len;
  ExecStoreHeapTuple(row, slot, true);
  table.count++;
}

void CloseTable(AuditTable& table) {
  if (table.heap == nullptr) return;
  if (table.bulk != nullptr) FreeBulkInsertState(table.bulk);
  ExecCloseIndices(table.target);
  table_close(table.heap, NoLock);
}

void WritePeople(AuditWriter& writer, const OpenStatement* statement, const AuditEvent& event) {
  if (writer.people.heap == nullptr) OpenTable(writer, writer.people, "audit_subject");
  for (int i = 1; i < event.people_count; i++) {
    if (writer.people.count == kBatchRows) InsertRows(writer, writer.people);
    Datum values[kMostColumns] = {};
    bool nulls[kMostColumns];
    memset(nulls, true, sizeof(nulls));
    Seed salt;
    Draw(salt);
    auto set = [&](int column, Datum value) {
      values[column - 1] = value;
      nulls[column - 1] = false;
    };
    set(kOf, Int64GetDatum(statement->number));
    set(kOfN, Int32GetDatum(statement->changes));
    set(kPlace, Int16GetDatum(static_cast<int16>(i + 1)));
    set(kPersonType, CStringGetTextDatum(event.people[i].subject_type));
    set(kPersonKey, CStringGetTextDatum(event.people[i].key));
    set(kSalt, PointerGetDatum(salt.bytes));
    AddRow(writer, writer.people, values, nulls);
  }
}

void WriteStatement(AuditWriter& writer, AuditTable& table, const OpenStatement& statement) {
  Datum values[kMostColumns] = {};
  bool nulls[kMostColumns];
  memset(nulls, true, sizeof(nulls));
  auto set = [&](int column, Datum value) {
    values[column - 1] = value;
    nulls[column - 1] = false;
  };
  SessionFacts facts = ReadSessionFacts();
  Seed seed;
  Draw(seed);
  set(kNumber, Int64GetDatum(statement.number));
  set(kAt, TimestampTzGetDatum(writer.at));
  set(kSystemId, Int64GetDatum(static_cast<int64>(GetSystemIdentifier())));
  set(kXid, FullTransactionIdGetDatum(GetTopFullTransactionId()));
  if (writer.shape != 0) set(kShape, Int32GetDatum(writer.shape));
  set(kOperation, CharGetDatum(statement.operation));
  set(kAnonymized, BoolGetDatum(writer.anonymized));
  set(kChanges, Int32GetDatum(statement.changes));
  set(kSessionRole, NameGetDatum(&facts.session_role));
  set(kActingRole, NameGetDatum(&facts.acting_role));
  if (facts.purpose != nullptr) set(kPurpose, PointerGetDatum(facts.purpose));
  set(kStatementSeed, PointerGetDatum(seed.bytes));
  if (facts.app_user != nullptr) set(kAppUser, PointerGetDatum(facts.app_user));
  if (facts.client_address != nullptr) set(kClientAddress, PointerGetDatum(facts.client_address));
  AddRow(writer, table, values, nulls);
}

}  // namespace

void BeginAudit(AuditWriter& writer, int32 shape, bool anonymized) {
  writer = AuditWriter{};
  writer.context =
      AllocSetContextCreate(CurrentMemoryContext, "pg_gdpr audit writer", ALLOCSET_DEFAULT_SIZES);
  writer.batch =
      AllocSetContextCreate(writer.context, "pg_gdpr audit batch", ALLOCSET_DEFAULT_SIZES);
  writer.at = GetCurrentTimestamp();
  writer.shape = shape;
  writer.anonymized = anonymized;
  MemoryContext old = MemoryContextSwitchTo(writer.context);
  writer.estate = CreateExecutorState();
  MemoryContextSwitchTo(old);
  OpenTable(writer, writer.changes, "audit_change");
}

OpenStatement* StatementOf(AuditWriter& writer, char operation) {
  for (int i = 0; i < writer.statement_count; i++) {
    if (writer.statements[i].operation == operation) return &writer.statements[i];
  }
  OpenStatement* statement = &writer.statements[writer.statement_count++];
  int64 second = writer.at / USECS_PER_SEC;
  statement->number =
      second << kSecondBits | nextval_internal(StateTable("audit_statement_seq"), false);
  statement->operation = operation;
  statement->changes = 0;
  return statement;
}

void WriteEvent(AuditWriter& writer, OpenStatement* statement, const AuditEvent& event) {
  Datum values[kMostColumns] = {};
  bool nulls[kMostColumns];
  memset(nulls, true, sizeof(nulls));
  auto set = [&](int column, Datum value) {
    values[column - 1] = value;
    nulls[column - 1] = false;
  };
  Seed seed;
  Draw(seed);
  statement->changes++;
  bool anybody = event.people_count > 0;
  const char* subject = anybody ? event.people[0].key : event.row_key;
  if (!anybody && subject != nullptr && strlen(subject) > kLongestIndexedKey) subject = nullptr;
  set(kStatement, Int64GetDatum(statement->number));
  set(kN, Int32GetDatum(statement->changes));
  set(kSubjectType, CStringGetTextDatum(anybody ? event.people[0].subject_type : ""));
  if (subject != nullptr) set(kSubjectKey, CStringGetTextDatum(subject));
  if (event.row_key != nullptr && (subject == nullptr || strcmp(subject, event.row_key) != 0)) {
    set(kRowKey, CStringGetTextDatum(event.row_key));
  }
  set(kSeed, PointerGetDatum(seed.bytes));
  set(kBody, PointerGetDatum(event.body));
  AddRow(writer, writer.changes, values, nulls);
  if (event.people_count > 1) WritePeople(writer, statement, event);
  if (writer.changes.count == kBatchRows || writer.bytes > kBatchBytes) Flush(writer);
}

void EndAudit(AuditWriter& writer) {
  Flush(writer);
  AuditTable statements{};
  OpenTable(writer, statements, "audit_statement");
  MemoryContext old = MemoryContextSwitchTo(writer.batch);
  for (int i = 0; i < writer.statement_count; i++) {
    WriteStatement(writer, statements, writer.statements[i]);
  }
  InsertRows(writer, statements);
  MemoryContextSwitchTo(old);
  CloseTable(statements);
  CloseTable(writer.people);
  CloseTable(writer.changes);
  FreeExecutorState(writer.estate);
  MemoryContextDelete(writer.context);
  NoteAuditWork();
}

varlena* EmptyBody() {
  auto size = VARHDRSZ + kEmptyBody.size();
  auto* body = static_cast<varlena*>(palloc(size));
  SET_VARSIZE(body, size);
  memcpy(VARDATA(body), kEmptyBody.data(), kEmptyBody.size());
  return body;
}

}  // namespace gdpr::pg
