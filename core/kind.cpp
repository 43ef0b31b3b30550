// SPDX-License-Identifier: PostgreSQL
#include "kind.hpp"

#include <algorithm>
#include <cstddef>

#include "rule.hpp"
#include "rule_words.hpp"

namespace gdpr {
namespace {

using Spec = DefaultTreatmentSpec;
using enum TreatmentId;

constexpr Spec kPlain{kConstant};
constexpr Spec kStays{kKeep};
constexpr Spec kInside{kLeaves};
constexpr Spec kHidden{kStars};

constexpr Spec Partial(int first, int last) {
  return {kPartial, first, last};
}

// Most kinds: erased by a constant, generalized as erased (design: "every other kind as erase").
constexpr Kind Simple(std::string_view name, std::string_view category, Spec mask,
                      std::string_view description, Spec generalize = kPlain) {
  return {name, category, description, false, {kPlain, mask, generalize, Spec{kFake}, Spec{kHmac}},
          {}};
}

// Digits and ids, which format-preserving encryption can turn back.
constexpr Kind Id(std::string_view name, std::string_view category, Spec mask,
                  std::string_view description) {
  return {name, category, description, false, {kPlain, mask, kPlain, Spec{kFake}, Spec{kFf1}}, {}};
}

constexpr Kind Special(std::string_view name, std::string_view description) {
  return {name, "special", description, true, {kPlain, kHidden, kPlain, Spec{kFake}, Spec{kHmac}},
          {}};
}

constexpr Kind Document(std::string_view name, std::string_view description) {
  return {
      name, "content", description, false, {kInside, kInside, kInside, Spec{kFake}, Spec{kHmac}},
      {}};
}

// What the keyed profiles do otherwise, and why.
constexpr Kind Keyed(Kind kind, Spec fake, Spec pseudonym, std::string_view remark) {
  kind.treatments[3] = fake;
  kind.treatments[4] = pseudonym;
  kind.remark = remark;
  return kind;
}

constexpr std::array kKinds = {
    Simple("first_name", "person", Partial(1, 0), "Given name"),
    Simple("middle_name", "person", Partial(1, 0), "Middle name or initials"),
    Simple("last_name", "person", Partial(1, 0), "Family name"),
    Simple("full_name", "person", Partial(1, 0), "Whole name in one column"),
    Simple("title", "person", kHidden, "Form of address, academic title"),
    Simple("gender", "person", kHidden, "Gender or sex"),
    Keyed(Simple("birth_date", "person", kHidden, "Date of birth or a part of it", {kYear}),
          {kShift, 365}, {kShift, 365}, "Shifted by up to a year, so that ages stay about right"),
    Simple("birth_place", "person", Partial(1, 0), "Place of birth"),
    Keyed(Simple("age", "person", kHidden, "Age in years", {kBand, 10}), {kNoise, 10}, Spec{kHmac},
          "Noise, so that sums and averages stay about right"),
    Simple("nationality", "person", kHidden, "Nationality or citizenship"),
    Simple("marital_status", "person", kHidden, "Marital status"),

    Simple("email", "contact", {kEmail}, "E-mail address"),
    Id("phone", "contact", Partial(0, 3), "Telephone, mobile or fax number"),
    Simple("username", "contact", Partial(1, 0), "Login or user name"),
    Simple("url", "contact", kHidden, "Personal page or profile address"),
    Simple("social_handle", "contact", Partial(1, 0), "Name in a social network or messenger"),

    Simple("street", "address", Partial(2, 0), "Street name"),
    Simple("street_number", "address", kHidden, "House, floor or apartment number"),
    Simple("address_line", "address", Partial(2, 0), "Address or a line of it"),
    Simple("city", "address", Partial(1, 0), "City, town, municipality or district"),
    Simple("region", "address", kHidden, "State, province or county"),
    Simple("postal_code", "address", Partial(2, 0), "Postal code", {kPrefix, 2}),
    Simple("country", "address", kHidden, "Country name or code"),
    Simple("po_box", "address", kHidden, "Post office box"),
    Simple("geo", "address", kHidden, "Latitude, longitude or both, in degrees", {kDecimals, 1}),

    Id("national_id", "government", Partial(0, 2), "National identity or social security number"),
    Id("passport", "government", Partial(0, 2), "Passport number"),
    Id("tax_id", "government", Partial(0, 2), "Tax number of a person"),
    Id("vat_id", "government", Partial(2, 2), "VAT number"),
    Id("driver_licence", "government", Partial(0, 2), "Driving licence number"),
    Id("health_id", "government", Partial(0, 2), "Health insurance number"),
    Id("licence_plate", "government", Partial(2, 0), "Vehicle registration"),
    Id("company_registration", "government", Partial(0, 3), "Company registration number"),

    Id("iban", "finance", Partial(2, 4), "International bank account number"),
    Simple("bic", "finance", Partial(2, 0), "Bank identifier code"),
    Id("bank_account", "finance", Partial(0, 3), "Bank account number, national form"),
    Id("account_number", "finance", Partial(0, 3), "Customer's account number"),
    Simple("bank_name", "finance", Partial(1, 0), "Name of bank or branch"),
    Id("card_number", "finance", Partial(0, 4), "Payment card number or its last digits"),
    Simple("card_expiry", "finance", kHidden, "Expiry of a payment card or a part of it"),
    Id("mandate_ref", "finance", Partial(0, 3), "Direct debit mandate reference"),
    Keyed(Simple("salary", "finance", kHidden, "Pay or income", {kBucket, 10000}), {kNoise, 10},
          Spec{kHmac}, "Noise, so that sums and averages stay about right"),

    Simple("company", "organisation", Partial(1, 0), "Name of a person's company or employer"),
    Simple("job_title", "organisation", Partial(1, 0), "Position or profession", kStays),

    Simple("ip", "online", Partial(3, 0), "IP address", {kNetwork}),
    Simple("mac", "online", Partial(5, 0), "Network hardware address"),
    Simple("user_agent", "online", kHidden, "Browser or application signature"),
    Id("device_id", "online", Partial(0, 4), "Device, advertising or installation id"),
    Id("external_id", "online", Partial(0, 3), "The person's id in another system"),

    Keyed(Simple("password", "credentials", kHidden, "Password, hash or secret answer"), kPlain,
          kPlain, "A constant: one that works, or that can be tried, is worse than none"),
    Keyed(Simple("token", "credentials", kHidden, "Access token, session or reset code"), kPlain,
          kPlain, "A constant: one that works is worse than none"),

    Simple("free_text", "content", kHidden, "Notes, comments, messages"),
    Document("profile_json", "JSON document about a person"),
    Document("profile_xml", "XML document about a person"),
    Keyed(Simple("attachment", "content", kHidden, "Content of a file"), kPlain, kPlain,
          "A constant: a made-up file opens in no program"),
    Simple("file_name", "content", kHidden, "Name or path of a file"),
    Keyed(Simple("photo", "content", kHidden, "Picture of a person or where it lies"), kPlain,
          kPlain, "A constant: a made-up picture shows nobody, or somebody"),

    Special("health", "Health (Article 9)"),
    Special("religion", "Religious or philosophical belief (Article 9)"),
    Special("ethnicity", "Racial or ethnic origin (Article 9)"),
    Special("politics", "Political opinion (Article 9)"),
    Special("union", "Trade union membership (Article 9)"),
    Special("sexuality", "Sex life or sexual orientation (Article 9)"),
    Keyed(
        Special("biometric", "Biometric or genetic data (Article 9)"), kPlain, kPlain,
        "A constant: made-up measures are nobody's, and a keyed digest of real ones is somebody's"),
    Special("criminal", "Criminal convictions and offences (Article 10)"),

    Simple("search_copy", "derived", kHidden, "Upper-case copy, search vector, concatenation"),

    Kind{"not_personal",
         "not personal",
         "Reviewed, and holds nothing about a person",
         false,
         {kStays, kStays, kStays, kStays, kStays},
         "Nobody's: it stays as it is in every profile"},
};

constexpr std::array<std::string_view, kProfiles> kProfileNames = {"erase", "mask", "generalize",
                                                                   "fake", "pseudonym"};

}  // namespace

std::span<const Kind> Kinds() {
  return kKinds;
}

const Kind* FindKind(std::string_view name) {
  const auto found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& k) { return k.name == name; });
  return found == kKinds.end() ? nullptr : &*found;
}

std::string_view ProfileName(Profile profile) {
  return kProfileNames[static_cast<std::size_t>(profile)];
}

Profile ParseProfile(std::string_view name) {
  for (std::size_t i = 0; i < kProfileNames.size(); ++i) {
    if (kProfileNames[i] == name) return static_cast<Profile>(i);
  }
  throw Error{"22023", "unknown profile \"" + words::Excerpt(name) + "\"", "",
              words::Hint(name, kProfileNames)};
}

std::string DefaultTreatment(const Kind& kind, Profile profile) {
  const Spec& spec = kind.treatments[static_cast<std::size_t>(profile)];
  return FormatTreatment(Treatment{spec.id, spec.a, spec.b, {}});
}

}  // namespace gdpr
