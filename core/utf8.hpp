// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gdpr {

/// One code point at some place of a text. A byte that starts no valid sequence is a character of
/// its own, with valid = false.
struct CodePoint {
  char32_t value;
  std::uint8_t bytes;
  bool valid;
};

/// Decodes at `at` (< text.size()). Refuses overlong forms, surrogates and values past U+10FFFF.
inline CodePoint DecodeAt(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t left = text.size() - at;
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  if (lead >= 0xC2 && lead <= 0xDF && left >= 2 && tail(1)) {
    return {static_cast<char32_t>((lead & 0x1F) << 6 | (byte(1) & 0x3F)), 2, true};
  }
  if (lead >= 0xE0 && lead <= 0xEF && left >= 3 && tail(1) && tail(2)) {
    const auto value =
        static_cast<char32_t>((lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F));
    if (value >= 0x800 && (value < 0xD800 || value > 0xDFFF)) return {value, 3, true};
  }
  if (lead >= 0xF0 && lead <= 0xF4 && left >= 4 && tail(1) && tail(2) && tail(3)) {
    const auto value = static_cast<char32_t>((lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 |
                                             (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F));
    if (value >= 0x10000 && value <= 0x10FFFF) return {value, 4, true};
  }
  return {lead, 1, false};
}

/// Bytes of the first `chars` characters.
inline std::size_t PrefixBytes(std::string_view text, std::size_t chars) {
  std::size_t at = 0;
  while (chars > 0 && at < text.size()) {
    at += DecodeAt(text, at).bytes;
    --chars;
  }
  return at;
}

/// Characters, counting a stray byte as one.
inline std::size_t CountChars(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += DecodeAt(text, at).bytes) ++count;
  return count;
}

/// Appends one code point (assumed valid) in UTF-8.
inline void AppendUtf8(char32_t value, std::string& out) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0 | value >> 6);
    put(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    put(0xE0 | value >> 12);
    put(0x80 | (value >> 6 & 0x3F));
    put(0x80 | (value & 0x3F));
  } else {
    put(0xF0 | value >> 18);
    put(0x80 | (value >> 12 & 0x3F));
    put(0x80 | (value >> 6 & 0x3F));
    put(0x80 | (value & 0x3F));
  }
}

}  // namespace gdpr
