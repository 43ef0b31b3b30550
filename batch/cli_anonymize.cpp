// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>

#include "batch/cli_verbs.hpp"

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
                   "Columns without a classification: error or keep")
      ->envname("PG_GDPR_UNCLASSIFIED")
      ->check(CLI::IsMember({"error", "keep"}))
      ->capture_default_str();
  AddWork(*verb, o);
  return verb;
}

std::string CheckAnonymize(Options& o, const Raw& raw, const CLI::App& verb) {
  AnonymizeOptions& a = o.anonymize;
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
