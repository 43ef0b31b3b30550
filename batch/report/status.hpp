// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>

#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct StatusOptions {
  bool people = false;       ///< one line for each person
  int limit = 20;            ///< newest runs and nights
  std::string metrics_file;  ///< instead of the tables
};

/// Verb status: runs, people who were left as they were with the reasons, the queue and the last
/// nights, on standard output; or only the metrics, into a file. Keys are printed only with
/// --people: this is a report, not a log. throws  Fault, SqlError
ExitCode Status(const Options& options, Signals& signals);

}  // namespace gdpr::batch
