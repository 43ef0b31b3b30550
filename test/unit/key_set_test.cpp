// SPDX-License-Identifier: PostgreSQL
#include "core/key_set.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace gdpr {
namespace {

constexpr std::size_t kPlenty = 1U << 30;
using Sort = KeySet::Sort;

std::mt19937_64 Random(const char* test) {
  const auto seed = std::random_device{}();
  ::testing::Test::RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE(test);
  std::cout << test << ": seed " << seed << "\n";
  return std::mt19937_64(seed);
}

TEST(KeySet, NothingIsInAnEmptySet) {
  const KeySet integers(Sort::kIntegers, kPlenty);
  const KeySet uuids(Sort::kUuids, kPlenty);
  const KeySet bytes(Sort::kBytes, kPlenty);
  EXPECT_FALSE(integers.Contains(std::int64_t{0}));
  EXPECT_FALSE(uuids.Contains(KeySet::Uuid{0, 0}));
  EXPECT_FALSE(bytes.Contains(std::string_view()));
  EXPECT_EQ(integers.Bytes() + uuids.Bytes() + bytes.Bytes(), 0U);
}

TEST(KeySet, IntegersAnswerLikeStdSet) {
  std::mt19937_64 random = Random("integers");
  // Dense, strided, scattered, and around the ends of the type
  for (const std::uint64_t mask : {0xFFFULL, 0xFFF00ULL, ~0ULL, 0xFFF0000000000000ULL}) {
    KeySet set(Sort::kIntegers, kPlenty, random());
    std::set<std::int64_t> truth;
    for (int i = 0; i < 20000; ++i) {
      const auto key = static_cast<std::int64_t>(random() & mask);
      if (i % 3 != 0) {
        ASSERT_TRUE(set.Add(key));
        truth.insert(key);
      }
      ASSERT_EQ(set.Contains(key), truth.contains(key)) << key;
      ASSERT_EQ(set.Contains(key + 1), truth.contains(key + 1)) << key;
      ASSERT_EQ(set.Contains(~key), truth.contains(~key)) << key;
    }
    EXPECT_EQ(set.Size(), truth.size());
    for (const std::int64_t key : truth) ASSERT_TRUE(set.Contains(key));
  }
}

TEST(KeySet, TheEndsOfTheTypeAreKeysLikeOthers) {
  using Limits = std::numeric_limits<std::int64_t>;
  KeySet set(Sort::kIntegers, kPlenty);
  for (const std::int64_t key : {Limits::min(), std::int64_t{-1}, std::int64_t{0}, Limits::max()}) {
    EXPECT_FALSE(set.Contains(key));
    EXPECT_TRUE(set.Add(key));
    EXPECT_TRUE(set.Contains(key));
  }
  EXPECT_FALSE(set.Contains(std::int64_t{1}));
  EXPECT_FALSE(set.Contains(std::int64_t{-2}));
  EXPECT_EQ(set.Size(), 4U);
}

TEST(KeySet, UuidsAnswerLikeStdSet) {
  std::mt19937_64 random = Random("uuids");
  KeySet set(Sort::kUuids, kPlenty, random());
  std::set<std::pair<std::uint64_t, std::uint64_t>> truth;
  for (int i = 0; i < 60000; ++i) {
    // Few different halves, so that keys share one of them
    const KeySet::Uuid key{random() % 200, random() % 200};
    if (i % 2 == 0) {
      ASSERT_TRUE(set.Add(key));
      truth.insert({key.high, key.low});
    }
    ASSERT_EQ(set.Contains(key), truth.contains({key.high, key.low}));
  }
  EXPECT_EQ(set.Size(), truth.size());
}

TEST(KeySet, BytesAnswerLikeStdSet) {
  std::mt19937_64 random = Random("bytes");
  KeySet set(Sort::kBytes, kPlenty, random());
  std::set<std::string> truth;
  for (int i = 0; i < 30000; ++i) {
    std::string key(random() % 40, '\0');
    for (char& c : key) c = static_cast<char>(random() % 2);
    if (i % 2 == 0) {
      ASSERT_TRUE(set.Add(std::string_view(key)));
      truth.insert(key);
    }
    ASSERT_EQ(set.Contains(std::string_view(key)), truth.contains(key));
  }
  EXPECT_EQ(set.Size(), truth.size());
  for (const std::string& key : truth) ASSERT_TRUE(set.Contains(std::string_view(key)));
}

TEST(KeySet, KeysThatDifferOnlyInLengthDiffer) {
  KeySet set(Sort::kBytes, kPlenty);
  const std::string zeros(33, '\0');
  for (std::size_t length = 0; length <= zeros.size(); length += 2) {
    ASSERT_TRUE(set.Add(std::string_view(zeros.data(), length)));
  }
  for (std::size_t length = 0; length <= zeros.size(); ++length) {
    EXPECT_EQ(set.Contains(std::string_view(zeros.data(), length)), length % 2 == 0) << length;
  }
}

// What does not fit is refused; what was added before stays, and nothing else appears.
TEST(KeySet, TheLimitIsKeptAndNothingIsLost) {
  for (const std::size_t limit : {0U, 100U, 1500U, 10000U, 100000U}) {
    KeySet integers(Sort::kIntegers, limit);
    KeySet uuids(Sort::kUuids, limit);
    KeySet bytes(Sort::kBytes, limit);
    std::int64_t fit[3] = {0, 0, 0};
    while (integers.Add(fit[0] * 1000)) ++fit[0];
    while (uuids.Add(KeySet::Uuid{static_cast<std::uint64_t>(fit[1]), 7})) ++fit[1];
    while (bytes.Add(std::string_view(std::to_string(fit[2])))) ++fit[2];
    for (const KeySet* set : {&integers, &uuids, &bytes}) EXPECT_LE(set->Bytes(), limit);
    for (std::int64_t i = 0; i < 20000; ++i) {
      ASSERT_EQ(integers.Contains(i * 1000), i < fit[0]);
      ASSERT_EQ(uuids.Contains(KeySet::Uuid{static_cast<std::uint64_t>(i), 7}), i < fit[1]);
      ASSERT_EQ(bytes.Contains(std::string_view(std::to_string(i))), i < fit[2]);
    }
    EXPECT_EQ(integers.Size(), static_cast<std::size_t>(fit[0]));
  }
}

TEST(KeySet, AKeyThatIsThereIsAddedAgainEvenWhenItIsFull) {
  KeySet set(Sort::kUuids, 4096);
  std::uint64_t count = 1;
  while (set.Add(KeySet::Uuid{count, count})) ++count;
  EXPECT_TRUE(set.Add(KeySet::Uuid{1, 1}));
  EXPECT_EQ(set.Size(), count - 1);
}

TEST(KeySet, AMillionDensePeopleTakeLessThanAMegabyte) {
  KeySet set(Sort::kIntegers, 1U << 20);
  for (std::int64_t key = 1; key <= 1000000; ++key) ASSERT_TRUE(set.Add(key));
  EXPECT_LT(set.Bytes(), std::size_t{1} << 20);
}

TEST(KeySet, RoomMadeAtOnceTakesNoMoreThanItNeeds) {
  KeySet set(Sort::kUuids, kPlenty);
  ASSERT_TRUE(set.Reserve(1000000));
  const std::size_t before = set.Bytes();
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000000; ++i) ASSERT_TRUE(set.Add(KeySet::Uuid{random(), random()}));
  EXPECT_EQ(set.Bytes(), before);
  EXPECT_LT(before, std::size_t{22000000});
  EXPECT_FALSE(set.Reserve(std::numeric_limits<std::size_t>::max()));
  EXPECT_FALSE(set.Reserve(kPlenty / 16));
  EXPECT_EQ(set.Size(), 1000000U);
}

}  // namespace
}  // namespace gdpr
