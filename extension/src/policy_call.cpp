// SPDX-License-Identifier: PostgreSQL
#include "extension/src/policy_call.hpp"

#include "extension/src/owner.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

Snapshot StatementSnapshot() {
  if (!ActiveSnapshotSet()) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("policies can only be asked within a statement")));
  }
  return GetActiveSnapshot();
}

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
    snapshot = GetLatestSnapshot();
  }
  snapshot = RegisterSnapshot(snapshot);
  Session session = ask == Ask::kRehearse ? Session{user, Standing::kGranted, people->bit}
                                          : ReadSession(user, snapshot);
  bool silent = ask != Ask::kRead ||
                (session.standing == Standing::kUnnamed && no_purpose == kNoPurposeEmpty);
  access.nobody = session.standing != Standing::kGranted;
  if (access.nobody && !silent) RefuseSession(session);
  if (!access.nobody) {
    TypeSetting setting = ReadTypeSetting(people->subject_type, snapshot);
    access.nobody = setting.outside && ask != Ask::kRehearse;
    if (access.nobody && !silent) RefuseNetwork(people->subject_type);
    int64 mask = people->changeable ? setting.default_changeable : setting.default_allowed;
    people->bit = session.bit;
    people->open_by_default = (mask >> people->bit & 1) != 0;
    people->now = GetCurrentStatementStartTimestamp();
  }
  UnregisterSnapshot(snapshot);
  return access;
}

}  // namespace gdpr::pg
