// SPDX-License-Identifier: PostgreSQL
#include "batch/night/night_summary.hpp"

#include <cmath>
#include <iostream>

#include "batch/output/progress.hpp"
#include "batch/output/table.hpp"

namespace gdpr::batch {
namespace {

nlohmann::ordered_json OrNull(const std::optional<std::int64_t>& number) {
  return number ? nlohmann::ordered_json(*number) : nlohmann::ordered_json();
}

std::string Text(const std::optional<std::int64_t>& number) {
  return number ? FormatCount(*number) : std::string();
}

double Rounded(double seconds) {
  return std::round(seconds * 1000) / 1000;
}

}  // namespace

nlohmann::ordered_json NightStep::Json() const {
  nlohmann::ordered_json object{{"step", step}};
  if (!subject.empty()) object["subject_type"] = subject;
  object["run"] = OrNull(run);
  object["people"] = OrNull(people);
  object["done"] = OrNull(done);
  object["failed"] = OrNull(failed);
  object["seconds"] = Rounded(seconds);
  object["exit"] = static_cast<int>(exit);
  object["note"] = note;
  return object;
}

std::string OutcomeText(ExitCode exit) {
  switch (exit) {
    case ExitCode::kDone:
      return "done";
    case ExitCode::kUsage:
    case ExitCode::kConfiguration:
      return "configuration";
    case ExitCode::kDatabase:
      return "database";
    case ExitCode::kMismatch:
      return "mismatch";
    case ExitCode::kSomeFailed:
      return "some failed";
    case ExitCode::kStopped:
      return "stopped";
  }
  return {};
}

void PrintNight(const std::vector<NightStep>& steps, std::optional<std::int64_t> night,
                ExitCode exit, double seconds, bool json) {
  if (json) {
    auto list = nlohmann::ordered_json::array();
    for (const NightStep& step : steps) {
      list.push_back(step.Json());
      if (!step.answer.is_null()) list.back()["answer"] = step.answer;
    }
    nlohmann::ordered_json object{{"night", OrNull(night)}};
    if (!night) object["dry_run"] = true;
    object["exit"] = static_cast<int>(exit);
    object["seconds"] = Rounded(seconds);
    object["steps"] = std::move(list);
    std::cout << object.dump() << std::endl;
    return;
  }
  TextTable table;
  table.columns = {{"step"},         {"subject"},    {"run", true},
                   {"people", true}, {"done", true}, {"failed", true},
                   {"took", true},   {"outcome"},    {"note"}};
  for (const NightStep& s : steps) {
    table.rows.push_back({s.step, s.subject, s.run ? std::to_string(*s.run) : std::string(),
                          Text(s.people), Text(s.done), Text(s.failed), FormatSeconds(s.seconds),
                          night ? OutcomeText(s.exit) : std::string(), s.note});
  }
  PrintTable(std::cout, table);
  if (night) {
    std::cout << "Night " << *night << " took " << FormatSeconds(seconds) << ": "
              << OutcomeText(exit) << " (exit code " << static_cast<int>(exit) << ").\n";
  } else {
    std::cout << "A dry run: nothing was changed.\n";
  }
}

}  // namespace gdpr::batch
