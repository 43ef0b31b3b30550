// SPDX-License-Identifier: PostgreSQL
#include "batch/run/run_through.hpp"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "batch/output/fault.hpp"
#include "batch/output/log.hpp"
#include "batch/run/pipeline.hpp"
#include "batch/session/retry.hpp"

namespace gdpr::batch {
namespace {

/// One run and who works on it.
class Through {
 public:
  Through(Connection& connection, const Options& options, Signals& signals, const std::string& job,
          const ledger::RunInfo& info)
      : connection_(connection), options_(options), signals_(signals), job_(job), info_(info) {}

  Ended Work(std::int64_t people_done);
  /// Statistics hold values that are gone from the tables: rebuilt before the run counts as done.
  void Finish();
  ledger::Summary Summarize();
  [[noreturn]] void ThrowUnfinished(Ended ended);
  [[noreturn]] void ThrowDatabase(const SqlError& error);

 private:
  /// Runs a statement on a connection that may have died while the workers worked.
  template <typename Do>
  void OnCoordinator(const Do& statement);
  std::string Name() const { return "run " + std::to_string(info_.run); }
  std::string Hint() const { return ResumeHint(options_, job_, info_.run); }

  Connection& connection_;
  const Options& options_;
  Signals& signals_;
  const std::string& job_;
  const ledger::RunInfo& info_;
};

template <typename Do>
void Through::OnCoordinator(const Do& statement) {
  for (int tries = 1;; ++tries) {
    try {
      statement(connection_);
      return;
    } catch (const SqlError& error) {
      const bool trouble = error.poisons_connection() || IsConnectionTrouble(error.sqlstate());
      if (tries >= kTriesPerChunk || signals_.cancel_requested()) throw;
      if (!trouble && !IsTransient(error.sqlstate())) throw;
      std::this_thread::sleep_for(Backoff(tries, 0.5));
      if (!trouble) continue;
      connection_ =
          Connection::Patient(options_.connection, [this] { return signals_.cancel_requested(); });
      // Takes the run's lock again, unless the answer that was lost is that it has ended.
      if (ledger::Summarize(connection_, info_.run).state == "running")
        ledger::Resume(connection_, options_.subject, info_.run, job_);
    }
  }
}

Ended Through::Work(std::int64_t people_done) {
  const int free_chunks = std::max(1, info_.chunks - info_.chunks_done);
  const int jobs = std::min(options_.jobs, free_chunks);
  std::vector<std::unique_ptr<Worker>> workers;
  workers.reserve(static_cast<std::size_t>(jobs));
  const SliceSize slice(options_.chunk_seconds, options_.chunk_rows);
  for (int i = 0; i < jobs; ++i) {
    workers.push_back(std::make_unique<Worker>(options_.connection, info_.run, slice, signals_));
  }
  const bool bar = !options_.json && isatty(STDERR_FILENO) != 0;
  Manners manners(options_.connection, options_.manners, info_.run, signals_, bar);
  Progress progress(info_.run, info_.people, people_done, bar);
  return RunChunks(workers, signals_, progress, manners, options_.max_failed);
}

void Through::Finish() {
  std::vector<std::string> relations;
  if (job_ == "anonymize") {
    OnCoordinator([&](Connection& c) { relations = ledger::Relations(c, info_.run); });
  }
  for (const std::string& relation : relations) {
    OnCoordinator([&](Connection& c) { ledger::Analyze(c, info_.run, relation); });
  }
  bool mine = false;  // somebody else may have paused it in the last moment, or an answer was lost
  OnCoordinator([&](Connection& c) {
    if (ledger::Summarize(c, info_.run).state == "running") {
      mine = true;
      ledger::Finish(c, info_.run);
    }
  });
  if (!mine) ThrowUnfinished(Ended::kNotRunning);
}

ledger::Summary Through::Summarize() {
  ledger::Summary summary;
  OnCoordinator([&](Connection& c) { summary = ledger::Summarize(c, info_.run); });
  return summary;
}

void Through::ThrowUnfinished(Ended ended) {
  const std::string untouched = "Every finished slice is committed, the others are untouched.";
  if (ended == Ended::kSignal)
    throw Fault(ExitCode::kStopped, Name() + " was stopped by a signal", untouched, Hint());
  if (ended == Ended::kWindow) {
    throw Fault(
        ExitCode::kStopped,
        Name() + " was stopped: the window " + options_.manners.window->ToText() + " has closed",
        untouched, Hint());
  }
  if (ended == Ended::kNotRunning) {
    const ledger::Summary summary = Summarize();
    const std::string why = summary.paused_reason.empty() ? "" : ": " + summary.paused_reason;
    throw Fault(ExitCode::kStopped, Name() + " was stopped: it is " + summary.state + why,
                untouched, summary.state == "paused" ? Hint() : std::string());
  }
  throw Fault(
      ExitCode::kSomeFailed,
      Name() + " was stopped: more than " + std::to_string(options_.max_failed) + " people failed",
      "gdpr-batch status --run " + std::to_string(info_.run) + " shows the reasons.",
      Hint() + " (--max-failed N allows more).");
}

void Through::ThrowDatabase(const SqlError& error) {
  if (signals_.stop_requested()) ThrowUnfinished(Ended::kSignal);
  throw Fault(ExitCode::kDatabase, Name() + " was stopped: " + error.what(),
              "SQLSTATE " + error.sqlstate() +
                  ". Every finished slice is committed, the others are untouched.",
              Hint());
}

}  // namespace

std::string ResumeHint(const Options& options, const std::string& job, RunId run) {
  return "Go on with: gdpr-batch " + job + " --subject " + options.subject + " --resume " +
         std::to_string(run);
}

ledger::Summary RunThrough(Connection& connection, const Options& options, Signals& signals,
                           const std::string& job, const ledger::RunInfo& info) {
  const auto begun = std::chrono::steady_clock::now();
  Through through(connection, options, signals, job, info);
  const std::int64_t people_done = through.Summarize().done;
  Log(Level::kInfo, people_done > 0 || info.chunks_done > 0 ? "run_resumed" : "run_started",
      {{"run", info.run},
       {"job", job},
       {"subject", options.subject},
       {"people", info.people},
       {"chunks", info.chunks},
       {"chunks_done", info.chunks_done},
       {"jobs", options.jobs}});
  ledger::Summary summary;
  try {
    const Ended ended = through.Work(people_done);
    if (ended != Ended::kAllDone) through.ThrowUnfinished(ended);
    through.Finish();
    summary = through.Summarize();
  } catch (const SqlError& error) {
    through.ThrowDatabase(error);
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  Log(Level::kInfo, summary.state == "finished" ? "run_finished" : "run_paused",
      {{"run", info.run}, {"job", job}, {"ms", static_cast<std::int64_t>(seconds * 1000)}});
  return summary;
}

}  // namespace gdpr::batch
