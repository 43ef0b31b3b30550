// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "fake.hpp"

// Letters and digits in their places: what numbers of no known plan, and the free part of those of
// a known one, are made with. Internal to core.
namespace gdpr::fake {

/// Puts others in the place of all ASCII letters and digits of `text`: digits for digits, small
/// letters for small ones, large for large; everything else stays. A keyed permutation of all
/// texts of that shape, of any length, which takes large and small letters for the same: what
/// citext holds apart stays apart. It can be walked: applied again until the text is one of those
/// that are wanted, it is a permutation of those.
void PermuteShape(const Call& call, std::string_view domain, std::span<char> text);

/// The same with characters drawn.
void DrawShape(Draw& draw, std::span<char> text);

/// How many characters at the start of a number of no known plan stay: zeros it is filled up with,
/// or up to four letters with four digits behind them ("KD-004711"), which are its form and
/// nobody's. The same for all numbers that PermuteShape makes of what is behind them.
std::size_t KeptPrefix(std::string_view text);

/// Appends the fake of a number of no known plan: its shape permuted, or drawn where the call does
/// not permute. What is not ASCII gives nothing of it: letters and digits as of Words().
void ShapeOrWords(const Call& call, std::string_view domain);

/// Whether letters and digits of ASCII are in it, and nothing outside of ASCII.
bool HasShape(std::string_view text);

constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool IsUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr bool IsLetter(char c) {
  return IsUpper(static_cast<char>(c & ~0x20));
}
constexpr char Upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
}
/// `c` as small or large as `like`.
constexpr char CaseOf(char c, char like) {
  return like >= 'a' && like <= 'z' && IsUpper(c) ? static_cast<char>(c | 0x20) : c;
}

}  // namespace gdpr::fake
