// SPDX-License-Identifier: PostgreSQL
#include "extension/src/access_relation.hpp"

#include "extension/src/access_declared.hpp"
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr int kMostPlaces = 200;             // of a relation that are remembered
constexpr int kMostColumnBytes = 12 * 1024;  // of names of columns, in all places of one choice
constexpr int kClean = 256;

struct AccessEntry {
  Oid relation;  // the hash key
  AccessRelation* access;
  bool known;    // and NULL above means: not audited
  bool touched;  // the relation changed, maybe while it was being looked up
  bool toast;    // its table may change without it: looked up each time
};

HTAB* entries = nullptr;

// Relations that are known not to be audited. Almost all statements end here.
Oid clean[kClean];

Oid* CleanPlace(Oid relation) {
  return &clean[relation % kClean];
}

void Free(AccessRelation* access) {
  if (access == nullptr) return;
  access->replaced = true;
  if (access->users == 0) MemoryContextDelete(access->context);
}

void InvalidateEntry(AccessEntry* entry) {
  entry->touched = true;
  entry->known = false;
}

void InvalidateAll() {
  memset(clean, 0, sizeof(clean));
  if (entries == nullptr) return;
  HASH_SEQ_STATUS all;
  hash_seq_init(&all, entries);
  while (auto* entry = static_cast<AccessEntry*>(hash_seq_search(&all))) InvalidateEntry(entry);
}

void Invalidate(Datum, Oid relation) {
  if (entries == nullptr) return;
  if (!OidIsValid(relation)) return InvalidateAll();
  Oid* place = CleanPlace(relation);
  if (*place == relation) *place = InvalidOid;
  auto* entry = static_cast<AccessEntry*>(hash_search(entries, &relation, HASH_FIND, nullptr));
  if (entry != nullptr) InvalidateEntry(entry);
}

Oid owner = InvalidOid;  // of our schema

// Schemas got other names or owners, or our own came or went.
void InvalidateSchemas(Datum, int, uint32) {
  owner = InvalidOid;
  InvalidateAll();
}

void CreateEntries() {
  HASHCTL control{};
  control.keysize = sizeof(Oid);
  control.entrysize = sizeof(AccessEntry);
  control.hcxt = CacheMemoryContext;
  entries = hash_create("pg_gdpr reads", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

// Reads until nothing changed meanwhile.
void ReadEntry(AccessEntry* entry) {
  entry->toast = get_rel_relkind(entry->relation) == RELKIND_TOASTVALUE;
  while (!entry->known) {
    CHECK_FOR_INTERRUPTS();
    Free(entry->access);
    entry->access = nullptr;
    entry->touched = false;
    AccessRelation* access = ReadAccessRelation(entry->relation);
    if (access != nullptr) MemoryContextSetParent(access->context, CacheMemoryContext);
    entry->access = access;
    entry->known = !entry->touched;
  }
}

bool IsAsked(Bitmapset* columns, AttrNumber number) {
  constexpr int kOffset = FirstLowInvalidHeapAttributeNumber;
  return bms_is_member(number - kOffset, columns) || bms_is_member(0 - kOffset, columns);
}

// The names of the columns, in the current context.
const char** Names(TupleDesc desc, Bitmapset* columns, int most_bytes, int* count) {
  auto** names = static_cast<const char**>(palloc(sizeof(char*) * (desc->natts + 1)));
  int bytes = 0;
  *count = 0;
  for (int i = 0; i < desc->natts; i++) {
    Form_pg_attribute form = TupleDescAttr(desc, i);
    if (form->attisdropped || !IsAsked(columns, form->attnum)) continue;
    bytes += static_cast<int>(strlen(NameStr(form->attname))) + 1;
    bool fits = bytes <= most_bytes;
    names[(*count)++] = fits ? pstrdup(NameStr(form->attname)) : "...";
    if (!fits) break;
  }
  return names;
}

AccessPlaces* AddPlaces(AccessRelation* access, Relation relation, Bitmapset* columns) {
  MemoryContext outer = MemoryContextSwitchTo(access->context);
  int count = Max(access->way_count, 1);
  auto* places = static_cast<AccessPlaces*>(
      palloc0(offsetof(AccessPlaces, places) + sizeof(AccessPlace) * count));
  places->columns = bms_copy(columns);
  int column_count;
  int most_bytes = kMostColumnBytes / count;
  const char** names = Names(RelationGetDescr(relation), columns, most_bytes, &column_count);
  int bytes = 0;
  for (int i = 0; i < column_count; i++) bytes += static_cast<int>(strlen(names[i])) + 1;
  places->bytes = count * (bytes + 4 * NAMEDATALEN);
  for (int i = 0; i < count; i++) {
    AccessPlace* place = &places->places[i];
    place->relation = access->oid;
    place->schema = access->schema;
    place->name = access->name;
    place->columns = names;
    place->column_count = column_count;
    if (access->way_count == 0) continue;
    place->subject_type = access->ways[i].subject_type;
    place->link = access->ways[i].link;
    place->form = access->ways[i].form;
    place->native = place->form != 0 && place->link == 0;
  }
  places->next = access->places;
  access->places = places;
  access->place_count++;
  MemoryContextSwitchTo(outer);
  return places;
}

}  // namespace

AccessRelation* FindAccess(Oid relation) {
  if (relation < FirstNormalObjectId) return nullptr;
  Oid* place = CleanPlace(relation);
  if (*place == relation) return nullptr;
  if (entries == nullptr) CreateEntries();
  bool found;
  auto* entry = static_cast<AccessEntry*>(hash_search(entries, &relation, HASH_ENTER, &found));
  if (!found) {
    entry->access = nullptr;
    entry->known = entry->toast = false;
  }
  AccessRelation* known = entry->access;
  if (entry->toast || (known != nullptr && known->place_count > kMostPlaces)) entry->known = false;
  if (!entry->known) ReadEntry(entry);
  if (entry->access == nullptr && !entry->toast) *place = relation;
  return entry->access;
}

void ReleaseAccess(AccessRelation* access) {
  access->users--;
  if (access->replaced && access->users == 0) MemoryContextDelete(access->context);
}

AccessPlaces* FindPlaces(AccessRelation* access, Relation relation, Bitmapset* columns) {
  for (AccessPlaces* places = access->places; places != nullptr; places = places->next) {
    if (bms_equal(places->columns, columns)) return places;
  }
  return AddPlaces(access, relation, columns);
}

Oid AccessOwner() {
  if (!OidIsValid(owner) && OidIsValid(get_namespace_oid("gdpr_internal", true))) {
    owner = StateOwner();
  }
  return owner;
}

void RegisterAccess() {
  CacheRegisterRelcacheCallback(Invalidate, static_cast<Datum>(0));
  CacheRegisterSyscacheCallback(NAMESPACEOID, InvalidateSchemas, static_cast<Datum>(0));
}

}  // namespace gdpr::pg
