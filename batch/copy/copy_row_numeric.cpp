// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_row_numeric.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "batch/copy/copy_row_bytes.hpp"

// The format: ndigits, weight, sign, dscale, then digits to the base of 10,000; the first stands
// for 10000^weight (src/backend/utils/adt/numeric.c, numeric_send).
namespace gdpr::batch {
namespace {

constexpr std::uint16_t kPositive = 0, kNegative = 0x4000, kNaN = 0xC000, kInfinity = 0xD000,
                        kNegativeInfinity = 0xF000;
constexpr std::size_t kHead = 8;
constexpr int kMostScale = 16383;
constexpr int kMostWeight = 0x7FFF;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

void AppendHead(std::size_t digits, int weight, std::uint16_t sign, int scale, std::string& out) {
  Append(static_cast<std::uint16_t>(digits), out);
  Append(static_cast<std::uint16_t>(weight), out);
  Append(sign, out);
  Append(static_cast<std::uint16_t>(scale), out);
}

bool AppendWord(std::string_view text, std::string& out) {
  const std::uint16_t sign = text == "NaN"         ? kNaN
                             : text == "Infinity"  ? kInfinity
                             : text == "-Infinity" ? kNegativeInfinity
                                                   : kPositive;
  if (sign == kPositive) return false;
  AppendHead(0, 0, sign, 0, out);
  return true;
}

// A decimal text taken apart: `digits` without the point, which stands behind `before` of them.
struct Decimal {
  std::string_view whole, fraction;
  bool negative = false;
  int exponent = 0;

  std::int64_t before() const { return static_cast<std::int64_t>(whole.size()) + exponent; }
  std::int64_t size() const { return static_cast<std::int64_t>(whole.size() + fraction.size()); }
  // 0 for what stands before the first or behind the last digit
  int at(std::int64_t place) const {
    if (place < 0 || place >= size()) return 0;
    const auto index = static_cast<std::size_t>(place);
    return (index < whole.size() ? whole[index] : fraction[index - whole.size()]) - '0';
  }
};

bool ReadDecimal(std::string_view text, Decimal& decimal) {
  std::size_t at = 0;
  const auto run = [&] {
    const std::size_t start = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    return text.substr(start, at - start);
  };
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) decimal.negative = text[at++] == '-';
  decimal.whole = run();
  if (at < text.size() && text[at] == '.') {
    ++at;
    decimal.fraction = run();
  }
  if (decimal.size() == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + at, end, decimal.exponent);
    return read.ec == std::errc() && read.ptr == end && std::abs(decimal.exponent) < 100'000;
  }
  return at == text.size();
}

}  // namespace

bool NumericToText(std::string_view field, std::string& text) {
  if (field.size() < kHead) return false;
  const std::size_t count = Load<std::uint16_t>(field.data());
  const int weight = static_cast<std::int16_t>(Load<std::uint16_t>(field.data() + 2));
  const auto sign = Load<std::uint16_t>(field.data() + 4);
  const int scale = Load<std::uint16_t>(field.data() + 6);
  if (sign == kNaN || sign == kInfinity || sign == kNegativeInfinity) {
    text += sign == kNaN ? "NaN" : sign == kInfinity ? "Infinity" : "-Infinity";
    return true;
  }
  if (field.size() != kHead + 2 * count || scale > kMostScale) return false;
  if (sign != kPositive && sign != kNegative) return false;
  const auto group = [&](int index) -> unsigned {
    if (index < 0 || index >= static_cast<int>(count)) return 0;
    return Load<std::uint16_t>(field.data() + kHead + 2 * static_cast<std::size_t>(index)) % 10000U;
  };
  if (sign == kNegative) text += '-';
  char digits[8];
  for (int i = 0; i <= weight; ++i) {
    const unsigned number = group(i) + 10000;
    std::to_chars(digits, digits + sizeof digits, number);
    const std::string_view four(digits + 1, 4);
    text += i > 0 ? four : four.substr(std::min<std::size_t>(four.find_first_not_of('0'), 3));
  }
  if (weight < 0) text += '0';
  if (scale == 0) return true;
  text += '.';
  const std::size_t end = text.size() + static_cast<std::size_t>(scale);
  // The group of 10000^-1 comes first; it may lie before the first one that was sent.
  for (int i = weight + 1; text.size() < end; ++i) {
    std::to_chars(digits, digits + sizeof digits, group(i) + 10000);
    text.append(digits + 1, 4);
  }
  text.resize(end);
  return true;
}

bool TextToNumeric(std::string_view text, std::string& field) {
  if (AppendWord(text, field)) return true;
  Decimal decimal;
  if (!ReadDecimal(text, decimal)) return false;
  const std::int64_t scale = std::max<std::int64_t>(
      0, static_cast<std::int64_t>(decimal.fraction.size()) - decimal.exponent);
  // Groups of four digits, counted from the point: group g stands for 10000^-g.
  const std::int64_t before = decimal.before();
  const auto group = [&](std::int64_t g) {
    const std::int64_t first = before - 4 + 4 * g;  // group 0 ends at the point
    int number = 0;
    for (int i = 0; i < 4; ++i) number = number * 10 + decimal.at(first + i);
    return number;
  };
  std::int64_t from = -((before + 3) / 4) + 1;
  std::int64_t to = (decimal.size() - before + 3) / 4;
  if (before <= 0) from = 1 + (-before) / 4;
  while (from <= to && group(from) == 0) ++from;
  while (to >= from && group(to) == 0) --to;
  if (from > to) {
    AppendHead(0, 0, kPositive, static_cast<int>(std::min<std::int64_t>(scale, kMostScale)), field);
    return true;
  }
  if (scale > kMostScale || -from > kMostWeight || to - from >= kMostWeight) return false;
  AppendHead(static_cast<std::size_t>(to - from + 1), static_cast<int>(-from),
             decimal.negative ? kNegative : kPositive, static_cast<int>(scale), field);
  for (std::int64_t g = from; g <= to; ++g) Append(static_cast<std::uint16_t>(group(g)), field);
  return true;
}

int DigitsBeforePoint(std::string_view text) {
  Decimal decimal;
  if (!ReadDecimal(text, decimal)) return 0;
  std::int64_t first = 0;
  while (first < decimal.size() && decimal.at(first) == 0) ++first;
  if (first == decimal.size()) return 0;
  return static_cast<int>(std::max<std::int64_t>(0, decimal.before() - first));
}

}  // namespace gdpr::batch
