// SPDX-License-Identifier: PostgreSQL
#include "batch/anonymize.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>

#include "batch/fault.hpp"
#include "batch/handshake.hpp"
#include "batch/options.hpp"
#include "batch/pipeline.hpp"
#include "batch/plan.hpp"
#include "batch/retry.hpp"
#include "batch/run_report.hpp"

namespace gdpr::batch {
namespace {

std::string ResumeHint(const Options& options, RunId run) {
  return "Go on with: gdpr-batch anonymize --subject " + options.subject + " --resume " +
         std::to_string(run);
}

/// Runs a statement of the coordinator on a connection that may have died while the workers worked.
template <typename Do>
void OnCoordinator(Connection& connection, const Options& options, const Signals& signals,
                   RunId run, const Do& statement) {
  for (int tries = 1;; ++tries) {
    try {
      statement(connection);
      return;
    } catch (const SqlError& error) {
      const bool trouble = error.poisons_connection() || IsConnectionTrouble(error.sqlstate());
      if (tries >= kTriesPerChunk || signals.cancel_requested()) throw;
      if (!trouble && !IsTransient(error.sqlstate())) throw;
      std::this_thread::sleep_for(Backoff(tries, 0.5));
      if (!trouble) continue;
      connection =
          Connection::Patient(options.connection, [&] { return signals.cancel_requested(); });
      ledger::Resume(connection, options.subject, run);  // takes the lock of the subject type again
    }
  }
}

/// Statistics hold values that are gone from the tables: rebuild them before the run counts as
/// done.
void FinishRun(Connection& connection, const Options& options, const Signals& signals, RunId run) {
  std::vector<std::string> relations;
  OnCoordinator(connection, options, signals, run,
                [&](Connection& c) { relations = ledger::Relations(c, run); });
  for (const std::string& relation : relations) {
    OnCoordinator(connection, options, signals, run,
                  [&](Connection& c) { ledger::Analyze(c, run, relation); });
  }
  OnCoordinator(connection, options, signals, run, [&](Connection& c) { ledger::Finish(c, run); });
}

bool WorkThrough(const Options& options, Signals& signals, const ledger::RunInfo& info,
                 std::int64_t people_done) {
  const int free_chunks = std::max(1, info.chunks - info.chunks_done);
  const int jobs = std::min(options.jobs, free_chunks);
  std::vector<std::unique_ptr<Worker>> workers;
  workers.reserve(static_cast<std::size_t>(jobs));
  for (int i = 0; i < jobs; ++i) {
    workers.push_back(std::make_unique<Worker>(options.connection, info.run, signals));
  }
  const bool bar = !options.json && isatty(STDERR_FILENO) != 0;
  Progress progress(info.run, info.people, people_done, bar);
  return RunChunks(workers, signals, progress, options.max_failed);
}

std::optional<ledger::RunInfo> StartOrResume(Connection& connection, const Options& options,
                                             const Signals& signals) {
  if (!options.resume) {
    const auto keys = OpenKeys(options);
    return PlanRun(connection, options, *keys, signals);
  }
  const auto info = ledger::Resume(connection, options.subject, options.run);
  // What preflight proved when the run began still holds while the schema is the same.
  if (info && !info->same_plan) Preflight(connection, options);
  return info;
}

[[noreturn]] void ThrowUnfinished(const Options& options, const Signals& signals, RunId run) {
  if (signals.stop_requested()) {
    throw Fault(ExitCode::kStopped, "run " + std::to_string(run) + " was stopped by a signal",
                "Every finished chunk is committed, the others are untouched.",
                ResumeHint(options, run));
  }
  throw Fault(ExitCode::kSomeFailed,
              "run " + std::to_string(run) + " was stopped: more than " +
                  std::to_string(options.max_failed) + " people failed",
              "gdpr-batch status --run " + std::to_string(run) + " shows the reasons.",
              ResumeHint(options, run) + " (--max-failed N allows more).");
}

}  // namespace

ExitCode Anonymize(const Options& options, Signals& signals) {
  const auto begun = std::chrono::steady_clock::now();
  Connection connection = ConnectAndShakeHands(options);
  signals.Watch(&connection, connection.canceller());
  if (options.dry_run) {
    const auto keys = OpenKeys(options);
    return DryRun(connection, options, *keys, signals);
  }
  const std::optional<ledger::RunInfo> info = StartOrResume(connection, options, signals);
  if (!info) {
    Log(Level::kInfo, "nothing_to_resume", {{"subject", options.subject}});
    if (options.json) std::cout << R"({"run":null})" << std::endl;
    return ExitCode::kDone;
  }
  const std::int64_t people_done = ledger::Summarize(connection, info->run).done;
  Log(Level::kInfo, options.resume ? "run_resumed" : "run_started",
      {{"run", info->run},
       {"subject", options.subject},
       {"people", info->people},
       {"chunks", info->chunks},
       {"chunks_done", info->chunks_done},
       {"jobs", options.jobs}});
  try {
    if (!WorkThrough(options, signals, *info, people_done)) {
      ThrowUnfinished(options, signals, info->run);
    }
    FinishRun(connection, options, signals, info->run);
  } catch (const SqlError& error) {
    if (signals.stop_requested()) ThrowUnfinished(options, signals, info->run);
    throw Fault(ExitCode::kDatabase,
                "run " + std::to_string(info->run) + " was stopped: " + error.what(),
                "SQLSTATE " + error.sqlstate() +
                    ". Every finished chunk is committed, the others are untouched.",
                ResumeHint(options, info->run));
  }
  signals.Forget(&connection);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  const ExitCode code = ReportRun(connection, options, info->run, seconds);
  Log(Level::kInfo, "run_finished",
      {{"run", info->run},
       {"ms", static_cast<std::int64_t>(seconds * 1000)},
       {"exit", static_cast<int>(code)}});
  return code;
}

}  // namespace gdpr::batch
