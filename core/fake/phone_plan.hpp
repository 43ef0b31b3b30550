// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// How countries number their telephones, as far as it takes to replace digits of a number without
// making it invalid: how many at its start decide. Whoever keeps those may change the others.
namespace gdpr::phone {

/// One country code's plan. Sources: the national numbering plans as notified to ITU-T (E.164,
/// E.129); numbers kept free for films and examples by Bundesnetzagentur, PTS and NANPA (555-01xx).
/// Those of Ofcom and ARCEP are refused by libphonenumber, and so by the applications that use it.
struct Plan {
  std::uint16_t code;        ///< E.164 country code
  std::string_view country;  ///< ISO alpha-2
  std::string_view trunk;    ///< dialled before a number inside the country; "" for none
  std::uint8_t size;         ///< digits of all national numbers but special ones; 0: they differ
  std::uint8_t kept;         ///< how many digits of a national number decide
  /// Where more decide: "745=5 13=6", the longest beginning counts.
  std::string_view exceptions;
  /// Mobile numbers nobody has, or else any: '#' is a digit, ' ' parts groups, '|' alternatives.
  std::string_view mobile;
};

std::span<const Plan> Plans();

/// The plan of a country code or of a country, or nullptr.
const Plan* FindPlan(unsigned code);
const Plan* FindPlan(std::string_view country);

/// How many digits at the start of international digits are the country code: 1 to 3.
std::size_t CodeSize(std::string_view digits);

/// How many digits of a national number (without trunk prefix) decide whether it is valid. At
/// least three stay, where it has as many.
std::size_t Kept(const Plan* plan, std::string_view national);

}  // namespace gdpr::phone
