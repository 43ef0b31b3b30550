// SPDX-License-Identifier: PostgreSQL
#include "detect_number.hpp"

#include <algorithm>

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
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int digit = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1 && (digit *= 2) > 9) digit -= 9;
    sum += digit;
  }
  return sum % 10 == 0;
}

bool PassesMod97(std::string_view iban) {
  unsigned remainder = 0;
  for (std::size_t i = 0; i < iban.size(); ++i) {
    const char c = iban[(i + 4) % iban.size()];
    if (IsDigit(c)) {
      remainder = (remainder * 10 + static_cast<unsigned>(c - '0')) % 97;
    } else {
      const auto value = static_cast<unsigned>((c | 0x20) - 'a' + 10);
      remainder = (remainder * 100 + value) % 97;
    }
  }
  return remainder == 1;
}

std::size_t IbanLength(char first, char second) {
  struct Country {
    std::string_view code;
    std::size_t length;
  };
  // SWIFT's IBAN registry.
  static constexpr Country kCountries[] = {
      {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16},
      {"BG", 22}, {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22},
      {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20},
      {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22},
      {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HN", 28}, {"HR", 21},
      {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30},
      {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20},
      {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
      {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23},
      {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22},
      {"RU", 33}, {"SA", 24}, {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24},
      {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26},
      {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30}};
  const auto upper = [](char c) { return static_cast<char>(c & ~0x20); };
  for (const Country& country : kCountries) {
    if (country.code[0] == upper(first) && country.code[1] == upper(second)) return country.length;
  }
  return 0;
}

}  // namespace gdpr::detect
