// SPDX-License-Identifier: PostgreSQL
// Lists come as other programs wrote them: UTF-8, what Windows calls Unicode, or one byte a letter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gdpr {

enum class Encoding : std::uint8_t { kUtf8, kUtf16Le, kUtf16Be, kWindows1252 };

/// "UTF-8", "UTF-16LE", "UTF-16BE", "Windows-1252".
std::string_view NameOf(Encoding encoding);

/// By the names people use, in any case, with or without - and _: utf8, utf16, utf16le, utf16be,
/// latin1, iso-8859-1, iso-8859-15, windows-1252, cp1252, ansi. ISO 8859-1 is read as Windows-1252,
/// as browsers do; utf16 without a byte order mark is little-endian, as Windows writes it.
/// source: WHATWG Encoding Standard, 4.2
std::optional<Encoding> EncodingOf(std::string_view name);

struct DetectedEncoding {
  Encoding encoding;
  std::uint8_t mark;  ///< bytes of the byte order mark
};

/// Which encoding a list is in, from its first bytes (whole list or some KiB): by its mark; by zero
/// bytes, which stand in every second place of UTF-16 as far as letters are ASCII; UTF-8 if it is
/// valid; else Windows-1252, in which every byte is something. A character cut off at the end is no
/// mistake.
DetectedEncoding DetectEncoding(std::string_view head);

/// Whether all of the text is UTF-8.
bool IsUtf8(std::string_view text);

/// Turns a list into UTF-8, piece by piece; pieces may end inside a character. UTF-8 stays as it
/// is, with whatever is wrong in it: values are checked one by one. What is no character of UTF-16
/// or Windows-1252 becomes U+FFFD.
class Utf8Maker {
 public:
  explicit Utf8Maker(Encoding encoding) : encoding_(encoding) {}

  /// Appends what `bytes` say.
  void Append(std::string_view bytes, std::string& utf8);
  /// After the last piece: half a character is U+FFFD.
  void End(std::string& utf8);

 private:
  void Unit(char32_t unit, std::string& utf8);

  Encoding encoding_;
  std::optional<std::uint8_t> half_;  ///< first byte of a unit
  char32_t lead_ = 0;                 ///< first of two surrogates
};

}  // namespace gdpr
