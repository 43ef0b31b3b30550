// SPDX-License-Identifier: PostgreSQL
#pragma once


#include "batch/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct RetentionOptions {};

/// Verb retention: throws  Fault, SqlError
ExitCode Retention(const Options& options, Signals& signals);

}  // namespace gdpr::batch
