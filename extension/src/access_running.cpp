// SPDX-License-Identifier: PostgreSQL
// Whether a statement that read audited relations and has not ended is still at it.
#include "extension/src/compat.hpp"

#include "extension/src/pg.hpp"

using namespace gdpr::pg;

namespace {

// A statement stays open, as a cursor does, until its transaction ends; one that commits on its
// way, as CALL can, is older than its transaction.
bool IsAt(const PgBackendStatus& process, TimestampTz began) {
  if (process.st_xact_start_timestamp == 0) return false;
  return process.st_xact_start_timestamp <= began ||
         (process.st_state == STATE_RUNNING && process.st_activity_start_timestamp <= began);
}

}  // namespace

// gdpr_internal.is_running(pid int4, started timestamptz, at timestamptz) -> bool
GDPR_FUNCTION(gdpr_is_running) {
  int32 pid = PG_GETARG_INT32(0);
  TimestampTz started = PG_GETARG_TIMESTAMPTZ(1);
  TimestampTz began = PG_GETARG_TIMESTAMPTZ(2);
  int count = pgstat_fetch_stat_numbackends();
  for (int i = 1; i <= count; i++) {
    const LocalPgBackendStatus* process = BackendStatus(i);
    if (process == nullptr || process->backendStatus.st_procpid != pid) continue;
    PG_RETURN_BOOL(process->backendStatus.st_proc_start_timestamp == started &&
                   IsAt(process->backendStatus, began));
  }
  PG_RETURN_BOOL(false);
}
