// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>

#include "batch/cli/options.hpp"
#include "batch/run/ledger.hpp"
#include "batch/run/signals.hpp"

namespace gdpr::batch {

/// "Go on with: gdpr-batch JOB --subject TYPE --resume RUN"
std::string ResumeHint(const Options& options, const std::string& job, RunId run);

/// Works through a run that is ready or was resumed on this connection (which holds its lock):
/// workers, manners, progress; then ends it, or leaves it paused before its next stage. out what it
/// came to, of this and earlier processes throws  Fault kStopped: a signal, the end of the window,
/// or somebody paused the run or gave it up;
///         kSomeFailed: more people failed than options.max_failed; kDatabase: with SQLSTATE
ledger::Summary RunThrough(Connection& connection, const Options& options, Signals& signals,
                           const std::string& job, const ledger::RunInfo& info);

}  // namespace gdpr::batch
