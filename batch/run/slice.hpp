// SPDX-License-Identifier: PostgreSQL
#pragma once

namespace gdpr::batch {

/// How many people the next transaction should take on, so that it lasts about as long as it
/// should: no lock is held much longer, and no time is lost in transactions that are too short.
/// Starts small, since the first one shows what a person costs. Pure; one for each worker.
class SliceSize {
 public:
  /// in  seconds  what a transaction should take;  most  people in a chunk
  SliceSize(double seconds, int most);

  /// A chunk is cut in even parts: 700 of 1,000 would leave a part of 300 behind each time.
  int Next() const;
  /// What a transaction with that many people took.
  void Took(int people, double seconds);
  /// It took too long to end at all: fewer than what is worth a transaction, if it must be.
  void Shrink();

 private:
  double seconds_;
  int most_;
  double least_, size_;
};

}  // namespace gdpr::batch
