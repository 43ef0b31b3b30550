// SPDX-License-Identifier: PostgreSQL
#include "list_encoding.hpp"

#include <array>

#include "utf8.hpp"

namespace gdpr {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// What Windows-1252 has where ISO 8859-1 has control characters; 0: nothing.
// source: WHATWG Encoding Standard, index-windows-1252, unassigned bytes left out
constexpr std::array<char16_t, 32> kWindows = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

char32_t FromWindows(unsigned char byte) {
  if (byte < 0x80 || byte > 0x9F) return byte;
  const char16_t point = kWindows[byte - 0x80];
  return point == 0 ? kReplacement : point;
}

// Most letters of a list are ASCII, whatever the language: their other byte is zero.
std::optional<Encoding> WideByZeros(std::string_view head) {
  std::size_t even = 0, odd = 0;
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (head[i] == '\0') ++(i % 2 == 0 ? even : odd);
  }
  const std::size_t units = head.size() / 2;
  if (units < 2) return std::nullopt;
  if (odd * 10 >= units * 7 && even * 10 <= units) return Encoding::kUtf16Le;
  if (even * 10 >= units * 7 && odd * 10 <= units) return Encoding::kUtf16Be;
  return std::nullopt;
}

// Bytes at the end that may be the beginning of a longer character.
std::size_t CutTail(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t wanted = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return wanted > back ? back : 0;
  }
  return 0;
}

}  // namespace

std::string_view NameOf(Encoding encoding) {
  constexpr std::array<std::string_view, 4> kNames = {"UTF-8", "UTF-16LE", "UTF-16BE",
                                                      "Windows-1252"};
  return kNames[static_cast<std::size_t>(encoding)];
}

std::optional<Encoding> EncodingOf(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == '-' || c == '_' || c == ' ') continue;
    plain.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
  }
  if (plain == "utf8") return Encoding::kUtf8;
  if (plain == "utf16" || plain == "utf16le" || plain == "unicode") return Encoding::kUtf16Le;
  if (plain == "utf16be") return Encoding::kUtf16Be;
  for (const std::string_view one :
       {"latin1", "iso88591", "iso885915", "windows1252", "cp1252", "1252", "ansi"}) {
    if (plain == one) return Encoding::kWindows1252;
  }
  return std::nullopt;
}

bool IsUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeAt(text, at);
    if (!point.valid) return false;
    at += point.bytes;
  }
  return true;
}

DetectedEncoding DetectEncoding(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) return {Encoding::kUtf8, 3};
  if (head.starts_with("\xFF\xFE")) return {Encoding::kUtf16Le, 2};
  if (head.starts_with("\xFE\xFF")) return {Encoding::kUtf16Be, 2};
  if (const auto wide = WideByZeros(head)) return {*wide, 0};
  return {IsUtf8(head.substr(0, head.size() - CutTail(head))) ? Encoding::kUtf8
                                                              : Encoding::kWindows1252,
          0};
}

void Utf8Maker::Unit(char32_t unit, std::string& utf8) {
  if (lead_ != 0) {
    const char32_t lead = lead_;
    lead_ = 0;
    if (unit >= 0xDC00 && unit <= 0xDFFF) {
      AppendUtf8(0x10000 + ((lead - 0xD800) << 10) + (unit - 0xDC00), utf8);
      return;
    }
    AppendUtf8(kReplacement, utf8);
  }
  if (unit >= 0xD800 && unit <= 0xDBFF) {
    lead_ = unit;
  } else {
    AppendUtf8(unit >= 0xDC00 && unit <= 0xDFFF ? kReplacement : unit, utf8);
  }
}

void Utf8Maker::Append(std::string_view bytes, std::string& utf8) {
  if (encoding_ == Encoding::kUtf8) {
    utf8.append(bytes);
    return;
  }
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (encoding_ == Encoding::kWindows1252) {
      AppendUtf8(FromWindows(byte), utf8);
    } else if (!half_) {
      half_ = byte;
    } else {
      const auto first = static_cast<char32_t>(*half_);
      half_.reset();
      Unit(encoding_ == Encoding::kUtf16Le ? first | static_cast<char32_t>(byte) << 8
                                           : first << 8 | byte,
           utf8);
    }
  }
}

void Utf8Maker::End(std::string& utf8) {
  if (half_ || lead_ != 0) AppendUtf8(kReplacement, utf8);
  half_.reset();
  lead_ = 0;
}

}  // namespace gdpr
