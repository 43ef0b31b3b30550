// SPDX-License-Identifier: PostgreSQL
#include "extension/src/audit_relation.hpp"

#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

struct AuditEntry {
  Oid relation;  // the hash key
  AuditedRelation* audited;
  bool touched;  // the relation changed, maybe while it was being looked up
};

HTAB* entries = nullptr;
Oid shape_table = InvalidOid;
bool part_failed = false;  // a subtransaction of this transaction

// The columns of gdpr_internal.audited_as(), from 1.
enum SettingColumn { kClassified = 1, kReplicated, kNumbers, kKinds };

constexpr char kSettingsQuery[] =
    "SELECT a.classified, a.replicated, a.numbers, a.kinds FROM gdpr_internal.audited_as($1) AS a";

void InvalidateEntry(AuditEntry* entry) {
  entry->touched = true;
  if (entry->audited != nullptr) entry->audited->valid = false;
}

void InvalidateAll() {
  if (entries == nullptr) return;
  HASH_SEQ_STATUS all;
  hash_seq_init(&all, entries);
  while (auto* entry = static_cast<AuditEntry*>(hash_seq_search(&all))) InvalidateEntry(entry);
}

void Invalidate(Datum, Oid relation) {
  if (entries == nullptr) return;
  // Where the table of shapes is another one, their numbers mean nothing any more
  if (!OidIsValid(relation) || relation == shape_table) return InvalidateAll();
  auto* entry = static_cast<AuditEntry*>(hash_search(entries, &relation, HASH_FIND, nullptr));
  if (entry != nullptr) InvalidateEntry(entry);
}

// Shapes that a failed (sub)transaction wrote are gone, and their numbers with them. One that is
// prepared may still be rolled back.
void ForgetNewShapes() {
  if (shape_written) InvalidateAll();
}

void ForgetUsers() {
  HASH_SEQ_STATUS all;
  if (entries == nullptr) return;
  hash_seq_init(&all, entries);
  while (auto* entry = static_cast<AuditEntry*>(hash_seq_search(&all))) {
    if (entry->audited != nullptr) entry->audited->users = 0;
  }
}

// A trigger that failed did not say that it is done with its entry.
void AfterTransaction(XactEvent event, void*) {
  if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) ForgetNewShapes();
  if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE) {
    if (event == XACT_EVENT_ABORT || part_failed) ForgetUsers();
    part_failed = false;
    shape_written = false;
  }
}

void AfterSubtransaction(SubXactEvent event, SubTransactionId, SubTransactionId, void*) {
  if (event != SUBXACT_EVENT_ABORT_SUB) return;
  part_failed = true;
  ForgetNewShapes();
}

// One that a trigger further up still works with is freed by that trigger.
void Free(AuditedRelation* audited) {
  if (audited == nullptr) return;
  audited->replaced = true;
  if (audited->users == 0) MemoryContextDelete(audited->context);
}

bool IsWritten(Form_pg_attribute column) {
  if (column->attisdropped) return false;
#if PG_VERSION_NUM >= 180000
  if (column->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL) return false;
#endif
  return true;
}

void SetColumn(AuditColumn* column, Form_pg_attribute form, bool key, MemoryContext context) {
  column->number = form->attnum;
  column->by_value = form->attbyval;
  column->length = form->attlen;
  SetValueText(&column->text, form->atttypid, key, context);
}

void ReadColumns(AuditedRelation* audited, TupleDesc desc) {
  audited->columns = static_cast<AuditColumn*>(
      MemoryContextAllocZero(audited->context, sizeof(AuditColumn) * (desc->natts + 1)));
  for (int i = 0; i < desc->natts; i++) {
    Form_pg_attribute form = TupleDescAttr(desc, i);
    if (!IsWritten(form)) continue;
    AuditColumn* column = &audited->columns[audited->count++];
    SetColumn(column, form, false, audited->context);
    audited->settings |= column->text.settings;
  }
}

void ReadKey(AuditedRelation* audited, Relation relation) {
  Oid oid = PrimaryKeyIndex(relation);
  if (!OidIsValid(oid)) return;
  Relation index = index_open(oid, AccessShareLock);
  int count = IndexRelationGetNumberOfKeyAttributes(index);
  audited->key = static_cast<AuditColumn*>(
      MemoryContextAllocZero(audited->context, sizeof(AuditColumn) * count));
  for (int i = 0; i < count; i++) {
    AttrNumber number = index->rd_index->indkey.values[i];
    Form_pg_attribute form = TupleDescAttr(RelationGetDescr(relation), number - 1);
    SetColumn(&audited->key[i], form, count == 1, audited->context);
    audited->settings |= audited->key[i].text.settings;
  }
  audited->key_count = count;
  index_close(index, AccessShareLock);
}

void Classify(AuditedRelation* audited, int number, const char* kind, bool digests) {
  for (int i = 0; i < audited->count; i++) {
    AuditColumn* column = &audited->columns[i];
    if (column->number != number) continue;
    column->untold = !digests;
    if (digests) {
      int size = static_cast<int>(strlen(kind)) + 7;
      auto* domain = static_cast<char*>(MemoryContextAlloc(audited->context, size));
      snprintf(domain, size, "audit %s", kind);
      column->digest_domain = domain;
    }
  }
}

void ReadSettings(AuditedRelation* audited, HeapTuple row, TupleDesc desc) {
  bool isnull;
  audited->audited = true;
  audited->replicated = DatumGetBool(SPI_getbinval(row, desc, kReplicated, &isnull));
  const char* classified = SPI_getvalue(row, desc, kClassified);
  if (strcmp(classified, "values") == 0) return;
  Datum numbers = SPI_getbinval(row, desc, kNumbers, &isnull);
  if (isnull) return;
  Datum kinds = SPI_getbinval(row, desc, kKinds, &isnull);
  Datum* number;
  Datum* kind;
  int count;
  int kind_count;
  deconstruct_array(DatumGetArrayTypeP(numbers), INT2OID, sizeof(int16), true, TYPALIGN_SHORT,
                    &number, nullptr, &count);
  deconstruct_array(DatumGetArrayTypeP(kinds), TEXTOID, -1, false, TYPALIGN_INT, &kind, nullptr,
                    &kind_count);
  for (int i = 0; i < count; i++) {
    Classify(audited, DatumGetInt16(number[i]), TextDatumGetCString(kind[i]),
             strcmp(classified, "digests") == 0);
  }
}

// Reads the declarations as their owner, with a snapshot that sees what was committed by now: in
// REPEATABLE READ too, because what is read here outlives the transaction.
void ReadDeclared(AuditedRelation* audited, Relation relation) {
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(StateOwner(), context | SECURITY_LOCAL_USERID_CHANGE);
  Oid types[1] = {OIDOID};
  Datum values[1] = {ObjectIdGetDatum(RelationGetRelid(relation))};
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  PushActiveSnapshot(GetLatestSnapshot());
  int code = SPI_execute_with_args(kSettingsQuery, 1, types, values, nullptr, true, 1);
  if (code != SPI_OK_SELECT) elog(ERROR, "could not read what is audited");
  if (SPI_processed == 1) ReadSettings(audited, SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
  PopActiveSnapshot();
  SPI_finish();
  SetUserIdAndSecContext(user, context);
}

AuditedRelation* Build(Relation relation) {
  MemoryContext context =
      AllocSetContextCreate(CurrentMemoryContext, "pg_gdpr audit", ALLOCSET_SMALL_SIZES);
  auto* audited =
      static_cast<AuditedRelation*>(MemoryContextAllocZero(context, sizeof(AuditedRelation)));
  audited->context = context;
  ReadColumns(audited, RelationGetDescr(relation));
  ReadKey(audited, relation);
  ReadDeclared(audited, relation);
  if (audited->audited) {
    audited->subjects = ReadSubjects(relation, context);
    shape_table = StateTable("audit_shape");
    audited->shape = FindShape(relation);
  }
  // complete: from here on it lives as long as the backend
  MemoryContextSetParent(context, CacheMemoryContext);
  return audited;
}

void CreateEntries() {
  HASHCTL control{};
  control.keysize = sizeof(Oid);
  control.entrysize = sizeof(AuditEntry);
  control.hcxt = CacheMemoryContext;
  entries = hash_create("pg_gdpr audited", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

}  // namespace

AuditedRelation* FindAudited(Relation relation) {
  if (entries == nullptr) CreateEntries();
  Oid oid = RelationGetRelid(relation);
  bool found;
  auto* entry = static_cast<AuditEntry*>(hash_search(entries, &oid, HASH_ENTER, &found));
  if (!found) entry->audited = nullptr;
  while (entry->audited == nullptr || !entry->audited->valid) {
    CHECK_FOR_INTERRUPTS();
    Free(entry->audited);
    entry->audited = nullptr;
    // Entries do not move, and a change while we read is not lost: then we read again
    entry->touched = false;
    AuditedRelation* audited = Build(relation);
    audited->valid = !entry->touched;
    Free(entry->audited);  // a nested trigger may have built one
    entry->audited = audited;
  }
  return entry->audited;
}

void DoneWith(AuditedRelation* audited) {
  audited->users--;
  if (audited->replaced && audited->users == 0) MemoryContextDelete(audited->context);
}

void RegisterAudit() {
  CacheRegisterRelcacheCallback(Invalidate, static_cast<Datum>(0));
  RegisterXactCallback(AfterTransaction, nullptr);
  RegisterSubXactCallback(AfterSubtransaction, nullptr);
}

}  // namespace gdpr::pg
