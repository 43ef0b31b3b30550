// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

/// Verb anonymize with --profile: replaces the values of a restored copy by fakes where they are,
/// table after table, each once.
/// throws  Fault, SqlError
ExitCode Refresh(const Options& options, Signals& signals);

}  // namespace gdpr::batch
