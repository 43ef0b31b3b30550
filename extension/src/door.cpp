// SPDX-License-Identifier: PostgreSQL
// Functions that ask who owns a table must know who called them. Inside SECURITY DEFINER that is no
// longer known: current_user is our owner, and the session's user may be somebody whose DELETE merely
// set off a trigger of the real caller. So each such function has a door: a plain C function that
// notes the caller and calls the definer function of the same name in schema gdpr_internal.
#include "extension/src/door.hpp"

#include "extension/src/owner.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

Door* current_door = nullptr;

// The definer function behind the door that `fcinfo` calls: same name and arguments, gdpr_internal.
Oid FunctionBehind(FunctionCallInfo fcinfo) {
  HeapTuple door = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
  if (!HeapTupleIsValid(door)) elog(ERROR, "cache lookup failed for function");
  auto* form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(door));
  Oid behind = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, NameGetDatum(&form->proname),
                               PointerGetDatum(&form->proargtypes),
                               ObjectIdGetDatum(get_namespace_oid("gdpr_internal", false)));
  if (!OidIsValid(behind)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
                    errmsg("function %s is not complete", NameStr(form->proname)),
                    errhint("Run ALTER EXTENSION pg_gdpr UPDATE.")));
  }
  ReleaseSysCache(door);
  return behind;
}

}  // namespace

void OpenDoor(Door& door) {
  door = {current_door, GetUserId(), CurrentScope()};
  current_door = &door;
}

void CloseDoor(const Door& door) {
  current_door = door.outer;
}

Oid DoorCaller(const OwnerScope* scope) {
  return current_door != nullptr && current_door->scope == scope ? current_door->caller
                                                                 : InvalidOid;
}

}  // namespace gdpr::pg

using namespace gdpr::pg;

// Every function of 38-doors.api.sql.
GDPR_FUNCTION(gdpr_door) {
  if (fcinfo->flinfo->fn_extra == nullptr) {
    auto* behind = static_cast<FmgrInfo*>(
        MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(FmgrInfo)));
    fmgr_info_cxt(FunctionBehind(fcinfo), behind, fcinfo->flinfo->fn_mcxt);
    fcinfo->flinfo->fn_extra = behind;
  }
  LOCAL_FCINFO(call, FUNC_MAX_ARGS);
  InitFunctionCallInfoData(*call, static_cast<FmgrInfo*>(fcinfo->flinfo->fn_extra), fcinfo->nargs,
                           fcinfo->fncollation, nullptr, fcinfo->resultinfo);
  for (int i = 0; i < fcinfo->nargs; i++) call->args[i] = fcinfo->args[i];
  Door door;
  OpenDoor(door);
  volatile Datum result = 0;
  PG_TRY();
  { result = FunctionCallInvoke(call); }
  PG_FINALLY();
  { CloseDoor(door); }
  PG_END_TRY();
  fcinfo->isnull = call->isnull;
  return result;
}
