// SPDX-License-Identifier: PostgreSQL
// The worker of one database: drains the spool of reads and seals changes until nothing is left,
// stays while more comes, and goes as soon as nobody reads or writes or somebody wants the database
// for himself. Everything it runs is ours, as gdpr_owner. Draining and sealing fail and wait each
// for itself: nothing that holds seals back holds reads back.
#include "extension/src/drain.hpp"
#include "extension/src/seal_settings.hpp"
#include "extension/src/seal_work.hpp"

#include "extension/src/compat.hpp"

extern "C" {
PGDLLEXPORT void gdpr_sealer_main(Datum);
}

namespace gdpr::pg {
namespace {

constexpr int kTickMilliseconds = 250;  // how soon it notices that somebody wants the database
constexpr int kLongestStay = 10;        // seconds; with a longer interval it comes again instead
constexpr int kLongestPause = 60;       // seconds between tries that fail
constexpr int kFullBatch = 65536;
constexpr int kDrainInterval = 1;  // seconds

SealSlot* slot = nullptr;

char database_name[NAMEDATALEN];

enum class Round { kDone, kFailed, kWanted, kGone };

// What one look found, in memory that survives the transaction.
struct Look {
  int64 sealed;
  int64 unsealed_age;  // seconds; -1: nothing is unsealed
};

void LeaveSlot(int, Datum) {
  slot->sealer = 0;
}

// The settings of a database or role must not decide how it is sealed.
void UseOwnSettings() {
  const char* const settings[][2] = {{"search_path", "pg_catalog, pg_temp"},
                                     {"default_transaction_isolation", "read committed"},
                                     {"default_transaction_read_only", "off"},
                                     {"default_transaction_deferrable", "off"},
                                     {"session_replication_role", "origin"},
                                     {"row_security", "on"},
                                     {"statement_timeout", "0"},
                                     {"lock_timeout", "1s"},
                                     {"synchronous_commit", "on"},
                                     {"constraint_exclusion", "partition"},
                                     {"timezone", "UTC"},
                                     {"jit", "off"}};
  for (const auto& setting : settings) {
    SetConfigOption(setting[0], setting[1], PGC_SUSET, PGC_S_OVERRIDE);
  }
}

// Whether this database has an audit log. In a transaction.
bool HasAudit() {
  Oid schema = get_namespace_oid("gdpr_internal", true);
  return OidIsValid(get_extension_oid("pg_gdpr", true)) && OidIsValid(schema) &&
         OidIsValid(get_relname_relid("audit_seal", schema)) &&
         OidIsValid(get_role_oid("gdpr_owner", true));
}

// Keeps the extension until the end of the transaction: DROP EXTENSION then waits before it has
// locked a table that we still want. False: it is being dropped.
bool LockExtension() {
  Oid extension = get_extension_oid("pg_gdpr", true);
  LOCKTAG tag;
  SET_LOCKTAG_OBJECT(tag, MyDatabaseId, ExtensionRelationId, extension, 0);
  if (LockAcquire(&tag, AccessShareLock, false, true) == LOCKACQUIRE_NOT_AVAIL) return false;
  AcceptInvalidationMessages();
  return true;
}

// Somebody has locked the database for DROP, CREATE … TEMPLATE or the like, and waits for us.
bool IsWanted() {
  StartTransactionCommand();
  bool free = LockDatabase(MyDatabaseId);
  CommitTransactionCommand();
  return !free;
}

int64 QueryNumber(const char* query) {
  if (SPI_execute(query, false, 1) != SPI_OK_SELECT || SPI_processed != 1) {
    elog(ERROR, "query of the sealer failed");
  }
  bool isnull;
  Datum value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
  return isnull ? -1 : DatumGetInt64(value);
}

// One statement as gdpr_owner in a transaction of its own; false: the extension is gone or going.
bool Ask(const char* query, int64* answer) {
  StartTransactionCommand();
  bool exists = HasAudit() && LockExtension() && HasAudit();
  if (exists) {
    Oid user;
    int context;
    GetUserIdAndSecContext(&user, &context);
    SetUserIdAndSecContext(get_role_oid("gdpr_owner", false),
                           context | SECURITY_LOCAL_USERID_CHANGE);
    PushActiveSnapshot(GetTransactionSnapshot());
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    pgstat_report_activity(STATE_RUNNING, query);
    *answer = QueryNumber(query);
    SPI_finish();
    PopActiveSnapshot();
    SetUserIdAndSecContext(user, context);
  }
  CommitTransactionCommand();
  pgstat_report_stat(false);  // autovacuum has to know of what we write
  pgstat_report_activity(STATE_IDLE, nullptr);
  return exists;
}

Round DrainAll(Look*) {
  int64 frames;
  do {
    CHECK_FOR_INTERRUPTS();
    if (!Ask("SELECT b.frames FROM gdpr_internal.drain_batch() AS b", &frames)) return Round::kGone;
    if (IsWanted()) return Round::kWanted;
  } while (frames > 0);
  return Round::kDone;
}

Round SealAll(Look* look) {
  int64 made;
  if (!Ask("SELECT gdpr_internal.make_audit_partitions()::bigint", &made)) return Round::kGone;
  do {
    CHECK_FOR_INTERRUPTS();
    if (!Ask("SELECT gdpr_internal.seal_batch(false)::bigint", &look->sealed)) return Round::kGone;
    if (IsWanted()) return Round::kWanted;
  } while (look->sealed >= kFullBatch);
  if (!Ask("SELECT gdpr_internal.unsealed_age()", &look->unsealed_age)) return Round::kGone;
  int64 anchored;
  if (!Ask("SELECT gdpr_internal.write_anchor()", &anchored)) return Round::kGone;
  return Round::kDone;
}

// What the worker does in turn.
struct Duty {
  Round (*work)(Look*);
  uint32 SealSlot::*complaint;
  const char* failed;
};

const Duty kDrain = {DrainAll, &SealSlot::drain_complaint,
                     "could not drain the spool of reads of database \"%s\": %s"};
const Duty kSeal = {SealAll, &SealSlot::complaint,
                    "could not seal the audit log of database \"%s\": %s"};

// Tells the log once for each state: the same complaint is not repeated.
void Complain(const Duty& duty, const ErrorData* error) {
  uint32 hash = hash_bytes(reinterpret_cast<const unsigned char*>(error->message),
                           static_cast<int>(strlen(error->message))) |
                1;
  if (slot->*duty.complaint == hash) return;
  slot->*duty.complaint = hash;
  ereport(WARNING,
          (errcode(error->sqlerrcode), errmsg_internal(duty.failed, database_name, error->message),
           error->hint != nullptr ? errhint("%s", error->hint) : 0));
}

Round Try(const Duty& duty, MemoryContext work, Look* look) {
  // volatile: set between setjmp and longjmp
  volatile Round round = Round::kFailed;
  PG_TRY();
  { round = duty.work(look); }
  PG_CATCH();
  {
    MemoryContextSwitchTo(work);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    AbortCurrentTransaction();
    pgstat_report_activity(STATE_IDLE, nullptr);
    StartTransactionCommand();
    bool exists = HasAudit();
    CommitTransactionCommand();
    MemoryContextSwitchTo(work);
    if (exists) Complain(duty, error);
    round = exists ? Round::kFailed : Round::kGone;
  }
  PG_END_TRY();
  MemoryContextReset(work);
  return round;
}

void WarnOfAge(int64 age) {
  bool old = unsealed_warning > 0 && age >= unsealed_warning;
  if (old && !slot->warned) {
    ereport(WARNING,
            (errmsg("changes in the audit log have been waiting for their seal for " INT64_FORMAT
                    " seconds",
                    age),
             errhint("A long transaction or a prepared one holds sealing back; "
                     "see gdpr.audit_status.")));
  }
  slot->warned = old;
}

TimestampTz After(int seconds) {
  return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), INT64CONST(1000) * seconds);
}

void Pause(int* pause, int first, TimestampTz* not_before) {
  *pause = *pause == 0 ? Min(first, kLongestPause) : Min(*pause * 2, kLongestPause);
  *not_before = After(*pause);
}

bool IsDue(bool wanted, TimestampTz not_before) {
  return wanted && not_before <= GetCurrentTimestamp();
}

bool SealIsDue() {
  return IsDue(WantsSeal(*slot), slot->not_before);
}

bool DrainIsDue() {
  return IsDue(WantsDrain(*slot), slot->drain_not_before);
}

// Waits until there is something to do. False: nothing came, somebody wants the database, or
// another one waits for a worker.
bool WaitHere() {
  int longest = Min(seal_interval, kLongestStay) * 1000;
  for (int waited = 0; waited < longest; waited += kTickMilliseconds) {
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kTickMilliseconds,
                    PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
    if (pg_atomic_read_u32(&seal_shared->waiting) > 0 || IsWanted()) {
      slot->not_before = Max(slot->not_before, After(1));
      slot->drain_not_before = Max(slot->drain_not_before, After(1));
      return false;
    }
    if (SealIsDue() || DrainIsDue()) return true;
  }
  return false;
}

// Whether the worker may go on. `again` stands where it may not: the launcher comes back.
bool Settle(Round round, bool* again, TimestampTz* not_before) {
  if (round == Round::kGone) *again = false;
  if (round == Round::kWanted) *not_before = After(1);
  return round == Round::kDone || round == Round::kFailed;
}

bool Drain(MemoryContext work) {
  pg_atomic_write_u32(&slot->reads, 0);
  slot->drain_again = true;  // also for whoever comes after us, should we not come to an end
  slot->drain_not_before = After(kDrainInterval);
  Look look{};
  Round round = Try(kDrain, work, &look);
  if (round == Round::kFailed) Pause(&slot->drain_pause, kDrainInterval, &slot->drain_not_before);
  if (round == Round::kDone) {
    slot->drain_again = drain_held_back;
    slot->drain_pause = 0;
    slot->drain_complaint = 0;
  }
  return Settle(round, &slot->drain_again, &slot->drain_not_before);
}

bool Seal(MemoryContext work) {
  pg_atomic_write_u32(&slot->work, 0);
  slot->again = true;
  slot->not_before = After(Min(seal_interval, kLongestPause));
  Look look{0, -1};
  Round round = Try(kSeal, work, &look);
  if (round == Round::kFailed) Pause(&slot->pause, seal_interval, &slot->not_before);
  if (round == Round::kDone) {
    slot->complaint = 0;
    WarnOfAge(look.unsealed_age);
    slot->again = look.unsealed_age >= 0;  // held back by a transaction that still runs
    if (look.unsealed_age > kLongestStay) {
      Pause(&slot->pause, seal_interval, &slot->not_before);
    } else {
      slot->pause = 0;
      slot->not_before = After(seal_interval);
    }
  }
  return Settle(round, &slot->again, &slot->not_before);
}

bool TakeSlot() {
  StartTransactionCommand();
  bool exists = HasAudit();
  char* name = get_database_name(MyDatabaseId);
  if (name != nullptr) strlcpy(database_name, name, sizeof(database_name));
  CommitTransactionCommand();
  if (!exists) return false;
  slot = FindSealSlot(MyDatabaseId, true);
  if (slot == nullptr || slot->sealer != 0) return false;
  slot->sealer = MyProcPid;
  before_shmem_exit(LeaveSlot, 0);
  return true;
}

}  // namespace
}  // namespace gdpr::pg

void gdpr_sealer_main(Datum database) {
  using namespace gdpr::pg;
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  pqsignal(SIGTERM, die);
  BackgroundWorkerUnblockSignals();
  BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid, 0);
  UseOwnSettings();
  if (!TakeSlot()) proc_exit(0);
  MemoryContext work =
      AllocSetContextCreate(TopMemoryContext, "pg_gdpr sealer", ALLOCSET_DEFAULT_SIZES);
  // Nobody may have flagged what a crash or a restore left behind: the first look is at everything
  bool goes_on = !IsDue(true, slot->drain_not_before) || Drain(work);
  if (goes_on && IsDue(true, slot->not_before)) goes_on = Seal(work);
  while (goes_on && WaitHere()) {
    if (ConfigReloadPending) {
      ConfigReloadPending = false;
      ProcessConfigFile(PGC_SIGHUP);
    }
    if (DrainIsDue()) goes_on = Drain(work);
    if (goes_on && SealIsDue()) goes_on = Seal(work);
  }
  proc_exit(0);
}
