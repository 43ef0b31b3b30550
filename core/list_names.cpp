// SPDX-License-Identifier: PostgreSQL
#include "list_names.hpp"

#include <algorithm>
#include <span>

#include "fold.hpp"

namespace gdpr {
namespace {

// In order: of two that stand in one list the first one is meant.
// Act!, MailUp, listmonk, CleverReach, Brevo: email; Mailchimp, Constant Contact: email address;
// promio: mail; Amazon SES, Postmark: emailaddress.
constexpr std::string_view kEmail[] = {
    "emailaddress", "email", "emailadresse", "mailadresse", "mail", "mailaddress", "emailid",
    // German, French, Spanish, Portuguese, Italian
    "epostadresse", "adresseemail", "adressemail", "adresseelectronique", "courriel",
    "adressecourriel", "adressedecourriel", "mel", "correo", "correoelectronico", "correoe",
    "direcciondecorreo", "direcciondecorreoelectronico", "direccionemail", "direcciondeemail",
    "correioeletronico", "correioelectronico", "enderecodeemail", "enderecoemail", "indirizzoemail",
    "indirizzomail", "indirizzodiposta", "indirizzodipostaelettronica", "postaelettronica",
    // Dutch, Swedish, Norwegian, Danish, Finnish, Polish, Czech, Slovak, Hungarian, Romanian,
    // Turkish
    "emailadres", "mailadres", "epost", "epostadress", "mejl", "mejladress", "mailadress",
    "sahkoposti", "sahkopostiosoite", "adresemail", "adresemailowy", "adrespocztyelektronicznej",
    "emailovaadresa", "emailcim", "adresademail", "adresaemail", "eposta", "epostaadresi",
    // Work, home and the like, when there is nothing else
    "emailprimary", "primaryemail", "contactemail", "customeremail", "subscriberemail",
    "businessemail", "workemail", "privateemail", "personalemail", "homeemail", "email1",
    "emailaddress1"};

// Mailgun and SparkPost, and what stands in lists about other things as well.
constexpr std::string_view kUnsureEmail[] = {
    "recipient",  "address", "empfanger", "destinataire", "destinatario",
    "subscriber", "contact", "user",      "username",     "login"};

// Brevo: sms; MailUp: phonenumber.
constexpr std::string_view kPhone[] = {"sms",
                                       "mobile",
                                       "mobilephone",
                                       "mobilenumber",
                                       "mobilephonenumber",
                                       "msisdn",
                                       "phonenumber",
                                       "phone",
                                       "telephone",
                                       "telephonenumber",
                                       "cell",
                                       "cellphone",
                                       "cellphonenumber",
                                       "whatsapp",
                                       "handy",
                                       "handynummer",
                                       "mobil",
                                       "mobilnummer",
                                       "mobiltelefon",
                                       "telefon",
                                       "telefonnummer",
                                       "rufnummer",
                                       "portable",
                                       "telephoneportable",
                                       "telephonemobile",
                                       "numerodetelephone",
                                       "movil",
                                       "telefonomovil",
                                       "telefono",
                                       "numerodetelefono",
                                       "cellulare",
                                       "numeroditelefono",
                                       "telemovel",
                                       "celular",
                                       "telefone",
                                       "gsm",
                                       "mobielnummer",
                                       "telefoonnummer",
                                       "puhelin",
                                       "puhelinnumero",
                                       "telefonkomorkowy",
                                       "ceptelefonu"};

constexpr std::string_view kMd5[] = {"md5", "emailmd5", "md5email", "md5hash", "emailhashmd5"};
constexpr std::string_view kSha1[] = {"sha1", "emailsha1", "sha1email", "sha1hash"};
constexpr std::string_view kSha256[] = {"sha256", "emailsha256", "sha256email", "sha256hash"};
constexpr std::string_view kDomain[] = {"domain",  "domains", "domainname", "emaildomain",
                                        "domaine", "dominio", "domane",     "domein"};

std::optional<int> PlaceIn(std::span<const std::string_view> names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(found - names.begin());
}

}  // namespace

std::string PlainName(std::string_view name) {
  std::string folded, plain;
  fold::Append(name, folded);
  for (const char c : folded) {
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (letter) plain.push_back(c);
  }
  return plain;
}

std::optional<KnownName> KnownColumn(std::string_view plain_name, AddressSort sort) {
  if (sort == AddressSort::kText) return std::nullopt;
  const auto addresses = sort == AddressSort::kEmail ? std::span<const std::string_view>(kEmail)
                                                     : std::span<const std::string_view>(kPhone);
  if (const auto place = PlaceIn(addresses, plain_name)) {
    return KnownName{ListKind::kAddress, *place, true};
  }
  constexpr int kAfter = 1000;
  const std::pair<ListKind, std::span<const std::string_view>> digests[] = {
      {ListKind::kMd5, kMd5}, {ListKind::kSha1, kSha1}, {ListKind::kSha256, kSha256}};
  for (const auto& [kind, names] : digests) {
    if (PlaceIn(names, plain_name)) return KnownName{kind, kAfter, true};
  }
  if (sort != AddressSort::kEmail) return std::nullopt;
  if (const auto place = PlaceIn(kUnsureEmail, plain_name)) {
    return KnownName{ListKind::kAddress, 2 * kAfter + *place, false};
  }
  if (PlaceIn(kDomain, plain_name)) return KnownName{ListKind::kDomain, 3 * kAfter, true};
  return std::nullopt;
}

}  // namespace gdpr
