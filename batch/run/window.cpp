// SPDX-License-Identifier: PostgreSQL
#include "batch/run/window.hpp"

#include <array>
#include <cstdio>

#include "batch/output/fault.hpp"
#include "batch/output/progress.hpp"

namespace gdpr::batch {
namespace {

constexpr int kDay = 24 * 60;

/// "22:00", "9:30" as minutes of the day; -1: it is not a time.
int MinuteOf(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon < 1 || colon > 2 || text.size() != colon + 3)
    return -1;
  int parts[2] = {0, 0};
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (at == colon) continue;
    if (!is_digit(text[at])) return -1;
    int& part = parts[at > colon ? 1 : 0];
    part = part * 10 + (text[at] - '0');
  }
  if (parts[1] > 59 || parts[0] * 60 + parts[1] > kDay) return -1;
  return parts[0] * 60 + parts[1];
}

std::string TimeOfDay(int minute) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d", minute / 60, minute % 60);
  return text.data();
}

}  // namespace

std::optional<Window> Window::Parse(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const Window window{MinuteOf(text.substr(0, dash)), MinuteOf(text.substr(dash + 1))};
  if (window.from < 0 || window.until < 0 || window.from == kDay) return std::nullopt;
  if (window.from == window.until) return std::nullopt;
  return window;
}

std::string Window::ToText() const {
  return TimeOfDay(from) + "-" + TimeOfDay(until);
}

bool Window::Contains(std::time_t now) const {
  std::tm local{};
  localtime_r(&now, &local);
  const int minute = local.tm_hour * 60 + local.tm_min;
  if (from < until) return minute >= from && minute < until;
  return minute >= from || minute < until;
}

std::time_t Window::NextOpening(std::time_t now) const {
  if (Contains(now)) return now;
  std::time_t minute = now - now % 60;
  for (int i = 0; i < 8 * kDay; ++i) {
    minute += 60;
    if (Contains(minute)) return minute;
  }
  return 0;
}

std::string FormatMinute(std::time_t time) {
  std::tm local{};
  localtime_r(&time, &local);
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &local);
  return text.data();
}

void RequireOpenWindow(const std::optional<Window>& window) {
  const std::time_t now = std::time(nullptr);
  if (!window || window->Contains(now)) return;
  const std::time_t opening = window->NextOpening(now);
  throw Fault(ExitCode::kStopped, "it is outside of the window " + window->ToText(),
              opening == 0 ? std::string()
                           : "It opens at " + FormatMinute(opening) + ", in " +
                                 FormatSeconds(static_cast<double>(opening - now)) + ".",
              "Run it again then, or without --window.");
}

}  // namespace gdpr::batch
