// SPDX-License-Identifier: PostgreSQL
#include "extension/src/drain_process.hpp"

#include "extension/src/drain_names.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {

struct SpoolProcesses {
  HTAB* table;
};

namespace {

struct ProcessKey {
  int64 started;
  int64 pid;
};

// The columns of kProcessColumns, from 1.
enum ProcessColumn {
  kProcess = 1,
  kPid,
  kStarted,
  kNode,
  kSegment,
  kDrainedTo,
  kNextFrame,
  kMissing,
  kEnded,
  kDatabase,
  kXmin,
};

#define PROCESS_COLUMNS                                                                           \
  "SELECT p.process, p.pid, p.started, p.node, p.segment, p.drained_to, p.next_frame, p.missing," \
  " p.ended, p.database, p.xmin FROM gdpr_internal.access_process AS p "

DrainQuery open_processes = {
    PROCESS_COLUMNS "WHERE p.ended IS NULL", 0, {}, SPI_OK_SELECT, nullptr};

DrainQuery one_process = {
    PROCESS_COLUMNS
    "WHERE p.pid = $1 AND p.started = $2 AND p.database = $3 ORDER BY p.process DESC"
    " LIMIT 1",
    3,
    {INT4OID, TIMESTAMPTZOID, OIDOID},
    SPI_OK_SELECT,
    nullptr};

DrainQuery add_process = {
    "INSERT INTO gdpr_internal.access_process AS p (node, database, pid, started, leader_pid,"
    " leader_started, standby, drained_at) VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())"
    " RETURNING p.process",
    7,
    {INT8OID, OIDOID, INT4OID, TIMESTAMPTZOID, INT4OID, TIMESTAMPTZOID, BOOLOID},
    SPI_OK_INSERT_RETURNING,
    nullptr};

DrainQuery save_process = {
    "UPDATE gdpr_internal.access_process AS p SET segment = $2, drained_to = $3, next_frame = $4,"
    " missing = $5, ended = $6, drained_at = clock_timestamp() WHERE p.process = $1",
    6,
    {INT4OID, INT4OID, INT8OID, INT8OID, INT8OID, CHAROID},
    SPI_OK_UPDATE,
    nullptr};

DrainQuery add_incident = {
    "INSERT INTO gdpr_internal.access_incident (kind, process, amount, from_time, to_time, file)"
    " VALUES ($1, $2, $3, $4, $5, $6)",
    6,
    {TEXTOID, INT4OID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID},
    SPI_OK_INSERT,
    nullptr};

DrainQuery find_incident = {
    "SELECT i.xmin FROM gdpr_internal.access_incident AS i WHERE i.kind = $1 AND i.file = $2"
    " AND i.noted_at > now() - interval '1 day' LIMIT 1",
    2,
    {TEXTOID, TEXTOID},
    SPI_OK_SELECT,
    nullptr};

// A row of SPI_tuptable.
struct Row {
  HeapTuple tuple;

  Datum Get(int column, bool* isnull) const {
    return SPI_getbinval(tuple, SPI_tuptable->tupdesc, column, isnull);
  }
  int64 Number(int column) const {
    bool isnull;
    return DatumGetInt64(Get(column, &isnull));
  }
  int32 Small(int column) const {
    bool isnull;
    return DatumGetInt32(Get(column, &isnull));
  }
  bool IsOurs() const {
    bool isnull;
    return TransactionIdIsCurrentTransactionId(DatumGetTransactionId(Get(kXmin, &isnull)));
  }
};

void Fill(SpoolProcess* process, const Row& row) {
  process->process = row.Small(kProcess);
  process->node = static_cast<uint64>(row.Number(kNode));
  process->segment = row.Small(kSegment);
  process->drained_to = row.Number(kDrainedTo);
  process->next_frame = row.Number(kNextFrame);
  process->missing = row.Number(kMissing);
  bool isnull;
  char ended = DatumGetChar(row.Get(kEnded, &isnull));
  process->ended = isnull ? '\0' : ended;
  process->committed = !row.IsOurs();
  process->committed_segment = process->committed ? process->segment : -1;
  process->committed_end = process->committed ? process->ended : '\0';
}

SpoolProcess* Enter(SpoolProcesses* processes, const ProcessKey& key, bool* found) {
  auto* process =
      static_cast<SpoolProcess*>(hash_search(processes->table, &key, HASH_ENTER, found));
  if (*found) return process;
  memset(reinterpret_cast<char*>(process) + sizeof(key), 0, sizeof(*process) - sizeof(key));
  process->segment = -1;
  process->committed_segment = -1;
  return process;
}

text* NameOf(const SpoolFile& file) {
  char path[kSpoolPathBytes];
  SpoolPath(path, file);
  return cstring_to_text(strrchr(path, '/') + 1);
}

}  // namespace

SpoolProcesses* ReadProcesses(MemoryContext batch) {
  auto* processes = static_cast<SpoolProcesses*>(MemoryContextAlloc(batch, sizeof(SpoolProcesses)));
  HASHCTL control{};
  control.keysize = sizeof(ProcessKey);
  control.entrysize = sizeof(SpoolProcess);
  control.hcxt = batch;
  processes->table = hash_create("pg_gdpr processes that spooled", 256, &control,
                                 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
  RunDrainQuery(open_processes, nullptr, nullptr);
  for (uint64 i = 0; i < SPI_processed; i++) {
    Row row{SPI_tuptable->vals[i]};
    bool isnull;
    ProcessKey key{row.Number(kStarted), row.Small(kPid)};
    bool found;
    SpoolProcess* process = Enter(processes, key, &found);
    // Of another database: a dump brought it, and its process does not write here
    if (DatumGetObjectId(row.Get(kDatabase, &isnull)) == MyDatabaseId) {
      Fill(process, row);
    } else if (!found) {
      Fill(process, row);
      process->ended = 'K';
      process->changed = true;
    }
  }
  SPI_freetuptable(SPI_tuptable);
  return processes;
}

SpoolProcess* ProcessOf(SpoolProcesses* processes, const SpoolFile& file) {
  bool found;
  SpoolProcess* process = Enter(processes, {file.started, file.pid}, &found);
  if (found) return process;
  Datum values[] = {Int32GetDatum(file.pid), TimestampTzGetDatum(file.started),
                    ObjectIdGetDatum(MyDatabaseId)};
  RunDrainQuery(one_process, values, nullptr);
  if (SPI_processed > 0) Fill(process, Row{SPI_tuptable->vals[0]});
  SPI_freetuptable(SPI_tuptable);
  return process;
}

void AddProcess(SpoolProcess* process, const HeaderFrame* header, uint64 own_node) {
  process->node = header != nullptr ? header->identity.node : own_node;
  bool led = header != nullptr && header->leader_pid != 0;
  Datum values[] = {Int64GetDatum(static_cast<int64>(process->node)),
                    ObjectIdGetDatum(MyDatabaseId),
                    Int32GetDatum(static_cast<int32>(process->pid)),
                    TimestampTzGetDatum(process->started),
                    Int32GetDatum(led ? static_cast<int32>(header->leader_pid) : 0),
                    TimestampTzGetDatum(led ? header->leader_started : 0),
                    BoolGetDatum(header != nullptr && header->standby)};
  char nulls[] = "       ";
  if (!led) nulls[4] = nulls[5] = 'n';
  RunDrainQuery(add_process, values, nulls);
  process->process = Row{SPI_tuptable->vals[0]}.Small(1);
  SPI_freetuptable(SPI_tuptable);
  process->changed = true;
}

void EndProcesses(SpoolProcesses* processes, uint64 own_node) {
  HASH_SEQ_STATUS scan;
  hash_seq_init(&scan, processes->table);
  while (auto* process = static_cast<SpoolProcess*>(hash_seq_search(&scan))) {
    if (process->has_file || process->ended != '\0' || process->process == 0) continue;
    // A file stays until it is drained to its end
    if (process->node == own_node) NoteIncident("missing", process, 1, 0, 0, nullptr);
    process->missing += process->node == own_node ? 1 : 0;
    process->ended = 'K';
    process->changed = true;
  }
}

void SaveProcesses(SpoolProcesses* processes) {
  HASH_SEQ_STATUS scan;
  hash_seq_init(&scan, processes->table);
  while (auto* process = static_cast<SpoolProcess*>(hash_seq_search(&scan))) {
    if (!process->changed) continue;
    Datum values[] = {Int32GetDatum(process->process),
                      Int32GetDatum(static_cast<int32>(Max(process->segment, 0))),
                      Int64GetDatum(process->drained_to),
                      Int64GetDatum(process->next_frame),
                      Int64GetDatum(process->missing),
                      CharGetDatum(process->ended)};
    char nulls[] = "      ";
    if (process->ended == '\0') nulls[5] = 'n';
    RunDrainQuery(save_process, values, nulls);
    if (SPI_processed != 1) {
      elog(ERROR, "process %d of the spool is gone", process->process);
    }
  }
}

void NoteIncident(const char* kind, const SpoolProcess* process, int64 amount, TimestampTz from,
                  TimestampTz to, const SpoolFile* file) {
  Datum values[] = {
      CStringGetTextDatum(kind), Int32GetDatum(process != nullptr ? process->process : 0),
      Int64GetDatum(amount),     TimestampTzGetDatum(from),
      TimestampTzGetDatum(to),   file != nullptr ? PointerGetDatum(NameOf(*file)) : Datum{0}};
  char nulls[] = "      ";
  if (process == nullptr || process->process == 0) nulls[1] = 'n';
  if (from == 0) nulls[3] = 'n';
  if (to == 0) nulls[4] = 'n';
  if (file == nullptr) nulls[5] = 'n';
  RunDrainQuery(add_incident, values, nulls);
}

Noted IsNoted(const char* kind, const SpoolFile& file) {
  Datum values[] = {CStringGetTextDatum(kind), PointerGetDatum(NameOf(file))};
  RunDrainQuery(find_incident, values, nullptr);
  Noted noted = Noted::kNo;
  if (SPI_processed > 0) {
    bool isnull;
    Datum xmin = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
    noted = TransactionIdIsCurrentTransactionId(DatumGetTransactionId(xmin))
                ? Noted::kInThisTransaction
                : Noted::kCommitted;
  }
  SPI_freetuptable(SPI_tuptable);
  return noted;
}

}  // namespace gdpr::pg
