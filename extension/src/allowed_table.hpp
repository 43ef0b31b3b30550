// SPDX-License-Identifier: PostgreSQL
// The table of masks while it is open: shared by allowed.cpp (look-ups) and allowed_set.cpp
// (loading).
#pragma once

#include "core/key_set.hpp"
#include "extension/src/allowed.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

struct Near;  // the people of one page

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
  // The page that the last look-ups found their records in.
  Near* near;  ///< NULL: not yet, or it does not pay
  bool near_pays;
  BlockNumber last_block;
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

/// Finds a person among those of the remembered page. Returns whether the person is there.
bool FindNear(const OpenTable* table, const Datum* key, bool* open);

/// Called after a look-up found a record in table->slot: the second in a row from one page makes
/// the page's other records known, too. Runs with table->owner as the current resource owner.
void NoteNear(OpenTable* table, const People* people);

/// An integer key, whatever its width.
int64 AsInteger(Datum value, int16 length);

/// Appends a value to a key as bytes, so that different values have different bytes.
void AppendBytes(StringInfo buffer, Datum value, bool by_value, int16 length);

/// Frees the set. Callable in any state of a transaction.
void DropSet(OpenTable* table);

}  // namespace gdpr::pg
