// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>
#include <algorithm>

#include "batch/cli/cli_verbs.hpp"

namespace gdpr::batch {
namespace {

/// What the night's own options and flags of output say is not for the verbs that it calls.
bool IsOwn(const std::string& name) {
  static constexpr std::string_view kOwn[] = {"config", "help", "json", "dry-run"};
  return name.empty() || std::ranges::find(kOwn, name) != std::end(kOwn);
}

/// Options of a verb and of its groups that have a value.
void Collect(const CLI::App& part, const Raw& raw, const CLI::App& other,
             std::vector<std::string>& words) {
  for (const CLI::Option* option : part.get_options()) {
    const std::string name = option->get_lnames().empty() ? "" : option->get_lnames().front();
    // From above all sections of the config file the verb takes it itself, after its own section.
    if (option->count() == 0 || IsOwn(name) || raw.from_above.contains(name)) continue;
    if (other.get_option_no_throw("--" + name) == nullptr) continue;
    for (const std::string& value : option->results()) words.push_back("--" + name + "=" + value);
  }
  for (const CLI::App* group :
       part.get_subcommands([](const CLI::App* app) { return app->get_name().empty(); })) {
    Collect(*group, raw, other, words);
  }
}

}  // namespace

CLI::App* AddNightly(CLI::App& app, Options& o, Raw& /*raw*/) {
  CLI::App* verb = app.add_subcommand(
      "nightly",
      "The whole night: retention, due erasures, approved campaigns, the audit log's upkeep and "
      "check, report and metrics");
  verb->add_option("--steps", o.nightly.steps, "Only these steps, as a list with commas [all]")
      ->envname("PG_GDPR_STEPS")
      ->delimiter(',')
      ->check(CLI::IsMember(kNightSteps));
  verb->add_option("--subjects", o.nightly.subjects,
                   "Only these subject types, as a list with commas [all]")
      ->envname("PG_GDPR_SUBJECTS")
      ->delimiter(',');
  verb->add_flag("--verify-all", o.nightly.verify_all,
                 "Hold the whole audit log to its seals, not only what is new since the last night")
      ->envname("PG_GDPR_VERIFY_ALL");
  verb->add_option("--metrics", o.nightly.metrics_file,
                   "Write metrics to this file, as text for Prometheus")
      ->envname("PG_GDPR_METRICS")
      ->type_name("FILE");
  verb->add_option("--report", o.nightly.report_file, "Write the report for the DPO to this file")
      ->envname("PG_GDPR_REPORT")
      ->type_name("FILE");
  verb->add_flag("--dry-run", o.dry_run, "Show what every step would do and change nothing");
  AddWork(*verb, o);
  return verb;
}

std::string CheckNightly(Options& o, const Raw& raw, const CLI::App& verb) {
  for (const auto& [step, file] :
       {std::pair("metrics", o.nightly.metrics_file), std::pair("report", o.nightly.report_file)}) {
    if (file.empty() && std::ranges::find(o.nightly.steps, step) != o.nightly.steps.end())
      return std::string("step ") + step + " needs --" + step + " FILE";
  }
  for (const char* name : {"retention", "anonymize", "reconsent", "report"}) {
    std::vector<std::string>& words = o.nightly.passed[name];
    if (!raw.config.empty()) words.push_back("--config=" + raw.config);
    Collect(verb, raw, *verb.get_parent()->get_subcommand(name), words);
  }
  SetJobs(o);
  return {};
}

}  // namespace gdpr::batch
