// SPDX-License-Identifier: PostgreSQL
#include "rule_words.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>

#include "locale.hpp"
#include "utf8.hpp"

namespace gdpr::words {
namespace {

using enum TreatmentId;

constexpr std::uint8_t Bit(Profile profile) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(profile));
}
constexpr std::uint8_t kErases = Bit(Profile::kErase);
constexpr std::uint8_t kMasks = Bit(Profile::kMask);
constexpr std::uint8_t kGeneralizes = Bit(Profile::kGeneralize);
constexpr std::uint8_t kFakes = Bit(Profile::kFake);
constexpr std::uint8_t kPseudonyms = Bit(Profile::kPseudonym);
constexpr std::uint8_t kAll = kErases | kMasks | kGeneralizes | kFakes | kPseudonyms;
constexpr std::uint8_t kKeyless = kErases | kMasks | kGeneralizes;

// In the order of TreatmentId.
constexpr std::array kWords = {
    Word{kConstant, "constant", Shape::kText, kAll, 0, 0},
    Word{kSurrogate, "surrogate", Shape::kForm, kErases, 0, 0},
    Word{kNull, "null", Shape::kNone, kAll, 0, 0},
    Word{kKeep, "keep", Shape::kNone, kAll, 0, 0},
    Word{kEmpty, "empty", Shape::kNone, kAll, 0, 0},
    Word{kLeaves, "leaves", Shape::kNone, kKeyless, 0, 0},
    Word{kRedact, "redact", Shape::kNone, kErases, 0, 0},
    Word{kPartial, "partial", Shape::kTwoNumbers, kMasks, 0, 100},
    Word{kEmail, "email", Shape::kNone, kMasks, 0, 0},
    Word{kStars, "stars", Shape::kNone, kMasks, 0, 0},
    Word{kYear, "year", Shape::kNone, kGeneralizes, 0, 0},
    Word{kMonth, "month", Shape::kNone, kGeneralizes, 0, 0},
    Word{kBand, "band", Shape::kOneNumber, kGeneralizes, 2, 1'000'000},
    Word{kPrefix, "prefix", Shape::kOneNumber, kGeneralizes, 1, 20},
    Word{kDecimals, "decimals", Shape::kOneNumber, kGeneralizes, 0, 6},
    Word{kNetwork, "network", Shape::kNone, kGeneralizes, 0, 0},
    Word{kBucket, "bucket", Shape::kOneNumber, kGeneralizes | kFakes, 2, 1'000'000'000'000},
    Word{TreatmentId::kFake, "fake", Shape::kLocale, kFakes, 0, 0},
    Word{kHmac, "hmac", Shape::kNone, kPseudonyms, 0, 0},
    Word{kFf1, "ff1", Shape::kNone, kPseudonyms, 0, 0},
    Word{kShift, "shift", Shape::kOneNumber, kFakes | kPseudonyms, 1, 36'500},
    Word{kNoise, "noise", Shape::kOneNumber, kFakes, 1, 100},
};

constexpr bool InOrder() {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i].id != static_cast<TreatmentId>(i)) return false;
  }
  return true;
}
static_assert(InOrder());

constexpr std::array<std::string_view, 6> kForms = {"",       "lower", "upper",
                                                    "digits", "email", "uuid"};

// The numbers of the locales and kFakeByCountry.
constexpr std::array<std::string_view, kLocales + 2> kFakeNames = {
    "", "en", "de", "fr", "es", "it", "nl", "pt", "pl", "country"};
static_assert(kFakeNames.size() == kFakeByCountry + 1);

// Edit distance for "did you mean"; both words are short.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

const Word& WordOf(TreatmentId id) {
  return kWords[static_cast<std::size_t>(id)];
}

const Word* FindWord(std::string_view name) {
  const auto found =
      std::find_if(kWords.begin(), kWords.end(), [&](const Word& w) { return w.name == name; });
  return found == kWords.end() ? nullptr : &*found;
}

std::vector<std::string_view> TreatmentNames(Profile profile) {
  std::vector<std::string_view> names;
  for (const Word& word : kWords) {
    if ((word.profiles & Bit(profile)) != 0) names.push_back(word.name);
  }
  return names;
}

std::span<const std::string_view> FakeNames() {
  return kFakeNames;
}

std::span<const std::string_view> FormNames() {
  return kForms;
}

std::string Excerpt(std::string_view text) {
  constexpr std::size_t kMostChars = 30;
  std::string out;
  std::size_t at = 0;
  for (std::size_t chars = 0; at < text.size() && chars < kMostChars; ++chars) {
    const CodePoint point = DecodeAt(text, at);
    const bool printable = point.valid && point.value >= 0x20 && point.value != 0x7F;
    if (printable) {
      out.append(text.substr(at, point.bytes));
    } else {
      out.push_back('?');
    }
    at += point.bytes;
  }
  if (at < text.size()) out.append("...");
  return out;
}

std::string Hint(std::string_view word, std::span<const std::string_view> allowed) {
  std::string_view nearest;
  std::size_t nearest_distance = 3;
  std::string list;
  for (const std::string_view candidate : allowed) {
    if (candidate.empty()) continue;
    if (!list.empty()) list.append(", ");
    list.append(candidate);
    if (word.empty() || word.size() > 40) continue;
    const std::size_t distance = Distance(word, candidate);
    if (distance < nearest_distance && distance < candidate.size()) {
      nearest = candidate;
      nearest_distance = distance;
    }
  }
  std::string hint;
  if (!nearest.empty()) hint.append("Did you mean \"").append(nearest).append("\"? ");
  return hint.append("Allowed here: ").append(list).append(".");
}

InForce Resolve(const Rule& rule, Profile profile) {
  const auto index = static_cast<std::size_t>(profile);
  InForce in_force{};
  if (const std::optional<Treatment>& own = rule.overrides[index]) {
    in_force = {own->id, own->a, own->b, own->text};
  } else {
    const DefaultTreatmentSpec& spec = rule.kind->treatments[index];
    in_force = {spec.id, spec.a, spec.b, {}};
  }
  // Two people cannot both become 'Anonymized' in a unique column.
  if (rule.facts.unique && in_force.id == kConstant && in_force.a == 0) {
    if (profile == Profile::kErase) in_force.id = kSurrogate;
    if (profile == Profile::kFake) in_force.id = TreatmentId::kFake;
    if (profile == Profile::kPseudonym) in_force.id = kHmac;
  }
  if (in_force.id == kSurrogate && in_force.a == 0 && rule.kind->name == "email") {
    in_force.a = static_cast<std::int64_t>(SurrogateForm::kEmail);
  }
  return in_force;
}

}  // namespace gdpr::words

namespace gdpr {

Treatment TreatmentFor(const Rule& rule, Profile profile) {
  const words::InForce in_force = words::Resolve(rule, profile);
  return {in_force.id, in_force.a, in_force.b, std::string(in_force.text)};
}

}  // namespace gdpr
