// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "batch/exit_code.hpp"
#include "batch/options.hpp"
#include "batch/signals.hpp"

namespace gdpr::batch {

/// Verb anonymize: preflight, plan (or resume), chunks, statistics, report.
/// throws  Fault, SqlError
ExitCode Anonymize(const Options& options, Signals& signals);

}  // namespace gdpr::batch
