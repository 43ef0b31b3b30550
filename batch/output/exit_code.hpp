// SPDX-License-Identifier: PostgreSQL
#pragma once

namespace gdpr::batch {

/// What gdpr-batch returns to the shell. Part of the contract: schedulers depend on it.
enum class ExitCode : int {
  kDone = 0,   ///< everything asked for is done; people held back are reported, not a failure
  kUsage = 1,  ///< the command line is wrong
  kConfiguration = 2,  ///< config file, key list, preflight or rights forbid the run
  kDatabase = 3,       ///< the database cannot be reached or refused; the run can be resumed
  kMismatch = 4,       ///< version of the extension or fingerprint of the key differs
  kSomeFailed =
      5,  ///< some people or chunks failed (or were not found); the audit log is not as sealed
  kStopped = 6,  ///< stopped by a signal or the end of the window; the run can be resumed
};

}  // namespace gdpr::batch
