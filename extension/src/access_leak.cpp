// SPDX-License-Identifier: PostgreSQL
// Rows that pass no filter can be told of by it. A function in it can write down what it is given;
// and where it is called for some rows only (CASE, AND, OR) the call alone tells of the row.
#include "extension/src/access_leak.hpp"

#include "extension/src/access_relation.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

enum class Verdict : uint8 {
  kUnknown,
  kSafe,    // only its result can be seen
  kShown,   // tells of what it is given
  kSpeaks,  // it can be seen that it was called
};

// Of functions that are built in, which stay what they are.
Verdict built_in[FirstNormalObjectId];

// Volatile, but nobody sees a call of them.
bool IsQuiet(const Form_pg_proc form) {
  const char* const quiet[] = {"clock_timestamp", "timeofday", "random", "gen_random_uuid"};
  for (const char* name : quiet) {
    if (strcmp(NameStr(form->proname), name) == 0) return form->pronargs == 0;
  }
  return false;
}

// table_to_xml and others like it read whatever they are told to, users' views as well.
bool IsReader(const Form_pg_proc form) {
  return strstr(NameStr(form->proname), "_to_xml") != nullptr;
}

Verdict JudgeForm(const Form_pg_proc form) {
  bool users = form->oid >= FirstNormalObjectId;
  if (!users && IsReader(form)) return Verdict::kSpeaks;
  if (form->proleakproof || (!users && IsQuiet(form))) return Verdict::kSafe;
  if (users && form->prokind == PROKIND_AGGREGATE) return Verdict::kSpeaks;  // for its parts
  if (form->provolatile == PROVOLATILE_VOLATILE) return Verdict::kSpeaks;
  if (form->prolang == INTERNALlanguageId || form->prolang == ClanguageId) {
    // Sets of rows are what extensions make of a query that is given to them as a text
    bool runs = users && form->proretset && form->provolatile != PROVOLATILE_IMMUTABLE;
    return runs ? Verdict::kSpeaks : Verdict::kSafe;
  }
  if (form->proowner == AccessOwner()) return Verdict::kSafe;  // gdpr.is_frozen()
  // A policy's function often says who the tenant is. A superuser needs no side channel.
  return superuser_arg(form->proowner) ? Verdict::kShown : Verdict::kSpeaks;
}

Verdict Judge(Oid function) {
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) return Verdict::kSpeaks;
  Verdict verdict = JudgeForm(reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple)));
  ReleaseSysCache(tuple);
  return verdict;
}

bool IsAtLeast(Oid function, void* context) {
  Verdict verdict;
  if (function >= FirstNormalObjectId) {
    verdict = Judge(function);
  } else {
    if (built_in[function] == Verdict::kUnknown) built_in[function] = Judge(function);
    verdict = built_in[function];
  }
  return verdict >= *static_cast<const Verdict*>(context);
}

bool Calls(Node* node, Verdict least) {
  return check_functions_in_node(node, IsAtLeast, &least);
}

// Types whose input and output can end in users' functions: checks of domains, within rows and
// ranges.
bool IsMade(Oid type) {
  Oid element = get_element_type(type);
  if (OidIsValid(element)) type = element;
  if (type == RECORDOID) return true;
  if (type < FirstNormalObjectId) return false;
  char kind = get_typtype(type);
  return kind == TYPTYPE_COMPOSITE || kind == TYPTYPE_DOMAIN || kind == TYPTYPE_RANGE ||
         kind == TYPTYPE_MULTIRANGE;
}

bool IsJson(Oid type) {
  return type == JSONOID || type == JSONBOID;
}

// JSON is made by casts, if there are some; those of users' types are users' functions.
bool HasUsersType(List* arguments) {
  ListCell* cell;
  foreach (cell, arguments) {
    Oid type = exprType(static_cast<Node*>(lfirst(cell)));
    if (IsMade(type)) return true;
    Oid element = get_element_type(type);
    if (getBaseType(OidIsValid(element) ? element : type) >= FirstNormalObjectId) return true;
  }
  return false;
}

// Built-in code that calls users' code without its being named in the expression.
bool CallsBehind(Node* node) {
  switch (nodeTag(node)) {
    case T_CoerceToDomain:
      return DomainHasConstraints(reinterpret_cast<CoerceToDomain*>(node)->resulttype);
    case T_CoerceViaIO: {
      auto* coercion = reinterpret_cast<CoerceViaIO*>(node);
      return IsMade(coercion->resulttype);
    }
    case T_FuncExpr: {
      auto* call = reinterpret_cast<FuncExpr*>(node);
      // array_in, domain_in, range_in: of whatever type they are told
      return IsMade(call->funcresulttype) || get_typtype(call->funcresulttype) == TYPTYPE_PSEUDO ||
             (IsJson(call->funcresulttype) && HasUsersType(call->args));
    }
    case T_Aggref: {
      auto* call = reinterpret_cast<Aggref*>(node);
      if (!IsJson(call->aggtype)) return false;
      ListCell* cell;
      foreach (cell, call->aggargtypes) {
        Oid type = lfirst_oid(cell);
        if (IsMade(type) || type >= FirstNormalObjectId) return true;
      }
      return false;
    }
#if PG_VERSION_NUM >= 160000
    case T_JsonConstructorExpr:
      return true;
#endif
    default:
      return false;
  }
}

// What an expression is evaluated for.
enum class Role {
  kFilter,   // each row
  kRecheck,  // rows near those that an index found: only what is given columns tells of them
  kBelow,    // in a subplan everything may come from the row, as a parameter
};

struct Look {
  EState* estate;
  Role role;
};

bool HasColumn(Node* node, void*) {
  if (node == nullptr) return false;
  if (IsA(node, Var)) return true;
  return WalkParts(node, HasColumn, nullptr);
}

bool FindLeak(Node* node, void* context);

// What of a plan node is evaluated besides its target list and its filter.
Node* Further(Plan* plan, int i) {
  List* lists[3] = {};
  switch (nodeTag(plan)) {
    case T_FunctionScan:
      lists[0] = reinterpret_cast<FunctionScan*>(plan)->functions;
      break;
    case T_ValuesScan:
      lists[0] = reinterpret_cast<ValuesScan*>(plan)->values_lists;
      break;
    case T_TableFuncScan:
      return i == 0 ? reinterpret_cast<Node*>(reinterpret_cast<TableFuncScan*>(plan)->tablefunc)
                    : nullptr;
    case T_Result:
      return i == 0 ? reinterpret_cast<Result*>(plan)->resconstantqual : nullptr;
    case T_Limit:
      return i == 0   ? reinterpret_cast<Limit*>(plan)->limitOffset
             : i == 1 ? reinterpret_cast<Limit*>(plan)->limitCount
                      : nullptr;
    case T_IndexScan:
      lists[0] = reinterpret_cast<IndexScan*>(plan)->indexqual;
      lists[1] = reinterpret_cast<IndexScan*>(plan)->indexorderby;
      break;
    case T_IndexOnlyScan:
      lists[0] = reinterpret_cast<IndexOnlyScan*>(plan)->indexqual;
      lists[1] = reinterpret_cast<IndexOnlyScan*>(plan)->indexorderby;
      break;
    case T_BitmapIndexScan:
      lists[0] = reinterpret_cast<BitmapIndexScan*>(plan)->indexqual;
      break;
    case T_TidScan:
      lists[0] = reinterpret_cast<TidScan*>(plan)->tidquals;
      break;
    case T_TidRangeScan:
      lists[0] = reinterpret_cast<TidRangeScan*>(plan)->tidrangequals;
      break;
    case T_SampleScan:
      return i == 0 ? reinterpret_cast<Node*>(reinterpret_cast<SampleScan*>(plan)->tablesample)
                    : nullptr;
    case T_NestLoop:
      lists[0] = reinterpret_cast<NestLoop*>(plan)->join.joinqual;
      break;
    case T_MergeJoin:
      lists[0] = reinterpret_cast<MergeJoin*>(plan)->join.joinqual;
      lists[1] = reinterpret_cast<MergeJoin*>(plan)->mergeclauses;
      break;
    case T_HashJoin:
      lists[0] = reinterpret_cast<HashJoin*>(plan)->join.joinqual;
      lists[1] = reinterpret_cast<HashJoin*>(plan)->hashclauses;
      break;
    case T_WindowAgg:
      return i == 0   ? reinterpret_cast<WindowAgg*>(plan)->startOffset
             : i == 1 ? reinterpret_cast<WindowAgg*>(plan)->endOffset
                      : nullptr;
    case T_Memoize:
      lists[0] = reinterpret_cast<Memoize*>(plan)->param_exprs;
      break;
    default:
      break;
  }
  return reinterpret_cast<Node*>(lists[i]);
}

bool FindLeakBelow(PlanState* state, void* context) {
  if (state == nullptr) return false;
  Plan* plan = state->plan;
  if (FindLeak(reinterpret_cast<Node*>(plan->targetlist), context) ||
      FindLeak(reinterpret_cast<Node*>(plan->qual), context)) {
    return true;
  }
  for (int i = 0; i < 3; i++) {
    if (FindLeak(Further(plan, i), context)) return true;
  }
  if (IsA(state, CteScanState)) {
    auto* below = reinterpret_cast<CteScanState*>(state)->cteplanstate;
    if (FindLeakBelow(below, context)) return true;
  }
  return WalkPlanStates(state, FindLeakBelow, context);
}

bool FindLeakInSubplan(PlanState* state, const Look* look) {
  Look below{look->estate, Role::kBelow};
  return FindLeakBelow(state, &below);
}

bool FindLeak(Node* node, void* context) {
  auto* look = static_cast<Look*>(context);
  if (node == nullptr) return false;
  if (look->role != Role::kRecheck) {
    Verdict least = look->role == Role::kFilter ? Verdict::kSpeaks : Verdict::kShown;
    if (Calls(node, least) || CallsBehind(node)) return true;
  }
  if (look->role != Role::kBelow && (Calls(node, Verdict::kShown) || CallsBehind(node)) &&
      HasColumn(node, nullptr)) {
    return true;
  }
  if (IsA(node, SubPlan)) {
    int number = reinterpret_cast<SubPlan*>(node)->plan_id;
    auto* state = static_cast<PlanState*>(list_nth(look->estate->es_subplanstates, number - 1));
    if (FindLeakInSubplan(state, look)) return true;
  } else if (IsA(node, Param) && reinterpret_cast<Param*>(node)->paramkind == PARAM_EXEC) {
    // A subquery that is run when its result is asked for the first time
    int number = reinterpret_cast<Param*>(node)->paramid;
    auto* plan = static_cast<SubPlanState*>(look->estate->es_param_exec_vals[number].execPlan);
    if (plan != nullptr && FindLeakInSubplan(plan->planstate, look)) return true;
  }
  return WalkParts(node, FindLeak, context);
}

// What is asked again of rows that an index is not sure of: the expressions of the index.
Node* RecheckOf(Plan* plan) {
  List* quals = NIL;
  if (IsA(plan, BitmapHeapScan)) {
    quals = reinterpret_cast<BitmapHeapScan*>(plan)->bitmapqualorig;
  } else if (IsA(plan, IndexScan)) {
    quals = reinterpret_cast<IndexScan*>(plan)->indexqualorig;
  }
  return reinterpret_cast<Node*>(quals);
}

// EXPLAIN ANALYZE: nobody gets the rows, but how many were dropped.
bool IsMeasured(const QueryDesc* query) {
  if (query->instrument_options == 0) return false;
#if PG_VERSION_NUM >= 170000
  if (query->dest != nullptr && query->dest->mydest == DestExplainSerialize) return true;
#endif
  return query->dest == None_Receiver;
}

}  // namespace

bool IsLeaky(PlanState* scan, const QueryDesc* query) {
  Look recheck{query->estate, Role::kRecheck};
  if (FindLeak(RecheckOf(scan->plan), &recheck)) return true;
  if (scan->plan->qual == NIL) return false;
  if (IsMeasured(query)) return true;
  Look filter{query->estate, Role::kFilter};
  return FindLeak(reinterpret_cast<Node*>(scan->plan->qual), &filter);
}

}  // namespace gdpr::pg
