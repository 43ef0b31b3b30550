// SPDX-License-Identifier: PostgreSQL
#include "extension/src/audit_pairs.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

void BeginReader(RowReader& reader, Tuplestorestate* store, TupleDesc desc) {
  reader = RowReader{};
  if (store == nullptr) return;
  reader.store = store;
  reader.pointer = tuplestore_alloc_read_pointer(store, EXEC_FLAG_REWIND);
  tuplestore_select_read_pointer(store, reader.pointer);
  tuplestore_rescan(store);
  reader.slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
}

bool NextRow(RowReader& reader) {
  if (reader.store == nullptr) return false;
  tuplestore_select_read_pointer(reader.store, reader.pointer);
  if (!tuplestore_gettupleslot(reader.store, true, false, reader.slot)) return false;
  slot_getallattrs(reader.slot);
  return true;
}

void EndReader(const RowReader& reader) {
  if (reader.slot != nullptr) ExecDropSingleTupleTableSlot(reader.slot);
}

bool IsSameVarlena(Datum before, Datum after) {
  auto* a = reinterpret_cast<varlena*>(DatumGetPointer(before));
  auto* b = reinterpret_cast<varlena*>(DatumGetPointer(after));
  if (a == b) return true;
  // One TOAST pointer, or one compressed value: the same without a look
  if (VARSIZE_ANY(a) == VARSIZE_ANY(b) && memcmp(a, b, VARSIZE_ANY(a)) == 0) return true;
  if (toast_raw_datum_size(before) != toast_raw_datum_size(after)) return false;
  varlena* x = pg_detoast_datum_packed(a);
  varlena* y = pg_detoast_datum_packed(b);
  bool same = memcmp(VARDATA_ANY(x), VARDATA_ANY(y), VARSIZE_ANY_EXHDR(x)) == 0;
  if (x != a) pfree(x);
  if (y != b) pfree(y);
  return same;
}

}  // namespace

void BeginPairs(Pairs& pairs, TriggerData* trigger) {
  TupleDesc desc = RelationGetDescr(trigger->tg_relation);
  pairs = Pairs{};
  BeginReader(pairs.before, trigger->tg_oldtable, desc);
  BeginReader(pairs.after, trigger->tg_newtable, desc);
  bool update = pairs.before.store != nullptr && pairs.after.store != nullptr;
  pairs.in_step = update && tuplestore_tuple_count(pairs.before.store) ==
                                tuplestore_tuple_count(pairs.after.store);
}

bool NextPair(Pairs& pairs, TupleTableSlot** before, TupleTableSlot** after) {
  *before = *after = nullptr;
  if (NextRow(pairs.before)) {
    *before = pairs.before.slot;
    if (!pairs.in_step) return true;
  }
  if (NextRow(pairs.after)) *after = pairs.after.slot;
  return *before != nullptr || *after != nullptr;
}

void EndPairs(Pairs& pairs) {
  EndReader(pairs.before);
  EndReader(pairs.after);
}

bool IsSame(const AuditColumn* column, TupleTableSlot* before, TupleTableSlot* after) {
  int i = column->number - 1;
  if (before->tts_isnull[i] || after->tts_isnull[i]) {
    return before->tts_isnull[i] && after->tts_isnull[i];
  }
  Datum a = before->tts_values[i];
  Datum b = after->tts_values[i];
  if (column->by_value) return a == b;
  if (column->length > 0)
    return memcmp(DatumGetPointer(a), DatumGetPointer(b), column->length) == 0;
  if (column->length == -2) return strcmp(DatumGetCString(a), DatumGetCString(b)) == 0;
  return IsSameVarlena(a, b);
}

}  // namespace gdpr::pg
