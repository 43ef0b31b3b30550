// SPDX-License-Identifier: PostgreSQL
#pragma once


#include "batch/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct NightlyOptions {};

/// Verb nightly: the upkeep that nothing else does where the server does not preload pg_gdpr, and
/// the end of what is kept. Each step commits by itself, and a step that fails does not keep the
/// others from being done. throws  Fault, SqlError: the first that a step met, after all of them
ExitCode Nightly(const Options& options, Signals& signals);

}  // namespace gdpr::batch
