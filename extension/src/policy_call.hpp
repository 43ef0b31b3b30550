// SPDX-License-Identifier: PostgreSQL
// What every place that asks keeps from row to row: the statement it was asked in, and the
// session's standing as of that statement.
#pragma once

#include "extension/src/allowed.hpp"
#include "extension/src/purpose.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// Tells one statement of a backend from another by what it can see and as whom it runs.
struct Statement {
  Oid user;
  LocalTransactionId transaction;
  TransactionId xmin;
  TransactionId xmax;
  CommandId command;
  uint64 completions;
};

/// The snapshot of the statement that asks. Errors: 55000 when there is none.
Snapshot StatementSnapshot();

/// Whether `snapshot`, used as `user`, still is the statement's.
bool IsSameStatement(const Statement& statement, Oid user, Snapshot snapshot);

/// What is read now with this snapshot, as this user.
Statement MakeStatement(Oid user, Snapshot snapshot);

/// The session's user; while a foreign key's action runs as the table's owner, whoever set it off.
Oid ActingUser();

/// kRehearse: what another session would see, whose purpose is given by its bit.
enum class Ask { kRead, kShow, kChange, kRehearse };

/// How a statement's session stands towards one subject type.
struct Access {
  bool everything;  ///< changes by a superuser or BYPASSRLS
  bool nobody;      ///< nobody is open: no purpose or wrong network, and that is no error here
};

/// Reads how the session stands, and gives `people` the purpose's bit, its default and the time.
/// Changes are judged by what is committed now, whatever the statement's snapshot is. A rehearsal asks
/// neither the session nor its network: people->bit is set.
/// errors  PD008, 42704, 42501 where kRead must not go on
Access ReadAccess(People* people, Ask ask, Oid user, Snapshot snapshot);

}  // namespace gdpr::pg
