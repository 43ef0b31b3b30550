// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kind.hpp"

namespace gdpr {

/// The shape a surrogate takes (Treatment::a of kSurrogate).
enum class SurrogateForm : std::int64_t { kPlain, kLower, kUpper, kDigits, kEmail, kUuid };

/// fake(country): the locale of the row's country (Treatment::a of kFake; others are a Locale).
constexpr std::int64_t kFakeByCountry = 9;

/// One treatment with its parameters.
struct Treatment {
  TreatmentId id = TreatmentId::kConstant;
  /// partial: first; band, prefix, decimals, bucket: n; shift, noise: n; surrogate: SurrogateForm;
  /// fake: Locale or kFakeByCountry; constant: 1 if a text is given, so that constant('') differs
  /// from constant.
  std::int64_t a = 0;
  std::int64_t b = 0;  ///< partial: last
  std::string text;    ///< constant('text')

  bool operator==(const Treatment&) const = default;
};

/// What is known of the column itself.
struct Facts {
  bool unique = false;
  bool not_null = false;
  /// Most characters the column takes; 0 = no limit. For numeric(p,s): digits before the point.
  int length = 0;

  bool operator==(const Facts&) const = default;
};

/// A parsed rule: kind, what it says about single profiles, facts of the column.
struct Rule {
  const Kind* kind = nullptr;
  std::array<std::optional<Treatment>, kProfiles> overrides;
  Facts facts;

  bool operator==(const Rule&) const = default;
};

constexpr std::size_t kMaxRuleBytes = 1000;

/// Reads `kind {profile=treatment | unique | not_null | length=N}`. Throws Error (42601 for a
/// mistake of form, 22023 for an unknown word or a number out of range) that names the position,
/// what stands there, and the words allowed there.
Rule ParseRule(std::string_view text);

/// The canonical text: kind, profiles in registry order, facts. Parse(Format(r)) == r.
std::string FormatRule(const Rule& rule);

/// One treatment in canonical text.
std::string FormatTreatment(const Treatment& treatment);

/// The treatment in force: the rule's own, else the kind's; for a unique column a plain `constant`
/// becomes a surrogate (erase), a fake (letters and digits) or hmac.
Treatment TreatmentFor(const Rule& rule, Profile profile);

}  // namespace gdpr
