// SPDX-License-Identifier: PostgreSQL
#include "locale.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "error.hpp"
#include "rule_words.hpp"

namespace gdpr {
namespace {

using enum Locale;

constexpr std::array<std::string_view, kLocales + 1> kNames = {"",   "en", "de", "fr", "es",
                                                               "it", "nl", "pt", "pl"};
constexpr std::array<std::string_view, kLocales + 1> kCountries = {"",   "GB", "DE", "FR", "ES",
                                                                   "IT", "NL", "PT", "PL"};

// A country as it is written: codes (ISO 3166, dialling), names in English, in the country's own
// languages, and in the languages we speak. Without case, blanks, points and hyphens.
struct Country {
  std::string_view name;
  Locale locale;
};
constexpr auto kWritten = std::to_array<Country>({
    {"gb", kEn},
    {"gbr", kEn},
    {"uk", kEn},
    {"826", kEn},
    {"44", kEn},
    {"england", kEn},
    {"unitedkingdom", kEn},
    {"greatbritain", kEn},
    {"britain", kEn},
    {"scotland", kEn},
    {"wales", kEn},
    {"northernireland", kEn},
    {"us", kEn},
    {"usa", kEn},
    {"840", kEn},
    {"unitedstates", kEn},
    {"unitedstatesofamerica", kEn},
    {"america", kEn},
    {"1", kEn},
    {"ie", kEn},
    {"irl", kEn},
    {"372", kEn},
    {"353", kEn},
    {"ireland", kEn},
    {"au", kEn},
    {"aus", kEn},
    {"036", kEn},
    {"61", kEn},
    {"australia", kEn},
    {"nz", kEn},
    {"nzl", kEn},
    {"554", kEn},
    {"64", kEn},
    {"newzealand", kEn},
    {"ca", kEn},
    {"can", kEn},
    {"124", kEn},
    {"canada", kEn},
    {"za", kEn},
    {"zaf", kEn},
    {"710", kEn},
    {"southafrica", kEn},
    {"mt", kEn},
    {"mlt", kEn},
    {"malta", kEn},
    {"de", kDe},
    {"deu", kDe},
    {"276", kDe},
    {"49", kDe},
    {"germany", kDe},
    {"deutschland", kDe},
    {"allemagne", kDe},
    {"alemania", kDe},
    {"germania", kDe},
    {"duitsland", kDe},
    {"alemanha", kDe},
    {"niemcy", kDe},
    {"d", kDe},
    {"at", kDe},
    {"aut", kDe},
    {"040", kDe},
    {"43", kDe},
    {"austria", kDe},
    {"österreich", kDe},
    {"oesterreich", kDe},
    {"autriche", kDe},
    {"ch", kDe},
    {"che", kDe},
    {"756", kDe},
    {"41", kDe},
    {"switzerland", kDe},
    {"schweiz", kDe},
    {"suisse", kDe},
    {"svizzera", kDe},
    {"li", kDe},
    {"lie", kDe},
    {"liechtenstein", kDe},
    {"fr", kFr},
    {"fra", kFr},
    {"250", kFr},
    {"33", kFr},
    {"france", kFr},
    {"frankreich", kFr},
    {"francia", kFr},
    {"frankrijk", kFr},
    {"frança", kFr},
    {"francja", kFr},
    {"f", kFr},
    {"be", kFr},
    {"bel", kFr},
    {"056", kFr},
    {"32", kFr},
    {"belgium", kFr},
    {"belgique", kFr},
    {"belgië", kNl},
    {"belgien", kFr},
    {"lu", kFr},
    {"lux", kFr},
    {"442", kFr},
    {"352", kFr},
    {"luxembourg", kFr},
    {"mc", kFr},
    {"mco", kFr},
    {"monaco", kFr},
    {"es", kEs},
    {"esp", kEs},
    {"724", kEs},
    {"34", kEs},
    {"spain", kEs},
    {"españa", kEs},
    {"espana", kEs},
    {"spanien", kEs},
    {"espagne", kEs},
    {"spagna", kEs},
    {"spanje", kEs},
    {"espanha", kEs},
    {"hiszpania", kEs},
    {"mx", kEs},
    {"mex", kEs},
    {"484", kEs},
    {"52", kEs},
    {"mexico", kEs},
    {"méxico", kEs},
    {"ar", kEs},
    {"arg", kEs},
    {"032", kEs},
    {"54", kEs},
    {"argentina", kEs},
    {"co", kEs},
    {"col", kEs},
    {"170", kEs},
    {"57", kEs},
    {"colombia", kEs},
    {"cl", kEs},
    {"chl", kEs},
    {"152", kEs},
    {"56", kEs},
    {"chile", kEs},
    {"pe", kEs},
    {"per", kEs},
    {"604", kEs},
    {"51", kEs},
    {"peru", kEs},
    {"perú", kEs},
    {"it", kIt},
    {"ita", kIt},
    {"380", kIt},
    {"39", kIt},
    {"italy", kIt},
    {"italia", kIt},
    {"italien", kIt},
    {"italie", kIt},
    {"italië", kIt},
    {"itália", kIt},
    {"włochy", kIt},
    {"sm", kIt},
    {"smr", kIt},
    {"sanmarino", kIt},
    {"nl", kNl},
    {"nld", kNl},
    {"528", kNl},
    {"31", kNl},
    {"netherlands", kNl},
    {"thenetherlands", kNl},
    {"nederland", kNl},
    {"holland", kNl},
    {"niederlande", kNl},
    {"paysbas", kNl},
    {"paísesbajos", kNl},
    {"paesibassi", kNl},
    {"paísesbaixos", kNl},
    {"holandia", kNl},
    {"pt", kPt},
    {"prt", kPt},
    {"620", kPt},
    {"351", kPt},
    {"portugal", kPt},
    {"portogallo", kPt},
    {"portugalia", kPt},
    {"br", kPt},
    {"bra", kPt},
    {"076", kPt},
    {"55", kPt},
    {"brazil", kPt},
    {"brasil", kPt},
    {"brasilien", kPt},
    {"brésil", kPt},
    {"pl", kPl},
    {"pol", kPl},
    {"616", kPl},
    {"48", kPl},
    {"poland", kPl},
    {"polska", kPl},
    {"polen", kPl},
    {"pologne", kPl},
    {"polonia", kPl},
    {"polónia", kPl},
});

constexpr std::size_t kMostBytes = 32;

}  // namespace

std::string_view LocaleName(Locale locale) {
  return kNames[static_cast<std::size_t>(locale)];
}

Locale ParseLocale(std::string_view word) {
  for (std::size_t i = 1; i < kNames.size(); ++i) {
    if (kNames[i] == word) return static_cast<Locale>(i);
  }
  throw Error{"22023", "unknown locale \"" + words::Excerpt(word) + "\"", "",
              words::Hint(word, kNames)};
}

Locale LocaleOfCountry(std::string_view country) {
  std::array<char, kMostBytes> folded;
  std::size_t size = 0;
  if (country.starts_with("00")) country.remove_prefix(2);
  for (char c : country) {
    if (c == ' ' || c == '.' || c == '-' || c == '+' || c == '\t' || c == '\'') continue;
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (size == folded.size()) return kNone;
    folded[size++] = c;
  }
  // "ÖSTERREICH", "ESPAÑA": the capitals of Latin-1 are one byte and 0x20 below the small ones.
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(folded[i]);
    if (folded[i - 1] == '\xC3' && byte >= 0x80 && byte <= 0x9E) {
      folded[i] = static_cast<char>(byte + 0x20);
    }
  }
  const std::string_view name(folded.data(), size);
  const auto found = std::find_if(kWritten.begin(), kWritten.end(),
                                  [name](const Country& known) { return known.name == name; });
  return found == kWritten.end() ? kNone : found->locale;
}

std::string_view CountryOf(Locale locale) {
  return kCountries[static_cast<std::size_t>(locale)];
}

}  // namespace gdpr
