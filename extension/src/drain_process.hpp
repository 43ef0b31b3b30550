// SPDX-License-Identifier: PostgreSQL
// How far the files of each process are drained, and what went wrong with them.
#pragma once

#include "core/spool_frame.hpp"

#include "extension/src/drain_files.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {

/// A process that spooled reads. What follows `committed` is as it is now, in this batch.
struct SpoolProcess {
  int64 started;  ///< with pid: the key
  int64 pid;
  int32 process;            ///< its number; 0: it has no row yet
  bool committed;           ///< the row was committed and flushed when the batch began
  int64 committed_segment;  ///< -1: none
  char committed_end;
  uint64 node;
  int64 segment;  ///< -1: none was begun
  int64 drained_to;
  int64 next_frame;
  int64 missing;
  char ended;  ///< 'E', 'K' or 0
  bool changed;
  bool has_file;
};

/// The processes of a batch; opaque.
struct SpoolProcesses;

/// Reads all that have not ended.
SpoolProcesses* ReadProcesses(MemoryContext batch);

/// The process that wrote a file.
SpoolProcess* ProcessOf(SpoolProcesses* processes, const SpoolFile& file);

/// Gives a process its row. `header` may be NULL: it cannot be read.
void AddProcess(SpoolProcess* process, const HeaderFrame* header, uint64 own_node);

/// Processes without a file do not run any more.
void EndProcesses(SpoolProcesses* processes, uint64 own_node);

/// Writes what changed.
void SaveProcesses(SpoolProcesses* processes);

/// Notes that something is wrong. `process` and `file` may be NULL; times 0: unknown.
void NoteIncident(const char* kind, const SpoolProcess* process, int64 amount, TimestampTz from,
                  TimestampTz to, const SpoolFile* file);

enum class Noted { kNo, kInThisTransaction, kCommitted };

/// Whether an incident was noted of this very file.
Noted IsNoted(const char* kind, const SpoolFile& file);

}  // namespace gdpr::pg
