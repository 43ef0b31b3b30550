// SPDX-License-Identifier: PostgreSQL
// COPY table TO reads the table by itself, and no node of a plan sees its rows. As a query of the
// same columns it is read by the executor: that is what the server makes of it, too, where the
// table has row-level security (DoCopy() in commands/copy.c). Whatever COPY would refuse is left to
// it.
#include "extension/src/access_relation.hpp"
#include "extension/src/access_utility.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

bool IsListed(List* names, const char* name) {
  ListCell* cell;
  foreach (cell, names) {
    if (strcmp(strVal(lfirst(cell)), name) == 0) return true;
  }
  return false;
}

// The columns that COPY table writes, in its order, as a target list. False: COPY has something to
// say about them.
bool ColumnsOf(TupleDesc desc, List* asked, List** targets) {
  List* names = NIL;
  ListCell* cell;
  List* plain = NIL;
  for (int i = 0; i < desc->natts; i++) {
    Form_pg_attribute column = TupleDescAttr(desc, i);
    if (column->attisdropped || column->attgenerated != '\0') continue;
    plain = lappend(plain, makeString(pstrdup(NameStr(column->attname))));
  }
  foreach (cell, asked) {
    const char* name = strVal(lfirst(cell));
    if (!IsListed(plain, name) || IsListed(names, name)) return false;
    names = lappend(names, lfirst(cell));
  }
  foreach (cell, asked == NIL ? plain : names) {
    auto* column = makeNode(ColumnRef);
    column->fields = list_make1(lfirst(cell));
    column->location = -1;
    auto* target = makeNode(ResTarget);
    target->val = reinterpret_cast<Node*>(column);
    target->location = -1;
    *targets = lappend(*targets, target);
  }
  return true;
}

}  // namespace

PlannedStmt* CopyAsQuery(PlannedStmt* command) {
  auto* copy = reinterpret_cast<CopyStmt*>(command->utilityStmt);
  if (copy->is_from || copy->relation == nullptr) return command;
  // The lock that COPY takes, kept as it would be: what is read is what was looked at
  Oid oid = RangeVarGetRelid(copy->relation, AccessShareLock, true);
  if (!OidIsValid(oid) || FindAccess(oid) == nullptr) return command;
  Relation relation = relation_open(oid, NoLock);
  char kind = relation->rd_rel->relkind;
  List* targets = NIL;
  bool plain = (kind == RELKIND_RELATION || kind == RELKIND_MATVIEW) &&
               ColumnsOf(RelationGetDescr(relation), copy->attlist, &targets);
  char* schema = get_namespace_name(RelationGetNamespace(relation));
  char* name = pstrdup(RelationGetRelationName(relation));
  relation_close(relation, NoLock);
  if (!plain) return command;
  auto* select = makeNode(SelectStmt);
  RangeVar* from = makeRangeVar(schema, name, -1);
  from->inh = false;  // ONLY
  select->targetList = targets;
  select->fromClause = list_make1(from);
  auto* changed = static_cast<PlannedStmt*>(copyObjectImpl(command));
  auto* query = reinterpret_cast<CopyStmt*>(changed->utilityStmt);
  query->relation = nullptr;
  query->attlist = NIL;
  query->query = reinterpret_cast<Node*>(select);
  return changed;
}

}  // namespace gdpr::pg
