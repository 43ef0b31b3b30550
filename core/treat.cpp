// SPDX-License-Identifier: PostgreSQL
#include "treat.hpp"

#include <algorithm>
#include <string>

#include "fake/fake.hpp"
#include "pseudonym.hpp"
#include "rule_words.hpp"
#include "treat_class.hpp"

namespace gdpr {
namespace {

using enum TreatmentId;

[[noreturn]] void FailKey(Profile profile) {
  throw Error{"55000", "profile \"" + std::string(ProfileName(profile)) + "\" needs a key", "",
              "Set gdpr.key_file and call gdpr.create_key(); gdpr-batch takes --key-file."};
}

bool IsKeyed(TreatmentId id) {
  return id == TreatmentId::kFake || id == kHmac || id == kFf1 || id == kShift || id == kNoise;
}

[[noreturn]] void FailNull(const Rule& rule, Profile profile, bool asked) {
  const std::string where = "profile \"" + std::string(ProfileName(profile)) + "\" of kind \"" +
                            std::string(rule.kind->name) + "\"";
  if (asked) {
    throw Error{"PD005", "treatment \"null\" does not fit a column that is NOT NULL",
                "It is the treatment of " + where + ".", "Use another treatment in the rule."};
  }
  throw Error{"0A000", "this data type has no treatment but null, and the column is NOT NULL",
              "Asked for was " + where + ".", "Drop NOT NULL, or use \"keep\" in the rule."};
}

void Fake(const treat::Call& call, const Keying& keying) {
  if (call.type.cls != ValueClass::kText || call.plan.id != TreatmentId::kFake) {
    return fake::Typed(call, keying);
  }
  fake::Make(fake::CallOf(call, keying));
  treat::FitBytes(call.type, call.result.text);
}

// A treatment that becomes another one loses its parameters: they were not meant for that one.
words::InForce Normalized(const words::InForce& plan, const TypeFacts& type) {
  const TreatmentId id = treat::Normalize(plan.id, plan.id == kConstant && plan.a != 0, type);
  return id == plan.id ? plan : words::InForce{id, 0, 0, {}};
}

/// What is equal must stay equal: a foreign key of citext finds its row in any case. Letters beyond
/// ASCII stay as they are, since which of them are pairs depends on the database's locale.
std::string_view Lower(std::string_view text, std::string& lower) {
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (std::ranges::none_of(text, is_upper)) return text;
  lower = text;
  for (char& c : lower) c = static_cast<char>(is_upper(c) ? c - 'A' + 'a' : c);
  return lower;
}

void TreatClass(const treat::Call& call) {
  Result& result = call.result;
  switch (call.type.cls) {
    case ValueClass::kText:
      return treat::Text(call);
    case ValueClass::kNumber:
      return treat::Number(call);
    case ValueClass::kDate:
      return treat::Date(call);
    case ValueClass::kTimestamp:
      return treat::Timestamp(call);
    case ValueClass::kTime:
    case ValueClass::kInterval:
    case ValueClass::kTsvector:
      return;  // Clear() left zero and the empty text
    case ValueClass::kBoolean:
      return treat::Boolean(call);
    case ValueClass::kEnum:
      return treat::Enum(call);
    case ValueClass::kInet:
      return treat::Inet(call);
    case ValueClass::kMac:
      return treat::Mac(call);
    case ValueClass::kUuid:
      return treat::Uuid(call);
    case ValueClass::kBytes:
      return treat::Bytes(call);
    case ValueClass::kJson:
      return treat::Json(call);
    case ValueClass::kXml:
      return treat::Xml(call);
    case ValueClass::kPoint:
      return treat::Point(call);
    case ValueClass::kOther:
      if (call.rule.facts.not_null) FailNull(call.rule, call.profile, false);
      result.state = Result::State::kNull;
      return;
  }
}

}  // namespace

namespace treat {

TreatmentId Normalize(TreatmentId id, bool has_text, const TypeFacts& type) {
  const auto one_of = [id](auto... ids) { return ((id == ids) || ...) ? id : kConstant; };
  switch (type.cls) {
    case ValueClass::kText:
      return id;
    case ValueClass::kNumber:
      return one_of(kSurrogate, kYear, kBand, kPrefix, kDecimals, kBucket);
    case ValueClass::kDate:
    case ValueClass::kTimestamp:
      return one_of(kSurrogate, kYear, kMonth);
    case ValueClass::kInet:
      return one_of(kSurrogate, kNetwork);
    case ValueClass::kMac:
    case ValueClass::kUuid:
      return one_of(kSurrogate);
    case ValueClass::kBytes:
      return one_of(kSurrogate, kEmpty);
    case ValueClass::kJson:
    case ValueClass::kXml:
      if (id == kConstant && has_text) return id;
      return id == kSurrogate || id == kEmpty || id == kRedact ? id : kLeaves;
    case ValueClass::kPoint:
      return one_of(kDecimals);
    default:
      return kConstant;
  }
}

void FailConstant(const Call& call) {
  throw Error{"PD005", "the rule's constant does not fit the data type",
              "The constant is \"" + words::Excerpt(call.plan.text) + "\".",
              "Write a constant of the column's own type, or no text for the usual one."};
}

}  // namespace treat

void Treat(const Rule& rule, Profile profile, const TypeFacts& type, const Value& value,
           Random& random, Result& result, const Keying& keying) {
  result.Clear();
  words::InForce plan = words::Resolve(rule, profile);
  switch (plan.id) {
    case kKeep:
      return;
    case kNull:
      if (rule.facts.not_null) FailNull(rule, profile, true);
      result.state = Result::State::kNull;
      return;
    default:
      break;
  }
  result.state = Result::State::kValue;
  const bool is_own = IsKeyed(plan.id) || (profile == Profile::kFake && plan.id == kBucket);
  if (is_own && type.cls != ValueClass::kOther) {
    if (keying.keys == nullptr && plan.id != kBucket) FailKey(profile);
    std::string lower;
    Value folded = value;
    if (type.any_case) folded.text = Lower(value.text, lower);
    const treat::Call call{rule, profile, plan, type, folded, random, result};
    return profile == Profile::kPseudonym ? Pseudonym(call, keying) : Fake(call, keying);
  }
  plan = Normalized(plan, type);
  TreatClass({rule, profile, plan, type, value, random, result});
}

bool NeedsKey(const Rule& rule, Profile profile) {
  return IsKeyed(words::Resolve(rule, profile).id);
}

bool NeedsCountry(const Rule& rule, Profile profile) {
  const words::InForce plan = words::Resolve(rule, profile);
  return plan.id == TreatmentId::kFake && plan.a == kFakeByCountry;
}

bool IsConstant(const Rule& rule, Profile profile, const TypeFacts& type) {
  const words::InForce plan = words::Resolve(rule, profile);
  if (plan.id == kNull) return true;
  if (plan.id == kKeep || IsKeyed(plan.id)) return false;
  const TreatmentId id = Normalized(plan, type).id;
  if (id != kConstant && id != kEmpty && id != kStars) return false;
  if (type.cls == ValueClass::kInet) return plan.id == kConstant && plan.a != 0;
  // Without a text, erasing a uuid makes a new random one.
  if (type.cls == ValueClass::kUuid) {
    return profile != Profile::kErase || (plan.id == kConstant && plan.a != 0);
  }
  return true;
}

}  // namespace gdpr
