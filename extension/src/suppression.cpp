// SPDX-License-Identifier: PostgreSQL
// Digests of many addresses in one call. A million one by one cost as many lookups of algorithms,
// and calls of SQL functions, as there are addresses.
#include <vector>

#include "core/address.hpp"
#include "extension/src/bridge.hpp"
#include "extension/src/key.hpp"
#include "extension/src/types.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

constexpr int kBatch = 1000;  // between two looks at interrupts

// An array of texts taken apart; views are UTF-8.
struct Texts {
  std::string_view* views;
  bool* nulls;
  int count;
};

Texts TextsOf(FunctionCallInfo fcinfo, int number) {
  Texts texts;
  Datum* items = nullptr;
  deconstruct_array(PG_GETARG_ARRAYTYPE_P(number), TEXTOID, -1, false, TYPALIGN_INT, &items,
                    &texts.nulls, &texts.count);
  texts.views = static_cast<std::string_view*>(
      MemoryContextAllocHuge(CurrentMemoryContext, sizeof(std::string_view) * (texts.count + 1)));
  for (int i = 0; i < texts.count; i++) {
    if (texts.nulls[i]) continue;
    texts.views[i] = TextView(items[i]);
    if (i % kBatch == 0) CHECK_FOR_INTERRUPTS();
  }
  return texts;
}

// Room for digests that grows outside of Catch.
struct Found {
  pg_uuid_t* digests;
  int32* places;
  Size count;
  Size room;
};

void Grow(Found* found, Size more) {
  if (found->count + more <= found->room) return;
  found->room = Max(found->room * 2, found->count + more);
  found->digests =
      static_cast<pg_uuid_t*>(repalloc_huge(found->digests, found->room * sizeof(*found->digests)));
  found->places =
      static_cast<int32*>(repalloc_huge(found->places, found->room * sizeof(*found->places)));
}

Datum UuidArray(const pg_uuid_t* digests, bool* nulls, int count) {
  auto* items = static_cast<Datum*>(
      MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Datum) * (count + 1)));
  for (int i = 0; i < count; i++) items[i] = UUIDPGetDatum(digests + i);
  int lower = 1;
  return PointerGetDatum(
      construct_md_array(items, nulls, 1, &count, &lower, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

Datum IntArray(const int32* numbers, int count) {
  auto* items = static_cast<Datum*>(
      MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Datum) * (count + 1)));
  for (int i = 0; i < count; i++) items[i] = Int32GetDatum(numbers[i]);
  return PointerGetDatum(construct_array(items, count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

// Digests of addresses first to last, of the kinds asked for, appended to what was found.
void AddDigests(const Texts& texts, int first, int last, std::string_view channel,
                const AddressDigests::Kinds& kinds, Found* found) {
  const auto& key = DigestKey();
  pg_uuid_t* made = nullptr;
  int32* places = nullptr;
  Size count = 0;
  Failure failure;
  bool ok = Catch(failure, [&] {
    AddressDigests digests({key, sizeof(key)}, channel);
    std::vector<AddressDigests::Digest> all;
    std::vector<int32> of;
    for (int i = first; i < last; i++) {
      if (!texts.nulls[i]) digests.OfAddress(texts.views[i], kinds, all);
      of.resize(all.size(), i + 1);
    }
    count = all.size();
    made = static_cast<pg_uuid_t*>(Allocate(count * sizeof(*made) + 1));
    places = static_cast<int32*>(Allocate(count * sizeof(*places) + 1));
    memcpy(made, all.data(), count * sizeof(*made));
    memcpy(places, of.data(), count * sizeof(*places));
  });
  if (!ok) Report(failure);
  Grow(found, count);
  memcpy(found->digests + found->count, made, count * sizeof(*made));
  memcpy(found->places + found->count, places, count * sizeof(*places));
  found->count += count;
  pfree(made);
  pfree(places);
}

AddressDigests::Kinds KindsOf(const Texts& words) {
  AddressDigests::Kinds kinds = {};
  Failure failure;
  bool ok = Catch(failure, [&] {
    for (int i = 0; i < words.count; i++) {
      if (!words.nulls[i]) kinds[static_cast<Size>(ParseEntryKind(words.views[i]))] = true;
    }
  });
  if (!ok) Report(failure);
  return kinds;
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr;
using namespace gdpr::pg;

// gdpr_internal.plain_address(channel text, address text) -> text
GDPR_FUNCTION(gdpr_plain_address) {
  // bytes above 127 are left as they are in every encoding of a server
  text* channel = PG_GETARG_TEXT_PP(0);
  text* address = PG_GETARG_TEXT_PP(1);
  text* plain = nullptr;
  Failure failure;
  bool ok = Catch(failure, [&] {
    plain =
        TextOf(PlainAddress({VARDATA_ANY(channel), static_cast<Size>(VARSIZE_ANY_EXHDR(channel))},
                            {VARDATA_ANY(address), static_cast<Size>(VARSIZE_ANY_EXHDR(address))}));
  });
  if (!ok) Report(failure);
  if (VARSIZE_ANY_EXHDR(plain) == 0) PG_RETURN_NULL();
  PG_RETURN_TEXT_P(plain);
}

// gdpr_internal.is_domain_entry(channel text, address text) -> boolean
GDPR_FUNCTION(gdpr_is_domain_entry) {
  PG_RETURN_BOOL(IsDomainEntry(TextView(PG_GETARG_DATUM(0)), TextView(PG_GETARG_DATUM(1))));
}

// gdpr_internal.entry_digests(channel text, kind text, entries text[]) -> uuid[]
GDPR_FUNCTION(gdpr_entry_digests) {
  const std::string_view channel = TextView(PG_GETARG_DATUM(0));
  const std::string_view word = TextView(PG_GETARG_DATUM(1));
  const Texts entries = TextsOf(fcinfo, 2);
  auto* made = static_cast<pg_uuid_t*>(
      MemoryContextAllocHuge(CurrentMemoryContext, sizeof(pg_uuid_t) * (entries.count + 1)));
  for (int first = 0; first < entries.count; first += kBatch) {
    CHECK_FOR_INTERRUPTS();
    const auto& key = DigestKey();
    Failure failure;
    bool ok = Catch(failure, [&] {
      const EntryKind kind = ParseEntryKind(word);
      AddressDigests digests({key, sizeof(key)}, channel);
      AddressDigests::Digest digest;
      for (int i = first; i < Min(first + kBatch, entries.count); i++) {
        if (entries.nulls[i]) continue;
        entries.nulls[i] = !digests.OfEntry(kind, entries.views[i], digest);
        memcpy(made[i].data, digest.data(), sizeof(made[i].data));
      }
    });
    if (!ok) Report(failure);
  }
  PG_RETURN_DATUM(UuidArray(made, entries.nulls, entries.count));
}

// gdpr_internal.suppressed_digests(channel text, plain text[], kinds text[])
//   -> record (n integer[], digest uuid[])
GDPR_FUNCTION(gdpr_suppressed_digests) {
  const std::string_view channel = TextView(PG_GETARG_DATUM(0));
  const Texts plain = TextsOf(fcinfo, 1);
  const AddressDigests::Kinds kinds = KindsOf(TextsOf(fcinfo, 2));
  Found found = {static_cast<pg_uuid_t*>(palloc(sizeof(pg_uuid_t))),
                 static_cast<int32*>(palloc(sizeof(int32))), 0, 1};
  for (int first = 0; first < plain.count; first += kBatch) {
    CHECK_FOR_INTERRUPTS();
    AddDigests(plain, first, Min(first + kBatch, plain.count), channel, kinds, &found);
  }
  TupleDesc columns;
  if (get_call_result_type(fcinfo, nullptr, &columns) != TYPEFUNC_COMPOSITE) {
    elog(ERROR, "suppressed_digests must return a row");
  }
  Datum values[2] = {IntArray(found.places, static_cast<int>(found.count)),
                     UuidArray(found.digests, nullptr, static_cast<int>(found.count))};
  bool nulls[2] = {};
  PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}
