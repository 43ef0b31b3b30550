// SPDX-License-Identifier: PostgreSQL
// The drain: one batch is one transaction. What was read of each file is committed with the rows
// that came of it, and a file goes only when a later batch finds that committed; so every frame
// becomes rows once, whatever crashes when. One batch at a time in a database.
#include "extension/src/drain.hpp"

#include "extension/src/audit_text.hpp"
#include "extension/src/drain_process.hpp"
#include "extension/src/drain_reads.hpp"
#include "extension/src/spool.hpp"
#include "extension/src/state_scan.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

bool drain_held_back = false;

namespace {

constexpr int64 kBatchBytes = 8 * kSegmentBytes;  // of the spool, in one transaction
constexpr int kFramesPerCheck = 1000;
constexpr int kPoliteTries = 5;
constexpr int kDrainLock = 1;  // beside the table's own lock, which autovacuum wants, too

struct Batch {
  MemoryContext context;
  MemoryContext file;  ///< of the file in work
  SpoolProcesses* processes;
  uint64 node;  ///< this server's
  ReadSink sink;
  int64 frames;
  int64 statements;
  int64 bytes;
  bool held_back;
};

// One file in work.
struct Reading {
  Batch& batch;
  const SpoolFile& file;
  SpoolProcess* process;
  bool live;
  bool last;   ///< of its process
  int64 from;  ///< frames before are drained; their definitions count
  Definitions definitions;
  bool any;  ///< some frame checked
};

enum class Verdict {
  kDone,     ///< all that is there
  kWaits,    ///< the process is about to write more
  kHeld,     ///< a table is locked
  kFull,     ///< the batch is
  kForeign,  ///< the file is not this server's
};

// A file that is not drained any further: noted first, and put aside once that is committed.
void PutAside(const char* kind, const SpoolProcess* process, const SpoolFile& file) {
  Noted noted = IsNoted(kind, file);
  if (noted == Noted::kNo) NoteIncident(kind, process, 1, 0, 0, &file);
  if (noted == Noted::kCommitted) QuarantineSpoolFile(file);
}

void NoteDamage(Reading& reading) {
  NoteIncident("damaged", reading.process, 1, 0, 0, &reading.file);
}

void NoteMissing(Reading& reading, int64 frames) {
  reading.process->missing += frames;
  reading.process->changed = reading.process->process != 0;
  NoteIncident("missing", reading.process, frames, 0, 0, &reading.file);
}

// Whether this server wrote it, as this process of this database.
bool IsOurs(const Reading& reading, const HeaderFrame& header) {
  const SpoolIdentity& identity = header.identity;
  return identity.database == MyDatabaseId &&
         identity.pid == static_cast<uint32>(reading.file.pid) &&
         identity.started == reading.file.started && header.segment == reading.file.segment &&
         identity.node == NodeOf(header.timeline) &&
         (header.timeline == CurrentTimeline() || header.standby);
}

// What was damaged or torn: goes on behind it, if anything is there.
// out     false: nothing is
bool GoOn(Reading& reading, FrameReader& frames, FrameResult result) {
  auto offset = static_cast<int64>(frames.Offset());
  bool more = frames.Skip() > 0;
  if (!more && reading.live) return false;
  if (offset < reading.from || (!more && !reading.any))
    return more;  // told, or put aside as a whole
  if (more || result == FrameResult::kDamaged) {
    NoteDamage(reading);
  } else if (reading.last) {
    // The process went before it was written to its end. (One that went on without it gave its
    // number to the next frame, or left a gap.)
    NoteMissing(reading, 1);
  }
  return more;
}

void CountGap(Reading& reading, const SpoolFrame& frame) {
  SpoolProcess* process = reading.process;
  auto counter = static_cast<int64>(frame.counter);
  if (counter > process->next_frame) NoteMissing(reading, counter - process->next_frame);
  process->next_frame = counter + 1;
}

void TakeDropped(Reading& reading, const DroppedFrame& dropped) {
  NoteIncident(dropped.kind == DropKind::kDropped ? "dropped" : "refused", reading.process,
               static_cast<int64>(dropped.amount), dropped.from, dropped.to, nullptr);
}

// A frame that was not drained before. False: it has to wait.
bool TakeFrame(Reading& reading, const SpoolFrame& frame) {
  Batch& batch = reading.batch;
  SpoolProcess* process = reading.process;
  if (process->process == 0) AddProcess(process, nullptr, batch.node);
  bool counts = static_cast<int64>(frame.counter) >= process->next_frame;
  bool sound = true;
  switch (frame.type) {
    case FrameType::kStatement:
      sound = IsReadNumber(static_cast<int64>(frame.statement.statement)) &&
              IS_VALID_TIMESTAMP(frame.statement.at);
      if (!counts || !sound) break;
      switch (WriteStatement(batch.sink, reading.definitions, frame, process->process)) {
        case Written::kHeld:
          return false;
        case Written::kNot:
          sound = false;
          break;
        case Written::kYes:
          if (frame.statement.start) batch.statements++;
          break;
      }
      break;
    case FrameType::kDropped:
      if (counts) TakeDropped(reading, frame.dropped);
      break;
    case FrameType::kEnd:
      process->ended = 'E';
      break;
    default:
      break;
  }
  // A frame that comes twice was put there by somebody
  if (!counts || !sound) NoteDamage(reading);
  if (counts) CountGap(reading, frame);
  process->drained_to = static_cast<int64>(frame.offset + frame.size);
  process->changed = true;
  batch.frames++;
  batch.bytes += static_cast<int64>(frame.size);
  return true;
}

void TakeDefinition(Reading& reading, const SpoolFrame& frame) {
  if (frame.type == FrameType::kFacts) Define(reading.definitions, frame.facts);
  if (frame.type == FrameType::kPlace) Define(reading.definitions, frame.place);
}

Verdict ReadFrames(Reading& reading, std::string_view bytes) {
  SpoolIdentity assumed{reading.batch.node, MyDatabaseId, static_cast<uint32>(reading.file.pid),
                        reading.file.started};
  FrameReader frames(bytes, assumed);
  SpoolFrame frame;
  for (int count = 1;; count++) {
    if (count % kFramesPerCheck == 0) CHECK_FOR_INTERRUPTS();
    FrameResult result = frames.Next(frame);
    if (result == FrameResult::kEnd) return Verdict::kDone;
    if (result != FrameResult::kFrame) {
      if (GoOn(reading, frames, result)) continue;
      return reading.live ? Verdict::kWaits : Verdict::kDone;
    }
    if (frame.type == FrameType::kHeader) {
      if (!IsOurs(reading, frame.header)) return Verdict::kForeign;
      if (reading.process->process == 0) {
        AddProcess(reading.process, &frame.header, reading.batch.node);
      }
    }
    reading.any = true;
    TakeDefinition(reading, frame);
    if (static_cast<int64>(frame.offset) < reading.from) continue;
    if (reading.batch.bytes >= kBatchBytes) return Verdict::kFull;
    if (!TakeFrame(reading, frame)) return Verdict::kHeld;
  }
}

// The process is gone, or wrote its last frame: there is nothing more to come of it.
void EndProcess(SpoolProcess* process, const SpoolFile& file) {
  if (process->process == 0 || HasNextSegment(file)) return;
  if (process->ended == '\0') {
    process->ended = 'K';
    process->changed = true;
  }
}

void BeginSegment(SpoolProcess* process, const SpoolFile& file) {
  if (process->segment >= file.segment) return;
  process->segment = file.segment;
  process->drained_to = 0;
  if (process->ended == 'K') process->ended = '\0';
  process->changed = process->process != 0;
}

Verdict DrainOpenFile(Batch& batch, SpoolProcess* process, const SpoolFile& file,
                      OpenSpoolFile& open, bool last) {
  BeginSegment(process, file);
  if (process->process != 0 && process->drained_to == open.size) {
    return open.live ? Verdict::kWaits : Verdict::kDone;
  }
  if (!ReadSpoolFile(open)) {
    if (open.live) return Verdict::kWaits;
    PutAside("damaged", process, file);
    return Verdict::kDone;
  }
  Reading reading{batch, file, process, open.live, last, process->drained_to, {}, false};
  Verdict verdict = ReadFrames(reading, {open.data, static_cast<size_t>(open.size)});
  WriteGathered(batch.sink);
  if (verdict == Verdict::kDone && !open.live) {
    if (!reading.any && open.size > 0) PutAside("damaged", process, file);
    if (process->process != 0 && process->drained_to != open.size) {
      process->drained_to = open.size;  // what is behind the last frame was noted
      process->changed = true;
    }
  }
  return verdict;
}

Verdict DrainFile(Batch& batch, SpoolProcess* process, const SpoolFile& file, bool last) {
  MemoryContext old = MemoryContextSwitchTo(batch.file);
  OpenSpoolFile open = OpenSpool(file, last);
  Verdict verdict = Verdict::kWaits;  // it went meanwhile, or cannot be opened now
  if (open.fd >= 0) verdict = DrainOpenFile(batch, process, file, open, last);
  if (verdict == Verdict::kDone && last && !open.live) EndProcess(process, file);
  CloseSpoolFile(open);
  MemoryContextSwitchTo(old);
  MemoryContextReset(batch.file);
  if (verdict == Verdict::kForeign) PutAside("quarantined", nullptr, file);
  return verdict;
}

// Whether all of a file is in tables, committed and flushed.
bool IsDrained(const SpoolProcess* process, const SpoolFile& file) {
  if (!process->committed || file.segment > process->committed_segment) return false;
  if (file.segment < process->committed_segment) return true;
  return process->committed_end != '\0' && SpoolFileSize(file) <= process->drained_to;
}

// The files of one process. False: the batch is full.
bool DrainProcess(Batch& batch, const SpoolFile* files, int count) {
  SpoolProcess* process = ProcessOf(batch.processes, files[0]);
  for (int i = 0; i < count; i++) {
    bool last = i == count - 1;
    if (IsDrained(process, files[i])) {
      RemoveSpoolFile(files[i]);
      continue;
    }
    if (files[i].segment < process->segment) continue;  // drained by this very transaction
    Verdict verdict = DrainFile(batch, process, files[i], last);
    if (verdict == Verdict::kFull) return false;
    if (verdict == Verdict::kHeld) batch.held_back = true;
    if (verdict == Verdict::kHeld || verdict == Verdict::kWaits) break;
  }
  return true;
}

// The files from `first` on that one process wrote.
int FilesOfProcess(const SpoolList& list, int first) {
  int end = first + 1;
  while (end < list.count && list.files[end].pid == list.files[first].pid &&
         list.files[end].started == list.files[first].started) {
    end++;
  }
  return end - first;
}

// False: the batch is full.
bool DrainList(Batch& batch, const SpoolList& list) {
  // A process that writes much does not keep the others waiting: the next batch begins with another
  static uint32 turn = 0;
  for (int i = 0; i < list.count; i += FilesOfProcess(list, i)) {
    ProcessOf(batch.processes, list.files[i])->has_file = true;
  }
  int begin = 0;
  if (list.count > 0) {
    begin = static_cast<int>(turn++ % static_cast<uint32>(list.count));
    while (begin > 0 && list.files[begin - 1].pid == list.files[begin].pid &&
           list.files[begin - 1].started == list.files[begin].started) {
      begin--;
    }
  }
  bool room = true;
  for (int i = begin; room && i < list.count; i += FilesOfProcess(list, i)) {
    room = DrainProcess(batch, &list.files[i], FilesOfProcess(list, i));
  }
  for (int i = 0; room && i < begin; i += FilesOfProcess(list, i)) {
    room = DrainProcess(batch, &list.files[i], FilesOfProcess(list, i));
  }
  return room;
}

bool LockDrain(LOCKMODE mode, bool wait) {
  LOCKTAG tag;
  SET_LOCKTAG_OBJECT(tag, MyDatabaseId, RelationRelationId, StateTable("access_process"),
                     kDrainLock);
  return LockAcquire(&tag, mode, false, !wait) != LOCKACQUIRE_NOT_AVAIL;
}

// The worker does not wait for somebody who drains by hand, and comes again. But erasures follow
// each other closely: after some tries it queues up.
bool LockBatch() {
  static int tries = 0;
  if (!LockDrain(ExclusiveLock, !IsBackgroundWorker || tries >= kPoliteTries)) {
    tries++;
    return false;
  }
  tries = 0;
  return true;
}

void DrainBatch(Batch& batch) {
  batch.context =
      AllocSetContextCreate(CurrentMemoryContext, "pg_gdpr drain", ALLOCSET_DEFAULT_SIZES);
  batch.file = AllocSetContextCreate(batch.context, "pg_gdpr spool file", ALLOCSET_DEFAULT_SIZES);
  MemoryContext old = MemoryContextSwitchTo(batch.context);
  batch.node = NodeOf(CurrentTimeline());
  batch.processes = ReadProcesses(batch.context);
  // After what is known of processes: none that has a row may seem to have lost its files
  SpoolList list = ListSpool();
  // After one that failed: statement by statement, so that what cannot be written does not stop the
  // rest
  static bool failed = false;
  BeginSink(batch.sink, batch.context, failed);
  failed = true;
  bool all = DrainList(batch, list);
  EndProcesses(batch.processes, batch.node);
  EndSink(batch.sink);
  SaveProcesses(batch.processes);
  if (all && batch.frames == 0 && !batch.held_back) ForgetClaims();
  MemoryContextSwitchTo(old);
  MemoryContextDelete(batch.context);
  failed = false;
  // Before it is flushed nobody may take a file away for it, whatever synchronous_commit says
  ForceSyncCommit();
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr_internal.drain_batch(OUT frames bigint, OUT statements bigint)
GDPR_FUNCTION(gdpr_drain_batch) {
  PreventCommandIfReadOnly("gdpr_internal.drain_batch()");
  // A snapshot that is older than the lock could miss what another drain committed
  if (IsolationUsesXactSnapshot()) {
    ereport(ERROR, (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
                    errmsg("reads are drained in isolation level READ COMMITTED"),
                    errhint("Use BEGIN ISOLATION LEVEL READ COMMITTED.")));
  }
  TupleDesc columns;
  if (get_call_result_type(fcinfo, nullptr, &columns) != TYPEFUNC_COMPOSITE) {
    elog(ERROR, "return type must be a row type");
  }
  columns = BlessTupleDesc(columns);
  Batch batch{};
  batch.held_back = true;
  if (LockBatch()) {
    SpoolTellLost();
    int forms = BeginForms();
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
    batch.held_back = false;
    DrainBatch(batch);
    SPI_finish();
    EndForms(forms);
  }
  drain_held_back = batch.held_back;
  Datum values[] = {Int64GetDatum(batch.frames), Int64GetDatum(batch.statements)};
  bool nulls[] = {false, false};
  PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(columns, values, nulls)));
}

// gdpr_internal.lock_drain(shared boolean)
GDPR_FUNCTION(gdpr_lock_drain) {
  (void)LockDrain(!PG_ARGISNULL(0) && PG_GETARG_BOOL(0) ? ShareLock : ExclusiveLock, true);
  PG_RETURN_VOID();
}
