// SPDX-License-Identifier: PostgreSQL
#pragma once


#include "batch/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct ReconsentOptions {};

/// Verb reconsent: throws  Fault, SqlError
ExitCode Reconsent(const Options& options, Signals& signals);

}  // namespace gdpr::batch
