// SPDX-License-Identifier: PostgreSQL
// The hooks of the executor. What a statement reached is kept outside its own memory, in a list by
// the address of its QueryDesc: portals are suspended and go on, statements nest, and an error
// skips everything but the callbacks of transactions.
#include "extension/src/access_capture.hpp"

#include "extension/src/access_conflict.hpp"
#include "extension/src/access_dest.hpp"
#include "extension/src/access_node.hpp"
#include "extension/src/access_plan.hpp"
#include "extension/src/access_query.hpp"
#include "extension/src/owner.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

ExecutorStart_hook_type previous_start = nullptr;
ExecutorRun_hook_type previous_run = nullptr;
ExecutorFinish_hook_type previous_finish = nullptr;
ExecutorEnd_hook_type previous_end = nullptr;

Capture* captures = nullptr;  // newest first
MemoryContext memory = nullptr;

// Digests of what is executed again and again, by a hash of the text.
struct KnownDigest {
  uint64 hash;
  int64 digest;
};
constexpr int kKnownDigests = 64;
KnownDigest known_digests[kKnownDigests];
uint64 digest_seed = 0;

int64 DigestOf(const QueryDesc* query) {
  const char* text = query->sourceText == nullptr ? "" : query->sourceText;
  int length = static_cast<int>(strlen(text));
  int from = query->plannedstmt->stmt_location;
  int size = query->plannedstmt->stmt_len;
  if (from > 0 && from <= length) {
    text += from;
    length -= from;
  }
  if (size > 0 && size < length) length = size;
  if (digest_seed == 0 && !pg_strong_random(&digest_seed, sizeof(digest_seed))) digest_seed = 1;
  uint64 hash =
      hash_bytes_extended(reinterpret_cast<const unsigned char*>(text), length, digest_seed);
  KnownDigest* known = &known_digests[hash % kKnownDigests];
  if (known->hash != hash) {
    int64 digest;
    if (!DigestOfQuery(text, length, &digest)) return 0;
    *known = KnownDigest{hash, digest};
  }
  return known->digest;
}

// The same in the leader of a parallel plan and in its workers, which are not told what part of the
// text is theirs.
uint64 KeyOf(const QueryDesc* query) {
  const char* text = query->sourceText == nullptr ? "" : query->sourceText;
  return hash_bytes_extended(reinterpret_cast<const unsigned char*>(text),
                             static_cast<int>(strlen(text)), 0);
}

char CommandOf(const QueryDesc* query) {
  switch (query->operation) {
    case CMD_INSERT:
      return 'i';
    case CMD_UPDATE:
      return 'u';
    case CMD_DELETE:
      return 'd';
    case CMD_SELECT:
      return query->dest != nullptr && query->dest->mydest == DestCopyOut ? 'c' : 's';
    default:
      return 'm';
  }
}

// Transactions from this number on are not in the snapshot.
uint64 SnapshotOf(const QueryDesc* query) {
  if (query->snapshot == nullptr || !TransactionIdIsNormal(query->snapshot->xmax)) return 0;
  FullTransactionId next = ReadNextFullTransactionId();
  uint32 ago = XidFromFullTransactionId(next) - query->snapshot->xmax;
  return U64FromFullTransactionId(next) - ago;
}

bool IsAudited(Oid relation) {
  return FindAccess(relation) != nullptr;
}

// A parallel worker's plan does not say which relations it reads.
bool ReadsAudited(const QueryDesc* query) {
  ListCell* cell;
  if (!IsParallelWorker()) {
    foreach (cell, query->plannedstmt->relationOids) {
      if (IsAudited(lfirst_oid(cell))) return true;
    }
    return UpdatesAuditedBelow(query);
  }
  foreach (cell, query->plannedstmt->rtable) {
    auto* entry = lfirst_node(RangeTblEntry, cell);
    if (entry->rtekind == RTE_RELATION && IsAudited(entry->relid)) return true;
  }
  return false;
}

void Free(Capture* capture) {
  ForgetNodes(capture);
  if (capture->facts != nullptr) ReleaseFacts(capture->facts);
  if (capture->published >= 0) UnpublishStatement(capture->published);
  (capture->previous == nullptr ? captures : capture->previous->next) = capture->next;
  if (capture->next != nullptr) capture->next->previous = capture->previous;
  MemoryContextDelete(capture->context);
}

void BeforeExit(int, Datum);

Capture* Make(QueryDesc* query) {
  if (memory == nullptr) {
    before_shmem_exit(BeforeExit, 0);
    memory = AllocSetContextCreate(TopMemoryContext, "pg_gdpr reads", ALLOCSET_SMALL_SIZES);
  }
  MemoryContext context =
      AllocSetContextCreate(memory, "pg_gdpr statement", ALLOCSET_DEFAULT_SIZES);
  auto* capture = static_cast<Capture*>(MemoryContextAllocZero(context, sizeof(Capture)));
  capture->context = context;
  capture->query = query;
  capture->subtransaction = GetCurrentSubTransactionId();
  capture->published = -1;
  capture->failed = true;  // until all is known of it
  capture->worker = IsParallelWorker();
  capture->next = captures;
  if (captures != nullptr) captures->previous = capture;
  captures = capture;
  return capture;
}

// False: a worker of a statement that is not recorded.
bool Number(Capture* capture, const QueryDesc* query) {
  capture->at = GetCurrentStatementStartTimestamp();
  capture->statement = NextRead(capture->at);
  return !capture->worker || LeaderStatement(KeyOf(query), &capture->statement);
}

void Describe(Capture* capture, const QueryDesc* query) {
  if (capture->worker) return;
  capture->facts = HoldFacts();
  capture->digest = DigestOf(query);
  capture->command = CommandOf(query);
  if (capture->whole) capture->snapshot = SnapshotOf(query);
}

void Begin(QueryDesc* query) {
  // A prepared statement within a transaction takes no lock anew, and would not hear of changes
  AcceptInvalidationMessages();
  if (!ReadsAudited(query) || IsKeyLookup(query)) return;
  Capture* capture = Make(query);
  // Before anything is wrapped: a wrapped node needs its capture as long as it runs
  if (!Number(capture, query)) return Free(capture);
  capture->engine = CurrentScope() != nullptr || GetUserId() == AccessOwner();
  WrapNodes(capture, query);
  if (capture->targets == nullptr) return Free(capture);
  Describe(capture, query);
  capture->failed = false;
}

Capture* Find(const QueryDesc* query) {
  for (Capture* capture = captures; capture != nullptr; capture = capture->next) {
    if (capture->query == query && !capture->failed) return capture;
  }
  return nullptr;
}

void Unpublish(Capture* capture) {
  if (capture->published < 0) return;
  UnpublishStatement(capture->published);
  capture->published = -1;
}

// Tells what was reached, while the executor's memory is there. The rows at which its scans are
// count: they may be in an error's message, or have passed just now.
void Fail(Capture* capture) {
  Unpublish(capture);
  if (!capture->lost) {
    NoteCurrentRows(capture);
    (void)NoteRechecks(capture);
  }
  WriteRecord(capture, Ending::kAborted, SpoolMode::kNeverRaise);
  capture->failed = true;
}

void Start(QueryDesc* query, int flags) {
  if (previous_start != nullptr) {
    previous_start(query, flags);
  } else {
    standard_ExecutorStart(query, flags);
  }
  if (SpoolReady() && (flags & EXEC_FLAG_EXPLAIN_ONLY) == 0) Begin(query);
}

// Workers of a parallel plan say whom they reached under the leader's number, so that the leader's
// record begins before they do.
void Prepare(Capture* capture, QueryDesc* query) {
  if (capture->worker || !query->plannedstmt->parallelModeNeeded) return;
  WriteRecord(capture, Ending::kNot, SpoolMode::kDurable, true);
  capture->published = PublishStatement(capture->statement, KeyOf(query));
}

void PassRun(GDPR_RUN_PARAMETERS) {
  if (previous_run != nullptr) return previous_run(GDPR_RUN_ARGUMENTS);
  standard_ExecutorRun(GDPR_RUN_ARGUMENTS);
}

void RunCaptured(Capture* capture, GDPR_RUN_PARAMETERS) {
#if PG_VERSION_NUM >= 180000
  constexpr bool once = false;
#endif
  DestReceiver* behind = query->dest;
  bool sends = query->operation == CMD_SELECT || query->plannedstmt->hasReturning;
  capture->running = true;
  PG_TRY();
  {
    Prepare(capture, query);
    if (sends) {
      query->dest = OpenGate(capture, behind, count, once, ScanDirectionIsForward(direction));
    }
    PassRun(GDPR_RUN_ARGUMENTS);
  }
  PG_CATCH();
  {
    query->dest = behind;
    Fail(capture);
    PG_RE_THROW();
  }
  PG_END_TRY();
  query->dest = behind;
  capture->running = false;
  Unpublish(capture);
}

void Run(GDPR_RUN_PARAMETERS) {
  Capture* capture = captures == nullptr ? nullptr : Find(query);
  if (capture == nullptr) return PassRun(GDPR_RUN_ARGUMENTS);
  RunCaptured(capture, GDPR_RUN_ARGUMENTS);
}

void PassFinish(QueryDesc* query) {
  if (previous_finish != nullptr) return previous_finish(query);
  standard_ExecutorFinish(query);
}

// Statements without rows to send are told here: AFTER triggers have had their say.
void FinishCaptured(Capture* capture, QueryDesc* query) {
  capture->running = true;
  PG_TRY();
  {
    PassFinish(query);
    (void)NoteRechecks(capture);
    WriteRecord(capture, Ending::kComplete, SpoolMode::kDurable);
  }
  PG_CATCH();
  {
    Fail(capture);
    PG_RE_THROW();
  }
  PG_END_TRY();
  capture->running = false;
}

void Finish(QueryDesc* query) {
  Capture* capture = captures == nullptr ? nullptr : Find(query);
  if (capture == nullptr) return PassFinish(query);
  FinishCaptured(capture, query);
}

void End(QueryDesc* query) {
  Capture* capture = captures == nullptr ? nullptr : Find(query);
  if (capture != nullptr) {
    (void)NoteRechecks(capture);
    WriteRecord(capture, Ending::kComplete, SpoolMode::kNeverRaise);
    Free(capture);
  }
  if (previous_end != nullptr) return previous_end(query);
  standard_ExecutorEnd(query);
}

// A cursor is left open until its transaction or subtransaction ends.
void Close(Capture* capture) {
  Ending ending = capture->running ? Ending::kAborted : Ending::kLeftOpen;
  if (!capture->failed) WriteRecord(capture, ending, SpoolMode::kNeverRaise);
  Free(capture);
}

// A session that is terminated goes from within its statements, before its transaction is aborted.
void BeforeExit(int, Datum) {
  for (Capture* capture = captures; capture != nullptr; capture = capture->next) {
    if (capture->running && !capture->failed) Fail(capture);
  }
}

void AfterTransaction(XactEvent event, void*) {
  switch (event) {
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PARALLEL_ABORT:
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_PREPARE:
      while (captures != nullptr) Close(captures);
      return;
    default:
      return;
  }
}

// What began in a subtransaction ends with it, or is its parent's from now on.
void AfterSubtransaction(SubXactEvent event, SubTransactionId ended, SubTransactionId parent,
                         void*) {
  if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB) return;
  Capture* next;
  for (Capture* capture = captures; capture != nullptr; capture = next) {
    next = capture->next;
    if (capture->subtransaction != ended) continue;
    if (event == SUBXACT_EVENT_COMMIT_SUB) {
      capture->subtransaction = parent;
    } else {
      Close(capture);
    }
  }
}

}  // namespace

void RegisterCapture() {
  if (!process_shared_preload_libraries_in_progress) return;
  previous_start = ExecutorStart_hook;
  ExecutorStart_hook = Start;
  previous_run = ExecutorRun_hook;
  ExecutorRun_hook = Run;
  previous_finish = ExecutorFinish_hook;
  ExecutorFinish_hook = Finish;
  previous_end = ExecutorEnd_hook;
  ExecutorEnd_hook = End;
  RegisterXactCallback(AfterTransaction, nullptr);
  RegisterSubXactCallback(AfterSubtransaction, nullptr);
  RegisterAccess();
}

}  // namespace gdpr::pg
