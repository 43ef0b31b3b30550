// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <vector>

#include "batch/cli/options.hpp"
#include "batch/night/night_summary.hpp"
#include "batch/run/signals.hpp"

namespace gdpr::batch {

using VerbFunction = ExitCode (*)(const Options&, Signals&);

/// Calls the verb of a step as if it had been called from the shell, with the same config file and
/// what was said to the night. Its text goes to standard output under a heading; with --json it
/// becomes step.answer, also where it throws.
/// in      words  what the night says itself: whom it is about
/// throws  what the verb throws
ExitCode CallVerb(const Options& night, Signals& signals, VerbFunction verb,
                  const std::vector<std::string>& words, NightStep& step);

}  // namespace gdpr::batch
