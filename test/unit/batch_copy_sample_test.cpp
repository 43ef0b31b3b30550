// SPDX-License-Identifier: PostgreSQL
// What a sample is made of: sets of row addresses, and which table hangs on which.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "batch/copy/copy_sample_set.hpp"
#include "batch/copy/copy_sample_units.hpp"

namespace gdpr::batch {
namespace {

using Role = SampleRoles::Role;

TEST(CopySampleSet, IsASetWhateverOrderRowsComeIn) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  TidSet set;
  std::set<std::uint64_t> expected;
  for (int batch = 0; batch < 200; ++batch) {
    std::vector<std::uint64_t> tids(random() % 50);
    for (auto& tid : tids) tid = std::uint64_t{random() % 100} << 16U | random() % 20;
    std::set<std::uint64_t> fresh;
    for (const auto tid : tids) {
      if (expected.insert(tid).second) fresh.insert(tid);
    }
    const auto added = set.Add(std::move(tids));
    EXPECT_TRUE(std::ranges::equal(added, fresh));
  }
  EXPECT_EQ(set.size(), expected.size());
  EXPECT_TRUE(std::ranges::equal(set.Sorted(), expected));
  EXPECT_TRUE(set.Has(*expected.begin()));
  EXPECT_FALSE(set.Has(std::uint64_t{1} << 40U));
}

// 0 people, 1 staff (fewer), 2 orders → both, 3 items → orders, 4 products, 5 countries, 6 prices →
// products
struct Shop {
  std::vector<SampleUnit> units = {{.size = 1000, .people = true},
                                   {.size = 10, .small = true, .people = true},
                                   {.size = 9000},
                                   {.size = 20000},
                                   {.size = 30000},
                                   {.size = 5, .small = true},
                                   {.size = 6, .small = true}};
  std::vector<SampleReference> references = {{2, 1}, {2, 0}, {3, 2}, {3, 4}, {4, 5}, {6, 4}};
  std::vector<SampleTree> trees = {{.size = 10, .units = {1}}, {.size = 1000, .units = {0}}};
  SampleRoles roles() const { return DecideRoles(units, references, trees); }
};

TEST(CopySampleRoles, WhatRefersToPeopleHangsOnTheLargestTableOfThem) {
  const SampleRoles roles = Shop().roles();
  EXPECT_EQ(roles.roles[2], Role::kHangs);
  EXPECT_EQ(roles.roles[3], Role::kHangs);
  EXPECT_FALSE(roles.down.contains(0));  // orders do not follow the clerk who took them
  EXPECT_TRUE(roles.down.contains(1));
  EXPECT_TRUE(roles.down.contains(2));
  EXPECT_FALSE(roles.down.contains(3));  // items follow orders, not products
}

TEST(CopySampleRoles, OnlySmallTablesThatReferToNothingSampledAreWhole) {
  const SampleRoles roles = Shop().roles();
  EXPECT_EQ(roles.roles[5], Role::kWhole);
  EXPECT_EQ(roles.roles[4], Role::kDrawn);
  EXPECT_EQ(roles.roles[6], Role::kHangs);  // small, but whole it would bring every product along
  EXPECT_TRUE(roles.down.contains(5));
}

TEST(CopySampleRoles, AStoppedLinkLeadsNowhere) {
  Shop shop;
  shop.references[1].stopped = true;
  const SampleRoles roles = shop.roles();
  EXPECT_FALSE(roles.down.contains(1));
  EXPECT_TRUE(roles.down.contains(0));
}

TEST(CopySampleRoles, OfACircleTheLargestIsDrawn) {
  const SampleRoles roles = DecideRoles({{.size = 5}, {.size = 7}, {.size = 6}, {.size = 1}},
                                        {{0, 1}, {1, 2}, {2, 0}, {3, 0}, {3, 3}}, {});
  EXPECT_EQ(roles.roles,
            (std::vector<Role>{Role::kHangs, Role::kDrawn, Role::kHangs, Role::kHangs}));
  EXPECT_EQ(roles.down, (std::set<std::size_t>{0, 2, 3}));
}

}  // namespace
}  // namespace gdpr::batch
