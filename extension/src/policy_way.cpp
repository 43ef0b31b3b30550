// SPDX-License-Identifier: PostgreSQL
// The way up a link: read once per call site, walked for each new value.
#include "extension/src/access_plan.hpp"
#include "extension/src/guard_cast.hpp"
#include "extension/src/owner.hpp"
#include "extension/src/policy_link.hpp"
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

// The columns of gdpr_internal.link_hop(), from 1.
enum HopColumn {
  kSubjectType = 1,
  kRelation,
  kColumns,
  kDiscriminator,
  kDiscriminatorValue,
  kParent,
  kParentColumns,
  kIsPeople,
  kKey,
  kUp,
};

constexpr char kHopQuery[] =
    "SELECT h.subject_type, h.relation, h.columns, h.discriminator, h.discriminator_value, "
    "h.parent,"
    " h.parent_columns, h.is_people, h.key, h.up FROM gdpr_internal.link_hop($1) AS h";
constexpr int kLongestWay = 16;

// What is declared of one link, in the way's memory.
struct Declared {
  char* subject_type;
  Oid relation;
  List* columns;  // of char*
  char* discriminator;
  char* discriminator_value;
  Oid parent;
  List* parent_columns;
  bool is_people;
  List* key;
  List* up;  // of int: links of the parent's rows
};

[[noreturn]] void GoneLink(int link) {
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("link %d of pg_gdpr, which a policy uses, or a table of it is gone", link),
                  errhint("Declare it again, then CALL gdpr.protect() for its subject type.")));
  pg_unreachable();
}

List* Names(HeapTuple row, TupleDesc desc, int column) {
  bool isnull;
  Datum array = SPI_getbinval(row, desc, column, &isnull);
  if (isnull) return NIL;
  Datum* items;
  bool* nulls;
  int count;
  deconstruct_array(DatumGetArrayTypeP(array), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &items,
                    &nulls, &count);
  List* names = NIL;
  for (int i = 0; i < count; i++) names = lappend(names, pstrdup(NameStr(*DatumGetName(items[i]))));
  return names;
}

List* Links(HeapTuple row, TupleDesc desc, int column) {
  bool isnull;
  Datum array = SPI_getbinval(row, desc, column, &isnull);
  if (isnull) return NIL;
  Datum* items;
  bool* nulls;
  int count;
  deconstruct_array(DatumGetArrayTypeP(array), INT4OID, sizeof(int32), true, TYPALIGN_INT, &items,
                    &nulls, &count);
  List* links = NIL;
  for (int i = 0; i < count; i++) links = lappend_int(links, DatumGetInt32(items[i]));
  return links;
}

Oid OidOf(HeapTuple row, TupleDesc desc, int column) {
  bool isnull;
  Datum value = SPI_getbinval(row, desc, column, &isnull);
  return isnull ? InvalidOid : DatumGetObjectId(value);
}

// Reads as our owner: whoever asks has no rights on what is declared. The function has a pinned
// search_path, and nothing else is named here.
void ReadDeclared(int link, MemoryContext context, Declared* declared) {
  Oid user;
  int security;
  GetUserIdAndSecContext(&user, &security);
  SetUserIdAndSecContext(StateOwner(), security | SECURITY_LOCAL_USERID_CHANGE);
  Oid types[1] = {INT4OID};
  Datum values[1] = {Int32GetDatum(link)};
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  int code = SPI_execute_with_args(kHopQuery, 1, types, values, nullptr, true, 2);
  if (code != SPI_OK_SELECT) elog(ERROR, "could not read link %d", link);
  if (SPI_processed != 1) GoneLink(link);
  HeapTuple row = SPI_tuptable->vals[0];
  TupleDesc desc = SPI_tuptable->tupdesc;
  MemoryContext outer = MemoryContextSwitchTo(context);
  bool isnull;
  declared->subject_type = SPI_getvalue(row, desc, kSubjectType);
  declared->relation = OidOf(row, desc, kRelation);
  declared->columns = Names(row, desc, kColumns);
  declared->discriminator = SPI_getvalue(row, desc, kDiscriminator);
  declared->discriminator_value = SPI_getvalue(row, desc, kDiscriminatorValue);
  declared->parent = OidOf(row, desc, kParent);
  declared->parent_columns = Names(row, desc, kParentColumns);
  declared->is_people = DatumGetBool(SPI_getbinval(row, desc, kIsPeople, &isnull));
  declared->key = Names(row, desc, kKey);
  declared->up = Links(row, desc, kUp);
  MemoryContextSwitchTo(outer);
  SPI_finish();
  SetUserIdAndSecContext(user, security);
  bool gone = !OidIsValid(declared->relation) || !OidIsValid(declared->parent);
  if (gone || declared->subject_type == nullptr) GoneLink(link);
}

Oid BaseTypeOf(int link, Oid relation, const char* column) {
  AttrNumber number = get_attnum(relation, column);
  if (number == InvalidAttrNumber) GoneLink(link);
  return getBaseType(get_atttype(relation, number));
}

void SetColumn(Hop* hop, int i, Oid type, const char* parent_column, MemoryContext context) {
  LinkColumn* column = &hop->columns[i];
  column->type = getBaseType(type);
  column->parent_type = BaseTypeOf(hop->link, hop->parent, parent_column);
  column->parent_column = MemoryContextStrdup(context, parent_column);
  if (column->type != column->parent_type) hop->converts = true;
  SetTextForm(&column->own_form, column->type, context);
  SetTextForm(&column->parent_form, column->parent_type, context);
  Oid input;
  getTypeInputInfo(column->parent_type, &input, &column->input_param);
  fmgr_info_cxt(input, &column->input, context);
  if (column->type >= FirstNormalObjectId || column->parent_type >= FirstNormalObjectId) {
    hop->pinned = true;
  }
}

void AddOutput(Hop* hop, StringInfo outputs, const char* column, Oid type) {
  appendStringInfo(outputs, "%sp.%s::%s", hop->result_count++ > 0 ? ", " : "",
                   quote_identifier(column), format_type_be_qualified(type));
}

bool IsOnWay(const Hop* hop, int link) {
  for (; hop != nullptr; hop = hop->below) {
    if (hop->link == link) return true;
  }
  return false;
}

int Length(const Hop* hop) {
  int length = 0;
  for (; hop != nullptr; hop = hop->below) length++;
  return length;
}

Hop* MakeHop(Way* way, Hop* below, int link, const Declared& declared, List* types);

// The links of the parent's own rows that lead on; one that was come by is not gone again.
void AddWays(Way* way, Hop* hop, const Declared& declared, StringInfo outputs) {
  hop->ways = static_cast<WayUp*>(
      MemoryContextAllocZero(way->context, sizeof(WayUp) * (list_length(declared.up) + 1)));
  ListCell* cell;
  foreach (cell, declared.up) {
    int link = lfirst_int(cell);
    if (IsOnWay(hop, link) || Length(hop) >= kLongestWay) continue;
    Declared next{};
    ReadDeclared(link, way->context, &next);
    WayUp* up = &hop->ways[hop->way_count++];
    up->first_column = hop->result_count;
    List* types = NIL;
    ListCell* name;
    foreach (name, next.columns) {
      auto* column = static_cast<char*>(lfirst(name));
      Oid type = BaseTypeOf(link, hop->parent, column);
      types = lappend_oid(types, type);
      AddOutput(hop, outputs, column, type);
    }
    if (next.discriminator != nullptr) {
      up->discriminator_value = next.discriminator_value;
      AddOutput(hop, outputs, next.discriminator, TEXTOID);
    }
    up->hop = MakeHop(way, hop, link, next, types);
  }
}

void FinishQuery(Hop* hop, const char* outputs, MemoryContext context) {
  StringInfoData query;
  initStringInfo(&query);
  appendStringInfo(&query, "SELECT %s FROM %s AS p WHERE ", outputs, hop->parent_name);
  for (int i = 0; i < hop->column_count; i++) {
    const LinkColumn* column = &hop->columns[i];
    TypeCacheEntry* type = lookup_type_cache(column->parent_type, TYPECACHE_EQ_OPR);
    if (!OidIsValid(type->eq_opr)) {
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
                      errmsg("type %s of a link's column has no equality operator",
                             format_type_be(column->parent_type))));
    }
    appendStringInfo(&query, "%sp.%s %s $%d", i > 0 ? " AND " : "",
                     quote_identifier(column->parent_column), EqualityOperator(type->eq_opr),
                     i + 1);
  }
  hop->query = MemoryContextStrdup(context, query.data);
}

Hop* MakeHop(Way* way, Hop* below, int link, const Declared& declared, List* types) {
  auto* hop = static_cast<Hop*>(MemoryContextAllocZero(way->context, sizeof(Hop)));
  hop->below = below;
  hop->link = link;
  hop->relation = declared.relation;
  hop->parent = declared.parent;
  const char* relation_name = RelationName(hop->relation);
  const char* parent_name = RelationName(hop->parent);
  if (relation_name == nullptr || parent_name == nullptr) GoneLink(link);
  hop->relation_name = MemoryContextStrdup(way->context, relation_name);
  hop->parent_name = MemoryContextStrdup(way->context, parent_name);
  hop->is_people = declared.is_people;
  hop->column_count = list_length(declared.parent_columns);
  if (hop->column_count != list_length(types) || hop->column_count > INDEX_MAX_KEYS) GoneLink(link);
  hop->columns = static_cast<LinkColumn*>(
      MemoryContextAllocZero(way->context, sizeof(LinkColumn) * hop->column_count));
  char kind = get_rel_relkind(hop->parent);
  hop->pinned = kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE;
  for (int i = 0; i < hop->column_count; i++) {
    SetColumn(hop, i, list_nth_oid(types, i),
              static_cast<char*>(list_nth(declared.parent_columns, i)), way->context);
  }
  StringInfoData outputs;
  initStringInfo(&outputs);
  if (hop->is_people) {
    ListCell* cell;
    way->key_count = 0;
    foreach (cell, declared.key) {
      auto* column = static_cast<char*>(lfirst(cell));
      Oid type = BaseTypeOf(link, hop->parent, column);
      way->key_types[way->key_count++] = type;
      AddOutput(hop, &outputs, column, type);
    }
  } else {
    AddWays(way, hop, declared, &outputs);
  }
  FinishQuery(hop, outputs.data, way->context);
  return hop;
}

void FreePlans(Hop* hop) {
  if (hop == nullptr) return;
  if (hop->plan != nullptr) SPI_freeplan(hop->plan);
  hop->plan = nullptr;
  for (int i = 0; i < hop->way_count; i++) FreePlans(hop->ways[i].hop);
}

void FreeWay(void* way) {
  FreePlans(static_cast<Way*>(way)->first);
}

void Prepare(Hop* hop) {
  Oid types[INDEX_MAX_KEYS];
  for (int i = 0; i < hop->column_count; i++) types[i] = hop->columns[i].parent_type;
  SPIPlanPtr plan = SPI_prepare(hop->query, hop->column_count, types);
  if (plan == nullptr) elog(ERROR, "could not prepare: %s", SPI_result_code_string(SPI_result));
  SPI_keepplan(plan);
  hop->plan = plan;
}

// One search for parents.
struct Search {
  Hop* hop;
  Datum values[INDEX_MAX_KEYS];
  bool possible;  ///< false: the parent can have no such value
  MemoryContext context;
  List* rows;
};

// Runs as the parent's owner: equality and text form of its columns are that owner's code.
void Execute(Search* search) {
  Hop* hop = search->hop;
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  if (hop->plan == nullptr) Prepare(hop);
  int code = LookUp(hop->plan, search->values, true);
  if (code != SPI_OK_SELECT) elog(ERROR, "could not read: %s", SPI_result_code_string(code));
  TupleDesc desc = SPI_tuptable->tupdesc;
  MemoryContext outer = MemoryContextSwitchTo(search->context);
  for (uint64 i = 0; i < SPI_processed; i++) {
    auto* row = static_cast<ParentRow*>(palloc(sizeof(ParentRow)));
    row->values = static_cast<Datum*>(palloc(sizeof(Datum) * (desc->natts + 1)));
    row->nulls = static_cast<bool*>(palloc(sizeof(bool) * (desc->natts + 1)));
    for (int c = 0; c < desc->natts; c++) {
      Form_pg_attribute column = TupleDescAttr(desc, c);
      row->values[c] = SPI_getbinval(SPI_tuptable->vals[i], desc, c + 1, &row->nulls[c]);
      if (!row->nulls[c]) {
        row->values[c] = datumCopy(row->values[c], column->attbyval, column->attlen);
      }
    }
    search->rows = lappend(search->rows, row);
  }
  MemoryContextSwitchTo(outer);
  SPI_finish();
}

// The values in the parent's types. Runs as the owner of the relation that they come from: the
// casts of its columns are that owner's code.
void Convert(Search* search) {
  for (int i = 0; i < search->hop->column_count && search->possible; i++) {
    LinkColumn* column = &search->hop->columns[i];
    if (column->type == column->parent_type) continue;
    char* text = TextFormOf(&column->own_form, DEFAULT_COLLATION_OID, search->values[i]);
    search->possible = ToParentType(column, text, &search->values[i]);
  }
}

using Work = void (*)(Search*);

// Runs work that may call users' code as the owner of a relation; no error of it quotes a value.
void RunAsOwner(Oid relation, const char* name, Search* search, Work work) {
  MemoryContext context = CurrentMemoryContext;
  ErrorContextCallback* outside = error_context_stack;
  OwnerScope scope;
  int nest_level = NewGUCNestLevel();
  EnterOwner(scope, relation, false);
  PG_TRY();
  {
    error_context_stack = nullptr;  // nothing may quote a value
    if (search->hop->pinned) {
      UseOwnersPath(scope.owner);
      UseCanonicalForms();
    }
    work(search);
  }
  PG_CATCH();
  {
    LeaveOwner(scope);
    ThrowScrubbed(context, name);
  }
  PG_END_TRY();
  error_context_stack = outside;
  AtEOXact_GUC(false, nest_level);
  LeaveOwner(scope);
}

}  // namespace

Way* ReadWay(MemoryContext home, int link, int value_count, const Oid* types) {
  MemoryContext context = AllocSetContextCreate(home, "pg_gdpr way", ALLOCSET_SMALL_SIZES);
  auto* way = static_cast<Way*>(MemoryContextAllocZero(context, sizeof(Way)));
  way->context = context;
  auto* callback = static_cast<MemoryContextCallback*>(
      MemoryContextAllocZero(context, sizeof(MemoryContextCallback)));
  callback->func = FreeWay;
  callback->arg = way;
  MemoryContextRegisterResetCallback(context, callback);
  Declared declared{};
  ReadDeclared(link, context, &declared);
  List* passed = NIL;
  for (int i = 0; i < value_count; i++) passed = lappend_oid(passed, types[i]);
  way->subject_type = declared.subject_type;
  way->first = MakeHop(way, nullptr, link, declared, passed);
  return way;
}

List* ReadParentRows(Hop* hop, const Datum* values) {
  Search search{};
  search.hop = hop;
  search.possible = true;
  search.context = CurrentMemoryContext;
  memcpy(search.values, values, sizeof(Datum) * hop->column_count);
  if (hop->converts) RunAsOwner(hop->relation, hop->relation_name, &search, Convert);
  if (search.possible) RunAsOwner(hop->parent, hop->parent_name, &search, Execute);
  return search.rows;
}

}  // namespace gdpr::pg
