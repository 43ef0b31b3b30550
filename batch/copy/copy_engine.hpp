// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <string>
#include <vector>

#include "batch/copy/copy_plan.hpp"
#include "batch/copy/copy_progress.hpp"
#include "batch/copy/copy_target.hpp"
#include "batch/run/signals.hpp"

namespace gdpr::batch {

/// What became of a table.
struct CopiedTable {
  std::int64_t rows = 0;
  int parts_left = 0;
  bool earlier = false;  ///< it was there already, from the snapshot of an earlier process
  std::string failure;   ///< why it cannot be copied, without values; empty: all is well
  double seconds = 0;
};

/// The rows of a copy: N connections to the source and N to the target, each pair with a pipeline
/// of its own: read | treat | write.
class CopyEngine {
 public:
  CopyEngine(CopyLeader& leader, CopyTarget& target, const Options& options, Signals& signals);

  /// Copies what is not whole yet. out  by table
  /// throws  what no table is to blame for: connections that stay away, a full disk
  std::vector<CopiedTable> Run(const CopyState& state);

  /// Ended by a signal.
  bool stopped() const { return stopped_; }

 private:
  struct Job;
  void Work();
  bool DoPart(Job& job, const CopyPart& part);
  std::int64_t Stream(Job& job, const CopyPart& part);
  bool MayTryAgain(const SqlError& error, int tries, std::chrono::steady_clock::time_point begun);
  void Fail(const CopyPart& part, const std::string& why);

  CopyLeader& leader_;
  CopyTarget& target_;
  const Options& options_;
  Signals& signals_;
  CopyProgress* progress_ = nullptr;
  std::vector<CopyPart> parts_;
  std::vector<CopiedTable> tables_;
  std::mutex mutex_;  ///< of tables_ and failure_
  std::exception_ptr failure_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> end_ = false, stopped_ = false;
};

}  // namespace gdpr::batch
