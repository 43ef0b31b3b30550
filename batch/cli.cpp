// SPDX-License-Identifier: PostgreSQL
#include "batch/cli.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <thread>

#include "batch/config.hpp"
#include "batch/fault.hpp"
#include "batch/handshake.hpp"

namespace gdpr::batch {
namespace {

const std::map<std::string, Level> kLevels = {{"debug", Level::kDebug},
                                              {"info", Level::kInfo},
                                              {"warning", Level::kWarning},
                                              {"error", Level::kError}};
const std::map<std::string, LogFormat> kFormats = {{"text", LogFormat::kKeyValue},
                                                   {"json", LogFormat::kJson}};

/// Texts that live beside the options until they are checked.
struct Raw {
  std::string config, resume, log_level = "info", log_format = "text";
  bool no_password = false;
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
  group->add_option("--config", raw.config, "Config file (TOML, or INI if it ends in .ini)")
      ->envname("PG_GDPR_CONFIG");
}

CLI::App* AddAnonymize(CLI::App& app, Options& o, Raw& raw) {
  CLI::App* verb =
      app.add_subcommand("anonymize", "Anonymize people everywhere, exactly and restartably");
  verb->add_option("--subject", o.subject, "Subject type")->envname("PG_GDPR_SUBJECT");
  auto* who = verb->add_option_group("Who (one of)");
  who->add_option("--keys", o.keys_file, "File with one subject key a line; - is standard input");
  who->add_flag("--due", o.due, "Everybody in the queue whose day has come");
  who->add_flag("--all", o.all, "Everybody who is not anonymized yet");
  who->add_option("--resume", raw.resume, "Go on with an unfinished run: its number, or the newest")
      ->expected(0, 1)
      ->type_name("[RUN]");
  verb->add_option("--reason", o.reason, "Why; the certificates name it")
      ->envname("PG_GDPR_REASON");
  verb->add_flag("--dry-run", o.dry_run, "Show what would happen and change nothing");
  verb->add_option("--jobs", o.jobs, "Connections that work at once [one for each core, at most 8]")
      ->envname("PG_GDPR_JOBS")
      ->check(CLI::Range(1, 128));
  verb->add_option("--chunk-rows", o.chunk_rows, "People in one transaction")
      ->envname("PG_GDPR_CHUNK_ROWS")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  verb->add_option("--unclassified", o.unclassified,
                   "Columns without a classification: error or keep")
      ->envname("PG_GDPR_UNCLASSIFIED")
      ->check(CLI::IsMember({"error", "keep"}))
      ->capture_default_str();
  verb->add_option("--max-failed", o.max_failed, "Stop the run when more people fail")
      ->envname("PG_GDPR_MAX_FAILED")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  return verb;
}

CLI::App* AddStatus(CLI::App& app, Options& o, Raw& /*raw*/) {
  CLI::App* verb =
      app.add_subcommand("status", "Show runs, people held back with reasons, and the queue");
  verb->add_option("--subject", o.subject, "Only this subject type")->envname("PG_GDPR_SUBJECT");
  verb->add_option("--run", o.run, "Only this run")->check(CLI::PositiveNumber);
  verb->add_flag("--people", o.people, "One line for each person, with the key");
  verb->add_option("--limit", o.limit, "Newest runs to show")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  return verb;
}

CLI::App* AddNightly(CLI::App& app, Options& o, Raw& /*raw*/) {
  CLI::App* verb = app.add_subcommand(
      "nightly", "Seal the audit log, make its partitions, drop what is kept no longer");
  verb->add_flag("--dry-run", o.dry_run, "Show what would happen and change nothing");
  return verb;
}

CLI::App* AddVerify(CLI::App& app, Options& o, Raw& /*raw*/) {
  CLI::App* verb =
      app.add_subcommand("verify", "Hold the audit log, or a proof of one event, to its seals");
  auto* what = verb->add_option_group("What (one of)");
  what->add_option("--audit", o.audit_file,
                   "The log: a file that gdpr.export_audit() made (- is standard input), or the "
                   "database that is connected to")
      ->expected(0, 1)
      ->type_name("[FILE]");
  what->add_option("--proof", o.proof_file, "A file that gdpr.prove_event() made");
  what->require_option(1);
  verb->add_option("--anchor", o.anchor, "Hold the seals to this anchor file too");
  verb->add_option("--database-name", o.database_name,
                   "What the database is called: a log that says otherwise is not its own")
      ->type_name("NAME");
  verb->add_option(
          "--public-key", o.public_keys,
          "Only this key's seals count (gdpr.audit_public_key()); more than one may be given")
      ->type_name("HEX");
  return verb;
}

/// What CLI11 cannot know; a message for the user, empty if all is well.
std::string CheckAnonymize(Options& o, const Raw& raw, bool resume) {
  o.resume = resume;
  if (o.subject.empty()) return "--subject is required";
  const int ways =
      (o.keys_file.empty() ? 0 : 1) + (o.due ? 1 : 0) + (o.all ? 1 : 0) + (resume ? 1 : 0);
  if (ways != 1) return "say who: exactly one of --keys FILE, --due, --all and --resume [RUN]";
  if (resume && o.dry_run)
    return "--dry-run shows a run that has not begun; it does not go with --resume";
  if (!raw.resume.empty()) {
    std::int64_t run = 0;
    if (!CLI::detail::lexical_cast(raw.resume, run) || run < 1)
      return "--resume takes the number of a run";
    o.run = run;
  }
  if (o.due && o.reason.empty()) o.reason = "queued erasure was due";
  if (!resume && !o.dry_run && o.reason.empty())
    return "--reason is required; the certificates name it";
  if (o.jobs == 0) o.jobs = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 8);
  return {};
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
      "5 some people failed or the audit log is not as sealed, 6 stopped by a signal.");
  const std::string word = argc > 1 ? argv[1] : "";
  // CLI11 reads the environment for every verb: the ones not meant get options of their own.
  Options unused_options;
  Raw unused_raw;
  const auto add = [&](const char* name, auto add_verb) {
    const bool meant = word == name;
    Options& o = meant ? options : unused_options;
    Raw& r = meant ? raw : unused_raw;
    CLI::App* verb = add_verb(app, o, r);
    AddConnection(*verb, o, r);
    AddOutput(*verb, o, r);
    return verb;
  };
  const std::vector<CLI::App*> verbs = {add("anonymize", AddAnonymize), add("status", AddStatus),
                                        add("nightly", AddNightly), add("verify", AddVerify)};
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
  if (!raw.config.empty()) ReadConfigFile(*verb, raw.config);
  options.log_level = kLevels.at(raw.log_level);
  options.log_format = kFormats.at(raw.log_format);
  if (options.verb == "anonymize") {
    const bool resume = verb->get_option("--resume")->count() > 0;
    const std::string mistake = CheckAnonymize(options, raw, resume);
    if (!mistake.empty()) return UsageError(mistake, options.verb);
  }
  return options;
}

}  // namespace gdpr::batch
