// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <variant>

#include "batch/cli/options.hpp"
#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

/// Reads command line, environment and config file, in this order of precedence.
/// out     the options, or an exit code if there is nothing more to do (--help, --version, a usage
///         error that has been printed)
/// throws  Fault kConfiguration for a config file that cannot be read or has unknown keys
std::variant<Options, ExitCode> ReadOptions(int argc, const char* const* argv);

}  // namespace gdpr::batch
