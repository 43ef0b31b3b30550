// SPDX-License-Identifier: PostgreSQL
// The masks as one exact set: the people whose bit differs from that of people without a record.
#include <new>
#include <string_view>

#include "extension/src/allowed_table.hpp"
#include "extension/src/purpose.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr uint64 kProbesBeforeLoading = 300;
constexpr double kRecordsPerProbe = 10;  // one look-up costs about what loading ten records does

// The mask that holds at people->now among the changes to come: triples of time, allowed,
// changeable.
bool IsOpenLater(const OpenTable* table, const People* people, TupleTableSlot* slot) {
  bool isnull;
  Datum later = slot_getattr(slot, table->later, &isnull);
  if (isnull) return people->bit == 0;
  ArrayType* array = DatumGetArrayTypeP(later);
  int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
  auto* items = reinterpret_cast<int64*>(ARR_DATA_PTR(array));
  int64 mask = 1;
  for (int i = 0; i + 2 < count && items[i] <= people->now; i += 3) {
    mask = items[i + (people->changeable ? 2 : 1)];
  }
  if (reinterpret_cast<Pointer>(array) != DatumGetPointer(later)) pfree(array);
  return (mask >> people->bit & 1) != 0;
}

KeySet::Uuid AsUuid(Datum value) {
  KeySet::Uuid uuid;
  memcpy(&uuid, DatumGetUUIDP(value)->data, sizeof(uuid));
  return uuid;
}

// Equal keys have equal bytes: the index says so of its types and collations.
std::string_view AsBytes(OpenTable* table, const Datum* key) {
  StringInfo buffer = &table->buffer;
  resetStringInfo(buffer);
  int count = IndexRelationGetNumberOfKeyAttributes(table->index);
  for (int i = 0; i < count; i++) {
    Form_pg_attribute column =
        TupleDescAttr(RelationGetDescr(table->heap), table->key_columns[i] - 1);
    AppendBytes(buffer, key[i], column->attbyval, column->attlen);
  }
  return {buffer->data, static_cast<size_t>(buffer->len)};
}

bool Add(OpenTable* table, const Datum* key) {
  switch (table->sort) {
    case KeySet::Sort::kIntegers:
      return table->set->Add(AsInteger(key[0], TupleDescAttr(table->index->rd_att, 0)->attlen));
    case KeySet::Sort::kUuids:
      return table->set->Add(AsUuid(key[0]));
    default:
      return table->set->Add(AsBytes(table, key));
  }
}

void MakeSet(OpenTable* table) {
  Form_pg_attribute first = TupleDescAttr(RelationGetDescr(table->heap), table->key_columns[0] - 1);
  bool single = IndexRelationGetNumberOfKeyAttributes(table->index) == 1;
  table->sort = KeySet::Sort::kBytes;
  if (single && first->attbyval) table->sort = KeySet::Sort::kIntegers;
  if (single && first->atttypid == UUIDOID) table->sort = KeySet::Sort::kUuids;
  MemoryContext outer = MemoryContextSwitchTo(table->context);
  initStringInfo(&table->buffer);
  void* memory = palloc(sizeof(KeySet));
  MemoryContextSwitchTo(outer);
  uint64 seed = 0;
  if (!pg_strong_random(&seed, sizeof(seed))) seed = 0;
  table->set = new (memory) KeySet(table->sort, static_cast<size_t>(policy_memory) * 1024, seed);
}

// Returns false when the memory does not suffice.
bool FillSet(OpenTable* table, const People* people) {
  TableScanDesc scan = table_beginscan(table->heap, table->snapshot, 0, nullptr);
  TupleTableSlot* slot = table_slot_create(table->heap, nullptr);
  bool fits = true;
  uint64 rows = 0;
  while (fits && table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
    if (++rows % 1000 == 0) CHECK_FOR_INTERRUPTS();
    if (IsRowOpen(table, people, slot) == people->open_by_default) continue;
    Datum key[INDEX_MAX_KEYS];
    for (int i = 0; i < people->key_count; i++) {
      bool isnull;
      key[i] = slot_getattr(slot, table->key_columns[i], &isnull);
    }
    fits = Add(table, key);
  }
  ExecDropSingleTupleTableSlot(slot);
  table_endscan(scan);
  return fits;
}

}  // namespace

bool IsRowOpen(const OpenTable* table, const People* people, TupleTableSlot* slot) {
  slot_getsomeattrs(slot, Max(table->mask, table->valid_until));
  if (people->now >= DatumGetTimestampTz(slot->tts_values[table->valid_until - 1])) {
    return IsOpenLater(table, people, slot);
  }
  return (DatumGetInt64(slot->tts_values[table->mask - 1]) >> people->bit & 1) != 0;
}

bool ShouldLoad(const OpenTable* table, const People* people) {
  if (people->lookups <= kProbesBeforeLoading) return false;
  BlockNumber pages;
  double records;
  double all_visible;
  // Only now and then: it asks the file system
  if (people->lookups % kProbesBeforeLoading != 1) return false;
  table_relation_estimate_size(table->heap, nullptr, &pages, &records, &all_visible);
  return static_cast<double>(people->lookups) * kRecordsPerProbe > records;
}

void LoadSet(OpenTable* table, const People* people) {
  table->loading = Loading::kImpossible;
  if (!_bt_allequalimage(table->index, false)) return;
  MakeSet(table);
  if (FillSet(table, people)) {
    table->loading = Loading::kDone;
  } else {
    DropSet(table);
  }
}

bool IsInSet(OpenTable* table, const Datum* key) {
  switch (table->sort) {
    case KeySet::Sort::kIntegers:
      return table->set->Contains(
          AsInteger(key[0], TupleDescAttr(table->index->rd_att, 0)->attlen));
    case KeySet::Sort::kUuids:
      return table->set->Contains(AsUuid(key[0]));
    default:
      return table->set->Contains(AsBytes(table, key));
  }
}

int64 AsInteger(Datum value, int16 length) {
  switch (length) {
    case 1:
      return DatumGetChar(value);
    case 2:
      return DatumGetInt16(value);
    case 4:
      return DatumGetInt32(value);
    default:
      return DatumGetInt64(value);
  }
}

void AppendBytes(StringInfo buffer, Datum value, bool by_value, int16 length) {
  if (by_value) {
    int64 number = AsInteger(value, length);
    appendBinaryStringInfo(buffer, reinterpret_cast<char*>(&number), sizeof(number));
  } else if (length == -1) {
    varlena* bytes = PG_DETOAST_DATUM_PACKED(value);
    auto size = static_cast<int32>(VARSIZE_ANY_EXHDR(bytes));
    appendBinaryStringInfo(buffer, reinterpret_cast<char*>(&size), sizeof(size));
    appendBinaryStringInfo(buffer, VARDATA_ANY(bytes), size);
    if (reinterpret_cast<Pointer>(bytes) != DatumGetPointer(value)) pfree(bytes);
  } else {
    // Fixed, or a C string with its end
    auto size = static_cast<int>(datumGetSize(value, false, length));
    appendBinaryStringInfo(buffer, DatumGetPointer(value), size);
  }
}

void DropSet(OpenTable* table) {
  if (table->set != nullptr) table->set->~KeySet();
  table->set = nullptr;
}

}  // namespace gdpr::pg
