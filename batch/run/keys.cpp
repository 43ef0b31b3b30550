// SPDX-License-Identifier: PostgreSQL
#include "batch/run/keys.hpp"

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "batch/queries.hpp"

namespace gdpr::batch {

Fault BadKey(const SqlError& error, const KeySource& keys, const std::string& subject) {
  // "subject key number 17 is not a valid key of subject type …": ours, see canonical_keys().
  const std::string& message = error.fields().message;
  const std::size_t digits = message.find_first_of("0123456789");
  const int place = digits == std::string::npos ? 0 : std::atoi(message.c_str() + digits);
  return Fault(ExitCode::kConfiguration,
               keys.PlaceOf(place) + " is not a key of subject type \"" + subject + "\"",
               error.fields().detail, error.fields().hint);
}

FileKeys::FileKeys(const std::string& path, std::string option)
    : path_(path), option_(std::move(option)), input_(&std::cin) {
  if (path == "-") {
    path_ = "standard input";
    return;
  }
  file_.open(path);
  if (!file_) {
    throw Fault(ExitCode::kConfiguration, "could not open the list of keys \"" + path + "\"",
                std::strerror(errno), "Give " + option_ + " a readable file with one key a line.");
  }
  input_ = &file_;
}

std::vector<std::string> FileKeys::Next(Connection& /*connection*/, int max_keys) {
  std::vector<std::string> keys;
  lines_.clear();
  std::string line;
  while (static_cast<int>(keys.size()) < max_keys && std::getline(*input_, line)) {
    ++line_;
    if (line.ends_with('\r')) line.pop_back();
    if (line_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
    if (line.empty()) continue;
    if (line.find('\0') != std::string::npos) {
      throw Fault(ExitCode::kConfiguration,
                  "line " + std::to_string(line_) + " of " + path_ + " holds a zero byte", {},
                  "Give " + option_ + " a text file in UTF-8 with one key a line.");
    }
    keys.push_back(line);
    lines_.push_back(line_);
  }
  if (input_->bad()) {
    throw Fault(ExitCode::kConfiguration, "could not read the list of keys from " + path_);
  }
  return keys;
}

std::string FileKeys::PlaceOf(int place) const {
  if (place < 1 || place > static_cast<int>(lines_.size())) return path_;
  return "line " + std::to_string(lines_[static_cast<std::size_t>(place) - 1]) + " of " + path_;
}

QueriedKeys::QueriedKeys(std::string subject_type, std::string source)
    : subject_type_(std::move(subject_type)), source_(std::move(source)) {}

std::vector<std::string> QueriedKeys::Next(Connection& connection, int max_keys) {
  // A page may be empty because all its people are frozen; only a missing cursor is the end.
  while (!at_end_) {
    const Result page =
        connection.Execute(query::kRunCandidates, {subject_type_, source_, last_, max_keys});
    at_end_ = page.IsNull(0, 1);
    if (!at_end_) last_ = page.Text(0, 1);
    if (page.IsNull(0, 0)) continue;
    auto keys = nlohmann::json::parse(page.Text(0, 0)).get<std::vector<std::string>>();
    if (!keys.empty()) return keys;
  }
  return {};
}

std::string QueriedKeys::PlaceOf(int /*place*/) const {
  return source_ == "due" ? "the queue" : "the table of people";
}

}  // namespace gdpr::batch
