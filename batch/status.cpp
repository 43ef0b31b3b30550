// SPDX-License-Identifier: PostgreSQL
#include "batch/status.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "batch/handshake.hpp"
#include "batch/options.hpp"
#include "batch/queries.hpp"
#include "batch/table.hpp"

namespace gdpr::batch {

ExitCode Status(const Options& options, Signals& /*signals*/) {
  Connection connection = ConnectAndShakeHands(options);
  const std::optional<std::string> subject =
      options.subject.empty() ? std::nullopt : std::optional(options.subject);
  const Result runs =
      connection.Execute(query::kRuns, {subject, options.run, options.status.limit});
  const Result held = options.status.people
                          ? connection.Execute(query::kHeldPeople, {subject, options.run, 1000000})
                          : connection.Execute(query::kHeldCounts, {subject, options.run, 100});
  const Result queue = connection.Execute(query::kQueueCounts, {subject});
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"runs", TableJson(runs)},
                                        {options.status.people ? "people" : "not_anonymized",
                                         TableJson(held)},
                                        {"queue", TableJson(queue)}}
                     .dump()
              << std::endl;
    return ExitCode::kDone;
  }
  if (runs.rows() == 0) std::cout << "No runs yet.\n\n";
  PrintTable(std::cout, runs, "Runs");
  for (int row = 0; row < runs.rows(); ++row) {
    if (runs.Text(row, 2) != "interrupted") continue;
    std::cout << "Run " << runs.Text(row, 0) << " can go on: gdpr-batch anonymize --subject "
              << runs.Text(row, 1) << " --resume " << runs.Text(row, 0) << "\n\n";
  }
  PrintTable(std::cout, held, "Not anonymized");
  if (!options.run) PrintTable(std::cout, queue, "Queue");
  return ExitCode::kDone;
}

}  // namespace gdpr::batch
