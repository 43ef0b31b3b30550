// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>

#include "batch/cli_verbs.hpp"

namespace gdpr::batch {

CLI::App* AddNightly(CLI::App& app, Options& o, Raw& /*raw*/) {
  CLI::App* verb = app.add_subcommand(
      "nightly", "Seal the audit log, make its partitions, drop what is kept no longer");
  verb->add_flag("--dry-run", o.dry_run, "Show what would happen and change nothing");
  AddWork(*verb, o);
  return verb;
}

std::string CheckNightly(Options& o, const Raw& /*raw*/, const CLI::App& /*verb*/) {
  SetJobs(o);
  return {};
}

}  // namespace gdpr::batch
