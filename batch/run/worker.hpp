// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <optional>

#include "batch/run/ledger.hpp"
#include "batch/run/signals.hpp"
#include "batch/run/slice.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// What became of one slice.
struct Outcome {
  enum class State : std::uint8_t {
    kDone,
    kNoneFree,    ///< others have the chunks that are pending
    kNoneLeft,    ///< every chunk of the run, or of its stage, is done
    kNotRunning,  ///< somebody paused the run, or gave it up
    kStopped,     ///< cancelled by the second signal; the slice stays pending
  };
  State state = State::kDone;
  int chunk = 0, people = 0, changed = 0, failed = 0, tries = 1;
  std::int64_t rows = 0;
  double seconds = 0;
};

/// Does slices of chunks on a connection of its own: lease, work and book in one transaction. Used
/// by one thread at a time.
class Worker {
 public:
  Worker(const ConnectionSettings& settings, RunId run, SliceSize slice, Signals& signals);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Does the next free slice, however often it takes (batch/retry.hpp).
  /// throws  SqlError that would stop every other slice too; the slice stays pending
  Outcome DoSlice();

 private:
  Outcome TrySlice(int tries);
  /// What a failure means; nullopt: try again.
  std::optional<Outcome> Settle(const SqlError& error, int tries);
  std::optional<Outcome> AskLedger();
  void Reconnect();

  const ConnectionSettings settings_;
  const RunId run_;
  SliceSize slice_;
  Signals& signals_;
  std::optional<Connection> connection_;
  ledger::Lease lease_;   ///< of the open transaction
  Outcome committing_;    ///< what is known if COMMIT arrived, once it has been sent (chunk > 0)
  bool patient_ = false;  ///< locks have been waited for often enough: they blame the person now
};

}  // namespace gdpr::batch
