// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>

#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct ImportAnonLabelsOptions {
  std::string file;  ///< a script of pg_dump; empty: the database that is connected to; -: stdin
  std::string provider = "anon";
};

/// Verb import-anon-labels: rules of PostgreSQL Anonymizer as statements to read and run. Changes
/// nothing and runs none of them.
/// throws  Fault, SqlError
ExitCode ImportAnonLabels(const Options& options, Signals& signals);

}  // namespace gdpr::batch
