// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>

#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct AnonymizeOptions {
  std::string keys_file;
  bool due = false, all = false;
  std::string reason;
  std::string unclassified = "error";
  // In place: every value of a restored copy, see refresh.hpp.
  std::string profile;           ///< fake or pseudonym; empty: people are erased
  std::string staging_database;  ///< its name, spelled out
  bool drop_records = false;     ///< empty what pg_gdpr recorded in production
};

/// Verb anonymize: preflight, plan (or resume), chunks, statistics, report.
/// throws  Fault, SqlError
ExitCode Anonymize(const Options& options, Signals& signals);

}  // namespace gdpr::batch
