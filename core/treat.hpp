// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "keyed.hpp"
#include "rule.hpp"
#include "value.hpp"

namespace gdpr {

/// Where surrogates get their bytes. Must be unguessable; never asked for more than 64 at a time.
class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(std::span<std::uint8_t> bytes) = 0;
};

/// Treats one value as the rule says for the profile; clears and fills `result`.
///
/// A treatment that has no meaning for the value's class (partial on a date) gives the class's
/// constant, so the table rule x profile x class has no holes. Only erase uses `random`, only what
/// NeedsKey() uses `keying`.
/// Throws Error: 0A000 for a type without an answer in a NOT NULL column; PD005 where the column
/// cannot take the treatment (null in a NOT NULL column, a constant that is not of the type, a
/// unique value in too little room); 55000 where a key is needed and missing.
void Treat(const Rule& rule, Profile profile, const TypeFacts& type, const Value& value,
           Random& random, Result& result, const Keying& keying = {});

/// Whether Treat() needs a key: the treatment in force is fake, shift, noise, hmac or ff1.
bool NeedsKey(const Rule& rule, Profile profile);

/// Whether the treatment in force is fake(country): Keying::locale counts.
bool NeedsCountry(const Rule& rule, Profile profile);

/// Whether Treat() gives one and the same result for every value, so that the caller may keep it.
bool IsConstant(const Rule& rule, Profile profile, const TypeFacts& type);

/// The erase treatments worth trying against a column's constraints, in order, as complete rules
/// with the treatment written out. A rule that names its erase treatment gives just itself.
std::vector<Rule> Candidates(const Rule& rule, const TypeFacts& type);

}  // namespace gdpr
