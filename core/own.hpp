// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calendar.hpp"
#include "detect.hpp"

// A person's own values, found again in running text. Internal to core.
namespace gdpr::own {

class OwnValues {
 public:
  explicit OwnValues(std::span<const std::string_view> values);

  bool Empty() const { return starts_.none() && phones_.empty() && dates_.empty(); }

  /// The end of the longest own value at `at`, or 0. `run`: the digits there, if any.
  std::size_t Match(std::string_view text, std::size_t at, bool in_word,
                    const detect::DigitRun* run);

 private:
  using Edge = std::pair<std::uint32_t, std::uint32_t>;  // node, word

  void AddWords(std::string_view value);
  void AddPath(std::span<const std::string> words);
  void AddCompact(std::string_view value);
  void AddPhone(std::string_view value);
  std::size_t MatchWords(std::string_view text, std::size_t at);
  std::size_t MatchCompact(std::string_view text, std::size_t at);
  std::size_t MatchPhone(std::string_view text, const detect::DigitRun& run) const;
  std::size_t MatchDate(std::string_view text, const detect::DigitRun& run) const;
  bool IsOwnDate(std::array<int, 3> numbers, std::size_t year_digits_first,
                 std::size_t year_digits_last) const;

  std::bitset<256> starts_;  ///< first bytes of folded words and compacts
  std::map<std::string, std::uint32_t, std::less<>> words_;
  std::map<Edge, std::uint32_t> edges_;  ///< a trie of words: node 0 is the root
  std::vector<bool> ends_;               ///< by node: a value ends here
  std::size_t longest_word_ = 0;
  std::vector<std::string> compacts_;  ///< sorted: letters and digits without separators
  std::size_t longest_compact_ = 0;
  std::vector<std::string> phones_;  ///< digits without leading zeros
  std::vector<calendar::Date> dates_;
  std::string buffer_;
};

}  // namespace gdpr::own
