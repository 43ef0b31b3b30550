// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <atomic>
#include <thread>

#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// SIGINT and SIGTERM: the first asks every worker to finish its chunk, the second cancels what the
/// connections are doing. Construct it before any other thread: threads inherit the blocked
/// signals, so that only its own thread ever takes one.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  bool stop_requested() const { return caught_ > 0; }
  bool cancel_requested() const { return caught_ > 1; }

  /// Connections that the second signal cancels; replaces the slot's former one. Thread-safe.
  void Watch(const void* slot, Connection::Canceller canceller);
  void Forget(const void* slot);

 private:
  void Wait();
  std::atomic<int> caught_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

/// The second signal cancels what this connection does, until the end of the scope.
class WatchedConnection {
 public:
  WatchedConnection(Signals& signals, const Connection& connection) : signals_(signals) {
    signals_.Watch(this, connection.canceller());
  }
  ~WatchedConnection() { signals_.Forget(this); }
  WatchedConnection(const WatchedConnection&) = delete;
  WatchedConnection& operator=(const WatchedConnection&) = delete;

 private:
  Signals& signals_;
};

}  // namespace gdpr::batch
