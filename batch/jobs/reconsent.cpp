// SPDX-License-Identifier: PostgreSQL
#include "batch/jobs/reconsent.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "batch/cli/options.hpp"
#include "batch/jobs/outbox_csv.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/log.hpp"
#include "batch/output/progress.hpp"
#include "batch/queries.hpp"
#include "batch/run/run_through.hpp"
#include "batch/session/handshake.hpp"

namespace gdpr::batch {
namespace {

using nlohmann::ordered_json;

/// A row of gdpr.campaign_plans.
struct Campaign {
  RunId run = 0;
  std::string subject, state, paused_reason;
  std::int64_t stage = 0, last_stage = 0, eligible = 0, asked = 0, waiting = 0;
  ordered_json left_out;
};

Campaign CampaignOf(Connection& connection, RunId run) {
  const Result row = connection.Execute(query::kCampaignOf, {run});
  if (row.rows() == 0) {
    throw Fault(ExitCode::kConfiguration, "campaign " + std::to_string(run) + " does not exist", {},
                "SELECT * FROM gdpr.campaign_plans lists the campaigns.");
  }
  Campaign c{.run = run,
             .subject = std::string(row.Text(0, 0)),
             .state = std::string(row.Text(0, 1)),
             .paused_reason = std::string(row.Text(0, 2)),
             .left_out = ordered_json::parse(row.Text(0, 8))};
  int column = 3;
  for (std::int64_t* count : {&c.stage, &c.last_stage, &c.eligible, &c.asked, &c.waiting}) {
    *count = row.Int(0, column++);
  }
  return c;
}

void PrintLine(std::int64_t count, const std::string& what) {
  std::cout << std::setw(14) << FormatCount(count) << "  " << what << '\n';
}

void PrintReasons(const ordered_json& reasons) {
  for (const auto& [reason, count] : reasons.items()) {
    std::string words = reason;
    std::ranges::replace(words, '_', ' ');
    PrintLine(count.get<std::int64_t>(), "    " + words);
  }
}

std::string Megabytes(std::int64_t bytes) {
  return FormatCount((bytes + 999'999) / 1'000'000) + " MB";
}

void PrintPlan(const ReconsentOptions& r, const Result& plan) {
  const std::string run(plan.Text(0, 0));
  std::cout << (run.empty() ? "Dry run: nothing was stored.\n"
                            : "Campaign " + run + " is planned; nobody has been asked yet.\n");
  const auto excluded = ordered_json::parse(plan.Text(0, 3));
  PrintLine(plan.Int(0, 1), "people");
  PrintLine(plan.Int(0, 2),
            "would be asked again about " + r.purpose + " with " + r.form + " by " + r.channel);
  PrintLine(plan.Int(0, 1) - plan.Int(0, 2), excluded.empty() ? "would not" : "would not:");
  PrintReasons(excluded);
  PrintLine(plan.Int(0, 4), "can be written to for this purpose now");
  PrintLine(plan.Int(0, 5), "can be while nobody has answered");
  std::cout << "About " << Megabytes(plan.Int(0, 6)) << " of write-ahead log (" << plan.Text(0, 8)
            << ") and " << FormatSeconds(plan.Double(0, 7)) << " (" << plan.Text(0, 9) << ").\n";
  if (!run.empty()) {
    std::cout << "Another role approves it: gdpr-batch reconsent --approve " << run << '\n';
  }
}

ordered_json PlanJson(const Options& options, const Result& plan) {
  const ordered_json run = plan.IsNull(0, 0) ? ordered_json() : ordered_json(plan.Int(0, 0));
  return {{"dry_run", options.dry_run},
          {"run", run},
          {"job", "reconsent"},
          {"subject_type", options.subject},
          {"state", options.dry_run ? "" : "planned"},
          {"people", plan.Int(0, 1)},
          {"eligible", plan.Int(0, 2)},
          {"excluded", ordered_json::parse(plan.Text(0, 3))},
          {"audience_before", plan.Int(0, 4)},
          {"audience_after", plan.Int(0, 5)},
          {"wal_bytes_estimate", plan.Int(0, 6)},
          {"seconds_estimate", plan.Double(0, 7)},
          {"wal_from", plan.Text(0, 8)},
          {"seconds_from", plan.Text(0, 9)}};
}

/// What was asked for, as the queries take it.
std::string Asked(const Options& options) {
  const ReconsentOptions& r = options.reconsent;
  ordered_json criteria = ordered_json::object();
  if (r.accepted_before) criteria["accepted_before"] = *r.accepted_before;
  if (r.form_older_than) criteria["form_older_than"] = *r.form_older_than;
  if (r.no_proof) criteria["no_proof"] = true;
  ordered_json stages = ordered_json::array();
  for (const std::string& stage : r.stages) stages.push_back(std::stod(stage));
  return ordered_json{{"subject_type", options.subject},
                      {"purpose", r.purpose},
                      {"form", r.form},
                      {"criteria", criteria},
                      {"channel", r.channel},
                      {"stages", stages},
                      {"valid_for", r.valid_for},
                      {"chunk_rows", options.chunk_rows},
                      {"dry_run", options.dry_run}}
      .dump();
}

ExitCode Plan(Connection& connection, const Options& options) {
  // One statement counts everybody: as long as that takes.
  connection.Execute(query::kNoStatementTimeout);
  const Result plan = connection.Execute(query::kCampaignPlan, {Asked(options)});
  if (options.json) {
    std::cout << PlanJson(options, plan).dump() << std::endl;
  } else {
    PrintPlan(options.reconsent, plan);
  }
  return ExitCode::kDone;
}

void PrintWork(const Campaign& c, double seconds) {
  std::cout << "Campaign " << c.run << " is " << c.state
            << (c.paused_reason.empty() ? "" : " (" + c.paused_reason + ")") << ": "
            << FormatCount(c.asked) << " of " << FormatCount(c.eligible) << " people asked again";
  if (seconds > 0) std::cout << ", in " << FormatSeconds(seconds);
  std::cout << ".\n";
  if (!c.left_out.empty()) {
    std::cout << "Left out since the plan:\n";
    PrintReasons(c.left_out);
  }
  if (c.waiting > 0) PrintLine(c.waiting, "messages wait for a mailer");
  const std::string run = std::to_string(c.run);
  if (c.state == "paused") std::cout << "Go on with: gdpr-batch reconsent --resume " << run << '\n';
}

/// What became of a campaign, with what was exported of it.
ExitCode Report(Connection& connection, const Options& options, RunId run,
                const std::optional<ledger::Summary>& work, double seconds,
                std::optional<std::int64_t> exported) {
  const Campaign c = CampaignOf(connection, run);
  const std::int64_t failed = work ? work->failed : 0;
  if (options.json) {
    ordered_json json = {{"run", run},
                         {"job", "reconsent"},
                         {"subject_type", c.subject},
                         {"state", c.state},
                         {"stage", c.stage},
                         {"last_stage", c.last_stage},
                         {"people", c.eligible},
                         {"changed", c.asked},
                         {"failed", failed},
                         {"left_out", c.left_out},
                         {"messages_waiting", c.waiting},
                         {"seconds", std::round(seconds * 1000) / 1000}};
    if (work) json["pending"] = work->people - work->done;
    if (!c.paused_reason.empty()) json["paused_reason"] = c.paused_reason;
    if (exported) json["exported"] = *exported;
    std::cout << json.dump() << std::endl;
  } else {
    PrintWork(c, seconds);
    if (exported) PrintLine(*exported, "messages written to " + options.reconsent.csv);
  }
  return failed > 0 ? ExitCode::kSomeFailed : ExitCode::kDone;
}

/// Does the campaign's stage, or goes on with it, and exports what waits.
ExitCode Work(Connection& connection, const Options& options, Signals& signals, RunId run) {
  const auto begun = std::chrono::steady_clock::now();
  const Campaign c = CampaignOf(connection, run);
  const bool over = c.state == "finished" || c.state == "cancelled";
  std::optional<ledger::Summary> summary;
  if (!over || options.reconsent.csv.empty()) {
    Options named = options;
    named.subject = c.subject;
    named.resume = true;
    named.run = run;
    const auto info = ledger::Resume(connection, c.subject, run, "reconsent");
    summary = RunThrough(connection, named, signals, "reconsent", *info);
  }
  std::optional<std::int64_t> exported;
  if (!options.reconsent.csv.empty()) {
    exported = ExportMessages(connection, run, options.reconsent.csv, signals);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  return Report(connection, options, run, summary, seconds.count(), exported);
}

/// The same command again: a plan with these facts that waits is not planned twice, and an approved
/// one is done.
std::optional<ExitCode> DoPlanned(Connection& connection, const Options& options,
                                  Signals& signals) {
  const Result known = connection.Execute(query::kCampaignFind, {Asked(options)});
  if (known.rows() == 0) return std::nullopt;
  const RunId run = known.Int(0, 0);
  const bool approved = known.Text(0, 2) == "t", paused = known.Text(0, 1) == "paused";
  if (approved && !paused) return Work(connection, options, signals, run);
  Log(Level::kInfo, approved ? "between_stages" : "not_approved",
      {{"run", run},
       {"hint", (approved ? "gdpr-batch reconsent --resume " : "gdpr-batch reconsent --approve ") +
                    std::to_string(run)}});
  return Report(connection, options, run, std::nullopt, 0, std::nullopt);
}

/// Approves, pauses or gives up.
ExitCode Decide(Connection& connection, const Options& options) {
  const ReconsentOptions& r = options.reconsent;
  const RunId run = r.approve ? *r.approve : r.pause ? *r.pause : *r.abort;
  CampaignOf(connection, run);  // and no run of another job
  if (r.approve) connection.Execute(query::kCampaignApprove, {run});
  if (r.pause) ledger::Pause(connection, run, "somebody paused it");
  if (r.abort) ledger::Cancel(connection, run);
  return Report(connection, options, run, std::nullopt, 0, std::nullopt);
}

}  // namespace

ExitCode Reconsent(const Options& options, Signals& signals) {
  const ReconsentOptions& r = options.reconsent;
  const bool works = !options.dry_run && !r.approve && !r.pause && !r.abort;
  if (works) RequireOpenWindow(options.manners.window);
  Connection connection = ConnectAndShakeHands(options);
  const WatchedConnection watched(signals, connection);
  if (options.dry_run) return Plan(connection, options);
  if (options.resume) return Work(connection, options, signals, *options.run);
  if (r.export_run) {
    const auto messages = ExportMessages(connection, *r.export_run, r.csv, signals);
    return Report(connection, options, *r.export_run, std::nullopt, 0, messages);
  }
  if (r.approve || r.pause || r.abort) return Decide(connection, options);
  const auto done = DoPlanned(connection, options, signals);
  return done ? *done : Plan(connection, options);
}

}  // namespace gdpr::batch
