// SPDX-License-Identifier: PostgreSQL
// The planner's questions about policy functions.
#include "extension/src/policy_call.hpp"
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr double kUnknownShare = 0.9;

struct OneTable {
  int entry;  // number of the range table entry, 0: none yet
  bool alone;
};

// Whether all columns in an expression are of one table of this query level.
bool FindTable(Node* node, void* result) {
  auto* found = static_cast<OneTable*>(result);
  if (node == nullptr) return false;
  if (IsA(node, Var)) {
    Var* var = castNode(Var, node);
    bool fits = var->varlevelsup == 0 && !IS_SPECIAL_VARNO(var->varno) &&
                (found->entry == 0 || found->entry == static_cast<int>(var->varno));
    if (!fits) found->alone = false;
    found->entry = static_cast<int>(var->varno);
    return !fits;
  }
  if (IsA(node, PlaceHolderVar) || IsA(node, SubLink) || IsA(node, Query) || IsA(node, Param)) {
    found->alone = false;
    return true;
  }
  return WalkParts(node, FindTable, found);
}

// A masked view of ours reads its table as gdpr_owner and decides row by row, cell by cell what it
// shows: the policy on that table is true for it. Nobody else can make a view of gdpr_owner's.
Node* Simplify(SupportRequestSimplify* request) {
  if (request->root == nullptr || request->root->parse == nullptr) return nullptr;
  Query* query = request->root->parse;
  OneTable found{0, true};
  FindTable(reinterpret_cast<Node*>(request->fcall->args), &found);
  if (!found.alone || found.entry < 1 || found.entry > list_length(query->rtable)) return nullptr;
  RangeTblEntry* entry = rt_fetch(found.entry, query->rtable);
  if (entry->rtekind != RTE_RELATION) return nullptr;
  Oid role = CheckedAs(QueryPermissions(query), entry);
  if (!OidIsValid(role) || role != StateOwner()) return nullptr;
  return makeBoolConst(true, false);
}

// The share of people who are open for the session's purpose, by the statistics of their masks.
double OpenShare(List* arguments) {
  auto* first = static_cast<Node*>(linitial(arguments));
  if (!IsA(first, Const) || castNode(Const, first)->constisnull || !ActiveSnapshotSet() ||
      castNode(Const, first)->consttype != TEXTOID) {
    return kUnknownShare;
  }
  Session session = ReadSession(GetUserId(), GetActiveSnapshot());
  if (session.standing != Standing::kGranted) return kUnknownShare;
  double share = EstimateOpen(TextDatumGetCString(castNode(Const, first)->constvalue), session.bit);
  return share < 0 ? kUnknownShare : share;
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr_internal.policy_support(request internal) -> internal
GDPR_FUNCTION(gdpr_policy_support) {
  auto* request = reinterpret_cast<Node*>(PG_GETARG_POINTER(0));
  if (IsA(request, SupportRequestSimplify)) {
    PG_RETURN_POINTER(Simplify(castNode(SupportRequestSimplify, request)));
  }
  if (IsA(request, SupportRequestSelectivity)) {
    auto* selectivity = castNode(SupportRequestSelectivity, request);
    if (!selectivity->is_join) {
      selectivity->selectivity = OpenShare(selectivity->args);
      PG_RETURN_POINTER(request);
    }
  }
  PG_RETURN_POINTER(nullptr);
}
