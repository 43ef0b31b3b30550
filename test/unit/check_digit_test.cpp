// SPDX-License-Identifier: PostgreSQL
#include "core/check_digit.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace gdpr::check {
namespace {

TEST(CheckDigit, LuhnIsThatOfIso7812) {
  EXPECT_EQ(LuhnDigit("7992739871"), '3');  // ISO/IEC 7812's own example
  EXPECT_EQ(Luhn("79927398713"), 0U);
  EXPECT_EQ(Luhn("79927398710"), 7U);
  EXPECT_EQ(Luhn("4111111111111111"), 0U);
  EXPECT_EQ(LuhnDigit(""), '0');
}

TEST(CheckDigit, Mod97IsThatOfIso7064AndIso13616) {
  EXPECT_EQ(Mod97Digits("794"), 44U);  // ISO 7064's example: 79444
  EXPECT_EQ(Mod97("79444"), 1U);
  EXPECT_EQ(Mod97("WEST12345698765432GB82"), 1U);  // the registry's IBAN of GB
  EXPECT_EQ(Mod97("west12345698765432gb82"), 1U);
  EXPECT_EQ(Mod97Digits("WEST12345698765432GB"), 82U);
  EXPECT_EQ(Mod97(std::string(1000, 'Z')),
            Mod97(std::string(500, 'Z'), Mod97(std::string(500, 'Z'))));
}

TEST(CheckDigit, Mod11AndMod10AreThoseOfIso7064) {
  EXPECT_EQ(Mod11_10Digit("0794"), '5');  // ISO 7064's example
  EXPECT_EQ(Mod11_10Digit("3657426180"), '9');
  EXPECT_EQ(Mod11_2Digit("0794"), '0');  // ISO 7064's example
  EXPECT_EQ(Mod11_2Digit("079"), 'X');
}

TEST(CheckDigit, VerhoeffIsThatOfTheExample) {
  EXPECT_EQ(VerhoeffDigit("236"), '3');
  EXPECT_EQ(VerhoeffDigit("12345"), '1');
  EXPECT_EQ(VerhoeffDigit("1234"), '0');
}

TEST(CheckDigit, WeightsStartAgainAndLettersCountFromTen) {
  static constexpr std::array<std::uint8_t, 3> kWeights = {7, 3, 1};
  EXPECT_EQ(WeightedSum("1111", kWeights), 18U);
  EXPECT_EQ(WeightedSum("A1", kWeights), 73U);
  EXPECT_EQ(WeightedSum("", kWeights), 0U);
  EXPECT_EQ(Missing(18, 10), 2U);
  EXPECT_EQ(Missing(20, 10), 0U);
  EXPECT_EQ(Missing(1, 11), 10U);
}

TEST(CheckDigit, NumbersOfAnyLengthHaveARemainder) {
  EXPECT_EQ(Modulo("", 97), 0U);
  EXPECT_EQ(Modulo("96", 97), 96U);
  EXPECT_EQ(Modulo("1234567890123456789012345678901234567890", 97), 28U);
  EXPECT_EQ(Modulo("99999999999999999999", 100'000'007), 489'999U);
}

// One wrong digit is what check digits are for: each of them finds every one.
TEST(CheckDigit, EveryWrongDigitIsFound) {
  using Make = char (*)(std::string_view);
  for (const Make make : {&LuhnDigit, &Mod11_10Digit, &Mod11_2Digit, &VerhoeffDigit}) {
    const std::string digits = "50731982604";
    const char right = make(digits);
    for (std::size_t i = 0; i < digits.size(); ++i) {
      for (char c = '0'; c <= '9'; ++c) {
        std::string wrong = digits;
        wrong[i] = c;
        EXPECT_EQ(make(wrong) == right, c == digits[i]) << i << c;
      }
    }
  }
}

}  // namespace
}  // namespace gdpr::check
