// SPDX-License-Identifier: PostgreSQL
#include "batch/session/retry.hpp"

#include <gtest/gtest.h>

namespace gdpr::batch {
namespace {

TEST(BatchRetry, NeverRetriesACommitInDoubt) {
  for (int tries = 1; tries < 50; ++tries) {
    for (const char* sqlstate : {"08006", "57P01", "57P02", "40001", "XX000"}) {
      EXPECT_EQ(Decide({.sqlstate = sqlstate, .connection_lost = true, .committing = true}, tries),
                Action::kAskLedger);
    }
  }
}

TEST(BatchRetry, ACommitThatTheServerRefusedIsNotInDoubt) {
  EXPECT_EQ(Decide({.sqlstate = "40001", .committing = true}, 1), Action::kRetry);
}

TEST(BatchRetry, RetriesWhatMetAnotherTransaction) {
  for (const char* sqlstate : {"40001", "40P01", "55P03"}) {
    EXPECT_EQ(Decide({.sqlstate = sqlstate}, 1), Action::kRetry) << sqlstate;
    EXPECT_EQ(Decide({.sqlstate = sqlstate}, kTriesPerChunk), Action::kIsolate) << sqlstate;
  }
}

TEST(BatchRetry, ReconnectsWhenTheServerIsAway) {
  for (const char* sqlstate : {"08001", "08006", "57P01", "57P02", "57P03", "53300"}) {
    EXPECT_EQ(Decide({.sqlstate = sqlstate}, 1), Action::kReconnect) << sqlstate;
  }
  EXPECT_EQ(Decide({.sqlstate = "XX000", .connection_lost = true}, 1), Action::kReconnect);
}

TEST(BatchRetry, IsolatesWhatOnePersonBrings) {
  for (const char* sqlstate : {"22001", "23505", "23514", "23P01", "P0001", "PD001", "PD004"}) {
    EXPECT_EQ(Decide({.sqlstate = sqlstate}, 1), Action::kIsolate) << sqlstate;
  }
}

TEST(BatchRetry, StopsWhereEveryChunkWouldFail) {
  for (const char* sqlstate :
       {"42501", "42P01", "42883", "53100", "25006", "55000", "PD003", "XX000"}) {
    EXPECT_EQ(Decide({.sqlstate = sqlstate}, 1), Action::kStop) << sqlstate;
  }
}

TEST(BatchRetry, StopsAtOurOwnCancel) {
  EXPECT_EQ(Decide({.sqlstate = "57014", .cancelled = true}, 1), Action::kStop);
  EXPECT_EQ(Decide({.sqlstate = "08006", .connection_lost = true, .cancelled = true}, 1),
            Action::kStop);
}

TEST(BatchRetry, EndsForEveryError) {
  for (const char* sqlstate :
       {"40001", "40P01", "55P03", "08006", "57P01", "57014", "23505", "P0001"}) {
    EXPECT_EQ(Decide({.sqlstate = sqlstate}, 2 * kTriesPerChunk), Action::kStop) << sqlstate;
  }
}

TEST(BatchRetry, PausesGrowAndStayBounded) {
  EXPECT_LT(Backoff(0, 0.5), Backoff(3, 0.5));
  for (int tries = 0; tries < 1000; ++tries) {
    EXPECT_GE(Backoff(tries, 0.0).count(), 25);
    EXPECT_LE(Backoff(tries, 1.0).count(), 7500);
  }
}

}  // namespace
}  // namespace gdpr::batch
