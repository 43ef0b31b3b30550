// SPDX-License-Identifier: PostgreSQL
#include "extension/src/event_scan.hpp"

#include <type_traits>

#include "extension/src/event_query.hpp"
#include "extension/src/types.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

struct ShapeDigest {
  int32 shape;
  Hash digest;
};

struct SubjectRow {
  bool present;
  uint64 xid;
  int64 statement;
  int32 n;
  AuditSubject subject;
};

// One of the two queries, read in portions.
struct Rows {
  Portal portal;  // NULL: there is nothing to read
  SPITupleTable* table;
  uint64 count;
  uint64 next;
};

struct EventCursor {
  MemoryContext home;
  MemoryContext of_statement;  // what the statement's views point to
  MemoryContext of_change;
  Rows events;
  Rows subjects;
  SubjectRow waiting;  // of an event that has not come yet
  MemoryContext of_waiting;
  ShapeDigest* shapes;
  int shape_count;
  Event event;
  bool begun;
  bool read_only;
};

namespace {

static_assert(std::is_trivially_destructible_v<Event>, "lives in a memory context");

constexpr long kPortion = 500;

enum EventColumn {
  kXid = 1,
  kStatement,
  kN,
  kAt,
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
  kActorDigests,
  kActorTombstone,
  kSubjectType,
  kSubjectKey,
  kRowKey,
  kSeed,
  kBody,
  kTombstone,
  kColumns = kTombstone
};

// A row, taken to pieces once.
struct Row {
  Datum values[kColumns];
  bool nulls[kColumns];

  Datum Get(int column, bool* isnull) const {
    *isnull = nulls[column - 1];
    return values[column - 1];
  }
  int64 Number(int column) const {
    bool isnull;
    return DatumGetInt64(Get(column, &isnull));
  }
  int32 Int(int column) const {
    bool isnull;
    return DatumGetInt32(Get(column, &isnull));
  }
  std::optional<int64> MaybeNumber(int column) const {
    bool isnull;
    Datum value = Get(column, &isnull);
    return isnull ? std::nullopt : std::optional<int64>(DatumGetInt64(value));
  }
  std::optional<std::string_view> Bytes(int column) const {
    bool isnull;
    Datum value = Get(column, &isnull);
    if (isnull) return std::nullopt;
    varlena* bytes = PG_DETOAST_DATUM_PACKED(value);
    return std::string_view(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
  }
  std::optional<std::string_view> Text(int column) const {
    bool isnull;
    Datum value = Get(column, &isnull);
    return isnull ? std::nullopt : std::optional<std::string_view>(TextViewAnyway(value));
  }
  std::string_view NameText(int column) const {
    bool isnull;
    char* name = NameStr(*DatumGetName(Get(column, &isnull)));
    return ToCoreAnyway(name, strlen(name));
  }
  std::optional<std::string_view> Address(int column) const {
    bool isnull;
    Datum value = Get(column, &isnull);
    if (isnull) return std::nullopt;
    char* address = DatumGetCString(DirectFunctionCall1(inet_out, value));
    return std::string_view(address, strlen(address));
  }
};

bool HasSubjects(bool read_only) {
  if (SPI_execute("SELECT FROM gdpr_internal.audit_subject LIMIT 1", read_only, 1) !=
      SPI_OK_SELECT) {
    elog(ERROR, "could not read subjects");
  }
  bool any = SPI_processed > 0;
  SPI_freetuptable(SPI_tuptable);
  return any;
}

// After the events' snapshot: every shape that they can name is there.
void ReadShapes(EventCursor* cursor, bool read_only) {
  if (SPI_execute("SELECT shape, digest FROM gdpr_internal.audit_shape ORDER BY shape", read_only,
                  0) != SPI_OK_SELECT) {
    elog(ERROR, "could not read shapes");
  }
  cursor->shapes = static_cast<ShapeDigest*>(
      MemoryContextAllocHuge(cursor->home, sizeof(ShapeDigest) * (SPI_processed + 1)));
  for (uint64 i = 0; i < SPI_processed; i++) {
    Row row;
    heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, row.values, row.nulls);
    std::optional<Hash> digest = HashFrom(row.Bytes(2).value_or(""));
    if (!digest) continue;  // the events that name it will be told
    cursor->shapes[cursor->shape_count++] = {row.Int(1), *digest};
  }
  SPI_freetuptable(SPI_tuptable);
}

std::optional<Hash> DigestOfShape(const EventCursor* cursor, int32 shape) {
  int low = 0;
  int high = cursor->shape_count;
  while (low < high) {
    int middle = (low + high) / 2;
    if (cursor->shapes[middle].shape < shape) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == cursor->shape_count || cursor->shapes[low].shape != shape) return std::nullopt;
  return cursor->shapes[low].digest;
}

// The next row of a query; false at the end.
bool Step(Rows& rows, Row* row) {
  if (rows.portal == nullptr) return false;
  if (rows.next == rows.count) {
    SPI_freetuptable(rows.table);
    SPI_cursor_fetch(rows.portal, true, kPortion);
    rows.table = SPI_tuptable;
    rows.count = SPI_processed;
    rows.next = 0;
    CHECK_FOR_INTERRUPTS();
  }
  if (rows.count == 0) return false;
  heap_deform_tuple(rows.table->vals[rows.next++], rows.table->tupdesc, row->values, row->nulls);
  return true;
}

void ReadStatement(const EventCursor* cursor, const Row& row, AuditStatement& statement) {
  bool isnull;
  statement.statement = row.Number(kStatement);
  statement.at = row.Number(kAt);
  statement.xid = static_cast<uint64>(row.Number(kXid));
  Datum shape = row.Get(kShape, &isnull);
  statement.shape = isnull ? std::nullopt : DigestOfShape(cursor, DatumGetInt32(shape));
  if (!isnull && !statement.shape && cursor->read_only) {
    statement.shape = Hash{};  // whoever verifies names the event
  } else if (!isnull && !statement.shape) {
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
                    errmsg("statement " INT64_FORMAT " of the audit log names a shape that is gone",
                           statement.statement)));
  }
  statement.operation = DatumGetChar(row.Get(kOperation, &isnull));
  statement.anonymized = DatumGetBool(row.Get(kAnonymized, &isnull));
  statement.changes = row.Int(kChanges);
  statement.session_role = row.NameText(kSessionRole);
  statement.acting_role = row.NameText(kActingRole);
  statement.purpose = row.Text(kPurpose);
  statement.seed = row.Bytes(kStatementSeed);
  statement.app_user = row.Text(kAppUser);
  statement.client_address = row.Address(kClientAddress);
  statement.actor_digests = row.Bytes(kActorDigests);
}

// The waiting row's own memory: its portion may be gone when the event comes.
void ReadWaiting(EventCursor* cursor) {
  Row row;
  SubjectRow& waiting = cursor->waiting;
  MemoryContextReset(cursor->of_waiting);
  waiting.present = Step(cursor->subjects, &row);
  if (!waiting.present) return;
  bool isnull;
  waiting.xid = static_cast<uint64>(row.Number(1));
  waiting.statement = row.Number(2);
  waiting.n = row.Int(3);
  waiting.subject.place = DatumGetInt16(row.Get(4, &isnull));
  waiting.subject.subject_type = row.Text(5).value_or("");
  waiting.subject.subject_key = row.Text(6).value_or("");
  waiting.subject.salt = row.Bytes(7);
  waiting.subject.digest = row.Bytes(8);
}

bool IsBefore(const SubjectRow& row, const Event& event) {
  if (row.xid != event.statement.xid) return row.xid < event.statement.xid;
  if (row.statement != event.statement.statement) {
    return row.statement < event.statement.statement;
  }
  return row.n < event.change.n;
}

std::string_view Copy(std::string_view text) {
  char* copy = static_cast<char*>(palloc(text.size() + 1));
  memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

void Keep(AuditSubject& subject) {
  subject.subject_type = Copy(subject.subject_type);
  subject.subject_key = Copy(subject.subject_key);
  if (subject.salt) subject.salt = Copy(*subject.salt);
  if (subject.digest) subject.digest = Copy(*subject.digest);
}

// Both queries come in the same order. Rows whose event is missing are passed over: who verifies
// counts.
void ReadSubjects(EventCursor* cursor) {
  Event& event = cursor->event;
  event.change.subjects = {};
  MemoryContext outer = MemoryContextSwitchTo(cursor->of_waiting);
  while (cursor->waiting.present && IsBefore(cursor->waiting, event)) ReadWaiting(cursor);
  AuditSubject* subjects = nullptr;
  size_t count = 0;
  while (cursor->waiting.present && cursor->waiting.statement == event.statement.statement &&
         cursor->waiting.n == event.change.n) {
    MemoryContextSwitchTo(cursor->of_change);
    if (count == 0) subjects = static_cast<AuditSubject*>(palloc(sizeof(AuditSubject)));
    if (count > 0 && (count & (count - 1)) == 0) {
      subjects =
          static_cast<AuditSubject*>(repalloc_huge(subjects, sizeof(AuditSubject) * count * 2));
    }
    new (&subjects[count]) AuditSubject(cursor->waiting.subject);
    Keep(subjects[count++]);
    MemoryContextSwitchTo(cursor->of_waiting);
    ReadWaiting(cursor);
  }
  MemoryContextSwitchTo(outer);
  if (count > 0) event.change.subjects = {subjects, count};
}

void CheckOrder(const Event& event, const Row& row) {
  auto xid = static_cast<uint64>(row.Number(kXid));
  int64 statement = row.Number(kStatement);
  bool behind = xid != event.statement.xid               ? xid > event.statement.xid
                : statement != event.statement.statement ? statement > event.statement.statement
                                                         : row.Int(kN) > event.change.n;
  if (!behind) elog(ERROR, "events do not come in the order of their seals");
}

MemoryContext MakeContext(MemoryContext parent) {
  return AllocSetContextCreate(parent, "pg_gdpr events", ALLOCSET_DEFAULT_SIZES);
}

}  // namespace

EventCursor* BeginEvents(int64 system_id, const EventPlace& after, uint64 before_xid,
                         bool read_only) {
  MemoryContext home = MakeContext(CurrentMemoryContext);
  auto* cursor = new (MemoryContextAllocZero(home, sizeof(EventCursor))) EventCursor{};
  cursor->home = home;
  cursor->read_only = read_only;
  cursor->of_statement = MakeContext(home);
  cursor->of_change = MakeContext(home);
  cursor->of_waiting = MakeContext(home);
  EventRange range = FindMonths(system_id, after, before_xid, read_only);
  cursor->events.portal = OpenEvents(range, read_only);
  if (HasSubjects(read_only)) cursor->subjects.portal = OpenSubjects(range, read_only);
  ReadShapes(cursor, read_only);
  cursor->event.statement.system_id = system_id;
  MemoryContext outer = MemoryContextSwitchTo(cursor->of_waiting);
  ReadWaiting(cursor);
  MemoryContextSwitchTo(outer);
  return cursor;
}

const Event* NextEvent(EventCursor* cursor) {
  Row row;
  if (!Step(cursor->events, &row)) return nullptr;
  Event& event = cursor->event;
  bool fresh = cursor->events.next == 1;  // of a portion: the views into the last one are dead
  event.same_statement = cursor->begun && event.statement.statement == row.Number(kStatement) &&
                         event.statement.xid == static_cast<uint64>(row.Number(kXid));
  if (cursor->begun) CheckOrder(event, row);
  cursor->begun = true;
  if (fresh || !event.same_statement) {
    MemoryContextReset(cursor->of_statement);
    MemoryContext outer = MemoryContextSwitchTo(cursor->of_statement);
    ReadStatement(cursor, row, event.statement);
    event.actor_tombstone = row.MaybeNumber(kActorTombstone);
    MemoryContextSwitchTo(outer);
  }
  MemoryContextReset(cursor->of_change);
  MemoryContext outer = MemoryContextSwitchTo(cursor->of_change);
  event.change.n = row.Int(kN);
  event.change.subject_type = row.Text(kSubjectType).value_or("");
  event.change.subject_key = row.Text(kSubjectKey);
  event.change.row_key = row.Text(kRowKey);
  event.change.seed = row.Bytes(kSeed);
  event.change.body = row.Bytes(kBody).value_or("");
  event.tombstone = row.MaybeNumber(kTombstone);
  MemoryContextSwitchTo(outer);
  ReadSubjects(cursor);
  return &event;
}

void EndEvents(EventCursor* cursor) {
  for (Rows* rows : {&cursor->events, &cursor->subjects}) {
    if (rows->portal == nullptr) continue;
    SPI_freetuptable(rows->table);
    SPI_cursor_close(rows->portal);
  }
  MemoryContextDelete(cursor->home);
}

}  // namespace gdpr::pg
