// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rule.hpp"

// The vocabulary of rules, shared by the parser, the formatter and the registry. Internal to core.
namespace gdpr::words {

/// The parameters a treatment takes in parentheses.
enum class Shape : std::uint8_t { kNone, kOneNumber, kTwoNumbers, kForm, kText, kLocale };

/// One word of the rule language.
struct Word {
  TreatmentId id;
  std::string_view name;
  Shape shape;
  std::uint8_t profiles;  ///< bit per Profile in which the word may be used
  std::int64_t least;     ///< smallest and largest number it takes
  std::int64_t most;
};

const Word& WordOf(TreatmentId id);
const Word* FindWord(std::string_view name);

/// Names of the treatments a profile may be given.
std::vector<std::string_view> TreatmentNames(Profile profile);

/// What fake() takes: the names of the locales and "country", by their numbers; the first is "".
std::span<const std::string_view> FakeNames();

/// Names of the surrogate forms in the order of SurrogateForm; the plain one is "".
std::span<const std::string_view> FormNames();

/// A piece of somebody's rule, safe to quote in a message: short, printable, valid UTF-8.
std::string Excerpt(std::string_view text);

/// `Did you mean "x"? Allowed here: a, b, c.`
std::string Hint(std::string_view word, std::span<const std::string_view> allowed);

/// The treatment in force without copying its text: what Treat() works with.
struct InForce {
  TreatmentId id;
  std::int64_t a;
  std::int64_t b;
  std::string_view text;
};
InForce Resolve(const Rule& rule, Profile profile);

}  // namespace gdpr::words
