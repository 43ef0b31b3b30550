// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "batch/output/exit_code.hpp"
#include "batch/run/ledger.hpp"

namespace gdpr::batch {

/// What a step of the night did, for one subject type where it has some.
struct NightStep {
  std::string step, subject;
  std::optional<RunId> run;
  std::optional<std::int64_t> people, done, failed;
  double seconds = 0;
  ExitCode exit = ExitCode::kDone;
  std::string note;                ///< without personal values
  nlohmann::ordered_json answer;  ///< what the verb said with --json

  nlohmann::ordered_json Json() const;
};

/// The whole night on standard output: a table and one line, or one JSON object.
/// in  night  nullopt: a dry run
void PrintNight(const std::vector<NightStep>& steps, std::optional<std::int64_t> night,
                ExitCode exit, double seconds, bool json);

/// "done", "some failed": for people.
std::string OutcomeText(ExitCode exit);

}  // namespace gdpr::batch
