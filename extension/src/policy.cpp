// SPDX-License-Identifier: PostgreSQL
// What policies, guards and masked views ask about a person: once per row, so the session and its
// purpose are looked up once per statement.
#include "extension/src/policy_call.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

// Kept by one call site (fn_extra).
struct Policy {
  int first_key;  // argument number
  bool constant;  // the subject type is the same in each call
  bool begun;
  Statement statement;
  Access access;
  People people;
};

[[noreturn]] void RefuseNull() {
  ereport(ERROR,
          (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("subject type must not be null")));
  pg_unreachable();
}

Policy* MakePolicy(FunctionCallInfo fcinfo, Ask ask, int first_key) {
  FmgrInfo* function = fcinfo->flinfo;
  int keys = PG_NARGS() - first_key;
  if (get_fn_expr_variadic(function) || keys < 1 || keys > INDEX_MAX_KEYS) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("a key is passed as one argument for each of its columns")));
  }
  auto* policy = static_cast<Policy*>(MemoryContextAllocZero(function->fn_mcxt, sizeof(Policy)));
  policy->first_key = first_key;
  policy->constant = get_fn_expr_arg_stable(function, 0);
  Oid types[INDEX_MAX_KEYS];
  for (int i = 0; i < keys; i++) types[i] = get_fn_expr_argtype(function, first_key + i);
  char* subject_type = text_to_cstring(PG_GETARG_TEXT_PP(0));
  PreparePeople(&policy->people, function->fn_mcxt, subject_type, keys, types);
  policy->people.changeable = policy->people.latest = ask == Ask::kChange;
  pfree(subject_type);
  return policy;
}

bool IsSameType(const Policy* policy, text* subject_type) {
  size_t length = VARSIZE_ANY_EXHDR(subject_type);
  return length == strlen(policy->people.subject_type) &&
         memcmp(VARDATA_ANY(subject_type), policy->people.subject_type, length) == 0;
}

// The call site's policy, ready for this statement.
Policy* Prepare(FunctionCallInfo fcinfo, Ask ask, int first_key, Snapshot snapshot) {
  auto* policy = static_cast<Policy*>(fcinfo->flinfo->fn_extra);
  if (policy != nullptr && !policy->constant) {
    if (PG_ARGISNULL(0)) RefuseNull();
    if (!IsSameType(policy, PG_GETARG_TEXT_PP(0))) {
      ForgetPeople(&policy->people);
      pfree(policy);
      fcinfo->flinfo->fn_extra = policy = nullptr;
    }
  }
  if (policy == nullptr) {
    if (PG_ARGISNULL(0)) RefuseNull();
    fcinfo->flinfo->fn_extra = policy = MakePolicy(fcinfo, ask, first_key);
  }
  Oid user = ask == Ask::kChange ? ActingUser() : GetUserId();
  int bit = ask == Ask::kRehearse ? PG_GETARG_INT32(1) : policy->people.bit;
  if (policy->begun && bit == policy->people.bit &&
      IsSameStatement(policy->statement, user, snapshot)) {
    return policy;
  }
  policy->begun = false;
  ForgetPeople(&policy->people);
  policy->people.bit = bit;
  policy->access = ReadAccess(&policy->people, ask, user, snapshot);
  policy->statement = MakeStatement(user, snapshot);
  policy->begun = true;
  return policy;
}

// Reads the key. Returns false when a column is NULL: the row is nobody's.
bool ReadKey(FunctionCallInfo fcinfo, const Policy* policy, Datum* key) {
  for (int i = 0; i < policy->people.key_count; i++) {
    if (PG_ARGISNULL(policy->first_key + i)) return false;
    key[i] = PG_GETARG_DATUM(policy->first_key + i);
  }
  return true;
}

bool MayRead(FunctionCallInfo fcinfo, Ask ask) {
  Snapshot snapshot = StatementSnapshot();
  Policy* policy = Prepare(fcinfo, ask, ask == Ask::kRehearse ? 2 : 1, snapshot);
  Datum key[INDEX_MAX_KEYS];
  if (!ReadKey(fcinfo, policy, key)) return true;
  return !policy->access.nobody && IsOpen(&policy->people, snapshot, key);
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr_internal.may_read(subject_type text, VARIADIC key "any") -> boolean
GDPR_FUNCTION(gdpr_may_read) {
  PG_RETURN_BOOL(MayRead(fcinfo, Ask::kRead));
}

// gdpr_internal.shows(subject_type text, VARIADIC key "any") -> boolean
GDPR_FUNCTION(gdpr_shows) {
  PG_RETURN_BOOL(MayRead(fcinfo, Ask::kShow));
}

// gdpr_internal.would_read(subject_type text, purpose_bit int, VARIADIC key "any") -> boolean
GDPR_FUNCTION(gdpr_would_read) {
  PG_RETURN_BOOL(MayRead(fcinfo, Ask::kRehearse));
}

// gdpr_internal.may_read_inline(subject_type text, allowed bigint, valid_until timestamptz,
// VARIADIC key "any") -> boolean
GDPR_FUNCTION(gdpr_may_read_inline) {
  constexpr int kFirstKey = 3;
  Snapshot snapshot = StatementSnapshot();
  Policy* policy = Prepare(fcinfo, Ask::kRead, kFirstKey, snapshot);
  Datum key[INDEX_MAX_KEYS];
  if (!ReadKey(fcinfo, policy, key)) PG_RETURN_BOOL(true);
  if (policy->access.nobody) PG_RETURN_BOOL(false);
  if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && policy->people.now < PG_GETARG_TIMESTAMPTZ(2)) {
    PG_RETURN_BOOL((PG_GETARG_INT64(1) >> policy->people.bit & 1) != 0);
  }
  PG_RETURN_BOOL(IsOpen(&policy->people, snapshot, key));
}

// gdpr_internal.may_change(subject_type text, VARIADIC key "any") -> boolean
GDPR_FUNCTION(gdpr_may_change) {
  Policy* policy = Prepare(fcinfo, Ask::kChange, 1, StatementSnapshot());
  Datum key[INDEX_MAX_KEYS];
  if (policy->access.everything || !ReadKey(fcinfo, policy, key)) PG_RETURN_BOOL(true);
  if (policy->access.nobody) PG_RETURN_BOOL(false);
  PG_RETURN_BOOL(IsOpen(&policy->people, GetLatestSnapshot(), key));
}
