// SPDX-License-Identifier: PostgreSQL
// A table kept open belongs to a resource owner of its own below the transaction's, and is let go
// of as a whole, in whatever state an error left it: with the statement's memory, at the end of the
// subtransaction that opened it, or at the end of the transaction. The first look-up of a statement
// keeps nothing open: most statements ask for one person.
#include "extension/src/allowed.hpp"

#include "extension/src/allowed_table.hpp"
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr char kSuffix[] = "_allowed";

OpenTable* kept_tables = nullptr;

Oid MaskTable(const char* subject_type) {
  char name[NAMEDATALEN + sizeof(kSuffix)];
  snprintf(name, sizeof(name), "%s%s", subject_type, kSuffix);
  return strlen(name) < NAMEDATALEN ? StateTable(name) : InvalidOid;
}

void Close(OpenTable* table) {
  if (table->owner == nullptr) return;
  (table->previous != nullptr ? table->previous->next : kept_tables) = table->next;
  if (table->next != nullptr) table->next->previous = table->previous;
  table->people->table = nullptr;
  ResourceOwner owner = table->owner;
  table->owner = nullptr;
  // As after an error: no complaint about what is still held, and no look at it
  ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
  ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, false, false);
  ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
  ResourceOwnerDelete(owner);
  DropSet(table);
}

void CloseWithMemory(void* table) {
  Close(static_cast<OpenTable*>(table));
}

void CloseAtEnd(XactEvent event, void*) {
  switch (event) {
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_PREPARE:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PARALLEL_ABORT:
      break;
    default:
      return;
  }
  while (kept_tables != nullptr) Close(kept_tables);
}

void CloseAtSubEnd(SubXactEvent event, SubTransactionId own, SubTransactionId parent, void*) {
  if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB) return;
  OpenTable* next;
  for (OpenTable* table = kept_tables; table != nullptr; table = next) {
    next = table->next;
    if (table->subid != own) continue;
    if (event == SUBXACT_EVENT_ABORT_SUB) {
      Close(table);
    } else {
      table->subid = parent;
    }
  }
}

[[noreturn]] void RefuseKey(const People* people) {
  ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                  errmsg("key of subject type \"%s\" has other columns than its policy passes",
                         people->subject_type),
                  errhint("Run CALL gdpr.unprotect('%s'), then CALL gdpr.protect('%s').",
                          people->subject_type, people->subject_type)));
  pg_unreachable();
}

void InitKeys(OpenTable* table, const People* people) {
  Relation index = table->index;
  if (IndexRelationGetNumberOfKeyAttributes(index) != people->key_count) RefuseKey(people);
  for (int i = 0; i < people->key_count; i++) {
    Oid type = index->rd_opcintype[i];
    AttrNumber column = index->rd_index->indkey.values[i];
    Oid own = TupleDescAttr(RelationGetDescr(table->heap), column - 1)->atttypid;
    if (own != people->key_types[i] && !IsBinaryCoercible(people->key_types[i], own)) {
      RefuseKey(people);
    }
    Oid equal = get_opfamily_member(index->rd_opfamily[i], type, type, BTEqualStrategyNumber);
    ScanKeyEntryInitialize(&table->keys[i], 0, static_cast<AttrNumber>(i + 1),
                           BTEqualStrategyNumber, InvalidOid, index->rd_indcollation[i],
                           get_opcode(equal), static_cast<Datum>(0));
    table->key_columns[i] = column;
  }
}

void Open(OpenTable* table, const People* people, Snapshot snapshot) {
  Oid oid = MaskTable(people->subject_type);
  if (!OidIsValid(oid)) {
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_OBJECT),
             errmsg("subject type \"%s\" does not exist", people->subject_type),
             errhint("Register it again, or take its policies off with CALL gdpr.unprotect('%s').",
                     people->subject_type)));
  }
  table->heap = table_open(oid, AccessShareLock);
  table->index = index_open(PrimaryKeyIndex(table->heap), AccessShareLock);
  table->mask = StateColumn(table->heap, people->changeable ? "changeable" : "allowed");
  table->valid_until = StateColumn(table->heap, "valid_until");
  table->later = StateColumn(table->heap, "later");
  InitKeys(table, people);
  table->slot = table_slot_create(table->heap, nullptr);
  table->scan = BeginIndexScan(table->heap, table->index, snapshot, people->key_count);
}

bool Lookup(OpenTable* table, const People* people, const Datum* key) {
  for (int i = 0; i < people->key_count; i++) table->keys[i].sk_argument = key[i];
  // The scan remembers dead entries in memory that it takes when it meets the first: not the row's
  MemoryContext outer = CurrentMemoryContext;
  if (table->context != nullptr) MemoryContextSwitchTo(table->context);
  index_rescan(table->scan, table->keys, people->key_count, nullptr, 0);
  bool known = index_getnext_slot(table->scan, ForwardScanDirection, table->slot);
  MemoryContextSwitchTo(outer);
  if (!known) {
    ExecClearTuple(table->slot);
    return people->open_by_default;
  }
  return IsRowOpen(table, people, table->slot);
}

bool LookupOnce(const People* people, Snapshot snapshot, const Datum* key) {
  OpenTable table{};
  Open(&table, people, snapshot);
  bool open = Lookup(&table, people, key);
  index_endscan(table.scan);
  ExecDropSingleTupleTableSlot(table.slot);
  // As after any query, the locks stay until the transaction ends
  index_close(table.index, NoLock);
  table_close(table.heap, NoLock);
  return open;
}

void Keep(People* people, Snapshot snapshot) {
  MemoryContext context =
      AllocSetContextCreate(people->home, "pg_gdpr people", ALLOCSET_SMALL_SIZES);
  auto* table = static_cast<OpenTable*>(MemoryContextAllocZero(context, sizeof(OpenTable)));
  table->context = context;
  table->people = people;
  table->subid = GetCurrentSubTransactionId();
  table->near_pays = true;
  table->last_block = InvalidBlockNumber;
  table->owner = ResourceOwnerCreate(TopTransactionResourceOwner, "pg_gdpr people");
  table->forget.func = CloseWithMemory;
  table->forget.arg = table;
  // From here on whatever happens is cleaned up
  table->next = kept_tables;
  if (table->next != nullptr) table->next->previous = table;
  kept_tables = table;
  MemoryContextRegisterResetCallback(context, &table->forget);
  MemoryContext outer_context = MemoryContextSwitchTo(context);
  ResourceOwner outer_owner = CurrentResourceOwner;
  CurrentResourceOwner = table->owner;
  if (!people->latest) table->snapshot = RegisterSnapshotOnOwner(snapshot, table->owner);
  Open(table, people, people->latest ? snapshot : table->snapshot);
  CurrentResourceOwner = outer_owner;
  MemoryContextSwitchTo(outer_context);
  people->table = table;
}

}  // namespace

void PreparePeople(People* people, MemoryContext home, const char* subject_type, int key_count,
                   const Oid* key_types) {
  if (strlen(subject_type) >= NAMEDATALEN || key_count > INDEX_MAX_KEYS) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("subject type or key is too long for a policy")));
  }
  *people = People{};
  people->home = home;
  strlcpy(people->subject_type, subject_type, NAMEDATALEN);
  people->key_count = key_count;
  for (int i = 0; i < key_count; i++) people->key_types[i] = getBaseType(key_types[i]);
}

bool IsOpen(People* people, Snapshot snapshot, const Datum* key) {
  OpenTable* table = people->table;
  if (table != nullptr && table->loading == Loading::kDone) {
    return IsInSet(table, key) != people->open_by_default;
  }
  bool open;
  if (table != nullptr && table->near != nullptr && FindNear(table, key, &open)) return open;
  if (people->lookups++ == 0) return LookupOnce(people, snapshot, key);
  if (table == nullptr) {
    Keep(people, snapshot);
    table = people->table;
  }
  ResourceOwner outer = CurrentResourceOwner;
  CurrentResourceOwner = table->owner;
  if (table->loading == Loading::kLater && !people->latest && ShouldLoad(table, people)) {
    LoadSet(table, people);
  }
  if (table->loading == Loading::kDone) {
    open = IsInSet(table, key) != people->open_by_default;
  } else {
    if (people->latest) table->scan->xs_snapshot = snapshot;
    open = Lookup(table, people, key);
    if (!people->latest) NoteNear(table, people);
  }
  CurrentResourceOwner = outer;
  return open;
}

void ForgetPeople(People* people) {
  people->lookups = 0;
  OpenTable* table = people->table;
  if (table == nullptr) return;
  MemoryContext context = table->context;
  Close(table);
  MemoryContextDelete(context);
}

double EstimateOpen(const char* subject_type, int bit) {
  Oid oid = MaskTable(subject_type);
  if (!OidIsValid(oid)) return -1;
  HeapTuple statistics =
      SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(oid),
                      Int16GetDatum(get_attnum(oid, "allowed")), BoolGetDatum(false));
  if (!HeapTupleIsValid(statistics)) return -1;
  double share = -1;
  AttStatsSlot masks;
  if (get_attstatsslot(&masks, statistics, STATISTIC_KIND_MCV, InvalidOid,
                       ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS)) {
    double known = 0;
    double open = 0;
    for (int i = 0; i < masks.nvalues && i < masks.nnumbers; i++) {
      known += masks.numbers[i];
      if ((DatumGetInt64(masks.values[i]) >> bit & 1) != 0) open += masks.numbers[i];
    }
    if (known > 0) share = open / known;
    free_attstatsslot(&masks);
  }
  ReleaseSysCache(statistics);
  return share;
}

void RegisterAllowed() {
  RegisterXactCallback(CloseAtEnd, nullptr);
  RegisterSubXactCallback(CloseAtSubEnd, nullptr);
}

}  // namespace gdpr::pg
