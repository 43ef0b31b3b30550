// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batch/run/signals.hpp"
#include "batch/run/window.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// How far a standby may be behind: in time, or in bytes of WAL. Neither: it does not matter.
struct LagLimit {
  std::optional<double> seconds;
  std::optional<std::int64_t> bytes;

  /// in      "10s", "500ms", "2min", "1h"; "64MB", "512kB", "1GB", "4096B"; "0": off
  /// out     nullopt: it is none of these
  static std::optional<LagLimit> Parse(std::string_view text);
  std::string ToText() const;
};

/// When gdpr-batch waits, and when it does not work at all. 0: no limit.
struct MannersOptions {
  LagLimit max_lag{.seconds = 30.0, .bytes = std::nullopt};
  int max_lock_waits = 10;
  int max_active = 100;
  std::vector<std::string>
      ignored_standbys;  ///< by application_name: those that are late on purpose
  std::optional<Window> window;

  bool ask_server() const {
    return max_lag.seconds || max_lag.bytes || max_lock_waits > 0 || max_active > 0;
  }
};

/// What the server said about itself (gdpr.run_pressure()).
struct Pressure {
  struct Standby {
    std::string name;
    double seconds = 0;
    std::int64_t bytes = 0;
  };
  std::vector<Standby> standbys;
  int lock_waits = 0, active = 0;
};

/// Which limit is exceeded, in words; empty: none. Pure.
std::string WhyWait(const Pressure& pressure, const MannersOptions& limits);

/// Keeps a run from getting in the way of the live system. Has a connection of its own, on which no
/// transaction is ever open. Used by one thread at a time.
class Manners {
 public:
  /// in  run       whose gdpr_internal.run.paused_reason says why it waits; nullopt: no run
  ///     terminal  shows a status line while it waits
  Manners(const ConnectionSettings& settings, const MannersOptions& options,
          std::optional<std::int64_t> run, Signals& signals, bool terminal);
  ~Manners();
  Manners(const Manners&) = delete;
  Manners& operator=(const Manners&) = delete;

  /// Whether more work may begin. Asks the server at most once a second, and waits while a limit is
  /// exceeded: one log line when that begins, one when it ends. A server that does not answer is no
  /// reason to wait: the workers find out themselves.
  /// out     false: a signal came, or the window has closed
  bool MayGoOn();

  /// The window was the reason.
  bool stopped_by_window() const { return stopped_by_window_; }
  /// Whether it closed, without asking anybody.
  bool WindowIsClosed() const;

 private:
  using Clock = std::chrono::steady_clock;
  std::string Ask();
  void Say(const std::string& reason);
  bool WaitWhile(std::string reason);
  void ShowWaiting(const std::string& reason, Clock::time_point since) const;

  const ConnectionSettings settings_;
  const MannersOptions options_;
  const std::optional<std::int64_t> run_;
  Signals& signals_;
  const bool terminal_;
  std::optional<Connection> connection_;
  Clock::time_point asked_{};
  bool stopped_by_window_ = false;
  bool warned_ = false;  ///< that it cannot ask
};

}  // namespace gdpr::batch
