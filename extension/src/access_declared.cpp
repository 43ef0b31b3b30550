// SPDX-License-Identifier: PostgreSQL
// What is declared of an audited relation, from our own tables: gdpr_internal.audited_of() and
// audit_targets() say the same in SQL. Read with catalog snapshots, which see what is committed by
// now and may be taken anywhere: also in a parallel worker, where no query could be run.
#include "extension/src/access_declared.hpp"

#include "extension/src/access_way.hpp"
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

// A relation and what it is a part of, nearest first.
struct Ancestor {
  Oid oid;
  int depth;
  char* schema;
  char* name;
};

struct SubjectType {
  char* name;
  char* schema;
  char* relation;
  Oid declared;
  char* owner;
  List* key;  // of char*
};

// A scan of one of our tables from its begin to its end; none where there is no such table.
struct Declared {
  Relation table;
  SysScanDesc scan;
  HeapTuple row;

  Datum Get(const char* column, bool* isnull) const {
    TupleDesc desc = RelationGetDescr(table);
    for (int i = 0; i < desc->natts; i++) {
      Form_pg_attribute form = TupleDescAttr(desc, i);
      if (form->attisdropped || strcmp(NameStr(form->attname), column) != 0) continue;
      return heap_getattr(row, i + 1, desc, isnull);
    }
    *isnull = true;
    return 0;
  }
  char* Word(const char* column) const {
    bool isnull;
    Datum value = Get(column, &isnull);
    return isnull ? nullptr : pstrdup(NameStr(*DatumGetName(value)));
  }
  char* Text(const char* column) const {
    bool isnull;
    Datum value = Get(column, &isnull);
    return isnull ? nullptr : TextDatumGetCString(value);
  }
  List* Words(const char* column) const {
    bool isnull;
    Datum array = Get(column, &isnull);
    if (isnull) return NIL;
    Datum* names;
    bool* nulls;
    int count;
    List* result = NIL;
    deconstruct_array(DatumGetArrayTypeP(array), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &names,
                      &nulls, &count);
    for (int i = 0; i < count; i++) result = lappend(result, NameStr(*DatumGetName(names[i])));
    return result;
  }
};

bool BeginDeclared(Declared& declared, const char* table) {
  Oid schema = get_namespace_oid("gdpr_internal", true);
  Oid oid = OidIsValid(schema) ? get_relname_relid(table, schema) : InvalidOid;
  declared.table = OidIsValid(oid) ? try_relation_open(oid, AccessShareLock) : nullptr;
  if (declared.table == nullptr) return false;
  declared.scan = systable_beginscan(declared.table, InvalidOid, false, nullptr, 0, nullptr);
  return true;
}

bool NextDeclared(Declared& declared) {
  declared.row = systable_getnext(declared.scan);
  return HeapTupleIsValid(declared.row);
}

void EndDeclared(Declared& declared) {
  systable_endscan(declared.scan);
  relation_close(declared.table, AccessShareLock);
}

List* AddAncestor(List* list, Oid oid, int depth) {
  ListCell* cell;
  foreach (cell, list) {
    if (static_cast<Ancestor*>(lfirst(cell))->oid == oid) return list;
  }
  char* name = get_rel_name(oid);
  Oid schema = get_rel_namespace(oid);
  if (name == nullptr || !OidIsValid(schema)) return list;  // just dropped
  auto* ancestor = static_cast<Ancestor*>(palloc0(sizeof(Ancestor)));
  ancestor->oid = oid;
  ancestor->depth = depth;
  ancestor->schema = get_namespace_name(schema);
  ancestor->name = name;
  return ancestor->schema == nullptr ? list : lappend(list, ancestor);
}

// The relation itself comes first.
List* ReadAncestors(Oid relation) {
  List* list = AddAncestor(NIL, relation, 0);
  Relation catalog = table_open(InheritsRelationId, AccessShareLock);
  for (int i = 0; i < list_length(list); i++) {
    auto* child = static_cast<Ancestor*>(list_nth(list, i));
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(child->oid));
    SysScanDesc scan =
        systable_beginscan(catalog, InheritsRelidSeqnoIndexId, true, nullptr, 1, &key);
    while (HeapTuple tuple = systable_getnext(scan)) {
      auto* form = reinterpret_cast<Form_pg_inherits>(GETSTRUCT(tuple));
      list = AddAncestor(list, form->inhparent, child->depth + 1);
    }
    systable_endscan(scan);
  }
  table_close(catalog, AccessShareLock);
  return list;
}

Oid Resolve(const char* schema, const char* name) {
  Oid oid = get_namespace_oid(schema, true);
  return OidIsValid(oid) ? get_relname_relid(name, oid) : InvalidOid;
}

// By name. While a rename is under way and our tables still say the old one, by number.
Oid ResolveDeclared(const char* schema, const char* name, Oid declared) {
  Oid oid = Resolve(schema, name);
  return OidIsValid(oid) || get_rel_name(declared) == nullptr ? oid : declared;
}

Ancestor* FindAncestor(List* ancestors, const char* schema, const char* name) {
  ListCell* cell;
  foreach (cell, ancestors) {
    auto* ancestor = static_cast<Ancestor*>(lfirst(cell));
    if (strcmp(ancestor->schema, schema) == 0 && strcmp(ancestor->name, name) == 0) return ancestor;
  }
  return nullptr;
}

Ancestor* FindDeclared(List* ancestors, const char* schema, const char* name, Oid declared) {
  Ancestor* found = FindAncestor(ancestors, schema, name);
  if (found != nullptr || OidIsValid(Resolve(schema, name))) return found;
  ListCell* cell;
  foreach (cell, ancestors) {
    auto* ancestor = static_cast<Ancestor*>(lfirst(cell));
    if (ancestor->oid == declared) return ancestor;
  }
  return nullptr;
}

// The tables of the audit's own record.
bool IsLog(List* ancestors) {
  constexpr const char* kTables[] = {"audit_statement", "audit_change", "audit_subject",
                                     "access_read"};
  for (const char* table : kTables) {
    if (FindAncestor(ancestors, "gdpr_internal", table) != nullptr) return true;
  }
  return false;
}

// Whether the nearest declaration says that reads are audited; among equally near ones the first by
// name, as gdpr_internal.audited_of() takes it. `detached`: whose its rows are was declared of what
// it is no part of any more.
bool IsDeclared(List* ancestors, bool* detached) {
  Declared audited;
  if (!BeginDeclared(audited, "audited")) return false;
  Ancestor* nearest = nullptr;
  bool reads = false;
  while (NextDeclared(audited)) {
    bool isnull;
    Datum oid = audited.Get("relation_oid", &isnull);
    Ancestor* ancestor =
        FindDeclared(ancestors, audited.Word("relation_schema"), audited.Word("relation_name"),
                     isnull ? InvalidOid : DatumGetObjectId(oid));
    if (ancestor == nullptr) continue;
    if (nearest != nullptr) {
      int order = ancestor->depth - nearest->depth;
      if (order == 0) order = strcmp(ancestor->schema, nearest->schema);
      if (order == 0) order = strcmp(ancestor->name, nearest->name);
      if (order >= 0) continue;
    }
    nearest = ancestor;
    Datum value = audited.Get("reads", &isnull);
    reads = isnull || DatumGetBool(value);
    value = audited.Get("detached", &isnull);
    *detached = !isnull && DatumGetBool(value);
  }
  EndDeclared(audited);
  return nearest != nullptr && reads;
}

// As gdpr_internal.is_same().
bool IsSame(Oid relation, Oid declared, const char* owner) {
  if (relation == declared) return true;
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(tuple)) return false;
  Oid role = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
  ReleaseSysCache(tuple);
  char* name = GetUserNameFromId(role, true);
  return superuser_arg(role) || (name != nullptr && strcmp(name, owner) == 0);
}

bool AreSameNames(List* a, List* b) {
  if (list_length(a) != list_length(b)) return false;
  ListCell* one;
  ListCell* other;
  forboth(one, a, other, b) {
    if (strcmp(static_cast<char*>(lfirst(one)), static_cast<char*>(lfirst(other))) != 0)
      return false;
  }
  return true;
}

List* ReadSubjectTypes() {
  Declared declared;
  List* list = NIL;
  if (!BeginDeclared(declared, "subject_type")) return NIL;
  while (NextDeclared(declared)) {
    bool isnull;
    auto* type = static_cast<SubjectType*>(palloc0(sizeof(SubjectType)));
    type->name = declared.Text("subject_type");
    type->schema = declared.Word("relation_schema");
    type->relation = declared.Word("relation_name");
    type->declared = DatumGetObjectId(declared.Get("relation_oid", &isnull));
    type->owner = declared.Word("relation_owner");
    type->key = declared.Words("key");
    list = lappend(list, type);
  }
  EndDeclared(declared);
  return list;
}

// The link's way, or false where it leads nowhere.
bool ReadLink(AccessWay* way, const Declared& link, Oid relation, const SubjectType* type,
              MemoryContext context) {
  bool isnull;
  Oid people = ResolveDeclared(type->schema, type->relation, type->declared);
  Oid parent = ResolveDeclared(link.Word("parent_schema"), link.Word("parent_name"),
                               DatumGetObjectId(link.Get("parent_oid", &isnull)));
  if (!OidIsValid(people) || !OidIsValid(parent)) return false;
  way->subject_type = pstrdup(type->name);
  way->link = DatumGetInt32(link.Get("link", &isnull));
  SetWayColumns(way, relation, link.Words("columns"), context);
  bool by_key = parent == people && AreSameNames(link.Words("parent_columns"), type->key);
  if (by_key && IsWayKey(way, people, type->key)) way->link = 0;
  char* column = link.Word("discriminator");
  char* value = link.Text("discriminator_value");
  if (column == nullptr || value == nullptr) return true;
  return SetWayDiscriminator(way, relation, column, value);
}

AccessWay* NewWay(AccessRelation* access) {
  size_t size = sizeof(AccessWay) * (access->way_count + 1);
  access->ways = static_cast<AccessWay*>(access->ways == nullptr ? palloc(size)
                                                                 : repalloc(access->ways, size));
  AccessWay* way = &access->ways[access->way_count];
  memset(way, 0, sizeof(AccessWay));
  return way;
}

void ReadLinks(AccessRelation* access, List* ancestors, List* types) {
  Declared link;
  if (!BeginDeclared(link, "link")) return;
  while (NextDeclared(link)) {
    bool isnull;
    Oid declared = DatumGetObjectId(link.Get("relation_oid", &isnull));
    Ancestor* ancestor =
        FindDeclared(ancestors, link.Word("relation_schema"), link.Word("relation_name"), declared);
    if (ancestor == nullptr || strcmp(link.Text("scope"), "owned") != 0 ||
        !IsSame(ancestor->oid, declared, link.Word("relation_owner"))) {
      continue;
    }
    char* name = link.Text("subject_type");
    ListCell* cell;
    foreach (cell, types) {
      auto* type = static_cast<SubjectType*>(lfirst(cell));
      if (strcmp(type->name, name) != 0) continue;
      AccessWay* way = NewWay(access);
      if (ReadLink(way, link, access->oid, type, access->context)) access->way_count++;
    }
  }
  EndDeclared(link);
}

void ReadWays(AccessRelation* access, List* ancestors) {
  List* types = ReadSubjectTypes();
  ListCell* cell;
  foreach (cell, types) {
    auto* type = static_cast<SubjectType*>(lfirst(cell));
    Ancestor* ancestor = FindDeclared(ancestors, type->schema, type->relation, type->declared);
    if (ancestor == nullptr || !IsSame(ancestor->oid, type->declared, type->owner)) continue;
    AccessWay* way = NewWay(access);
    way->subject_type = pstrdup(type->name);
    SetWayColumns(way, access->oid, type->key, access->context);
    access->way_count++;
  }
  ReadLinks(access, ancestors, types);
}

void SetAncestors(AccessRelation* access, List* ancestors) {
  access->ancestors = static_cast<Oid*>(palloc(sizeof(Oid) * list_length(ancestors)));
  ListCell* cell;
  foreach (cell, ancestors) {
    access->ancestors[access->ancestor_count++] = static_cast<Ancestor*>(lfirst(cell))->oid;
  }
}

// The table whose long values a TOAST table holds, by its name.
Oid TableOfToast(Oid relation) {
  unsigned int table;
  char* name = get_rel_name(relation);
  if (name == nullptr || sscanf(name, "pg_toast_%u", &table) != 1) return InvalidOid;
  return get_rel_name(table) == nullptr ? InvalidOid : table;
}

}  // namespace

AccessRelation* ReadAccessRelation(Oid relation) {
  bool toast = get_rel_relkind(relation) == RELKIND_TOASTVALUE;
  if (toast) relation = TableOfToast(relation);
  MemoryContext context =
      AllocSetContextCreate(CurrentMemoryContext, "pg_gdpr reads of", ALLOCSET_SMALL_SIZES);
  MemoryContext outer = MemoryContextSwitchTo(context);
  List* ancestors = ReadAncestors(relation);
  bool log = IsLog(ancestors);
  bool detached = false;
  AccessRelation* access = nullptr;
  if (log || IsDeclared(ancestors, &detached)) {
    auto* self = static_cast<Ancestor*>(linitial(ancestors));
    access = static_cast<AccessRelation*>(palloc0(sizeof(AccessRelation)));
    access->context = context;
    access->oid = relation;
    access->schema = self->schema;
    access->name = self->name;
    access->log = log;
    access->toast = toast;
    access->detached = detached;
    SetAncestors(access, ancestors);
    if (!log && !toast) ReadWays(access, ancestors);
  }
  MemoryContextSwitchTo(outer);
  if (access == nullptr) MemoryContextDelete(context);
  return access;
}

}  // namespace gdpr::pg
