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

// gdpr_internal.grant_view(view oid, role oid): GRANT SELECT ON view TO role WITH GRANT OPTION
GDPR_FUNCTION(gdpr_grant_view) {
  Oid view = PG_GETARG_OID(0);
  RequireOwnView(view);
  auto* privilege = makeNode(AccessPriv);
  privilege->priv_name = pstrdup("select");
  auto* grantee = makeNode(RoleSpec);
  grantee->roletype = ROLESPEC_CSTRING;
  grantee->rolename = GetUserNameFromId(PG_GETARG_OID(1), false);
  auto* grant = makeNode(GrantStmt);
  grant->is_grant = true;
  grant->targtype = ACL_TARGET_OBJECT;
  grant->objtype = OBJECT_TABLE;
  grant->objects =
      list_make1(makeRangeVar(get_namespace_name(get_rel_namespace(view)), get_rel_name(view), -1));
  grant->privileges = list_make1(privilege);
  grant->grantees = list_make1(grantee);
  grant->grant_option = true;
  grant->behavior = DROP_RESTRICT;
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  // For the look-up of the name; the grant is the view's owner's. An error ends the transaction,
  // which brings the user back.
  SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, context | SECURITY_LOCAL_USERID_CHANGE);
  ExecuteGrantStmt(grant);
  SetUserIdAndSecContext(user, context);
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
