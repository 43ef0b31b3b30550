// SPDX-License-Identifier: PostgreSQL
#include "extension/src/access_leak.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

enum class Verdict : uint8 { kUnknown, kSafe, kLeaky };

// Of functions that are built in, which stay what they are.
Verdict built_in[FirstNormalObjectId];

Verdict Judge(Oid function) {
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) return Verdict::kLeaky;
  auto* form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
  bool native = form->prolang == INTERNALlanguageId || form->prolang == ClanguageId;
  bool quiet = native && form->provolatile != PROVOLATILE_VOLATILE;
  Verdict verdict = quiet || form->proleakproof ? Verdict::kSafe : Verdict::kLeaky;
  ReleaseSysCache(tuple);
  return verdict;
}

bool IsLeakyFunction(Oid function, void*) {
  if (function >= FirstNormalObjectId) return Judge(function) == Verdict::kLeaky;
  if (built_in[function] == Verdict::kUnknown) built_in[function] = Judge(function);
  return built_in[function] == Verdict::kLeaky;
}

// What a look at an expression is for: `columns` asks for functions that are given columns of the
// row; within a subplan everything may come from the row, as a parameter.
struct Look {
  bool columns;
};

bool FindLeak(Node* node, void* context);

bool HasColumn(Node* node, void*) {
  if (node == nullptr) return false;
  if (IsA(node, Var)) return true;
  return WalkParts(node, HasColumn, nullptr);
}

bool FindLeakBelow(PlanState* state, void* context) {
  Plan* plan = state->plan;
  if (FindLeak(reinterpret_cast<Node*>(plan->targetlist), context) ||
      FindLeak(reinterpret_cast<Node*>(plan->qual), context)) {
    return true;
  }
  if (IsA(plan, FunctionScan)) {
    List* functions = reinterpret_cast<FunctionScan*>(plan)->functions;
    if (FindLeak(reinterpret_cast<Node*>(functions), context)) return true;
  } else if (IsA(plan, Result)) {
    if (FindLeak(reinterpret_cast<Result*>(plan)->resconstantqual, context)) return true;
  }
  return WalkPlanStates(state, FindLeakBelow, context);
}

bool FindLeak(Node* node, void* context) {
  auto* look = static_cast<Look*>(context);
  if (node == nullptr) return false;
  if (check_functions_in_node(node, IsLeakyFunction, nullptr) &&
      (!look->columns || HasColumn(node, nullptr))) {
    return true;
  }
  return WalkParts(node, FindLeak, context);
}

}  // namespace

bool IsLeaky(PlanState* scan) {
  Look row{true};
  if (FindLeak(reinterpret_cast<Node*>(scan->plan->qual), &row)) return true;
  Look any{false};
  ListCell* cell;
  foreach (cell, scan->subPlan) {
    auto* sub = static_cast<SubPlanState*>(lfirst(cell));
    if (sub->subplan->parParam == NIL) continue;
    if (FindLeakBelow(sub->planstate, &any)) return true;
  }
  return false;
}

}  // namespace gdpr::pg
