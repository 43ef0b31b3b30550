// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "batch/exit_code.hpp"
#include "batch/options.hpp"

namespace gdpr::batch {

/// Prints what became of a run on standard output: a few lines, or one JSON object with --json.
/// out     kDone, or kSomeFailed if people failed or were not found
ExitCode ReportRun(Connection& connection, const Options& options, RunId run, double seconds);

}  // namespace gdpr::batch
