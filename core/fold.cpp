// SPDX-License-Identifier: PostgreSQL
#include "fold.hpp"

#include <array>

#include "fold_table.hpp"
#include "utf8.hpp"

namespace gdpr::fold {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

bool In(char32_t point, Range range) {
  return point >= range.first && point <= range.last;
}

// Marks and characters nobody sees: part of a word, but nothing to compare.
bool IsInvisible(char32_t point) {
  return In(point, {0x300, 0x36F}) || point == 0xAD || In(point, {0x200B, 0x200D}) ||
         point == 0x2060 || point == 0xFEFF || In(point, {0xFE00, 0xFE0F});
}

// Scripts written without blanks: South-East Asian, kana, bopomofo, han.
bool StandsAlone(char32_t point) {
  constexpr std::array<Range, 9> kRanges = {{{0x0E00, 0x0EFF},
                                             {0x1000, 0x109F},
                                             {0x1780, 0x17FF},
                                             {0x2E80, 0x2FDF},
                                             {0x3040, 0x31BF},
                                             {0x31F0, 0x31FF},
                                             {0x3400, 0x9FFF},
                                             {0xF900, 0xFAFF},
                                             {0x20000, 0x3FFFF}}};
  for (const Range& range : kRanges) {
    if (In(point, range)) return true;
  }
  return false;
}

bool SeparatesBeyondAscii(char32_t point) {
  if (point < 0xC0) return point != 0xAA && point != 0xB5 && point != 0xBA && point != 0xAD;
  return point == 0xD7 || point == 0xF7 || In(point, {0x2000, 0x206F}) ||
         In(point, {0x20A0, 0x20CF}) || In(point, {0x2190, 0x2BFF}) ||
         In(point, {0x3000, 0x303F}) || In(point, {0xFF00, 0xFF0F}) ||
         In(point, {0xFF1A, 0xFF20}) || In(point, {0x1F000, 0x1FAFF});
}

// Greek, Cyrillic, Armenian, Georgian and full-width letters in lower case, Greek without accents.
char32_t Lower(char32_t point) {
  constexpr std::array<std::array<char32_t, 2>, 23> kSingle = {
      {{0x386, 0x3B1}, {0x388, 0x3B5}, {0x389, 0x3B7}, {0x38A, 0x3B9}, {0x38C, 0x3BF},
       {0x38E, 0x3C5}, {0x38F, 0x3C9}, {0x390, 0x3B9}, {0x3AA, 0x3B9}, {0x3AB, 0x3C5},
       {0x3AC, 0x3B1}, {0x3AD, 0x3B5}, {0x3AE, 0x3B7}, {0x3AF, 0x3B9}, {0x3B0, 0x3C5},
       {0x3C2, 0x3C3}, {0x3CA, 0x3B9}, {0x3CB, 0x3C5}, {0x3CC, 0x3BF}, {0x3CD, 0x3C5},
       {0x3CE, 0x3C9}, {0x401, 0x435}, {0x451, 0x435}}};
  for (const auto& [from, to] : kSingle) {
    if (point == from) return to;
  }
  if (In(point, {0x391, 0x3A9}) || In(point, {0x410, 0x42F}) || In(point, {0xFF21, 0xFF3A})) {
    return point + 0x20;
  }
  if (In(point, {0x400, 0x40F})) return point + 0x50;
  if (In(point, {0x460, 0x481}) || In(point, {0x48A, 0x4BF}) || In(point, {0x4D0, 0x52F})) {
    return point | 1U;
  }
  if (In(point, {0x531, 0x556})) return point + 0x30;
  if (In(point, {0x1C90, 0x1CBF})) return point - 0x1C90 + 0x10D0;
  return point;
}

void AppendFolded(char32_t point, std::string& out) {
  if (IsInvisible(point)) return;
  const char* base = "";
  if (In(point, {0xC0, 0x24F})) base = kLatin[point - 0xC0];
  if (In(point, {0x1E00, 0x1EFF})) base = kLatinAdditional[point - 0x1E00];
  if (*base != '\0') {
    out.append(base);
  } else {
    AppendUtf8(Lower(point), out);
  }
}

}  // namespace

CharClass ClassOf(char32_t point) {
  if (point < 0x80) {
    const bool word = In(point, {'0', '9'}) || In(point | 0x20U, {'a', 'z'});
    return word ? CharClass::kWord : CharClass::kSeparator;
  }
  if (IsInvisible(point)) return CharClass::kWord;
  if (SeparatesBeyondAscii(point)) return CharClass::kSeparator;
  return StandsAlone(point) ? CharClass::kAlone : CharClass::kWord;
}

Word WordAt(std::string_view text, std::size_t at) {
  CodePoint point = DecodeAt(text, at);
  Word word{at, at + point.bytes};
  if (ClassOf(point.value) == CharClass::kAlone) return word;
  while (word.end < text.size()) {
    point = DecodeAt(text, word.end);
    if (!point.valid || ClassOf(point.value) != CharClass::kWord) break;
    word.end += point.bytes;
  }
  return word;
}

Word NextWord(std::string_view text, std::size_t at, std::size_t& separators) {
  separators = 0;
  while (at < text.size()) {
    const CodePoint point = DecodeAt(text, at);
    if (point.valid && ClassOf(point.value) != CharClass::kSeparator) return WordAt(text, at);
    at += point.bytes;
    ++separators;
  }
  return {at, at};
}

void Append(std::string_view text, std::string& out) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      out.push_back(byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 0x20) : text[at]);
      ++at;
      continue;
    }
    const CodePoint point = DecodeAt(text, at);
    if (point.valid) {
      AppendFolded(point.value, out);
    } else {
      out.push_back(text[at]);
    }
    at += point.bytes;
  }
}

bool IsInsideWord(std::string_view text, std::size_t at) {
  if (at >= text.size()) return false;
  const CodePoint point = DecodeAt(text, at);
  return point.valid && ClassOf(point.value) == CharClass::kWord;
}

}  // namespace gdpr::fold
