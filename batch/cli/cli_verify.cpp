// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>

#include "batch/cli/cli_verbs.hpp"

namespace gdpr::batch {

CLI::App* AddVerify(CLI::App& app, Options& o, Raw& /*raw*/) {
  CLI::App* verb =
      app.add_subcommand("verify", "Hold the audit log, or a proof of one event, to its seals");
  auto* what = verb->add_option_group("What (one of)");
  what->add_option("--audit", o.verify.audit_file,
                   "The log: a file that gdpr.export_audit() made (- is standard input), or the "
                   "database that is connected to")
      ->expected(0, 1)
      ->type_name("[FILE]");
  what->add_option("--proof", o.verify.proof_file, "A file that gdpr.prove_event() made");
  what->require_option(1);
  verb->add_option("--anchor", o.verify.anchor, "Hold the seals to this anchor file too");
  verb->add_option("--database-name", o.verify.database_name,
                   "What the database is called: a log that says otherwise is not its own")
      ->type_name("NAME");
  verb->add_option(
          "--public-key", o.verify.public_keys,
          "Only this key's seals count (gdpr.audit_public_key()); more than one may be given")
      ->type_name("HEX");
  return verb;
}

std::string CheckVerify(Options& /*o*/, const Raw& /*raw*/, const CLI::App& /*verb*/) {
  return {};
}

}  // namespace gdpr::batch
