// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct RetentionOptions {};

/// gdpr-batch retention: looks at everybody of a subject type in pages, without locks, and takes
/// those to whom something is to be done through a run: warned, queued for erasure, or taken back.
/// throws  Fault, SqlError
ExitCode Retention(const Options& options, Signals& signals);

}  // namespace gdpr::batch
