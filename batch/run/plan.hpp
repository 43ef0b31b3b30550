// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <memory>

#include "batch/cli/options.hpp"
#include "batch/output/exit_code.hpp"
#include "batch/run/keys.hpp"
#include "batch/run/signals.hpp"

namespace gdpr::batch {

/// The list that --keys, --due or --all names. Throws Fault.
std::unique_ptr<KeySource> OpenKeys(const Options& options);

/// Asks gdpr.preflight() and prints its findings; an error among them stops.
/// throws  Fault kConfiguration
void Preflight(Connection& connection, const Options& options);

/// Starts a run (which keeps others of the subject type out), asks preflight and writes the whole
/// list into the ledger, chunk by chunk in transactions of their own. If that fails or is stopped,
/// the run is given up: nothing has happened to anybody. throws  Fault (a key that is none, stopped
/// by a signal), SqlError
ledger::RunInfo PlanRun(Connection& connection, const Options& options, KeySource& keys,
                        const Signals& signals);

/// --dry-run: what a run would meet, on standard output; changes nothing.
ExitCode DryRun(Connection& connection, const Options& options, KeySource& keys,
                const Signals& signals);

}  // namespace gdpr::batch
