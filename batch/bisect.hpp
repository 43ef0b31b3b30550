// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "batch/sql_error.hpp"

namespace gdpr::batch {

/// The steps of a chunk's transaction that isolating a bad person needs; a fake stands in for
/// tests.
class ChunkSteps {
 public:
  virtual ~ChunkSteps() = default;
  virtual void Savepoint() = 0;
  virtual void RollbackToSavepoint() = 0;
  virtual void ReleaseSavepoint() = 0;
  /// Erases people first to last (from 1). Throws SqlError.
  virtual void Erase(int first, int last) = 0;
  /// Records that one person could not be erased.
  virtual void Fail(int person, const SqlError& error) = 0;
};

constexpr int kTriesPerPerson = 3;

/// Erases people 1 to `people` of a chunk. A part that fails is halved until single people are
/// left; one who fails alone is recorded with the reason, the others stay erased. A unique
/// violation of a single person is tried three times: surrogates are random, so the next ones
/// differ. in      patient  true: lock and deadlock errors also blame the person, after the same
/// three tries out     how many people were recorded as failed throws  SqlError that blames no
/// person (the transaction must be rolled back)
int EraseIsolating(ChunkSteps& steps, int people, bool patient);

}  // namespace gdpr::batch
