// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace gdpr::batch {

/// What to do about a failed chunk.
enum class Action : std::uint8_t {
  kRetry,      ///< same connection, after a pause
  kReconnect,  ///< new connection, after a pause
  kAskLedger,  ///< COMMIT's answer was lost: reconnect and ask whether the chunk is done
  kIsolate,    ///< try again and find out which person it is
  kStop,       ///< every other chunk would fail like this one
};

struct Failure {
  std::string_view sqlstate;
  bool connection_lost = false;
  bool committing = false;  ///< COMMIT had been sent
  bool cancelled = false;   ///< we cancelled it ourselves
};

constexpr int kTriesPerChunk = 5;

/// Decides by SQLSTATE alone (messages are translated). tries counts failures of this chunk so far.
/// Never answers kRetry or kReconnect for a commit in doubt: doing a chunk twice is the one mistake
/// that nobody would notice.
/// source: libpqxx, transactor; PostgreSQL Documentation, Appendix A
Action Decide(const Failure& failure, int tries);

/// The error comes from the data or the triggers of single people; others can go on without them.
bool BlamesPerson(std::string_view sqlstate);

/// A transaction met another one and may simply be tried again.
bool IsTransient(std::string_view sqlstate);

/// The server is not there (yet) or has hung up.
bool IsConnectionTrouble(std::string_view sqlstate);

/// Pause before try number `tries` + 1: doubling from 50 ms to 5 s, times 0.5 to 1.5.
/// in  jitter  0 to 1, random, so that workers do not meet again
std::chrono::milliseconds Backoff(int tries, double jitter);

}  // namespace gdpr::batch
