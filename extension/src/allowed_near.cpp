// SPDX-License-Identifier: PostgreSQL
// Records that lie side by side are often asked for one after the other: a page of contacts, a
// scan. Reading all of one page costs about what eight look-ups through the index do.
#include "extension/src/allowed_table.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr uint32 kSlots = 512;
constexpr int kMostRows = 384;  // a page of 8 kB has 291 at most; slots must stay free
constexpr int kHitsThatPay = 8;
constexpr int kFailures = 3;

struct NearKey {
  uint64 first;
  uint64 second;
};

struct NearSlot {
  NearKey key;
  uint32 page;  // number of the reading: slots of an earlier page are empty
  bool open;
};

}  // namespace

struct Near {
  uint32 page;
  BlockNumber block;
  int failures;
  mutable int hits;
  int16 length;  // of an integer key; 0: uuid
  NearSlot slots[kSlots];
};

namespace {

NearKey KeyOf(const Near* near, const Datum* key) {
  NearKey result{0, 0};
  if (near->length != 0) {
    result.first = static_cast<uint64>(AsInteger(key[0], near->length));
  } else {
    memcpy(&result, DatumGetUUIDP(key[0])->data, sizeof(result));
  }
  return result;
}

uint32 Home(const NearKey& key) {
  constexpr uint64 kOdd = 0x9E3779B97F4A7C15;
  return static_cast<uint32>(((key.first ^ (key.second * kOdd)) * kOdd) >> 55);
}

// The slot of the key, or the empty one it would have.
uint32 Find(const Near* near, const NearKey& key) {
  uint32 i = Home(key);
  while (near->slots[i].page == near->page &&
         (near->slots[i].key.first != key.first || near->slots[i].key.second != key.second)) {
    i = (i + 1) % kSlots;
  }
  return i;
}

Near* MakeNear(OpenTable* table) {
  Form_pg_attribute column =
      TupleDescAttr(RelationGetDescr(table->heap), table->key_columns[0] - 1);
  bool single = IndexRelationGetNumberOfKeyAttributes(table->index) == 1;
  bool fits = single && (column->attbyval || column->atttypid == UUIDOID) &&
              table->heap->rd_tableam->scan_set_tidrange != nullptr &&
              _bt_allequalimage(table->index, false);
  if (!fits) return nullptr;
  auto* near = static_cast<Near*>(MemoryContextAllocZero(table->context, sizeof(Near)));
  near->length = column->attbyval ? column->attlen : static_cast<int16>(0);
  near->block = InvalidBlockNumber;
  near->hits = kHitsThatPay;
  return near;
}

void ReadPage(OpenTable* table, const People* people, Near* near) {
  ItemPointerData first;
  ItemPointerData last;
  ItemPointerSet(&first, near->block, FirstOffsetNumber);
  ItemPointerSet(&last, near->block, MaxOffsetNumber);
  TableScanDesc scan = table_beginscan_tidrange(table->heap, table->snapshot, &first, &last);
  TupleTableSlot* slot = table_slot_create(table->heap, nullptr);
  int rows = 0;
  while (rows++ < kMostRows && table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot)) {
    bool isnull;
    Datum value = slot_getattr(slot, table->key_columns[0], &isnull);
    NearKey key = KeyOf(near, &value);
    NearSlot* place = &near->slots[Find(near, key)];
    place->key = key;
    place->page = near->page;
    place->open = IsRowOpen(table, people, slot);
  }
  ExecDropSingleTupleTableSlot(slot);
  table_endscan(scan);
}

}  // namespace

bool FindNear(const OpenTable* table, const Datum* key, bool* open) {
  const Near* near = table->near;
  const NearSlot* slot = &near->slots[Find(near, KeyOf(near, key))];
  if (slot->page != near->page) return false;
  near->hits++;
  *open = slot->open;
  return true;
}

void NoteNear(OpenTable* table, const People* people) {
  if (!table->near_pays || TTS_EMPTY(table->slot)) return;
  BlockNumber block = ItemPointerGetBlockNumber(&table->slot->tts_tid);
  bool again = block == table->last_block;
  table->last_block = block;
  if (!again) return;
  if (table->near == nullptr) table->near = MakeNear(table);
  Near* near = table->near;
  if (near == nullptr) {
    table->near_pays = false;
    return;
  }
  near->failures = near->hits < kHitsThatPay ? near->failures + 1 : 0;
  if (near->failures >= kFailures) {
    table->near_pays = false;
    table->near = nullptr;
    return;
  }
  near->hits = 0;
  near->page++;
  near->block = block;
  ReadPage(table, people, near);
}

}  // namespace gdpr::pg
