// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "core/fake/fake.hpp"
#include "core/rule.hpp"
#include "treat_fixture.hpp"

namespace gdpr::test {

/// How a fake is asked for.
struct Ask {
  bool unique = false;
  const char* seed = nullptr;
  Locale locale = Locale::kNone;  ///< the rule's
  Locale row = Locale::kNone;
  std::size_t room = std::numeric_limits<std::size_t>::max();
};

inline Keyed& TestKeys() {
  static const std::vector<std::uint8_t> master(32, 7);
  static Keyed keys(master);
  return keys;
}

/// The fake of one text of a kind.
inline std::string FakeOf(std::string_view kind, std::string_view text, const Ask& ask = {}) {
  static const TypeFacts type;
  std::string out;
  fake::Make({*FindKind(kind), type, text, ask.room, ask.unique, ask.seed != nullptr,
              ask.seed == nullptr ? std::string_view() : ask.seed, ask.locale, ask.row, TestKeys(),
              out});
  return out;
}

/// Whether $GDPR_LONG asks for the long forms; empty is no, as for the scripts.
inline bool Long() {
  const char* asked = std::getenv("GDPR_LONG");
  return asked != nullptr && *asked != '\0';
}
/// 2,000, or 100,000 where $GDPR_LONG is set.
inline std::size_t Many() {
  return Long() ? 100'000 : 2'000;
}
/// 100,000, or 5,000,000 where $GDPR_LONG is set.
inline std::size_t VeryMany() {
  return Long() ? 5'000'000 : 100'000;
}

/// How many of the texts that `make` gives for 0, 1, … differ from all before them (by 64 bits of
/// their hash: two texts in a million million million have the same).
template <typename Make>
std::size_t CountDistinct(std::size_t count, Make make) {
  std::vector<std::size_t> hashes;
  hashes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) hashes.push_back(std::hash<std::string>()(make(i)));
  std::sort(hashes.begin(), hashes.end());
  return static_cast<std::size_t>(std::unique(hashes.begin(), hashes.end()) - hashes.begin());
}

/// The letters and digits as '9', 'A' and 'a', everything else as it is: the spelling.
inline std::string Spelling(std::string_view text) {
  std::string spelling(text);
  for (char& c : spelling) {
    c = c >= '0' && c <= '9' ? '9' : c >= 'A' && c <= 'Z' ? 'A' : c >= 'a' && c <= 'z' ? 'a' : c;
  }
  return spelling;
}

}  // namespace gdpr::test
