// SPDX-License-Identifier: PostgreSQL
// Purposes, grants and settings of subject types: few rows, asked for by every statement, hardly
// ever changed. A backend remembers them only as far as that cannot be told from reading them.
//
// Whoever changes one of their tables writes the transaction's number into shared memory before the
// change can be seen (row triggers do). If that number precedes the xmin of a snapshot, the
// snapshot sees all changes there ever were; two such snapshots see the same as long as the number
// is the same. For any other snapshot the tables are read.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

struct PurposeFacts {
  bool exists;
  int bit;
  int role_count;
  NameData* roles;  ///< to whom it was granted
};

struct TypeFacts {
  int64 default_allowed;
  int64 default_changeable;
  ArrayType* networks;  ///< NULL: any
};

/// What the tables say with this snapshot. Valid until the next call.
const PurposeFacts* FindPurpose(const char* purpose, Snapshot snapshot);
const TypeFacts* FindType(const char* subject_type, Snapshot snapshot);

/// Asks for shared memory, where the library is preloaded; elsewhere nothing is remembered.
void RegisterSettingsCache();

}  // namespace gdpr::pg
