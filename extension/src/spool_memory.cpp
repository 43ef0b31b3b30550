// SPDX-License-Identifier: PostgreSQL
#include "extension/src/spool_memory.hpp"

#include "extension/src/owner.hpp"
#include "extension/src/spool.hpp"
#include "extension/src/spool_settings.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

SpoolShared* spool_shared = nullptr;

namespace {

constexpr int kNumberBits = 30;  // of a statement's number, below the seconds

void (*previous_request)() = nullptr;
shmem_startup_hook_type previous_startup = nullptr;

Size SharedBytes() {
  return add_size(offsetof(SpoolShared, published),
                  mul_size(static_cast<Size>(ProcessSlots()), sizeof(PublishedBy)));
}

void RequestMemory() {
  if (previous_request != nullptr) previous_request();
  RequestAddinShmemSpace(MAXALIGN(SharedBytes()));
}

void InitCount(LostCount& count) {
  pg_atomic_init_u64(&count.amount, 0);
  pg_atomic_init_u64(&count.from, 0);
  pg_atomic_init_u64(&count.to, 0);
}

void InitShared(SpoolShared* shared) {
  // Anywhere: after a crash the server can be up again within the same second, and a copy of it on
  // another machine counts, too
  uint64 first = 0;
  (void)pg_strong_random(&first, sizeof(first));
  pg_atomic_init_u64(&shared->statements, first);
  pg_atomic_init_u64(&shared->bytes, 0);
  pg_atomic_init_u32(&shared->lost, 0);
  pg_atomic_init_u32(&shared->complained, 0);
  pg_atomic_init_u32(&shared->reserve_busy, 0);
  pg_atomic_init_u32(&shared->reserve_behind, 0);
  for (LostSlot& slot : shared->slots) {
    pg_atomic_init_u32(&slot.database, InvalidOid);
    pg_atomic_init_u32(&slot.telling, 0);
    InitCount(slot.dropped);
    InitCount(slot.refused);
  }
  shared->processes = ProcessSlots();
  for (int i = 0; i < shared->processes; i++) {
    PublishedBy& process = shared->published[i];
    pg_atomic_init_u64(&process.started, 0);
    for (PublishedStatement& one : process.statements) {
      pg_atomic_init_u64(&one.statement, 0);
      pg_atomic_init_u64(&one.key, 0);
    }
  }
}

// Also after a crash of another process, when shared memory is made anew.
void StartUpMemory() {
  if (previous_startup != nullptr) previous_startup();
  bool exists;
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  auto* shared =
      static_cast<SpoolShared*>(ShmemInitStruct("pg_gdpr spool", SharedBytes(), &exists));
  if (!exists) InitShared(shared);
  spool_shared = shared;
  LWLockRelease(AddinShmemInitLock);
  if (!exists && !IsBinaryUpgrade) OpenSpool();
}

PublishedBy* PublishedOf(PGPROC* process) {
  int number = ProcessNumber(process);
  return number < spool_shared->processes ? &spool_shared->published[number] : nullptr;
}

PGPROC* Leader() {
  PGPROC* leader = MyProc == nullptr ? nullptr : MyProc->lockGroupLeader;
  return IsParallelWorker() && leader != MyProc ? leader : nullptr;
}

}  // namespace

void RegisterSpool() {
  if (!process_shared_preload_libraries_in_progress) return;
  previous_startup = shmem_startup_hook;
  shmem_startup_hook = StartUpMemory;
  RequestSharedMemory(&previous_request, RequestMemory);
}

bool SpoolReady() {
  static enum { kUnknown, kReads, kOurs, kNever } process = kUnknown;
  if (!audit_reads || spool_shared == nullptr) return false;
  if (process == kUnknown) {
    bool ours =
        MyBgworkerEntry != nullptr && strcmp(MyBgworkerEntry->bgw_library_name, "pg_gdpr") == 0;
    process = IsBinaryUpgrade || !OidIsValid(MyDatabaseId) ? kNever : ours ? kOurs : kReads;
  }
  // What the drain reads would be the drain's next work. But it becomes other people to look links
  // up, and code of theirs may come to run
  return process == kReads || (process == kOurs && CurrentScope() != nullptr);
}

int64 NumberOfRead(TimestampTz at) {
  uint64 number = pg_atomic_fetch_add_u64(&spool_shared->statements, 1);
  return (at / USECS_PER_SEC) << kNumberBits | (number & ((UINT64CONST(1) << kNumberBits) - 1));
}

int PublishStatement(int64 statement, uint64 key) {
  PublishedBy* mine = PublishedOf(MyProc);
  if (mine == nullptr) return -1;
  if (pg_atomic_read_u64(&mine->started) != static_cast<uint64>(MyStartTimestamp)) {
    for (PublishedStatement& one : mine->statements) pg_atomic_write_u64(&one.statement, 0);
    pg_atomic_write_u64(&mine->started, static_cast<uint64>(MyStartTimestamp));
  }
  int place = 0;  // beyond what there is room for, the newest counts
  while (place < kPublished - 1 && pg_atomic_read_u64(&mine->statements[place].statement) != 0) {
    place++;
  }
  pg_atomic_write_u64(&mine->statements[place].key, key);
  pg_write_barrier();
  pg_atomic_write_u64(&mine->statements[place].statement, static_cast<uint64>(statement));
  return place;
}

void UnpublishStatement(int place) {
  if (place < 0) return;
  pg_atomic_write_u64(&PublishedOf(MyProc)->statements[place].statement, 0);
}

bool LeaderStatement(uint64 key, int64* statement) {
  PGPROC* leader = Leader();
  PublishedBy* process = leader == nullptr ? nullptr : PublishedOf(leader);
  // The newest with that text: the same function can be at it several times
  for (int i = process == nullptr ? -1 : kPublished - 1; i >= 0; i--) {
    PublishedStatement& one = process->statements[i];
    *statement = static_cast<int64>(pg_atomic_read_u64(&one.statement));
    pg_read_barrier();
    if (*statement != 0 && pg_atomic_read_u64(&one.key) == key) return true;
  }
  return false;
}

void LeaderProcess(int32* pid, int64* started) {
  PGPROC* leader = Leader();
  PublishedBy* process = leader == nullptr ? nullptr : PublishedOf(leader);
  *pid = leader == nullptr ? 0 : leader->pid;
  *started = process == nullptr ? 0 : static_cast<int64>(pg_atomic_read_u64(&process->started));
}

}  // namespace gdpr::pg
