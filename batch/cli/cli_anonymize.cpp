// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>

#include "batch/cli/cli_verbs.hpp"

namespace gdpr::batch {

CLI::App* AddAnonymize(CLI::App& app, Options& o, Raw& raw) {
  CLI::App* verb =
      app.add_subcommand("anonymize", "Anonymize people everywhere, exactly and restartably");
  verb->add_option("--subject", o.subject, "Subject type")->envname("PG_GDPR_SUBJECT");
  auto* who = verb->add_option_group("Who (one of)");
  who->add_option("--keys", o.anonymize.keys_file,
                  "File with one subject key a line; - is standard input");
  who->add_flag("--due", o.anonymize.due, "Everybody in the queue whose day has come");
  who->add_flag("--all", o.anonymize.all, "Everybody who is not anonymized yet");
  AddResume(*who, raw);
  verb->add_option("--reason", o.anonymize.reason, "Why; the certificates name it")
      ->envname("PG_GDPR_REASON");
  verb->add_flag("--dry-run", o.dry_run, "Show what would happen and change nothing");
  verb->add_option("--unclassified", o.anonymize.unclassified,
                   "Columns without a classification: error or keep; in place also null")
      ->envname("PG_GDPR_UNCLASSIFIED")
      ->check(CLI::IsMember({"error", "keep", "null"}))
      ->capture_default_str();
  // Neither from the environment nor from a file: it is said each time, by hand.
  auto* place = verb->add_option_group("In place (a restored copy, all people)");
  place
      ->add_option("--profile", o.anonymize.profile,
                   "Replace all values of a restored copy: fake or pseudonym")
      ->check(CLI::IsMember({"fake", "pseudonym"}))
      ->configurable(false);
  place
      ->add_option("--staging-database", o.anonymize.staging_database,
                   "The name of the database, spelled out: it must be the one connected to")
      ->type_name("NAME")
      ->configurable(false);
  place
      ->add_flag("--drop-records", o.anonymize.drop_records,
                 "Empty what pg_gdpr recorded in production: audit log, log of reads, comments")
      ->configurable(false);
  AddWork(*verb, o);
  return verb;
}

namespace {

std::string CheckInPlace(Options& o, const CLI::App& verb) {
  const AnonymizeOptions& a = o.anonymize;
  if (a.staging_database.empty())
    return "--profile replaces every value of a database: --staging-database NAME is required";
  if (!a.keys_file.empty() || a.due || a.all || verb.get_option("--resume")->count() > 0)
    return "--profile is for a whole copy; it goes without --keys, --due, --all and --resume";
  // A table may take hours: the limit is for statements that do a slice.
  if (verb.get_option("--statement-timeout")->count() == 0) o.connection.statement_timeout = "0";
  return {};
}

}  // namespace

std::string CheckAnonymize(Options& o, const Raw& raw, const CLI::App& verb) {
  AnonymizeOptions& a = o.anonymize;
  if (!a.profile.empty()) return CheckInPlace(o, verb);
  if (!a.staging_database.empty() || a.drop_records || a.unclassified == "null")
    return "--staging-database, --drop-records and --unclassified null go with --profile";
  const std::string mistake = CheckResume(o, raw, verb);
  if (o.subject.empty()) return "--subject is required";
  const int ways =
      (a.keys_file.empty() ? 0 : 1) + (a.due ? 1 : 0) + (a.all ? 1 : 0) + (o.resume ? 1 : 0);
  if (ways != 1) return "say who: exactly one of --keys FILE, --due, --all and --resume [RUN]";
  if (o.resume && o.dry_run)
    return "--dry-run shows a run that has not begun; it does not go with --resume";
  if (!mistake.empty()) return mistake;
  if (a.due && a.reason.empty()) a.reason = "queued erasure was due";
  if (!o.resume && !o.dry_run && a.reason.empty())
    return "--reason is required; the certificates name it";
  SetJobs(o);
  return {};
}

}  // namespace gdpr::batch
