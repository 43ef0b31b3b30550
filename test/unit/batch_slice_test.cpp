// SPDX-License-Identifier: PostgreSQL
#include "batch/run/slice.hpp"

#include <gtest/gtest.h>

namespace gdpr::batch {
namespace {

/// Works until the size has settled, each person costing that much; the last size.
int Settled(SliceSize& size, double per_person, double fixed = 0) {
  for (int i = 0; i < 40; ++i) {
    const int people = size.Next();
    size.Took(people, fixed + people * per_person);
  }
  return size.Next();
}

TEST(BatchSlice, BeginsSmallAndNeverPassesTheChunk) {
  EXPECT_EQ(SliceSize(1.0, 1000).Next(), 200);
  EXPECT_EQ(SliceSize(1.0, 30).Next(), 30);
  SliceSize fast(1.0, 1000);
  EXPECT_EQ(Settled(fast, 0.000001), 1000);
}

TEST(BatchSlice, LastsAboutAsLongAsItShould) {
  for (const double per_person : {0.0005, 0.002, 0.01, 0.04}) {
    SliceSize size(1.0, 100000);
    const double seconds = Settled(size, per_person) * per_person;
    EXPECT_GT(seconds, 0.4) << per_person;
    EXPECT_LT(seconds, 1.1) << per_person;
  }
}

TEST(BatchSlice, AServerThatBecomesSlowGetsSmallerOnes) {
  SliceSize size(1.0, 1000);
  EXPECT_EQ(Settled(size, 0.0001), 1000);
  EXPECT_LE(Settled(size, 0.02), 50);
  EXPECT_EQ(Settled(size, 0.0001), 1000);
}

TEST(BatchSlice, AServerThatIsBusyDoesNotMakeThemWorthless) {
  SliceSize size(0.05, 1000);
  EXPECT_EQ(Settled(size, 0.0001, 0.2), 20);  // the transaction alone takes longer than it should
  EXPECT_EQ(SliceSize(0.05, 7).Next(), 7);
}

TEST(BatchSlice, PeopleWhoTakeTooLongAreTakenOneByOne) {
  SliceSize size(0.1, 1000);
  Settled(size, 5.0);
  size.Shrink();
  size.Shrink();
  EXPECT_EQ(Settled(size, 5.0), 1);
  size.Shrink();
  EXPECT_EQ(size.Next(), 1);
}

TEST(BatchSlice, TheRestOfAChunkDoesNotMakeItSmaller) {
  SliceSize size(1.0, 1000);
  Settled(size, 0.002);
  const int before = size.Next();
  size.Took(3, 0.01);
  EXPECT_GE(size.Next(), before);
  size.Took(0, 0);
  EXPECT_GE(size.Next(), before);
}

TEST(BatchSlice, AChunkIsCutInEvenParts) {
  SliceSize size(1.0, 1000);
  EXPECT_EQ(Settled(size, 0.00135), 500);  // 740 would leave 260 behind
}

}  // namespace
}  // namespace gdpr::batch
