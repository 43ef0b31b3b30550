// SPDX-License-Identifier: PostgreSQL
// Dates that are moved. By a seed all dates of a person move by the same number of days, so that
// their order stays. Without one a date has no person: it is permuted within its block of days, so
// that different dates stay different.
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>

#include "../calendar.hpp"
#include "fake_typed.hpp"

namespace gdpr::fake::typed {
namespace {

constexpr std::int64_t kFirstDay = -2'451'545;     // 4714-11-24 BC
constexpr std::int64_t kLastDay = 2'145'031'948;   // 5874897-12-31
constexpr std::int64_t kLastStampDay = 106'751'982;  // 294276-12-31
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kUnixEpoch = -10'957;  // 1970-01-01 in days since 2000-01-01

std::int64_t FloorDiv(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

// A pseudonym's shifts say nothing of a fake's.
Domain Use(const Plan& plan, std::string_view name) {
  return Domain(plan.pseudonym ? "pseudonym " : "").Add(name);
}

// -days … -1, 1 … days.
std::int64_t Amount(const Call& call, const Plan& plan) {
  Draw draw = call.keys.DrawForSeed(Use(plan, "shift"), call.seed);
  const auto days = static_cast<std::uint64_t>(plan.number);
  const auto drawn = static_cast<std::int64_t>(draw.Below(2 * days));
  return drawn < plan.number ? drawn - plan.number : drawn - plan.number + 1;
}

// Beyond the limits it goes the other way.
std::int64_t Moved(std::int64_t value, std::int64_t by, std::int64_t least, std::int64_t most) {
  const std::int64_t there = value + by;
  if (there >= least && there <= most) return there;
  return std::clamp(value - by, least, most);
}

std::int64_t MoveDay(const Call& call, const Plan& plan, std::int64_t day, std::int64_t last) {
  if (!call.Permutes()) return Moved(day, Amount(call, plan), kFirstDay, last);
  return InBlock(call, Use(plan, "day"), day, plan.number + 1, kFirstDay, last);
}

// The units in which people note times: a value is of the coarsest one that divides it.
constexpr std::array<std::int64_t, 6> kUnits = {
    calendar::kMicrosPerDay, 3'600 * kMicrosPerSecond, 60 * kMicrosPerSecond, kMicrosPerSecond,
    1'000, 1};

std::size_t UnitOf(std::int64_t micros) {
  std::size_t unit = 0;
  while (micros % kUnits[unit] != 0) ++unit;
  return unit;
}

// How many multiples of the unit that are none of the next coarser one lie in a day, which of them
// the value is, and back.
struct TimeClass {
  std::int64_t unit, ratio, size;

  explicit TimeClass(std::size_t at)
      : unit(kUnits[at]),
        ratio(at == 0 ? 1 : kUnits[at - 1] / kUnits[at]),
        size(at == 0 ? 1 : kUnits[0] / kUnits[at - 1] * (ratio - 1)) {}

  std::int64_t IndexOf(std::int64_t micros) const {
    if (ratio == 1) return 0;
    const std::int64_t count = micros / unit;
    return count / ratio * (ratio - 1) + count % ratio - 1;
  }
  std::int64_t At(std::int64_t index) const {
    if (ratio == 1) return 0;
    return (index / (ratio - 1) * ratio + index % (ratio - 1) + 1) * unit;
  }
};

bool IsDate(const calendar::Date& date) {
  return date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= 31 &&
         calendar::DateOf(calendar::DaysOf(date)) == date;
}

}  // namespace

std::int64_t ShiftDate(const Call& call, const Plan& plan, std::int64_t date) {
  if (date < kFirstDay || date > kLastDay) return date;
  return MoveDay(call, plan, date, kLastDay);
}

std::int64_t ShiftTimestamp(const Call& call, const Plan& plan, std::int64_t micros) {
  const std::int64_t day = FloorDiv(micros, calendar::kMicrosPerDay);
  if (day < kFirstDay || day > kLastStampDay) return micros;
  const std::int64_t time = micros - day * calendar::kMicrosPerDay;
  if (!call.Permutes()) {
    return MoveDay(call, plan, day, kLastStampDay) * calendar::kMicrosPerDay + time;
  }
  // Day and time of day are one number, so that neither tells the other.
  const std::int64_t width = plan.number + 1;
  const std::int64_t block = FloorDiv(day, width);
  const std::int64_t first = std::max(block * width, kFirstDay);
  const std::int64_t last = std::min(block * width + plan.number, kLastStampDay);
  const std::size_t unit = UnitOf(time);
  const TimeClass times(unit);
  const auto per_day = static_cast<U128>(times.size);
  const auto index = static_cast<U128>(day - first) * per_day + static_cast<U128>(times.IndexOf(time));
  const U128 picked = Pick(call,
                           Use(plan, "time").Add(static_cast<std::int64_t>(unit)).Add(block),
                           static_cast<U128>(last - first + 1) * per_day, index);
  return (first + static_cast<std::int64_t>(picked / per_day)) * calendar::kMicrosPerDay +
         times.At(static_cast<std::int64_t>(picked % per_day));
}

std::int64_t TimeOfDay(const Call& call, std::int64_t micros) {
  if (micros <= 0 || micros >= calendar::kMicrosPerDay) return micros;  // midnight, 24:00
  const std::size_t unit = UnitOf(micros);
  const TimeClass times(unit);
  const U128 picked =
      Pick(call, Domain("time of day").Add(static_cast<std::int64_t>(unit)),
           static_cast<U128>(times.size), static_cast<U128>(times.IndexOf(micros)));
  return times.At(static_cast<std::int64_t>(picked));
}

bool ShiftNumber(const Call& call, const Plan& plan, std::int64_t number, std::int64_t& shifted) {
  const std::int64_t years = plan.number / 365 + 1;
  const calendar::Date date{number / 10'000, static_cast<int>(number / 100 % 100),
                            static_cast<int>(number % 100)};
  if (number >= 1 && number <= 12) {
    shifted = InBlock(call, Use(plan, "month number"), number, 100, 1, 12);
  } else if (number >= 13 && number <= 31) {
    shifted = InBlock(call, Use(plan, "day number"), number, 100, 13, 31);
  } else if (number >= 1'000 && number <= 9'999) {
    shifted = call.Permutes() ? InBlock(call, Use(plan, "year"), number, years + 1, 1'000, 9'999)
                              : Moved(number, Amount(call, {plan.id, years, plan.pseudonym}),
                                      1'000, 9'999);
  } else if (number >= 10'000'101 && number <= 99'991'231 && IsDate(date)) {
    constexpr std::int64_t kLeast = calendar::DaysOf({1000, 1, 1});
    constexpr std::int64_t kMost = calendar::DaysOf({9999, 12, 31});
    const std::int64_t day = calendar::DaysOf(date);
    const std::int64_t moved =
        call.Permutes() ? InBlock(call, Use(plan, "day"), day, plan.number + 1, kLeast, kMost)
                        : Moved(day, Amount(call, plan), kLeast, kMost);
    const calendar::Date there = calendar::DateOf(moved);
    shifted = there.year * 10'000 + there.month * 100 + there.day;
  } else if (number >= 1'000'000'000 && number < 10'000'000'000) {  // seconds since 1970: from 2001
    const std::int64_t day = FloorDiv(number, 86'400) + kUnixEpoch;
    shifted = (MoveDay(call, plan, day, kLastStampDay) - kUnixEpoch) * 86'400 + number % 86'400;
    return shifted >= 1'000'000'000 && shifted < 10'000'000'000;
  } else {
    return false;
  }
  return true;
}

namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

// A stretch of digits, of letters, or of anything else.
struct Piece {
  std::size_t start;
  std::size_t size;
  enum class Sort : std::uint8_t { kDigits, kLetters, kMarks } sort;
};

Piece::Sort SortOf(char c) {
  if (IsDigit(c)) return Piece::Sort::kDigits;
  return IsLetter(c) ? Piece::Sort::kLetters : Piece::Sort::kMarks;
}

constexpr std::size_t kMostPieces = 7;  // "Sat, 17 May 1980" and more is no date we write

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

// 1 … 12, or 0; an English month in full or its first three letters, in any case.
int MonthNamed(std::string_view word) {
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    const std::string_view month = kMonths[i];
    if (word.size() != 3 && word.size() != month.size()) continue;
    if (std::equal(word.begin(), word.end(), month.begin(), same)) return static_cast<int>(i) + 1;
  }
  return 0;
}

// A date in text: which piece is its year, month and day.
class TextDate {
 public:
  explicit TextDate(std::string_view text) : text_(text) {}

  bool Read() {
    Split();
    if (count_ == 1 && pieces_[0].size == 8 && IsDigits(0)) return ReadCompact();
    std::array<std::size_t, 3> parts{};
    std::size_t found = 0;
    for (std::size_t i = 0; i < count_ && found < 3; ++i) {
      if (pieces_[i].sort != Piece::Sort::kMarks) parts[found++] = i;
    }
    if (found == 0) return false;
    if (found == 1) return count_ == 1 && Set(parts[0], kNone, kNone);
    if (IsLong(parts[0])) return Set(parts[0], parts[1], found == 3 ? parts[2] : kNone);
    if (found == 2) return IsLong(parts[1]) && Set(parts[1], parts[0], kNone);
    const bool month_first = !IsDigits(parts[0]) ||
                             (text_[pieces_[parts[0]].start + pieces_[parts[0]].size] == '/' &&
                              IsDigits(parts[1]) && NumberOf(parts[1]) > 12);
    return IsLong(parts[2]) &&
           (month_first ? Set(parts[2], parts[0], parts[1]) : Set(parts[2], parts[1], parts[0]));
  }

  calendar::Date date{};
  bool has_month = false;
  bool has_day = false;

  void Write(const calendar::Date& there, std::string& out) const {
    if (compact_) {
      Number(there.year, 4, out);
      Number(there.month, 2, out);
      Number(there.day, 2, out);
      return;
    }
    for (std::size_t i = 0; i < count_; ++i) {
      const std::string_view piece = text_.substr(pieces_[i].start, pieces_[i].size);
      if (i == year_) {
        Number(there.year, 4, out);
      } else if (i == month_ && !IsDigits(i)) {
        Name(there.month, piece, out);
      } else if (i == month_ || i == day_) {
        Number(i == month_ ? there.month : there.day, piece.size(), out);
      } else {
        out.append(piece);
      }
    }
    out.append(text_.substr(rest_));
  }

 private:
  static constexpr std::size_t kNone = kMostPieces;

  void Split() {
    // The time of day after a date stays as it is.
    std::size_t at = 0;
    std::size_t parts = 0;
    while (at < text_.size() && count_ < kMostPieces && parts < 3) {
      const std::size_t start = at;
      const Piece::Sort sort = SortOf(text_[at]);
      while (at < text_.size() && SortOf(text_[at]) == sort) ++at;
      pieces_[count_++] = {start, at - start, sort};
      parts += sort == Piece::Sort::kMarks ? 0 : 1;
    }
    rest_ = at;
  }

  bool IsDigits(std::size_t i) const { return pieces_[i].sort == Piece::Sort::kDigits; }
  bool IsLong(std::size_t i) const { return IsDigits(i) && pieces_[i].size == 4; }

  int NumberOf(std::size_t i) const {
    int number = 0;
    for (const char c : text_.substr(pieces_[i].start, std::min<std::size_t>(pieces_[i].size, 5))) {
      number = number * 10 + (c - '0');
    }
    return number;
  }

  bool ReadCompact() {
    const int number = NumberOf(0);  // its first five digits
    date = {number / 10, (number % 10) * 10 + (text_[5] - '0'),
            (text_[6] - '0') * 10 + (text_[7] - '0')};
    compact_ = has_month = has_day = true;
    return date.year >= 1 && IsDate(date);
  }

  bool Set(std::size_t year, std::size_t month, std::size_t day) {
    if (!IsLong(year) || !RestIsTime()) return false;
    year_ = year;
    month_ = month;
    day_ = day;
    date = {NumberOf(year), 1, 1};
    has_month = month != kNone;
    if (has_month) {
      const std::size_t size = pieces_[month].size;
      if (IsDigits(month) && size > 2) return false;
      date.month = IsDigits(month) ? NumberOf(month)
                                   : MonthNamed(text_.substr(pieces_[month].start, size));
    }
    has_day = day != kNone;
    if (has_day) {
      if (!IsDigits(day) || pieces_[day].size > 2) return false;
      date.day = NumberOf(day);
    }
    return date.year >= 1 && IsDate(date);
  }

  // Digits and the marks of a time and its zone: words would be somebody's.
  bool RestIsTime() const {
    constexpr std::string_view kMarks = "T :.,+-Z/AMPamp";
    return std::ranges::all_of(text_.substr(rest_), [&](char c) {
      return IsDigit(c) || kMarks.find(c) != std::string_view::npos;
    });
  }

  static void Number(std::int64_t number, std::size_t digits, std::string& out) {
    char text[24];
    const char* end = std::to_chars(text, text + sizeof text, number).ptr;
    const auto size = static_cast<std::size_t>(end - text);
    out.append(digits > size ? digits - size : 0, '0').append(text, size);
  }

  static void Name(int month, std::string_view like, std::string& out) {
    const std::string_view name = kMonths[static_cast<std::size_t>(month - 1)];
    const bool upper = like[1] >= 'A' && like[1] <= 'Z';
    const bool lower = like[0] >= 'a';
    // May is both: as short as the others.
    for (const char c : name.substr(0, like.size() == 3 ? 3 : name.size())) {
      const bool first = &c == name.data();
      out.push_back(upper ? static_cast<char>(c & ~0x20)
                          : (first && lower ? static_cast<char>(c | 0x20) : c));
    }
  }

  std::string_view text_;
  std::array<Piece, kMostPieces> pieces_{};
  std::size_t count_ = 0, rest_ = 0;
  std::size_t year_ = kNone, month_ = kNone, day_ = kNone;
  bool compact_ = false;
};

// What cannot be read becomes a date of some grown-up.
void SomeDate(const Call& call) {
  if (call.unique) return Words(call);
  constexpr std::int64_t kLeast = calendar::DaysOf({1940, 1, 1});
  constexpr std::int64_t kMost = calendar::DaysOf({2005, 1, 1});
  Draw draw = call.Value("some date");
  const calendar::Date date = calendar::DateOf(
      kLeast + static_cast<std::int64_t>(draw.Below(static_cast<std::uint64_t>(kMost - kLeast))));
  const std::int64_t number = (date.year * 100 + date.month) * 100 + date.day;
  std::string text = std::to_string(number);
  if (call.room >= 10) text.insert(6, 1, '-').insert(4, 1, '-');
  call.out.append(text, 0, call.room >= 8 ? std::string::npos : std::min<std::size_t>(call.room, 4));
}

}  // namespace

void ShiftText(const Call& call, const Plan& plan) {
  TextDate text(call.text);
  if (!text.Read()) {
    // A month, a day, a year alone.
    std::int64_t number = 0;
    const char* end = call.text.data() + call.text.size();
    const auto read = std::from_chars(call.text.data(), end, number);
    std::int64_t shifted = 0;
    if (read.ec != std::errc() || read.ptr != end || call.text.size() > 10 ||
        !ShiftNumber(call, plan, number, shifted)) {
      return SomeDate(call);
    }
    const std::string digits = std::to_string(shifted);
    if (digits.size() < call.text.size()) call.out.assign(call.text.size() - digits.size(), '0');
    call.out.append(digits);
    if (call.out.size() > call.room) call.out.resize(call.room);
    return;
  }
  constexpr std::int64_t kLeast = calendar::DaysOf({1, 1, 1});
  constexpr std::int64_t kMost = calendar::DaysOf({9999, 12, 31});
  if (!text.has_month) {
    std::int64_t year = 0;
    if (!ShiftNumber(call, plan, text.date.year, year)) return SomeDate(call);
    return text.Write({year, 1, 1}, call.out);
  }
  if (!text.has_day) {
    const std::int64_t month = text.date.year * 12 + text.date.month - 1;
    const std::int64_t months = plan.number / 30 + 1;
    const std::int64_t there =
        call.Permutes() ? InBlock(call, Use(plan, "month"), month, months + 1, 12, 119'999)
                        : Moved(month, Amount(call, {plan.id, months, plan.pseudonym}), 12, 119'999);
    return text.Write({there / 12, static_cast<int>(there % 12) + 1, 1}, call.out);
  }
  const std::int64_t day = calendar::DaysOf(text.date);
  const std::int64_t moved =
      call.Permutes() ? InBlock(call, Use(plan, "day"), day, plan.number + 1, kLeast, kMost)
                      : Moved(day, Amount(call, plan), kLeast, kMost);
  text.Write(calendar::DateOf(moved), call.out);
  // A longer name of a month may not fit.
  if (call.out.size() > call.room) {
    call.out.clear();
    SomeDate(call);
  }
}

}  // namespace gdpr::fake::typed
