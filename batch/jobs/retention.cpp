// SPDX-License-Identifier: PostgreSQL
#include "batch/jobs/retention.hpp"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "batch/cli/options.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/log.hpp"
#include "batch/output/progress.hpp"
#include "batch/output/table.hpp"
#include "batch/queries.hpp"
#include "batch/run/run_report.hpp"
#include "batch/run/run_through.hpp"
#include "batch/session/handshake.hpp"

namespace gdpr::batch {
namespace {

/// Some tenths of a second each: the statements of a page are compiled anew, and no transaction is
/// longer than one of them.
constexpr int kPagePeople = 10000;

/// What looking at everybody came to.
struct Look {
  std::map<std::string, std::map<std::string, std::int64_t>> bands;  ///< band, outcome, people
  std::map<std::string, std::int64_t> outcomes, blockers;
  std::int64_t people = 0, taken_back = 0, odd = 0;
};

void AddCounts(Look& look, std::string_view counts, std::string_view blockers) {
  for (const auto& count : nlohmann::json::parse(counts)) {
    const auto people = count[2].get<std::int64_t>();
    look.bands[count[0]][count[1]] += people;
    look.outcomes[count[1]] += people;
    look.people += people;
  }
  const auto by_name = nlohmann::json::parse(blockers);
  for (const auto& [name, people] : by_name.items()) {
    look.blockers[name] += people.get<std::int64_t>();
  }
}

/// Looks at everybody, page by page; use gets the people to whom something is to be done.
template <typename Use>
Look LookAtAll(Connection& connection, const Options& options, const Signals& signals,
               const Use& use) {
  const bool bar = !options.json && isatty(STDERR_FILENO) != 0;
  Look look;
  std::optional<std::string> last;
  for (;;) {
    if (signals.stop_requested()) {
      throw Fault(ExitCode::kStopped, "stopped while people were being looked at",
                  "Nothing has happened to anybody.", "Start it again.");
    }
    const Result page =
        connection.Execute(query::kRetentionPage,
                           {options.subject, last, kPagePeople, options.dry_run ? "t" : "f"});
    if (page.IsNull(0, 1)) break;
    last = page.Text(0, 1);
    AddCounts(look, page.Text(0, 2), page.Text(0, 3));
    look.taken_back += page.Int(0, 4);
    look.odd += page.Int(0, 5);
    if (!page.IsNull(0, 0)) {
      use(nlohmann::json::parse(page.Text(0, 0)).get<std::vector<std::string>>());
    }
    if (bar) SetStatusLine(FormatCount(look.people) + " people looked at");
  }
  if (bar) SetStatusLine({});
  return look;
}

/// The list of a new run.
ledger::RunInfo PlanWalk(Connection& connection, const Options& options, const Signals& signals,
                         Look& look) {
  const nlohmann::json asked = {{"chunk_rows", options.chunk_rows}, {"jobs", options.jobs}};
  const RunId run =
      ledger::Start(connection, options.subject, "retention", "error", "retention", asked.dump());
  try {
    std::vector<std::string> waiting;
    const auto chunk_rows = static_cast<std::size_t>(options.chunk_rows);
    look = LookAtAll(connection, options, signals, [&](const std::vector<std::string>& keys) {
      for (const std::string& key : keys) {
        waiting.push_back(key);
        if (waiting.size() < chunk_rows) continue;
        ledger::AddKeys(connection, run, waiting);
        waiting.clear();
      }
    });
    if (!waiting.empty()) ledger::AddKeys(connection, run, waiting);
    return ledger::Ready(connection, run);
  } catch (...) {
    try {
      ledger::Cancel(connection, run);
    } catch (const SqlError& error) {
      // The next run_start() gives it up: a run in state planning has no lock any more.
      Log(Level::kWarning, "cancel_failed", {{"run", run}, {"sqlstate", error.sqlstate()}});
    }
    throw;
  }
}

double Rounded(double seconds) {
  return std::round(seconds * 1000) / 1000;
}

void PrintLine(std::int64_t count, const std::string& what) {
  if (count > 0) std::cout << std::setw(14) << FormatCount(count) << "  " << what << '\n';
}

void PrintDryRun(const Look& look, const Result& bands) {
  std::cout << "Dry run: nothing was changed.\n\n";
  PrintTable(std::cout, bands, "People by their last interaction");
  const auto held = look.outcomes.find("held");
  PrintLine(held == look.outcomes.end() ? 0 : held->second, "would be held back:");
  for (const auto& [name, people] : look.blockers) PrintLine(people, "    by " + name);
  PrintLine(look.taken_back, "showed up since they were warned or queued: it would be taken back");
  const auto none = look.outcomes.find("no date");
  PrintLine(none == look.outcomes.end() ? 0 : none->second, "have no date: they stay");
  const auto free = look.outcomes.find("no policy");
  PrintLine(free == look.outcomes.end() ? 0 : free->second, "have no policy: they stay");
  PrintLine(look.odd, "have dates that cannot be (zero, infinity, far ahead): those do not count");
}

ExitCode DryRun(Connection& connection, const Options& options, const Signals& signals) {
  const Look look = LookAtAll(connection, options, signals, [](const auto&) {});
  nlohmann::json counts = nlohmann::json::array();
  for (const auto& [band, outcomes] : look.bands) {
    for (const auto& [outcome, people] : outcomes) counts.push_back({band, outcome, people});
  }
  const Result bands = connection.Execute(query::kRetentionBands, {counts.dump()});
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"dry_run", true},
                                        {"subject_type", options.subject},
                                        {"people", look.people},
                                        {"outcomes", look.outcomes},
                                        {"bands", TableJson(bands)},
                                        {"blockers", look.blockers},
                                        {"taken_back", look.taken_back},
                                        {"odd_dates", look.odd}}
                     .dump()
              << std::endl;
  } else {
    PrintDryRun(look, bands);
  }
  return ExitCode::kDone;
}

ExitCode Report(Connection& connection, const Options& options, const ledger::Summary& s,
                const std::optional<Look>& look, double seconds) {
  const Result done = connection.Execute(query::kRetentionDone, {s.run});
  const std::int64_t warned = done.Int(0, 0), queued = done.Int(0, 1), taken_back = done.Int(0, 2);
  if (options.json) {
    nlohmann::ordered_json json = {{"run", s.run},
                                   {"job", s.job},
                                   {"subject_type", s.subject_type},
                                   {"state", s.state},
                                   {"looked_at", nullptr},
                                   {"people", s.people},
                                   {"changed", s.changed},
                                   {"warned", warned},
                                   {"queued", queued},
                                   {"taken_back", taken_back},
                                   {"held", s.held},
                                   {"failed", s.failed},
                                   {"skipped", s.skipped},
                                   {"pending", s.people - s.done},
                                   {"chunks", s.chunks},
                                   {"chunks_done", s.chunks_done},
                                   {"seconds", Rounded(seconds)}};
    if (look) json["looked_at"] = look->people;
    std::cout << json.dump() << std::endl;
  } else {
    const std::string run = std::to_string(s.run);
    const std::string who = " (view gdpr.run_people, run " + run + ", says who and why)";
    std::cout << "Run " << run << " is " << s.state << ": "
              << (look ? FormatCount(look->people) + " people looked at, " : std::string())
              << FormatCount(s.changed) << " of " << FormatCount(s.people) << " done, in "
              << FormatSeconds(seconds) << ".\n";
    PrintLine(warned, "warned");
    PrintLine(queued, "queued for erasure: gdpr-batch anonymize --due does it");
    PrintLine(taken_back, "showed up since they were warned or queued: taken back");
    PrintLine(s.held, "held back" + who);
    PrintLine(s.failed, "failed" + who);
    PrintLine(s.skipped, "not idle any more, or gone, when their turn came");
  }
  return s.failed > 0 ? ExitCode::kSomeFailed : ExitCode::kDone;
}

}  // namespace

ExitCode Retention(const Options& options, Signals& signals) {
  if (!options.dry_run) RequireOpenWindow(options.manners.window);
  const auto begun = std::chrono::steady_clock::now();
  Connection connection = ConnectAndShakeHands(options);
  const WatchedConnection watched(signals, connection);
  if (options.dry_run) return DryRun(connection, options, signals);
  std::optional<Look> look;
  std::optional<ledger::RunInfo> info;
  if (options.resume) {
    info = ledger::Resume(connection, options.subject, options.run, "retention");
    if (!info) return ReportNothingToResume(options);
  } else {
    info = PlanWalk(connection, options, signals, look.emplace());
  }
  const ledger::Summary summary = RunThrough(connection, options, signals, "retention", *info);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  return Report(connection, options, summary, look, seconds.count());
}

}  // namespace gdpr::batch
