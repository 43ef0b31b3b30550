// SPDX-License-Identifier: PostgreSQL
#include "batch/run/plan.hpp"

#include <cmath>
#include <iomanip>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "batch/cli/options.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/progress.hpp"
#include "batch/output/table.hpp"
#include "batch/queries.hpp"

namespace gdpr::batch {
namespace {

/// What a preview of the whole list adds up to.
struct Preview {
  std::int64_t people = 0, missing = 0, frozen = 0, held = 0;
  std::map<std::string, std::int64_t> blockers;
  std::int64_t ready() const { return people - missing - frozen - held; }
};

bool IsBadKey(const SqlError& error) {
  return error.sqlstate().starts_with("22");
}

template <typename Use>
void ForEachPage(Connection& connection, const Options& options, KeySource& keys,
                 const Signals& signals, const Use& use) {
  for (;;) {
    const std::vector<std::string> page = keys.Next(connection, options.chunk_rows);
    if (page.empty()) return;
    if (signals.stop_requested()) {
      throw Fault(ExitCode::kStopped, "stopped while the list was being read",
                  "Nothing has happened to anybody.", "Start it again.");
    }
    try {
      use(page);
    } catch (const SqlError& error) {
      if (IsBadKey(error)) throw BadKey(error, keys, options.subject);
      throw;
    }
  }
}

Preview PreviewAll(Connection& connection, const Options& options, KeySource& keys,
                   const Signals& signals) {
  Preview sum;
  ForEachPage(connection, options, keys, signals, [&](const std::vector<std::string>& page) {
    const Result result = connection.Execute(query::kRunPreview, {options.subject, page});
    sum.people += result.Int(0, 0);
    sum.missing += result.Int(0, 1);
    sum.frozen += result.Int(0, 2);
    sum.held += result.Int(0, 3);
    const auto blockers = nlohmann::json::parse(result.Text(0, 4));
    for (const auto& [name, count] : blockers.items()) {
      sum.blockers[name] += count.get<std::int64_t>();
    }
  });
  return sum;
}

void PrintPreview(const Preview& p, std::int64_t rows, std::int64_t tables, double seconds) {
  const auto line = [](std::int64_t count, const std::string& what) {
    std::cout << std::setw(14) << FormatCount(count) << "  " << what << '\n';
  };
  std::cout << "Dry run: nothing was changed.\n";
  line(p.people, "people on the list");
  line(p.ready(), "would be anonymized, about " + FormatCount(rows) + " rows in " +
                      std::to_string(tables) + " tables" +
                      (seconds > 0 ? ", in about " + FormatSeconds(seconds) + " (like the last run)"
                                   : std::string()));
  if (p.held > 0) line(p.held, "would be held back:");
  for (const auto& [name, count] : p.blockers) line(count, "    by " + name);
  if (p.missing > 0) line(p.missing, "were not found");
  if (p.frozen > 0) line(p.frozen, "were anonymized before");
}

/// Findings are sentences, too long for columns.
void PrintFindings(const Result& findings) {
  for (int row = 0; row < findings.rows(); ++row) {
    std::string where(findings.Text(row, 1));
    if (!findings.IsNull(row, 2)) where += "." + std::string(findings.Text(row, 2));
    std::cout << findings.Text(row, 0) << ": " << where << (where.empty() ? "" : ": ")
              << findings.Text(row, 3) << "\n    " << findings.Text(row, 4) << '\n';
  }
  if (findings.rows() > 0) std::cout << '\n';
}

nlohmann::ordered_json ReadFindings(Connection& connection, const Options& options,
                                    std::int64_t& errors) {
  const Result findings =
      connection.Execute(query::kPreflight, {options.subject, options.anonymize.unclassified});
  for (int row = 0; row < findings.rows(); ++row)
    errors += findings.Text(row, 0) == "error" ? 1 : 0;
  if (!options.json) PrintFindings(findings);
  return TableJson(findings);
}

Fault PreflightFault(std::int64_t errors) {
  return Fault(
      ExitCode::kConfiguration,
      "preflight found " + std::to_string(errors) + " errors; nothing was changed", {},
      "Each finding has a hint; SELECT * FROM gdpr.preflight(subject_type) shows them again.");
}

}  // namespace

std::unique_ptr<KeySource> OpenKeys(const Options& options) {
  if (options.anonymize.all) return std::make_unique<QueriedKeys>(options.subject, "all");
  if (options.anonymize.due) return std::make_unique<QueriedKeys>(options.subject, "due");
  return std::make_unique<FileKeys>(options.anonymize.keys_file);
}

void Preflight(Connection& connection, const Options& options) {
  const Result findings =
      connection.Execute(query::kPreflight, {options.subject, options.anonymize.unclassified});
  std::int64_t errors = 0;
  for (int row = 0; row < findings.rows(); ++row) {
    const std::string_view severity = findings.Text(row, 0);
    errors += severity == "error" ? 1 : 0;
    Log(severity == "error"     ? Level::kError
        : severity == "warning" ? Level::kWarning
                                : Level::kDebug,
        "preflight",
        {{"relation", findings.Text(row, 1)},
         {"column", findings.Text(row, 2)},
         {"finding", findings.Text(row, 3)},
         {"hint", findings.Text(row, 4)}});
  }
  if (errors == 0) return;
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"preflight", TableJson(findings)}}.dump() << std::endl;
  } else {
    PrintFindings(findings);
  }
  throw PreflightFault(errors);
}

ledger::RunInfo PlanRun(Connection& connection, const Options& options, KeySource& keys,
                        const Signals& signals) {
  const nlohmann::json asked = {{"source", options.anonymize.all   ? "all"
                                           : options.anonymize.due ? "due"
                                                                   : "keys"},
                                {"chunk_rows", options.chunk_rows},
                                {"jobs", options.jobs}};
  const RunId run = ledger::Start(connection, options.subject, options.anonymize.reason,
                                  options.anonymize.unclassified, "anonymize", asked.dump());
  try {
    Preflight(connection, options);
    ForEachPage(connection, options, keys, signals, [&](const std::vector<std::string>& page) {
      ledger::AddKeys(connection, run, page);
    });
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

ExitCode DryRun(Connection& connection, const Options& options, KeySource& keys,
                const Signals& signals) {
  std::int64_t errors = 0;
  const nlohmann::ordered_json findings = ReadFindings(connection, options, errors);
  const Preview p = PreviewAll(connection, options, keys, signals);
  const Result estimate = connection.Execute(query::kEstimate, {options.subject, p.ready()});
  const std::int64_t tables = estimate.Int(0, 0), rows = estimate.Int(0, 1);
  const double rate = estimate.Double(0, 2);
  const double seconds = rate > 0 ? static_cast<double>(p.ready()) / rate : 0;
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"dry_run", true},
                                        {"subject_type", options.subject},
                                        {"people", p.people},
                                        {"would_anonymize", p.ready()},
                                        {"held", p.held},
                                        {"blockers", p.blockers},
                                        {"missing", p.missing},
                                        {"frozen", p.frozen},
                                        {"rows_estimate", rows},
                                        {"tables", tables},
                                        {"seconds_estimate", std::round(seconds)},
                                        {"preflight", findings}}
                     .dump()
              << std::endl;
  } else {
    PrintPreview(p, rows, tables, seconds);
  }
  if (errors > 0) throw PreflightFault(errors);
  return ExitCode::kDone;
}

}  // namespace gdpr::batch
