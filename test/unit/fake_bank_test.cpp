// SPDX-License-Identifier: PostgreSQL
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "core/check_digit.hpp"
#include "core/iban_plan.hpp"
#include "fake_fixture.hpp"

namespace gdpr::test {
namespace {

constexpr std::array kAll = {Locale::kEn, Locale::kDe, Locale::kFr, Locale::kEs,
                             Locale::kIt, Locale::kNl, Locale::kPt, Locale::kPl};

bool IsBic(std::string_view bic) {
  const auto letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  return (bic.size() == 8 || bic.size() == 11) &&
         std::all_of(bic.begin(), bic.begin() + 6, letter) &&
         std::all_of(bic.begin() + 6, bic.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

bool PassesNational(const char* country, const std::string& bban) {
  const iban::Plan& plan = *iban::FindPlan(country);
  return iban::Fits(plan, bban) && iban::PassesNational(plan, bban);
}

TEST(FakeBic, StaysOneOfItsCountryAndSpelling) {
  for (const char* bic : {"AGRIFRPP882", "ABNANL2A", "DEUTDEFFXXX", "BCOEESMM"}) {
    const std::string fake = FakeOf("bic", bic);
    EXPECT_TRUE(IsBic(fake)) << fake;
    EXPECT_EQ(Spelling(fake), Spelling(bic));
    EXPECT_EQ(fake.substr(4, 2), std::string(bic).substr(4, 2));
    EXPECT_NE(fake, bic);
  }
  EXPECT_EQ(FakeOf("bic", "DEUTDEFFXXX").substr(8), "XXX");
  EXPECT_EQ(FakeOf("bic", "DEUTDEFFXXX").substr(0, 8), FakeOf("bic", "DEUTDEFF"));
  EXPECT_EQ(Spelling(FakeOf("bic", "abna nl 2a")), "aaaa aa 9a");
}

TEST(FakeBic, DifferentOnesStayDifferentAndOthersBecomeOneOfTheLocale) {
  const auto bic = [](std::size_t i) {
    std::string text = "AAAADEFF";
    for (std::size_t at = 4; at-- > 0; i /= 26) text[at] = static_cast<char>('A' + i % 26);
    return text;
  };
  EXPECT_EQ(CountDistinct(100'000, [&](std::size_t i) { return FakeOf("bic", bic(i)); }), 100'000U);
  for (const Locale locale : kAll) {
    for (std::size_t i = 0; i < Many(); ++i) {
      const std::string fake = FakeOf("bic", "?" + std::to_string(i), {.locale = locale});
      ASSERT_TRUE(IsBic(fake)) << fake;
      ASSERT_EQ(fake.substr(4, 2), CountryOf(locale));
    }
  }
  EXPECT_EQ(FakeOf("bic", "DEUTDEFF", {.seed = "p"}), FakeOf("bic", "COBADEFF", {.seed = "p"}));
  EXPECT_EQ(FakeOf("bic", "DEUTDEFFXXX", {.seed = "p", .room = 8}).size(), 8U);
}

// 'Z' and more for what has no BIC's form: none of them meets a real one's fake.
TEST(FakeBic, WhatIsNoneStaysNoneAndUnique) {
  const auto text = [](std::size_t i) { return "A1CDDE" + std::to_string(10 + i % 90); };
  EXPECT_EQ(
      CountDistinct(90, [&](std::size_t i) { return FakeOf("bic", text(i), {.unique = true}); }),
      90U);
  EXPECT_FALSE(IsBic(FakeOf("bic", "DEUTDEF", {.unique = true})));
  EXPECT_EQ(FakeOf("bic", "\xC3\x84", {.unique = true}).size(), fake::kUniqueChars);
  EXPECT_THROW(FakeOf("bic", "\xC3\x84", {.unique = true, .room = 11}), Error);
}

TEST(FakeBankAccount, NationalCheckDigitsStayRight) {
  struct Case {
    const char* country;
    const char* account;
    Locale locale;
  };
  for (const auto& [country, account, locale] :
       {Case{"ES", "12341234161234567890", Locale::kEs},
        Case{"FR", "20041010050500013M02606", Locale::kFr},
        Case{"IT", "X0542811101000000123456", Locale::kIt},
        Case{"PT", "000201231234567890154", Locale::kPt}, Case{"NO", "86011117947", Locale::kNone},
        Case{"BE", "539007547034", Locale::kNone}, Case{"HR", "10010051863000160", Locale::kNone},
        Case{"HU", "117730161111101800000000", Locale::kNone}}) {
    const std::string fake = FakeOf("bank_account", account);
    EXPECT_TRUE(PassesNational(country, fake)) << country << ' ' << fake;
    EXPECT_EQ(Spelling(fake), Spelling(account));
    EXPECT_NE(fake, account);
    EXPECT_EQ(FakeOf("bank_account", account, {.locale = locale}), fake);
    EXPECT_TRUE(PassesNational(country, FakeOf("bank_account", account, {.seed = "p"})));
  }
  const std::string polish = FakeOf("bank_account", "61 1090 1014 0000 0712 1981 2874");
  EXPECT_EQ(Spelling(polish), "99 9999 9999 9999 9999 9999 9999");
  std::string compact = polish;
  std::erase(compact, ' ');
  EXPECT_EQ(check::Mod97(compact.substr(2) + "PL" + compact.substr(0, 2)), 1U) << polish;
}

TEST(FakeBankAccount, DifferentOnesStayDifferentWhateverTheyAre) {
  // Some of them pass the Norwegian check, most do not.
  EXPECT_EQ(CountDistinct(VeryMany() / 2,
                          [](std::size_t i) {
                            return FakeOf("bank_account", std::to_string(86011100000 + i),
                                          {.unique = true});
                          }),
            VeryMany() / 2);
  EXPECT_EQ(CountDistinct(50'000,
                          [](std::size_t i) {
                            return FakeOf("bank_account",
                                          "12341234" + std::to_string(100000000000 + i),
                                          {.unique = true});
                          }),
            50'000U);
}

TEST(FakeAccountNumber, FormAndLengthStay) {
  for (const char* text : {"KD-004711-X", "ACC-1234567", "0001234567", "1234567",
                           "12-34-56 12345678", "a1b2c3d4", "7", "Konto 17"}) {
    for (const char* kind : {"account_number", "mandate_ref", "bank_account"}) {
      const std::string fake = FakeOf(kind, text);
      EXPECT_EQ(Spelling(fake), Spelling(text)) << kind;
      EXPECT_EQ(FakeOf(kind, text, {.unique = true}), fake);
      EXPECT_EQ(Spelling(FakeOf(kind, text, {.seed = "p"})), Spelling(text));
      EXPECT_EQ(fake[0] == '0', text[0] == '0') << fake;
    }
  }
  EXPECT_EQ(FakeOf("account_number", "ACC-1234567").substr(0, 4), "ACC-");
  EXPECT_EQ(FakeOf("account_number", "0001234567").substr(0, 3), "000");
  EXPECT_NE(FakeOf("account_number", "0001234567")[3], '0');
}

TEST(FakeAccountNumber, DifferentOnesStayDifferent) {
  EXPECT_EQ(CountDistinct(VeryMany(),
                          [](std::size_t i) {
                            return FakeOf("account_number", std::to_string(1'000'000 + i),
                                          {.unique = true});
                          }),
            VeryMany());
  EXPECT_EQ(CountDistinct(VeryMany(),
                          [](std::size_t i) {
                            return FakeOf("mandate_ref", "MND" + std::to_string(i),
                                          {.unique = true});
                          }),
            VeryMany());
  // Longer than one permutation, different at the start only, in the middle only, at the end only.
  EXPECT_EQ(CountDistinct(900,
                          [](std::size_t i) {
                            std::string text(120, '5');
                            text.replace(i / 300 * 50, 3, std::to_string(100 + i % 300));
                            return FakeOf("account_number", text, {.unique = true});
                          }),
            900U);
}

// Unique without regard to case (citext): what differs in letters must differ in letters after.
TEST(FakeAccountNumber, LargeAndSmallLettersArePermutedAlike) {
  const auto small = [](std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    return text;
  };
  for (const std::string text :
       {"AB12CD34", "QwErTy-9", "KD-004711", "THEQUICKBROWNFOXJUMPSOVERTHELAZYDOGANDAWAY42"}) {
    for (const char* kind : {"account_number", "mandate_ref", "bank_account", "bic", "phone"}) {
      const Ask unique{.unique = true};
      EXPECT_EQ(small(FakeOf(kind, text, unique)), FakeOf(kind, small(text), unique)) << kind;
    }
  }
}

TEST(FakeAccountNumber, NothingOfOtherAlphabetsStays) {
  const std::string text = "\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD 12";
  EXPECT_EQ(FakeOf("account_number", text).find('\xD0'), std::string::npos);
  EXPECT_EQ(FakeOf("account_number", text, {.unique = true}).size(), fake::kUniqueChars);
  EXPECT_THROW(FakeOf("account_number", text, {.unique = true, .room = 11}), Error);
  EXPECT_EQ(FakeOf("account_number", std::string(1'000'000, '1')).size(), 1'000'000U);
}

TEST(FakeBankName, IsOneOfTheLocale) {
  EXPECT_TRUE(FakeOf("bank_name", "Sparkasse", {.locale = Locale::kFr}).find("Ca") == 0 ||
              FakeOf("bank_name", "Sparkasse", {.locale = Locale::kFr}).find("Ba") == 0);
  for (const Locale locale : kAll) {
    for (std::size_t room = 1; room < 40; ++room) {
      const std::string fake = FakeOf("bank_name", "Any Bank", {.locale = locale, .room = room});
      EXPECT_LE(fake.size(), room);
      EXPECT_FALSE(fake.empty());
    }
  }
  EXPECT_EQ(CountDistinct(20'000,
                          [](std::size_t i) {
                            return FakeOf("bank_name", std::to_string(i),
                                          {.unique = true, .room = 20});
                          }),
            20'000U);
  EXPECT_THROW(FakeOf("bank_name", "Any Bank", {.unique = true, .room = 15}), Error);
}

}  // namespace
}  // namespace gdpr::test
