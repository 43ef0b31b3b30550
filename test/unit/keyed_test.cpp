// SPDX-License-Identifier: PostgreSQL
#include "core/keyed.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <string>

#include "core/digest.hpp"
#include "core/locale.hpp"
#include "core/sha256.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using test::ErrorOf;

constexpr std::array<std::uint8_t, 32> kMaster = {1, 2, 3};

std::string HexOfDraw(Draw draw) {
  std::string text;
  draw.Base32(40, text);
  return text;
}

TEST(Prf, IsHmacSha256) {
  // RFC 4231, test cases 1, 2 and 3.
  const auto of = [](std::string_view key, std::string_view message) {
    Prf prf({reinterpret_cast<const std::uint8_t*>(key.data()), key.size()});
    const PrfBlock whole = prf.Of({message});
    const PrfBlock parts = prf.Of({message.substr(0, 3), {}, message.substr(3)});
    EXPECT_EQ(whole, parts);
    return HexOf({reinterpret_cast<const char*>(whole.data()), whole.size()});
  };
  EXPECT_EQ(of(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(of("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(of(std::string(20, '\xaa'), std::string(50, '\xdd')),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
}

TEST(Draw, IsTheSameForTheSameKeyAndMaterialOnly) {
  Keyed keys(kMaster);
  const std::string drawn = HexOfDraw(keys.DrawFor("name", "anna"));
  EXPECT_EQ(HexOfDraw(keys.DrawFor("name", "anna")), drawn);
  EXPECT_EQ(HexOfDraw(Keyed(kMaster).DrawFor("name", "anna")), drawn);
  std::set<std::string> others = {drawn};
  const auto is_new = [&others](Draw draw) { return others.insert(HexOfDraw(draw)).second; };
  EXPECT_TRUE(is_new(keys.DrawFor("name", "anne")));
  EXPECT_TRUE(is_new(keys.DrawFor("city", "anna")));
  EXPECT_TRUE(is_new(keys.DrawFor("nam", "eanna")));
  EXPECT_TRUE(is_new(keys.DrawForSeed("name", "anna")));
  EXPECT_TRUE(is_new(keys.DrawForBoth("name", "anna", "")));
  EXPECT_TRUE(is_new(keys.DrawForBoth("name", "ann", "a")));
  EXPECT_TRUE(is_new(keys.DrawForBoth("name", "", "anna")));
  EXPECT_TRUE(is_new(keys.pseudonyms().DrawFor("name", "anna")));
  std::array<std::uint8_t, 32> other = kMaster;
  other[31] = 1;
  Keyed other_keys(other);
  EXPECT_TRUE(is_new(other_keys.DrawFor("name", "anna")));
}

TEST(Draw, NeverRepeatsItselfWhenMoreIsAskedFor) {
  Keyed keys(kMaster);
  Draw draw = keys.DrawFor("long", "");
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(seen.insert(draw.Bits()).second);
}

TEST(Draw, IsEven) {
  Keyed keys(kMaster);
  Draw draw = keys.DrawFor("even", "");
  for (const std::uint64_t n : {2ULL, 7ULL, 1000ULL, 65'536ULL, 65'537ULL, 10'000'000'000ULL}) {
    std::array<int, 7> counts{};
    for (int i = 0; i < 14'000; ++i) {
      const std::uint64_t number = draw.Below(n);
      ASSERT_LT(number, n);
      ++counts[static_cast<std::size_t>(static_cast<double>(number) / static_cast<double>(n) * 7)];
    }
    for (std::size_t i = 0; n > 2 && i < 7; ++i) {
      EXPECT_GT(counts[i], 1800) << n;
      EXPECT_LT(counts[i], 2200) << n;
    }
  }
  std::map<char, int> digits;
  for (int i = 0; i < 20'000; ++i) ++digits[draw.Digit()];
  EXPECT_EQ(digits.size(), 10U);
  for (const auto& [digit, count] : digits) EXPECT_NEAR(count, 2000, 200) << digit;
  std::string text;
  draw.Base32(64'000, text);
  std::map<char, int> letters;
  for (const char c : text) ++letters[c];
  EXPECT_EQ(letters.size(), 32U);
  for (const auto& [letter, count] : letters) EXPECT_NEAR(count, 2000, 250) << letter;
  for (const char c : std::string("ilou")) EXPECT_FALSE(letters.contains(c));
}

TEST(Keyed, WantsA32ByteKey) {
  EXPECT_EQ(ErrorOf([] { Keyed keys{std::span(kMaster).first(31)}; }).sqlstate, "55000");
}

TEST(Locale, EveryNameIsRead) {
  for (int i = 1; i <= kLocales; ++i) {
    const auto locale = static_cast<Locale>(i);
    EXPECT_EQ(ParseLocale(LocaleName(locale)), locale);
    EXPECT_EQ(LocaleOfCountry(CountryOf(locale)), locale);
  }
  EXPECT_EQ(ErrorOf([] { ParseLocale(""); }).sqlstate, "22023");
  const Error error = ErrorOf([] { ParseLocale("dee"); });
  EXPECT_EQ(error.message, "unknown locale \"dee\"");
  EXPECT_EQ(error.hint, "Did you mean \"de\"? Allowed here: en, de, fr, es, it, nl, pt, pl.");
}

TEST(Locale, ACountryIsKnownByAnyOfItsNames) {
  for (const char* name : {"DE", "de", "DEU", "276", "49", "+49", "0049", "Germany", "GERMANY",
                           "Deutschland", " Deutschland ", "Österreich", "ÖSTERREICH", "AT"}) {
    EXPECT_EQ(LocaleOfCountry(name), Locale::kDe) << name;
  }
  EXPECT_EQ(LocaleOfCountry("United Kingdom"), Locale::kEn);
  EXPECT_EQ(LocaleOfCountry("U.K."), Locale::kEn);
  EXPECT_EQ(LocaleOfCountry("España"), Locale::kEs);
  EXPECT_EQ(LocaleOfCountry("Pays-Bas"), Locale::kNl);
  for (const char* name :
       {"", "XX", "Atlantis", "00", "a name that is far longer than any country's"}) {
    EXPECT_EQ(LocaleOfCountry(name), Locale::kNone) << name;
  }
}

}  // namespace
}  // namespace gdpr
