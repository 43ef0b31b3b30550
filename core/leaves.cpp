// SPDX-License-Identifier: PostgreSQL
#include "leaves.hpp"

#include <charconv>
#include <cstddef>

#include "json_pass.hpp"
#include "treat_class.hpp"
#include "utf8.hpp"
#include "xml_pass.hpp"

namespace gdpr::leaves {
namespace {

constexpr std::string_view kErased = treat::kErasedText;

struct ErasedJson {
  static void Key(std::string_view raw, std::string& out) { out.append(raw); }
  static void String(std::string_view, std::string& out) { out.append(kErased); }
  static void Number(std::string_view, std::string& out) { out.push_back('0'); }
  static void Boolean(std::string_view, std::string& out) { out.append("false"); }
};

struct ErasedXml {
  static void Text(std::string_view, std::string& out) { out.append(kErased); }
  static void Cdata(std::string_view, std::string& out) { out.append(kErased); }
  static void Comment(std::string_view, std::string& out) { out.append(kErased); }
  static void Instruction(std::string_view, std::string& out) { out.append(kErased); }
  void Attribute(std::string_view name, std::string_view raw, std::string& out) {
    out.append(kErased);
    // Parsers refuse a document in which two elements have one xml:id.
    if (name == "xml:id") out.append("-").append(std::to_string(++ids));
    // xml:space has two values only, neither of them personal.
    if (name == "xml:space" && (raw == "preserve" || raw == "default")) {
      out.resize(out.size() - kErased.size());
      out.append(raw);
    }
  }
  int ids = 0;
};

unsigned HexValue(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return 16;
}

// The four hex digits of \uXXXX at `at`; above 0xFFFF if they are not there.
char32_t ReadUnit(std::string_view raw, std::size_t at) {
  if (at + 6 > raw.size() || raw[at] != '\\' || raw[at + 1] != 'u') return 0x10000;
  char32_t unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const unsigned digit = HexValue(raw[i]);
    if (digit > 15) return 0x10000;
    unit = unit << 4 | digit;
  }
  return unit;
}

// Replaces the escape at `at`; returns its length.
std::size_t UnescapeOne(std::string_view raw, std::size_t at, std::string& out) {
  if (at + 1 >= raw.size()) {
    out.push_back('\\');
    return 1;
  }
  constexpr std::string_view kLetters = "bfnrt";
  constexpr std::string_view kMeanings = "\b\f\n\r\t";
  const char c = raw[at + 1];
  if (c != 'u') {
    const std::size_t index = kLetters.find(c);
    out.push_back(index == std::string_view::npos ? c : kMeanings[index]);
    return 2;
  }
  const char32_t unit = ReadUnit(raw, at);
  if (unit > 0xFFFF) {
    out.push_back('u');
    return 2;
  }
  if (unit >= 0xD800 && unit <= 0xDFFF) {
    const char32_t low = ReadUnit(raw, at + 6);
    if (unit <= 0xDBFF && low >= 0xDC00 && low <= 0xDFFF) {
      AppendUtf8(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), out);
      return 12;
    }
    AppendUtf8(0xFFFD, out);
    return 6;
  }
  AppendUtf8(unit, out);
  return 6;
}

}  // namespace

bool ReplaceJson(std::string_view json, std::string& out) {
  out.clear();
  ErasedJson visitor;
  return json::Pass(json, visitor, out).Run();
}

bool ReplaceXml(std::string_view xml, std::string& out) {
  out.clear();
  ErasedXml visitor;
  return xml::Pass(xml, visitor, out).Run();
}

bool ReplaceAny(std::string_view text, std::string& out) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return false;
  if (text[start] == '<') return ReplaceXml(text, out);
  return ReplaceJson(text, out);
}

void EscapeJson(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr std::string_view kHex = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      out.append("\\u00").push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 15U]);
    } else {
      out.push_back(c);
    }
  }
}

void UnescapeJson(std::string_view raw, std::string& out) {
  for (std::size_t at = 0; at < raw.size();) {
    if (raw[at] == '\\') {
      at += UnescapeOne(raw, at, out);
    } else {
      out.push_back(raw[at++]);
    }
  }
}

void EscapeXml(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out.append("&amp;");
        break;
      case '<':
        out.append("&lt;");
        break;
      case '>':
        out.append("&gt;");
        break;
      case '"':
        out.append("&quot;");
        break;
      case '\'':
        out.append("&apos;");
        break;
      default:
        out.push_back(c);
    }
  }
}

void UnescapeXml(std::string_view raw, std::string& out) {
  constexpr std::size_t kLongest = 12;
  for (std::size_t at = 0; at < raw.size();) {
    const std::size_t end =
        raw[at] == '&' ? raw.substr(at, kLongest).find(';') : std::string_view::npos;
    if (end == std::string_view::npos) {
      out.push_back(raw[at++]);
      continue;
    }
    const std::string_view name = raw.substr(at + 1, end - 1);
    char32_t value = 0;
    if (name.starts_with('#')) {
      const bool hex = name.size() > 1 && name[1] == 'x';
      const char* first = name.data() + (hex ? 2 : 1);
      const char* last = name.data() + name.size();
      std::uint32_t number = 0;
      const auto read = std::from_chars(first, last, number, hex ? 16 : 10);
      const bool valid = read.ec == std::errc() && read.ptr == last && number < 0x110000 &&
                         (number < 0xD800 || number > 0xDFFF);
      value = valid ? number : 0;
    } else {
      value = name == "amp"    ? '&'
              : name == "lt"   ? '<'
              : name == "gt"   ? '>'
              : name == "quot" ? '"'
              : name == "apos" ? '\''
                               : 0;
    }
    if (value == 0) {
      out.push_back(raw[at++]);
    } else {
      AppendUtf8(value, out);
      at += end + 1;
    }
  }
}

}  // namespace gdpr::leaves
