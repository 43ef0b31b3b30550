// SPDX-License-Identifier: PostgreSQL
#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "../check_digit.hpp"
#include "../detect_number.hpp"
#include "fake_makers.hpp"
#include "fake_shape.hpp"

namespace gdpr::fake {
namespace {

constexpr std::size_t kMostDigits = 19;  // ISO/IEC 7812-1
constexpr std::size_t kLeastDigits = 12;

// Whose cards a range of first six digits is of, and how many digits at its start stay. Sources:
// the schemes' published ranges (ISO/IEC 7812-1 leaves the list to its registration authority).
struct Scheme {
  std::uint32_t first;
  std::uint32_t last;
  std::uint8_t kept;
};
constexpr auto kSchemes = std::to_array<Scheme>({
    {222100, 272099, 1},  // Mastercard
    {300000, 305999, 2},  // Diners Club
    {309500, 309599, 4},
    {340000, 349999, 2},  // American Express
    {352800, 358999, 2},  // JCB
    {360000, 369999, 2},  // Diners Club
    {370000, 379999, 2},  // American Express
    {380000, 399999, 2},  // Diners Club
    {400000, 499999, 1},  // Visa
    {500000, 509999, 2},  // Maestro
    {510000, 559999, 2},  // Mastercard
    {560000, 589999, 2},  // Maestro
    {601100, 601199, 4},  // Discover
    {620000, 629999, 2},  // UnionPay
    {644000, 649999, 3},  // Discover
    {650000, 659999, 2},
    {660000, 699999, 2},  // Maestro
});

// Its place in the list; the number of them for all others.
std::size_t SchemeOf(std::string_view digits) {
  std::uint32_t head = 0;
  for (const char c : digits.substr(0, 6)) head = head * 10 + static_cast<std::uint32_t>(c - '0');
  const auto* at =
      std::upper_bound(kSchemes.begin(), kSchemes.end(), head,
                       [](std::uint32_t one, const Scheme& s) { return one < s.first; });
  if (at == kSchemes.begin() || head > (at - 1)->last) return kSchemes.size();
  return static_cast<std::size_t>(at - 1 - kSchemes.begin());
}

// A card number as it is written, or what is left of one: digits, separators, marks for what is
// hidden.
struct Written {
  std::array<char, kMostDigits> digits;
  std::array<std::uint32_t, kMostDigits> places;
  std::size_t size = 0;
  bool is_number = false;  // nothing but digits, separators and marks
  bool is_long = false;    // no marks, and as many digits as a card has
  bool is_whole = false;   // and passes Luhn
};

constexpr bool IsMark(char c) {
  return c == '*' || c == 'X' || c == 'x' || c == '#' || c == '.';
}

Written Read(std::string_view text) {
  Written written;
  bool marks = false;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (IsDigit(c)) {
      if (written.size == kMostDigits) return written;
      written.places[written.size] = static_cast<std::uint32_t>(at++);
      written.digits[written.size++] = c;
      continue;
    }
    std::size_t length = detect::SeparatorAt(text, at);
    if (length == 0) {
      if (!IsMark(c)) return written;
      marks = true;
      length = 1;
    }
    if (at > 100) return written;
    at += length;
  }
  written.is_number = written.size > 0;
  written.is_long = !marks && written.size >= kLeastDigits;
  written.is_whole = written.is_long && check::Luhn({written.digits.data(), written.size}) == 0;
  return written;
}

// Scheme and length stay, the rest is permuted among the numbers that pass Luhn.
void PermuteWhole(const Call& call, Written& written) {
  const std::string_view digits(written.digits.data(), written.size);
  const std::size_t scheme = SchemeOf(digits);
  const std::size_t kept = scheme < kSchemes.size() ? kSchemes[scheme].kept : 1;
  const std::span<char> free(written.digits.data() + kept, written.size - kept - 1);
  std::array<char, 5 + kMostDigits> domain = {'c', 'a', 'r', 'd', '/'};
  std::copy_n(digits.begin(), kept, domain.begin() + 5);
  do {
    PermuteShape(call, {domain.data(), 5 + kept}, free);
  } while (SchemeOf(digits) != scheme);
  written.digits[written.size - 1] = check::LuhnDigit(digits.substr(0, digits.size() - 1));
}

// The last four digits, or a number that is none: as many others, and still none.
void PermutePart(const Call& call, Written& written) {
  const std::span<char> digits(written.digits.data(), written.size);
  do {
    PermuteShape(call, "card", digits);
  } while (written.is_long && check::Luhn({digits.data(), digits.size()}) == 0);
}

// A number of the ranges that payment processors give their customers to test with.
void AppendFresh(const Call& call) {
  struct Test {
    std::string_view head;
    std::size_t size;
  };
  static constexpr std::array<Test, 3> kTests = {{{"400000", 16}, {"555555", 16}, {"378282", 15}}};
  Draw draw = call.Value("card");
  const Test& test = draw.Of(kTests);
  std::array<char, kMostDigits> digits;
  std::copy(test.head.begin(), test.head.end(), digits.begin());
  for (std::size_t i = test.head.size(); i + 1 < test.size; ++i) digits[i] = draw.Digit();
  digits[test.size - 1] = check::LuhnDigit({digits.data(), test.size - 1});
  const bool groups =
      call.text.find(' ') != std::string_view::npos && test.size == 16 && call.room >= 19;
  // What is too long for the column is its last digits.
  const std::size_t count = std::min(call.room, test.size);
  for (std::size_t i = 0; i < count; ++i) {
    if (groups && i > 0 && i % 4 == 0) call.out.push_back(' ');
    call.out.push_back(digits[test.size - count + i]);
  }
}

}  // namespace

void CardNumber(const Call& call) {
  Written written = Read(call.text);
  const bool fits = call.text.size() <= call.room;
  if (!written.is_number || !fits) {
    if (!call.unique) return AppendFresh(call);
    if (!fits || !HasShape(call.text)) return Words(call);
    call.out.append(call.text);
    do {
      PermuteShape(call, "card/other", call.out);
    } while (Read(call.out).is_number);
    return;
  }
  if (!call.Permutes()) {
    // A part stays a part.
    if (written.is_whole) return AppendFresh(call);
    Draw draw = call.Value("card");
    DrawShape(draw, {written.digits.data(), written.size});
  } else if (written.is_whole) {
    PermuteWhole(call, written);
  } else {
    PermutePart(call, written);
  }
  call.out.append(call.text);
  for (std::size_t i = 0; i < written.size; ++i) call.out[written.places[i]] = written.digits[i];
}

}  // namespace gdpr::fake
