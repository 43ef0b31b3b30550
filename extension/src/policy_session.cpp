// SPDX-License-Identifier: PostgreSQL
// Conditions on the session alone: the tenant it works for, the kinds of data its purpose needs.
#include "extension/src/policy_call.hpp"
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

struct TenantCall {
  Statement statement;
  bool nobody;
  char tenant[FLEXIBLE_ARRAY_MEMBER];
};

[[noreturn]] void RefuseTenant(Oid user) {
  const char* tenant = SessionTenant();
  const char* role = GetUserNameFromId(user, true);
  if (tenant[0] == '\0') {
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("no tenant is named"),
                    errhint("Run SET gdpr.tenant = '...'.")));
  }
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("tenant \"%s\" is not granted to role \"%s\"", tenant,
                         role == nullptr ? "" : role),
                  errhint("Ask for SELECT gdpr.grant_tenant(...), or name another tenant.")));
  pg_unreachable();
}

TenantCall* ReadTenant(FmgrInfo* function, Oid user, Snapshot snapshot) {
  const char* name = SessionTenant();
  bool empty = name[0] == '\0' && no_purpose == kNoPurposeEmpty;
  if (!empty && (name[0] == '\0' || !IsTenantGranted(user, snapshot))) RefuseTenant(user);
  auto* call = static_cast<TenantCall*>(
      MemoryContextAllocZero(function->fn_mcxt, sizeof(TenantCall) + strlen(name) + 1));
  call->statement = MakeStatement(user, snapshot);
  call->nobody = empty;
  strcpy(call->tenant, name);
  return call;
}

struct KindCall {
  Statement statement;
  bool nothing;    // no purpose
  bool all_kinds;  // the purpose does not say
  int count;
  char** kinds;
};

void ReadKinds(KindCall* call, MemoryContext home, Snapshot snapshot) {
  const char* name = SessionPurpose();
  StateScan scan;
  BeginStateScan(scan, "purpose", snapshot, name);
  if (NextState(scan)) {
    bool isnull;
    Datum kinds = slot_getattr(scan.slot, StateColumn(scan.heap, "kinds"), &isnull);
    call->all_kinds = isnull;
    if (!isnull) {
      Datum* items;
      bool* nulls;
      deconstruct_array(DatumGetArrayTypeP(kinds), TEXTOID, -1, false, TYPALIGN_INT, &items, &nulls,
                        &call->count);
      MemoryContext outer = MemoryContextSwitchTo(home);
      call->kinds = static_cast<char**>(palloc0(sizeof(char*) * (call->count + 1)));
      for (int i = 0; i < call->count; i++) {
        call->kinds[i] = nulls[i] ? pstrdup("") : TextDatumGetCString(items[i]);
      }
      MemoryContextSwitchTo(outer);
    }
  }
  EndStateScan(scan);
}

KindCall* MakeKinds(FmgrInfo* function, Oid user, Snapshot snapshot) {
  auto* call = static_cast<KindCall*>(MemoryContextAllocZero(function->fn_mcxt, sizeof(KindCall)));
  call->statement = MakeStatement(user, snapshot);
  call->nothing = ReadSession(user, snapshot).standing != Standing::kGranted;
  if (!call->nothing) ReadKinds(call, function->fn_mcxt, snapshot);
  return call;
}

bool IsText(const text* value, const char* other) {
  size_t length = VARSIZE_ANY_EXHDR(value);
  return length == strlen(other) && memcmp(VARDATA_ANY(value), other, length) == 0;
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr_internal.in_tenant(tenant text) -> boolean
GDPR_FUNCTION(gdpr_in_tenant) {
  auto* call = static_cast<TenantCall*>(fcinfo->flinfo->fn_extra);
  Snapshot snapshot = StatementSnapshot();
  Oid user = GetUserId();
  if (call == nullptr || !IsSameStatement(call->statement, user, snapshot)) {
    fcinfo->flinfo->fn_extra = call = ReadTenant(fcinfo->flinfo, user, snapshot);
  }
  if (call->nobody || PG_ARGISNULL(0)) PG_RETURN_BOOL(false);
  PG_RETURN_BOOL(IsText(PG_GETARG_TEXT_PP(0), call->tenant));
}

// gdpr_internal.shows_kind(kind text) -> boolean
GDPR_FUNCTION(gdpr_shows_kind) {
  auto* call = static_cast<KindCall*>(fcinfo->flinfo->fn_extra);
  Snapshot snapshot = StatementSnapshot();
  Oid user = GetUserId();
  if (call == nullptr || !IsSameStatement(call->statement, user, snapshot)) {
    fcinfo->flinfo->fn_extra = call = MakeKinds(fcinfo->flinfo, user, snapshot);
  }
  if (call->nothing) PG_RETURN_BOOL(false);
  if (call->all_kinds) PG_RETURN_BOOL(true);
  text* kind = PG_GETARG_TEXT_PP(0);
  for (int i = 0; i < call->count; i++) {
    if (IsText(kind, call->kinds[i])) PG_RETURN_BOOL(true);
  }
  PG_RETURN_BOOL(false);
}
