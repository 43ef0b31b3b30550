// SPDX-License-Identifier: PostgreSQL
#include "batch/output/log.hpp"

#include <array>
#include <boost/log/attributes/constant.hpp>
#include <boost/log/core.hpp>
#include <boost/log/expressions.hpp>
#include <boost/log/sinks/basic_sink_backend.hpp>
#include <boost/log/sinks/sync_frontend.hpp>
#include <boost/log/sources/record_ostream.hpp>
#include <boost/log/utility/formatting_ostream.hpp>
#include <boost/smart_ptr/make_shared_object.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <vector>

#include "batch/output/printable.hpp"

namespace gdpr::batch {
namespace {

namespace logging = boost::log;

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

/// What travels through Boost.Log with each record.
struct Line {
  Level level;
  std::string event;
  std::vector<LogField> fields;
};

std::string Now() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + size, text.size() - size, ".%03dZ", static_cast<int>(milliseconds));
  return text.data();
}

bool IsEmpty(const LogField& field) {
  const auto* text = std::get_if<std::string>(&field.value);
  return text != nullptr && text->empty();
}

std::string Quoted(const std::string& text) {
  if (text.find_first_of(" =\"\\") == std::string::npos && Printable(text) == text) return text;
  return Printable(
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void FormatKeyValue(const Line& line, logging::formatting_ostream& out) {
  out << "time=" << Now() << " level=" << kLevelNames[static_cast<std::size_t>(line.level)]
      << " event=" << line.event;
  for (const LogField& field : line.fields) {
    if (IsEmpty(field)) continue;
    out << ' ' << field.key << '=';
    if (const auto* text = std::get_if<std::string>(&field.value)) out << Quoted(*text);
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) out << *number;
    if (const auto* real = std::get_if<double>(&field.value)) out << *real;
    if (const auto* truth = std::get_if<bool>(&field.value)) out << (*truth ? "true" : "false");
  }
}

void FormatJson(const Line& line, logging::formatting_ostream& out) {
  nlohmann::ordered_json object = {{"time", Now()},
                                   {"level", kLevelNames[static_cast<std::size_t>(line.level)]},
                                   {"event", line.event}};
  for (const LogField& field : line.fields) {
    if (!IsEmpty(field)) std::visit([&](const auto& v) { object[field.key] = v; }, field.value);
  }
  out << object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

/// Writes to stderr and keeps the status line below the newest line.
class Terminal
    : public logging::sinks::basic_formatted_sink_backend<char,
                                                          logging::sinks::synchronized_feeding> {
 public:
  void consume(const logging::record_view& /*record*/, const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (!status_.empty()) std::cerr << "\r\x1b[K";
    std::cerr << text << '\n' << status_ << std::flush;
  }

  void SetStatus(std::string status) {
    const std::lock_guard lock(mutex_);
    if (status.empty() && status_.empty()) return;
    std::cerr << "\r\x1b[K" << status << std::flush;
    status_ = std::move(status);
  }

 private:
  std::mutex mutex_;
  std::string status_;
};

boost::shared_ptr<Terminal> terminal;
Level least_level = Level::kInfo;

}  // namespace

void SetUpLog(LogFormat format, Level least) {
  least_level = least;
  terminal = boost::make_shared<Terminal>();
  using Sink = logging::sinks::synchronous_sink<Terminal>;
  auto sink = boost::make_shared<Sink>(terminal);
  sink->set_formatter(
      [format](const logging::record_view& record, logging::formatting_ostream& out) {
        const auto line = record.attribute_values()["Line"].extract<Line>();
        if (!line) return;
        if (format == LogFormat::kJson) {
          FormatJson(*line, out);
        } else {
          FormatKeyValue(*line, out);
        }
      });
  logging::core::get()->remove_all_sinks();
  logging::core::get()->add_sink(sink);
}

void Log(Level level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < least_level) return;
  logging::attribute_set attributes;
  attributes["Line"] =
      logging::attributes::make_constant(Line{level, std::string(event), std::vector(fields)});
  if (logging::record record = logging::core::get()->open_record(attributes)) {
    logging::core::get()->push_record(std::move(record));
  }
}

void SetStatusLine(std::string line) {
  if (terminal) terminal->SetStatus(std::move(line));
}

}  // namespace gdpr::batch
