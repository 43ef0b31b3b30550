// SPDX-License-Identifier: PostgreSQL
#include "extension/src/spool.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/spool_frame.hpp"
#include "extension/src/seal_work.hpp"
#include "extension/src/spool_files.hpp"
#include "extension/src/spool_memory.hpp"
#include "extension/src/spool_settings.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

constexpr size_t kBufferBytes = 256 * 1024;  // most of it is never touched
constexpr int64 kLeastSegmentBytes = 64 * 1024;

// Why frames could not be written.
struct Trouble {
  enum { kNone, kFile, kFull, kTooLong, kNotPrepared } kind;
  int error;         // kFile: errno
  const char* work;  // kFile: what was tried
};

// What this process writes.
struct Process {
  bool prepared;
  HeaderFrame header;   // of the present segment, or of the next one
  int fd;               // -1: no segment is open
  int64 length;         // of the segment, whole frames only
  bool named;           // the disk has its name (durable mode)
  int64 segment_bytes;  // when to begin another one
  uint32 generation;    // of definitions: they are valid in their segment
  uint32 facts;         // defined in this generation
  uint32 places;
  SealSlot* slot;
};

char buffer[kBufferBytes];
FrameWriter writer;
Process process{false, {}, -1, 0, false, 0, 1, 0, 0, nullptr};

void ForgetDefinitions() {
  process.generation++;
  process.facts = process.places = 0;
}

void CloseSegment() {
  if (process.fd >= 0) (void)close(process.fd);
  process.fd = -1;
  process.length = 0;
  process.header.segment++;
}

// Idle sessions keep the end of a segment each: together not more than a quarter of the limit.
int64 SegmentBytes() {
  if (spool_limit == 0) return kSegmentBytes;
  int64 share = static_cast<int64>(spool_limit) * 1024 * 1024 / 4 / MaxBackends;
  return Min(kSegmentBytes, Max(kLeastSegmentBytes, share));
}

void MySegment(char* path) {
  const SpoolIdentity& we = process.header.identity;
  SpoolPath(path, {MyDatabaseId, static_cast<int32>(we.pid), we.started,
                   static_cast<uint32>(process.header.segment)});
}

Trouble FileTrouble(const char* work) {
  return {Trouble::kFile, errno, work};
}

int OpenNew(const char* path) {
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

// Makes the directories where they are missing, too: they may have been removed by hand.
int OpenUnready(const char* path, const char* directory) {
  int fd = OpenNew(path);
  if (fd < 0 && errno == ENOENT) {
    (void)mkdir(kSpoolRoot, S_IRWXU);
    (void)mkdir(directory, S_IRWXU);
    fd = OpenNew(path);
  }
  if (fd < 0 && errno == EEXIST) {  // of an attempt of ours that failed
    (void)unlink(path);
    fd = OpenNew(path);
  }
  return fd;
}

bool SyncDirectory(const char* directory) {
  int fd = open(directory, O_RDONLY | O_CLOEXEC);
  bool synced = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0) (void)close(fd);
  return synced;
}

// The file gets its name once it is locked: whoever finds one that is not locked may take it away.
Trouble OpenSegment() {
  char directory[kSpoolPathBytes];
  char path[kSpoolPathBytes];
  char unready[kSpoolPathBytes + sizeof(kSpoolUnready)];
  SpoolDirectory(directory, MyDatabaseId);
  MySegment(path);
  snprintf(unready, sizeof(unready), "%s%s", path, kSpoolUnready);
  int fd = OpenUnready(unready, directory);
  if (fd < 0) return FileTrouble("create");
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 || rename(unready, path) != 0) {
    Trouble trouble = FileTrouble("create");
    (void)close(fd);
    (void)unlink(unready);
    return trouble;
  }
  process.fd = fd;
  process.named = false;
  return {};
}

// Leaves a segment for good. The next one is there at once, if that is possible: what the drain
// finds without a successor and without a lock is of a process that is gone.
void LeaveSegment() {
  CloseSegment();
  (void)OpenSegment();
}

// Whether after this error all that was written before it can be cut off again.
bool IsHarmless(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

// Appends whole frames. Where only a part was written, it is cut off; if not even that is possible,
// nobody knows what is in the file: the numbers of these frames are not used again (which shows as
// missing frames, unless the drain finds them), and another segment begins.
Trouble Append(const char* bytes, size_t size) {
  if (process.fd < 0) {
    Trouble trouble = OpenSegment();
    if (trouble.kind != Trouble::kNone) return trouble;
  }
  size_t done = 0;
  while (done < size) {
    ssize_t count = write(process.fd, bytes + done, size - done);
    if (count > 0) {
      done += static_cast<size_t>(count);
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) errno = ENOSPC;
    Trouble trouble = FileTrouble("write to");
    bool clean =
        IsHarmless(trouble.error) && (done == 0 || ftruncate(process.fd, process.length) == 0);
    if (!clean) {
      writer.Clear();
      pg_atomic_fetch_add_u64(&spool_shared->bytes, done);
      LeaveSegment();
    }
    return trouble;
  }
  process.length += static_cast<int64>(size);
  pg_atomic_fetch_add_u64(&spool_shared->bytes, size);
  return {};
}

// The limit binds what can be refused. The rest of what it let through, and statements that failed
// before their first row, have as much again.
bool IsBeyondLimit(size_t size, SpoolMode mode) {
  if (spool_limit == 0) return false;
  uint64 limit = static_cast<uint64>(spool_limit) * 1024 * 1024;
  if (mode == SpoolMode::kNeverRaise) limit *= 2;
  return pg_atomic_read_u64(&spool_shared->bytes) + size > limit;
}

void AppendTale(const LostTale& tale) {
  const uint64* const counts[] = {tale.dropped, tale.refused};
  const DropKind kinds[] = {DropKind::kDropped, DropKind::kRefused};
  for (int i = 0; tale.slot != nullptr && i < 2; i++) {
    if (counts[i][0] == 0) continue;
    writer.Dropped({kinds[i], counts[i][0], static_cast<int64>(counts[i][1]),
                    static_cast<int64>(counts[i][2])});
  }
}

// Until the disk has all of the segment, its name included.
Trouble Flush() {
  char directory[kSpoolPathBytes];
  SpoolDirectory(directory, MyDatabaseId);
  if (!process.named) process.named = SyncDirectory(directory) && SyncDirectory(kSpoolRoot);
  if (process.named && fdatasync(process.fd) == 0) return {};
  Trouble trouble = FileTrouble("flush");
  LeaveSegment();  // the kernel may have forgotten what it could not write
  ForgetDefinitions();
  return trouble;
}

// One write for all that is pending, and for what was lost before.
Trouble WritePending(SpoolMode mode) {
  if (!process.prepared) return {Trouble::kNotPrepared, 0, nullptr};
  LostTale tale = BeginTale();
  AppendTale(tale);
  std::string_view bytes = writer.Pending();
  Trouble trouble{};
  if (writer.IsFull()) {
    trouble.kind = Trouble::kTooLong;
  } else if (IsBeyondLimit(bytes.size(), mode)) {
    trouble.kind = Trouble::kFull;
  } else {
    trouble = Append(bytes.data(), bytes.size());
  }
  bool written = trouble.kind == Trouble::kNone;
  if (written) {
    writer.Clear();
  } else {
    writer.Undo();  // after Clear() there is nothing to undo
    ForgetDefinitions();
    // Once it is drained, its room is free: sessions that are refused must not keep it from
    // themselves
    bool full = trouble.kind == Trouble::kFull ||
                (trouble.kind == Trouble::kFile && IsHarmless(trouble.error));
    if (full && process.length > 0) LeaveSegment();
  }
  EndTale(tale, written);
  if (written && mode == SpoolMode::kDurable && durable_reads) trouble = Flush();
  return trouble;
}

const char* HintFor(const Trouble& trouble) {
  if (trouble.kind == Trouble::kFull) {
    return "gdpr.unaudited() shows what waits and gdpr.drain_access() empties it; "
           "gdpr.spool_limit says how much may wait.";
  }
  if (trouble.kind == Trouble::kFile && IsHarmless(trouble.error)) {
    return "Free space in the file system of the data directory.";
  }
  return "With gdpr.on_audit_failure = continue_counted reads go on, and are counted as lost.";
}

int DetailFor(const Trouble& trouble) {
  switch (trouble.kind) {
    case Trouble::kFull:
      return errdetail("The spool holds as much as gdpr.spool_limit allows, %d MB.", spool_limit);
    case Trouble::kTooLong:
      return errdetail("The record is longer than %d kB.", static_cast<int>(kBufferBytes / 1024));
    case Trouble::kNotPrepared:
      return errdetail("The process is not prepared for it.");
    default:
      errno = trouble.error;
      return errdetail("Could not %s a file in \"%s\": %m.", trouble.work, kSpoolRoot);
  }
}

constexpr int kCannotRecord = MAKE_SQLSTATE('P', 'D', '0', '1', '2');

[[noreturn]] void Refuse(const Trouble& trouble) {
  ereport(ERROR, (errcode(kCannotRecord), errmsg("reads of audited tables cannot be recorded"),
                  DetailFor(trouble), errhint("%s", HintFor(trouble))));
  pg_unreachable();
}

// Once for each time that it begins to go wrong.
void Complain(const Trouble& trouble) {
  if (pg_atomic_exchange_u32(&spool_shared->complained, 1) != 0) return;
  ereport(LOG_SERVER_ONLY,
          (errcode(kCannotRecord), errmsg("reads of audited tables go on and are not recorded"),
           DetailFor(trouble), errhint("%s", HintFor(trouble))));
}

// A segment that nothing could be written to.
void RemoveEmpty() {
  if (process.fd < 0) return;
  char path[kSpoolPathBytes];
  MySegment(path);
  (void)unlink(path);
}

// The last callback of all: transactions are aborted, and what they left open is written.
void SayGoodbye(int, Datum) {
  if (process.length == 0) {
    RemoveEmpty();
    return;
  }
  writer.Undo();
  writer.End();
  (void)Append(writer.Pending().data(), writer.Pending().size());
}

void Prepare() {
  static bool announced = false;
  if (!announced) on_shmem_exit(SayGoodbye, 0);
  announced = true;
  ReserveExternalFD();
  HeaderFrame& header = process.header;
  header.timeline = CurrentTimeline();
  header.standby = RecoveryInProgress();
  header.system_id = GetSystemIdentifier();
  header.identity = {NodeOf(header.timeline), MyDatabaseId, static_cast<uint32>(MyProcPid),
                     MyStartTimestamp};
  int32 leader;
  LeaderProcess(&leader, &header.leader_started);
  header.leader_pid = static_cast<uint32>(leader);
  process.segment_bytes = SegmentBytes();
  process.slot = FindSealSlot(MyDatabaseId, true);
  writer.UseBuffer(buffer, sizeof(buffer));
  process.prepared = true;
}

}  // namespace

int64 NextRead(TimestampTz at) {
  if (!process.prepared) Prepare();
  return NumberOfRead(at);
}

FrameWriter* SpoolBegin() {
  if (!writer.Pending().empty() || writer.IsFull()) {
    writer.Undo();
    ForgetDefinitions();
  }
  if (process.length >= process.segment_bytes) CloseSegment();
  if (process.length == 0) {
    ForgetDefinitions();
    writer.Header(process.header);
  }
  return &writer;
}

uint32 SpoolFacts(AccessFacts* facts) {
  if (facts->mark.generation == process.generation) return facts->mark.number;
  auto maybe = [](const char* text) { return text == nullptr ? MaybeText() : MaybeText(text); };
  facts->mark = {process.generation, process.facts++};
  writer.Facts({facts->mark.number, facts->session_role, facts->acting_role, maybe(facts->purpose),
                maybe(facts->app_user), maybe(facts->client_address), maybe(facts->application)});
  return facts->mark.number;
}

uint32 SpoolPlace(AccessPlace* place) {
  if (place->mark.generation == process.generation) return place->mark.number;
  place->mark = {process.generation, process.places++};
  PlaceFrame frame;
  frame.number = place->mark.number;
  frame.relation = place->relation;
  frame.schema = place->schema;
  frame.name = place->name;
  frame.column_count = static_cast<uint64>(place->column_count);
  if (place->subject_type != nullptr) frame.subject_type = place->subject_type;
  frame.link = static_cast<uint64>(place->link);
  frame.form = static_cast<PeopleForm>(place->form);
  frame.native = place->native;
  writer.BeginPlace(frame);
  for (int i = 0; i < place->column_count; i++) writer.Column(place->columns[i]);
  writer.EndPlace(frame);
  return place->mark.number;
}

bool SpoolWrite(SpoolMode mode, int statements) {
  Trouble trouble = WritePending(mode);
  if (trouble.kind == Trouble::kNone) {
    NoteReads();
    return true;
  }
  bool refused = mode != SpoolMode::kNeverRaise && on_audit_failure == kFailQuery;
  CountLost(refused, static_cast<uint64>(statements));
  NoteReads();  // the worker makes room, and tells of it where it can
  if (refused) Refuse(trouble);
  if (mode != SpoolMode::kNeverRaise) Complain(trouble);
  return false;
}

void SpoolCountLost(bool refused) {
  CountLost(refused, 1);
}

void SpoolTellLost() {
  if (spool_shared == nullptr || pg_atomic_read_u32(&spool_shared->lost) == 0) return;
  if (!process.prepared) Prepare();
  LostTale tale = BeginTale();
  EndTale(tale, false);
  if (tale.slot == nullptr) return;
  (void)SpoolBegin();
  (void)SpoolWrite(SpoolMode::kNeverRaise, 0);
}

void NoteReads() {
  if (seal_shared == nullptr) return;
  SealSlot* slot = process.slot;
  // A slot that was idle for long may have been given to another database meanwhile
  if (slot == nullptr || slot->database != MyDatabaseId) {
    if (pg_atomic_exchange_u32(&seal_shared->everywhere, 1) == 0) WakeLauncher();
  } else if (pg_atomic_read_u32(&slot->reads) == 0 &&
             pg_atomic_exchange_u32(&slot->reads, 1) == 0) {
    WakeLauncher();
  }
}

}  // namespace gdpr::pg
