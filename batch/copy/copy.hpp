// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "batch/output/exit_code.hpp"
#include "core/kind.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

/// What to do with a column that nobody has classified.
enum class Unclassified : std::uint8_t { kError, kKeep, kNull };

struct CopyOptions {
  std::string from;  ///< empty: what --dbname and its like say
  std::string to;    ///< conninfo, URI or database name; a directory where it has a slash
  Profile profile = Profile::kFake;
  std::optional<double> sample;      ///< share of each table's rows, 0 < sample <= 1
  std::int64_t whole_below = 10000;  ///< smaller tables that hang on nobody: whole in a sample
  std::string subjects_file;  ///< keys of the people to copy, one a line; "-": standard input
  std::string subject;        ///< their type (--subject)
  std::string rules_file;     ///< rules for a source without the extension; empty: ask the server
  Unclassified unclassified = Unclassified::kError;
  std::vector<std::string> schemas;         ///< only these; empty: all that are the user's
  std::vector<std::string> exclude_tables;  ///< "schema.table" or "table" (in any schema)
  bool by_person = false;  ///< seed: the person's key, so that a person's values fit together
  /// Tables of twice that or more are copied in parts: one is a transaction at the target, and
  /// what is done again when a connection breaks.
  std::int64_t part_mb = 256;
  std::string key_file;  ///< the master key (--key-file)

  /// Whether `to` names a directory: a bare word is a database, ./word a directory.
  bool to_directory() const;
};

/// Verb copy: a realistic copy of a database that holds nobody's data.
/// throws  Fault, SqlError
ExitCode Copy(const Options& options, Signals& signals);

}  // namespace gdpr::batch
