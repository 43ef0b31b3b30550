// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace gdpr::batch {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };
enum class LogFormat : std::uint8_t { kKeyValue, kJson };

/// One key=value of a log line. Numbers, truth values and our own words; never a subject key or
/// anything that was read from a row.
struct LogField {
  LogField(std::string_view k, std::int64_t v) : key(k), value(v) {}
  LogField(std::string_view k, int v) : key(k), value(static_cast<std::int64_t>(v)) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  LogField(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string(v)) {}

  std::string key;
  std::variant<std::int64_t, double, bool, std::string> value;
};

/// Sends lines to stderr: time=… level=info event=chunk run=7, or one JSON object each.
void SetUpLog(LogFormat format, Level least);

/// One line; fields with an empty text are left out.
void Log(Level level, std::string_view event, std::initializer_list<LogField> fields = {});

/// A line at the bottom of a terminal that log lines push down; empty: none. Thread-safe.
void SetStatusLine(std::string line);

}  // namespace gdpr::batch
