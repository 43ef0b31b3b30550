// SPDX-License-Identifier: PostgreSQL
#include "batch/night/upkeep.hpp"

#include <thread>

#include "batch/output/log.hpp"
#include "batch/output/progress.hpp"
#include "batch/queries.hpp"
#include "batch/session/retry.hpp"

namespace gdpr::batch {
namespace {

/// Sealing comes before anything is dropped: only what is sealed may go. Then the anchor, so that
/// it knows of the seal over what was dropped. A drain that found nothing more has removed the
/// files.
const UpkeepStep kSteps[] = {
    {"partitions", query::kNightlyPartitions, "partitions made for the months to come"},
    {"drain", query::kNightlyDrain, "reads taken out of the spool", true},
    {"seal", query::kNightlySeal, "changes sealed", true},
    {"expire_audit", query::kNightlyExpireAudit, "changes older than gdpr.audit_retention dropped"},
    {"expire_access", query::kNightlyExpireAccess,
     "months older than gdpr.access_retention dropped"},
    {"anchor", query::kNightlyAnchor, "is the newest seal that the anchor has", false, true},
    {"expire_proofs", query::kNightlyExpireProofs,
     "proofs older than gdpr.proof_retention dropped"},
    {"expire_sign_ups", query::kNightlyExpireSignUps, "sign-ups expired"},
};

std::optional<std::int64_t> Once(Connection& connection, const UpkeepStep& step,
                                 const Signals& signals) {
  for (int tries = 1;; ++tries) {
    try {
      connection.Begin();
      const Result result = connection.Execute(step.query);
      connection.Commit();
      if (result.IsNull(0, 0)) return std::nullopt;
      return result.Int(0, 0);
    } catch (const SqlError& error) {
      connection.Rollback();
      if (!IsTransient(error.sqlstate()) || tries >= kTriesPerChunk || signals.stop_requested()) {
        throw;
      }
      std::this_thread::sleep_for(Backoff(tries, 1));
    }
  }
}

}  // namespace

std::span<const UpkeepStep> UpkeepSteps() {
  return kSteps;
}

void DoUpkeep(Connection& connection, const UpkeepStep& step, const Signals& signals, bool terminal,
              std::optional<std::int64_t>& total) {
  do {
    if (signals.stop_requested()) return;
    const std::optional<std::int64_t> count = Once(connection, step, signals);
    total = count && step.repeat ? total.value_or(0) + *count : count;
    if (!count || *count == 0) return;
    if (terminal && step.repeat) SetStatusLine(FormatCount(*total) + " " + step.what);
  } while (step.repeat);
}

}  // namespace gdpr::batch
