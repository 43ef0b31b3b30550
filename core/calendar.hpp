// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// Days and years of the proleptic Gregorian calendar, counted as PostgreSQL counts them.
namespace gdpr::calendar {

struct Date {
  std::int64_t year;
  int month;
  int day;

  bool operator==(const Date&) const = default;
};

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

/// Days since 2000-01-01. Howard Hinnant's days_from_civil, moved to that day.
constexpr std::int64_t DaysOf(Date date) {
  const std::int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t shifted = date.month > 2 ? date.month - 3 : date.month + 9;
  const std::int64_t day_of_year = (153 * shifted + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 730'425;
}

/// The inverse of DaysOf.
constexpr Date DateOf(std::int64_t days) {
  days += 730'425;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
  const auto month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

static_assert(DaysOf({2000, 1, 1}) == 0);
static_assert(DaysOf({1900, 1, 1}) == -36'524);
static_assert(DateOf(-36'524) == Date{1900, 1, 1});

/// The erased date: 1900-01-01.
constexpr std::int64_t kErasedDays = -36'524;

/// Reads YYYY-MM-DD at the start of `text`; false if there is none.
inline bool ReadIso(std::string_view text, Date& date) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return false;
  int digits[8];
  int count = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    if (i == 4 || i == 7) continue;
    if (text[i] < '0' || text[i] > '9') return false;
    digits[count++] = text[i] - '0';
  }
  date = {digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3],
          digits[4] * 10 + digits[5], digits[6] * 10 + digits[7]};
  return date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= 31;
}

}  // namespace gdpr::calendar
