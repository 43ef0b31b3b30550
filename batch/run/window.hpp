// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace gdpr::batch {

/// The hours in which gdpr-batch may work, by this machine's local time. Both ends are minutes of
/// the day; the first is inside, the last is not. Where they are the other way round it goes past
/// midnight: 22:00-05:00.
struct Window {
  int from = 0, until = 0;

  /// in      "22:00-05:00"; "24:00" is the end of the day
  /// out     nullopt: it is not one, or both ends are the same: would it be never or always open?
  static std::optional<Window> Parse(std::string_view text);

  std::string ToText() const;
  bool Contains(std::time_t now) const;

  /// The first minute at which it is open, now included; 0: not within eight days. Asks the clock
  /// on the wall minute by minute, so that a night of 23 or 25 hours is counted right.
  std::time_t NextOpening(std::time_t now) const;
};

/// "2026-11-22 22:00", by local time.
std::string FormatMinute(std::time_t time);

/// What every verb that works does first. throws  Fault kStopped outside of the window, which says
/// when it opens
void RequireOpenWindow(const std::optional<Window>& window);

}  // namespace gdpr::batch
