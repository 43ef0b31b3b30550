// SPDX-License-Identifier: PostgreSQL
#include "batch/output/printable.hpp"

#include <array>
#include <cstdio>

#include "core/utf8.hpp"

namespace gdpr::batch {
namespace {

/// Characters that move the cursor, end a line, or turn the direction of what follows.
bool IsHidden(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void AppendEscape(const char* format, unsigned number, std::string& out) {
  std::array<char, 12> text{};
  std::snprintf(text.data(), text.size(), format, number);
  out += text.data();
}

void AppendHidden(char32_t c, std::string& out) {
  switch (c) {
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      AppendEscape(c < 0x100 ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(c), out);
  }
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = DecodeAt(text, at);
    if (!c.valid) {
      AppendEscape("\\x%02x", static_cast<unsigned char>(text[at]), out);
    } else if (IsHidden(c.value)) {
      AppendHidden(c.value, out);
    } else {
      out.append(text.substr(at, c.bytes));
    }
    at += c.bytes;
  }
  return out;
}

}  // namespace gdpr::batch
