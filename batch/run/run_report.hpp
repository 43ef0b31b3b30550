// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "batch/cli/options.hpp"
#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

/// What a run came to, on standard output: text, or one JSON object.
/// out     kSomeFailed where people failed or were not found
ExitCode ReportRun(const ledger::Summary& summary, const Options& options, double seconds);

/// --resume without a number, and no run of the verb has begun and not ended.
ExitCode ReportNothingToResume(const Options& options);

}  // namespace gdpr::batch
