// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fake.hpp"

namespace gdpr::fake {

/// Where somebody lives: one draw for all columns of an address, so that by one seed city, region,
/// postal code, street and number belong together in every table.
struct Place {
  Locale locale;  ///< resolved
  std::string_view city;
  std::string_view region;
  std::string_view latitude;   ///< of the city: degrees with three decimals
  std::string_view longitude;  ///< of the city: degrees with three decimals
  std::string_view street;
  unsigned number;          ///< 1 to 149, small ones more often
  std::string_view codes;   ///< some postal codes of the city, between blanks
  std::uint64_t code_bits;  ///< choose among them and their last places
  std::uint32_t city_bits;  ///< chose the city, for those who need a shorter one
  std::uint32_t street_bits;
};

/// By the seed, else by the value.
Place PlaceOf(const Call& call);

/// Appends a postal code of that very city in the country's form ("52062", "SW1W 4QD", "1011 KB",
/// "1000-001", "00-002").
void AppendPostalCode(const Place& place, std::string& out);

}  // namespace gdpr::fake
