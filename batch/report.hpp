// SPDX-License-Identifier: PostgreSQL
#pragma once


#include "batch/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct ReportOptions {};

/// Verb report: throws  Fault, SqlError
ExitCode Report(const Options& options, Signals& signals);

}  // namespace gdpr::batch
