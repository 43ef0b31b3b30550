// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Words of running text, and what they are compared by. No locale: the same words on every server.
namespace gdpr::fold {

enum class CharClass : std::uint8_t {
  kSeparator,
  kWord,   ///< a letter, digit or mark: part of a longer word
  kAlone,  ///< a word by itself: scripts that put no blanks between words
};

CharClass ClassOf(char32_t point);

/// A word's place; start == end when there is none.
struct Word {
  std::size_t start;
  std::size_t end;
};

/// The word that starts at `at`, which must hold a kWord or kAlone character.
Word WordAt(std::string_view text, std::size_t at);

/// The next word at or after `at`; `separators` gets the number of characters passed over.
Word NextWord(std::string_view text, std::size_t at, std::size_t& separators);

/// Appends the text without case, accents and invisible marks.
void Append(std::string_view text, std::string& out);

/// Whether a word goes on at `at` (false at the end of the text).
bool IsInsideWord(std::string_view text, std::size_t at);

}  // namespace gdpr::fold
