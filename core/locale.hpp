// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <string_view>

namespace gdpr {

/// Whose names, streets and plans a fake is made of. kNone: nothing is known.
enum class Locale : std::uint8_t { kNone, kEn, kDe, kFr, kEs, kIt, kNl, kPt, kPl };
constexpr int kLocales = 8;

/// "en", "de", … as in a rule's fake(de); "" for kNone.
std::string_view LocaleName(Locale locale);

/// The locale of that name. Throws Error 22023 with the allowed words.
Locale ParseLocale(std::string_view word);

/// The locale of a country as people write it: its name in English or its own language, ISO
/// alpha-2, alpha-3 or numeric code, dialling code ("49", "+49", "0049"). kNone if it is unknown.
Locale LocaleOfCountry(std::string_view country);

/// ISO alpha-2 of the country a locale stands for (en: GB); "" for kNone.
std::string_view CountryOf(Locale locale);

}  // namespace gdpr
