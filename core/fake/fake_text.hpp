// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "fake.hpp"
#include "fake_lists.hpp"

// What makers of words share: the input's case, what fits, what must be unique.
namespace gdpr::fake {

/// How a text is written, as far as it shows in the first letters.
enum class Style : std::uint8_t { kNone, kUpper, kLower, kCapital };

/// kUpper: letters, and all of them capitals (at least two, or nothing but one); kLower: all small;
/// kCapital: begins with a capital.
Style StyleOf(std::string_view text);

/// What the style changes in an entry. Names keep their own capitals unless the input has nothing
/// but capitals or small letters; of codes and common words the first letter follows as well. Three
/// letters or fewer are an abbreviation and say nothing about common words.
enum class Letters : std::uint8_t { kNames, kCodes, kCommon };

/// Appends the parts in the style if they have at most `call.room` characters together.
bool Emit(const Call& call, std::initializer_list<std::string_view> parts,
          Letters letters = Letters::kNames);

/// Appends as much as there is room for. Only where no entry is short enough.
void EmitCut(const Call& call, std::string_view text, Letters letters = Letters::kNames);

/// Appends the text in Latin letters without accents, in lower case, letters and digits only.
void AppendAscii(std::string_view text, std::string& out);

/// Turns what stands in `out` from `from` on into ASCII capitals.
void Capitals(std::string& out, std::size_t from);

/// Whether the text holds the entry, ASCII letters without regard to case.
bool Holds(std::string_view text, std::string_view entry);

bool HasDigit(std::string_view text);

/// The maker's text, followed by 80 bits of the value where the column is unique. Throws Error
/// PD005 where there is no room for them.
template <typename Make>
void Unique(const Call& call, Make make) {
  if (!call.unique) return make(call);
  if (call.room < kUniqueChars) FailRoom(call, kUniqueChars);
  constexpr std::size_t kShortest = 2;
  if (call.room > kUniqueChars + kShortest) {
    Call text = call;
    text.unique = false;
    text.room -= kUniqueChars + 1;
    make(text);
    call.out.push_back(' ');
  }
  call.Value("unique").Base32(kUniqueChars, call.out);
}

/// An entry of the list, by the person, under the kind's own name.
void EmitEntry(const Call& call, const List& list, Letters letters);

}  // namespace gdpr::fake
