// SPDX-License-Identifier: PostgreSQL
#include "core/list_encoding.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace gdpr {
namespace {

using enum Encoding;

std::string Utf8(Encoding encoding, std::string_view bytes, std::size_t piece = 1000) {
  Utf8Maker maker(encoding);
  std::string utf8;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    maker.Append(bytes.substr(0, piece), utf8);
  }
  maker.End(utf8);
  return utf8;
}

std::string Wide(std::u16string_view text, bool little) {
  std::string bytes;
  for (const char16_t unit : text) {
    const auto low = static_cast<char>(unit & 255), high = static_cast<char>(unit >> 8);
    bytes += little ? std::string{low, high} : std::string{high, low};
  }
  return bytes;
}

TEST(ListEncoding, MarksAreBelieved) {
  const auto is = [](std::string_view head, Encoding encoding, int mark) {
    const auto found = DetectEncoding(head);
    EXPECT_EQ(found.encoding, encoding);
    EXPECT_EQ(found.mark, mark);
  };
  is("\xEF\xBB\xBF"
     "a@b.de",
     kUtf8, 3);
  is("\xFF\xFE" + Wide(u"a@b.de\n", true), kUtf16Le, 2);
  is("\xFE\xFF" + Wide(u"a@b.de\n", false), kUtf16Be, 2);
  is(Wide(u"a@b.de\nj\u00FCrgen@x.example\n", true), kUtf16Le, 0);
  is(Wide(u"a@b.de\nj\u00FCrgen@x.example\n", false), kUtf16Be, 0);
  is("j\xC3\xBCrgen@x.example\n", kUtf8, 0);
  is("j\xFCrgen@x.example\n", kWindows1252, 0);
  is("a@b.de\nj\xC3", kUtf8, 0);  // cut off
  is("a@b.de\n\xF0\x9F\x98", kUtf8, 0);
  is(std::string_view("a@b.de\0\0c", 9), kUtf8, 0);
  is("", kUtf8, 0);
}

TEST(ListEncoding, EveryPieceGivesTheSameText) {
  const std::u16string text = u"j\u00FCrgen \u20AC \U0001F600 \xD800x \xDC00 \xD83D";
  const std::string expected =
      "j\xC3\xBCrgen \xE2\x82\xAC \xF0\x9F\x98\x80 \xEF\xBF\xBDx \xEF\xBF\xBD \xEF\xBF\xBD";
  for (std::size_t piece = 1; piece < 40; ++piece) {
    EXPECT_EQ(Utf8(kUtf16Le, Wide(text, true), piece), expected) << piece;
    EXPECT_EQ(Utf8(kUtf16Be, Wide(text, false), piece), expected) << piece;
  }
  EXPECT_EQ(Utf8(kUtf16Le, "a"), "\xEF\xBF\xBD") << "half a unit";
  EXPECT_EQ(Utf8(kWindows1252, "m\xFCller \x80 \x81"), "m\xC3\xBCller \xE2\x82\xAC \xEF\xBF\xBD");
  EXPECT_EQ(Utf8(kUtf8, "m\xFCller", 2), "m\xFCller") << "UTF-8 stays as it is";
}

TEST(ListEncoding, Names) {
  for (const char* name : {"utf8", "UTF-8", "utf_8"}) EXPECT_EQ(EncodingOf(name), kUtf8);
  for (const char* name : {"latin1", "ISO-8859-1", "cp1252", "windows-1252"}) {
    EXPECT_EQ(EncodingOf(name), kWindows1252);
  }
  EXPECT_EQ(EncodingOf("UTF-16"), kUtf16Le);
  EXPECT_EQ(EncodingOf("utf16be"), kUtf16Be);
  EXPECT_EQ(EncodingOf("ebcdic"), std::nullopt);
  for (const Encoding one : {kUtf8, kUtf16Le, kUtf16Be, kWindows1252}) {
    EXPECT_EQ(EncodingOf(NameOf(one)), one);
  }
}

TEST(ListEncoding, WhatIsMadeIsUtf8) {
  std::mt19937 random(99);
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    for (int i = 0; i < 61; ++i) bytes.push_back(static_cast<char>(random()));
    for (const Encoding one : {kUtf16Le, kUtf16Be, kWindows1252}) {
      EXPECT_TRUE(IsUtf8(Utf8(one, bytes)));
    }
  }
}

}  // namespace
}  // namespace gdpr
