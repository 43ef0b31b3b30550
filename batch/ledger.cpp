// SPDX-License-Identifier: PostgreSQL
#include "batch/ledger.hpp"

#include "batch/queries.hpp"

namespace gdpr::batch::ledger {

RunId Start(Connection& connection, const std::string& subject_type, const std::string& reason,
            const std::string& unclassified, const std::string& options) {
  return connection
      .Execute(query::kRunStart, {subject_type, reason, unclassified, "anonymize", options})
      .Int(0, 0);
}

int AddKeys(Connection& connection, RunId run, std::span<const std::string> keys) {
  return static_cast<int>(connection.Execute(query::kRunAddKeys, {run, keys}).Int(0, 0));
}

RunInfo Ready(Connection& connection, RunId run) {
  const Result result = connection.Execute(query::kRunReady, {run});
  return {run, result.Int(0, 0), static_cast<int>(result.Int(0, 1)), 0, true};
}

std::optional<RunInfo> Resume(Connection& connection, const std::string& subject_type,
                              std::optional<RunId> run) {
  const Result result = connection.Execute(query::kRunResume, {subject_type, run});
  if (result.rows() == 0 || result.IsNull(0, 0)) return std::nullopt;
  return RunInfo{result.Int(0, 0), result.Int(0, 1), static_cast<int>(result.Int(0, 2)),
                 static_cast<int>(result.Int(0, 3)), result.Text(0, 4) == "t"};
}

void Cancel(Connection& connection, RunId run) {
  connection.Execute(query::kRunCancel, {run});
}

Lease LeaseChunk(Connection& connection, RunId run) {
  const Result result = connection.Execute(query::kRunLease, {run});
  return {static_cast<int>(result.Int(0, 0)), static_cast<int>(result.Int(0, 1)), result.Int(0, 2)};
}

std::int64_t Erase(Connection& connection, RunId run, int chunk, int first, int last) {
  return connection.Execute(query::kRunErase, {run, chunk, first, last}).Int(0, 0);
}

void Fail(Connection& connection, RunId run, int chunk, int person, const SqlError& error) {
  connection.Execute(query::kRunFail, {run, chunk, person, error.sqlstate(), error.what()});
}

int ChunkDone(Connection& connection, RunId run, int chunk, int attempts) {
  return static_cast<int>(
      connection.Execute(query::kRunChunkDone, {run, chunk, attempts}).Int(0, 0));
}

ChunkState StateOf(Connection& connection, RunId run, int chunk) {
  const Result result = connection.Execute(query::kRunChunkState, {run, chunk});
  return {result.Text(0, 0) == "done", static_cast<int>(result.Int(0, 1)),
          static_cast<int>(result.Int(0, 2))};
}

std::vector<std::string> Relations(Connection& connection, RunId run) {
  const Result result = connection.Execute(query::kRunRelations, {run});
  std::vector<std::string> relations;
  for (int row = 0; row < result.rows(); ++row) relations.emplace_back(result.Text(row, 0));
  return relations;
}

void Analyze(Connection& connection, RunId run, const std::string& relation) {
  connection.Execute(query::kRunAnalyze, {run, relation});
}

void Finish(Connection& connection, RunId run) {
  connection.Execute(query::kRunFinish, {run});
}

Summary Summarize(Connection& connection, RunId run) {
  const Result result = connection.Execute(query::kRunSummary, {run});
  Summary summary;
  summary.subject_type = result.Text(0, 0);
  summary.state = result.Text(0, 1);
  std::int64_t* const counts[] = {
      &summary.people,  &summary.done,   &summary.anonymized, &summary.held,        &summary.failed,
      &summary.missing, &summary.frozen, &summary.chunks,     &summary.chunks_done, &summary.rows};
  int column = 2;
  for (std::int64_t* count : counts) *count = result.Int(0, column++);
  return summary;
}

}  // namespace gdpr::batch::ledger
