// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "batch/cli/options.hpp"
#include "batch/optouts/list_input.hpp"
#include "batch/optouts/optout_sender.hpp"
#include "batch/optouts/reject_file.hpp"
#include "batch/run/signals.hpp"

namespace gdpr::batch {

/// An import under way.
struct OptoutImport {
  ListSource& list;
  ListInput& input;
  AddressSort sort;
  RejectFile rejects;
  RunId run = 0;
  OptoutCounts counts = {};
  bool finished = false;  ///< the whole list was read and sent
  bool stopped_by_window = false;
};

/// Reads the list and sends it through all connections at once, until its end, a signal, or the end
/// of the window. throws  SqlError, Fault of the first that could not go on
void RunImport(const Options& options, Signals& signals, OptoutImport& import);

/// Tells the server that the list is through, on a connection that may have died meanwhile.
void FinishImport(Connection& connection, const Options& options, const Signals& signals,
                  RunId run);

}  // namespace gdpr::batch
