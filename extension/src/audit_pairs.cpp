// SPDX-License-Identifier: PostgreSQL
#include "extension/src/audit_pairs.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr int kLookAhead = 1000;  // rows

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
  tuplestore_select_read_pointer(reader.store, reader.pointer);
  if (!tuplestore_gettupleslot(reader.store, true, false, reader.slot)) return false;
  slot_getallattrs(reader.slot);
  return true;
}

void EndReader(RowReader& reader) {
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

bool HaveSameKey(const Pairs& pairs, TupleTableSlot* before, TupleTableSlot* after) {
  for (int i = 0; i < pairs.audited->key_count; i++) {
    if (!IsSame(&pairs.audited->key[i], before, after)) return false;
  }
  return pairs.audited->key_count > 0;
}

// Whether one of the next old rows has the key of after's row: those up to it lost their new row.
// Else the key was changed, or there is none.
bool IsAhead(Pairs& pairs) {
  RowReader& ahead = pairs.ahead;
  if (ahead.store == nullptr) {
    BeginReader(ahead, pairs.before.store, pairs.before.slot->tts_tupleDescriptor);
  }
  tuplestore_copy_read_pointer(ahead.store, pairs.before.pointer, ahead.pointer);
  for (int i = 0; i < kLookAhead && NextRow(ahead); i++) {
    if (HaveSameKey(pairs, ahead.slot, pairs.after.slot)) return true;
  }
  return false;
}

void Advance(Pairs& pairs) {
  pairs.after_waits = NextRow(pairs.after);
  pairs.is_ahead = false;
}

// before's row is there: whether after's row belongs to it. Where after's row belongs to none, it
// is given alone, and before's row waits.
enum class Fit { kPair, kBeforeAlone, kAfterAlone };

Fit Compare(Pairs& pairs) {
  if (!pairs.after_waits) return Fit::kBeforeAlone;
  if (HaveSameKey(pairs, pairs.before.slot, pairs.after.slot)) return Fit::kPair;
  if (!pairs.is_ahead) pairs.is_ahead = IsAhead(pairs);
  return pairs.is_ahead ? Fit::kBeforeAlone : Fit::kAfterAlone;
}

bool NextUnpaired(Pairs& pairs, TupleTableSlot** before, TupleTableSlot** after) {
  *before = *after = nullptr;
  if (pairs.after_given) {
    Advance(pairs);
    pairs.after_given = false;
  }
  if (!pairs.before_waits && !NextRow(pairs.before)) {
    if (!pairs.after_waits) return false;
    *after = pairs.after.slot;
    pairs.after_given = true;
    return true;
  }
  Fit fit = Compare(pairs);
  pairs.before_waits = fit == Fit::kAfterAlone;
  if (fit != Fit::kAfterAlone) *before = pairs.before.slot;
  if (fit != Fit::kBeforeAlone) {
    *after = pairs.after.slot;
    pairs.after_given = true;
  }
  return true;
}

}  // namespace

void BeginPairs(Pairs& pairs, const AuditedRelation* audited, TriggerData* trigger) {
  TupleDesc desc = RelationGetDescr(trigger->tg_relation);
  pairs = Pairs{};
  pairs.audited = audited;
  BeginReader(pairs.before, trigger->tg_oldtable, desc);
  BeginReader(pairs.after, trigger->tg_newtable, desc);
  bool update = pairs.before.store != nullptr && pairs.after.store != nullptr;
  pairs.unpaired = update && tuplestore_tuple_count(pairs.before.store) !=
                                 tuplestore_tuple_count(pairs.after.store);
  if (pairs.unpaired) Advance(pairs);
}

bool NextPair(Pairs& pairs, TupleTableSlot** before, TupleTableSlot** after) {
  if (pairs.unpaired) return NextUnpaired(pairs, before, after);
  if (pairs.before.store != nullptr && !NextRow(pairs.before)) return false;
  if (pairs.after.store != nullptr && !NextRow(pairs.after)) return false;
  *before = pairs.before.slot;
  *after = pairs.after.slot;
  return true;
}

void EndPairs(Pairs& pairs) {
  EndReader(pairs.before);
  EndReader(pairs.after);
  EndReader(pairs.ahead);
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
