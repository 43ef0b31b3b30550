// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <string_view>

#include "detect.hpp"

// What a run of digits may be. Internal to core.
namespace gdpr::detect {

/// Length of the separator at `at` that people write inside numbers (blank, hyphen, point, slash,
/// bracket, and the unbroken kinds), 0 if there is none.
std::size_t SeparatorAt(std::string_view text, std::size_t at);

/// Characters of an IBAN of that country, 0 if the country is not known.
std::size_t IbanLength(char first, char second);

/// Whether the run's first three groups are a date.
bool StartsWithDate(const DigitRun& run);

/// Whether the run up to the group is written like a telephone number of some country. `decimal`:
/// a decimal point or comma follows.
bool LooksLikePhone(const DigitRun& run, std::size_t group, bool decimal);

}  // namespace gdpr::detect
