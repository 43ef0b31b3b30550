// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "batch/exit_code.hpp"
#include "batch/options.hpp"

namespace gdpr::batch {

/// Verb status: runs, people who were not anonymized with the reasons, and the queue, on standard
/// output. Keys are printed only with --people: this is a report, not a log.
/// throws  Fault, SqlError
ExitCode Status(const Options& options);

}  // namespace gdpr::batch
