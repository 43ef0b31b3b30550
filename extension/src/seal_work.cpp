// SPDX-License-Identifier: PostgreSQL
// Shared memory of sealing, and how backends flag their database once a change is committed.
#include "extension/src/seal_work.hpp"

#include "extension/src/worker.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

SealShared* seal_shared = nullptr;

namespace {

constexpr char kTranche[] = "pg_gdpr";

void (*previous_request)() = nullptr;
shmem_startup_hook_type previous_startup = nullptr;

SealSlot* my_slot = nullptr;
bool noted = false;  // this transaction wrote events

void RequestMemory() {
  if (previous_request != nullptr) previous_request();
  RequestAddinShmemSpace(MAXALIGN(sizeof(SealShared)));
  RequestNamedLWLockTranche(kTranche, 1);
}

void ResetSlot(SealSlot& slot, Oid database) {
  slot.database = database;
  pg_atomic_write_u32(&slot.work, 0);
  slot.sealer = 0;
  slot.again = false;
  slot.not_before = 0;
  slot.pause = 0;
  slot.complaint = 0;
  slot.warned = false;
  slot.anchored = 0;
  pg_atomic_write_u32(&slot.reads, 0);
  slot.drain_again = false;
  slot.drain_not_before = 0;
  slot.drain_pause = 0;
  slot.drain_complaint = 0;
}

// Also after a crash of another process, when shared memory is made anew.
void StartUpMemory() {
  if (previous_startup != nullptr) previous_startup();
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  bool exists;
  auto* shared =
      static_cast<SealShared*>(ShmemInitStruct("pg_gdpr sealing", sizeof(SealShared), &exists));
  if (!exists) {
    shared->lock = &GetNamedLWLockTranche(kTranche)->lock;
    pg_atomic_init_u64(&shared->launcher, 0);
    pg_atomic_init_u32(&shared->everywhere, 0);
    pg_atomic_init_u32(&shared->waiting, 0);
    for (SealSlot& slot : shared->slots) {
      pg_atomic_init_u32(&slot.work, 0);
      pg_atomic_init_u32(&slot.reads, 0);
      ResetSlot(slot, InvalidOid);
    }
  }
  seal_shared = shared;
  LWLockRelease(AddinShmemInitLock);
}

bool IsIdle(SealSlot& slot) {
  return slot.sealer == 0 && !WantsSeal(slot) && !WantsDrain(slot);
}

void Flag() {
  // A slot that was idle for long may have been given to another database meanwhile
  if (my_slot == nullptr || my_slot->database != MyDatabaseId) {
    if (pg_atomic_exchange_u32(&seal_shared->everywhere, 1) == 0) WakeLauncher();
  } else if (pg_atomic_exchange_u32(&my_slot->work, 1) == 0) {
    WakeLauncher();
  }
}

// A prepared transaction is noted too: whoever looks finds it held back and comes again.
void AfterTransaction(XactEvent event, void*) {
  if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE) {
    if (noted) Flag();
    noted = false;
  } else if (event == XACT_EVENT_ABORT) {
    noted = false;
  }
}

}  // namespace

void NoteAuditWork() {
  if (noted || seal_shared == nullptr) return;
  static bool registered = false;
  if (!registered) RegisterXactCallback(AfterTransaction, nullptr);
  registered = true;
  if (my_slot == nullptr || my_slot->database != MyDatabaseId) {
    my_slot = FindSealSlot(MyDatabaseId, true);
  }
  noted = true;
}

bool WantsSeal(SealSlot& slot) {
  return slot.again || pg_atomic_read_u32(&slot.work) != 0;
}

bool WantsDrain(SealSlot& slot) {
  return slot.drain_again || pg_atomic_read_u32(&slot.reads) != 0;
}

SealSlot* FindSealSlot(Oid database, bool create) {
  if (seal_shared == nullptr) return nullptr;
  LWLockAcquire(seal_shared->lock, LW_EXCLUSIVE);
  SealSlot* place = nullptr;
  SealSlot* idle = nullptr;
  for (SealSlot& slot : seal_shared->slots) {
    if (slot.database == database) place = &slot;
    if (!OidIsValid(slot.database) && (idle == nullptr || OidIsValid(idle->database))) idle = &slot;
    if (idle == nullptr && IsIdle(slot)) idle = &slot;
  }
  if (place == nullptr && create && idle != nullptr) {
    ResetSlot(*idle, database);
    place = idle;
  }
  LWLockRelease(seal_shared->lock);
  return place;
}

bool LockDatabase(Oid database) {
  LOCKTAG tag;
  SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, database, 0);
  return LockAcquire(&tag, RowExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

void WakeLauncher() {
  if (seal_shared == nullptr) return;
  // Latches of processes live as long as the server: at worst another process wakes in vain
  auto* latch =
      reinterpret_cast<Latch*>(static_cast<uintptr_t>(pg_atomic_read_u64(&seal_shared->launcher)));
  if (latch != nullptr) SetLatch(latch);
}

void RegisterSealing() {
  if (!process_shared_preload_libraries_in_progress) return;
  previous_startup = shmem_startup_hook;
  shmem_startup_hook = StartUpMemory;
  RequestSharedMemory(&previous_request, RequestMemory);
  RegisterLauncher();
}

}  // namespace gdpr::pg
