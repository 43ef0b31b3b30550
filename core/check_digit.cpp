// SPDX-License-Identifier: PostgreSQL
#include "check_digit.hpp"

#include <array>
#include <cstddef>

namespace gdpr::check {

unsigned Modulo(std::string_view digits, unsigned modulus) {
  // Nine digits at a time: a division for each would be most of the work.
  std::uint64_t remainder = 0;
  while (!digits.empty()) {
    std::uint64_t power = 1;
    std::uint64_t part = 0;
    for (const char c : digits.substr(0, 9)) {
      part = part * 10 + static_cast<std::uint64_t>(c - '0');
      power *= 10;
    }
    remainder = (remainder * power + part) % modulus;
    digits.remove_prefix(digits.size() < 9 ? digits.size() : 9);
  }
  return static_cast<unsigned>(remainder);
}

unsigned Luhn(std::string_view digits) {
  static constexpr std::array<std::uint8_t, 10> kDoubled = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
  unsigned sum = 0;
  bool doubled = false;
  for (std::size_t i = digits.size(); i-- > 0; doubled = !doubled) {
    const unsigned digit = ValueOf(digits[i]);
    sum += doubled ? kDoubled[digit] : digit;
  }
  return sum % 10;
}

char LuhnDigit(std::string_view digits) {
  static constexpr std::array<std::uint8_t, 10> kDoubled = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
  unsigned sum = 0;
  bool doubled = true;
  for (std::size_t i = digits.size(); i-- > 0; doubled = !doubled) {
    const unsigned digit = ValueOf(digits[i]);
    sum += doubled ? kDoubled[digit] : digit;
  }
  return DigitOf(Missing(sum, 10));
}

unsigned Mod97(std::string_view text) {
  return Mod97(text, 0);
}

unsigned Mod97(std::string_view text, unsigned remainder) {
  std::uint64_t sum = remainder;
  for (const char c : text) {
    const unsigned value = ValueOf(c);
    sum = sum * (value < 10 ? 10 : 100) + value;
    // Divided only where the next step could overflow.
    if (sum >= UINT64_MAX / 128) sum %= 97;
  }
  return static_cast<unsigned>(sum % 97);
}

unsigned Mod97Digits(std::string_view text) {
  return 98 - Mod97("00", Mod97(text));
}

char Mod11_10Digit(std::string_view digits) {
  // Modulo 10, with 10 for 0, and modulo 11: of numbers from 1 to 19 and from 2 to 20.
  unsigned product = 10;
  for (const char c : digits) {
    unsigned sum = product + ValueOf(c);
    if (sum > 10) sum -= 10;
    product = sum * 2 < 11 ? sum * 2 : sum * 2 - 11;
  }
  return DigitOf((11 - product) % 10);
}

char Mod11_2Digit(std::string_view digits) {
  unsigned product = 0;
  for (const char c : digits) product = (product + ValueOf(c)) * 2 % 11;
  const unsigned digit = (12 - product) % 11;
  return digit == 10 ? 'X' : DigitOf(digit);
}

char VerhoeffDigit(std::string_view digits) {
  using Row = std::array<std::uint8_t, 10>;
  // The group of symmetries of the pentagon, the permutation applied again at each place, and
  // inverses in the group.
  static constexpr std::array<Row, 10> kProduct = {{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
                                                    {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
                                                    {2, 3, 4, 0, 1, 7, 8, 9, 5, 6},
                                                    {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
                                                    {4, 0, 1, 2, 3, 9, 5, 6, 7, 8},
                                                    {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
                                                    {6, 5, 9, 8, 7, 1, 0, 4, 3, 2},
                                                    {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
                                                    {8, 7, 6, 5, 9, 3, 2, 1, 0, 4},
                                                    {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}}};
  static constexpr std::array<Row, 8> kPlace = {{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
                                                 {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
                                                 {5, 8, 0, 3, 7, 9, 6, 1, 4, 2},
                                                 {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
                                                 {9, 4, 5, 3, 1, 2, 6, 8, 7, 0},
                                                 {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
                                                 {2, 7, 9, 3, 8, 0, 6, 4, 1, 5},
                                                 {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}}};
  static constexpr Row kInverse = {0, 4, 3, 2, 1, 5, 6, 7, 8, 9};
  unsigned sum = 0;
  std::size_t place = 1;
  for (std::size_t i = digits.size(); i-- > 0; ++place) {
    sum = kProduct[sum][kPlace[place % 8][ValueOf(digits[i])]];
  }
  return DigitOf(kInverse[sum]);
}

}  // namespace gdpr::check
