// SPDX-License-Identifier: PostgreSQL
#include "extension/src/settings_cache.hpp"

#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr int kMostEntries = 64;

struct Shared {
  // The newest transaction that changed a setting in any database. 0: not known yet.
  pg_atomic_uint64 newest_writer;
};

// One remembered row; lists of them are short.
struct Entry {
  Entry* next;
  char name[NAMEDATALEN];
  bool is_type;
  union {
    PurposeFacts purpose;
    TypeFacts type;
  };
};

Shared* shared = nullptr;
shmem_startup_hook_type next_startup_hook = nullptr;

MemoryContext memory = nullptr;
Entry* entries = nullptr;
int entry_count = 0;
uint64 known_writer = 0;

void Forget() {
  entries = nullptr;
  entry_count = 0;
  if (memory != nullptr) MemoryContextReset(memory);
}

void ForgetRelation(Datum, Oid) {
  // Cheap to read again; tables are made anew by DROP and CREATE EXTENSION
  known_writer = 0;
}

uint64 NewestWriter() {
  uint64 writer = pg_atomic_read_u64(&shared->newest_writer);
  if (writer != 0) return writer;
  // Transactions prepared before the server's start may still commit: they are below this number
  uint64 next = U64FromFullTransactionId(ReadNextFullTransactionId());
  uint64 expected = 0;
  return pg_atomic_compare_exchange_u64(&shared->newest_writer, &expected, next) ? next : expected;
}

// Whether the snapshot sees every change of settings there was; the cache is brought to that state.
bool CanRemember(Snapshot snapshot) {
  if (shared == nullptr || snapshot->snapshot_type != SNAPSHOT_MVCC || RecoveryInProgress()) {
    return false;
  }
  uint64 writer = NewestWriter();
  auto number = static_cast<TransactionId>(writer);
  if (!TransactionIdIsNormal(number) || !TransactionIdPrecedes(number, snapshot->xmin)) {
    return false;
  }
  if (writer != known_writer || entry_count >= kMostEntries) Forget();
  known_writer = writer;
  return true;
}

Entry* FindEntry(const char* name, bool is_type) {
  for (Entry* entry = entries; entry != nullptr; entry = entry->next) {
    if (entry->is_type == is_type && strcmp(entry->name, name) == 0) return entry;
  }
  return nullptr;
}

void ReadRoles(PurposeFacts* facts, const char* purpose, Snapshot snapshot, MemoryContext context) {
  StateScan scan;
  BeginStateScan(scan, "purpose_grant", snapshot, 1, &purpose);
  AttrNumber column = StateColumn(scan.heap, "role");
  List* roles = NIL;
  while (NextState(scan)) {
    bool isnull;
    Name role = DatumGetName(slot_getattr(scan.slot, column, &isnull));
    roles = lappend(roles, pstrdup(NameStr(*role)));
  }
  EndStateScan(scan);
  facts->roles = static_cast<NameData*>(
      MemoryContextAllocZero(context, sizeof(NameData) * (list_length(roles) + 1)));
  ListCell* cell;
  foreach (cell, roles) {
    namestrcpy(&facts->roles[facts->role_count++], static_cast<char*>(lfirst(cell)));
  }
}

void ReadPurpose(PurposeFacts* facts, const char* purpose, Snapshot snapshot,
                 MemoryContext context) {
  *facts = PurposeFacts{};
  StateScan scan;
  BeginStateScan(scan, "purpose", snapshot, 1, &purpose);
  facts->exists = NextState(scan);
  if (facts->exists) {
    bool isnull;
    facts->bit = DatumGetInt16(slot_getattr(scan.slot, StateColumn(scan.heap, "bit"), &isnull));
  }
  EndStateScan(scan);
  if (facts->exists) ReadRoles(facts, purpose, snapshot, context);
}

void ReadType(TypeFacts* facts, const char* subject_type, Snapshot snapshot,
              MemoryContext context) {
  *facts = TypeFacts{1, 1, nullptr};  // nothing declared: administration only
  StateScan scan;
  BeginStateScan(scan, "consent_setting", snapshot, 1, &subject_type);
  if (NextState(scan)) {
    bool isnull;
    facts->default_allowed =
        DatumGetInt64(slot_getattr(scan.slot, StateColumn(scan.heap, "default_allowed"), &isnull));
    facts->default_changeable = DatumGetInt64(
        slot_getattr(scan.slot, StateColumn(scan.heap, "default_changeable"), &isnull));
    Datum networks = slot_getattr(scan.slot, StateColumn(scan.heap, "networks"), &isnull);
    if (!isnull) {
      MemoryContext outer = MemoryContextSwitchTo(context);
      facts->networks = DatumGetArrayTypePCopy(networks);
      MemoryContextSwitchTo(outer);
    }
  }
  EndStateScan(scan);
}

// Reads into an entry, which is remembered once it is complete.
Entry* ReadEntry(const char* name, bool is_type, Snapshot snapshot) {
  bool remember = strlen(name) < NAMEDATALEN && CanRemember(snapshot);
  if (remember && memory == nullptr) {
    memory = AllocSetContextCreate(CacheMemoryContext, "pg_gdpr settings", ALLOCSET_SMALL_SIZES);
  }
  MemoryContext context = remember ? memory : CurrentMemoryContext;
  auto* entry = static_cast<Entry*>(MemoryContextAllocZero(context, sizeof(Entry)));
  strlcpy(entry->name, name, NAMEDATALEN);
  entry->is_type = is_type;
  uint64 writer = known_writer;
  if (is_type) {
    ReadType(&entry->type, name, snapshot, context);
  } else {
    ReadPurpose(&entry->purpose, name, snapshot, context);
  }
  // Not if an invalidation came in between
  if (remember && writer == known_writer) {
    entry->next = entries;
    entries = entry;
    entry_count++;
  }
  return entry;
}

Entry* Find(const char* name, bool is_type, Snapshot snapshot) {
  Entry* entry = CanRemember(snapshot) ? FindEntry(name, is_type) : nullptr;
  return entry != nullptr ? entry : ReadEntry(name, is_type, snapshot);
}

void MakeShared() {
  if (next_startup_hook != nullptr) next_startup_hook();
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  bool exists;
  shared = static_cast<Shared*>(ShmemInitStruct("pg_gdpr settings", sizeof(Shared), &exists));
  if (!exists) pg_atomic_init_u64(&shared->newest_writer, 0);
  LWLockRelease(AddinShmemInitLock);
}

}  // namespace

const PurposeFacts* FindPurpose(const char* purpose, Snapshot snapshot) {
  return &Find(purpose, false, snapshot)->purpose;
}

const TypeFacts* FindType(const char* subject_type, Snapshot snapshot) {
  return &Find(subject_type, true, snapshot)->type;
}

void RegisterSettingsCache() {
  CacheRegisterRelcacheCallback(ForgetRelation, static_cast<Datum>(0));
  if (!process_shared_preload_libraries_in_progress) return;
  RequestSharedMemory(MAXALIGN(sizeof(Shared)));
  next_startup_hook = shmem_startup_hook;
  shmem_startup_hook = MakeShared;
}

}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr_internal.note_setting(): BEFORE INSERT OR UPDATE OR DELETE FOR EACH ROW, BEFORE TRUNCATE
GDPR_FUNCTION(gdpr_note_setting) {
  if (!CALLED_AS_TRIGGER(fcinfo)) {
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("note_setting() can only be called as a trigger")));
  }
  if (shared != nullptr) {
    uint64 own = U64FromFullTransactionId(GetTopFullTransactionId());
    uint64 newest = NewestWriter();
    while (newest < own && !pg_atomic_compare_exchange_u64(&shared->newest_writer, &newest, own)) {
    }
  }
  auto* data = reinterpret_cast<TriggerData*>(fcinfo->context);
  bool updates = TRIGGER_FIRED_BY_UPDATE(data->tg_event);
  return PointerGetDatum(updates ? data->tg_newtuple : data->tg_trigtuple);
}
