// SPDX-License-Identifier: PostgreSQL
#include "core/leaves.hpp"

#include <gtest/gtest.h>

#include "core/json_pass.hpp"
#include "core/redact.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using test::TestRandom;

std::string Json(std::string_view json) {
  std::string out;
  return leaves::ReplaceJson(json, out) ? out : "REFUSED";
}

std::string Xml(std::string_view xml) {
  std::string out;
  return leaves::ReplaceXml(xml, out) ? out : "REFUSED";
}

TEST(JsonLeaves, KeysStayAndLeavesGo) {
  EXPECT_EQ(Json(R"({"name":"Jo \"x\" \\","n":-1.5e10,"ok":true,"none":null,"a":[[],{}, "y"]})"),
            R"({"name":"Anonymized","n":0,"ok":false,"none":null,"a":[[],{}, "Anonymized"]})");
  EXPECT_EQ(Json("\"x\""), "\"Anonymized\"");
  EXPECT_EQ(Json(" 12 "), " 0 ");
  EXPECT_EQ(Json("null"), "null");
  EXPECT_EQ(Json("{}"), "{}");
  EXPECT_EQ(Json("[1,[2,[3]],{\"k\":[4]}]"), "[0,[0,[0]],{\"k\":[0]}]");
}

TEST(JsonLeaves, DuplicateKeysAllStay) {
  EXPECT_EQ(Json(R"({"a":"x","a":"y"})"), R"({"a":"Anonymized","a":"Anonymized"})");
}

TEST(JsonLeaves, WhatIsNotJsonIsRefused) {
  for (const char* text : {"", " ", "{", "[", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "[1 2]", "x",
                           "\"x", "\"\n\"", "[1}", "1 2", "nulll", "{\"a\":1,}", "-", "\"\\"}) {
    EXPECT_EQ(Json(text), "REFUSED") << text;
  }
}

TEST(JsonLeaves, DepthIsNoDanger) {
  const std::string deep = std::string(90'000, '[') + "\"x\"" + std::string(90'000, ']');
  EXPECT_EQ(Json(deep), std::string(90'000, '[') + "\"Anonymized\"" + std::string(90'000, ']'));
  EXPECT_EQ(Json(std::string(1'000'000, '[')), "REFUSED");
  std::string objects;
  for (int i = 0; i < 50'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(Json(objects), "REFUSED");
}

TEST(XmlLeaves, ElementsStayAndContentsGo) {
  EXPECT_EQ(Xml("<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY n \"Jo>\"><!-- ]> -->]><a b='Jo' "
                "c=\"x\">Jo<b/> \n<c>&n;</c><![CDATA[Jo]]><!--Jo--><?php Jo?></a>"),
            "<?xml version=\"1.0\"?><a b='Anonymized' c=\"Anonymized\">Anonymized<b/> \n"
            "<c>Anonymized</c><![CDATA[Anonymized]]><!--Anonymized--><?php Anonymized?></a>");
  EXPECT_EQ(Xml("Jo<a/>Smith"), "Anonymized<a/>Anonymized");
  EXPECT_EQ(Xml(""), "");
}

TEST(XmlLeaves, WhatParsersNeedStays) {
  EXPECT_EQ(
      Xml("<x:a xmlns:x=\"http://x\" xml:id=\"jo\" xml:space=\"preserve\"><b xml:id='s'/></x:a>"),
      "<x:a xmlns:x=\"http://x\" xml:id=\"Anonymized-1\" xml:space=\"preserve\"><b "
      "xml:id='Anonymized-2'/></x:a>");
  EXPECT_EQ(Xml("<a xmlns=\"&e;\"/>"), "<a xmlns=\"Anonymized\"/>");
}

TEST(XmlLeaves, WhatIsNotWellFormedIsRefused) {
  for (const char* text : {"<",
                           "<a>",
                           "</a>",
                           "<a></b>",
                           "<a b></a>",
                           "<a b=c/>",
                           "<a b='<'/>",
                           "<a b='x'c='y'/>",
                           "<!-- x",
                           "<![CDATA[x",
                           "<?x",
                           "<!DOCTYPE a",
                           "<a/><!DOCTYPE a>",
                           "Jo<!DOCTYPE a>",
                           "<John Smith>",
                           "<john@x.com>",
                           "<1a/>",
                           "x<?xml version='1.0'?>",
                           "<a",
                           "<a/",
                           "<? x?>"}) {
    EXPECT_EQ(Xml(text), "REFUSED") << text;
  }
}

TEST(XmlLeaves, DepthIsNoDanger) {
  std::string open;
  std::string close;
  for (int i = 0; i < 100'000; ++i) {
    open += "<a>";
    close += "</a>";
  }
  EXPECT_EQ(Xml(open + "x" + close), open + "Anonymized" + close);
}

TEST(Leaves, NoLetterOfALeafSurvives) {
  TestRandom random(11);
  constexpr std::string_view kAlphabet = "{}[]\",:\\<>/=&;'!-? abc0\x80";
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    for (std::size_t i = random.Below(24); i > 0; --i)
      text.push_back(kAlphabet[random.Below(kAlphabet.size())]);
    std::string out;
    if (leaves::ReplaceJson(text, out)) {
      std::string again;
      ASSERT_TRUE(leaves::ReplaceJson(out, again)) << text;
      EXPECT_EQ(again, out) << text;
    }
    if (leaves::ReplaceXml(text, out)) {
      std::string again;
      ASSERT_TRUE(leaves::ReplaceXml(out, again)) << text;
      EXPECT_EQ(again, out) << text;
    }
  }
}

TEST(Redacted, JsonIsRedactedInsideItsEscapes) {
  const std::vector<std::string_view> own = {"Zoë", "O\"Hara"};
  EXPECT_EQ(
      RedactJson(R"({"Zoe":"zo\u00eb and a\u0040b.fr","n":4111111111111111,"m":12,"t":true})", own),
      R"({"[redacted]":"[redacted] and [email]","n":0,"m":12,"t":true})");
  EXPECT_EQ(RedactJson(R"(["say \"O\"Hara\""])", own), R"(["say \"[redacted]\""])");
  EXPECT_EQ(RedactJson(R"(["say \"O\"])", own), R"("Anonymized")");
  EXPECT_EQ(RedactJson(R"(["O\"Hara said \u0007\ud83d\ude00"])", own),
            "[\"[redacted] said \\u0007😀\"]");
  EXPECT_EQ(RedactJson(R"(["a\/b \ud800"])", own), R"(["a\/b \ud800"])");
}

TEST(Redacted, XmlIsRedactedInsideItsEscapes) {
  const std::vector<std::string_view> own = {"D&D"};
  EXPECT_EQ(RedactXml("<a b='a&#64;b.fr &lt;'>d&amp;d &amp; <![CDATA[D&D]]><!--a@b.fr--></a>", own),
            "<a b='[email] &lt;'>[redacted] &amp; <![CDATA[[redacted]]]><!--[email]--></a>");
  EXPECT_EQ(RedactXml("<a>", own), "Anonymized");
}

}  // namespace
}  // namespace gdpr
