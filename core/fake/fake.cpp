// SPDX-License-Identifier: PostgreSQL
// What all fakes share: whose bits they are made of, which locale, what never comes out.
#include "fake.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "fake_makers.hpp"
#include "../fold.hpp"
#include "../utf8.hpp"

namespace gdpr::fake {
namespace {

constexpr unsigned kMostAttempts = 8;

// A domain with what sets one attempt apart from the next: the first one has nothing.
class Domain {
 public:
  Domain(std::string_view name, unsigned attempt) : size_(std::min(name.size(), kMost)) {
    std::copy_n(name.begin(), size_, bytes_.begin());
    if (attempt != 0) {
      bytes_[size_++] = '#';
      bytes_[size_++] = static_cast<char>('0' + attempt);
    }
  }
  operator std::string_view() const { return {bytes_.data(), size_}; }

 private:
  static constexpr std::size_t kMost = 60;

  std::array<char, kMost + 2> bytes_{};
  std::size_t size_;
};

// When what comes out as the input is drawn again. Where there are few values to draw from, "never
// the input" would tell the input. What is made by a person's seed does not depend on the input,
// and the parts of a person must stay together.
enum class Again : std::uint8_t { kNever, kUnseeded, kAlways };

struct Entry {
  std::string_view kind;
  Maker maker;
  Again again;
};

using enum Again;

constexpr auto kMakers = std::to_array<Entry>({
    {"first_name", FirstName, kUnseeded},
    {"middle_name", MiddleName, kUnseeded},
    {"last_name", LastName, kUnseeded},
    {"full_name", FullName, kUnseeded},
    {"title", Title, kNever},
    {"gender", Gender, kNever},
    {"birth_date", BirthDate, kAlways},
    {"birth_place", BirthPlace, kAlways},
    {"age", Age, kNever},
    {"nationality", Nationality, kNever},
    {"marital_status", MaritalStatus, kNever},
    {"email", Email, kAlways},
    {"phone", Phone, kNever},
    {"username", Username, kAlways},
    {"url", Url, kAlways},
    {"social_handle", SocialHandle, kAlways},
    {"street", Street, kAlways},
    {"street_number", StreetNumber, kNever},
    {"address_line", AddressLine, kAlways},
    {"city", City, kAlways},
    {"region", Region, kNever},
    {"postal_code", PostalCode, kNever},
    {"country", Country, kNever},
    {"po_box", PoBox, kAlways},
    {"geo", Geo, kAlways},
    {"national_id", NationalId, kNever},
    {"passport", Passport, kNever},
    {"tax_id", TaxId, kNever},
    {"vat_id", VatId, kNever},
    {"driver_licence", DriverLicence, kNever},
    {"health_id", HealthId, kNever},
    {"licence_plate", LicencePlate, kNever},
    {"company_registration", CompanyRegistration, kNever},
    {"iban", Iban, kNever},
    {"bic", Bic, kNever},
    {"bank_account", BankAccount, kNever},
    {"account_number", AccountNumber, kNever},
    {"bank_name", BankName, kAlways},
    {"card_number", CardNumber, kNever},
    {"card_expiry", CardExpiry, kNever},
    {"mandate_ref", MandateRef, kNever},
    {"salary", Salary, kNever},
    {"company", Company, kAlways},
    {"job_title", JobTitle, kAlways},
    {"ip", Ip, kNever},
    {"mac", Mac, kNever},
    {"user_agent", UserAgent, kAlways},
    {"device_id", DeviceId, kNever},
    {"external_id", ExternalId, kNever},
    {"free_text", FreeText, kAlways},
    {"profile_json", ProfileJson, kNever},
    {"profile_xml", ProfileXml, kNever},
    {"file_name", FileName, kAlways},
    {"health", Health, kNever},
    {"religion", Religion, kNever},
    {"ethnicity", Ethnicity, kNever},
    {"politics", Politics, kNever},
    {"union", Union, kNever},
    {"sexuality", Sexuality, kNever},
    {"criminal", Criminal, kNever},
    {"search_copy", SearchCopy, kAlways},
});

// What has a constant in the table of kinds, where a rule asks for `fake` or the column is unique.
constexpr Entry kOther{"", Words, kAlways};

// By the kind's place in the registry, so that a value costs no search.
const Entry& EntryOf(const Kind& kind) {
  static const std::array<Entry, 80> table = [] {
    std::array<Entry, 80> entries;
    entries.fill(kOther);
    for (const Entry& entry : kMakers) {
      const Kind* known = FindKind(entry.kind);
      entries.at(static_cast<std::size_t>(known - Kinds().data())) = entry;
    }
    return entries;
  }();
  return table.at(static_cast<std::size_t>(&kind - Kinds().data()));
}

bool Repeats(Again again, const Call& call) {
  if (again == kNever || call.out != call.text) return false;
  return again == kAlways || !call.seeded;
}

}  // namespace

Draw Call::Person(std::string_view domain) const {
  const Domain name(domain, attempt);
  return seeded ? keys.DrawForSeed(name, seed) : keys.DrawFor(name, text);
}

Draw Call::Value(std::string_view domain) const {
  if (!seeded || !unique) return Person(domain);
  return keys.DrawForBoth(Domain(domain, attempt), seed, text);
}

// Without the seed, even where there is one: permuted under two people's tweaks, two values could
// meet.
U128 Call::Permute(std::string_view domain, U128 size, U128 index) const {
  return Walk(*this, domain, size, index).Next();
}

// Of a small set one value in `size` would stay what it was, and somebody's telephone number with
// it. The next one in the keyed order never is: all of them are one cycle. A set of a few values (a
// digit, a sex) is permuted as ever, or what the fake is not would say too much.
Walk::Walk(const Call& call, std::string_view domain, U128 size, U128 index)
    : permutation_(call.keys.permutation()), domain_(domain), size_(size) {
  constexpr U128 kFew = 1000;
  constexpr U128 kMany = static_cast<U128>(1) << 24U;
  in_cycle_ = size >= kFew && size <= kMany;
  at_ = in_cycle_ ? permutation_.Forward(domain_, size_, index) : index;
}

U128 Walk::Next() {
  if (!in_cycle_) return at_ = permutation_.Forward(domain_, size_, at_);
  at_ = at_ + 1 == size_ ? 0 : at_ + 1;
  return permutation_.Backward(domain_, size_, at_);
}

Locale Call::LocaleOr(Locale of_value) const {
  for (const Locale known : {locale, of_value, row}) {
    if (known != Locale::kNone) return known;
  }
  return Locale::kEn;
}

Maker MakerOf(const Kind& kind) {
  return EntryOf(kind).maker;
}

void Make(const Call& call) {
  call.out.clear();
  if (call.text.empty()) return;
  const Entry& entry = EntryOf(call.kind);
  entry.maker(call);
  for (unsigned attempt = 1; attempt < kMostAttempts && Repeats(entry.again, call); ++attempt) {
    Call next = call;
    next.attempt = attempt;
    call.out.clear();
    entry.maker(next);
  }
}

void FailRoom(const Call& call, std::size_t needed) {
  throw Error{"PD005", "a unique fake of kind \"" + std::string(call.kind.name) + "\" does not fit",
              "It needs " + std::to_string(needed) + " characters; the column takes " +
                  std::to_string(call.room) + ".",
              "Make the column wider, or use another treatment in the rule."};
}

void Words(const Call& call) {
  const std::size_t length = CountChars(call.text);
  const std::size_t chars = std::min(call.room, std::max(length, kUniqueChars));
  if (call.unique && chars < kUniqueChars) FailRoom(call, kUniqueChars);
  call.Value(call.kind.name).Base32(std::min<std::size_t>(chars, 64), call.out);
}

Call CallOf(const treat::Call& call, const Keying& keying) {
  auto room = static_cast<std::size_t>(call.rule.facts.length);
  const auto bytes = static_cast<std::size_t>(call.type.text_bytes);
  if (bytes != 0 && (room == 0 || bytes < room)) room = bytes;
  if (room == 0) room = std::numeric_limits<std::size_t>::max();
  const std::int64_t word = call.plan.id == TreatmentId::kFake ? call.plan.a : 0;
  const bool by_row = word == kFakeByCountry;
  return {*call.rule.kind,
          call.type,
          call.value.text,
          room,
          call.rule.facts.unique,
          keying.seeded,
          keying.seed,
          by_row ? Locale::kNone : static_cast<Locale>(word),
          by_row ? keying.locale : Locale::kNone,
          *keying.keys,
          call.result.text};
}

}  // namespace gdpr::fake
