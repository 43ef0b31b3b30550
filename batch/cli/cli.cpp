// SPDX-License-Identifier: PostgreSQL
#include "batch/cli/cli.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>

#include "batch/cli/cli_verbs.hpp"
#include "batch/cli/config.hpp"
#include "batch/output/fault.hpp"
#include "batch/session/handshake.hpp"

namespace gdpr::batch {
namespace {

const std::map<std::string, Level> kLevels = {{"debug", Level::kDebug},
                                              {"info", Level::kInfo},
                                              {"warning", Level::kWarning},
                                              {"error", Level::kError}};
const std::map<std::string, LogFormat> kFormats = {{"text", LogFormat::kKeyValue},
                                                   {"json", LogFormat::kJson}};

struct Verb {
  std::string_view name;
  CLI::App* (*add)(CLI::App&, Options&, Raw&);
  std::string (*check)(Options&, const Raw&, const CLI::App&);
};

const Verb kVerbs[] = {
    {"anonymize", AddAnonymize, CheckAnonymize},
    {"reconsent", AddReconsent, CheckReconsent},
    {"mark", AddMark, CheckMark},
    {"import-optouts", AddImportOptouts, CheckImportOptouts},
    {"retention", AddRetention, CheckRetention},
    {"nightly", AddNightly, CheckNightly},
    {"status", AddStatus, CheckStatus},
    {"report", AddReport, CheckReport},
    {"verify", AddVerify, CheckVerify},
    {"copy", AddCopy, CheckCopy},
    {"import-anon-labels", AddImportAnonLabels, CheckImportAnonLabels},
};

void AddConnection(CLI::App& verb, Options& o, Raw& raw) {
  verb.set_help_flag("--help", "Show this help");
  auto* group = verb.add_option_group("Connection");
  group->add_option("-d,--dbname", o.connection.dbname, "Database name, connection string or URI")
      ->envname("PGDATABASE");
  group->add_option("-h,--host", o.connection.host, "Server host or socket directory")
      ->envname("PGHOST");
  group->add_option("-p,--port", o.connection.port, "Server port")->envname("PGPORT");
  group->add_option("-U,--username", o.connection.user, "Role")->envname("PGUSER");
  group->add_flag("-w,--no-password", raw.no_password,
                  "Never ask for a password (it never does; use a password file)");
  group->add_flag("--allow-superuser", o.allow_superuser, "Run although the role is a superuser")
      ->envname("PG_GDPR_ALLOW_SUPERUSER");
  group->add_option("--key-file", o.key_file, "Compare this key with the database's")
      ->envname("PG_GDPR_KEY_FILE");
  group
      ->add_option("--lock-timeout", o.connection.lock_timeout,
                   "Longest wait for a lock, for example 5s")
      ->envname("PG_GDPR_LOCK_TIMEOUT")
      ->capture_default_str();
  group
      ->add_option("--statement-timeout", o.connection.statement_timeout,
                   "Longest time for one statement, for example 10min; 0 for no limit")
      ->envname("PG_GDPR_STATEMENT_TIMEOUT")
      ->capture_default_str();
  group
      ->add_option_function<int>(
          "--patience",
          [&o](int seconds) { o.connection.patience = std::chrono::seconds(seconds); },
          "Seconds to go on trying while the server is away [60]")
      ->envname("PG_GDPR_PATIENCE")
      ->check(CLI::NonNegativeNumber);
}

void AddOutput(CLI::App& verb, Options& o, Raw& raw) {
  auto* group = verb.add_option_group("Output");
  group->add_flag("--json", o.json, "One JSON object on standard output")->envname("PG_GDPR_JSON");
  group->add_option("--log-format", raw.log_format, "Log lines on standard error: text or json")
      ->envname("PG_GDPR_LOG_FORMAT")
      ->check(CLI::IsMember(kFormats))
      ->capture_default_str();
  group->add_option("--log-level", raw.log_level, "debug, info, warning or error")
      ->envname("PG_GDPR_LOG_LEVEL")
      ->check(CLI::IsMember(kLevels))
      ->capture_default_str();
  group->add_option("--config", raw.config, "Config file: gdpr-batch.toml explains what can stand in it")
      ->envname("PG_GDPR_CONFIG");
}

ExitCode UsageError(const std::string& message, const std::string& verb) {
  std::cerr << "gdpr-batch: " << message << "\nTry: gdpr-batch " << (verb.empty() ? "" : verb + " ")
            << "--help\n";
  return ExitCode::kUsage;
}

}  // namespace

std::variant<Options, ExitCode> ReadOptions(int argc, const char* const* argv) {
  Options options;
  Raw raw;
  CLI::App app("gdpr-batch " + std::string(kVersion) + ": the night shift of pg_gdpr",
               "gdpr-batch");
  app.set_version_flag("--version", "gdpr-batch " + std::string(kVersion));
  app.set_help_flag("--help", "Show this help");
  app.footer(
      "Exit codes: 0 done, 1 usage, 2 configuration, 3 database, 4 version or key mismatch,\n"
      "5 some people failed or the audit log is not as sealed, 6 stopped by a signal or by the "
      "end\n"
      "of the window.");
  const std::string word = argc > 1 ? argv[1] : "";
  // CLI11 reads the environment for every verb: the ones not meant get options of their own.
  Options unused_options;
  Raw unused_raw;
  std::vector<CLI::App*> verbs;
  for (const Verb& verb : kVerbs) {
    const bool meant = word == verb.name;
    Options& o = meant ? options : unused_options;
    Raw& r = meant ? raw : unused_raw;
    verbs.push_back(verb.add(app, o, r));
    AddConnection(*verbs.back(), o, r);
    AddOutput(*verbs.back(), o, r);
  }
  std::string names;
  for (const CLI::App* verb : verbs) names += (names.empty() ? "" : ", ") + verb->get_name();
  const bool is_verb =
      std::ranges::any_of(verbs, [&](CLI::App* v) { return v->get_name() == word; });
  if (!is_verb && !word.starts_with('-')) {
    return UsageError((word.empty() ? "no verb given" : "unknown verb \"" + word + "\"") +
                          "; available: " + names,
                      "");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return static_cast<ExitCode>(app.exit(success));
  } catch (const CLI::ParseError& error) {
    return UsageError(error.what(), is_verb ? word : "");
  }
  if (app.get_subcommands().empty()) return UsageError("no verb given; available: " + names, "");
  CLI::App* verb = app.get_subcommands().front();
  options.verb = verb->get_name();
  if (!raw.config.empty()) raw.from_above = ReadConfigFile(*verb, raw.config);
  options.log_level = kLevels.at(raw.log_level);
  options.log_format = kFormats.at(raw.log_format);
  const Verb* said = std::ranges::find(kVerbs, options.verb, &Verb::name);
  const std::string mistake = said->check(options, raw, *verb);
  if (!mistake.empty()) return UsageError(mistake, options.verb);
  return options;
}

}  // namespace gdpr::batch
