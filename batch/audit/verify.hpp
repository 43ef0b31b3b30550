// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <vector>

#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct VerifyOptions {
  std::string audit_file;  ///< an export; empty: the database
  std::string proof_file;
  std::string anchor;
  std::string database_name;
  std::vector<std::string> public_keys;
};

/// Verb verify: the audit log against its seals, from an export or over a connection, or one
/// event's proof. Prints what is wrong, names of events only, and one line that sums up. out kDone,
/// or kSomeFailed where something is not as it was sealed throws  Fault, SqlError
ExitCode Verify(const Options& options, Signals& signals);

}  // namespace gdpr::batch
