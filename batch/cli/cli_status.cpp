// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>

#include "batch/cli/cli_verbs.hpp"

namespace gdpr::batch {

CLI::App* AddStatus(CLI::App& app, Options& o, Raw& /*raw*/) {
  CLI::App* verb = app.add_subcommand(
      "status",
      "Show runs with rate and time left, people held back with reasons, the queue, and "
      "the last nights");
  verb->add_option("--subject", o.subject, "Only this subject type")->envname("PG_GDPR_SUBJECT");
  verb->add_option("--run", o.run, "Only this run")->check(CLI::PositiveNumber);
  verb->add_flag("--people", o.status.people, "One line for each person, with the key");
  verb->add_option("--limit", o.status.limit, "Newest runs and nights to show")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--metrics", o.status.metrics_file,
                   "Only write metrics to this file, as text for Prometheus")
      ->type_name("FILE");
  return verb;
}

std::string CheckStatus(Options& /*o*/, const Raw& /*raw*/, const CLI::App& /*verb*/) {
  return {};
}

}  // namespace gdpr::batch
