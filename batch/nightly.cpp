// SPDX-License-Identifier: PostgreSQL
#include "batch/nightly.hpp"

#include <unistd.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "batch/fault.hpp"
#include "batch/handshake.hpp"
#include "batch/log.hpp"
#include "batch/options.hpp"
#include "batch/progress.hpp"
#include "batch/queries.hpp"
#include "batch/retry.hpp"

namespace gdpr::batch {
namespace {

/// A step of the night. `repeat`: until it has nothing to do, each time a transaction of its own.
struct Step {
  const char* name;
  std::string_view query;
  const char* what;  ///< for the report: "12 events sealed"
  bool repeat = false;
  bool newest = false;  ///< the answer is a number of something, not how many
};

/// Sealing comes before anything is dropped: only what is sealed may go. Then the anchor, so that
/// it knows of the seal over what was dropped. A drain that found nothing more has removed the
/// files.
const Step kSteps[] = {
    {"partitions", query::kNightlyPartitions, "partitions made for the months to come"},
    {"drained", query::kNightlyDrain, "reads taken out of the spool", true},
    {"sealed", query::kNightlySeal, "changes sealed", true},
    {"dropped", query::kNightlyExpireAudit, "changes dropped at the end of gdpr.audit_retention"},
    {"reads_dropped", query::kNightlyExpireAccess,
     "months of reads dropped at the end of gdpr.access_retention"},
    {"anchored", query::kNightlyAnchor, "is the newest seal that the anchor has", false, true},
    {"proofs", query::kNightlyExpireProofs, "proofs dropped at the end of gdpr.proof_retention"},
    {"sign_ups", query::kNightlyExpireSignUps, "sign-ups expired"},
};

class Night {
 public:
  Night(Connection& connection, const Signals& signals, bool terminal)
      : connection_(connection), signals_(signals), terminal_(terminal) {}

  /// False: it failed, and error() says how.
  bool Do(const Step& step) {
    try {
      do {
        if (signals_.stop_requested()) return false;
        const std::optional<std::int64_t> count = Once(step);
        if (count && step.repeat) total_ = total_.value_or(0) + *count;
        if (!step.repeat) total_ = count;
        if (terminal_ && step.repeat) SetStatusLine(FormatCount(*total_) + " " + step.what);
        if (!count || *count == 0) break;
      } while (step.repeat);
      return true;
    } catch (const SqlError& error) {
      if (!error_) error_ = std::current_exception();
      Log(Level::kError, "step_failed", {{"step", step.name}, {"sqlstate", error.sqlstate()}});
      if (error.poisons_connection()) throw;
      return false;
    }
  }

  /// Of the last step; also what it did before it failed.
  std::optional<std::int64_t> TakeTotal() {
    if (terminal_) SetStatusLine({});
    return std::exchange(total_, std::nullopt);
  }

  std::exception_ptr error() const { return error_; }

 private:
  /// Somebody in the way is waited for, a few times.
  std::optional<std::int64_t> Once(const Step& step) {
    for (int tries = 1;; ++tries) {
      try {
        connection_.Begin();
        const Result result = connection_.Execute(step.query);
        connection_.Commit();
        if (result.IsNull(0, 0)) return std::nullopt;
        return result.Int(0, 0);
      } catch (const SqlError& error) {
        connection_.Rollback();
        if (!IsTransient(error.sqlstate()) || tries >= kTriesPerChunk ||
            signals_.stop_requested()) {
          throw;
        }
        std::this_thread::sleep_for(Backoff(tries, 1));
      }
    }
  }

  Connection& connection_;
  const Signals& signals_;
  bool terminal_;
  std::optional<std::int64_t> total_;
  std::exception_ptr error_;
};

ExitCode Preview(Connection& connection, const Options& options) {
  const Result result = connection.Execute(query::kNightlyPreview);
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"dry_run", true},
                                        {"unsealed", result.Int(0, 0)},
                                        {"expired_months", result.Int(0, 1)}}
                     .dump()
              << std::endl;
  } else {
    std::cout << FormatCount(result.Int(0, 0)) << " changes wait for their seal\n"
              << FormatCount(result.Int(0, 1)) << " months are older than gdpr.audit_retention\n";
  }
  return ExitCode::kDone;
}

}  // namespace

ExitCode Nightly(const Options& options, Signals& signals) {
  Connection connection = ConnectAndShakeHands(options);
  signals.Watch(&connection, connection.canceller());
  if (options.dry_run) return Preview(connection, options);
  const auto begun = std::chrono::steady_clock::now();
  Night night(connection, signals, !options.json && isatty(STDERR_FILENO) != 0);
  nlohmann::ordered_json report;
  for (const Step& step : kSteps) {
    const bool done = night.Do(step);
    const std::optional<std::int64_t> total = night.TakeTotal();
    report[step.name] = total ? nlohmann::ordered_json(*total) : nlohmann::ordered_json();
    if (total) Log(Level::kInfo, "step", {{"step", step.name}, {"count", *total}});
    if (options.json || !total) continue;
    std::cout << (step.newest ? "seal " + std::to_string(*total) : FormatCount(*total)) << " "
              << step.what << (done ? "" : " (not finished)") << "\n";
  }
  signals.Forget(&connection);
  report["seconds"] =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  if (options.json) std::cout << report.dump() << std::endl;
  if (signals.stop_requested()) {
    throw Fault(ExitCode::kStopped, "the night was stopped by a signal",
                "What was done is committed.", "Run gdpr-batch nightly again.");
  }
  if (night.error()) std::rethrow_exception(night.error());
  return ExitCode::kDone;
}

}  // namespace gdpr::batch
