// SPDX-License-Identifier: PostgreSQL
// The purpose guard, and the owner of masked views.
#include "extension/src/owner.hpp"
#include "extension/src/policy_call.hpp"
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr int kErrorRefused = MAKE_SQLSTATE('P', 'D', '0', '0', '7');

// Our own statements pass, and what an owner's triggers do in the same erasure with tables of her
// own.
bool EngineChanges(Relation relation) {
  const OwnerScope* scope = CurrentScope();
  return scope != nullptr && scope->engine && relation->rd_rel->relowner == GetUserId();
}

[[noreturn]] void Refuse(const TriggerData* data) {
  Relation relation = data->tg_relation;
  const char* name = RelationGetRelationName(relation);
  const char* schema = get_namespace_name(RelationGetNamespace(relation));
  ereport(ERROR,
          (errcode(kErrorRefused),
           errmsg("a row of relation \"%s\" is about a person who may not be processed for "
                  "purpose \"%s\"",
                  name, SessionPurpose()),
           errdetail("The person gave no consent to it, objected, or is restricted."),
           errhint("Purpose \"administration\" can always be used to correct or erase, if it is "
                   "granted; gdpr.why() says what decides."),
           err_generic_string(PG_DIAG_SCHEMA_NAME, schema),
           err_generic_string(PG_DIAG_TABLE_NAME, name)));
  pg_unreachable();
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr.refuse_change(subject types…): AFTER INSERT OR UPDATE OR DELETE FOR EACH ROW WHEN (NOT
// gdpr_internal.may_change(…))
GDPR_FUNCTION(gdpr_refuse_change) {
  if (!CALLED_AS_TRIGGER(fcinfo)) {
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("gdpr.refuse_change() can only be called as a trigger")));
  }
  auto* data = reinterpret_cast<TriggerData*>(fcinfo->context);
  if (EngineChanges(data->tg_relation)) return PointerGetDatum(nullptr);
  Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  Session session = ReadSession(ActingUser(), snapshot);
  if (session.standing != Standing::kGranted) RefuseSession(session);
  for (int i = 0; i < data->tg_trigger->tgnargs; i++) {
    const char* subject_type = data->tg_trigger->tgargs[i];
    if (ReadTypeSetting(subject_type, snapshot).outside) RefuseNetwork(subject_type);
  }
  UnregisterSnapshot(snapshot);
  Refuse(data);
}

// gdpr_internal.give_view(view oid): hands a view, or a table of masks, to the owner of pg_gdpr
GDPR_FUNCTION(gdpr_give_view) {
  Oid view = PG_GETARG_OID(0);
  bool ours = get_rel_relkind(view) == RELKIND_RELATION &&
              get_rel_namespace(view) == get_namespace_oid("gdpr_internal", false);
  if (get_rel_relkind(view) != RELKIND_VIEW && !ours) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("only views are given away")));
  }
  // As in a recursion: nobody is asked whether gdpr_owner, of whom nobody is a member, may own it
  ATExecChangeOwner(view, StateOwner(), true, AccessExclusiveLock);
  PG_RETURN_VOID();
}
