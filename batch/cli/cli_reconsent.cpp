// SPDX-License-Identifier: PostgreSQL
#include <CLI/CLI.hpp>
#include <algorithm>

#include "batch/cli/cli_verbs.hpp"

namespace gdpr::batch {
namespace {

/// "1%" or "1", "0.5%": the number; empty: it is none.
std::string PerCent(std::string text) {
  if (text.ends_with('%')) text.pop_back();
  const bool digits = !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
  double number = 0;
  return digits && CLI::detail::lexical_cast(text, number) ? text : std::string();
}

}  // namespace

CLI::App* AddReconsent(CLI::App& app, Options& o, Raw& raw) {
  ReconsentOptions& r = o.reconsent;
  o.chunk_rows = 10000;
  CLI::App* verb =
      app.add_subcommand("reconsent", "Ask people again, in stages that a second role approves");
  auto* plan = verb->add_option_group("Plan (run it again once it is approved, and it is done)");
  plan->add_option("--subject", o.subject, "Subject type")->envname("PG_GDPR_SUBJECT");
  plan->add_option("--purpose", r.purpose, "What people are asked about");
  plan->add_option("--form", r.form, "The text that they are asked with: terms:3");
  plan->add_option("--where-accepted-before", r.accepted_before,
                   "Only whose acceptance is older than this day")
      ->type_name("DATE");
  plan->add_option("--form-older-than", r.form_older_than,
                   "Only whose acceptance is not on this version of the form, or a later one")
      ->type_name("VERSION")
      ->check(CLI::PositiveNumber);
  plan->add_flag("--no-proof", r.no_proof, "Only whose acceptance has no form or no medium");
  plan->add_option("--stage", r.stages, "Per cent of the people after each stage: 1%,10%,100%")
      ->delimiter(',')
      ->type_name("LIST");
  plan->add_option("--channel", r.channel, "Through which they are asked")->capture_default_str();
  plan->add_option("--valid-for", r.valid_for, "How long a link accepts, once it is made")
      ->capture_default_str();
  plan->add_flag("--dry-run", o.dry_run, "Show the plan and store nothing");
  auto* known = verb->add_option_group("A campaign that is planned (one of)");
  known->add_option("--approve", r.approve, "Approve it, as another role than its planner")
      ->type_name("RUN");
  AddResume(*known, raw);
  known->add_option("--pause", r.pause, "Stop it after the running slices")->type_name("RUN");
  known->add_option("--abort", r.abort, "Give it up: who was asked stays asked, nobody else is")
      ->type_name("RUN");
  known->add_option("--export", r.export_run, "Only write what waits to the file of --csv")
      ->type_name("RUN");
  verb->add_option("--csv", r.csv, "Write what waits to this file, for a mailer")
      ->type_name("FILE");
  AddWork(*verb, o);
  return verb;
}

std::string CheckReconsent(Options& o, const Raw& raw, const CLI::App& verb) {
  ReconsentOptions& r = o.reconsent;
  if (std::string mistake = CheckResume(o, raw, verb); !mistake.empty()) return mistake;
  const int verbs = static_cast<int>(o.resume) + static_cast<int>(r.approve.has_value()) +
                    static_cast<int>(r.pause.has_value()) + static_cast<int>(r.abort.has_value()) +
                    static_cast<int>(r.export_run.has_value());
  if (verbs > 1) return "say one of --approve, --resume, --pause, --abort and --export";
  if (verbs == 1 && (!r.purpose.empty() || !r.form.empty() || o.dry_run))
    return "a campaign that is planned is named by its number alone";
  if (o.resume && !o.run) return "--resume needs the number of the campaign";
  if (r.export_run && r.csv.empty()) return "--export needs --csv FILE";
  if (!r.csv.empty() && (r.approve || r.pause || r.abort))
    return "--csv goes with a campaign that is done or was: --resume RUN or --export RUN";
  if (verbs == 0) {
    if (o.subject.empty() || r.purpose.empty() || r.form.empty())
      return "a campaign needs --subject, --purpose and --form";
    if (static_cast<int>(r.accepted_before.has_value()) +
            static_cast<int>(r.form_older_than.has_value()) + static_cast<int>(r.no_proof) >
        1)
      return "say one of --where-accepted-before, --form-older-than and --no-proof";
  }
  for (std::string& stage : r.stages) {
    stage = PerCent(stage);
    if (stage.empty()) return "--stage takes per cent: 1%,10%,100%";
  }
  SetJobs(o);
  return {};
}

}  // namespace gdpr::batch
