// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "batch/session/sql_error.hpp"

namespace gdpr::batch {

/// The steps of a slice's transaction that isolating a bad person needs; a fake stands in for
/// tests.
class SliceSteps {
 public:
  virtual ~SliceSteps() = default;
  virtual void Savepoint() = 0;
  virtual void RollbackToSavepoint() = 0;
  virtual void ReleaseSavepoint() = 0;
  /// Does the job for people first to last of the chunk (from 1). Throws SqlError.
  virtual void Work(int first, int last) = 0;
  /// Records that one person could not be done.
  virtual void Fail(int person, const SqlError& error) = 0;
};

constexpr int kTriesPerPerson = 3;

/// Does the job for people first to last of a chunk. A part that fails is halved until single
/// people are left; one who fails alone is recorded with the reason, the others stay done. A unique
/// violation of a single person is tried three times: surrogates are random, so the next ones
/// differ. in      patient  true: lock and deadlock errors also blame the person, after the same
/// three tries out     how many people were recorded as failed throws  SqlError that blames no
/// person (the transaction must be rolled back)
int WorkIsolating(SliceSteps& steps, int first, int last, bool patient);

}  // namespace gdpr::batch
