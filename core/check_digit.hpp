// SPDX-License-Identifier: PostgreSQL
// Check digits. Texts hold digits only, where nothing else is said; callers see to that. What is
// asked for modulo something is 0 (or 1, as said) for a valid number.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace gdpr::check {

/// What a character counts: 0 … 9, and letters of either case 10 … 35 (ISO 7064, ISO 13616).
constexpr unsigned ValueOf(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>((c | 0x20) - 'a') + 10;
}

/// The character of a digit.
constexpr char DigitOf(unsigned value) {
  return static_cast<char>('0' + value);
}

/// The sum of digits times weights; digit i takes weight i, which start again where they end.
/// Letters count 10 … 35.
constexpr unsigned WeightedSum(std::string_view digits, std::span<const std::uint8_t> weights) {
  unsigned sum = 0;
  std::size_t weight = 0;
  for (const char c : digits) {
    sum += ValueOf(c) * weights[weight];
    if (++weight == weights.size()) weight = 0;
  }
  return sum;
}

/// What is missing to the next multiple: 0 … modulus - 1. `Missing(sum, 11)` may be 10, for which
/// every plan has a rule of its own.
constexpr unsigned Missing(unsigned sum, unsigned modulus) {
  return (modulus - sum % modulus) % modulus;
}

/// The digits as one number of any length, modulo at most 2^27.
unsigned Modulo(std::string_view digits, unsigned modulus);

/// Luhn (ISO/IEC 7812-1, annex B): the sum of the whole number modulo 10; 0 is valid.
unsigned Luhn(std::string_view digits);

/// The digit that makes digits + digit pass Luhn.
char LuhnDigit(std::string_view digits);

/// ISO 7064 MOD 97-10 of digits and letters; 1 is valid. An IBAN is asked with its first four
/// characters moved to the end (ISO 13616-1).
unsigned Mod97(std::string_view text);

/// The same, going on after what gave `remainder`.
unsigned Mod97(std::string_view text, unsigned remainder);

/// The number 2 … 98 of the two check digits to append, so that Mod97(text + digits) is 1.
unsigned Mod97Digits(std::string_view text);

/// ISO 7064 MOD 11-10 (German tax numbers, Croatian OIB): the digit to append.
char Mod11_10Digit(std::string_view digits);

/// ISO 7064 MOD 11-2: the digit to append, 'X' for ten.
char Mod11_2Digit(std::string_view digits);

/// Verhoeff (J. Verhoeff, Error detecting decimal codes, 1969): the digit to append.
char VerhoeffDigit(std::string_view digits);

}  // namespace gdpr::check
