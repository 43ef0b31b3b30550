// SPDX-License-Identifier: PostgreSQL
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "core/check_digit.hpp"
#include "core/iban_plan.hpp"
#include "fake_fixture.hpp"

namespace gdpr::test {
namespace {

constexpr std::array kAll = {Locale::kEn, Locale::kDe, Locale::kFr, Locale::kEs,
                             Locale::kIt, Locale::kNl, Locale::kPt, Locale::kPl};

std::string Compact(std::string_view text) {
  std::string compact;
  for (const char c : text) {
    if (c != ' ' && c != '-') compact.push_back(static_cast<char>(c >= 'a' ? c - 32 : c));
  }
  return compact;
}

// A second way to say it: the whole number modulo 97, and the national check digits.
bool IsValid(std::string_view text) {
  const std::string iban = Compact(text);
  if (iban.size() < 5) return false;
  const iban::Plan* plan = iban::FindPlan(iban.substr(0, 2));
  return plan != nullptr && check::Mod97(iban.substr(4) + iban.substr(0, 4)) == 1 &&
         iban::Fits(*plan, iban.substr(4)) && iban::PassesNational(*plan, iban.substr(4));
}

// The valid IBAN of a country that a number gives: different numbers below 10^7 give different
// ones.
std::string Valid(const iban::Plan& plan, std::size_t number) {
  for (std::size_t salt = 0;; ++salt) {
    std::string bban;
    TestRandom random(number * 8191 + salt);
    unsigned count = 0;
    for (const char c : plan.structure) {
      if (c >= '0' && c <= '9') {
        count = count * 10 + static_cast<unsigned>(c - '0');
        continue;
      }
      for (; count > 0; --count) {
        bban.push_back(c == 'a' || (c == 'c' && random.Below(4) == 0)
                           ? static_cast<char>('A' + random.Below(26))
                           : static_cast<char>('0' + random.Below(10)));
      }
    }
    if (!iban::SetNational(plan, bban)) continue;
    const std::string digits = std::to_string(100 + iban::CheckDigits(plan, bban)).substr(1);
    return std::string(plan.country) + digits + bban;
  }
}

TEST(FakeIban, AValidOneStaysValidInItsCountryWithItsSpelling) {
  for (const iban::Plan& plan : iban::Plans()) {
    for (std::size_t i = 0; i < Many() / 40; ++i) {
      const std::string iban = Valid(plan, i);
      ASSERT_TRUE(IsValid(iban)) << iban;
      const std::string fake = FakeOf("iban", iban);
      ASSERT_TRUE(IsValid(fake)) << iban << ' ' << fake;
      ASSERT_EQ(Spelling(fake), Spelling(iban));
      ASSERT_EQ(fake.substr(0, 2), iban.substr(0, 2));
      ASSERT_EQ(FakeOf("iban", iban, {.unique = true}), fake);
      ASSERT_EQ(FakeOf("iban", iban, {.room = iban.size()}), fake);
      ASSERT_EQ(FakeOf("bank_account", iban), fake);
    }
  }
}

TEST(FakeIban, GroupsSmallLettersAndALabelStay) {
  const std::string fake = FakeOf("iban", "GB82WEST12345698765432");
  const auto grouped = [](std::string text) {
    for (std::size_t at = 4; at < text.size(); at += 5) text.insert(at, 1, ' ');
    return text;
  };
  EXPECT_EQ(FakeOf("iban", "GB82 WEST 1234 5698 7654 32"), grouped(fake));
  EXPECT_EQ(FakeOf("iban", "IBAN: GB82 WEST 1234 5698 7654 32"), "IBAN: " + grouped(fake));
  std::string small = fake;
  for (char& c : small) c = static_cast<char>(c >= 'A' ? c | 0x20 : c);
  EXPECT_EQ(FakeOf("iban", "gb82west12345698765432"), small);
  EXPECT_NE(fake, "GB82WEST12345698765432");
}

TEST(FakeIban, DifferentOnesStayDifferent) {
  for (const char* country : {"DE", "ES", "NO", "BE"}) {
    const iban::Plan& plan = *iban::FindPlan(country);
    const std::size_t in =
        CountDistinct(VeryMany() / 4, [&](std::size_t i) { return Valid(plan, i); });
    EXPECT_EQ(CountDistinct(VeryMany() / 4,
                            [&](std::size_t i) { return FakeOf("iban", Valid(plan, i)); }),
              in);
  }
}

// All check digits there are for one account: one of them is right, and all become different.
TEST(FakeIban, WrongCheckDigitsDoNotMeetRightOnes) {
  const auto text = [](std::size_t i) {
    const std::string account = std::to_string(1000000000 + i / 100);
    return "ES912100041845" + std::to_string(100 + i % 100).substr(1) + account.substr(2);
  };
  EXPECT_EQ(CountDistinct(20'000,
                          [&](std::size_t i) { return FakeOf("iban", text(i), {.unique = true}); }),
            20'000U);
}

TEST(FakeIban, WhatIsNoneBecomesAValidOneOfTheLocale) {
  for (const Locale locale : kAll) {
    for (std::size_t i = 0; i < Many(); ++i) {
      const std::string fake = FakeOf("iban", "none " + std::to_string(i), {.locale = locale});
      ASSERT_TRUE(IsValid(fake)) << fake;
      ASSERT_EQ(fake.substr(0, 2), CountryOf(locale));
    }
    EXPECT_EQ(FakeOf("iban", "none", {.row = locale}).substr(0, 2), CountryOf(locale));
  }
  EXPECT_EQ(FakeOf("iban", "none").substr(0, 2), "GB");
  EXPECT_EQ(FakeOf("iban", "AT00 wrong").substr(0, 2), "AT");
  EXPECT_EQ(FakeOf("iban", "AT00 wrong", {.locale = Locale::kFr}).substr(0, 2), "FR");
}

TEST(FakeIban, WhatIsNoneAndMustBeUniqueCarriesTheBits) {
  const auto make = [](std::size_t room) {
    return [room](std::size_t i) {
      return FakeOf("iban", "?" + std::to_string(i), {.unique = true, .room = room});
    };
  };
  EXPECT_EQ(CountDistinct(20'000, make(34)), 20'000U);
  EXPECT_EQ(CountDistinct(20'000, make(22)), 20'000U);
  EXPECT_TRUE(IsValid(make(34)(1))) << make(34)(1);
  EXPECT_TRUE(IsValid(make(22)(1)));
  EXPECT_EQ(make(22)(1).size(), 22U);
  EXPECT_EQ(CountDistinct(20'000, make(21)), 20'000U);
  EXPECT_EQ(Spelling(make(21)(1)), "?9");
  EXPECT_THROW(FakeOf("iban", "\xC3\x84", {.unique = true, .room = 15}), Error);
}

TEST(FakeIban, ASeedDecidesAloneUnlessItMustBeUnique) {
  const std::string one = "DE89370400440532013000";
  const std::string two = "DE75512108001245126199";
  const std::string fake = FakeOf("iban", one, {.seed = "p1"});
  EXPECT_TRUE(IsValid(fake));
  EXPECT_EQ(FakeOf("iban", two, {.seed = "p1"}), fake);
  EXPECT_NE(FakeOf("iban", one, {.seed = "p2"}), fake);
  const std::string unique = FakeOf("iban", one, {.unique = true, .seed = "p1"});
  EXPECT_TRUE(IsValid(unique));
  EXPECT_NE(FakeOf("iban", two, {.unique = true, .seed = "p1"}), unique);
  // Two people's, or one account under two people's names: by the value, or they could meet.
  EXPECT_EQ(FakeOf("iban", one, {.unique = true, .seed = "p2"}), unique);
}

TEST(FakeIban, RoomIsRespected) {
  for (std::size_t room = 1; room < 40; ++room) {
    for (const char* text : {"no iban", "FR14 2004", "DE89 3704 0044 0532 0130 00 "}) {
      const std::string fake = FakeOf("iban", text, {.seed = "p", .room = room});
      EXPECT_LE(fake.size(), room);
      EXPECT_FALSE(fake.empty());
    }
  }
}

TEST(FakeIban, NothingOfALongTextStays) {
  const std::string text = std::string(1'000'000, '7') + "GB82WEST12345698765432";
  EXPECT_TRUE(IsValid(FakeOf("iban", text)));
  EXPECT_TRUE(IsValid(FakeOf("iban", text, {.unique = true})));
  EXPECT_TRUE(IsValid(FakeOf("iban", "\xFF\xFE\xE2\x80", {.unique = true})));
}

}  // namespace
}  // namespace gdpr::test
