// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace gdpr::batch {

struct OptoutCounts;

/// Shows how far an import is, by the bytes of its list: a bar on a terminal, else a log line every
/// few seconds. Not thread-safe.
class ListProgress {
 public:
  using Clock = std::chrono::steady_clock;

  /// in  bytes  of the list, if that is known
  ListProgress(std::int64_t run, std::optional<std::int64_t> bytes, bool terminal);
  ~ListProgress();
  ListProgress(const ListProgress&) = delete;
  ListProgress& operator=(const ListProgress&) = delete;

  void Show(std::int64_t bytes, const OptoutCounts& counts, std::int64_t rejected);

  /// The bar's text for a terminal of that width; pure, for tests.
  static std::string Bar(int width, std::int64_t done, std::optional<std::int64_t> bytes,
                         const OptoutCounts& counts, std::int64_t rejected, double seconds);

 private:
  const std::int64_t run_;
  const std::optional<std::int64_t> bytes_;
  const bool terminal_;
  const Clock::time_point begun_ = Clock::now();
  Clock::time_point shown_ = begun_;
};

}  // namespace gdpr::batch
