// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "batch/run/signals.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// A part of the night's upkeep: what nothing else does where the server does not preload pg_gdpr,
/// and the end of what is kept. `repeat`: until it has nothing to do, each time a transaction of
/// its own.
struct UpkeepStep {
  const char* name;
  std::string_view query;
  const char* what;  ///< for the summary: "12 changes sealed"
  bool repeat = false;
  bool newest = false;  ///< the answer is a number of something, not how many
};

/// In the order in which they are done.
std::span<const UpkeepStep> UpkeepSteps();

/// Does one. Somebody in the way is waited for, a few times.
/// in      total  what it did so far, also where it throws; nothing: there is nothing to count
/// throws  SqlError
void DoUpkeep(Connection& connection, const UpkeepStep& step, const Signals& signals, bool terminal,
              std::optional<std::int64_t>& total);

}  // namespace gdpr::batch
