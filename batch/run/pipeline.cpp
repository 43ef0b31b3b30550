// SPDX-License-Identifier: PostgreSQL
#include "batch/run/pipeline.hpp"

#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace gdpr::batch {
namespace {

namespace tbb = oneapi::tbb;

/// A worker that found no free chunk looks again after this; what it waits for takes seconds.
constexpr std::chrono::milliseconds kLookAgain{100};

}  // namespace

// Three filters: a gate that lets work in until there is none and while the server has room for it,
// the workers, and one that counts. Token rule: as many tokens as connections. A token is one slice
// and holds one connection while it is being done; more would wait for a connection, fewer would
// leave one idle. A slice is leased inside the second filter, because the lease lives in the
// transaction that does it.
Ended RunChunks(std::vector<std::unique_ptr<Worker>>& workers, Signals& signals, Progress& progress,
                Manners& manners, std::int64_t max_failed) {
  const std::size_t tokens = workers.size();
  tbb::concurrent_bounded_queue<Worker*> idle;
  for (const auto& worker : workers) idle.push(worker.get());
  std::atomic<bool> none_left = false, too_many_failed = false, not_running = false;
  std::int64_t failed = 0;

  const auto gate = [&](tbb::flow_control& control) {
    if (none_left || too_many_failed || not_running || signals.stop_requested() ||
        !manners.MayGoOn()) {
      control.stop();
    }
    return 0;
  };
  const auto work = [&](int /*token*/) {
    Worker* worker = nullptr;
    idle.pop(worker);
    const Outcome outcome = worker->DoSlice();
    idle.push(worker);
    if (outcome.state == Outcome::State::kNoneFree) std::this_thread::sleep_for(kLookAgain);
    return outcome;
  };
  const auto count = [&](const Outcome& outcome) {
    if (outcome.state == Outcome::State::kNoneLeft) none_left = true;
    if (outcome.state == Outcome::State::kNotRunning) not_running = true;
    if (outcome.state == Outcome::State::kDone) progress.Add(outcome);
    failed += outcome.failed;
    if (failed > max_failed) too_many_failed = true;
  };

  // The threads wait for the server most of the time: one for each connection, whatever the cores.
  const tbb::global_control threads(tbb::global_control::max_allowed_parallelism, tokens);
  tbb::task_arena arena(static_cast<int>(tokens));
  arena.execute([&] {
    tbb::parallel_pipeline(
        tokens, tbb::make_filter<void, int>(tbb::filter_mode::serial_in_order, gate) &
                    tbb::make_filter<int, Outcome>(tbb::filter_mode::parallel, work) &
                    tbb::make_filter<Outcome, void>(tbb::filter_mode::serial_out_of_order, count));
  });
  if (none_left) return Ended::kAllDone;
  if (not_running) return Ended::kNotRunning;
  if (too_many_failed) return Ended::kTooManyFailed;
  return manners.stopped_by_window() ? Ended::kWindow : Ended::kSignal;
}

}  // namespace gdpr::batch
