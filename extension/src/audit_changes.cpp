// SPDX-License-Identifier: PostgreSQL
// The audit triggers: every changed row becomes an event of the audit log. An error here stops the
// user's statement, so it is raised only where a change could not be recorded.
#include "core/audit_body.hpp"
#include "extension/src/audit_pairs.hpp"
#include "extension/src/audit_session.hpp"
#include "extension/src/audit_write.hpp"
#include "extension/src/key.hpp"
#include "extension/src/owner.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr char kDigestMark[] = "hmac-sha256:";
constexpr Size kLargestBody = 512 * 1024 * 1024;  // half of what a value can have

// One SQL statement at work.
struct Recorder {
  AuditedRelation* audited;
  AuditWriter writer;
  SubjectSearch* search;  ///< NULL: rows are nobody's
  StringInfoData body;
  StringInfoData key;
  StringInfoData plain;  ///< of what is digested
  int forms;             ///< 0: the session's settings do not matter
};

void PutBytes(StringInfo body, const char* bytes, int size) {
  enlargeStringInfo(body, static_cast<int>(kVarintBytes) + size);
  body->len = static_cast<int>(PutValue(body->data + body->len, bytes, size) - body->data);
}

// The text after its length, which is not known before: most are shorter than 128 bytes.
void PutText(StringInfo body, AuditColumn* column, Datum value) {
  if (column->text.way == TextWay::kBytes) {
    varlena* bytes = PG_DETOAST_DATUM_PACKED(value);
    PutBytes(body, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
    if (static_cast<void*>(bytes) != DatumGetPointer(value)) pfree(bytes);
    return;
  }
  int at = body->len;
  enlargeStringInfo(body, 1);
  body->len++;
  AppendText(body, &column->text, value);
  int size = body->len - at - 1;
  if (size >= 128) {
    char length[kVarintBytes];
    int more = static_cast<int>(PutVarint(length, size) - length) - 1;
    enlargeStringInfo(body, more);
    memmove(body->data + at + 1 + more, body->data + at + 1, size);
    body->len += more;
  }
  PutVarint(body->data + at, size);
}

void PutDigest(Recorder& recorder, AuditColumn* column, Datum value) {
  resetStringInfo(&recorder.plain);
  AppendText(&recorder.plain, &column->text, value);
  text* digest = KeyedDigestOf(column->digest_domain,
                               {recorder.plain.data, static_cast<size_t>(recorder.plain.len)});
  resetStringInfo(&recorder.plain);
  appendStringInfoString(&recorder.plain, kDigestMark);
  appendBinaryStringInfo(&recorder.plain, VARDATA_ANY(digest), VARSIZE_ANY_EXHDR(digest));
  PutBytes(&recorder.body, recorder.plain.data, recorder.plain.len);
}

// The most bytes that a value's text can take, in hex maybe; 0 for what is small.
Size RoomFor(const AuditColumn* column, Datum value) {
  if (column->length != -1) return 0;
  auto* bytes = reinterpret_cast<varlena*>(DatumGetPointer(value));
  bool stored = VARATT_IS_EXTERNAL(bytes) || VARATT_IS_COMPRESSED(bytes);
  return 2 * (stored ? toast_raw_datum_size(value) : VARSIZE_ANY(bytes));
}

// room  what the body takes with the values up to here. A statement must not fail because the next
// would make it larger than a value can be: then the column is told by name.
Side SideOf(const AuditColumn* column, TupleTableSlot* slot, bool untold, Size& room) {
  if (slot == nullptr) return Side::kNone;
  if (untold) return Side::kUntold;
  if (slot->tts_isnull[column->number - 1]) return Side::kNull;
  Size more = RoomFor(column, slot->tts_values[column->number - 1]);
  if (room + more > kLargestBody) return Side::kUntold;
  room += more;
  return Side::kValue;
}

void PutSide(Recorder& recorder, AuditColumn* column, Side side, TupleTableSlot* slot) {
  if (side != Side::kValue) return;
  Datum value = slot->tts_values[column->number - 1];
  if (column->digest_domain != nullptr) {
    PutDigest(recorder, column, value);
  } else {
    PutText(&recorder.body, column, value);
  }
}

// What an INSERT or DELETE has no value for is left out.
bool IsChanged(const AuditColumn* column, TupleTableSlot* before, TupleTableSlot* after) {
  if (before != nullptr && after != nullptr) return !IsSame(column, before, after);
  TupleTableSlot* only = before != nullptr ? before : after;
  return !only->tts_isnull[column->number - 1];
}

varlena* MakeBody(Recorder& recorder, TupleTableSlot* before, TupleTableSlot* after) {
  StringInfo body = &recorder.body;
  resetStringInfo(body);
  enlargeStringInfo(body, VARHDRSZ + kBodyHeadBytes);
  body->len = static_cast<int>(PutBodyHead(body->data + VARHDRSZ) - body->data);
  Size room = 0;
  for (int i = 0; i < recorder.audited->count; i++) {
    AuditColumn* column = &recorder.audited->columns[i];
    if (!IsChanged(column, before, after)) continue;
    bool untold = column->untold || recorder.writer.anonymized;
    Side from = SideOf(column, before, untold, room);
    Side to = SideOf(column, after, untold, room);
    if (body->maxlen - body->len <= static_cast<int>(kColumnHeadBytes)) {
      enlargeStringInfo(body, kColumnHeadBytes);
    }
    char* end = PutColumnHead(body->data + body->len, column->number, from, to);
    body->len = static_cast<int>(end - body->data);
    PutSide(recorder, column, from, before);
    PutSide(recorder, column, to, after);
  }
  SET_VARSIZE(body->data, body->len);
  return reinterpret_cast<varlena*>(body->data);
}

// One column of a row literal, as record_out writes it.
void PutField(StringInfo key, const char* field) {
  bool quoted = field[0] == '\0';
  for (const char* c = field; *c != '\0' && !quoted; c++) {
    quoted = strchr("\"\\(),", *c) != nullptr || isspace(static_cast<unsigned char>(*c));
  }
  if (!quoted) return appendStringInfoString(key, field);
  appendStringInfoChar(key, '"');
  for (const char* c = field; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\') appendStringInfoChar(key, *c);
    appendStringInfoChar(key, *c);
  }
  appendStringInfoChar(key, '"');
}

// The row's primary key: a single column's text, or a row literal.
const char* MakeKey(Recorder& recorder, TupleTableSlot* row) {
  const AuditedRelation* audited = recorder.audited;
  if (audited->key_count == 0) return nullptr;
  StringInfo key = &recorder.key;
  resetStringInfo(key);
  if (audited->key_count == 1) {
    AppendText(key, &audited->key[0].text, row->tts_values[audited->key[0].number - 1]);
    return key->data;
  }
  for (int i = 0; i < audited->key_count; i++) {
    AuditColumn* column = &audited->key[i];
    appendStringInfoChar(key, i == 0 ? '(' : ',');
    resetStringInfo(&recorder.plain);
    AppendText(&recorder.plain, &column->text, row->tts_values[column->number - 1]);
    PutField(key, recorder.plain.data);
  }
  appendStringInfoChar(key, ')');
  return key->data;
}

void BeginRecord(Recorder& recorder, AuditedRelation* audited, Relation relation) {
  recorder = Recorder{};
  recorder.audited = audited;
  audited->users++;
  BeginAudit(recorder.writer, audited->shape, EngineIsOpen());
  MemoryContext old = MemoryContextSwitchTo(recorder.writer.context);
  initStringInfo(&recorder.body);
  initStringInfo(&recorder.key);
  initStringInfo(&recorder.plain);
  if (audited->subjects != nullptr) {
    recorder.search = BeginSubjects(audited->subjects, relation, recorder.writer.context);
  }
  MemoryContextSwitchTo(old);
  if (audited->settings) recorder.forms = BeginForms();
}

void Record(Recorder& recorder, TupleTableSlot* before, TupleTableSlot* after) {
  char operation = before == nullptr ? 'I' : after == nullptr ? 'D' : 'U';
  MemoryContext old = MemoryContextSwitchTo(recorder.writer.batch);
  AuditEvent event{};
  Person* people = nullptr;
  if (recorder.search != nullptr) {
    event.people_count = FindPeople(recorder.search, before, after, &people);
  }
  event.people = people;
  event.row_key = MakeKey(recorder, before != nullptr ? before : after);
  event.body = MakeBody(recorder, before, after);
  WriteEvent(recorder.writer, StatementOf(recorder.writer, operation), event);
  MemoryContextSwitchTo(old);
}

void EndRecord(Recorder& recorder) {
  if (recorder.forms != 0) EndForms(recorder.forms);
  EndAudit(recorder.writer);
  DoneWith(recorder.audited);
}

void RecordTruncate(AuditedRelation* audited, Relation relation) {
  Recorder recorder;
  BeginRecord(recorder, audited, relation);
  AuditEvent event{};
  event.body = EmptyBody();
  WriteEvent(recorder.writer, StatementOf(recorder.writer, 'T'), event);
  EndRecord(recorder);
}

void RecordTables(AuditedRelation* audited, TriggerData* trigger) {
  Pairs pairs;
  TupleTableSlot* before;
  TupleTableSlot* after;
  BeginPairs(pairs, trigger);
  if (NextPair(pairs, &before, &after)) {
    Recorder recorder;
    BeginRecord(recorder, audited, trigger->tg_relation);
    do {
      Record(recorder, before, after);
    } while (NextPair(pairs, &before, &after));
    EndRecord(recorder);
  }
  EndPairs(pairs);
}

[[noreturn]] void RefuseTrigger(const TriggerData* trigger) {
  ereport(ERROR,
          (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
           errmsg("trigger \"%s\" of relation \"%s\" was not made by gdpr.audit()",
                  trigger->tg_trigger->tgname, RelationGetRelationName(trigger->tg_relation)),
           errhint("Drop it; SELECT gdpr.audit(...) makes the triggers of the audit.")));
  pg_unreachable();
}

// A table's owner may call our functions from triggers of her own making. They must not write
// events twice, or of relations that are not audited.
const TriggerData* RequireTrigger(FunctionCallInfo fcinfo) {
  if (!CALLED_AS_TRIGGER(fcinfo)) {
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("functions of the audit can only be called as triggers")));
  }
  auto* trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
  if (!TRIGGER_FIRED_AFTER(trigger->tg_event)) RefuseTrigger(trigger);
  return trigger;
}

const char* NameFor(TriggerEvent event) {
  if (TRIGGER_FIRED_BY_INSERT(event)) return "zzz_gdpr_audit_insert";
  if (TRIGGER_FIRED_BY_UPDATE(event)) return "zzz_gdpr_audit_update";
  if (TRIGGER_FIRED_BY_DELETE(event)) return "zzz_gdpr_audit_delete";
  return "zzz_gdpr_audit_truncate";
}

bool HasTables(const TriggerData* trigger) {
  TriggerEvent event = trigger->tg_event;
  bool before = TRIGGER_FIRED_BY_UPDATE(event) || TRIGGER_FIRED_BY_DELETE(event);
  bool after = TRIGGER_FIRED_BY_UPDATE(event) || TRIGGER_FIRED_BY_INSERT(event);
  return before == (trigger->tg_oldtable != nullptr) && after == (trigger->tg_newtable != nullptr);
}

AuditedRelation* RequireAudited(Relation relation) {
  AuditedRelation* audited = FindAudited(relation);
  if (audited->audited) return audited;
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
           errmsg("relation \"%s\" has a trigger of the audit but is not audited",
                  RelationGetRelationName(relation)),
           errhint("SELECT gdpr.audit(...) for it, or drop its triggers zzz_gdpr_audit_*.")));
  pg_unreachable();
}

// What logical replication applies here is the publisher's to audit, unless it was asked for.
bool IsOthers(const AuditedRelation* audited) {
  return IsLogicalWorker() && !audited->replicated;
}

// The first copy of a table fires statement triggers, what is applied later does not.
bool IsCopied() {
  return MyLogicalRepWorker != nullptr && OidIsValid(MyLogicalRepWorker->relid) &&
         MyLogicalRepWorker->relstate == SUBREL_STATE_DATASYNC;
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr.audit_changes(): AFTER INSERT, UPDATE, DELETE with transition tables, or TRUNCATE, FOR EACH
// STATEMENT
GDPR_FUNCTION(gdpr_audit_changes) {
  auto* trigger = const_cast<TriggerData*>(RequireTrigger(fcinfo));
  TriggerEvent event = trigger->tg_event;
  if (!TRIGGER_FIRED_FOR_STATEMENT(event) || !HasTables(trigger) ||
      strcmp(trigger->tg_trigger->tgname, NameFor(event)) != 0) {
    RefuseTrigger(trigger);
  }
  AuditedRelation* audited = RequireAudited(trigger->tg_relation);
  if (IsOthers(audited)) return PointerGetDatum(nullptr);
  if (TRIGGER_FIRED_BY_TRUNCATE(event)) {
    RecordTruncate(audited, trigger->tg_relation);
  } else {
    RecordTables(audited, trigger);
  }
  return PointerGetDatum(nullptr);
}

// gdpr.audit_row(): AFTER INSERT OR UPDATE OR DELETE FOR EACH ROW
GDPR_FUNCTION(gdpr_audit_row) {
  const TriggerData* trigger = RequireTrigger(fcinfo);
  TriggerEvent event = trigger->tg_event;
  const char* name = trigger->tg_trigger->tgname;
  bool replicated = strcmp(name, "zzz_gdpr_audit_replicated") == 0;
  if (!TRIGGER_FIRED_FOR_ROW(event) || !(replicated || strcmp(name, "zzz_gdpr_audit_row") == 0)) {
    RefuseTrigger(trigger);
  }
  // A session may switch replica triggers on; its statements are audited as statements
  if (replicated && (!IsLogicalWorker() || IsCopied())) return PointerGetDatum(nullptr);
  AuditedRelation* audited = RequireAudited(trigger->tg_relation);
  if (IsOthers(audited)) return PointerGetDatum(nullptr);
  bool inserted = TRIGGER_FIRED_BY_INSERT(event);
  TupleTableSlot* before = inserted ? nullptr : trigger->tg_trigslot;
  TupleTableSlot* after = inserted                         ? trigger->tg_trigslot
                          : TRIGGER_FIRED_BY_UPDATE(event) ? trigger->tg_newslot
                                                           : nullptr;
  if (before != nullptr) slot_getallattrs(before);
  if (after != nullptr) slot_getallattrs(after);
  Recorder recorder;
  BeginRecord(recorder, audited, trigger->tg_relation);
  Record(recorder, before, after);
  EndRecord(recorder);
  return PointerGetDatum(nullptr);
}

// gdpr_internal.write_audit_note(operation "char", relation oid, subject_types text[], subject_keys
// text[], row_keys text[]) -> bigint
GDPR_FUNCTION(gdpr_write_audit_note) {
  for (int i = 0; i < 3; i++) {
    if (PG_ARGISNULL(i)) {
      ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                      errmsg("operation, relation and subject types must not be null")));
    }
  }
  char operation = PG_GETARG_CHAR(0);
  Oid oid = PG_GETARG_OID(1);
  constexpr int kArrays = 3;
  Datum* items[kArrays] = {};
  bool* nulls[kArrays] = {};
  int counts[kArrays] = {};
  for (int i = 0; i < kArrays; i++) {
    if (PG_ARGISNULL(i + 2)) continue;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(i + 2), TEXTOID, -1, false, TYPALIGN_INT, &items[i],
                      &nulls[i], &counts[i]);
    if (counts[i] == counts[0]) continue;
    ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                    errmsg("the arrays of a note in the audit log differ in length")));
  }
  int32 shape = 0;
  if (OidIsValid(oid)) {
    Relation relation = relation_open(oid, AccessShareLock);
    shape = FindShape(relation);
    relation_close(relation, NoLock);
  }
  AuditWriter writer;
  BeginAudit(writer, shape, false);
  OpenStatement* statement = StatementOf(writer, operation);
  MemoryContext old = MemoryContextSwitchTo(writer.batch);
  int64 number = statement->number;
  for (int i = 0; i < counts[0]; i++) {
    auto text_of = [&](int array) {
      bool known = items[array] != nullptr && !nulls[array][i];
      return known ? TextDatumGetCString(items[array][i]) : nullptr;
    };
    Person person{text_of(0), text_of(1)};
    AuditEvent event{};
    event.people = &person;
    event.people_count = person.key != nullptr ? 1 : 0;
    event.row_key = text_of(2);
    event.body = EmptyBody();
    WriteEvent(writer, statement, event);
  }
  MemoryContextSwitchTo(old);
  EndAudit(writer);
  PG_RETURN_INT64(number);
}
