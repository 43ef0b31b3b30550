// SPDX-License-Identifier: PostgreSQL
// Which commands hand the rows of a table to functions of users without any plan: whoever owns the
// table writes such a function, and the function tells what it is given.
#include "extension/src/access_relation.hpp"
#include "extension/src/access_utility.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

bool HasColumnValue(Oid cache, Oid key, AttrNumber column) {
  HeapTuple tuple = SearchSysCache1(cache, ObjectIdGetDatum(key));
  if (!HeapTupleIsValid(tuple)) return false;
  bool any = !heap_attisnull(tuple, column, nullptr);
  ReleaseSysCache(tuple);
  return any;
}

// Indexes and statistics of expressions are computed of rows whenever they are made anew.
bool HasExpressions(Relation relation) {
  bool any = false;
  ListCell* cell;
  foreach (cell, RelationGetIndexList(relation)) {
    Oid index = lfirst_oid(cell);
    any |= HasColumnValue(INDEXRELID, index, Anum_pg_index_indexprs) ||
           HasColumnValue(INDEXRELID, index, Anum_pg_index_indpred);
  }
  foreach (cell, RelationGetStatExtList(relation)) {
    any |= HasColumnValue(STATEXTOID, lfirst_oid(cell), Anum_pg_statistic_ext_stxexprs);
  }
  return any;
}

// Adds the relation, and its partitions and children, as far as they are audited.
List* AddShown(List* shown, Oid relation, bool of_expressions) {
  if (!OidIsValid(relation)) return shown;
  ListCell* cell;
  foreach (cell, find_all_inheritors(relation, NoLock, nullptr)) {
    Oid oid = lfirst_oid(cell);
    AccessRelation* access = FindAccess(oid);
    if (access == nullptr || access->log) continue;  // its owner's functions are ours
    bool counts = !of_expressions;
    // A moment's lock: one that was kept would deadlock with another session's same command
    Relation opened = of_expressions ? try_relation_open(oid, AccessShareLock) : nullptr;
    if (opened != nullptr) {
      counts = HasExpressions(opened);
      relation_close(opened, AccessShareLock);
    }
    if (counts) shown = list_append_unique_oid(shown, oid);
  }
  return shown;
}

Oid Find(const RangeVar* name) {
  return name == nullptr ? InvalidOid : RangeVarGetRelid(name, NoLock, true);
}

// A table, or the table of an index.
Oid FindTable(const RangeVar* name) {
  Oid oid = Find(name);
  if (!OidIsValid(oid)) return oid;
  char kind = get_rel_relkind(oid);
  bool index = kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX;
  return index ? IndexGetRelation(oid, true) : oid;
}

// All tables, those of a schema, or those of a composite type.
List* AddAll(List* shown, Oid schema, Oid type = InvalidOid) {
  Relation catalog = table_open(RelationRelationId, AccessShareLock);
  SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, nullptr, 0, nullptr);
  List* oids = NIL;
  while (HeapTuple tuple = systable_getnext(scan)) {
    auto* form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
    bool table = form->relkind == RELKIND_RELATION || form->relkind == RELKIND_MATVIEW;
    if (OidIsValid(schema)) table &= form->relnamespace == schema;
    if (OidIsValid(type)) table &= form->reloftype == type;
    if (table) {
      oids = lappend_oid(oids, form->oid);
    }
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
  ListCell* cell;
  foreach (cell, oids) shown = AddShown(shown, lfirst_oid(cell), !OidIsValid(type));
  return shown;
}

bool HasConstraint(List* constraints, ConstrType one, ConstrType other) {
  ListCell* cell;
  foreach (cell, constraints) {
    auto* constraint = static_cast<Constraint*>(lfirst(cell));
    if (!IsA(constraint, Constraint)) continue;
    if (constraint->contype == one || constraint->contype == other) return true;
  }
  return false;
}

// What a part of ALTER TABLE does with rows: kExpressions if it only makes indexes anew.
enum class Shows { kNothing, kExpressions, kRows };

Shows PartShows(const AlterTableCmd* part) {
  switch (part->subtype) {
    case AT_AlterColumnType:
    case AT_ValidateConstraint:
    case AT_AttachPartition:
    case AT_DropInherit:  // what is taken off may be read in this very command, audited no more
    case AT_DetachPartition:
#if PG_VERSION_NUM >= 170000
    case AT_SetExpression:
#endif
      return Shows::kRows;
    case AT_AddConstraint:
      return HasConstraint(list_make1(part->def), CONSTR_CHECK, CONSTR_EXCLUSION) ? Shows::kRows
                                                                                  : Shows::kNothing;
    case AT_AddColumn: {
      auto* column = castNode(ColumnDef, part->def);
      return HasConstraint(column->constraints, CONSTR_CHECK, CONSTR_GENERATED)
                 ? Shows::kRows
                 : Shows::kExpressions;
    }
    case AT_SetLogged:
    case AT_SetUnLogged:
#if PG_VERSION_NUM >= 150000
    case AT_SetAccessMethod:
#endif
      return Shows::kExpressions;
    default:
      return Shows::kNothing;
  }
}

List* AlteredTable(AlterTableStmt* alter) {
  List* shown = NIL;
  Oid relation = Find(alter->relation);
  ListCell* cell;
  foreach (cell, alter->cmds) {
    auto* part = lfirst_node(AlterTableCmd, cell);
    Shows shows = PartShows(part);
    if (shows == Shows::kNothing) continue;
    if (alter->objtype == OBJECT_TYPE) {
      Oid type = OidIsValid(relation) ? get_rel_type_id(relation) : InvalidOid;
      if (OidIsValid(type)) shown = AddAll(shown, InvalidOid, type);
      continue;
    }
    bool detaches = part->subtype == AT_DetachPartition;
    if (!detaches) shown = AddShown(shown, relation, shows == Shows::kExpressions);
    if (detaches || part->subtype == AT_AttachPartition) {
      shown = AddShown(shown, Find(castNode(PartitionCmd, part->def)->name), false);
    }
  }
  return shown;
}

// A constraint of a domain is checked in all columns of it.
List* AlteredDomain(AlterDomainStmt* alter) {
  if (alter->subtype != 'C' && alter->subtype != 'V') return NIL;
  Oid domain = typenameTypeId(nullptr, makeTypeNameFromNameList(alter->typeName));
  List* types = list_make1_oid(domain);
  List* shown = NIL;
  Relation catalog = table_open(DependRelationId, AccessShareLock);
  for (int i = 0; i < list_length(types); i++) {
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(TypeRelationId));
    ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(list_nth_oid(types, i)));
    SysScanDesc scan = systable_beginscan(catalog, DependReferenceIndexId, true, nullptr, 2, keys);
    while (HeapTuple tuple = systable_getnext(scan)) {
      auto* depend = reinterpret_cast<Form_pg_depend>(GETSTRUCT(tuple));
      if (depend->classid == TypeRelationId) {  // an array or a domain of it
        types = list_append_unique_oid(types, depend->objid);
      } else if (depend->classid == RelationRelationId && depend->objsubid > 0) {
        Oid row = get_rel_type_id(depend->objid);
        if (OidIsValid(row)) types = list_append_unique_oid(types, row);
        shown = AddShown(shown, depend->objid, false);
      }
    }
    systable_endscan(scan);
  }
  table_close(catalog, AccessShareLock);
  return shown;
}

List* Reindexed(ReindexStmt* reindex) {
  switch (reindex->kind) {
    case REINDEX_OBJECT_INDEX:
    case REINDEX_OBJECT_TABLE:
      return AddShown(NIL, FindTable(reindex->relation), true);
    case REINDEX_OBJECT_SCHEMA:
      return AddAll(NIL, get_namespace_oid(reindex->name, true));
    default:
      return AddAll(NIL, InvalidOid);
  }
}

List* Vacuumed(VacuumStmt* vacuum) {
  bool full = !vacuum->is_vacuumcmd;
  ListCell* cell;
  foreach (cell, vacuum->options) {
    auto* option = lfirst_node(DefElem, cell);
    bool counts = strcmp(option->defname, "full") == 0 || strcmp(option->defname, "analyze") == 0;
    full |= counts && defGetBoolean(option);
  }
  if (!full) return NIL;
  if (vacuum->rels == NIL) return AddAll(NIL, InvalidOid);
  List* shown = NIL;
  foreach (cell, vacuum->rels) {
    shown = AddShown(shown, Find(lfirst_node(VacuumRelation, cell)->relation), true);
  }
  return shown;
}

// A new partition: rows of the default one that would belong in it are looked for.
List* Partitioned(CreateStmt* create) {
  if (create->partbound == nullptr || create->inhRelations == NIL) return NIL;
  Oid parent = Find(linitial_node(RangeVar, create->inhRelations));
  Relation relation = OidIsValid(parent) ? try_relation_open(parent, AccessShareLock) : nullptr;
  if (relation == nullptr) return NIL;
  bool computed = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE &&
                  RelationGetPartitionKey(relation)->partexprs != NIL;
  relation_close(relation, AccessShareLock);
  return AddShown(NIL, parent, !computed);
}

}  // namespace

List* ShownByFunction(Oid function) {
  switch (function) {
    case F_BRIN_SUMMARIZE_NEW_VALUES:
    case F_BRIN_SUMMARIZE_RANGE:
    case F_BRIN_DESUMMARIZE_RANGE:
      return AddAll(NIL, InvalidOid);
    default:
      return NIL;
  }
}

List* ShownRelations(Node* command) {
  switch (nodeTag(command)) {
    case T_IndexStmt: {
      auto* index = reinterpret_cast<IndexStmt*>(command);
      bool computed = index->whereClause != nullptr;
      ListCell* cell;
      foreach (cell, index->indexParams) {
        computed |= lfirst_node(IndexElem, cell)->expr != nullptr;
      }
      return computed ? AddShown(NIL, Find(index->relation), false) : NIL;
    }
    case T_AlterTableStmt:
      return AlteredTable(reinterpret_cast<AlterTableStmt*>(command));
    case T_AlterDomainStmt:
      return AlteredDomain(reinterpret_cast<AlterDomainStmt*>(command));
    case T_ReindexStmt:
      return Reindexed(reinterpret_cast<ReindexStmt*>(command));
    case T_VacuumStmt:
      return Vacuumed(reinterpret_cast<VacuumStmt*>(command));
    case T_ClusterStmt: {
      auto* cluster = reinterpret_cast<ClusterStmt*>(command);
      if (cluster->relation == nullptr) return AddAll(NIL, InvalidOid);
      return AddShown(NIL, Find(cluster->relation), true);
    }
    case T_CreateStmt:
      return Partitioned(reinterpret_cast<CreateStmt*>(command));
    default:
      return NIL;
  }
}

}  // namespace gdpr::pg
