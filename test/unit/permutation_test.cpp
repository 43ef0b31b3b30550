// SPDX-License-Identifier: PostgreSQL
#include "core/permutation.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "fake_fixture.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using test::ErrorOf;

constexpr std::array<std::uint8_t, 32> kKey = {1, 2, 3};

TEST(Permutation, GivesEveryNumberOfTheSetOnceAndTakesItBack) {
  Permutation permutation(kKey);
  std::vector<U128> sizes = {1000, 4096, 9999, 65'536, 100'003};
  for (U128 size = 1; size <= 130; ++size) sizes.push_back(size);
  for (const U128 size : sizes) {
    std::vector<bool> seen(static_cast<std::size_t>(size));
    for (U128 index = 0; index < size; ++index) {
      const U128 image = permutation.Forward("a", size, index);
      ASSERT_LT(image, size);
      ASSERT_FALSE(seen[static_cast<std::size_t>(image)]);
      seen[static_cast<std::size_t>(image)] = true;
      ASSERT_EQ(permutation.Backward("a", size, image), index);
    }
  }
}

TEST(Permutation, TakesBackWhatItGivesInLargeSets) {
  Permutation permutation(kKey);
  test::TestRandom random;
  for (unsigned bits = 20; bits <= 120; ++bits) {
    const U128 power = static_cast<U128>(1) << bits;
    for (const U128 size : {power, power - 1, power - random.Next() % 1000, power / 3 * 2 + 1}) {
      for (int i = 0; i < 20; ++i) {
        const U128 index = (static_cast<U128>(random.Next()) << 64U | random.Next()) % size;
        const U128 image = permutation.Forward("large", size, index);
        ASSERT_LT(image, size);
        ASSERT_EQ(permutation.Backward("large", size, image), index);
      }
    }
  }
}

TEST(Permutation, IsAnotherOneForEveryKeySizeAndTweak) {
  Permutation permutation(kKey);
  std::array<std::uint8_t, 32> other_key = kKey;
  other_key[31] = 1;
  Permutation other(other_key);
  const auto agreements = [](auto first, auto second) {
    int count = 0;
    for (U128 index = 0; index < 1000; ++index) count += first(index) == second(index) ? 1 : 0;
    return count;
  };
  const auto by = [&](Permutation& of, std::string_view tweak, U128 size) {
    return [&of, tweak, size](U128 index) { return of.Forward(tweak, size, index); };
  };
  // About one in a thousand agrees by chance.
  EXPECT_LT(agreements(by(permutation, "a", 1000), by(permutation, "b", 1000)), 10);
  EXPECT_LT(agreements(by(permutation, "a", 1000), by(permutation, "a", 1001)), 10);
  EXPECT_LT(agreements(by(permutation, "a", 1000), by(other, "a", 1000)), 10);
  EXPECT_LT(agreements(by(permutation, "", 1000), by(permutation, {"\0", 1}, 1000)), 10);
  const std::string long_tweak(100, 'x');
  EXPECT_LT(agreements(by(permutation, long_tweak, 1000),
                       by(permutation, std::string_view(long_tweak).substr(1), 1000)),
            10);
}

TEST(Permutation, SpreadsEvenly) {
  Permutation permutation(kKey);
  std::array<int, 10> counts{};
  constexpr U128 kSize = 10'000'000'000;
  for (U128 index = 0; index < 20'000; ++index) {
    ++counts[static_cast<std::size_t>(permutation.Forward("phone", kSize, index) / (kSize / 10))];
  }
  for (const int count : counts) {
    EXPECT_GT(count, 1800);
    EXPECT_LT(count, 2200);
  }
}

TEST(Permutation, GivesTheSameWhateverItGaveBefore) {
  Permutation permutation(kKey);
  test::TestRandom random;
  for (int i = 0; i < 2'000; ++i) {
    const std::string tweak = "column " + std::to_string(random.Below(60));
    const U128 size = 100 + random.Below(3);
    const U128 index = random.Below(100);
    Permutation fresh(kKey);
    ASSERT_EQ(permutation.Forward(tweak, size, index), fresh.Forward(tweak, size, index));
    ASSERT_EQ(permutation.Backward(tweak, size, index), fresh.Backward(tweak, size, index));
  }
}

TEST(Permutation, AWalkMeetsWhatOneStepAfterTheOtherMeets) {
  constexpr U128 kMany = static_cast<U128>(1) << 24U;
  const TypeFacts type;
  std::string out;
  const fake::Call call{
      *FindKind("phone"), type, "1", 1, false, false, {}, Locale::kNone, Locale::kNone,
      test::TestKeys(),   out};
  const std::vector<U128> sizes = {2, 999, 1000, 1001, kMany, kMany + 1, kMany << 40U};
  for (const U128 size : sizes) {
    U128 index = size / 2;
    fake::Walk walk(call, "walk", size, index);
    for (int step = 0; step < 1'500; ++step) {
      const U128 before = index;
      index = call.Permute("walk", size, index);
      ASSERT_EQ(walk.Next(), index);
      if (size >= 1000 && size <= kMany) {
        ASSERT_NE(index, before);
      }
    }
  }
}

// One cycle through all of a small set: nobody keeps a number of few digits.
TEST(Permutation, OfASmallSetNothingStaysAndEverythingIsGivenOnce) {
  const TypeFacts type;
  std::string out;
  const fake::Call call{
      *FindKind("phone"), type, "1", 1, false, false, {}, Locale::kNone, Locale::kNone,
      test::TestKeys(),   out};
  std::vector<std::uint32_t> sizes = {1000, 4096, 10'000};
  if (test::Long()) sizes.insert(sizes.end(), {100'000, 1'000'000, 9'999'999, 1U << 24U});
  for (const std::uint32_t size : sizes) {
    std::vector<bool> seen(size);
    for (std::uint32_t index = 0; index < size; ++index) {
      const auto image = static_cast<std::uint32_t>(call.Permute("small", size, index));
      ASSERT_NE(image, index) << size;
      ASSERT_FALSE(seen[image]) << size;
      seen[image] = true;
    }
  }
}

TEST(Permutation, RefusesWhatIsNotInTheSet) {
  Permutation permutation(kKey);
  EXPECT_EQ(ErrorOf([&] { permutation.Forward("", 10, 10); }).sqlstate, "XX000");
  EXPECT_EQ(ErrorOf([&] { permutation.Forward("", 0, 0); }).sqlstate, "XX000");
  EXPECT_EQ(ErrorOf([&] { permutation.Forward("", Permutation::kMostSize + 1, 0); }).sqlstate,
            "XX000");
}

}  // namespace
}  // namespace gdpr
