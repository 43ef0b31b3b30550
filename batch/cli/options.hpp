// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "batch/anon/import_anon_labels.hpp"
#include "batch/audit/verify.hpp"
#include "batch/copy/copy.hpp"
#include "batch/jobs/anonymize.hpp"
#include "batch/jobs/mark.hpp"
#include "batch/jobs/reconsent.hpp"
#include "batch/jobs/retention.hpp"
#include "batch/night/nightly.hpp"
#include "batch/optouts/import_optouts.hpp"
#include "batch/output/log.hpp"
#include "batch/report/report.hpp"
#include "batch/report/status.hpp"
#include "batch/run/ledger.hpp"
#include "batch/run/manners.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// Everything the command line, the environment and the config file can say. What only one verb
/// knows is in that verb's own struct, beside its function.
struct Options {
  std::string verb;

  ConnectionSettings connection;
  bool allow_superuser = false;
  std::string key_file;
  LogFormat log_format = LogFormat::kKeyValue;
  Level log_level = Level::kInfo;
  bool json = false;

  std::string subject;
  bool dry_run = false;
  bool resume = false;
  std::optional<RunId> run;  ///< of --resume RUN, and of status --run RUN

  int jobs = 0;  ///< 0: one for each core, at most 8
  int chunk_rows = 1000;
  double chunk_seconds = 3.0;  ///< what a slice of a chunk (a transaction) should take
  std::int64_t max_failed = 1000;
  MannersOptions manners;

  AnonymizeOptions anonymize;
  ReconsentOptions reconsent;
  MarkOptions mark;
  ImportOptoutsOptions import_optouts;
  RetentionOptions retention;
  NightlyOptions nightly;
  StatusOptions status;
  ReportOptions report;
  VerifyOptions verify;
  CopyOptions copy;
  ImportAnonLabelsOptions import_anon_labels;
};

}  // namespace gdpr::batch
