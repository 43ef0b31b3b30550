// SPDX-License-Identifier: PostgreSQL
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "calendar.hpp"
#include "surrogate.hpp"
#include "treat_class.hpp"

namespace gdpr::treat {
namespace {

using enum TreatmentId;

constexpr double kMostDegrees = 180;

std::int64_t LeastInteger(const TypeFacts& type) {
  switch (type.integer_bytes) {
    case 2:
      return std::numeric_limits<std::int16_t>::min();
    case 4:
      return std::numeric_limits<std::int32_t>::min();
    default:
      return std::numeric_limits<std::int64_t>::min();
  }
}

std::int64_t PowerOfTen(int exponent) {
  std::int64_t power = 1;
  for (int i = 0; i < std::min(exponent, 18); ++i) power *= 10;
  return power;
}

// How large a surrogate may be: what the type and the digits of the column hold.
std::int64_t MostSurrogate(const Call& call) {
  std::int64_t most = 1'000'000'000'000'000'000;
  if (call.type.floating) {
    most = call.type.integer_bytes == 4 ? 1LL << 24 : 1LL << 53;
  } else if (call.type.integer_bytes != 0) {
    most = -(LeastInteger(call.type) + 1);
  }
  const int digits = call.rule.facts.length;
  if (digits > 0) most = std::min(most, PowerOfTen(digits) - 1);
  return most;
}

void PutNumber(const Call& call, std::int64_t number) {
  if (call.type.floating) {
    call.result.x = static_cast<double>(number);
  } else if (call.type.integer_bytes != 0) {
    call.result.integer = number;
  } else {
    char digits[24];
    call.result.text.assign(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  }
}

void PutConstantNumber(const Call& call) {
  const std::string_view text = call.plan.text;
  const char* end = text.data() + text.size();
  const char* start = text.starts_with('+') ? text.data() + 1 : text.data();
  double number = 0;
  const auto as_double = std::from_chars(start, end, number, std::chars_format::fixed);
  if (text.empty() || as_double.ec != std::errc() || as_double.ptr != end ||
      !std::isfinite(number)) {
    FailConstant(call);
  }
  if (call.type.floating) {
    call.result.x = number;
  } else if (call.type.integer_bytes != 0) {
    const auto as_integer = std::from_chars(start, end, call.result.integer);
    if (as_integer.ec != std::errc() || as_integer.ptr != end ||
        call.result.integer < LeastInteger(call.type) ||
        call.result.integer > -(LeastInteger(call.type) + 1)) {
      FailConstant(call);
    }
  } else {
    call.result.text.assign(start, end);
  }
}

// Toward zero, so that the result is never larger than what the column holds already.
std::int64_t CutInteger(const Call& call, std::int64_t number) {
  switch (call.plan.id) {
    case kBand:
      return number - number % call.plan.a;
    case kBucket: {
      const std::int64_t scale = PowerOfTen(call.type.scale);
      if (call.plan.a > std::numeric_limits<std::int64_t>::max() / scale) return 0;
      return number - number % (call.plan.a * scale);
    }
    case kYear:
      return number >= 1000 && number <= 9999 ? number : 0;
    case kDecimals:
      // A larger whole number may be a coordinate in millionths of a degree.
      return number >= -180 && number <= 180 ? number : 0;
    case kPrefix: {
      int digits = 1;
      for (std::int64_t rest = number; rest / 10 != 0; rest /= 10) ++digits;
      const int shown = std::min(static_cast<int>(call.plan.a), digits / 2);
      const std::int64_t unit = shown == 0 ? 0 : PowerOfTen(digits - shown);
      return unit == 0 ? 0 : number - number % unit;
    }
    default:
      return 0;
  }
}

double Rounded(double number, std::int64_t places) {
  if (!std::isfinite(number) || std::abs(number) > kMostDegrees) return 0;
  const auto power = static_cast<double>(PowerOfTen(static_cast<int>(places)));
  const double rounded = std::round(number * power) / power;
  return rounded == 0 ? 0 : rounded;  // no negative zero
}

void CutNumber(const Call& call) {
  if (call.type.integer_bytes != 0 && !call.type.floating) {
    call.result.integer = CutInteger(call, call.value.integer);
    return;
  }
  double number = call.value.x;
  if (!call.type.floating) {
    const std::string_view text = call.value.text;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    if (read.ec != std::errc() || read.ptr != end) number = 0;
  }
  if (!std::isfinite(number) || std::abs(number) >= 1e15) number = 0;
  if (call.plan.id != kDecimals) {
    return PutNumber(call, CutInteger(call, static_cast<std::int64_t>(number)));
  }
  number = Rounded(number, call.plan.a);
  if (call.type.floating) {
    call.result.x = number;
    return;
  }
  char digits[32];
  const auto put = std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed,
                                 static_cast<int>(call.plan.a));
  call.result.text.assign(digits, put.ptr);
}

// Days of a constant, a surrogate, or the value cut to its month or year.
std::int64_t TreatDays(const Call& call, std::int64_t days) {
  if (call.plan.id == kYear || call.plan.id == kMonth) {
    // Infinity, and what PostgreSQL could not print.
    if (days < -3'000'000 || days > 2'147'483'000) return calendar::kErasedDays;
    calendar::Date date = calendar::DateOf(days);
    date.day = 1;
    if (call.plan.id == kYear) date.month = 1;
    const std::int64_t first = calendar::DaysOf(date);
    return std::max<std::int64_t>(first, -2'451'545);  // 4714-11-24 BC, the first day there is
  }
  if (call.plan.id == kConstant && call.plan.a != 0) {
    calendar::Date date{};
    if (call.plan.text.size() != 10 || !calendar::ReadIso(call.plan.text, date) ||
        calendar::DateOf(calendar::DaysOf(date)) != date) {
      FailConstant(call);
    }
    return calendar::DaysOf(date);
  }
  return calendar::kErasedDays;
}

bool SameWord(std::string_view label, std::string_view word) {
  std::size_t at = 0;
  for (const char c : label) {
    if (c == ' ' || c == '_' || c == '-' || c == '/') continue;
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (at == word.size() || word[at++] != lower) return false;
  }
  return at == word.size();
}

}  // namespace

void Number(const Call& call) {
  if (call.plan.id == kSurrogate) {
    const std::int64_t number = surrogate::Number(MostSurrogate(call), call.random);
    const bool positive = call.plan.a == static_cast<std::int64_t>(SurrogateForm::kDigits);
    // Negative, because nobody's own number is.
    return PutNumber(call, positive ? number : -number);
  }
  if (call.plan.id != kConstant) return CutNumber(call);
  if (call.plan.a != 0) return PutConstantNumber(call);
  PutNumber(call, 0);
}

void Date(const Call& call) {
  if (call.plan.id == kSurrogate) {
    // A day of the years 1 to 1899: whoever is alive was not born then.
    constexpr std::int64_t kFirst = calendar::DaysOf({1, 1, 1});
    call.result.integer =
        kFirst + surrogate::Number(calendar::kErasedDays - kFirst, call.random) - 1;
    return;
  }
  call.result.integer = TreatDays(call, call.value.integer);
}

void Timestamp(const Call& call) {
  if (call.plan.id == kSurrogate) {
    constexpr std::int64_t kFirst = calendar::DaysOf({1000, 1, 1}) * calendar::kMicrosPerDay;
    constexpr std::int64_t kSpan = calendar::kErasedDays * calendar::kMicrosPerDay - kFirst;
    call.result.integer = kFirst + surrogate::Number(kSpan, call.random) - 1;
    return;
  }
  std::int64_t days = call.value.integer / calendar::kMicrosPerDay;
  if (call.value.integer % calendar::kMicrosPerDay < 0) --days;
  const bool infinite = call.value.integer == std::numeric_limits<std::int64_t>::max() ||
                        call.value.integer == std::numeric_limits<std::int64_t>::min();
  if (infinite && call.plan.id != kConstant) days = std::numeric_limits<std::int64_t>::max();
  call.result.integer = TreatDays(call, days) * calendar::kMicrosPerDay;
}

void Boolean(const Call& call) {
  if (call.plan.id != kConstant || call.plan.a == 0) return;
  if (call.plan.text != "true" && call.plan.text != "false") FailConstant(call);
  call.result.integer = call.plan.text == "true" ? 1 : 0;
}

std::string_view AnonymousLabel(const TypeFacts& type) {
  constexpr std::array<std::string_view, 12> kWords = {
      "anonymized",   "anonymised", "anonymous", "unknown", "notspecified", "unspecified",
      "notdisclosed", "undefined",  "none",      "other",   "na",           "notapplicable"};
  for (const std::string_view word : kWords) {
    for (const std::string& label : type.labels) {
      if (SameWord(label, word)) return label;
    }
  }
  return type.labels.empty() ? std::string_view() : std::string_view(type.labels.front());
}

void Enum(const Call& call) {
  if (call.type.labels.empty()) {
    throw Error{"0A000", "the enum type has no labels", "", "Add a label to the type."};
  }
  std::string_view label = AnonymousLabel(call.type);
  if (call.plan.id == kConstant && call.plan.a != 0) {
    label = call.plan.text;
    const auto& labels = call.type.labels;
    if (std::find(labels.begin(), labels.end(), label) == labels.end()) FailConstant(call);
  }
  call.result.text.assign(label);
}

void Point(const Call& call) {
  if (call.plan.id != kDecimals) return;
  call.result.x = Rounded(call.value.x, call.plan.a);
  call.result.y = Rounded(call.value.y, call.plan.a);
}

}  // namespace gdpr::treat
