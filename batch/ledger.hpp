// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "batch/connection.hpp"

namespace gdpr::batch {

using RunId = std::int64_t;

/// The ledger's functions (extension/sql/61-runs, 62-chunks, 63-queue) with C++ types. Each call is
/// one statement on the connection given; transactions are the caller's. Everything throws
/// SqlError.
namespace ledger {

struct RunInfo {
  RunId run = 0;
  std::int64_t people = 0;
  int chunks = 0, chunks_done = 0;
  bool same_plan = false;  ///< resumed: the schema is as it was when the run began
};

struct Lease {
  int chunk = 0;  ///< 0: no chunk is free
  int people = 0;
  std::int64_t pending = 0;  ///< if none is free: chunks that others still have
};

struct ChunkState {
  bool done = false;
  int people = 0, erased = 0;
};

/// Counts of people; see view gdpr.runs.
struct Summary {
  std::string subject_type, state;
  std::int64_t people = 0, done = 0, anonymized = 0, held = 0, failed = 0, missing = 0, frozen = 0;
  std::int64_t chunks = 0, chunks_done = 0, rows = 0;
};

RunId Start(Connection& connection, const std::string& subject_type, const std::string& reason,
            const std::string& unclassified, const std::string& options);
int AddKeys(Connection& connection, RunId run, std::span<const std::string> keys);
RunInfo Ready(Connection& connection, RunId run);
/// nullopt: the subject type has no unfinished run (only without a number).
std::optional<RunInfo> Resume(Connection& connection, const std::string& subject_type,
                              std::optional<RunId> run);
void Cancel(Connection& connection, RunId run);

Lease LeaseChunk(Connection& connection, RunId run);
std::int64_t Erase(Connection& connection, RunId run, int chunk, int first, int last);
void Fail(Connection& connection, RunId run, int chunk, int person, const SqlError& error);
int ChunkDone(Connection& connection, RunId run, int chunk, int attempts);
ChunkState StateOf(Connection& connection, RunId run, int chunk);

std::vector<std::string> Relations(Connection& connection, RunId run);
void Analyze(Connection& connection, RunId run, const std::string& relation);
void Finish(Connection& connection, RunId run);
Summary Summarize(Connection& connection, RunId run);

}  // namespace ledger
}  // namespace gdpr::batch
