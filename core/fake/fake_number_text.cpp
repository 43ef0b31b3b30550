// SPDX-License-Identifier: PostgreSQL
// Ages, amounts and coordinates in text: the numbers change, what stands around them stays.
#include <algorithm>
#include <string>

#include "fake_typed.hpp"

namespace gdpr::fake::typed {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// Most characters that may stand around numbers: a currency, "years". A sentence is somebody's.
constexpr std::size_t kMostAround = 12;

// A number as people write it: digits in groups, a point or a comma before the last one to two.
struct Written {
  std::size_t start, end;  ///< from the first to after the last digit
  std::size_t fraction;    ///< digits behind the point
};

Written FindNumber(std::string_view text, std::size_t from) {
  Written found{from, from, 0};
  while (found.start < text.size() && !IsDigit(text[found.start])) ++found.start;
  found.end = found.start;
  std::size_t groups = 0;
  std::size_t last = found.start;  // where the last group begins
  for (std::size_t at = found.start; at < text.size() && (IsDigit(text[at]) || at > found.start);) {
    while (at < text.size() && IsDigit(text[at])) ++at;
    found.end = at;
    constexpr std::string_view kMarks = ".,' ";
    if (at + 1 >= text.size() || kMarks.find(text[at]) == std::string_view::npos ||
        !IsDigit(text[at + 1])) {
      break;
    }
    last = ++at;
    ++groups;
  }
  const bool point = groups > 0 && (text[last - 1] == '.' || text[last - 1] == ',');
  // 50,000 is fifty thousand; 50.5 and 50000.123 have a fraction.
  if (point && (found.end - last != 3 || (groups == 1 && last - found.start > 4))) {
    found.fraction = found.end - last;
  }
  return found;
}

// The moved number's digits where the old ones stood; what is one longer begins with the new digit.
void PutDigits(std::string_view like, std::string_view digits, std::string& out) {
  const auto places = static_cast<std::size_t>(std::ranges::count_if(like, IsDigit));
  if (digits.size() > places) out.append(digits.substr(0, digits.size() - places));
  std::size_t at = digits.size() > places ? digits.size() - places : 0;
  std::size_t missing = places > digits.size() ? places - digits.size() : 0;
  for (const char c : like) {
    if (!IsDigit(c)) {
      if (missing == 0) out.push_back(c);
    } else if (missing > 0) {
      --missing;
    } else {
      out.push_back(digits[at++]);
    }
  }
}

// What holds no number: an age or a pay that somebody may have.
void SomeNumber(const Call& call) {
  if (call.unique) return Words(call);
  Draw draw = call.Value("some number");
  const bool is_age = call.kind.name == "age";
  const std::string number =
      std::to_string(is_age ? 18 + draw.Below(73) : (200 + draw.Below(700)) * 100);
  call.out.append(number, 0, call.room);
}

}  // namespace

void NumberText(const Call& call, const Plan& plan) {
  const auto around = std::ranges::count_if(
      call.text, [](char c) { return !IsDigit(c) && c != '.' && c != ',' && c != ' '; });
  const bool has_digit = std::ranges::any_of(call.text, IsDigit);
  if (!has_digit || static_cast<std::size_t>(around) > kMostAround) return SomeNumber(call);
  for (std::size_t at = 0; at < call.text.size();) {
    const Written number = FindNumber(call.text, at);
    call.out.append(call.text.substr(at, number.start - at));
    const std::string_view like = call.text.substr(number.start, number.end - number.start);
    at = number.end;
    if (like.empty()) break;
    std::string decimal;
    for (const char c : like) {
      if (IsDigit(c)) decimal.push_back(c);
    }
    if (number.fraction > 0) decimal.insert(decimal.size() - number.fraction, 1, '.');
    std::string moved;
    Decimal(call, plan, decimal, 0, moved);
    std::erase(moved, '.');
    PutDigits(like, moved, call.out);
  }
  if (call.out.size() > call.room) {
    call.out.clear();
    SomeNumber(call);
  }
}

}  // namespace gdpr::fake::typed
