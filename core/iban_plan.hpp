// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// What an account number looks like in each country: the structure of the BBAN, and the check
// digits inside of it.
namespace gdpr::iban {

/// How a country checks its account numbers. Sources: SWIFT, IBAN Registry (structures); European
/// Committee for Banking Standards, TR201 Register of European Account Numbers, 2001 (formulas).
enum class National : std::uint8_t {
  kNone,
  kMod97,  ///< last two digits: ISO 7064 MOD 97-10 of what stands before (PT SI RS ME MK BA TL XK)
  kBelgium,      ///< last two: the ten digits before modulo 97, 97 for 0
  kRib,          ///< clé RIB, last two: 97 - (89 bank + 15 branch + 3 account) mod 97 (FR MC)
  kCin,          ///< first letter: weights of odd and even places (IT SM)
  kCcc,          ///< two digits in the middle: weights 2^i mod 11 (ES)
  kElfproef,     ///< weights 10 … 1 mod 11 of the account (NL)
  kNorway,       ///< weights 5 4 3 2 7 6 5 4 3 2 mod 11
  kFinland,      ///< Luhn
  kPoland,       ///< bank: weights 3 9 7 1 3 9 7 mod 10
  kHungary,      ///< bank and account: weights 9 7 3 1 mod 10
  kAlbania,      ///< bank: weights 9 7 3 1 mod 10
  kEstonia,      ///< branch and account: weights 7 3 1 from the right mod 10
  kCroatia,      ///< bank and account: ISO 7064 MOD 11-10
  kCzechoslovak  ///< prefix and number: weights 2^i mod 11 from the right (CZ SK)
};

struct Plan {
  char country[3];
  std::string_view structure;  ///< as in the registry, without "!": "4a14n"; n, a, c
  std::uint8_t size;           ///< characters of the BBAN
  std::uint8_t kept;           ///< at its start, where no rule but a list says what is valid
  National national;
  // A bit for each place:
  std::uint32_t checks;   ///< national check digits
  std::uint32_t digits;   ///< only digits
  std::uint32_t letters;  ///< only letters
};

constexpr std::size_t kMostBban = 30;

/// All plans, by country.
std::span<const Plan> Plans();

/// The plan of a country (capital letters), or nullptr.
const Plan* FindPlan(std::string_view country);

/// Those that a number can be told to be of by its check digits alone: one for each structure and
/// formula, and none whose numbers are all right by another's too (Albania's by Hungary's).
std::span<const Plan> TellingPlans();

/// Whether the BBAN (capital letters) has the structure.
bool Fits(const Plan& plan, std::string_view bban);

/// Writes the national check digits into a BBAN that fits. False if there are none for it: the
/// formula gives ten where only a digit may stand.
bool SetNational(const Plan& plan, std::span<char> bban);

/// Whether the national check digits are right (true where there are none).
bool PassesNational(const Plan& plan, std::string_view bban);

/// The number of an IBAN's two check digits, 2 … 98.
unsigned CheckDigits(const Plan& plan, std::string_view bban);

}  // namespace gdpr::iban
