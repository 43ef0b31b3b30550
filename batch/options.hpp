// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "batch/connection.hpp"
#include "batch/ledger.hpp"
#include "batch/log.hpp"

namespace gdpr::batch {

/// Everything the command line, the environment and the config file can say.
struct Options {
  std::string verb;

  ConnectionSettings connection;
  bool allow_superuser = false;
  std::string key_file;
  LogFormat log_format = LogFormat::kKeyValue;
  Level log_level = Level::kInfo;
  bool json = false;

  std::string subject;
  std::string keys_file;
  bool due = false, all = false, dry_run = false;
  bool resume = false;
  std::optional<RunId> run;  ///< of --resume RUN, and of status --run RUN
  std::string reason;
  std::string unclassified = "error";
  int jobs = 0;  ///< 0: one for each core, at most 8
  int chunk_rows = 1000;
  std::int64_t max_failed = 1000;

  bool people = false;  ///< status: one line for each person
  int limit = 20;

  std::string audit_file;  ///< verify: an export; empty: the database
  std::string proof_file;
  std::string anchor;
  std::string database_name;
  std::vector<std::string> public_keys;
};

}  // namespace gdpr::batch
