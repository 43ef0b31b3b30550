// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <map>
#include <string>
#include <vector>

#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct NightlyOptions {
  std::vector<std::string> steps;     ///< empty: all
  std::vector<std::string> subjects;  ///< empty: all
  bool verify_all = false;            ///< not only the seals that are new
  std::string metrics_file, report_file;
  /// By verb: what was said to nightly and holds for it too, as words of a command line.
  std::map<std::string, std::vector<std::string>> passed;
};

/// The steps of a night in their order, as --steps names them.
extern const std::vector<std::string> kNightSteps;

/// Verb nightly: retention, due erasures and approved campaigns of every subject type by their
/// verbs, with options made from the config file; then the audit log's upkeep and check, the report
/// and the metrics. A step that fails does not keep the others from being done.
/// out     the worst of all steps
/// throws  Fault, SqlError: another night is at work, or the database went away
ExitCode Nightly(const Options& options, Signals& signals);

}  // namespace gdpr::batch
