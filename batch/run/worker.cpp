// SPDX-License-Identifier: PostgreSQL
#include "batch/run/worker.hpp"

#include <chrono>
#include <random>
#include <thread>

#include "batch/output/log.hpp"
#include "batch/run/bisect.hpp"
#include "batch/session/retry.hpp"

namespace gdpr::batch {
namespace {

/// The steps of one leased slice on the worker's connection.
class SqlSteps : public SliceSteps {
 public:
  SqlSteps(Connection& connection, RunId run, int chunk)
      : connection_(connection), run_(run), chunk_(chunk) {}

  void Savepoint() override { connection_.Execute("SAVEPOINT person"); }
  void RollbackToSavepoint() override {
    connection_.Execute("ROLLBACK TO SAVEPOINT person");
    ReleaseSavepoint();
  }
  void ReleaseSavepoint() override { connection_.Execute("RELEASE SAVEPOINT person"); }
  void Work(int first, int last) override {
    rows_ += ledger::Work(connection_, run_, chunk_, first, last);
  }
  void Fail(int person, const SqlError& error) override {
    ledger::Fail(connection_, run_, chunk_, person, error);
    Log(Level::kWarning, "person_failed",
        {{"run", run_},
         {"chunk", chunk_},
         {"sqlstate", error.sqlstate()},
         {"reason", error.what()}});
  }
  std::int64_t rows() const { return rows_; }

 private:
  Connection& connection_;
  RunId run_;
  int chunk_;
  std::int64_t rows_ = 0;
};

void Pause(int tries) {
  thread_local std::minstd_rand generator(std::random_device{}());
  std::this_thread::sleep_for(Backoff(tries, std::uniform_real_distribution<>(0, 1)(generator)));
}

}  // namespace

Worker::Worker(const ConnectionSettings& settings, RunId run, SliceSize slice, Signals& signals)
    : settings_(settings), run_(run), slice_(slice), signals_(signals) {
  Reconnect();
}

Worker::~Worker() {
  signals_.Forget(this);
}

void Worker::Reconnect() {
  connection_.reset();
  connection_ = Connection::Patient(settings_, [this] { return signals_.cancel_requested(); });
  signals_.Watch(this, connection_->canceller());
}

Outcome Worker::TrySlice(int tries) {
  Outcome outcome;
  lease_ = {};
  committing_ = {};
  const auto begun = std::chrono::steady_clock::now();
  connection_->Begin();
  lease_ = ledger::LeaseSlice(*connection_, run_, slice_.Next());
  if (lease_.chunk == 0) {
    connection_->Rollback();
    outcome.state = !lease_.running      ? Outcome::State::kNotRunning
                    : lease_.pending > 0 ? Outcome::State::kNoneFree
                                         : Outcome::State::kNoneLeft;
    return outcome;
  }
  outcome.chunk = lease_.chunk;
  outcome.people = lease_.people();
  outcome.tries = tries;
  SqlSteps steps(*connection_, run_, lease_.chunk);
  outcome.failed = WorkIsolating(steps, lease_.first, lease_.last, patient_);
  outcome.rows = steps.rows();
  outcome.changed = ledger::SliceDone(*connection_, run_, lease_.chunk, lease_.last, tries);
  committing_ = outcome;
  connection_->Commit();
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  slice_.Took(outcome.people, outcome.seconds);
  return outcome;
}

std::optional<Outcome> Worker::Settle(const SqlError& error, int tries) {
  const Action action = Decide({.sqlstate = error.sqlstate(),
                                .connection_lost = error.poisons_connection(),
                                .committing = committing_.chunk != 0,
                                .cancelled = signals_.cancel_requested()},
                               tries);
  constexpr const char* kNames[] = {"retry", "reconnect", "ask_ledger", "isolate", "stop"};
  Log(Level::kWarning, "chunk_failed",
      {{"run", run_},
       {"chunk", lease_.chunk},
       {"sqlstate", error.sqlstate()},
       {"reason", error.what()},
       {"try", tries},
       {"action", kNames[static_cast<int>(action)]}});
  if (action == Action::kStop) {
    if (!error.poisons_connection()) connection_->Rollback();
    if (!signals_.cancel_requested()) throw error;
    return Outcome{.state = Outcome::State::kStopped, .chunk = lease_.chunk};
  }
  if (action == Action::kIsolate) patient_ = true;
  if (error.sqlstate() == "57014")
    slice_.Shrink();  // statement_timeout: with fewer people, perhaps
  if (error.poisons_connection()) {
    if (action == Action::kReconnect) Pause(tries);
    Reconnect();
  } else {
    connection_->Rollback();
    Pause(tries);
  }
  return action == Action::kAskLedger ? AskLedger() : std::nullopt;
}

std::optional<Outcome> Worker::AskLedger() {
  for (int tries = 1;; ++tries) {
    try {
      connection_->Begin();
      const bool done = ledger::DoneUpTo(*connection_, run_, lease_.chunk) >= lease_.last;
      connection_
          ->Rollback();  // a commit could wait for a standby, as the one in doubt may have done
      Log(Level::kInfo, "commit_settled", {{"run", run_}, {"chunk", lease_.chunk}, {"done", done}});
      if (!done) return std::nullopt;
      return committing_;
    } catch (const SqlError& error) {
      // Lock timeout: the session that has our COMMIT is still at it.
      if (tries >= 2 * kTriesPerChunk || signals_.cancel_requested()) throw;
      Pause(tries);
      if (error.poisons_connection()) {
        Reconnect();
      } else {
        connection_->Rollback();
      }
    }
  }
}

Outcome Worker::DoSlice() {
  patient_ = false;
  for (int tries = 1;; ++tries) {
    try {
      return TrySlice(tries);
    } catch (const SqlError& error) {
      if (auto outcome = Settle(error, tries)) return *outcome;
    }
  }
}

}  // namespace gdpr::batch
