// SPDX-License-Identifier: PostgreSQL
// The purpose guard, and the keeper of masks in tables of people.
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

// The columns in a table of people that repeat a person's mask.
constexpr const char* kMaskColumns[] = {"gdpr_allowed", "gdpr_valid_until"};

// The new row without a mask. Nothing is cast and no domain is asked: those are users' code.
HeapTuple WithoutMask(const TriggerData* data) {
  TupleDesc desc = RelationGetDescr(data->tg_relation);
  int numbers[lengthof(kMaskColumns)];
  Datum values[lengthof(kMaskColumns)] = {};
  bool nulls[lengthof(kMaskColumns)];
  int count = 0;
  for (const char* column : kMaskColumns) {
    int number = SPI_fnumber(desc, column);
    if (number <= 0) continue;
    numbers[count] = number;
    nulls[count++] = true;
  }
  return heap_modify_tuple_by_cols(data->tg_trigtuple, desc, count, numbers, values, nulls);
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

// gdpr.keep_allowed(): BEFORE INSERT OR UPDATE FOR EACH ROW WHEN the row has a mask of its own
GDPR_FUNCTION(gdpr_keep_allowed) {
  auto* data = reinterpret_cast<TriggerData*>(fcinfo->context);
  if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(data->tg_event) ||
      !TRIGGER_FIRED_FOR_ROW(data->tg_event)) {
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("gdpr.keep_allowed() must be fired before each row")));
  }
  if (EngineAtWork(data->tg_relation)) {
    bool updates = TRIGGER_FIRED_BY_UPDATE(data->tg_event);
    return PointerGetDatum(updates ? data->tg_newtuple : data->tg_trigtuple);
  }
  if (TRIGGER_FIRED_BY_INSERT(data->tg_event)) return PointerGetDatum(WithoutMask(data));
  ereport(ERROR,
          (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
           errmsg("columns \"%s\" and \"%s\" of relation %s are kept by pg_gdpr", kMaskColumns[0],
                  kMaskColumns[1], RelationName(RelationGetRelid(data->tg_relation))),
           errdetail("They repeat what is recorded, and decide who sees the row."),
           errhint("Leave them out of the UPDATE; gdpr.record_consent() changes what they "
                   "say.")));
  pg_unreachable();
}
