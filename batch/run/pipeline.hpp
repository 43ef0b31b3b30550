// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "batch/output/progress.hpp"
#include "batch/run/manners.hpp"
#include "batch/run/worker.hpp"

namespace gdpr::batch {

/// How the work on a run ended.
enum class Ended : std::uint8_t {
  kAllDone,  ///< every chunk of the run, or of its stage, is done
  kSignal,   ///< a signal asked to stop
  kWindow,   ///< the window closed
  kTooManyFailed,
  kNotRunning,  ///< somebody paused the run, or gave it up
};

/// Does the slices of a run with all workers at once until none is left or there is a reason to
/// stop. Between slices it is polite (batch/manners.hpp). throws  SqlError of the first worker that
/// could not go on, after the others finished their slices
Ended RunChunks(std::vector<std::unique_ptr<Worker>>& workers, Signals& signals, Progress& progress,
                Manners& manners, std::int64_t max_failed);

}  // namespace gdpr::batch
