// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>

#include "batch/cli_verbs.hpp"

namespace gdpr::batch {

CLI::App* AddReport(CLI::App& app, Options& /*o*/, Raw& /*raw*/) {
  CLI::App* verb = app.add_subcommand("report", "Write one page for the data protection officer");
  return verb;
}

std::string CheckReport(Options& /*o*/, const Raw& /*raw*/, const CLI::App& /*verb*/) {
  return {};
}

}  // namespace gdpr::batch
