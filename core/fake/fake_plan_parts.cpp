// SPDX-License-Identifier: PostgreSQL
#include "fake_plan_parts.hpp"

#include <algorithm>
#include <bit>
#include <string_view>

namespace gdpr::fake::part {
namespace {

constexpr std::array<std::uint16_t, 13> kBefore = {0,   31,  60,  91,  121, 152, 182,
                                                   213, 244, 274, 305, 335, 366};

// A year of two digits as a birth's: 00 is 2000 and a leap year.
bool IsGap(std::uint32_t year, std::uint32_t day_of_year) {
  return day_of_year == 59 && year % 4 != 0;
}

constexpr std::string_view kConsonants = "BCDFGHJKLMNPQRSTVWXYZ";
constexpr std::string_view kVowels = "AEIOU";

// Three letters of a name, by how many consonants and vowels it has: CCC, CCV, CVV, VVV, CVX, VVX.
constexpr std::array<std::uint32_t, 6> kForms = {21 * 21 * 21, 21 * 21 * 5, 21 * 5 * 5,
                                                 5 * 5 * 5,    21 * 5,      5 * 5};
constexpr std::array<std::string_view, 6> kShapes = {"CCC", "CCV", "CVV", "VVV", "CVX", "VVX"};

bool RankThree(const char* text, std::uint32_t& index) {
  std::uint32_t base = 0;
  for (std::size_t form = 0; form < kForms.size(); base += kForms[form++]) {
    index = 0;
    bool fits = true;
    for (std::size_t i = 0; i < 3 && fits; ++i) {
      const char cell = kShapes[form][i];
      const std::string_view set = cell == 'C' ? kConsonants : cell == 'V' ? kVowels : "X";
      const std::size_t place = set.find(text[i]);
      fits = place != std::string_view::npos;
      index = index * static_cast<std::uint32_t>(set.size()) + static_cast<std::uint32_t>(place);
    }
    if (!fits) continue;
    index += base;
    return true;
  }
  return false;
}

void UnrankThree(std::uint32_t index, char* text) {
  std::size_t form = 0;
  while (index >= kForms[form]) index -= kForms[form++];
  for (std::size_t i = 3; i-- > 0;) {
    const char cell = kShapes[form][i];
    const std::string_view set = cell == 'C' ? kConsonants : cell == 'V' ? kVowels : "X";
    text[i] = set[index % set.size()];
    index /= static_cast<std::uint32_t>(set.size());
  }
}

constexpr std::string_view kItalianMonths = "ABCDEHLMPRST";

// Ten digits, one of which occurs kTimes and the others once or not at all: which one, which are
// missing (kTimes - 1 of the nine others), where it stands, and the order of the rest.
template <std::uint32_t kTimes>
struct Repeated {
  static constexpr std::uint32_t kMissing = kTimes == 2 ? 9 : 36;
  static constexpr std::uint32_t kPlaces = kTimes == 2 ? 45 : 120;
  static constexpr std::uint32_t kRest = 10 - kTimes;
  static constexpr std::uint32_t kOrders = kTimes == 2 ? 40320 : 5040;

  // Combinations of kCount out of kOf, in the order of their bits.
  template <std::uint32_t kOf, std::uint32_t kCount>
  struct Combinations {
    static constexpr std::size_t kMost = 120;
    std::array<std::uint16_t, kMost> bits{};
    std::array<std::uint8_t, 1024> places{};
    consteval Combinations() {
      std::uint8_t at = 0;
      for (std::uint32_t set = 0; set < 1U << kOf; ++set) {
        std::uint32_t count = 0;
        for (std::uint32_t i = 0; i < kOf; ++i) count += set >> i & 1U;
        if (count != kCount) continue;
        places[set] = at;
        bits[at++] = static_cast<std::uint16_t>(set);
      }
    }
  };
  static constexpr Combinations<9, kTimes - 1> kLeftOut{};
  static constexpr Combinations<10, kTimes> kStands{};

  static bool Rank(const char* text, std::uint32_t& index) {
    std::array<std::uint8_t, 10> counts{};
    for (std::size_t i = 0; i < 10; ++i) {
      if (text[i] < '0' || text[i] > '9') return false;
      ++counts[static_cast<std::size_t>(text[i] - '0')];
    }
    std::uint32_t digit = 10;
    for (std::uint32_t i = 0; i < 10; ++i) {
      if (counts[i] > 1 && (digit != 10 || counts[i] != kTimes)) return false;
      if (counts[i] > 1) digit = i;
    }
    if (digit == 10 || text[0] == '0') return false;
    std::uint32_t missing = 0;
    std::uint32_t stands = 0;
    for (std::uint32_t i = 0; i < 10; ++i) {
      if (counts[i] == 0) missing |= 1U << (i - (i > digit ? 1 : 0));
      if (static_cast<std::uint32_t>(text[i] - '0') == digit) stands |= 1U << i;
    }
    // The order of the others among themselves (Lehmer): of each, how many smaller ones follow.
    std::uint32_t order = 0;
    std::uint32_t seen = 0;
    std::uint32_t following = 0;  // a bit for each digit
    for (std::uint32_t i = 0; i < 10; ++i) following |= (counts[i] == 1 ? 1U : 0U) << i;
    for (std::uint32_t i = 0; i < 10; ++i) {
      if ((stands >> i & 1U) != 0) continue;
      const std::uint32_t one = 1U << static_cast<std::uint32_t>(text[i] - '0');
      following &= ~one;
      const auto smaller = static_cast<std::uint32_t>(std::popcount(following & (one - 1)));
      order = order * (kRest - seen++) + smaller;
    }
    index = ((digit * kMissing + kLeftOut.places[missing]) * kPlaces + kStands.places[stands]) *
                kOrders +
            order;
    return true;
  }

  static bool Unrank(std::uint32_t index, char* text) {
    std::uint32_t order = index % kOrders;
    index /= kOrders;
    const std::uint32_t stands = kStands.bits[index % kPlaces];
    index /= kPlaces;
    const std::uint32_t missing = kLeftOut.bits[index % kMissing];
    const std::uint32_t digit = index / kMissing;
    std::array<char, 10> rest{};
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < 10; ++i) {
      if (i == digit || (missing >> (i - (i > digit ? 1 : 0)) & 1U) != 0) continue;
      rest[count++] = static_cast<char>('0' + i);
    }
    std::array<std::uint32_t, 8> smaller{};
    for (std::uint32_t i = kRest; i-- > 0;) {
      smaller[i] = order % (kRest - i);
      order /= kRest - i;
    }
    std::uint32_t next = 0;
    for (std::uint32_t i = 0; i < 10; ++i) {
      if ((stands >> i & 1U) != 0) {
        text[i] = static_cast<char>('0' + digit);
        continue;
      }
      char* const taken = rest.data() + smaller[next++];
      text[i] = *taken;
      std::copy(taken + 1, rest.data() + count, taken);
      --count;
    }
    return text[0] != '0';
  }
};

}  // namespace

void MonthAndDay(std::uint32_t day_of_year, std::uint32_t& month, std::uint32_t& day) {
  month = 1;
  while (kBefore[month] <= day_of_year) ++month;
  day = day_of_year - kBefore[month - 1] + 1;
}

bool DayOfYear(std::uint32_t month, std::uint32_t day, std::uint32_t& day_of_year) {
  if (month < 1 || month > 12 || day < 1) return false;
  day_of_year = kBefore[month - 1] + day - 1U;
  return day_of_year < kBefore[month];
}

bool RankDdmmyy(const char* text, std::uint32_t& index) {
  const std::uint32_t year = Two(text + 4);
  if (year > 99 || !DayOfYear(Two(text + 2), Two(text), index) || IsGap(year, index)) return false;
  index += year * kDays;
  return true;
}

bool UnrankDdmmyy(std::uint32_t index, char* text) {
  std::uint32_t month = 0;
  std::uint32_t day = 0;
  if (IsGap(index / kDays, index % kDays)) return false;
  MonthAndDay(index % kDays, month, day);
  PutTwo(day, text);
  PutTwo(month, text + 2);
  PutTwo(index / kDays, text + 4);
  return true;
}

bool RankItalianName(const char* text, std::uint32_t& index) {
  std::uint32_t given = 0;
  if (!RankThree(text, index) || !RankThree(text + 3, given)) return false;
  index = index * kThreeLetters + given;
  return true;
}

bool UnrankItalianName(std::uint32_t index, char* text) {
  UnrankThree(index / kThreeLetters, text);
  UnrankThree(index % kThreeLetters, text + 3);
  return true;
}

bool RankItalianBirth(const char* text, std::uint32_t& index) {
  const std::uint32_t year = Two(text);
  const std::size_t month = kItalianMonths.find(text[2]);
  const std::uint32_t day = Two(text + 3);
  if (year > 99 || day > 71 || month == std::string_view::npos) return false;
  const std::uint32_t woman = day > 40 ? 1 : 0;
  if (!DayOfYear(static_cast<std::uint32_t>(month) + 1, day - 40 * woman, index)) return false;
  if (IsGap(year, index)) return false;
  index += (year * 2 + woman) * kDays;
  return true;
}

bool UnrankItalianBirth(std::uint32_t index, char* text) {
  const std::uint32_t woman = index / kDays % 2;
  const std::uint32_t year = index / kDays / 2;
  std::uint32_t month = 0;
  std::uint32_t day = 0;
  if (IsGap(year, index % kDays)) return false;
  MonthAndDay(index % kDays, month, day);
  PutTwo(year, text);
  text[2] = kItalianMonths[month - 1];
  PutTwo(day + 40 * woman, text + 3);
  return true;
}

bool RankBritishBirth(const char* text, std::uint32_t& index) {
  const std::array<char, 2> digits = {text[0], text[5]};
  const std::uint32_t year = Two(digits.data());
  const std::uint32_t month = Two(text + 1);
  if (year > 99 || month > 62) return false;
  const std::uint32_t woman = month > 50 ? 1 : 0;
  if (!DayOfYear(month - 50 * woman, Two(text + 3), index) || IsGap(year, index)) return false;
  index += (year * 2 + woman) * kDays;
  return true;
}

bool UnrankBritishBirth(std::uint32_t index, char* text) {
  const std::uint32_t woman = index / kDays % 2;
  const std::uint32_t year = index / kDays / 2;
  std::uint32_t month = 0;
  std::uint32_t day = 0;
  if (IsGap(year, index % kDays)) return false;
  MonthAndDay(index % kDays, month, day);
  text[0] = static_cast<char>('0' + year / 10);
  PutTwo(month + 50 * woman, text + 1);
  PutTwo(day, text + 3);
  text[5] = static_cast<char>('0' + year % 10);
  return true;
}

bool RankGermanTen(const char* text, std::uint32_t& index) {
  if (Repeated<2>::Rank(text, index)) return true;
  if (!Repeated<3>::Rank(text, index)) return false;
  index += kWithTwice;
  return true;
}

bool UnrankGermanTen(std::uint32_t index, char* text) {
  if (index < kWithTwice) return Repeated<2>::Unrank(index, text);
  return Repeated<3>::Unrank(index - kWithTwice, text);
}

}  // namespace gdpr::fake::part
