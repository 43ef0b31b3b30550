// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace gdpr::batch {

struct Outcome;

/// Shows how far a run is: a bar at the bottom of a terminal, else a log line every few seconds.
/// Only numbers: no subject key ever comes near it. Not thread-safe; the pipeline's last filter,
/// which is serial, calls it.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  /// in  done  people whom an earlier process did
  Progress(std::int64_t run, std::int64_t people, std::int64_t done, bool terminal);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Add(const Outcome& outcome);
  /// Removes the bar.
  void Close();

  /// The bar's text for a terminal of that width; pure, for tests.
  std::string Bar(int width, double people_per_second) const;

 private:
  double Rate(Clock::time_point now);
  void Show(Clock::time_point now);

  std::int64_t run_, people_, done_, changed_ = 0, failed_ = 0, left_out_ = 0;
  bool terminal_;
  Clock::time_point shown_{};
  std::deque<std::pair<Clock::time_point, std::int64_t>>
      history_;  ///< the last seconds, for the rate
};

/// "1:02:03", "4:05"; "-" if it cannot be known.
std::string FormatSeconds(double seconds);
/// "1,234,567"
std::string FormatCount(std::int64_t count);

}  // namespace gdpr::batch
