// SPDX-License-Identifier: PostgreSQL
#pragma once


#include "batch/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct StatusOptions {
  bool people = false;  ///< one line for each person
  int limit = 20;
};

/// Verb status: runs, people who were not anonymized with the reasons, and the queue, on standard
/// output. Keys are printed only with --people: this is a report, not a log.
/// throws  Fault, SqlError
ExitCode Status(const Options& options, Signals& signals);

}  // namespace gdpr::batch
