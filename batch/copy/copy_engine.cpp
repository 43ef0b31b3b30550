// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_engine.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "batch/copy/copy_row.hpp"
#include "batch/copy/copy_stream.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/log.hpp"
#include "batch/session/retry.hpp"

namespace gdpr::batch {
namespace {

namespace tbb = oneapi::tbb;

/// A block is large enough that handing it on costs nothing beside treating it, and small enough to
/// stay in a core's cache.
constexpr std::size_t kBlockBytes = 256 * 1024;
/// One is read, one is treated, one is written, and one waits for whoever is done first.
constexpr std::size_t kBlocks = 4;
constexpr int kTries = 10;
constexpr std::int64_t kPagesOfMb = 128;

/// A part ends because the copy does; not an error of its own.
struct Ended {};

/// A row that its treatment cannot take: the table's fault, the others go on.
struct TableFault {
  std::string why;
};

struct Block {
  std::string tuples, treated;
  std::int64_t rows = 0;
};

/// Blocks are used again: fresh memory would be cleared by the kernel each time.
class Blocks {
 public:
  std::shared_ptr<Block> Take() {
    const std::lock_guard lock(mutex_);
    if (spare_.empty()) return std::make_shared<Block>();
    std::shared_ptr<Block> block = std::move(spare_.back());
    spare_.pop_back();
    return block;
  }
  void Return(const std::shared_ptr<Block>& block) {
    // One that had a huge row in it must not keep its memory.
    if (std::max(block->tuples.capacity(), block->treated.capacity()) > 4 * kBlockBytes) return;
    const std::lock_guard lock(mutex_);
    spare_.push_back(block);
  }

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<Block>> spare_;
};

/// The treaters of a part: one for each thread that is at work on it.
class Treaters {
 public:
  Treaters(const CopyTable& table, const CatalogTypes& types, Profile profile,
           const std::vector<std::uint8_t>& key)
      : make_([&table, &types, profile, &key] {
          return std::make_unique<RowTreater>(table, types, profile, key);
        }) {
    idle_.push_back(make_());
  }

  bool passes() const { return idle_.front()->passes(); }

  void Treat(Block& block) {
    std::unique_ptr<RowTreater> mine = Take();
    block.treated.clear();
    try {
      mine->Treat(block.tuples, block.treated);
    } catch (const Fault& fault) {
      const std::string detail = fault.detail();
      throw TableFault{fault.what() + (detail.empty() ? "" : ": " + detail)};
    }
    block.tuples.swap(block.treated);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(mine));
  }

 private:
  std::unique_ptr<RowTreater> Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<RowTreater> mine = std::move(idle_.back());
        idle_.pop_back();
        return mine;
      }
    }
    return make_();
  }

  std::function<std::unique_ptr<RowTreater>()> make_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<RowTreater>> idle_;
};

}  // namespace

/// A connection to the source and one to the target, made when they are needed, and made again
/// after an error: what was under way on them cannot be gone on with.
struct CopyEngine::Job {
  tbb::task_arena arena{3};
  Blocks blocks;
  std::optional<Connection> source;
  std::optional<WatchedConnection> watched;
  std::unique_ptr<PartLoader> loader;

  void Connect(CopyEngine& engine) {
    if (!source) {
      source.emplace(ConnectToSnapshot(engine.options_, engine.leader_.plan().snapshot));
      watched.emplace(engine.signals_, *source);
    }
    if (!loader) loader = engine.target_.MakeLoader();
  }
  void Drop() {
    watched.reset();
    source.reset();
    loader.reset();
  }
};

CopyEngine::CopyEngine(CopyLeader& leader, CopyTarget& target, const Options& options,
                       Signals& signals)
    : leader_(leader), target_(target), options_(options), signals_(signals) {}

std::vector<CopiedTable> CopyEngine::Run(const CopyState& state) {
  const CopyPlan& plan = leader_.plan();
  tables_.assign(plan.tables.size(), {});
  std::int64_t rows = 0;
  for (const CopyPart& part :
       SplitTables(plan.tables, plan.server >= 140000, options_.copy.part_mb * kPagesOfMb)) {
    CopiedTable& table = tables_[part.table];
    table.earlier = state.whole[part.table];
    if (table.earlier) {
      table.rows = state.rows[part.table];
      continue;
    }
    table.parts_left = part.parts;
    rows += part.rows_estimate;
    parts_.push_back(part);
  }
  const bool bar = !options_.json && isatty(STDERR_FILENO) != 0;
  CopyProgress progress(rows, static_cast<int>(tables_.size()), bar);
  for (const CopiedTable& table : tables_) {
    if (table.earlier) progress.AddTable();
  }
  progress_ = &progress;
  const auto jobs = std::min<std::size_t>(static_cast<std::size_t>(options_.jobs), parts_.size());
  const tbb::global_control threads(tbb::global_control::max_allowed_parallelism, 3 * jobs + 1);
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < jobs; ++i) workers.emplace_back([this] { Work(); });
  for (std::thread& worker : workers) worker.join();
  progress_ = nullptr;
  if (failure_) std::rethrow_exception(failure_);
  return tables_;
}

void CopyEngine::Work() {
  try {
    Job job;
    while (!end_) {
      if (signals_.stop_requested()) {
        stopped_ = true;
        return;
      }
      const std::size_t next = next_++;
      if (next >= parts_.size()) return;
      if (!DoPart(job, parts_[next])) return;
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
    end_ = true;
  }
}

/// Does a part, again if a connection broke. out  false: the copy ends
bool CopyEngine::DoPart(Job& job, const CopyPart& part) {
  const auto begun = std::chrono::steady_clock::now();
  for (int tries = 0;; ++tries) {
    {
      const std::lock_guard lock(mutex_);
      if (!tables_[part.table].failure.empty()) return true;
    }
    try {
      job.Connect(*this);
      const std::int64_t rows = Stream(job, part);
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
      const std::lock_guard lock(mutex_);
      CopiedTable& table = tables_[part.table];
      table.rows += rows;
      table.seconds += took.count();
      if (--table.parts_left == 0) progress_->AddTable();
      return true;
    } catch (const Ended&) {
      job.Drop();
      return false;
    } catch (const TableFault& fault) {
      job.Drop();
      Fail(part, fault.why);
      return true;
    } catch (const SqlError& error) {
      job.Drop();
      if (signals_.cancel_requested()) {
        stopped_ = true;
        return false;
      }
      if (!MayTryAgain(error, tries, begun)) {
        if (!BlamesPerson(error.sqlstate())) throw;
        Fail(part, error.what());
        return true;
      }
    }
  }
}

bool CopyEngine::MayTryAgain(const SqlError& error, int tries,
                             std::chrono::steady_clock::time_point begun) {
  const bool passing = error.poisons_connection() || IsConnectionTrouble(error.sqlstate()) ||
                       IsTransient(error.sqlstate()) || error.sqlstate() == "57014";
  if (!passing || tries >= kTries || end_ || signals_.stop_requested()) return false;
  if (std::chrono::steady_clock::now() - begun > options_.connection.patience && tries > 0) {
    return false;
  }
  Log(Level::kWarning, "again", {{"sqlstate", error.sqlstate()}, {"try", tries + 1}});
  std::this_thread::sleep_for(Backoff(tries, 0.5));
  return true;
}

void CopyEngine::Fail(const CopyPart& part, const std::string& why) {
  const CopyTable& table = leader_.plan().tables[part.table];
  Log(Level::kError, "table_failed",
      {{"table", table.schema + "." + table.name}, {"message", why}});
  const std::lock_guard lock(mutex_);
  tables_[part.table].failure = why;
}

// Token rule: kBlocks for each pair of connections. A token is a block of rows on its way, so
// memory is jobs x kBlocks x kBlockBytes (and a row that is larger), however large the tables are.
std::int64_t CopyEngine::Stream(Job& job, const CopyPart& part) {
  const CopyTable& table = leader_.plan().tables[part.table];
  if (const auto there = job.loader->Begin(table, part)) return *there;
  // The leader's locks hold until ours does.
  job.source->Execute("LOCK TABLE ONLY " + QualifiedName(table) + " IN ACCESS SHARE MODE");
  leader_.RequireAlive();
  CopyReader reader(*job.source, ReadStatements(table, part));
  Treaters treaters(table, leader_.types(), options_.copy.profile, leader_.key());
  const bool passes = treaters.passes();
  Blocks& blocks = job.blocks;
  const auto read = [&](tbb::flow_control& control) {
    std::shared_ptr<Block> block = blocks.Take();
    if (end_ || signals_.cancel_requested()) throw Ended();
    try {
      block->rows = reader.Next(kBlockBytes, block->tuples);
    } catch (const SqlError& error) {
      RethrowReadError(error, table);
    }
    if (block->rows == 0) control.stop();
    return block;
  };
  const auto treat = [&](const std::shared_ptr<Block>& block) {
    if (!passes) treaters.Treat(*block);
    return block;
  };
  const auto write = [&](const std::shared_ptr<Block>& block) {
    job.loader->Write(block->tuples);
    progress_->Add(block->rows, block->tuples.size());
    blocks.Return(block);
  };
  using Shared = std::shared_ptr<Block>;
  job.arena.execute([&] {
    tbb::parallel_pipeline(
        kBlocks, tbb::make_filter<void, Shared>(tbb::filter_mode::serial_in_order, read) &
                     tbb::make_filter<Shared, Shared>(tbb::filter_mode::parallel, treat) &
                     tbb::make_filter<Shared, void>(tbb::filter_mode::serial_in_order, write));
  });
  job.loader->End(reader.rows());
  return reader.rows();
}

}  // namespace gdpr::batch
