// SPDX-License-Identifier: PostgreSQL
#include "extension/src/owner.hpp"

#include "extension/src/door.hpp"

#include "extension/src/rows.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

OwnerScope* current_scope = nullptr;

// The value of "search_path" in one row of pg_db_role_setting, or NULL.
char* SearchPathSetting(Relation catalog, Oid database, Oid role) {
  ScanKeyData keys[2];
  ScanKeyInit(&keys[0], Anum_pg_db_role_setting_setdatabase, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(database));
  ScanKeyInit(&keys[1], Anum_pg_db_role_setting_setrole, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(role));
  SysScanDesc scan =
      systable_beginscan(catalog, DbRoleSettingDatidRolidIndexId, true, nullptr, 2, keys);
  char* found = nullptr;
  HeapTuple tuple = systable_getnext(scan);
  bool isnull = true;
  Datum settings = 0;
  if (HeapTupleIsValid(tuple)) {
    settings =
        heap_getattr(tuple, Anum_pg_db_role_setting_setconfig, RelationGetDescr(catalog), &isnull);
  }
  if (!isnull) {
    Datum* items;
    int count;
    deconstruct_array(DatumGetArrayTypeP(settings), TEXTOID, -1, false, TYPALIGN_INT, &items,
                      nullptr, &count);
    constexpr char kPrefix[] = "search_path=";
    for (int i = 0; i < count && found == nullptr; i++) {
      char* item = TextDatumGetCString(items[i]);
      if (pg_strncasecmp(item, kPrefix, sizeof(kPrefix) - 1) == 0) {
        found = item + sizeof(kPrefix) - 1;
      }
    }
  }
  systable_endscan(scan);
  return found;
}

// What a session starts with when no role or database says otherwise: the configuration file's
// value unless this session's own role or client covered it, then the built-in one.
const char* DefaultSearchPath() {
  static config_string* setting = nullptr;
  if (setting == nullptr) {
    setting = reinterpret_cast<config_string*>(FindSetting("search_path"));
  }
  if (setting == nullptr) return "\"$user\", public";
  if (setting->gen.reset_source <= PGC_S_GLOBAL) return setting->reset_val;
  return setting->boot_val;
}

void Set(const char* name, const char* value) {
  (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

// is_query: its rows are read by us. A read that row security would filter is an error then.
// A generic plan: one made for five thousand given rows reads the whole table once for each chunk,
// one made for unknown ones goes by index and row address.
SPIPlanPtr Prepare(const char* statement, ParamListInfo values) {
  int count = values == nullptr ? 0 : values->numParams;
  Oid* types = static_cast<Oid*>(palloc0(sizeof(Oid) * (count + 1)));
  for (int i = 0; i < count; i++) types[i] = values->params[i].ptype;
  SPIPlanPtr plan = SPI_prepare_cursor(statement, count, types, CURSOR_OPT_GENERIC_PLAN);
  if (plan == nullptr) elog(ERROR, "statement failed: %s", SPI_result_code_string(SPI_result));
  return plan;
}

enum class Work { kQuery, kStatement, kKeyedStatement };

void Execute(Oid relation, Work work, SPIExecuteOptions* options, const char* statement) {
  bool is_query = work == Work::kQuery;
  MemoryContext context = CurrentMemoryContext;
  const char* name = RelationName(relation);
  int nest_level = NewGUCNestLevel();
  OwnerScope scope;
  ErrorContextCallback* outside = error_context_stack;
  EnterOwner(scope, relation, !is_query);
  const ParamExternData* first = options->params == nullptr ? nullptr : options->params->params;
  if (work == Work::kKeyedStatement && first != nullptr && first->ptype == TEXTOID) {
    scope.permit = DatumGetPointer(first->value);
  }
  PG_TRY();
  {
    // An error's context then names the places below us only; PG_CATCH brings the rest back
    error_context_stack = nullptr;
    UseOwnersPath(scope.owner);
    if (is_query) {
      Set("row_security", "off");
      UseCanonicalForms();
    }
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    Set("plan_cache_mode", "auto");  // what the erasure sets for itself is not for users' triggers
    int code = SPI_execute_plan_extended(Prepare(statement, options->params), options);
    if (code < 0) elog(ERROR, "statement failed: %s", SPI_result_code_string(code));
  }
  PG_CATCH();
  {
    LeaveOwner(scope);
    ThrowScrubbed(context, name);
  }
  PG_END_TRY();
  error_context_stack = outside;
  // false: what user code SET goes back too
  AtEOXact_GUC(false, nest_level);
  LeaveOwner(scope);
}

struct Arguments {
  Oid relation;
  char* statement;
  ParamListInfo values;
};

// relation, statement and the variadic rest, none of the first two null.
Arguments ReadArguments(FunctionCallInfo fcinfo) {
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1)) {
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                    errmsg("relation and statement must not be null")));
  }
  Arguments result{PG_GETARG_OID(0), text_to_cstring(PG_GETARG_TEXT_PP(1)), nullptr};
  if (PG_NARGS() <= 2) return result;
  Datum* values;
  Oid* types;
  bool* nulls;
  int count = extract_variadic_args(fcinfo, 2, true, &values, &types, &nulls);
  if (count <= 0) return result;
  result.values = makeParamList(count);
  for (int i = 0; i < count; i++) {
    result.values->params[i].value = values[i];
    result.values->params[i].isnull = nulls[i];
    result.values->params[i].pflags = PARAM_FLAG_CONST;
    result.values->params[i].ptype = types[i];
  }
  return result;
}

// The number of rows.
int64 ExecuteStatement(FunctionCallInfo fcinfo, Work work) {
  Arguments arguments = ReadArguments(fcinfo);
  SPIExecuteOptions options{};
  options.params = arguments.values;
  Execute(arguments.relation, work, &options, arguments.statement);
  uint64 processed = SPI_processed;
  SPI_finish();
  return static_cast<int64>(processed);
}

}  // namespace

void UseOwnersPath(Oid owner) {
  Set("search_path", ConfiguredSearchPath(owner));
}

void UseCanonicalForms() {
  Set("datestyle", "ISO");
  Set("intervalstyle", "postgres");
  Set("extra_float_digits", "1");
  Set("bytea_output", "hex");
}

char* ConfiguredSearchPath(Oid role) {
  Relation catalog = table_open(DbRoleSettingRelationId, AccessShareLock);
  const char* path = SearchPathSetting(catalog, MyDatabaseId, role);
  if (path == nullptr) path = SearchPathSetting(catalog, InvalidOid, role);
  if (path == nullptr) path = SearchPathSetting(catalog, MyDatabaseId, InvalidOid);
  if (path == nullptr) path = SearchPathSetting(catalog, InvalidOid, InvalidOid);
  table_close(catalog, AccessShareLock);
  if (path == nullptr) path = DefaultSearchPath();
  // Not named, pg_temp comes first for relations: the caller's temporary tables would shadow the
  // owner's inside the owner's triggers.
  return psprintf("%s%spg_temp", path, path[0] ? ", " : "");
}

void EnterOwner(OwnerScope& scope, Oid relation, bool engine) {
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(tuple)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("relation with OID %u does not exist", relation)));
  }
  auto* form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
  scope.outer = current_scope;
  scope.relation = relation;
  scope.owner = form->relowner;
  scope.engine = engine;
  scope.permit = nullptr;
  ReleaseSysCache(tuple);
  GetUserIdAndSecContext(&scope.saved_user, &scope.saved_context);
  // Under FORCE ROW LEVEL SECURITY the owner's own UPDATE would touch 0 rows without an error, and
  // a selection or a blocker of the owner's, a view over protected tables, could not be read. The
  // tables of others keep their policies.
  int context = (scope.saved_context & ~SECURITY_NOFORCE_RLS) | SECURITY_LOCAL_USERID_CHANGE |
                SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS;
  SetUserIdAndSecContext(scope.owner, context);
  current_scope = &scope;
}

void LeaveOwner(const OwnerScope& scope) {
  current_scope = scope.outer;
  SetUserIdAndSecContext(scope.saved_user, scope.saved_context);
}

bool EngineAtWork(Relation relation) {
  if (current_scope == nullptr || !current_scope->engine) return false;
  Oid work = current_scope->relation;
  Oid oid = RelationGetRelid(relation);
  if (oid == work) return true;
  if (!relation->rd_rel->relispartition && !has_superclass(oid)) return false;
  return list_member_oid(find_all_inheritors(work, NoLock, nullptr), oid);
}

bool KeyedWork(const void* profile) {
  return profile != nullptr && current_scope != nullptr && current_scope->permit == profile;
}

const OwnerScope* CurrentScope() {
  return current_scope;
}

Oid Caller() {
  Oid caller = DoorCaller(current_scope);
  if (OidIsValid(caller)) return caller;
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  // Foreign keys run their actions as the table's owner and are known by SECURITY_NOFORCE_RLS
  if ((context & (SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS)) != 0) {
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
             errmsg("cannot be called by code that runs on another role's behalf"),
             errdetail("A trigger, a view or a function called it during an erasure, a cascade "
                       "of a foreign key or maintenance."),
             errhint("Call it in a statement of its own.")));
  }
  return GetOuterUserId();
}

char* RelationName(Oid relation) {
  char* name = get_rel_name(relation);
  if (name == nullptr) return nullptr;
  return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), name);
}

}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr_internal.execute_as_owner(relation oid, statement text [, VARIADIC args "any"]) -> bigint
GDPR_FUNCTION(gdpr_execute_as_owner) {
  PG_RETURN_INT64(ExecuteStatement(fcinfo, Work::kStatement));
}

// gdpr_internal.execute_keyed_as_owner: the same for a statement of ours with keyed profiles
GDPR_FUNCTION(gdpr_execute_keyed_as_owner) {
  PG_RETURN_INT64(ExecuteStatement(fcinfo, Work::kKeyedStatement));
}

// gdpr_internal.query_as_owner(relation oid, statement text [, VARIADIC args "any"]) -> setof
// record
GDPR_FUNCTION(gdpr_query_as_owner) {
  Rows rows = BeginRows(fcinfo);
  Arguments arguments = ReadArguments(fcinfo);
  SPIExecuteOptions options{};
  options.params = arguments.values;
  options.must_return_tuples = true;
  options.dest = CreateDestReceiver(DestTuplestore);
  // by position, with an error when types differ
  SetTuplestoreDestReceiverParams(
      options.dest, rows.store,
      reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo)->econtext->ecxt_per_query_memory, false,
      rows.columns, "the statement's columns are not those of the column list");
  Execute(arguments.relation, Work::kQuery, &options, arguments.statement);
  SPI_finish();
  return static_cast<Datum>(0);
}

// gdpr_internal.caller() -> regrole
GDPR_FUNCTION(gdpr_caller) {
  PG_RETURN_OID(Caller());
}

// gdpr_internal.engine_at_work(relation oid) -> boolean: a statement of ours is changing it
GDPR_FUNCTION(gdpr_engine_at_work) {
  Relation relation = relation_open(PG_GETARG_OID(0), AccessShareLock);
  bool result = EngineAtWork(relation);
  relation_close(relation, AccessShareLock);
  PG_RETURN_BOOL(result);
}

// gdpr_internal.latest_tids(relation oid, tids tid[]) -> tid[]: where the rows are now
GDPR_FUNCTION(gdpr_latest_tids) {
  Oid oid = PG_GETARG_OID(0);
  Datum* tids;
  bool* nulls;
  int count;
  deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TIDOID, sizeof(ItemPointerData), false,
                    TYPALIGN_SHORT, &tids, &nulls, &count);
  Relation relation = table_open(oid, AccessShareLock);
  if (!RELKIND_HAS_STORAGE(relation->rd_rel->relkind)) {
    ereport(ERROR,
            (errcode(ERRCODE_WRONG_OBJECT_TYPE),
             errmsg("relation \"%s\" has no rows of its own", RelationGetRelationName(relation))));
  }
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  TableScanDesc scan = table_beginscan_tid(relation, snapshot);
  for (int i = 0; i < count; i++) {
    if (i % 1000 == 0) CHECK_FOR_INTERRUPTS();
    if (nulls[i]) continue;
    auto* tid = static_cast<ItemPointer>(palloc(sizeof(ItemPointerData)));
    ItemPointerCopy(reinterpret_cast<ItemPointer>(DatumGetPointer(tids[i])), tid);
    table_tuple_get_latest_tid(scan, tid);
    tids[i] = PointerGetDatum(tid);
  }
  table_endscan(scan);
  UnregisterSnapshot(snapshot);
  table_close(relation, AccessShareLock);
  int dims[1] = {count};
  int lower[1] = {1};
  if (count == 0) PG_RETURN_ARRAYTYPE_P(construct_empty_array(TIDOID));
  PG_RETURN_ARRAYTYPE_P(construct_md_array(tids, nulls, 1, dims, lower, TIDOID,
                                           sizeof(ItemPointerData), false, TYPALIGN_SHORT));
}
