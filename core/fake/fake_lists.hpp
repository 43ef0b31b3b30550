// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "../locale.hpp"

// The lists of core/fake/data, packed: one text and the places where its entries begin. An array of
// string_views would cost a relocation an entry in every server process.
namespace gdpr::fake {

/// No entry has more characters.
constexpr std::size_t kLongestEntry = 60;

/// Entries in order of their number of characters, which are those before a tab.
class List {
 public:
  constexpr List() = default;
  constexpr List(const char* text, std::span<const std::uint16_t> starts)
      : text_(text), starts_(starts) {}

  constexpr std::size_t size() const { return starts_.size() - 1; }
  constexpr std::string_view operator[](std::size_t i) const {
    return {text_ + starts_[i], static_cast<std::size_t>(starts_[i + 1] - starts_[i] - 1)};
  }

  /// Characters of valid UTF-8, as entries are.
  static std::size_t Chars(std::string_view entry);

  /// How many of the first entries have at most `room` characters.
  std::size_t Fitting(std::size_t room) const;

  /// The entry that 32 bits of a draw choose; if it is longer than `room`, one that fits, if any.
  std::string_view At(std::uint32_t bits, std::size_t room) const;

  /// The number of the entry that the bits choose.
  constexpr std::size_t IndexAt(std::uint32_t bits) const {
    return static_cast<std::size_t>(std::uint64_t{bits} * size() >> 32U);
  }

 private:
  const char* text_ = nullptr;
  std::span<const std::uint16_t> starts_;
};

/// All lists of one locale (core/fake/data/README.md).
struct Lists {
  List first_names_female;
  List first_names_male;
  List last_names_female;
  List last_names_male;
  List titles_female;
  List titles_male;
  List nationalities;
  List marital_states;
  List streets;
  List cities;  ///< name, number of region, latitude, longitude, postal codes; between tabs
  List regions;
  List countries;
  List company_words;
  List company_forms;
  List jobs;
  List nouns;
  List sentences;
  List health;
  List religions;
  List ethnicities;
  List politics;
  List unions;
  List sexualities;
  List offences;
};

extern const Lists kListsEn;
extern const Lists kListsDe;
extern const Lists kListsFr;
extern const Lists kListsEs;
extern const Lists kListsIt;
extern const Lists kListsNl;
extern const Lists kListsPt;
extern const Lists kListsPl;

/// The lists of a locale; English for kNone.
const Lists& ListsOf(Locale locale);

namespace packed {

template <std::size_t kBytes>
constexpr std::size_t Lines(const char (&text)[kBytes]) {
  std::size_t lines = 0;
  for (const char c : text) lines += c == '\n' ? 1 : 0;
  return lines;
}

template <const auto& kText>
constexpr auto Starts() {
  static_assert(sizeof(kText) < std::numeric_limits<std::uint16_t>::max());
  std::array<std::uint16_t, Lines(kText) + 1> starts{};
  std::size_t line = 0;
  for (std::size_t at = 0; at < sizeof(kText); ++at) {
    if (kText[at] == '\n') starts[++line] = static_cast<std::uint16_t>(at + 1);
  }
  return starts;
}

template <const auto& kText>
constexpr auto kStarts = Starts<kText>();

}  // namespace packed

/// A list of entries that each end with '\n'.
template <const auto& kText>
constexpr List kListOf{kText, packed::kStarts<kText>};

}  // namespace gdpr::fake
