// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

namespace gdpr::batch {

/// How far a copy is: a bar at the bottom of a terminal, else a log line every few seconds.
/// Thread-safe: each connection says what it has written.
class CopyProgress {
 public:
  using Clock = std::chrono::steady_clock;

  /// in  rows  about how many there will be: the planner's estimate
  CopyProgress(std::int64_t rows, int tables, bool terminal);
  ~CopyProgress();
  CopyProgress(const CopyProgress&) = delete;
  CopyProgress& operator=(const CopyProgress&) = delete;

  void Add(std::int64_t rows, std::size_t bytes);
  void AddTable();

  /// The bar's text for a terminal of that width; pure, for tests.
  std::string Bar(int width, double rows_per_second) const;

 private:
  double Rate(Clock::time_point now);
  void Show(Clock::time_point now);

  std::mutex mutex_;
  std::int64_t estimate_, rows_ = 0, bytes_ = 0;
  int tables_, tables_done_ = 0;
  bool terminal_;
  Clock::time_point shown_ = Clock::now();
  std::deque<std::pair<Clock::time_point, std::int64_t>> history_;
};

}  // namespace gdpr::batch
