// SPDX-License-Identifier: PostgreSQL
// The table of masks while it is open: shared by allowed.cpp (look-ups) and allowed_set.cpp
// (loading).
#pragma once

#include "core/key_set.hpp"
#include "extension/src/allowed.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

enum class Loading { kLater, kDone, kImpossible };

struct OpenTable {
  Relation heap;
  Relation index;
  IndexScanDesc scan;
  TupleTableSlot* slot;
  Snapshot snapshot;  ///< registered with owner; NULL when each look-up brings its own
  ScanKeyData keys[INDEX_MAX_KEYS];
  AttrNumber key_columns[INDEX_MAX_KEYS];
  AttrNumber mask;  ///< allowed or changeable
  AttrNumber valid_until;
  AttrNumber later;
  // Kept open only:
  OpenTable* next;  ///< of those kept open
  OpenTable* previous;
  MemoryContext context;
  MemoryContextCallback forget;
  ResourceOwner owner;
  SubTransactionId subid;
  People* people;
  // The loaded set: the people whose bit differs from what people without a record have.
  Loading loading;
  KeySet* set;
  KeySet::Sort sort;
  StringInfoData buffer;  ///< a key of several columns, as bytes
};

/// Whether the row in the slot is open for people->bit at people->now.
bool IsRowOpen(const OpenTable* table, const People* people, TupleTableSlot* slot);

/// Whether it pays to load now, after people->lookups single look-ups.
bool ShouldLoad(const OpenTable* table, const People* people);

/// Loads the set within gdpr.policy_memory; table->loading says whether it fitted. Runs with
/// table->owner as the current resource owner.
void LoadSet(OpenTable* table, const People* people);

/// Whether the key is in the loaded set.
bool IsInSet(OpenTable* table, const Datum* key);

/// Appends a value to a key as bytes, so that different values have different bytes.
void AppendBytes(StringInfo buffer, Datum value, bool by_value, int16 length);

/// Frees the set. Callable in any state of a transaction.
void DropSet(OpenTable* table);

}  // namespace gdpr::pg
