// SPDX-License-Identifier: PostgreSQL
// Who may be processed: the masks in gdpr_internal."<type>_allowed", looked up one by one or, for
// statements that ask often, loaded once. Nothing outlives a statement.
#pragma once

#include "extension/src/pg.hpp"

namespace gdpr::pg {

struct OpenTable;  // the table of masks, kept open

/// What one place that asks (a policy, a trigger's condition) knows of a subject type.
struct People {
  MemoryContext home;  ///< lives as long as whoever asks
  char subject_type[NAMEDATALEN];
  int key_count;
  Oid key_types[INDEX_MAX_KEYS];  ///< what the caller passes
  bool changeable;                ///< the mask for changes, else the one for reading
  bool latest;                    ///< each look-up has a snapshot of its own
  int bit;                        ///< the purpose's
  bool open_by_default;           ///< for people without a record
  TimestampTz now;
  uint64 lookups;
  OpenTable* table;  ///< NULL: not kept open (yet, or not any more)
};

/// Sets People up; no table is touched. Errors: 22023 when no subject type can have that name.
void PreparePeople(People* people, MemoryContext home, const char* subject_type, int key_count,
                   const Oid* key_types);

/// Whether the person with this key is open for people->bit at people->now. The key has no NULLs.
/// errors  42704 the type has no table of masks, 42804 key columns of other types
bool IsOpen(People* people, Snapshot snapshot, const Datum* key);

/// Closes what is kept open: another statement begins.
void ForgetPeople(People* people);

/// For the planner: the share of recorded people who are open for `bit`, or -1 where there are no
/// statistics.
double EstimateOpen(const char* subject_type, int bit);

/// Registers the callbacks that keep the ends of transactions from leaving anything open.
void RegisterAllowed();

}  // namespace gdpr::pg
