// SPDX-License-Identifier: PostgreSQL
#include "core/ff1.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/sha256.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using test::ErrorOf;

constexpr std::string_view kAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

std::vector<std::uint16_t> NumeralsOf(std::string_view text) {
  std::vector<std::uint16_t> numerals;
  for (const char c : text) numerals.push_back(static_cast<std::uint16_t>(kAlphabet.find(c)));
  return numerals;
}

std::string TextOf(const std::vector<std::uint16_t>& numerals) {
  std::string text;
  for (const std::uint16_t numeral : numerals) text.push_back(kAlphabet[numeral]);
  return text;
}

Ff1 Cipher(std::string_view hex) {
  const std::string key = BytesOfHex(hex).value();
  return Ff1({reinterpret_cast<const std::uint8_t*>(key.data()), key.size()});
}

// NIST's samples for FF1 (SP 800-38G), 1 to 9.
struct Sample {
  int number;
  std::string_view key;
  unsigned radix;
  std::string_view tweak;
  std::string_view plain;
  std::string_view encrypted;
};
constexpr std::string_view kKey128 = "2b7e151628aed2a6abf7158809cf4f3c";
constexpr std::string_view kKey192 = "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f";
constexpr std::string_view kKey256 =
    "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f7f036d6f04fc6a94";
constexpr std::string_view kTweak10 = "39383736353433323130";
constexpr std::string_view kTweak11 = "3737373770717273373737";
constexpr std::array kSamples = {
    Sample{1, kKey128, 10, "", "0123456789", "2433477484"},
    Sample{2, kKey128, 10, kTweak10, "0123456789", "6124200773"},
    Sample{3, kKey128, 36, kTweak11, "0123456789abcdefghi", "a9tv40mll9kdu509eum"},
    Sample{4, kKey192, 10, "", "0123456789", "2830668132"},
    Sample{5, kKey192, 10, kTweak10, "0123456789", "2496655549"},
    Sample{6, kKey192, 36, kTweak11, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"},
    Sample{7, kKey256, 10, "", "0123456789", "6657667009"},
    Sample{8, kKey256, 10, kTweak10, "0123456789", "1001623463"},
    Sample{9, kKey256, 36, kTweak11, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"},
};

TEST(Ff1, GivesTheStandardsSamplesAndTakesThemBack) {
  for (const Sample& sample : kSamples) {
    SCOPED_TRACE(sample.number);
    Ff1 cipher = Cipher(sample.key);
    const std::string tweak = BytesOfHex(sample.tweak).value();
    std::vector<std::uint16_t> numerals = NumeralsOf(sample.plain);
    cipher.Encrypt(sample.radix, tweak, numerals);
    EXPECT_EQ(TextOf(numerals), sample.encrypted);
    cipher.Decrypt(sample.radix, tweak, numerals);
    EXPECT_EQ(TextOf(numerals), sample.plain);
  }
}

TEST(Ff1, TurnsBackEveryLengthRadixAndTweakItTakes) {
  Ff1 cipher = Cipher(kKey256);
  test::TestRandom random;
  int tried = 0;
  for (unsigned radix = 2; radix <= 62; ++radix) {
    for (std::size_t length = 1; length <= 128; ++length) {
      if (!Ff1::Takes(radix, length)) continue;
      const std::string tweak(random.Below(40), 'x');
      std::vector<std::uint16_t> numerals(length);
      for (std::uint16_t& numeral : numerals) {
        numeral = static_cast<std::uint16_t>(random.Below(radix));
      }
      const std::vector<std::uint16_t> plain = numerals;
      cipher.Encrypt(radix, tweak, numerals);
      for (const std::uint16_t numeral : numerals) ASSERT_LT(numeral, radix);
      cipher.Decrypt(radix, tweak, numerals);
      ASSERT_EQ(numerals, plain) << radix << " " << length;
      ++tried;
    }
  }
  EXPECT_GT(tried, 2000);
}

TEST(Ff1, TakesAMillionTextsAndMore) {
  EXPECT_FALSE(Ff1::Takes(10, 5));
  EXPECT_TRUE(Ff1::Takes(10, 6));
  EXPECT_FALSE(Ff1::Takes(36, 3));
  EXPECT_TRUE(Ff1::Takes(36, 4));
  EXPECT_TRUE(Ff1::Takes(10, 72));
  EXPECT_FALSE(Ff1::Takes(10, 73));
  EXPECT_TRUE(Ff1::Takes(36, 46));
  EXPECT_FALSE(Ff1::Takes(36, 47));
  EXPECT_TRUE(Ff1::Takes(62, 40));
  EXPECT_FALSE(Ff1::Takes(62, 41));
  Ff1 cipher = Cipher(kKey256);
  std::vector<std::uint16_t> numerals(5);
  EXPECT_EQ(ErrorOf([&] { cipher.Encrypt(10, "", numerals); }).sqlstate, "PD005");
}

}  // namespace
}  // namespace gdpr
