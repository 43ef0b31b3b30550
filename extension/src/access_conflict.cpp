// SPDX-License-Identifier: PostgreSQL
#include "extension/src/access_conflict.hpp"

#include "extension/src/access_relation.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

List* AddBelow(List* audited, Relation relation) {
  PartitionDesc parts = RelationGetPartitionDesc(relation, true);
  for (int i = 0; i < parts->nparts; i++) {
    if (parts->is_leaf[i]) {
      if (FindAccess(parts->oids[i]) != nullptr) audited = lappend_oid(audited, parts->oids[i]);
      continue;
    }
    Relation part = relation_open(parts->oids[i], AccessShareLock);
    audited = AddBelow(audited, part);
    relation_close(part, AccessShareLock);
  }
  return audited;
}

bool IsOfAudited(const PlanState* state) {
  if (state == nullptr || !IsA(state, ModifyTableState)) return false;
  auto* modify = reinterpret_cast<const ModifyTableState*>(state);
  if (reinterpret_cast<ModifyTable*>(state->plan)->onConflictAction != ONCONFLICT_UPDATE)
    return false;
  return AuditedBelow(modify->resultRelInfo[0].ri_RelationDesc) != NIL;
}

}  // namespace

List* AuditedBelow(Relation relation) {
  if (relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) return NIL;
  return FindAccess(RelationGetRelid(relation)) != nullptr ? NIL : AddBelow(NIL, relation);
}

bool UpdatesAuditedBelow(const QueryDesc* query) {
  if (query->operation != CMD_INSERT && !query->plannedstmt->hasModifyingCTE) return false;
  if (IsOfAudited(query->planstate)) return true;
  ListCell* cell;
  foreach (cell, query->estate->es_subplanstates) {
    if (IsOfAudited(static_cast<PlanState*>(lfirst(cell)))) return true;
  }
  return false;
}

Bitmapset* ColumnsBelow(Relation parent, Relation partition, Bitmapset* columns) {
  Bitmapset* below = nullptr;
  for (int bit = -1; (bit = bms_next_member(columns, bit)) >= 0;) {
    AttrNumber number = bit + FirstLowInvalidHeapAttributeNumber;
    if (number > 0) {
      const char* name = NameStr(TupleDescAttr(RelationGetDescr(parent), number - 1)->attname);
      number = get_attnum(RelationGetRelid(partition), name);
      if (number == InvalidAttrNumber) continue;
    }
    below = bms_add_member(below, number - FirstLowInvalidHeapAttributeNumber);
  }
  return below;
}

}  // namespace gdpr::pg
