// SPDX-License-Identifier: PostgreSQL
#include "detect_number.hpp"

#include <algorithm>
#include <array>

#include "check_digit.hpp"
#include "iban_plan.hpp"

namespace gdpr::detect {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// The separators between two groups, as one: the single one, '(' if a bracket is among them, '='
// for several.
char ReadSeparators(std::string_view text, std::size_t& at) {
  char separator = 0;
  for (int count = 0; count < 3; ++count) {
    const std::size_t length = SeparatorAt(text, at);
    if (length == 0) break;
    const char c = text[at];
    const char kind = c == '(' || c == ')' ? '(' : length > 1 ? (c == '\xC2' ? ' ' : '-') : c;
    separator = separator == 0 ? kind : (separator == '(' || kind == '(') ? '(' : '=';
    at += length;
    // "+44 (0)20": dialled only inside the country.
    if (c == '(' && text.substr(at, 2) == "0)") at += 2;
  }
  return separator;
}

bool IsAmount(const DigitRun& run, std::size_t group) {
  if (group == 0 || run.groups[0].length > 3) return false;
  for (std::size_t i = 1; i <= group; ++i) {
    const auto& one = run.groups[i];
    if (one.length != 3 || (one.separator != ' ' && one.separator != '.')) return false;
  }
  return true;
}

bool HasLengths(const DigitRun& run, std::size_t group, std::initializer_list<int> lengths) {
  if (group + 1 != lengths.size()) return false;
  std::size_t i = 0;
  return std::all_of(lengths.begin(), lengths.end(),
                     [&](int length) { return run.groups[i++].length == length; });
}

// North America: (415) 555-0132, 1-415-555-0132, 4155550132. No area code or exchange starts with
// 0 or 1, which tells it from seconds since 1970.
bool IsNorthAmerican(const DigitRun& run, std::size_t group) {
  std::string_view digits = run.Digits(group);
  const bool long_form = HasLengths(run, group, {1, 3, 3, 4}) && digits[0] == '1';
  const bool written = long_form || HasLengths(run, group, {3, 3, 4}) ||
                       HasLengths(run, group, {3, 7}) || HasLengths(run, group, {10});
  if (!written) return false;
  if (long_form) digits.remove_prefix(1);
  return digits[0] >= '2' && digits[3] >= '2';
}

// Written in groups as telephone numbers are, with nothing at its start to tell.
bool IsGrouped(const DigitRun& run, std::size_t group) {
  const std::string_view digits = run.Digits(group);
  if (HasLengths(run, group, {2, 2, 2, 2})) return run.groups[1].separator == ' ';
  if (group < 2 || run.groups[0].length > 4 || digits.size() < 9 || digits.size() > 13)
    return false;
  for (std::size_t i = 1; i <= group; ++i) {
    if (run.groups[i].separator == '/' || run.groups[i].length < 2) return false;
  }
  if (!IsAmount(run, group)) return true;
  // 612 345 678 is a Spanish mobile, 123 456 789 rather an amount.
  return digits.size() == 9 && digits[0] >= '5' && run.groups[1].separator == ' ';
}

}  // namespace

std::size_t SeparatorAt(std::string_view text, std::size_t at) {
  if (at >= text.size()) return 0;
  switch (text[at]) {
    case ' ':
    case '-':
    case '.':
    case '/':
    case '(':
    case ')':
      return 1;
    case '\xC2':
      return text.substr(at, 2) == "\xC2\xA0" ? 2 : 0;
    case '\xE2': {
      if (at + 3 > text.size() || text[at + 1] != '\x80') return 0;
      const auto last = static_cast<unsigned char>(text[at + 2]);
      return (last >= 0x90 && last <= 0x95) || last == 0xAF ? 3 : 0;
    }
    default:
      return 0;
  }
}

bool ReadDigits(std::string_view text, std::size_t at, DigitRun& run) {
  run.plus = false;
  run.count = 0;
  if (at < text.size() && text[at] == '(') ++at;
  if (at < text.size() && text[at] == '+') {
    run.plus = true;
    ++at;
    if (at < text.size() && (text[at] == '(' || text[at] == ' ')) ++at;
  }
  std::size_t digits = 0;
  char separator = 0;
  while (at < text.size() && IsDigit(text[at])) {
    std::size_t end = at;
    while (end < text.size() && IsDigit(text[end]) && end - at <= DigitRun::kMost) ++end;
    const std::size_t length = end - at;
    if (digits + length > DigitRun::kMost) break;
    std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(at), length,
                run.digits.begin() + static_cast<std::ptrdiff_t>(digits));
    digits += length;
    run.groups[run.count++] = {static_cast<std::uint8_t>(digits), static_cast<std::uint8_t>(length),
                               end, separator};
    at = end;
    separator = ReadSeparators(text, at);
    if (separator == 0) break;
  }
  return run.count > 0;
}

bool StartsWithDate(const DigitRun& run) {
  if (run.count < 3) return false;
  const char separator = run.groups[1].separator;
  if (separator != '-' && separator != '.' && separator != '/') return false;
  if (run.groups[2].separator != separator) return false;
  const bool year_first =
      run.groups[0].length == 4 && run.groups[1].length <= 2 && run.groups[2].length <= 2;
  const bool year_last =
      run.groups[0].length <= 2 && run.groups[1].length <= 2 && run.groups[2].length == 4;
  if (!year_first && !year_last) return false;
  const std::size_t year = year_first ? 0 : run.groups[1].digits;
  const std::string_view century(run.digits.data() + year, 2);
  return century >= "18" && century <= "21";
}

bool LooksLikePhone(const DigitRun& run, std::size_t group, bool decimal) {
  const std::string_view digits = run.Digits(group);
  const std::size_t n = digits.size();
  if (run.plus) return n >= 7 && n <= 15 && digits[0] != '0';
  if (n < 8) return false;
  if (digits.starts_with("00")) {
    return n >= 10 && n <= 17 && digits[2] != '0' && run.groups[0].length >= 2 && !decimal;
  }
  if (digits[0] == '0') {
    if (run.groups[0].length == 1 && run.groups[1].separator == '.') return false;  // 0.1234…
    return n >= 9 && n <= (group == 0 ? 11U : 12U) && !decimal;
  }
  if (decimal) return false;
  // Chinese mobiles; seconds since 1970 have ten digits, milliseconds thirteen.
  if (n == 11 && digits[0] == '1' && digits[1] >= '3' && group <= 2) return true;
  return IsNorthAmerican(run, group) || IsGrouped(run, group);
}

bool PassesLuhn(std::string_view digits) {
  return check::Luhn(digits) == 0;
}

bool PassesMod97(std::string_view iban) {
  const std::string_view head = iban.substr(0, 4);
  return check::Mod97(head, check::Mod97(iban.substr(head.size()))) == 1;
}

std::size_t IbanLength(char first, char second) {
  const std::array<char, 2> country = {static_cast<char>(first & ~0x20),
                                       static_cast<char>(second & ~0x20)};
  const iban::Plan* plan = iban::FindPlan({country.data(), country.size()});
  return plan == nullptr ? 0 : 4U + plan->size;
}

}  // namespace gdpr::detect
