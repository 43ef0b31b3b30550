// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <memory>
#include <vector>

#include "batch/progress.hpp"
#include "batch/worker.hpp"

namespace gdpr::batch {

/// Does the chunks of a run with all workers at once until none is left, a signal asks to stop, or
/// more than max_failed people have failed.
/// out     true: every chunk is done
/// throws  SqlError of the first worker that could not go on, after the others finished their
/// chunks
bool RunChunks(std::vector<std::unique_ptr<Worker>>& workers, Signals& signals, Progress& progress,
               std::int64_t max_failed);

}  // namespace gdpr::batch
