// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <exception>

#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

/// Logs why something ended (event=stopped, without personal values), and says what that means to
/// the shell.
ExitCode LogFailure(const std::exception_ptr& failure);

/// The one of two that somebody has to hear of: 4 before 3, 2, 1, 5, 6 and 0.
ExitCode Worst(ExitCode a, ExitCode b);

}  // namespace gdpr::batch
