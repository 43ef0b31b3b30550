// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "error.hpp"

namespace gdpr {

/// What happens to a value, by purpose. The order is the registry order of the canonical rule.
enum class Profile : std::uint8_t { kErase, kMask, kGeneralize, kFake, kPseudonym };
constexpr int kProfiles = 5;

/// Every treatment there is: a closed list, because a rule never holds SQL.
enum class TreatmentId : std::uint8_t {
  kConstant,   ///< constant, constant('text')
  kSurrogate,  ///< surrogate, surrogate(lower|upper|digits|email|uuid)
  kNull,
  kKeep,
  kEmpty,
  kLeaves,   ///< json and xml: structure kept, contents replaced
  kRedact,   ///< free text: only what a detector finds
  kPartial,  ///< partial(first,last)
  kEmail,
  kStars,
  kYear,
  kMonth,
  kBand,      ///< band(n)
  kPrefix,    ///< prefix(n)
  kDecimals,  ///< decimals(n)
  kNetwork,
  kBucket,  ///< bucket(n)
  kFake,    ///< fake, fake(de), fake(country)
  kHmac,
  kFf1,
  kShift,  ///< shift(days)
  kNoise,  ///< noise(percent)
};

/// A kind's own treatment for one profile; a and b are its numbers.
struct DefaultTreatmentSpec {
  TreatmentId id = TreatmentId::kConstant;
  std::int64_t a = 0;
  std::int64_t b = 0;
};

/// What a column holds. The table of kinds is constant data; a Kind is used by address.
struct Kind {
  std::string_view name;
  std::string_view category;
  std::string_view description;
  bool special;  ///< special category of personal data (GDPR Articles 9 and 10)
  std::array<DefaultTreatmentSpec, kProfiles> treatments;
  std::string_view remark;  ///< why a profile does less for it than for others; often empty
};

/// All kinds, by category in the order of the documentation.
std::span<const Kind> Kinds();

/// The kind of that name, or nullptr.
const Kind* FindKind(std::string_view name);

/// "erase", "mask", "generalize", "fake" or "pseudonym".
std::string_view ProfileName(Profile profile);

/// The profile of that name. Throws Error 22023 with the allowed words.
Profile ParseProfile(std::string_view name);

/// What the profile does to the kind when a rule says nothing else, as canonical rule text:
/// "constant", "partial(0,4)". For the view gdpr.kinds.
std::string DefaultTreatment(const Kind& kind, Profile profile);

}  // namespace gdpr
