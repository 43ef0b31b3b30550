// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "batch/connection.hpp"
#include "batch/ledger.hpp"
#include "batch/signals.hpp"

namespace gdpr::batch {

/// What became of one chunk.
struct Outcome {
  enum class State : std::uint8_t {
    kDone,
    kNoneFree,  ///< others have the chunks that are pending
    kNoneLeft,  ///< every chunk of the run is done
    kStopped,   ///< cancelled by the second signal; the chunk stays pending
  };
  State state = State::kDone;
  int chunk = 0, people = 0, erased = 0, failed = 0, tries = 1;
  std::int64_t rows = 0;
  double seconds = 0;
};

/// Does chunks on a connection of its own: lease, erase and mark done in one transaction. Used by
/// one thread at a time.
class Worker {
 public:
  Worker(const ConnectionSettings& settings, RunId run, Signals& signals);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Does the next free chunk, however often it takes (batch/retry.hpp).
  /// throws  SqlError that would stop every other chunk too; the chunk stays pending
  Outcome DoChunk();

 private:
  Outcome TryChunk();
  /// What a failure means; nullopt: try again.
  std::optional<Outcome> Settle(const SqlError& error, int tries);
  std::optional<Outcome> AskLedger();
  void Reconnect();

  const ConnectionSettings settings_;
  const RunId run_;
  Signals& signals_;
  std::optional<Connection> connection_;
  int chunk_ = 0;            ///< leased by the open transaction
  bool committing_ = false;  ///< COMMIT has been sent for it
  bool patient_ = false;     ///< locks have been waited for often enough: they blame the person now
};

}  // namespace gdpr::batch
