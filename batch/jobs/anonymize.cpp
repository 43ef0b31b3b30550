// SPDX-License-Identifier: PostgreSQL
#include "batch/jobs/anonymize.hpp"

#include <chrono>
#include <iostream>

#include "batch/cli/options.hpp"
#include "batch/jobs/refresh.hpp"
#include "batch/run/plan.hpp"
#include "batch/run/run_report.hpp"
#include "batch/run/run_through.hpp"
#include "batch/session/handshake.hpp"

namespace gdpr::batch {
namespace {

std::optional<ledger::RunInfo> StartOrResume(Connection& connection, const Options& options,
                                             const Signals& signals) {
  if (!options.resume) {
    const auto keys = OpenKeys(options);
    return PlanRun(connection, options, *keys, signals);
  }
  const auto info = ledger::Resume(connection, options.subject, options.run, "anonymize");
  // What preflight proved when the run began still holds while the schema is the same.
  if (info && !info->same_plan) Preflight(connection, options);
  return info;
}

}  // namespace

ExitCode Anonymize(const Options& options, Signals& signals) {
  if (!options.anonymize.profile.empty()) return Refresh(options, signals);
  if (!options.dry_run) RequireOpenWindow(options.manners.window);
  const auto begun = std::chrono::steady_clock::now();
  Connection connection = ConnectAndShakeHands(options);
  const WatchedConnection watched(signals, connection);
  if (options.dry_run) {
    const auto keys = OpenKeys(options);
    return DryRun(connection, options, *keys, signals);
  }
  const std::optional<ledger::RunInfo> info = StartOrResume(connection, options, signals);
  if (!info) return ReportNothingToResume(options);
  const ledger::Summary summary = RunThrough(connection, options, signals, "anonymize", *info);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  return ReportRun(summary, options, seconds.count());
}

}  // namespace gdpr::batch
