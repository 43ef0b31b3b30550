// SPDX-License-Identifier: PostgreSQL
// The launcher: sits on the shared catalogs only, sleeps until a backend flags its database, and
// starts a sealer there (sealer.cpp). It holds no connection that could be in anybody's way.
#include "extension/src/worker.hpp"

#include "extension/src/seal_settings.hpp"
#include "extension/src/seal_work.hpp"
#include "extension/src/spool_memory.hpp"

#include "extension/src/compat.hpp"

extern "C" {
PGDLLEXPORT void gdpr_launcher_main(Datum);
}

namespace gdpr::pg {
namespace {

constexpr int kSealers = 2;                // at once: one that is held up does not stop the others
constexpr int kRestartSeconds = 5;         // of the launcher itself
constexpr int kBusyMilliseconds = 500;     // until a database that somebody wants is tried again
constexpr int kSlotsMilliseconds = 10000;  // until a free worker process is looked for again

struct Running {
  BackgroundWorkerHandle* handle;
  Oid database;
};

Running running[kSealers];
List* to_look = NIL;  // databases that nobody flagged and that may hold unsealed changes
TimestampTz not_before = 0;
bool told_of_slots = false;

void FillWorker(BackgroundWorker& worker, const char* name, const char* function) {
  memset(&worker, 0, sizeof(worker));
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  // On a standby this is the moment of its promotion
  worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
  strlcpy(worker.bgw_library_name, "pg_gdpr", sizeof(worker.bgw_library_name));
  strlcpy(worker.bgw_function_name, function, BGW_MAXLEN);
  strlcpy(worker.bgw_name, name, BGW_MAXLEN);
  strlcpy(worker.bgw_type, name, BGW_MAXLEN);
}

void LeaveLatch(int, Datum) {
  pg_atomic_write_u64(&seal_shared->launcher, 0);
}

// Every database that can be connected to: after a start, and when slots ran out.
void LookEverywhere() {
  StartTransactionCommand();
  Relation relation = table_open(DatabaseRelationId, AccessShareLock);
  SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, nullptr, 0, nullptr);
  while (HeapTuple tuple = systable_getnext(scan)) {
    auto* database = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
    if (!database->datallowconn) continue;
    MemoryContext outer = MemoryContextSwitchTo(TopMemoryContext);
    to_look = list_append_unique_oid(to_look, database->oid);
    MemoryContextSwitchTo(outer);
  }
  systable_endscan(scan);
  table_close(relation, AccessShareLock);
  CommitTransactionCommand();
}

bool IsRunning(Oid database) {
  for (const Running& one : running) {
    if (one.handle != nullptr && one.database == database) return true;
  }
  return false;
}

void ReapSealers() {
  for (Running& one : running) {
    pid_t pid;
    if (one.handle == nullptr) continue;
    if (GetBackgroundWorkerPid(one.handle, &pid) != BGWH_STOPPED) continue;
    pfree(one.handle);
    one.handle = nullptr;
  }
}

enum class Place { kFree, kBusy, kGone };

// Whether a worker may connect: it must not hold up DROP DATABASE or CREATE DATABASE TEMPLATE.
Place LookAt(Oid database) {
  Place place = Place::kBusy;
  StartTransactionCommand();
  if (LockDatabase(database)) {
    HeapTuple tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(database));
    bool usable = HeapTupleIsValid(tuple) &&
                  reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple))->datallowconn;
    if (HeapTupleIsValid(tuple)) ReleaseSysCache(tuple);
    place = usable ? Place::kFree : Place::kGone;
  }
  CommitTransactionCommand();
  return place;
}

bool StartSealer(Oid database) {
  BackgroundWorker worker;
  FillWorker(worker, "pg_gdpr sealer", "gdpr_sealer_main");
  worker.bgw_restart_time = BGW_NEVER_RESTART;
  worker.bgw_main_arg = ObjectIdGetDatum(database);
  worker.bgw_notify_pid = MyProcPid;
  for (Running& one : running) {
    if (one.handle != nullptr) continue;
    one.database = database;
    MemoryContext outer = MemoryContextSwitchTo(TopMemoryContext);  // where the handle stays
    bool started = RegisterDynamicBackgroundWorker(&worker, &one.handle);
    MemoryContextSwitchTo(outer);
    if (started) {
      told_of_slots = false;
      return true;
    }
    one.handle = nullptr;
    break;
  }
  if (!told_of_slots) {
    ereport(WARNING, (errmsg("no worker process is free to seal the audit log"),
                      errhint("Raise max_worker_processes.")));
  }
  told_of_slots = true;
  return false;
}

void Earlier(TimestampTz* first, TimestampTz time) {
  if (*first == 0 || time < *first) *first = time;
}

// The databases that are due, oldest place first; *next: when the next one will be.
List* DueDatabases(TimestampTz now, TimestampTz* next) {
  List* due = NIL;
  LWLockAcquire(seal_shared->lock, LW_SHARED);
  for (SealSlot& slot : seal_shared->slots) {
    if (!OidIsValid(slot.database) || slot.sealer != 0 || IsRunning(slot.database)) continue;
    TimestampTz when = 0;
    if (WantsSeal(slot)) Earlier(&when, Max(slot.not_before, 1));
    if (WantsDrain(slot)) Earlier(&when, Max(slot.drain_not_before, 1));
    if (when == 0) continue;
    if (when > now) {
      Earlier(next, when);
    } else {
      due = lappend_oid(due, slot.database);
    }
  }
  LWLockRelease(seal_shared->lock);
  return due;
}

void ForgetDatabase(Oid database) {
  LWLockAcquire(seal_shared->lock, LW_EXCLUSIVE);
  for (SealSlot& slot : seal_shared->slots) {
    if (slot.database != database || slot.sealer != 0) continue;
    slot.database = InvalidOid;
    slot.again = false;
    pg_atomic_write_u32(&slot.work, 0);
  }
  LWLockRelease(seal_shared->lock);
}

int FreeSealers() {
  int free = 0;
  for (const Running& one : running) free += one.handle == nullptr ? 1 : 0;
  return free;
}

// Starts what can be started. Returns when to look again; 0: when somebody says so.
TimestampTz StartDue() {
  TimestampTz now = GetCurrentTimestamp();
  TimestampTz next = 0;
  List* due = DueDatabases(now, &next);
  List* all = list_concat_unique_oid(due, to_look);
  int waiting = 0;
  ListCell* cell;
  foreach (cell, all) {
    Oid database = lfirst_oid(cell);
    if (IsRunning(database)) continue;
    if (FreeSealers() == 0 || now < not_before) {
      waiting++;
      continue;
    }
    Place place = LookAt(database);
    if (place == Place::kGone) ForgetDatabase(database);
    if (place == Place::kBusy) {
      Earlier(&next, TimestampTzPlusMilliseconds(now, kBusyMilliseconds));
      continue;
    }
    if (place == Place::kFree && !StartSealer(database)) {
      not_before = TimestampTzPlusMilliseconds(now, kSlotsMilliseconds);
      waiting++;
      continue;
    }
    to_look = list_delete_oid(to_look, database);
  }
  pg_atomic_write_u32(&seal_shared->waiting, static_cast<uint32>(waiting));
  if (waiting > 0 && now < not_before) Earlier(&next, not_before);
  list_free(all);
  return next;
}

// A new configuration may be one that the next seal has to tell.
void Reload() {
  ConfigReloadPending = false;
  ProcessConfigFile(PGC_SIGHUP);
  LWLockAcquire(seal_shared->lock, LW_SHARED);
  for (SealSlot& slot : seal_shared->slots) {
    if (OidIsValid(slot.database)) pg_atomic_write_u32(&slot.work, 1);
  }
  LWLockRelease(seal_shared->lock);
}

void Sleep(TimestampTz next) {
  int events = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH;
  long milliseconds = -1;
  if (next != 0) {
    events |= WL_TIMEOUT;
    milliseconds = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), next);
  }
  (void)WaitLatch(MyLatch, events, milliseconds, PG_WAIT_EXTENSION);
  ResetLatch(MyLatch);
}

}  // namespace

void RegisterLauncher() {
  if (IsBinaryUpgrade) return;
  BackgroundWorker worker;
  FillWorker(worker, "pg_gdpr launcher", "gdpr_launcher_main");
  worker.bgw_restart_time = kRestartSeconds;
  RegisterBackgroundWorker(&worker);
}

}  // namespace gdpr::pg

void gdpr_launcher_main(Datum) {
  using namespace gdpr::pg;
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
  BackgroundWorkerUnblockSignals();
  BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
  before_shmem_exit(LeaveLatch, 0);
  pg_atomic_write_u64(&seal_shared->launcher, reinterpret_cast<uintptr_t>(MyLatch));
  pg_atomic_write_u32(&seal_shared->everywhere, 1);
  MemoryContext work =
      AllocSetContextCreate(TopMemoryContext, "pg_gdpr launcher", ALLOCSET_DEFAULT_SIZES);
  while (!ShutdownRequestPending) {
    CHECK_FOR_INTERRUPTS();
    if (ConfigReloadPending) Reload();
    MemoryContextSwitchTo(work);
    ReapSealers();
    if (pg_atomic_exchange_u32(&seal_shared->everywhere, 0) != 0) {
      LookEverywhere();
      SweepSpool();
    }
    MemoryContextSwitchTo(work);
    TimestampTz next = StartDue();
    MemoryContextReset(work);
    Sleep(next);
  }
  // Not 0: that would be for good, if it was only pg_terminate_backend
  proc_exit(1);
}
