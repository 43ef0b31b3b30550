// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>

#include "batch/cli_verbs.hpp"

namespace gdpr::batch {

CLI::App* AddStatus(CLI::App& app, Options& o, Raw& /*raw*/) {
  CLI::App* verb =
      app.add_subcommand("status", "Show runs, people held back with reasons, and the queue");
  verb->add_option("--subject", o.subject, "Only this subject type")->envname("PG_GDPR_SUBJECT");
  verb->add_option("--run", o.run, "Only this run")->check(CLI::PositiveNumber);
  verb->add_flag("--people", o.status.people, "One line for each person, with the key");
  verb->add_option("--limit", o.status.limit, "Newest runs to show")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  return verb;
}

std::string CheckStatus(Options& /*o*/, const Raw& /*raw*/, const CLI::App& /*verb*/) {
  return {};
}

}  // namespace gdpr::batch
