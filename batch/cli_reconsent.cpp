// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>

#include "batch/cli_verbs.hpp"

namespace gdpr::batch {

CLI::App* AddReconsent(CLI::App& app, Options& o, Raw& /*raw*/) {
  CLI::App* verb =
      app.add_subcommand("reconsent", "Ask people again, in stages that a second role approves");
  verb->add_option("--subject", o.subject, "Subject type")->envname("PG_GDPR_SUBJECT");
  verb->add_flag("--dry-run", o.dry_run, "Show what would happen and change nothing");
  AddWork(*verb, o);
  return verb;
}

std::string CheckReconsent(Options& o, const Raw& /*raw*/, const CLI::App& /*verb*/) {
  SetJobs(o);
  return {};
}

}  // namespace gdpr::batch
