// SPDX-License-Identifier: PostgreSQL
#include "batch/optouts/optout_pipeline.hpp"

#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <thread>

#include "batch/optouts/list_progress.hpp"
#include "batch/output/log.hpp"
#include "batch/queries.hpp"
#include "batch/run/manners.hpp"
#include "batch/session/retry.hpp"

namespace gdpr::batch {
namespace {

namespace tbb = oneapi::tbb;

/// Fewer make a chunk hardly any shorter: it costs something however small it is.
constexpr int kFewestRows = 1000;

/// Lines in a chunk, so that one takes about as long as it should.
class ChunkRows {
 public:
  ChunkRows(int most, double seconds) : most_(most), seconds_(seconds) {}

  int Now() const { return rows_; }
  void Took(double seconds) {
    // Twice as many, or half: a factor of two is what a busy server makes anyway
    if (seconds > seconds_) rows_ = std::max(fewest_, rows_ / 2);
    if (seconds < seconds_ / 4) rows_ = std::min(most_, rows_ * 2);
  }

 private:
  const int most_, fewest_ = std::min(most_, kFewestRows);
  const double seconds_;
  std::atomic<int> rows_ = fewest_;
};

void LogChunk(RunId run, const OptoutOutcome& outcome) {
  Log(Level::kDebug, "chunk",
      {{"run", run},
       {"chunk", outcome.batch.number},
       {"values", outcome.counts.values()},
       {"people", outcome.counts.people},
       {"rejected", static_cast<std::int64_t>(outcome.batch.rejected.size())},
       {"tries", outcome.tries},
       {"ms", static_cast<std::int64_t>(outcome.seconds * 1000)}});
}

}  // namespace

// Three filters: one reads the list, which cannot be done in parts because of quotes, and is much
// quicker than the server; one sends; one counts and writes rejects in the list's order.
// Token rule: one for each connection, and one to be ready when a connection is; memory is that of
// the chunks that have a token, however long the list is.
void RunImport(const Options& options, Signals& signals, OptoutImport& import) {
  const auto connections = static_cast<std::size_t>(options.jobs);
  std::mutex preparing;
  std::vector<std::unique_ptr<OptoutSender>> senders;
  tbb::concurrent_bounded_queue<OptoutSender*> idle;
  for (std::size_t i = 0; i < connections; ++i) {
    senders.push_back(
        std::make_unique<OptoutSender>(options.connection, import.run, signals, preparing));
    idle.push(senders.back().get());
  }
  const bool bar = !options.json && isatty(STDERR_FILENO) != 0;
  Manners manners(options.connection, options.manners, import.run, signals, bar);
  ListProgress progress(import.run, import.input.size(), bar);
  ChunkRows rows(options.chunk_rows, options.chunk_seconds);
  std::atomic<bool> stopped = false;

  const auto read = [&](tbb::flow_control& control) {
    auto chunk = std::make_shared<ListChunk>();
    if (stopped || signals.stop_requested() || !manners.MayGoOn()) {
      stopped = true;
      control.stop();
    } else if (!import.list.Next(rows.Now(), *chunk)) {
      control.stop();
    }
    return chunk;
  };
  const auto send = [&](const std::shared_ptr<ListChunk>& chunk) {
    OptoutBatch batch = MakeBatch(*chunk, import.list.format().kind, import.sort);
    *chunk = {};  // not there twice while it is being sent
    OptoutSender* sender = nullptr;
    idle.pop(sender);
    // A sender that throws ends the pipeline; those who wait for one must not wait for ever.
    const std::shared_ptr<void> back(nullptr, [&](void*) { idle.push(sender); });
    return std::make_shared<OptoutOutcome>(sender->Send(std::move(batch)));
  };
  const auto count = [&](const std::shared_ptr<OptoutOutcome>& outcome) {
    if (outcome->stopped) {
      stopped = true;
      return;
    }
    LogChunk(import.run, *outcome);
    rows.Took(outcome->seconds);
    import.counts.Add(outcome->counts);
    import.rejects.Add(std::move(outcome->batch.rejected));
    progress.Show(outcome->batch.bytes, import.counts, import.rejects.count());
  };

  const tbb::global_control threads(tbb::global_control::max_allowed_parallelism, connections + 1);
  tbb::task_arena arena(static_cast<int>(connections) + 1);
  using Chunk = std::shared_ptr<ListChunk>;
  using Outcome = std::shared_ptr<OptoutOutcome>;
  arena.execute([&] {
    tbb::parallel_pipeline(
        connections + 1,
        tbb::make_filter<void, Chunk>(tbb::filter_mode::serial_in_order, read) &
            tbb::make_filter<Chunk, Outcome>(tbb::filter_mode::parallel, send) &
            tbb::make_filter<Outcome, void>(tbb::filter_mode::serial_in_order, count));
  });
  import.finished = !stopped && !signals.stop_requested();
  import.stopped_by_window = manners.stopped_by_window();
}

void FinishImport(Connection& connection, const Options& options, const Signals& signals,
                  RunId run) {
  for (int tries = 1;; ++tries) {
    try {
      connection.Execute(query::kImportOptoutsFinish, {run});
      return;
    } catch (const SqlError& error) {
      const bool trouble = error.poisons_connection() || IsConnectionTrouble(error.sqlstate());
      if (tries >= kTriesPerChunk || signals.cancel_requested()) throw;
      if (!trouble && !IsTransient(error.sqlstate())) throw;
      std::this_thread::sleep_for(Backoff(tries, 0.5));
      if (!trouble) continue;
      connection =
          Connection::Patient(options.connection, [&] { return signals.cancel_requested(); });
    }
  }
}

}  // namespace gdpr::batch
