// SPDX-License-Identifier: PostgreSQL
#include <gtest/gtest.h>

#include <string>

#include "core/check_digit.hpp"
#include "fake_fixture.hpp"

namespace gdpr::test {
namespace {

std::string Digits(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  return digits;
}

bool IsValid(std::string_view text) {
  const std::string digits = Digits(text);
  return digits.size() >= 12 && digits.size() <= 19 && check::Luhn(digits) == 0;
}

std::string Card(const std::string& head, std::size_t size, std::size_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, size - 1 - head.size() - digits.size(), '0');
  digits.insert(0, head);
  return digits + check::LuhnDigit(digits);
}

struct Scheme {
  const char* head;
  std::size_t size;
  std::size_t kept;
};
constexpr Scheme kSchemes[] = {{"4", 16, 1},    {"4", 13, 1},   {"5100", 16, 2}, {"2221", 16, 1},
                               {"37", 15, 2},   {"34", 15, 2},  {"6011", 16, 4}, {"65", 16, 2},
                               {"3528", 16, 2}, {"36", 14, 2},  {"62", 19, 2},   {"6703", 18, 2},
                               {"9", 16, 1},    {"601", 14, 1}, {"29", 16, 1}};

TEST(FakeCard, LuhnSchemeAndLengthStay) {
  for (const auto& [head, size, kept] : kSchemes) {
    for (std::size_t i = 0; i < Many(); ++i) {
      const std::string card = Card(head, size, i);
      const std::string fake = FakeOf("card_number", card);
      ASSERT_TRUE(IsValid(fake)) << card << ' ' << fake;
      ASSERT_EQ(fake.size(), size);
      ASSERT_EQ(fake.substr(0, kept), card.substr(0, kept));
      ASSERT_EQ(FakeOf("card_number", card, {.unique = true, .room = size}), fake);
    }
  }
  // Mastercard's second range: 2221 to 2720.
  for (std::size_t i = 0; i < Many(); ++i) {
    const int head = std::stoi(FakeOf("card_number", Card("2345", 16, i)).substr(0, 4));
    ASSERT_TRUE(head >= 2221 && head <= 2720) << head;
  }
}

TEST(FakeCard, SpellingStays) {
  const std::string fake = FakeOf("card_number", "4111111111111111");
  std::string grouped = fake;
  for (const std::size_t at : {12U, 8U, 4U}) grouped.insert(at, 1, ' ');
  EXPECT_EQ(FakeOf("card_number", "4111 1111 1111 1111"), grouped);
  EXPECT_EQ(Spelling(FakeOf("card_number", "4111-1111-1111-1111")), "9999-9999-9999-9999");
  EXPECT_EQ(Spelling(FakeOf("card_number", "**** **** **** 1234")), "**** **** **** 9999");
  EXPECT_EQ(FakeOf("card_number", "XXXXXXXXXXXX1234").substr(0, 12), "XXXXXXXXXXXX");
}

TEST(FakeCard, DifferentOnesStayDifferent) {
  EXPECT_EQ(CountDistinct(VeryMany(),
                          [](std::size_t i) {
                            return FakeOf("card_number", Card("4", 16, i), {.unique = true});
                          }),
            VeryMany());
  // A tenth of these pass Luhn, the others do not.
  EXPECT_EQ(CountDistinct(VeryMany() / 2,
                          [](std::size_t i) {
                            return FakeOf("card_number", std::to_string(4111111000000000 + i),
                                          {.unique = true});
                          }),
            VeryMany() / 2);
  EXPECT_EQ(CountDistinct(10'000,
                          [](std::size_t i) {
                            return FakeOf("card_number", std::to_string(10'000 + i).substr(1),
                                          {.unique = true});
                          }),
            10'000U);
  EXPECT_EQ(CountDistinct(9'000,
                          [](std::size_t i) {
                            return FakeOf("card_number", "card " + std::to_string(1'000 + i),
                                          {.unique = true});
                          }),
            9'000U);
}

TEST(FakeCard, WhatIsNoneAndWhatIsSeededIsATestNumber) {
  for (std::size_t i = 0; i < Many(); ++i) {
    const std::string fake = FakeOf("card_number", "no card " + std::to_string(i));
    ASSERT_TRUE(IsValid(fake)) << fake;
    const std::string head = Digits(fake).substr(0, 6);
    ASSERT_TRUE(head == "400000" || head == "555555" || head == "378282") << fake;
  }
  EXPECT_EQ(FakeOf("card_number", "4111111111111111", {.seed = "p"}),
            FakeOf("card_number", "5500000000000004", {.seed = "p"}));
  EXPECT_EQ(FakeOf("card_number", "1234", {.seed = "p"}).size(), 4U);
  for (std::size_t room = 1; room < 25; ++room) {
    const std::string fake = FakeOf("card_number", "no card", {.room = room});
    EXPECT_LE(fake.size(), room);
    EXPECT_FALSE(fake.empty());
  }
  EXPECT_TRUE(IsValid(FakeOf("card_number", std::string(1'000'000, '4'))));
  EXPECT_THROW(FakeOf("card_number", "\xC3\x84", {.unique = true, .room = 4}), Error);
}

TEST(FakeExpiry, StaysAMonthAndAYearNearby) {
  for (int month = 1; month <= 12; ++month) {
    const std::string mm = std::to_string(100 + month).substr(1);
    const std::string a = FakeOf("card_expiry", mm + "/27");
    EXPECT_EQ(Spelling(a), "99/99");
    EXPECT_TRUE(std::stoi(a.substr(0, 2)) >= 1 && std::stoi(a.substr(0, 2)) <= 12) << a;
    EXPECT_TRUE(a.substr(3) >= "24" && a.substr(3) <= "27") << a;
    // However it is spelled, it is the same month.
    EXPECT_EQ(FakeOf("card_expiry", mm + "/2027"), a.substr(0, 3) + "20" + a.substr(3));
    EXPECT_EQ(FakeOf("card_expiry", mm + "27"), a.substr(0, 2) + a.substr(3));
    EXPECT_EQ(FakeOf("card_expiry", "2027-" + mm), "20" + a.substr(3) + "-" + a.substr(0, 2));
    EXPECT_EQ(FakeOf("card_expiry", mm + "2027"), a.substr(0, 2) + "20" + a.substr(3));
    EXPECT_EQ(FakeOf("card_expiry", "2027" + mm), "20" + a.substr(3) + a.substr(0, 2));
    EXPECT_EQ(FakeOf("card_expiry", mm + " / 27"), a.substr(0, 2) + " / " + a.substr(3));
    const int alone = std::stoi(FakeOf("card_expiry", mm));
    EXPECT_TRUE(alone >= 1 && alone <= 12);
  }
  EXPECT_EQ(FakeOf("card_expiry", "2027").substr(0, 3), "202");
  EXPECT_GT(FakeOf("card_expiry", "13"), "12");
}

TEST(FakeExpiry, DifferentOnesStayDifferent) {
  const auto expiry = [](std::size_t i) {
    return std::to_string(101 + i % 12).substr(1) + "/" + std::to_string(10 + i / 12);
  };
  EXPECT_EQ(
      CountDistinct(
          1080, [&](std::size_t i) { return FakeOf("card_expiry", expiry(i), {.unique = true}); }),
      1080U);
  EXPECT_EQ(CountDistinct(100,
                          [&](std::size_t i) {
                            return FakeOf("card_expiry", std::to_string(100 + i).substr(1),
                                          {.unique = true});
                          }),
            100U);
  EXPECT_EQ(CountDistinct(10'000,
                          [&](std::size_t i) {
                            return FakeOf("card_expiry", std::to_string(10'000 + i).substr(1),
                                          {.unique = true});
                          }),
            10'000U);
}

TEST(FakeExpiry, WhatIsNoneBecomesOne) {
  EXPECT_EQ(Spelling(FakeOf("card_expiry", "never")), "99/99");
  EXPECT_EQ(FakeOf("card_expiry", "never", {.room = 3}).size(), 3U);
  EXPECT_EQ(FakeOf("card_expiry", "01/27", {.seed = "p"}),
            FakeOf("card_expiry", "12/25", {.seed = "p"}));
  EXPECT_EQ(Spelling(FakeOf("card_expiry", std::string(100'000, '1'))), "99/99");
}

}  // namespace
}  // namespace gdpr::test
