// SPDX-License-Identifier: PostgreSQL
#include "batch/report/status.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "batch/cli/options.hpp"
#include "batch/output/table.hpp"
#include "batch/queries.hpp"
#include "batch/report/metrics.hpp"
#include "batch/session/handshake.hpp"

namespace gdpr::batch {

namespace {

/// What has to be said to go on with a run that a killed process left.
void PrintResume(const Result& runs) {
  for (int row = 0; row < runs.rows(); ++row) {
    if (runs.Text(row, 3) != "interrupted") continue;
    const bool campaign = runs.Text(row, 1) == "reconsent";
    std::cout << "Run " << runs.Text(row, 0) << " can go on: gdpr-batch " << runs.Text(row, 1)
              << (campaign ? "" : " --subject ") << (campaign ? "" : runs.Text(row, 2))
              << " --resume " << runs.Text(row, 0) << "\n\n";
  }
}

}  // namespace

ExitCode Status(const Options& options, Signals& /*signals*/) {
  Connection connection = ConnectAndShakeHands(options);
  if (!options.status.metrics_file.empty()) {
    WriteMetrics(connection, options.status.metrics_file);
    return ExitCode::kDone;
  }
  const std::optional<std::string> subject =
      options.subject.empty() ? std::nullopt : std::optional(options.subject);
  const Result runs =
      connection.Execute(query::kRuns, {subject, options.run, options.status.limit});
  const Result held = options.status.people
                          ? connection.Execute(query::kHeldPeople, {subject, options.run, 1000000})
                          : connection.Execute(query::kHeldCounts, {subject, options.run, 100});
  const Result queue = connection.Execute(query::kQueueCounts, {subject});
  const Result nights = connection.Execute(query::kNights, {options.status.limit});
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"runs", TableJson(runs)},
                                        {options.status.people ? "people" : "not_done",
                                         TableJson(held)},
                                        {"queue", TableJson(queue)},
                                        {"nights", TableJson(nights)}}
                     .dump()
              << std::endl;
    return ExitCode::kDone;
  }
  if (runs.rows() == 0) std::cout << "No runs yet.\n\n";
  PrintTable(std::cout, runs, "Runs");
  PrintResume(runs);
  PrintTable(std::cout, held, "Left as they were");
  if (options.run) return ExitCode::kDone;
  PrintTable(std::cout, queue, "Queue");
  PrintTable(std::cout, nights, "Nights");
  return ExitCode::kDone;
}

}  // namespace gdpr::batch
