// SPDX-License-Identifier: PostgreSQL
#include "fake_text.hpp"

#include <algorithm>

#include "../fold.hpp"
#include "../utf8.hpp"

namespace gdpr::fake {
namespace {

enum class Letter : std::uint8_t { kNone, kUpper, kLower };

bool In(char32_t point, char32_t first, char32_t last) {
  return point >= first && point <= last;
}

// Latin Extended-A: pairs of capital and small letter that begin at an even or an odd number.
bool BeginsEven(char32_t point) {
  return In(point, 0x100, 0x137) || In(point, 0x14A, 0x177);
}
bool BeginsOdd(char32_t point) {
  return In(point, 0x139, 0x148) || In(point, 0x179, 0x17E);
}

Letter LetterOf(char32_t point) {
  if (In(point, 'A', 'Z') || (In(point, 0xC0, 0xDE) && point != 0xD7)) return Letter::kUpper;
  if (In(point, 'a', 'z') || (In(point, 0xDF, 0xFF) && point != 0xF7)) return Letter::kLower;
  if (BeginsEven(point)) return point % 2 == 0 ? Letter::kUpper : Letter::kLower;
  if (BeginsOdd(point)) return point % 2 == 1 ? Letter::kUpper : Letter::kLower;
  return Letter::kNone;
}

// ß has no capital in most character sets: the caller writes SS.
char32_t Upper(char32_t point) {
  if (LetterOf(point) != Letter::kLower || point == 0xDF) return point;
  if (point == 0xFF) return 0x178;
  return point < 0x100 ? point - 0x20 : point - 1;
}

char32_t Lower(char32_t point) {
  if (LetterOf(point) != Letter::kUpper) return point;
  return point < 0x100 ? point + 0x20 : point + 1;
}

void AppendUpper(std::string_view text, std::string& out) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeAt(text, at);
    if (point.value == 0xDF) {
      out.append("SS");
    } else {
      AppendUtf8(Upper(point.value), out);
    }
    at += point.bytes;
  }
}

void AppendLower(std::string_view text, std::string& out) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeAt(text, at);
    AppendUtf8(Lower(point.value), out);
    at += point.bytes;
  }
}

void AppendCapital(std::string_view text, std::string& out) {
  if (text.empty()) return;
  const CodePoint first = DecodeAt(text, 0);
  AppendUtf8(Upper(first.value), out);
  out.append(text.substr(first.bytes));
}

void AppendIn(Style style, bool first, std::string_view text, std::string& out) {
  if (style == Style::kUpper) return AppendUpper(text, out);
  if (style == Style::kLower) return AppendLower(text, out);
  if (style == Style::kCapital && first) return AppendCapital(text, out);
  out.append(text);
}

Style StyleFor(const Call& call, Letters letters) {
  constexpr std::size_t kAbbreviation = 3;
  if (letters == Letters::kCommon && call.text.size() <= kAbbreviation) return Style::kNone;
  const Style style = StyleOf(call.text);
  return style == Style::kCapital && letters == Letters::kNames ? Style::kNone : style;
}

char AsciiLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

}  // namespace

Style StyleOf(std::string_view text) {
  std::size_t uppers = 0;
  std::size_t lowers = 0;
  bool capital = false;
  for (std::size_t at = 0; at < text.size() && (uppers == 0 || lowers == 0);) {
    const CodePoint point = DecodeAt(text, at);
    const Letter letter = point.valid ? LetterOf(point.value) : Letter::kNone;
    if (letter == Letter::kUpper) {
      if (uppers + lowers == 0) capital = true;
      ++uppers;
    }
    if (letter == Letter::kLower) ++lowers;
    at += point.bytes;
  }
  if (uppers == 0 && lowers == 0) return Style::kNone;
  if (lowers == 0) return Style::kUpper;
  if (uppers == 0) return Style::kLower;
  return capital ? Style::kCapital : Style::kNone;
}

bool Emit(const Call& call, std::initializer_list<std::string_view> parts, Letters letters) {
  if (call.room < 4 * kLongestEntry) {
    std::size_t chars = 0;
    for (const std::string_view part : parts) chars += CountChars(part);
    if (chars > call.room) return false;
  }
  const Style style = StyleFor(call, letters);
  bool first = true;
  for (const std::string_view part : parts) {
    AppendIn(style, first, part, call.out);
    first = false;
  }
  // Capitals of "ß" may have made it longer than the room.
  if (style == Style::kUpper && call.room < call.out.size()) {
    call.out.resize(PrefixBytes(call.out, call.room));
  }
  return true;
}

void EmitCut(const Call& call, std::string_view text, Letters letters) {
  text = text.substr(0, PrefixBytes(text, call.room));
  while (text.ends_with(' ')) text.remove_suffix(1);
  Emit(call, {text}, letters);
}

void AppendAscii(std::string_view text, std::string& out) {
  const std::size_t from = out.size();
  fold::Append(text, out);
  const auto start = out.begin() + static_cast<std::ptrdiff_t>(from);
  out.erase(
      std::remove_if(start, out.end(),
                     [](char c) { return !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'); }),
      out.end());
}

void Capitals(std::string& out, std::size_t from) {
  for (std::size_t i = from; i < out.size(); ++i) {
    if (out[i] >= 'a' && out[i] <= 'z') out[i] = static_cast<char>(out[i] - ('a' - 'A'));
  }
}

bool Holds(std::string_view text, std::string_view entry) {
  if (entry.size() > text.size()) return false;
  for (std::size_t at = 0; at <= text.size() - entry.size(); ++at) {
    std::size_t same = 0;
    while (same < entry.size() && AsciiLower(text[at + same]) == AsciiLower(entry[same])) ++same;
    if (same == entry.size()) return true;
  }
  return false;
}

bool HasDigit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void EmitEntry(const Call& call, const List& list, Letters letters) {
  Unique(call, [&](const Call& own) {
    const std::uint32_t bits = own.Person(own.kind.name).Bits32();
    const std::string_view entry = list.At(bits, own.room);
    if (!Emit(own, {entry}, letters)) EmitCut(own, entry, letters);
  });
}

}  // namespace gdpr::fake
