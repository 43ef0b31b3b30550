// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>

#include "batch/cli/cli_verbs.hpp"

namespace gdpr::batch {

CLI::App* AddImportAnonLabels(CLI::App& app, Options& o, Raw& /*raw*/) {
  CLI::App* verb = app.add_subcommand(
      "import-anon-labels", "Propose kinds for what PostgreSQL Anonymizer masks; changes nothing");
  verb->add_option("--file", o.import_anon_labels.file,
                   "Read the labels from a script that pg_dump wrote (- is standard input) [the "
                   "database that is connected to]")
      ->type_name("FILE");
  verb->add_option("--provider", o.import_anon_labels.provider,
                   "Whose labels: a masking policy of Anonymizer's")
      ->capture_default_str();
  return verb;
}

std::string CheckImportAnonLabels(Options& /*o*/, const Raw& /*raw*/, const CLI::App& /*verb*/) {
  return {};
}

}  // namespace gdpr::batch
