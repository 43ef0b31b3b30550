// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>

#include "batch/cli/cli_verbs.hpp"

namespace gdpr::batch {

CLI::App* AddRetention(CLI::App& app, Options& o, Raw& raw) {
  CLI::App* verb = app.add_subcommand(
      "retention", "Warn people who were idle for long, and queue them for erasure");
  verb->add_option("--subject", o.subject, "Subject type")->envname("PG_GDPR_SUBJECT");
  verb->add_flag("--dry-run", o.dry_run,
                 "Count everybody by age and what would happen, and change nothing");
  AddResume(*verb, raw);
  AddWork(*verb, o);
  return verb;
}

std::string CheckRetention(Options& o, const Raw& raw, const CLI::App& verb) {
  if (o.subject.empty()) return "--subject is required";
  if (std::string mistake = CheckResume(o, raw, verb); !mistake.empty()) return mistake;
  if (o.resume && o.dry_run)
    return "--dry-run shows a run that has not begun; it does not go with --resume";
  SetJobs(o);
  return {};
}

}  // namespace gdpr::batch
