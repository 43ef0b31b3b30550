// SPDX-License-Identifier: PostgreSQL
// Masked views belong to gdpr_owner, who need not have USAGE on the schemas they lie in: what is
// done to them goes by OID.
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

void RequireOwnView(Oid view) {
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(view));
  bool own = false;
  if (HeapTupleIsValid(tuple)) {
    auto* form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
    own = form->relkind == RELKIND_VIEW && form->relowner == StateOwner();
    ReleaseSysCache(tuple);
  }
  if (!own) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("relation with OID %u is not a masked view", view)));
  }
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr_internal.take_relation(relation oid): makes gdpr_owner the owner of a masked view, or of a
// table of masks
GDPR_FUNCTION(gdpr_take_relation) {
  Oid relation = PG_GETARG_OID(0);
  char kind = get_rel_relkind(relation);
  bool ours = kind == RELKIND_RELATION &&
              get_rel_namespace(relation) == get_namespace_oid("gdpr_internal", false);
  if (kind != RELKIND_VIEW && !ours) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("only views and tables of schema gdpr_internal are taken over")));
  }
  // As in a recursion: nobody is asked whether gdpr_owner, of whom nobody is a member, may own it
  ATExecChangeOwner(relation, StateOwner(), true, AccessExclusiveLock);
  PG_RETURN_VOID();
}

// gdpr_internal.set_view_acl(view oid, column_number int2, acl aclitem[]): the rights on a masked
// view, or with a number on one of its columns. Written as they are: a GRANT would make every
// grantor the owner.
GDPR_FUNCTION(gdpr_set_view_acl) {
  Oid view = PG_GETARG_OID(0);
  AttrNumber column = PG_GETARG_INT16(1);
  Acl* acl = PG_GETARG_ACL_P(2);
  LockRelationOid(view, AccessExclusiveLock);
  RequireOwnView(view);
  bool whole = column == 0;
  Oid catalog_id = whole ? RelationRelationId : AttributeRelationId;
  Relation catalog = table_open(catalog_id, RowExclusiveLock);
  HeapTuple old = whole
                      ? SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(view))
                      : SearchSysCacheCopy2(ATTNUM, ObjectIdGetDatum(view), Int16GetDatum(column));
  if (!HeapTupleIsValid(old)) elog(ERROR, "masked view %u has no column %d", view, column);
  int number = whole ? Anum_pg_class_relacl : Anum_pg_attribute_attacl;
  bool isnull;
  Datum before = heap_getattr(old, number, RelationGetDescr(catalog), &isnull);
  Oid* members_before = nullptr;
  int count_before = isnull ? 0 : aclmembers(DatumGetAclP(before), &members_before);
  Oid* members;
  int count = aclmembers(acl, &members);
  Datum value = PointerGetDatum(acl);
  bool empty = false;
  HeapTuple tuple =
      heap_modify_tuple_by_cols(old, RelationGetDescr(catalog), 1, &number, &value, &empty);
  CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
  updateAclDependencies(RelationRelationId, view, column, StateOwner(), count_before,
                        members_before, count, members);
  table_close(catalog, RowExclusiveLock);
  CommandCounterIncrement();
  PG_RETURN_VOID();
}

// gdpr_internal.drop_view(view oid): DROP VIEW … RESTRICT
GDPR_FUNCTION(gdpr_drop_view) {
  Oid view = PG_GETARG_OID(0);
  LockRelationOid(view, AccessExclusiveLock);
  RequireOwnView(view);
  ObjectAddress address;
  ObjectAddressSet(address, RelationRelationId, view);
  performDeletion(&address, DROP_RESTRICT, 0);
  PG_RETURN_VOID();
}
