// SPDX-License-Identifier: PostgreSQL
#include "batch/jobs/mark.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "batch/cli/options.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/log.hpp"
#include "batch/output/progress.hpp"
#include "batch/queries.hpp"
#include "batch/run/run_report.hpp"
#include "batch/run/run_through.hpp"
#include "batch/session/handshake.hpp"

namespace gdpr::batch {
namespace {

/// PostgreSQL's limit for a value is 1 GB, hexadecimal on the way.
constexpr std::size_t kLargestAttachment = 256U << 20U;

std::optional<std::string> Given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

/// A file as a bytea literal.
std::optional<std::string> ReadAttachment(const std::string& path) {
  if (path.empty()) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) {
    throw Fault(ExitCode::kConfiguration, "could not read the attachment \"" + path + "\"",
                std::strerror(errno));
  }
  if (bytes.size() > kLargestAttachment) {
    throw Fault(ExitCode::kConfiguration, "the attachment \"" + path + "\" is too large",
                "It has more than 256 MB.", "Keep it elsewhere and name it in the comment.");
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::string literal = "\\x";
  literal.reserve(2 + 2 * bytes.size());
  for (const unsigned char byte : bytes) {
    literal += kDigits[byte >> 4U];
    literal += kDigits[byte & 15U];
  }
  return literal;
}

/// Reads the selection into a run; nullopt: there is nothing to do.
std::optional<ledger::RunInfo> Start(Connection& connection, const Options& options) {
  const MarkOptions& m = options.mark;
  const std::string asked = nlohmann::json{{"jobs", options.jobs}}.dump();
  // The selection is one statement however many people there are.
  connection.Execute(query::kNoStatementTimeout);
  const Result started = connection.Execute(
      query::kMarkStart, {options.subject, m.selection, m.state, Given(m.purpose), Given(m.medium),
                          Given(m.comment), ReadAttachment(m.attachment_file), Given(m.channel),
                          Given(m.form), options.chunk_rows, asked});
  if (started.IsNull(0, 0)) return std::nullopt;
  const RunId run = started.Int(0, 0);
  const Result list = connection.Execute(query::kMarkRun, {run});
  return ledger::RunInfo{run, list.Int(0, 0), static_cast<int>(list.Int(0, 1)), 0, true};
}

ExitCode NothingToDo(const Options& options) {
  if (options.json) {
    std::cout << R"({"run":null,"changed":0})" << std::endl;
  } else {
    std::cout << "Nothing to do: nobody is selected, or everybody is there already by the same "
                 "change.\n";
  }
  return ExitCode::kDone;
}

/// What would happen, in a transaction that is rolled back.
ExitCode DryRun(Connection& connection, const Options& options, const Signals& signals) {
  std::map<std::string, std::int64_t> outcomes;
  std::int64_t people = 0;
  connection.Begin();
  const auto info = Start(connection, options);
  for (int chunk = 1; info && chunk <= info->chunks; ++chunk) {
    if (signals.stop_requested())
      throw Fault(ExitCode::kStopped, "the dry run was stopped by a signal");
    const Result result = connection.Execute(query::kMarkPreview, {info->run, chunk});
    const auto counts = nlohmann::json::parse(result.Text(0, 0));
    for (const auto& [name, count] : counts.items()) outcomes[name] += count.get<std::int64_t>();
  }
  connection.Rollback();
  if (!info) return NothingToDo(options);
  people = info->people;
  const std::int64_t marked = outcomes["marked"];
  outcomes.erase("marked");
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"dry_run", true},
                                        {"subject_type", options.subject},
                                        {"people", people},
                                        {"would_mark", marked},
                                        {"left_out", outcomes}}
                     .dump()
              << std::endl;
    return ExitCode::kDone;
  }
  const auto line = [](std::int64_t count, const std::string& what) {
    std::cout << std::setw(14) << FormatCount(count) << "  " << what << '\n';
  };
  std::cout << "Dry run: nothing was changed.\n";
  line(people, "people in the selection");
  line(marked, "would be marked as " + options.mark.state);
  for (const auto& [what, count] : outcomes) line(count, "left out: " + what);
  return ExitCode::kDone;
}

}  // namespace

ExitCode Mark(const Options& options, Signals& signals) {
  if (!options.dry_run) RequireOpenWindow(options.manners.window);
  const auto begun = std::chrono::steady_clock::now();
  Connection connection = ConnectAndShakeHands(options);
  const WatchedConnection watched(signals, connection);
  if (options.dry_run) return DryRun(connection, options, signals);
  const auto info = options.resume
                        ? ledger::Resume(connection, options.subject, options.run, "mark")
                        : Start(connection, options);
  if (!info) return options.resume ? ReportNothingToResume(options) : NothingToDo(options);
  const ledger::Summary summary = RunThrough(connection, options, signals, "mark", *info);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  return ReportRun(summary, options, seconds.count());
}

}  // namespace gdpr::batch
