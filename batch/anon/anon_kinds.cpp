// SPDX-License-Identifier: PostgreSQL
// What names mean: those of Anonymizer's functions, and those of columns.
#include "batch/anon/anon_kinds.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "core/kind.hpp"

namespace gdpr::batch {
namespace {

struct Pair {
  std::string_view from, to;
};

// Functions of schema anon that say what a column holds, without fake_, dummy_, pseudo_, random_.
// source: PostgreSQL Anonymizer 1.3 and 2.1, Masking Functions
constexpr std::array kFunctions = {Pair{"address", "address_line"},
                                   Pair{"bic", "bic"},
                                   Pair{"building_number", "street_number"},
                                   Pair{"cell_number", "phone"},
                                   Pair{"city", "city"},
                                   Pair{"city_in_country", "city"},
                                   Pair{"city_name", "city"},
                                   Pair{"company", "company"},
                                   Pair{"company_name", "company"},
                                   Pair{"country", "country"},
                                   Pair{"country_code", "country"},
                                   Pair{"country_name", "country"},
                                   Pair{"credit_card_number", "card_number"},
                                   Pair{"dir_path", "file_name"},
                                   Pair{"email", "email"},
                                   Pair{"file_name", "file_name"},
                                   Pair{"file_path", "file_name"},
                                   Pair{"first_name", "first_name"},
                                   Pair{"free_email", "email"},
                                   Pair{"health_insurance_code", "health_id"},
                                   Pair{"iban", "iban"},
                                   Pair{"ip", "ip"},
                                   Pair{"ipv4", "ip"},
                                   Pair{"ipv6", "ip"},
                                   Pair{"last_name", "last_name"},
                                   Pair{"latitude", "geo"},
                                   Pair{"licence_plate", "licence_plate"},
                                   Pair{"longitude", "geo"},
                                   Pair{"mac_address", "mac"},
                                   Pair{"name", "full_name"},
                                   Pair{"name_with_title", "full_name"},
                                   Pair{"partial_email", "email"},
                                   Pair{"password", "password"},
                                   Pair{"phone", "phone"},
                                   Pair{"phone_number", "phone"},
                                   Pair{"position", "job_title"},
                                   Pair{"post_code", "postal_code"},
                                   Pair{"postcode", "postal_code"},
                                   Pair{"profession", "job_title"},
                                   Pair{"region", "region"},
                                   Pair{"region_in_country", "region"},
                                   Pair{"safe_email", "email"},
                                   Pair{"secondary_address", "address_line"},
                                   Pair{"siren", "company_registration"},
                                   Pair{"siret", "company_registration"},
                                   Pair{"state_abbr", "region"},
                                   Pair{"state_name", "region"},
                                   Pair{"street_name", "street"},
                                   Pair{"title", "title"},
                                   Pair{"user_agent", "user_agent"},
                                   Pair{"username", "username"},
                                   Pair{"zip", "postal_code"},
                                   Pair{"zip_code", "postal_code"},
                                   Pair{"lorem_ipsum", "free_text"},
                                   Pair{"paragraph", "free_text"},
                                   Pair{"paragraphs", "free_text"},
                                   Pair{"sentence", "free_text"},
                                   Pair{"sentences", "free_text"},
                                   Pair{"word", "free_text"},
                                   Pair{"words", "free_text"},
                                   Pair{"image_blur", "photo"}};

// Words of columns' names, besides the kinds' own names.
constexpr std::array kNames = {Pair{"mail", "email"},
                               Pair{"e_mail", "email"},
                               Pair{"tel", "phone"},
                               Pair{"telephone", "phone"},
                               Pair{"mobile", "phone"},
                               Pair{"fax", "phone"},
                               Pair{"zip", "postal_code"},
                               Pair{"zipcode", "postal_code"},
                               Pair{"postcode", "postal_code"},
                               Pair{"dob", "birth_date"},
                               Pair{"birthday", "birth_date"},
                               Pair{"birthdate", "birth_date"},
                               Pair{"birth", "birth_date"},
                               Pair{"born", "birth_date"},
                               Pair{"surname", "last_name"},
                               Pair{"lastname", "last_name"},
                               Pair{"firstname", "first_name"},
                               Pair{"name", "full_name"},
                               Pair{"fullname", "full_name"},
                               Pair{"user_name", "username"},
                               Pair{"login", "username"},
                               Pair{"address", "address_line"},
                               Pair{"ssn", "national_id"},
                               Pair{"vat", "vat_id"},
                               Pair{"tax", "tax_id"},
                               Pair{"sex", "gender"},
                               Pair{"income", "salary"},
                               Pair{"wage", "salary"},
                               Pair{"comment", "free_text"},
                               Pair{"comments", "free_text"},
                               Pair{"note", "free_text"},
                               Pair{"notes", "free_text"},
                               Pair{"message", "free_text"},
                               Pair{"messages", "free_text"},
                               Pair{"remarks", "free_text"},
                               Pair{"description", "free_text"},
                               Pair{"bio", "free_text"},
                               Pair{"swift", "bic"},
                               Pair{"website", "url"},
                               Pair{"employer", "company"},
                               Pair{"state", "region"},
                               Pair{"town", "city"},
                               Pair{"job", "job_title"},
                               Pair{"profession", "job_title"},
                               Pair{"latitude", "geo"},
                               Pair{"longitude", "geo"},
                               Pair{"lat", "geo"},
                               Pair{"lon", "geo"},
                               Pair{"lng", "geo"},
                               Pair{"credit_card", "card_number"},
                               Pair{"siret", "company_registration"},
                               Pair{"avatar", "photo"},
                               Pair{"picture", "photo"},
                               Pair{"given_name", "first_name"},
                               Pair{"family_name", "last_name"},
                               Pair{"street_address", "address_line"},
                               Pair{"cellphone", "phone"},
                               Pair{"phone_number", "phone"},
                               Pair{"ip_address", "ip"},
                               Pair{"ipaddress", "ip"},
                               Pair{"remote_addr", "ip"},
                               Pair{"passwd", "password"},
                               Pair{"pwd", "password"}};

template <std::size_t N>
std::string_view Lookup(const std::array<Pair, N>& table, std::string_view word) {
  const auto found = std::ranges::find(table, word, &Pair::from);
  return found == table.end() ? std::string_view() : found->to;
}

// firstName, FIRST NAME and first-name all read _first_name_.
std::string Words(std::string_view name) {
  std::string words = "_";
  char before = '_';
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool other = !upper && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
                       static_cast<unsigned char>(c) < 0x80;
    if ((upper && before >= 'a' && before <= 'z') || other) {
      if (words.back() != '_') words += '_';
    }
    if (!other) words += upper ? static_cast<char>(c - 'A' + 'a') : c;
    before = c;
  }
  return words + "_";
}

}  // namespace

std::string_view KindOfFunction(std::string_view function) {
  if (!function.starts_with("anon.")) return {};
  function.remove_prefix(5);
  for (const std::string_view prefix : {"fake_", "dummy_", "pseudo_", "random_"}) {
    if (!function.starts_with(prefix)) continue;
    function.remove_prefix(prefix.size());
    break;
  }
  if (function.ends_with("_locale")) function.remove_suffix(7);
  return Lookup(kFunctions, function);
}

std::string_view KindOfColumn(std::string_view name) {
  const std::string words = Words(name);
  std::string_view best, kind;
  const auto consider = [&](std::string_view word, std::string_view to) {
    if (word.size() <= best.size() || word == "not_personal") return;
    if (words.find("_" + std::string(word) + "_") == std::string::npos) return;
    best = word;
    kind = to;
  };
  for (const Kind& known : Kinds()) consider(known.name, known.name);
  for (const Pair& pair : kNames) consider(pair.from, pair.to);
  return kind;
}

}  // namespace gdpr::batch
