// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "batch/optouts/list_input.hpp"
#include "batch/run/ledger.hpp"
#include "batch/run/signals.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// What the server made of values: of each exactly one of matched, kept, already, newer, or that it
/// is none.
struct OptoutCounts {
  std::int64_t matched = 0;  ///< they opted somebody out
  std::int64_t people = 0;   ///< whom
  std::int64_t kept = 0;     ///< nobody's today: suppressed, should they ever be somebody's
  std::int64_t already = 0;  ///< they changed nothing
  std::int64_t newer = 0;    ///< left alone: a later wish stands against the list's

  void Add(const OptoutCounts& other);
  std::int64_t values() const { return matched + kept + already + newer; }
};

/// Values of a chunk as the server takes them.
struct OptoutBatch {
  int number = 0;
  std::string array;  ///< a text[] literal
  std::vector<std::int64_t> lines;
  std::vector<ListChunk::Rejected> rejected;  ///< those of the list, and later the server's
  std::int64_t bytes = 0;
};

/// Checks the values of a chunk; what is none becomes a reject. Pure.
OptoutBatch MakeBatch(const ListChunk& chunk, ListKind kind, AddressSort sort);

/// What became of a batch.
struct OptoutOutcome {
  OptoutBatch batch;  ///< without its values
  OptoutCounts counts;
  int tries = 1;
  double seconds = 0;
  bool stopped = false;  ///< cancelled by the second signal
};

/// Sends batches on a connection of its own, each in one transaction. Used by one thread at a time.
class OptoutSender {
 public:
  /// in  preparing  of all senders of the import: only one of them prepares it again
  OptoutSender(const ConnectionSettings& settings, RunId run, Signals& signals,
               std::mutex& preparing);
  ~OptoutSender();
  OptoutSender(const OptoutSender&) = delete;
  OptoutSender& operator=(const OptoutSender&) = delete;

  /// Sends it until the server has it, however often that takes (batch/retry.hpp). A number that
  /// the server has done already is answered by what it counted then, so that a commit whose answer
  /// was lost is asked about by sending it again.
  /// throws  SqlError that would stop every other batch too
  OptoutOutcome Send(OptoutBatch batch);

 private:
  void TrySend(OptoutOutcome& outcome);
  bool Settle(const SqlError& error, int number, int tries);
  void PrepareAgain();
  void Reconnect();

  const ConnectionSettings settings_;
  const RunId run_;
  Signals& signals_;
  std::mutex& preparing_;
  std::optional<Connection> connection_;
  bool committing_ = false;
};

/// Makes the server ready to match people, page by page, until it is or a signal comes.
/// throws  SqlError
void PrepareImport(Connection& connection, RunId run, const Signals& signals);

}  // namespace gdpr::batch
