// SPDX-License-Identifier: PostgreSQL
#include "batch/optouts/optout_sender.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "batch/output/log.hpp"
#include "batch/output/progress.hpp"
#include "batch/queries.hpp"
#include "batch/session/retry.hpp"

namespace gdpr::batch {
namespace {

constexpr const char* kNotPrepared = "55000";

void Pause(int tries) {
  thread_local std::minstd_rand generator(std::random_device{}());
  std::this_thread::sleep_for(Backoff(tries, std::uniform_real_distribution<>(0, 1)(generator)));
}

void AppendItem(std::string_view value, std::string& array) {
  array += array.size() > 1 ? ",\"" : "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') array += '\\';
    array += c;
  }
  array += '"';
}

}  // namespace

void OptoutCounts::Add(const OptoutCounts& other) {
  matched += other.matched;
  people += other.people;
  kept += other.kept;
  already += other.already;
  newer += other.newer;
}

OptoutBatch MakeBatch(const ListChunk& chunk, ListKind kind, AddressSort sort) {
  OptoutBatch batch;
  batch.number = chunk.number;
  batch.bytes = chunk.bytes;
  batch.rejected = chunk.rejected;
  batch.lines.reserve(chunk.values.size());
  batch.array.reserve(chunk.text.size() + 3 * chunk.values.size() + 2);
  batch.array = "{";
  std::string checked;
  for (const ListChunk::Value& one : chunk.values) {
    std::string_view value = std::string_view(chunk.text).substr(one.start, one.size);
    if (const Reject flaw = CheckValue(kind, sort, value); flaw != Reject::kNone) {
      batch.rejected.push_back({one.line, flaw});
      continue;
    }
    checked.clear();
    AppendChecked(kind, value, checked);
    AppendItem(checked, batch.array);
    batch.lines.push_back(one.line);
  }
  batch.array += "}";
  return batch;
}

void PrepareImport(Connection& connection, RunId run, const Signals& signals) {
  auto shown = std::chrono::steady_clock::now();
  while (!signals.stop_requested()) {
    const std::int64_t left = connection.Execute(query::kImportOptoutsPrepare, {run}).Int(0, 0);
    if (left == 0) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - shown < std::chrono::seconds(5)) continue;
    shown = now;
    Log(Level::kInfo, "preparing", {{"run", run}, {"people_left", left}});
  }
}

OptoutSender::OptoutSender(const ConnectionSettings& settings, RunId run, Signals& signals,
                           std::mutex& preparing)
    : settings_(settings), run_(run), signals_(signals), preparing_(preparing) {
  Reconnect();
}

OptoutSender::~OptoutSender() {
  signals_.Forget(this);
}

void OptoutSender::Reconnect() {
  connection_.reset();
  connection_ = Connection::Patient(settings_, [this] { return signals_.cancel_requested(); });
  signals_.Watch(this, connection_->canceller());
}

// What the server has made of everybody's addresses does not survive its crash.
void OptoutSender::PrepareAgain() {
  const std::lock_guard lock(preparing_);
  PrepareImport(*connection_, run_, signals_);
}

void OptoutSender::TrySend(OptoutOutcome& outcome) {
  committing_ = false;
  connection_->Begin();
  const Result done = connection_->Execute(query::kImportOptoutsChunk,
                                           {run_, outcome.batch.number, outcome.batch.array});
  committing_ = true;
  connection_->Commit();
  outcome.counts = {.matched = done.Int(0, 0),
                    .people = done.Int(0, 1),
                    .kept = done.Int(0, 2),
                    .already = done.Int(0, 3),
                    .newer = done.Int(0, 4)};
  if (done.IsNull(0, 5)) return;
  for (const std::size_t place : nlohmann::json::parse(done.Text(0, 5))) {
    outcome.batch.rejected.push_back({outcome.batch.lines.at(place - 1), Reject::kServer});
  }
}

// Whether to try again; throws what would stop every other batch too.
bool OptoutSender::Settle(const SqlError& error, int number, int tries) {
  const bool prepare = error.sqlstate() == kNotPrepared && tries < kTriesPerChunk;
  const Action action = prepare ? Action::kRetry
                                : Decide({.sqlstate = error.sqlstate(),
                                          .connection_lost = error.poisons_connection(),
                                          .committing = committing_,
                                          .cancelled = signals_.cancel_requested()},
                                         tries);
  Log(Level::kWarning, "chunk_failed",
      {{"run", run_},
       {"chunk", number},
       {"sqlstate", error.sqlstate()},
       {"reason", error.what()},
       {"try", tries},
       {"again", action != Action::kStop}});
  if (!error.poisons_connection()) connection_->Rollback();
  // No value is to blame, they were checked before: what Decide() would isolate fails for all.
  const bool hopeless = action == Action::kIsolate && !IsTransient(error.sqlstate());
  if (action == Action::kStop || hopeless) {
    if (!signals_.cancel_requested()) throw error;
    return false;
  }
  if (error.poisons_connection()) {
    Pause(tries);
    Reconnect();
  } else if (prepare) {
    PrepareAgain();
  } else {
    Pause(tries);
  }
  return true;
}

OptoutOutcome OptoutSender::Send(OptoutBatch batch) {
  const auto begun = std::chrono::steady_clock::now();
  OptoutOutcome outcome{.batch = std::move(batch), .counts = {}};
  for (; !outcome.batch.lines.empty(); ++outcome.tries) {
    try {
      TrySend(outcome);
      break;
    } catch (const SqlError& error) {
      outcome.stopped = !Settle(error, outcome.batch.number, outcome.tries);
      if (outcome.stopped) break;
    }
  }
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  outcome.batch.array = {};
  outcome.batch.lines = {};
  return outcome;
}

}  // namespace gdpr::batch
