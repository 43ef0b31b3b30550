// SPDX-License-Identifier: PostgreSQL
// CALL gdpr.protect() and gdpr.unprotect(): one table after the other, each in a short transaction
// where the caller is in none. What is to be done, and doing it for one table, is SQL (module 82).
#include "extension/src/door.hpp"
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr int kAttempts = 10;
constexpr int kLockTimeout = 2000;  // ms; a waiting ALTER TABLE holds up everybody behind it
constexpr int kLongestPause = 3000;

constexpr char kProtectSteps[] =
    "SELECT s.relation, s.done, s.statements FROM gdpr_internal.protect_steps($1, $2, $3, $4) AS s";
constexpr char kProtect[] = "SELECT gdpr_internal.protect_relation($1, $5, $2, $3, $4)";
constexpr char kUnprotectSteps[] =
    "SELECT s.relation, s.done, s.statements FROM gdpr_internal.unprotect_steps($1) AS s";
constexpr char kUnprotect[] = "SELECT gdpr_internal.unprotect_relation($1, $5)";
constexpr char kRehearse[] = "SELECT gdpr_internal.rehearse($1)";

// The parameters of all these statements: type, inline, tenant column, networks, relation.
constexpr int kParameters = 5;

struct Call {
  bool atomic;  // the caller's transaction goes on after us
  Datum values[kParameters];
  char nulls[kParameters + 1];
};

struct Step {
  Oid relation;
  bool done;
  List* statements;  // of char*
};

// Runs a query as the owner of pg_gdpr; the door says who called.
void RunAsOurs(const char* query, Call* call) {
  Oid types[kParameters] = {TEXTOID, BOOLOID, NAMEOID, CIDRARRAYOID, REGCLASSOID};
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(StateOwner(), context | SECURITY_LOCAL_USERID_CHANGE);
  int code = SPI_execute_with_args(query, kParameters, types, call->values, call->nulls, false, 0);
  if (code != SPI_OK_SELECT) elog(ERROR, "statement failed: %s", SPI_result_code_string(code));
  SetUserIdAndSecContext(user, context);
}

List* TextItems(Datum array) {
  Datum* items;
  bool* nulls;
  int count;
  deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &items, &nulls,
                    &count);
  List* texts = NIL;
  for (int i = 0; i < count; i++) {
    if (!nulls[i]) texts = lappend(texts, TextDatumGetCString(items[i]));
  }
  return texts;
}

// What is to be done, in SPI's own memory.
List* ReadSteps(const char* query, Call* call) {
  RunAsOurs(query, call);
  List* steps = NIL;
  for (uint64 i = 0; i < SPI_processed; i++) {
    bool isnull;
    HeapTuple row = SPI_tuptable->vals[i];
    auto* step = static_cast<Step*>(palloc0(sizeof(Step)));
    step->relation = DatumGetObjectId(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &isnull));
    step->done = DatumGetBool(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &isnull));
    Datum statements = SPI_getbinval(row, SPI_tuptable->tupdesc, 3, &isnull);
    if (!isnull) step->statements = TextItems(statements);
    steps = lappend(steps, step);
  }
  return steps;
}

void Print(List* steps) {
  ListCell* cell;
  foreach (cell, steps) {
    ListCell* statement;
    foreach (statement, static_cast<Step*>(lfirst(cell))->statements) {
      ereport(INFO, (errmsg_internal("%s;", static_cast<char*>(lfirst(statement)))));
    }
  }
}

void LimitLockWait() {
  if (LockTimeout > 0 && LockTimeout < kLockTimeout) return;
  (void)set_config_option("lock_timeout", psprintf("%d", kLockTimeout), PGC_USERSET, PGC_S_SESSION,
                          GUC_ACTION_SAVE, true, 0, false);
}

// One attempt at a step. Returns false when a lock could not be had, which leaves nothing behind.
bool Attempt(const char* query, Call* call, bool last, bool* finished) {
  MemoryContext context = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  volatile bool locked = true;
  BeginInternalSubTransaction(nullptr);
  MemoryContextSwitchTo(context);
  PG_TRY();
  {
    int nest_level = NewGUCNestLevel();
    LimitLockWait();
    RunAsOurs(query, call);
    bool isnull = true;
    if (SPI_processed == 1) {
      Datum value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
      *finished = isnull || DatumGetBool(value);
    }
    AtEOXact_GUC(true, nest_level);
    ReleaseCurrentSubTransaction();
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    ErrorData* error = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    int code = error->sqlerrcode;
    bool busy = code == ERRCODE_LOCK_NOT_AVAILABLE || code == ERRCODE_T_R_DEADLOCK_DETECTED;
    if (!busy || last) {
      if (busy) error->hint = pstrdup("Run it again when the table is less busy: it goes on.");
      ReThrowError(error);
    }
    FreeErrorData(error);
    locked = false;
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  CurrentResourceOwner = owner;
  return locked;
}

void Pause(int milliseconds) {
  constexpr int kSlice = 50;
  for (int waited = 0; waited < milliseconds; waited += kSlice) {
    CHECK_FOR_INTERRUPTS();
    pg_usleep(kSlice * 1000L);
  }
}

// A step until it is finished: it may take several transactions, and each of them several attempts.
void Finish(const char* query, Call* call, Step* step) {
  call->values[kParameters - 1] = ObjectIdGetDatum(step->relation);
  call->nulls[kParameters - 1] = ' ';
  bool finished = false;
  while (!finished) {
    int pause = 100;
    // Within the caller's transaction the tables before this one are locked: no waiting there
    int attempts = call->atomic ? 1 : kAttempts;
    for (int i = 1; !Attempt(query, call, i == attempts, &finished); i++) {
      if (!call->atomic) SPI_commit();
      Pause(pause);
      pause = Min(pause * 2, kLongestPause);
    }
    if (!call->atomic) SPI_commit();
  }
}

void Run(const char* steps_query, const char* step_query, Call* call, bool dry_run) {
  List* steps = ReadSteps(steps_query, call);
  if (dry_run) {
    Print(steps);
    return;
  }
  // A partition that was made meanwhile, before its root was done, is a step of the next round; once
  // the root is done the event trigger sees to new ones.
  constexpr int kRounds = 3;
  for (int round = 0; round < kRounds; round++) {
    bool complete = true;
    ListCell* cell;
    foreach (cell, steps) {
      auto* step = static_cast<Step*>(lfirst(cell));
      if (step->done) continue;
      complete = false;
      Finish(step_query, call, step);
    }
    if (complete) break;
    steps = ReadSteps(steps_query, call);
  }
}

Datum Copied(FunctionCallInfo fcinfo, int argument, int16 length) {
  return datumCopy(PG_GETARG_DATUM(argument), false, length);
}

bool Flag(FunctionCallInfo fcinfo, int argument, const char* name) {
  if (PG_ARGISNULL(argument)) {
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name)));
  }
  return PG_GETARG_BOOL(argument);
}

// Opens SPI and the door, and runs `work`.
template <class Work>
void InProcedure(FunctionCallInfo fcinfo, Work work) {
  Call call{};
  bool called = fcinfo->context != nullptr && IsA(fcinfo->context, CallContext);
  call.atomic = !called || castNode(CallContext, fcinfo->context)->atomic;
  if (SPI_connect_ext(call.atomic ? 0 : SPI_OPT_NONATOMIC) != SPI_OK_CONNECT) {
    elog(ERROR, "SPI_connect failed");
  }
  memset(call.nulls, 'n', kParameters);
  if (PG_ARGISNULL(0)) {
    ereport(ERROR,
            (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("subject type must not be null")));
  }
  call.values[0] = Copied(fcinfo, 0, -1);  // outlives the transactions to come
  call.nulls[0] = ' ';
  Door door;
  OpenDoor(door);
  PG_TRY();
  { work(&call); }
  PG_FINALLY();
  { CloseDoor(door); }
  PG_END_TRY();
  SPI_finish();
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// CALL gdpr.protect(subject_type text, dry_run boolean, enforce boolean, inline boolean,
// tenant_column name, networks cidr[])
GDPR_FUNCTION(gdpr_protect) {
  bool dry_run = Flag(fcinfo, 1, "dry_run");
  bool enforce = Flag(fcinfo, 2, "enforce");
  bool inline_mask = Flag(fcinfo, 3, "inline");
  InProcedure(fcinfo, [=](Call* call) {
    call->values[1] = BoolGetDatum(inline_mask);
    call->nulls[1] = ' ';
    if (!PG_ARGISNULL(4)) {
      call->values[2] = Copied(fcinfo, 4, NAMEDATALEN);
      call->nulls[2] = ' ';
    }
    if (!PG_ARGISNULL(5)) {
      call->values[3] = Copied(fcinfo, 5, -1);
      call->nulls[3] = ' ';
    }
    if (enforce) {
      Run(kProtectSteps, kProtect, call, dry_run);
    } else {
      RunAsOurs(kRehearse, call);
    }
  });
  PG_RETURN_VOID();
}

// CALL gdpr.unprotect(subject_type text, dry_run boolean)
GDPR_FUNCTION(gdpr_unprotect) {
  bool dry_run = Flag(fcinfo, 1, "dry_run");
  InProcedure(fcinfo, [=](Call* call) { Run(kUnprotectSteps, kUnprotect, call, dry_run); });
  PG_RETURN_VOID();
}
