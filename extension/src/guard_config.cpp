// SPDX-License-Identifier: PostgreSQL
#include "extension/src/guard_config.hpp"

#include "extension/src/compat.hpp"
#include "extension/src/owner.hpp"
#include "extension/src/state_scan.hpp"

namespace gdpr::pg {
namespace {

struct GuardEntry {
  Oid relation;  // the hash key
  Guard* guard;
  bool touched;  // the relation changed, maybe while its guard was being read
};

HTAB* guards = nullptr;

// The columns of gdpr_internal.guard_targets(), from 1.
enum TargetColumn {
  kSubjectType = 1,
  kLink,
  kColumns,
  kParent,
  kParentColumns,
  kDiscriminator,
  kDiscriminatorValue,
  kByValue,
  kDigestDomain,
  kRedirectColumns,
  kRedirectValues,
};

constexpr char kTargetsQuery[] =
    "SELECT t.subject_type, t.link, t.columns, t.parent, t.parent_columns, t.discriminator,"
    " t.discriminator_value, t.by_value, t.digest_domain, t.redirect_columns, t.redirect_values"
    " FROM gdpr_internal.guard_targets($1) AS t";

void InvalidateEntry(GuardEntry* entry) {
  entry->touched = true;
  if (entry->guard != nullptr) entry->guard->valid = false;
}

void Invalidate(Datum, Oid relation) {
  if (guards == nullptr) return;
  if (OidIsValid(relation)) {
    auto* entry = static_cast<GuardEntry*>(hash_search(guards, &relation, HASH_FIND, nullptr));
    if (entry != nullptr) InvalidateEntry(entry);
    return;
  }
  HASH_SEQ_STATUS all;
  hash_seq_init(&all, guards);
  while (auto* entry = static_cast<GuardEntry*>(hash_seq_search(&all))) InvalidateEntry(entry);
}

// After an error nobody uses a guard any more.
void ForgetUsers(XactEvent event, void*) {
  if (event != XACT_EVENT_ABORT || guards == nullptr) return;
  HASH_SEQ_STATUS all;
  hash_seq_init(&all, guards);
  while (auto* entry = static_cast<GuardEntry*>(hash_seq_search(&all))) {
    if (entry->guard != nullptr) entry->guard->users = 0;
  }
}

void FreeGuard(Guard* guard) {
  // One that a trigger further up still works with stays; it is a few hundred bytes
  if (guard == nullptr || guard->users > 0) return;
  for (int i = 0; i < guard->count; i++) {
    if (guard->targets[i].lock_plan != nullptr) SPI_freeplan(guard->targets[i].lock_plan);
    if (guard->targets[i].look_plan != nullptr) SPI_freeplan(guard->targets[i].look_plan);
  }
  MemoryContextDelete(guard->context);
}

bool PlansAreValid(const Guard* guard) {
  for (int i = 0; i < guard->count; i++) {
    const GuardTarget* target = &guard->targets[i];
    if (target->lock_plan != nullptr && !SPI_plan_is_valid(target->lock_plan)) return false;
    if (target->look_plan != nullptr && !SPI_plan_is_valid(target->look_plan)) return false;
  }
  return true;
}

[[noreturn]] void MissingColumn(Relation relation, const char* column) {
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("column \"%s\" of relation \"%s\" does not exist, but a link of pg_gdpr "
                         "uses it",
                         column, RelationGetRelationName(relation)),
                  errhint("Drop the link with gdpr.drop_link(), or declare it again.")));
  pg_unreachable();
}

AttrNumber ColumnNumber(Relation relation, const char* column) {
  AttrNumber number = get_attnum(RelationGetRelid(relation), column);
  if (number <= 0) MissingColumn(relation, column);
  return number;
}

Oid ColumnType(Relation relation, AttrNumber number) {
  return getBaseType(TupleDescAttr(RelationGetDescr(relation), number - 1)->atttypid);
}

struct Row {
  HeapTuple tuple;
  TupleDesc desc;

  bool IsNull(int column) const {
    bool isnull;
    (void)heap_getattr(tuple, column, desc, &isnull);
    return isnull;
  }
  Datum Get(int column) const {
    bool isnull;
    return heap_getattr(tuple, column, desc, &isnull);
  }
  char* Text(int column) const {
    return IsNull(column) ? nullptr : TextDatumGetCString(Get(column));
  }
  int Array(int column, Oid type, Datum** items) const {
    int count = 0;
    bool* nulls;
    if (IsNull(column)) return 0;
    bool names = type == NAMEOID;
    deconstruct_array(DatumGetArrayTypeP(Get(column)), type, names ? NAMEDATALEN : -1, false,
                      names ? TYPALIGN_CHAR : TYPALIGN_INT, items, &nulls, &count);
    return count;
  }
};

// Types of which equal values have equal texts, whatever the session's settings are.
bool HasOneText(Oid type) {
  switch (type) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case OIDOID:
    case UUIDOID:
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
    case NAMEOID:
    case BOOLOID:
      return true;
    default:
      return get_typtype(type) == TYPTYPE_ENUM;
  }
}

bool IsBuiltIn(const TextForm& form) {
  return form.relabel || form.function.fn_oid < FirstNormalObjectId;
}

void SetCare(GuardTarget* target) {
  for (int i = 0; i < target->column_count; i++) {
    const LinkColumn* column = &target->columns[i];
    bool one_text = HasOneText(column->parent_type);
    // Equality of a type that is not built in is users' code, as are its casts
    if (!one_text) target->loose = true;
    if (!one_text || !HasOneText(column->type) || !IsBuiltIn(column->own_form) ||
        !IsBuiltIn(column->parent_form)) {
      target->pinned = true;
    }
  }
  if (target->discriminator != 0 && !IsBuiltIn(target->discriminator_form)) target->pinned = true;
  if (!OidIsValid(target->parent)) return;
  char kind = get_rel_relkind(target->parent);
  if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) target->pinned = true;
}

// False: by the column's collation different texts may be equal, for example in case.
bool IsDeterministic(Relation relation, AttrNumber number) {
  Oid collation = TupleDescAttr(RelationGetDescr(relation), number - 1)->attcollation;
  return !OidIsValid(collation) || get_collation_isdeterministic(collation);
}

void ReadColumns(Guard* guard, GuardTarget* target, Relation relation, const Row& row) {
  Datum* names;
  Datum* parent_names = nullptr;
  target->column_count = row.Array(kColumns, NAMEOID, &names);
  int parents = row.Array(kParentColumns, NAMEOID, &parent_names);
  Relation parent =
      OidIsValid(target->parent) ? relation_open(target->parent, AccessShareLock) : nullptr;
  target->columns = static_cast<LinkColumn*>(
      MemoryContextAllocZero(guard->context, sizeof(LinkColumn) * Max(target->column_count, 1)));
  if (parent != nullptr && parents != target->column_count) {
    elog(ERROR, "a link of pg_gdpr has %d columns and %d parent columns", target->column_count,
         parents);
  }
  for (int i = 0; i < target->column_count; i++) {
    LinkColumn* column = &target->columns[i];
    column->number = ColumnNumber(relation, NameStr(*DatumGetName(names[i])));
    column->type = ColumnType(relation, column->number);
    column->parent_type =
        parent == nullptr
            ? column->type
            : ColumnType(parent, ColumnNumber(parent, NameStr(*DatumGetName(parent_names[i]))));
    if (parent != nullptr) {
      const char* name = NameStr(*DatumGetName(parent_names[i]));
      column->parent_column = MemoryContextStrdup(guard->context, name);
      if (!IsDeterministic(parent, ColumnNumber(parent, name))) target->loose = true;
    }
    SetTextForm(&column->own_form, column->type, guard->context);
    SetTextForm(&column->parent_form, column->parent_type, guard->context);
    if (column->type != column->parent_type) {
      Oid input;
      getTypeInputInfo(column->parent_type, &input, &column->input_param);
      fmgr_info_cxt(input, &column->input, guard->context);
    }
  }
  if (parent != nullptr) relation_close(parent, AccessShareLock);
}

void ReadRedirects(Guard* guard, GuardTarget* target, Relation relation, const Row& row) {
  Datum* names;
  Datum* values;
  target->redirect_count = row.Array(kRedirectColumns, NAMEOID, &names);
  if (target->redirect_count == 0) return;
  target->pinned = true;
  if (row.Array(kRedirectValues, TEXTOID, &values) != target->redirect_count) {
    elog(ERROR, "redirects of pg_gdpr have columns without values");
  }
  target->redirects = static_cast<Redirect*>(
      MemoryContextAllocZero(guard->context, sizeof(Redirect) * target->redirect_count));
  for (int i = 0; i < target->redirect_count; i++) {
    target->redirects[i].number = ColumnNumber(relation, NameStr(*DatumGetName(names[i])));
    target->redirects[i].text = MemoryContextStrdup(guard->context, TextDatumGetCString(values[i]));
  }
}

void ReadTarget(Guard* guard, GuardTarget* target, Relation relation, const Row& row) {
  char* discriminator =
      row.IsNull(kDiscriminator) ? nullptr : NameStr(*DatumGetName(row.Get(kDiscriminator)));
  char* value = row.Text(kDiscriminatorValue);
  char* domain = row.Text(kDigestDomain);
  target->subject_type = MemoryContextStrdup(guard->context, row.Text(kSubjectType));
  target->link = row.IsNull(kLink) ? 0 : DatumGetInt32(row.Get(kLink));
  target->parent = row.IsNull(kParent) ? InvalidOid : DatumGetObjectId(row.Get(kParent));
  target->by_value = !row.IsNull(kByValue) && DatumGetBool(row.Get(kByValue));
  if (domain != nullptr) target->digest_domain = MemoryContextStrdup(guard->context, domain);
  if (OidIsValid(target->parent)) {
    char* name = RelationName(target->parent);
    if (name == nullptr) elog(ERROR, "parent relation %u of a link is gone", target->parent);
    target->parent_name = MemoryContextStrdup(guard->context, name);
  }
  if (discriminator != nullptr && value != nullptr) {
    target->discriminator = ColumnNumber(relation, discriminator);
    target->discriminator_value = MemoryContextStrdup(guard->context, value);
    SetTextForm(&target->discriminator_form, ColumnType(relation, target->discriminator),
                guard->context);
  }
  ReadColumns(guard, target, relation, row);
  SetCare(target);
  ReadRedirects(guard, target, relation, row);
}

// Our own tables, found by name: they are re-created by DROP and CREATE EXTENSION.
void FindStateTables(Guard* guard, Oid schema) {
  guard->frozen = get_relname_relid("frozen", schema);
  guard->frozen_value = get_relname_relid("frozen_value", schema);
  Relation frozen = table_open(guard->frozen, AccessShareLock);
  guard->frozen_index = PrimaryKeyIndex(frozen);
  table_close(frozen, AccessShareLock);
  Relation value = table_open(guard->frozen_value, AccessShareLock);
  guard->frozen_value_index = PrimaryKeyIndex(value);
  table_close(value, AccessShareLock);
}

// Reads the declarations as their owner, with a snapshot that sees what was committed by now: in
// REPEATABLE READ too, because what is read here outlives the transaction.
void ReadTargets(Guard* guard, Relation relation) {
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(StateOwner(), context | SECURITY_LOCAL_USERID_CHANGE);
  Oid types[1] = {OIDOID};
  Datum values[1] = {ObjectIdGetDatum(RelationGetRelid(relation))};
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  PushActiveSnapshot(GetLatestSnapshot());
  int code = SPI_execute_with_args(kTargetsQuery, 1, types, values, nullptr, true, 0);
  if (code != SPI_OK_SELECT) elog(ERROR, "could not read the targets of the guard");
  guard->targets = static_cast<GuardTarget*>(
      MemoryContextAllocZero(guard->context, sizeof(GuardTarget) * (SPI_processed + 1)));
  for (uint64 i = 0; i < SPI_processed; i++) {
    Row row{SPI_tuptable->vals[i], SPI_tuptable->tupdesc};
    ReadTarget(guard, &guard->targets[i], relation, row);
  }
  guard->count = static_cast<int>(SPI_processed);
  PopActiveSnapshot();
  SPI_finish();
  SetUserIdAndSecContext(user, context);
}

Guard* BuildGuard(Relation relation) {
  Oid schema = get_namespace_oid("gdpr_internal", false);
  MemoryContext context =
      AllocSetContextCreate(CurrentMemoryContext, "pg_gdpr guard", ALLOCSET_SMALL_SIZES);
  auto* guard = static_cast<Guard*>(MemoryContextAllocZero(context, sizeof(Guard)));
  guard->context = context;
  ReadTargets(guard, relation);
  FindStateTables(guard, schema);
  // complete: from here on it lives as long as the backend
  MemoryContextSetParent(context, CacheMemoryContext);
  return guard;
}

void CreateGuards() {
  HASHCTL control{};
  control.keysize = sizeof(Oid);
  control.entrysize = sizeof(GuardEntry);
  control.hcxt = CacheMemoryContext;
  guards = hash_create("pg_gdpr guards", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

}  // namespace

void SetTextForm(TextForm* form, Oid type, MemoryContext context) {
  Oid function = InvalidOid;
  switch (find_coercion_pathway(TEXTOID, type, COERCION_EXPLICIT, &function)) {
    case COERCION_PATH_RELABELTYPE:
      form->relabel = true;
      return;
    case COERCION_PATH_FUNC:
      break;
    default: {
      bool varlena;
      getTypeOutputInfo(type, &function, &varlena);
      form->output = true;
    }
  }
  fmgr_info_cxt(function, &form->function, context);
}

Guard* FindGuard(Relation relation) {
  if (guards == nullptr) CreateGuards();
  Oid oid = RelationGetRelid(relation);
  bool found;
  auto* entry = static_cast<GuardEntry*>(hash_search(guards, &oid, HASH_ENTER, &found));
  if (!found) entry->guard = nullptr;
  while (entry->guard == nullptr || !entry->guard->valid || !PlansAreValid(entry->guard)) {
    CHECK_FOR_INTERRUPTS();
    FreeGuard(entry->guard);
    entry->guard = nullptr;
    // Entries do not move, and a change while we read is not lost: then we read again
    entry->touched = false;
    Guard* guard = BuildGuard(relation);
    guard->valid = !entry->touched;
    FreeGuard(entry->guard);  // a nested trigger may have built one
    entry->guard = guard;
  }
  return entry->guard;
}

const char* EqualityOperator(Oid number) {
  HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(number));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "operator %u is gone", number);
  auto* form = reinterpret_cast<Form_pg_operator>(GETSTRUCT(tuple));
  const char* name =
      psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
               NameStr(form->oprname));
  ReleaseSysCache(tuple);
  return name;
}

void RegisterGuardCache() {
  CacheRegisterRelcacheCallback(Invalidate, static_cast<Datum>(0));
  RegisterXactCallback(ForgetUsers, nullptr);
}

}  // namespace gdpr::pg
