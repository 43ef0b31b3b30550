// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "batch/exit_code.hpp"
#include "batch/options.hpp"

namespace gdpr::batch {

/// Verb verify: the audit log against its seals, from an export or over a connection, or one
/// event's proof. Prints what is wrong, names of events only, and one line that sums up. out kDone,
/// or kSomeFailed where something is not as it was sealed throws  Fault, SqlError
ExitCode Verify(const Options& options);

}  // namespace gdpr::batch
