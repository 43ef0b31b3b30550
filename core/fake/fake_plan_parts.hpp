// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "fake_plan.hpp"

// Parts of ids that are more than characters: dates, areas, names. Internal to core.
namespace gdpr::fake::part {

/// Days of a year that has 29 February; a plan that knows the year leaves a gap there.
constexpr std::uint32_t kDays = 366;

/// A month and a day from the day of the year, and back. Months 1 … 12.
void MonthAndDay(std::uint32_t day_of_year, std::uint32_t& month, std::uint32_t& day);
bool DayOfYear(std::uint32_t month, std::uint32_t day, std::uint32_t& day_of_year);

constexpr bool IsLeap(std::uint32_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/// Two digits as a number, or a number above 99 if they are none.
constexpr std::uint32_t Two(const char* text) {
  const auto tens = static_cast<unsigned char>(text[0] - '0');
  const auto ones = static_cast<unsigned char>(text[1] - '0');
  return tens > 9 || ones > 9 ? 100U : tens * 10U + ones;
}
constexpr void PutTwo(std::uint32_t number, char* text) {
  text[0] = static_cast<char>('0' + number / 10);
  text[1] = static_cast<char>('0' + number % 10);
}

/// YYMMDD of kYears from kFirst on, with something added to the month (PESEL: 20 from 2000 on).
template <std::uint32_t kFirst, std::uint32_t kYears, std::uint32_t kMonths>
struct Yymmdd {
  static bool Rank(const char* text, std::uint32_t& index) {
    const std::uint32_t two = Two(text);
    if (two > 99) return false;
    const std::uint32_t year = (two + 100 - kFirst % 100) % 100;
    const std::uint32_t month = Two(text + 2);
    if (year >= kYears || month < kMonths) return false;
    if (!DayOfYear(month - kMonths, Two(text + 4), index)) return false;
    if (index == 59 && !IsLeap(kFirst + year)) return false;
    index += year * kDays;
    return true;
  }
  static bool Unrank(std::uint32_t index, char* text) {
    const std::uint32_t year = kFirst + index / kDays;
    if (index % kDays == 59 && !IsLeap(year)) return false;
    std::uint32_t month = 0;
    std::uint32_t day = 0;
    MonthAndDay(index % kDays, month, day);
    PutTwo(year % 100, text);
    PutTwo(month + kMonths, text + 2);
    PutTwo(day, text + 4);
    return true;
  }
  static constexpr Part kPart{6, kYears* kDays, {}, Rank, Unrank};
};

/// kDigits digits from kFrom to kTo.
template <std::uint8_t kDigits, std::uint32_t kFrom, std::uint32_t kTo>
struct Number {
  static bool Rank(const char* text, std::uint32_t& index) {
    index = 0;
    for (std::size_t i = 0; i < kDigits; ++i) {
      if (text[i] < '0' || text[i] > '9') return false;
      index = index * 10 + static_cast<std::uint32_t>(text[i] - '0');
    }
    if (index < kFrom || index > kTo) return false;
    index -= kFrom;
    return true;
  }
  static bool Unrank(std::uint32_t index, char* text) {
    index += kFrom;
    for (std::size_t i = kDigits; i-- > 0; index /= 10) {
      text[i] = static_cast<char>('0' + index % 10);
    }
    return true;
  }
  static constexpr Part kPart{kDigits, kTo - kFrom + 1, {}, Rank, Unrank};
};

bool RankDdmmyy(const char* text, std::uint32_t& index);
bool UnrankDdmmyy(std::uint32_t index, char* text);
/// DDMMYY of a year whose century nobody knows; every fourth one has a 29 February.
inline constexpr Part kDdmmyy{6, 100 * kDays, {}, RankDdmmyy, UnrankDdmmyy};

/// What three letters of a name there are: consonants first, then vowels, then X.
constexpr std::uint32_t kThreeLetters = 9261 + 2205 + 525 + 125 + 105 + 25;
bool RankItalianName(const char* text, std::uint32_t& index);
bool UnrankItalianName(std::uint32_t index, char* text);
/// Codice fiscale: the six letters of the two names.
inline constexpr Part kItalianName{
    6, kThreeLetters* kThreeLetters, {}, RankItalianName, UnrankItalianName};

bool RankItalianBirth(const char* text, std::uint32_t& index);
bool UnrankItalianBirth(std::uint32_t index, char* text);
/// Codice fiscale: YY, the letter of the month, the day (women: plus 40).
inline constexpr Part kItalianBirth{5, 200 * kDays, {}, RankItalianBirth, UnrankItalianBirth};

bool RankBritishBirth(const char* text, std::uint32_t& index);
bool UnrankBritishBirth(std::uint32_t index, char* text);
/// British driver number: decade, month (women: plus 50), day, year in the decade.
inline constexpr Part kBritishBirth{6, 200 * kDays, {}, RankBritishBirth, UnrankBritishBirth};

constexpr std::uint32_t kWithTwice = 10 * 9 * 45 * 40320;
constexpr std::uint32_t kWithThrice = 10 * 36 * 120 * 5040;
bool RankGermanTen(const char* text, std::uint32_t& index);
bool UnrankGermanTen(std::uint32_t index, char* text);
/// The first ten digits of an IdNr: one digit twice and one missing, or thrice and two missing.
inline constexpr Part kGermanTen{10, kWithTwice + kWithThrice, {}, RankGermanTen, UnrankGermanTen};

}  // namespace gdpr::fake::part
