// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "batch/session/connection.hpp"

namespace gdpr::batch {

using RunId = std::int64_t;

/// The ledger's functions (extension/sql/61-runs, 62-chunks) with C++ types. Each call is
/// one statement on the connection given; transactions are the caller's. Everything throws
/// SqlError.
namespace ledger {

struct RunInfo {
  RunId run = 0;
  std::int64_t people = 0;
  int chunks = 0, chunks_done = 0;
  bool same_plan = false;  ///< resumed: the schema is as it was when the run began
};

/// People first to last of a chunk, for one transaction.
struct Lease {
  int chunk = 0;  ///< 0: no chunk is free
  int first = 0, last = 0;
  std::int64_t pending = 0;  ///< if none is free: chunks that others still have
  bool running = true;       ///< false: somebody paused the run, or gave it up
  int people() const { return last - first + 1; }
};

/// Counts of people; see view gdpr.runs.
struct Summary {
  RunId run = 0;
  std::string job, subject_type, state, paused_reason;
  std::int64_t people = 0, done = 0, changed = 0, held = 0, failed = 0, missing = 0, frozen = 0,
               skipped = 0;
  std::int64_t chunks = 0, chunks_done = 0, rows = 0;
};

RunId Start(Connection& connection, const std::string& subject_type, const std::string& reason,
            const std::string& unclassified, const std::string& job, const std::string& options);
int AddKeys(Connection& connection, RunId run, std::span<const std::string> keys, int stage = 0);
/// in  planned  the list waits until the run is resumed
RunInfo Ready(Connection& connection, RunId run, bool planned = false);
/// nullopt: the job has no unfinished run for the subject type (only without a number).
std::optional<RunInfo> Resume(Connection& connection, const std::string& subject_type,
                              std::optional<RunId> run, const std::string& job);
void Pause(Connection& connection, RunId run, const std::string& reason);
void Cancel(Connection& connection, RunId run);

Lease LeaseSlice(Connection& connection, RunId run, int max_people);
std::int64_t Work(Connection& connection, RunId run, int chunk, int first, int last);
void Fail(Connection& connection, RunId run, int chunk, int person, const SqlError& error);
/// For how many people of the slice the job was done.
int SliceDone(Connection& connection, RunId run, int chunk, int last, int attempts);
/// How far a chunk is done; waits for a transaction that still has it.
int DoneUpTo(Connection& connection, RunId run, int chunk);

std::vector<std::string> Relations(Connection& connection, RunId run);
void Analyze(Connection& connection, RunId run, const std::string& relation);
/// Ends a run, or its stage.
void Finish(Connection& connection, RunId run);
Summary Summarize(Connection& connection, RunId run);

}  // namespace ledger
}  // namespace gdpr::batch
