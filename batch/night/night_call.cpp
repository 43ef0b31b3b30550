// SPDX-License-Identifier: PostgreSQL
#include "batch/night/night_call.hpp"

#include <iostream>
#include <sstream>

#include "batch/cli/cli.hpp"

namespace gdpr::batch {
namespace {

/// Keeps what a verb prints, until it ends or throws.
class Captured {
 public:
  explicit Captured(nlohmann::ordered_json& answer)
      : answer_(answer), former_(std::cout.rdbuf(text_.rdbuf())) {}
  ~Captured() {
    std::cout.rdbuf(former_);
    const std::string text = text_.str();
    if (text.empty()) return;
    answer_ = nlohmann::ordered_json::parse(text, nullptr, false);
    if (answer_.is_discarded()) answer_ = text;
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

 private:
  nlohmann::ordered_json& answer_;
  std::ostringstream text_;
  std::streambuf* former_;
};

}  // namespace

ExitCode CallVerb(const Options& night, Signals& signals, VerbFunction verb,
                  const std::vector<std::string>& words, NightStep& step) {
  std::vector<std::string> line = {"gdpr-batch", step.step};
  const auto passed = night.nightly.passed.find(step.step);
  if (passed != night.nightly.passed.end()) {
    line.insert(line.end(), passed->second.begin(), passed->second.end());
  }
  line.insert(line.end(), words.begin(), words.end());
  if (night.dry_run) line.emplace_back("--dry-run");
  std::vector<const char*> pointers;
  for (const std::string& word : line) pointers.push_back(word.c_str());
  auto read = ReadOptions(static_cast<int>(pointers.size()), pointers.data());
  if (const auto* code = std::get_if<ExitCode>(&read)) return *code;
  auto& options = std::get<Options>(read);
  options.json = night.json;
  if (night.json) {
    const Captured captured(step.answer);
    return verb(options, signals);
  }
  if (step.subject.empty()) return verb(options, signals);
  std::cout << "== " << step.step << " of " << step.subject << "\n";
  const ExitCode code = verb(options, signals);
  std::cout << "\n";
  return code;
}

}  // namespace gdpr::batch
