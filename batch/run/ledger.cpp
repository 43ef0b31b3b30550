// SPDX-License-Identifier: PostgreSQL
#include "batch/run/ledger.hpp"

#include "batch/queries.hpp"

namespace gdpr::batch::ledger {

RunId Start(Connection& connection, const std::string& subject_type, const std::string& reason,
            const std::string& unclassified, const std::string& job, const std::string& options) {
  return connection.Execute(query::kRunStart, {subject_type, reason, unclassified, job, options})
      .Int(0, 0);
}

int AddKeys(Connection& connection, RunId run, std::span<const std::string> keys, int stage) {
  return static_cast<int>(connection.Execute(query::kRunAddKeys, {run, keys, stage}).Int(0, 0));
}

RunInfo Ready(Connection& connection, RunId run, bool planned) {
  const Result result = connection.Execute(query::kRunReady, {run, planned ? "t" : "f"});
  return {run, result.Int(0, 0), static_cast<int>(result.Int(0, 1)), 0, true};
}

std::optional<RunInfo> Resume(Connection& connection, const std::string& subject_type,
                              std::optional<RunId> run, const std::string& job) {
  const Result result = connection.Execute(query::kRunResume, {subject_type, run, job});
  if (result.rows() == 0 || result.IsNull(0, 0)) return std::nullopt;
  return RunInfo{result.Int(0, 0), result.Int(0, 1), static_cast<int>(result.Int(0, 2)),
                 static_cast<int>(result.Int(0, 3)), result.Text(0, 4) == "t"};
}

void Pause(Connection& connection, RunId run, const std::string& reason) {
  connection.Execute(query::kRunPause, {run, reason});
}

void Cancel(Connection& connection, RunId run) {
  connection.Execute(query::kRunCancel, {run});
}

Lease LeaseSlice(Connection& connection, RunId run, int max_people) {
  const Result result = connection.Execute(query::kRunLease, {run, max_people});
  return {.chunk = static_cast<int>(result.Int(0, 0)),
          .first = static_cast<int>(result.Int(0, 1)),
          .last = static_cast<int>(result.Int(0, 2)),
          .pending = result.Int(0, 3),
          .running = result.Text(0, 4) == "running"};
}

std::int64_t Work(Connection& connection, RunId run, int chunk, int first, int last) {
  return connection.Execute(query::kRunWork, {run, chunk, first, last}).Int(0, 0);
}

void Fail(Connection& connection, RunId run, int chunk, int person, const SqlError& error) {
  connection.Execute(query::kRunFail, {run, chunk, person, error.sqlstate(), error.what()});
}

int SliceDone(Connection& connection, RunId run, int chunk, int last, int attempts) {
  return static_cast<int>(
      connection.Execute(query::kRunSliceDone, {run, chunk, last, attempts}).Int(0, 0));
}

int DoneUpTo(Connection& connection, RunId run, int chunk) {
  return static_cast<int>(connection.Execute(query::kRunChunkState, {run, chunk}).Int(0, 0));
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
  summary.run = run;
  std::string* const texts[] = {&summary.job, &summary.subject_type, &summary.state,
                                &summary.paused_reason};
  std::int64_t* const counts[] = {&summary.people,      &summary.done,    &summary.changed,
                                  &summary.held,        &summary.failed,  &summary.missing,
                                  &summary.frozen,      &summary.skipped, &summary.chunks,
                                  &summary.chunks_done, &summary.rows};
  int column = 0;
  for (std::string* text : texts) *text = result.Text(0, column++);
  for (std::int64_t* count : counts) *count = result.Int(0, column++);
  return summary;
}

}  // namespace gdpr::batch::ledger
