// SPDX-License-Identifier: PostgreSQL
#include "extension/src/policy_call.hpp"

#include "extension/src/owner.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

bool IsSameStatement(const Statement& statement, Oid user, Snapshot snapshot) {
  return statement.user == user && statement.completions == snapshot->snapXactCompletionCount &&
         statement.command == snapshot->curcid && statement.xmax == snapshot->xmax &&
         statement.xmin == snapshot->xmin && statement.transaction == CurrentLocalXid();
}

Statement MakeStatement(Oid user, Snapshot snapshot) {
  return {user,           CurrentLocalXid(), snapshot->xmin,
          snapshot->xmax, snapshot->curcid,  snapshot->snapXactCompletionCount};
}

Oid ActingUser() {
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  // While we work as a table's owner, her code has her purposes, not those of whoever called us
  if (CurrentScope() != nullptr) return user;
  return (context & SECURITY_NOFORCE_RLS) != 0 ? GetOuterUserId() : user;
}

Access ReadAccess(People* people, Ask ask, Oid user, Snapshot snapshot) {
  Access access{};
  if (ask == Ask::kChange) {
    access.everything = superuser_arg(user) || has_bypassrls_privilege(user);
    if (access.everything) return access;
  }
  access.session = ReadSession(user, snapshot);
  Standing standing = access.session.standing;
  bool silent =
      ask != Ask::kRead || (standing == Standing::kUnnamed && no_purpose == kNoPurposeEmpty);
  if (standing != Standing::kGranted) {
    if (!silent) RefuseSession(access.session);
    access.nobody = true;
    return access;
  }
  access.setting = ReadTypeSetting(people->subject_type, snapshot);
  if (access.setting.outside) {
    if (!silent) RefuseNetwork(people->subject_type);
    access.nobody = true;
    return access;
  }
  int64 mask =
      people->changeable ? access.setting.default_changeable : access.setting.default_allowed;
  people->bit = access.session.bit;
  people->open_by_default = (mask >> people->bit & 1) != 0;
  people->now = GetCurrentStatementStartTimestamp();
  return access;
}

}  // namespace gdpr::pg
