// SPDX-License-Identifier: PostgreSQL
#include "extension/src/access_plan.hpp"

#include "extension/src/access_relation.hpp"
#include "extension/src/spool.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

namespace {

get_relation_info_hook_type previous_info = nullptr;
ExecutorRun_hook_type previous_run = nullptr;

// The text of our own look-up at work: its very bytes, which no other statement has.
const char* own_lookup = nullptr;

int key_statements = 0;  // running ones that the server began with a foreign key's rights

bool HasColumn(const IndexOptInfo* index, AttrNumber column) {
  for (int i = 0; i < index->ncolumns; i++) {
    if (index->indexkeys[i] == column && index->canreturn[i]) return true;
  }
  return false;
}

// Whether the index alone says whose a row is.
bool HasWays(const IndexOptInfo* index, const AccessRelation* access) {
  for (int i = 0; i < access->way_count; i++) {
    const AccessWay& way = access->ways[i];
    for (int k = 0; k < way.count; k++) {
      if (!HasColumn(index, way.numbers[k])) return false;
    }
    if (way.discriminator != InvalidAttrNumber && !HasColumn(index, way.discriminator)) {
      return false;
    }
  }
  return true;
}

// An index-only scan brings the index's columns: without those that name people it is not for us.
void HideIndexes(PlannerInfo* root, Oid relation, bool inhparent, RelOptInfo* rel) {
  if (previous_info != nullptr) previous_info(root, relation, inhparent, rel);
  if (rel->indexlist == NIL || !SpoolReady()) return;
  AccessRelation* access = FindAccess(relation);
  ListCell* cell;
  if (access == nullptr) return;
  foreach (cell, rel->indexlist) {
    auto* index = lfirst_node(IndexOptInfo, cell);
    if (index->canreturn == nullptr || HasWays(index, access)) continue;
    for (int i = 0; i < index->ncolumns; i++) index->canreturn[i] = false;
  }
}

// What a foreign key's own statement sets off runs with the rights it was given. Its AFTER triggers
// wait until it is over, so whatever runs within it is a user's.
void RunStatement(GDPR_RUN_PARAMETERS) {
  auto* run = previous_run == nullptr ? standard_ExecutorRun : previous_run;
  if (!InNoForceRLSOperation()) {
    run(GDPR_RUN_ARGUMENTS);
    return;
  }
  key_statements++;
  PG_TRY();
  { run(GDPR_RUN_ARGUMENTS); }
  PG_FINALLY();
  { key_statements--; }
  PG_END_TRY();
}

// Only superusers make functions in these languages.
bool IsTrusted(Oid function) {
  if (function < FirstGenbkiObjectId) return true;
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) return false;
  Oid language = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->prolang;
  ReleaseSysCache(tuple);
  return language == INTERNALlanguageId || language == ClanguageId;
}

// What a foreign key adds where two types differ.
Node* WithoutCasts(Node* node) {
  for (;;) {
    if (IsA(node, RelabelType)) {
      node = reinterpret_cast<Node*>(reinterpret_cast<RelabelType*>(node)->arg);
      continue;
    }
    auto* call = reinterpret_cast<FuncExpr*>(node);
    if (!IsA(node, FuncExpr) || list_length(call->args) < 1 || !IsTrusted(call->funcid)) {
      return node;
    }
    node = static_cast<Node*>(linitial(call->args));
  }
}

bool IsValue(Node* node) {
  return IsA(node, Param) || IsA(node, Const);
}

// A list of `column = $n`, in any order. The columns are added.
bool AreKeyQuals(List* quals, Bitmapset** columns) {
  ListCell* cell;
  foreach (cell, quals) {
    auto* test = static_cast<OpExpr*>(lfirst(cell));
    if (!IsA(test, OpExpr) || list_length(test->args) != 2) return false;
    set_opfuncid(test);
    Node* left = WithoutCasts(static_cast<Node*>(linitial(test->args)));
    Node* right = WithoutCasts(static_cast<Node*>(lsecond(test->args)));
    bool one = (IsA(left, Var) && IsValue(right)) || (IsValue(left) && IsA(right, Var));
    if (!one || !IsTrusted(test->opfuncid)) return false;
    auto* column = reinterpret_cast<Var*>(IsA(left, Var) ? left : right);
    *columns = bms_add_member(*columns, column->varattno - FirstLowInvalidHeapAttributeNumber);
  }
  return true;
}

bool IsUsers(Oid function, void*) {
  return !IsTrusted(function);
}

bool CallsUsers(Node* node, void*) {
  if (node == nullptr) return false;
  return check_functions_in_node(node, IsUsers, nullptr) || WalkParts(node, CallsUsers, nullptr);
}

bool ShowsNothing(List* targets) {
  ListCell* cell;
  foreach (cell, targets) {
    auto* target = lfirst_node(TargetEntry, cell);
    if (!target->resjunk && !IsA(target->expr, Const)) return false;
  }
  return true;
}

bool IsOurs(Oid function) {
  Oid schema = get_func_namespace(function);
  return schema == get_namespace_oid("gdpr_internal", true) ||
         schema == get_namespace_oid("gdpr", true);
}

// Whether a user's trigger gets to see rows that the command changes.
bool HasWatcher(const TriggerDesc* triggers, CmdType command) {
  for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
    const Trigger& trigger = triggers->triggers[i];
    bool fires = command == CMD_DELETE ? TRIGGER_FOR_DELETE(trigger.tgtype)
                                       : TRIGGER_FOR_UPDATE(trigger.tgtype);
    bool sees = TRIGGER_FOR_ROW(trigger.tgtype) || trigger.tgoldtable != nullptr ||
                trigger.tgnewtable != nullptr;
    if (fires && sees && !trigger.tgisinternal && !IsOurs(trigger.tgfoid)) return true;
  }
  return false;
}

bool HasExpressions(Relation relation) {
  List* indexes = RelationGetIndexList(relation);
  bool any = false;
  ListCell* cell;
  foreach (cell, indexes) {
    HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
    if (!HeapTupleIsValid(tuple)) continue;
    any |= !heap_attisnull(tuple, Anum_pg_index_indexprs, nullptr) ||
           !heap_attisnull(tuple, Anum_pg_index_indpred, nullptr);
    ReleaseSysCache(tuple);
  }
  list_free(indexes);
  return any;
}

// Whether code of users sees rows that a foreign key's own statement changes: its triggers, and for
// new versions of rows what is computed of them.
bool IsWatched(Relation relation, CmdType command) {
  if (HasWatcher(relation->trigdesc, command)) return true;
  if (command == CMD_DELETE) return false;
  const TupleConstr* constraints = RelationGetDescr(relation)->constr;
  bool computed =
      constraints != nullptr && (constraints->num_check > 0 || constraints->has_generated_stored);
  return computed || relation->rd_rel->relispartition || HasExpressions(relation);
}

Bitmapset* ColumnsIn(HeapTuple constraint, AttrNumber list) {
  bool isnull;
  Datum value = SysCacheGetAttr(CONSTROID, constraint, list, &isnull);
  if (isnull) return nullptr;
  ArrayType* numbers = DatumGetArrayTypeP(value);
  auto* items = reinterpret_cast<int16*>(ARR_DATA_PTR(numbers));
  Bitmapset* columns = nullptr;
  for (int i = 0; i < ArrayGetNItems(ARR_NDIM(numbers), ARR_DIMS(numbers)); i++) {
    columns = bms_add_member(columns, items[i] - FirstLowInvalidHeapAttributeNumber);
  }
  return columns;
}

// Whether the columns are those of a foreign key, on the side that the relation is on. That a value
// is there is what keys tell anyway; of other columns their statements say nothing.
bool IsForeignKey(Relation relation, Bitmapset* columns) {
  const TriggerDesc* triggers = relation->trigdesc;
  bool found = false;
  for (int i = 0; triggers != nullptr && i < triggers->numtriggers && !found; i++) {
    const Trigger& trigger = triggers->triggers[i];
    if (!trigger.tgisinternal || !OidIsValid(trigger.tgconstraint)) continue;
    HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(trigger.tgconstraint));
    if (!HeapTupleIsValid(tuple)) continue;
    auto* form = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
    Oid oid = RelationGetRelid(relation);
    found = form->contype == CONSTRAINT_FOREIGN &&
            ((form->conrelid == oid &&
              bms_equal(columns, ColumnsIn(tuple, Anum_pg_constraint_conkey))) ||
             (form->confrelid == oid &&
              bms_equal(columns, ColumnsIn(tuple, Anum_pg_constraint_confkey))));
    ReleaseSysCache(tuple);
  }
  return found;
}

// A scan of the relation for rows with a certain key, and nothing else. In a look-up of our own it
// is a link's.
bool IsKeyScan(PlanState* state, List* quals, bool ours) {
  Bitmapset* columns = nullptr;
  if (!AreKeyQuals(quals, &columns) || !AreKeyQuals(state->plan->qual, &columns)) return false;
  Relation relation = reinterpret_cast<ScanState*>(state)->ss_currentRelation;
  return ours || IsForeignKey(relation, columns);
}

bool IsKeyNode(PlanState* state, bool ours);

bool AreKeyNodes(PlanState** states, int count, bool ours) {
  for (int i = 0; i < count; i++) {
    if (!IsKeyNode(states[i], ours)) return false;
  }
  return true;
}

bool ChangesUnseen(ModifyTableState* change) {
  for (int i = 0; i < change->mt_nrels; i++) {
    if (IsWatched(change->resultRelInfo[i].ri_RelationDesc, change->operation)) return false;
  }
  return true;
}

// The nodes that such statements have. Of anything else we do not know what it does.
bool IsKeyNode(PlanState* state, bool ours) {
  if (state == nullptr) return true;
  Plan* plan = state->plan;
  if (CallsUsers(reinterpret_cast<Node*>(plan->targetlist), nullptr)) return false;
  switch (nodeTag(plan)) {
    case T_SeqScan:
      return IsKeyScan(state, NIL, ours);
    case T_IndexScan:
      return IsKeyScan(state, reinterpret_cast<IndexScan*>(plan)->indexqualorig, ours);
    case T_BitmapHeapScan:
      return IsA(outerPlan(plan), BitmapIndexScan) &&
             IsKeyScan(state, reinterpret_cast<BitmapHeapScan*>(plan)->bitmapqualorig, ours);
    case T_IndexOnlyScan:
      return ours && IsKeyScan(state, reinterpret_cast<IndexOnlyScan*>(plan)->indexqual, ours);
    case T_LockRows:
    case T_Result:
      return plan->qual == NIL && IsKeyNode(outerPlanState(state), ours);
    case T_Append: {
      auto* append = reinterpret_cast<AppendState*>(state);
      return AreKeyNodes(append->appendplans, append->as_nplans, ours);
    }
    case T_ModifyTable:
      return ChangesUnseen(reinterpret_cast<ModifyTableState*>(state)) &&
             IsKeyNode(outerPlanState(state), ours);
    default:
      return false;
  }
}

}  // namespace

void RegisterAccessPlan() {
  if (!process_shared_preload_libraries_in_progress) return;
  previous_info = get_relation_info_hook;
  get_relation_info_hook = HideIndexes;
  previous_run = ExecutorRun_hook;
  ExecutorRun_hook = RunStatement;
}

int LookUp(SPIPlanPtr plan, Datum* values, bool read_only) {
  const char* outer = own_lookup;
  volatile int code = 0;  // set between setjmp and longjmp
  PG_TRY();
  {
    own_lookup = linitial_node(CachedPlanSource, SPI_plan_get_plan_sources(plan))->query_string;
    code = SPI_execute_plan(plan, values, nullptr, read_only, 0);
  }
  PG_FINALLY();
  { own_lookup = outer; }
  PG_END_TRY();
  return code;
}

bool IsKeyLookup(QueryDesc* query) {
  bool ours = own_lookup != nullptr && query->sourceText == own_lookup;
  if (!InNoForceRLSOperation() || (key_statements > 0 && !ours)) return false;
  const PlannedStmt* plan = query->plannedstmt;
  if (plan->subplans != NIL || plan->hasReturning || plan->hasModifyingCTE) return false;
  if (plan->commandType == CMD_SELECT) {
    if (!ours && !ShowsNothing(plan->planTree->targetlist)) return false;
  } else if (plan->commandType != CMD_UPDATE && plan->commandType != CMD_DELETE) {
    return false;
  }
  return IsKeyNode(query->planstate, ours);
}

}  // namespace gdpr::pg
