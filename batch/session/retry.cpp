// SPDX-License-Identifier: PostgreSQL
#include "batch/session/retry.hpp"

#include <algorithm>

namespace gdpr::batch {

bool IsTransient(std::string_view sqlstate) {
  return sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "55P03";
}

bool IsConnectionTrouble(std::string_view sqlstate) {
  return sqlstate.starts_with("08") || sqlstate == "57P01" || sqlstate == "57P02" ||
         sqlstate == "57P03" || sqlstate == "53300";
}

bool BlamesPerson(std::string_view sqlstate) {
  // Whole classes: data, integrity, triggered data change, external routine, WITH CHECK, PL/pgSQL.
  for (std::string_view cls : {"21", "22", "23", "27", "38", "39", "44", "P0"}) {
    if (sqlstate.starts_with(cls)) return true;
  }
  return sqlstate == "PD001" || sqlstate == "PD002" || sqlstate == "PD004" || sqlstate == "PD005";
}

Action Decide(const Failure& failure, int tries) {
  if (failure.cancelled) return Action::kStop;
  if (failure.connection_lost && failure.committing) return Action::kAskLedger;
  // A chunk that goes on failing, perhaps by crashing the server, must not be tried for ever.
  if (tries >= 2 * kTriesPerChunk) return Action::kStop;
  if (failure.connection_lost || IsConnectionTrouble(failure.sqlstate)) return Action::kReconnect;
  if (IsTransient(failure.sqlstate)) {
    return tries < kTriesPerChunk ? Action::kRetry : Action::kIsolate;
  }
  // A cancel that is not ours: an administrator wants something to end, perhaps only this once.
  if (failure.sqlstate == "57014") return tries < 2 ? Action::kRetry : Action::kStop;
  return BlamesPerson(failure.sqlstate) ? Action::kIsolate : Action::kStop;
}

std::chrono::milliseconds Backoff(int tries, double jitter) {
  constexpr double kFirst = 50.0, kLongest = 5000.0;
  const double pause =
      std::min(kFirst * static_cast<double>(1 << std::clamp(tries, 0, 10)), kLongest);
  return std::chrono::milliseconds(static_cast<std::int64_t>(pause * (0.5 + jitter)));
}

}  // namespace gdpr::batch
