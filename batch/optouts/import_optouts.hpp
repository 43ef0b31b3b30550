// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <optional>
#include <string>

#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct ImportOptoutsOptions {
  std::string file;  ///< "-": standard input
  std::string channel = "email";
  std::optional<std::string> purpose;
  std::string reason = "imported list of opt-outs";
  std::optional<std::string> dated;  ///< when the list was made; the server reads it
  std::string rejects;               ///< empty: FILE.rejects, none for standard input
  std::string column;                ///< as the others below: empty where it is to be found out
  std::string hash;                  ///< md5, sha1, sha256, or none
  std::string encoding;
  std::optional<char> delimiter;
  bool strict = false;  ///< exit code 5 if a line was rejected
};

/// Verb import-optouts: reads a list of people who want no messages, whatever program wrote it.
/// throws  Fault, SqlError
ExitCode ImportOptouts(const Options& options, Signals& signals);

}  // namespace gdpr::batch
