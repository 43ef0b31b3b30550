// SPDX-License-Identifier: PostgreSQL
#include "fake_room.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "../error.hpp"
#include "../pseudonym_room.hpp"
#include "../rule_words.hpp"
#include "fake.hpp"

namespace gdpr {
namespace {

using How = FakeRoom::How;
using enum TreatmentId;

// Whose values are ranked and permuted; a text that is none of them is permuted in its own shape.
constexpr auto kRanked = std::to_array<std::string_view>({"phone",
                                                          "postal_code",
                                                          "national_id",
                                                          "passport",
                                                          "tax_id",
                                                          "vat_id",
                                                          "driver_licence",
                                                          "health_id",
                                                          "licence_plate",
                                                          "company_registration",
                                                          "iban",
                                                          "bic",
                                                          "bank_account",
                                                          "account_number",
                                                          "card_number",
                                                          "card_expiry",
                                                          "mandate_ref",
                                                          "ip",
                                                          "mac",
                                                          "device_id",
                                                          "external_id"});

// Whose numbers are codes, degrees or months: few fakes for many values.
bool IsCode(const Kind& kind) {
  constexpr auto kCodes =
      std::to_array<std::string_view>({"title", "gender", "marital_status", "geo", "card_expiry"});
  return kind.special || std::ranges::find(kCodes, kind.name) != kCodes.end();
}

constexpr double kUuidBits = 122;
constexpr FakeRoom kBits{How::kBits, fake::kUniqueBits};

std::size_t RoomIn(const Rule& rule, const TypeFacts& type) {
  auto room = static_cast<std::size_t>(rule.facts.length);
  const auto bytes = static_cast<std::size_t>(type.text_bytes);
  if (bytes != 0 && (room == 0 || bytes < room)) room = bytes;
  return room == 0 ? std::numeric_limits<std::size_t>::max() : room;
}

// What a kind needs is its maker's business: one fake of a text that is none of the kind's, under a
// key that is nobody's.
bool Fits(const Rule& rule, const TypeFacts& type, std::string_view text) {
  constexpr std::array<std::uint8_t, 32> kNobody{};
  Keyed keys(kNobody);
  std::string out;
  const std::size_t room = RoomIn(rule, type);
  try {
    fake::Make({*rule.kind,
                type,
                text.substr(0, room),
                room,
                true,
                false,
                {},
                Locale::kNone,
                Locale::kNone,
                keys,
                out});
  } catch (const Error& error) {
    if (error.sqlstate == "PD005") return false;
    throw;
  }
  return true;
}

// Of a document's leaves many are drawn: two documents that differ in a first name may have one
// fake.
bool IsDocument(const Kind& kind) {
  return kind.name == "profile_json" || kind.name == "profile_xml";
}

FakeRoom OfText(const Rule& rule, TreatmentId id, const TypeFacts& type) {
  if (id == kShift || id == kNoise || id == kFf1) return {How::kPermutation, 0};
  if (IsDocument(*rule.kind)) return {};
  if (id == kHmac) {
    const std::size_t room = RoomIn(rule, type);
    if (room < fake::kUniqueChars) return {How::kTooSmall, 0};
    const bool is_email = rule.kind->name == "email" && room >= kLeastPseudonymEmail;
    const std::size_t form = is_email ? kLeastPseudonymEmail - fake::kUniqueChars : 0;
    return {How::kBits, 5.0 * static_cast<double>(std::min(kPseudonymChars, room - form))};
  }
  if (rule.kind->name == "geo") return {};  // places are drawn: two may lie in one
  const bool is_ranked = std::ranges::find(kRanked, rule.kind->name) != kRanked.end();
  if (!Fits(rule, type, is_ranked ? "5551234" : "Example")) return {How::kTooSmall, 0};
  return is_ranked ? FakeRoom{How::kPermutation, 0} : kBits;
}

}  // namespace

FakeRoom RoomOf(const Rule& rule, Profile profile, const TypeFacts& type) {
  const TreatmentId id = words::Resolve(rule, profile).id;
  if (!rule.facts.unique) return {};
  if (id == kKeep || id == kNull) return {How::kPermutation, 0};
  if (!NeedsKey(rule, profile)) return {};
  switch (type.cls) {
    case ValueClass::kText:
      return OfText(rule, id, type);
    case ValueClass::kUuid:
      return {How::kBits, kUuidBits};
    case ValueClass::kBytes:
      return kBits;
    case ValueClass::kNumber:
      if (id == kShift || (id == kFake && IsCode(*rule.kind))) return {};
      return {How::kPermutation, 0};
    case ValueClass::kJson:
    case ValueClass::kXml:
    case ValueClass::kInterval:
    case ValueClass::kBoolean:
    case ValueClass::kTsvector:
      return {};
    case ValueClass::kOther:
      return {How::kPermutation, 0};  // null
    default:
      return {How::kPermutation, 0};
  }
}

double CollisionBound(const FakeRoom& room, double rows) {
  switch (room.how) {
    case How::kBits:
      return std::min(1.0, rows * rows / std::exp2(room.bits + 1));
    case How::kTooSmall:
      return rows > 1 ? 1.0 : 0.0;
    default:
      return 0;
  }
}

}  // namespace gdpr
