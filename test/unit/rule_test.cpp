// SPDX-License-Identifier: PostgreSQL
#include "core/rule.hpp"

#include <gtest/gtest.h>

#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using test::ErrorOf;
using test::TestRandom;

Error ParseError(std::string_view rule) {
  return ErrorOf([&] { ParseRule(rule); });
}

std::string Canonical(std::string_view rule) {
  return FormatRule(ParseRule(rule));
}

TEST(Rule, CanonicalOrderIsKindProfilesFacts) {
  EXPECT_EQ(Canonical("email"), "email");
  EXPECT_EQ(Canonical("  free_text \t erase=redact\n"), "free_text erase=redact");
  EXPECT_EQ(Canonical("phone length=20 not_null unique generalize=null mask=partial( 1 , 2 ) "
                      "erase=surrogate(digits)"),
            "phone erase=surrogate(digits) mask=partial(1,2) generalize=null unique not_null "
            "length=20");
  EXPECT_EQ(Canonical("age erase=constant(0) generalize=band(5)"),
            "age erase=constant('0') generalize=band(5)");
  EXPECT_EQ(Canonical("age erase=constant(-1.5)"), "age erase=constant('-1.5')");
  EXPECT_EQ(Canonical("title erase=constant('')"), "title erase=constant('')");
  EXPECT_EQ(Canonical("title erase=constant"), "title erase=constant");
  EXPECT_EQ(Canonical("title erase=constant('O''Brien é')"), "title erase=constant('O''Brien é')");
  EXPECT_EQ(Canonical("email fake=fake pseudonym=ff1"), "email fake=fake pseudonym=ff1");
  EXPECT_EQ(Canonical("city fake=fake( country )"), "city fake=fake(country)");
  EXPECT_EQ(Canonical("birth_date fake=shift(30) pseudonym=shift(7)"),
            "birth_date fake=shift(30) pseudonym=shift(7)");
}

TEST(Rule, FormattingIsAFixedPoint) {
  TestRandom random(7);
  const std::vector<std::string> items = {"erase=constant",
                                          "erase=constant('it''s')",
                                          "erase=surrogate(upper)",
                                          "erase=null",
                                          "erase=leaves",
                                          "mask=partial(0,4)",
                                          "mask=email",
                                          "mask=stars",
                                          "mask=constant(x)",
                                          "generalize=year",
                                          "generalize=bucket(500)",
                                          "generalize=keep",
                                          "fake=fake",
                                          "fake=fake(de)",
                                          "fake=fake(country)",
                                          "fake=noise(5)",
                                          "fake=bucket(10)",
                                          "pseudonym=shift(30)",
                                          "pseudonym=hmac",
                                          "pseudonym=ff1",
                                          "unique",
                                          "not_null",
                                          "length=1",
                                          "length=10485760",
                                          "fake=empty"};
  int parsed = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text(Kinds()[random.Below(Kinds().size())].name);
    for (std::size_t i = random.Below(6); i > 0; --i)
      text += " " + items[random.Below(items.size())];
    try {
      const Rule rule = ParseRule(text);
      ++parsed;
      EXPECT_EQ(ParseRule(FormatRule(rule)), rule) << text;
      EXPECT_EQ(Canonical(FormatRule(rule)), FormatRule(rule)) << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.sqlstate.size(), 5U);
    }
  }
  EXPECT_GT(parsed, 5000);
}

TEST(Rule, AnyBytesGiveARuleOrAnError) {
  TestRandom random(8);
  constexpr std::string_view kAlphabet = "email phone=(,)'\\ \n\xC3\xA9\xFF\x01 09constant";
  for (int round = 0; round < 50000; ++round) {
    std::string text = random.Below(2) == 0 ? "email " : "";
    for (std::size_t i = random.Below(40); i > 0; --i) {
      text.push_back(random.Below(4) == 0 ? static_cast<char>(random.Next())
                                          : kAlphabet[random.Below(kAlphabet.size())]);
    }
    try {
      const Rule rule = ParseRule(text);
      EXPECT_EQ(ParseRule(FormatRule(rule)), rule);
    } catch (const Error& error) {
      EXPECT_FALSE(error.message.empty());
    }
  }
}

TEST(Rule, AMistakeNamesPlaceAndAllowedWords) {
  Error error = ParseError("");
  EXPECT_EQ(error.sqlstate, "42601");
  EXPECT_EQ(error.message, "kind expected");
  EXPECT_EQ(error.detail, "At position 1 the rule ends.");

  error = ParseError("emial");
  EXPECT_EQ(error.sqlstate, "22023");
  EXPECT_EQ(error.message, "unknown kind \"emial\"");
  EXPECT_EQ(error.detail, "At position 1 stands \"emial\".");
  EXPECT_TRUE(error.hint.starts_with("Did you mean \"email\"? Allowed here: first_name,"));

  error = ParseError("email ease=null");
  EXPECT_EQ(error.message, "unknown word \"ease\" in a rule");
  EXPECT_EQ(error.detail, "At position 7 stands \"ease=null\".");
  EXPECT_EQ(error.hint,
            "Did you mean \"erase\"? Allowed here: erase, mask, generalize, fake, pseudonym, "
            "unique, not_null, length.");

  error = ParseError("email erase=stars");
  EXPECT_EQ(error.message, "treatment \"stars\" is not one of profile \"erase\"");
  EXPECT_EQ(error.detail, "At position 13 stands \"stars\".");
  EXPECT_EQ(error.hint, "Allowed here: constant, surrogate, null, keep, empty, leaves, redact.");

  error = ParseError("email mask=partial(1)");
  EXPECT_EQ(error.sqlstate, "42601");
  EXPECT_EQ(error.message, "\",\" expected in partial");

  error = ParseError("age generalize=band(1)");
  EXPECT_EQ(error.sqlstate, "22023");
  EXPECT_EQ(error.hint, "A whole number from 2 to 1000000.");

  error = ParseError("email erase=surrogate(uper)");
  EXPECT_EQ(error.hint, "Did you mean \"upper\"? Allowed here: lower, upper, digits, email, uuid.");
}

TEST(Rule, EveryMistakeIsRefused) {
  for (const char* rule : {"Email",
                           "email,phone",
                           "email phone",
                           "email unique unique",
                           "email length",
                           "email length=",
                           "email length=0",
                           "email length=99999999999999999999",
                           "email erase",
                           "email erase=",
                           "email erase=null()",
                           "email erase=constant('x",
                           "email erase=constant()",
                           "email erase=constant('\x01')",
                           "email erase=constant('\xFF')",
                           "email erase=nullunique",
                           "email erase=null,unique",
                           "email mask=partial(-1,2)",
                           "email mask=partial(1,2",
                           "email mask=partial(101,2)",
                           "not_personal erase=null",
                           "email erase=redact erase=null",
                           "email mask=fake",
                           "email fake=hmac",
                           "email fake=fake(",
                           "email fake=fake()",
                           "email fake=fake(xx)",
                           "email fake=fake(DE)",
                           "email fake=shift",
                           "email fake=shift(0)",
                           "email fake=noise(101)",
                           "email pseudonym=noise(5)",
                           "email erase=shift(3)",
                           "email erase=surrogate('email')",
                           "éric",
                           "email generalize=prefix(0)",
                           "email generalize=decimals(7)",
                           "email\xC2\xA0unique"}) {
    const Error error = ParseError(rule);
    EXPECT_TRUE(error.sqlstate == "42601" || error.sqlstate == "22023") << rule;
  }
}

TEST(Rule, LengthIsBoundedAndErrorsStayPrintable) {
  EXPECT_EQ(ParseError("email " + std::string(1000, ' ')).message, "rule is too long");
  // Short as written, too long in canonical form.
  std::string rule = "email";
  for (const char* profile : {"erase", "mask", "generalize", "fake", "pseudonym"}) {
    rule += std::string(" ") + profile + "=constant(" + std::string(180, 'x') + ")";
  }
  rule += std::string(1000 - rule.size(), ' ');
  EXPECT_EQ(ParseError(rule).message, "rule is too long");
  const Error error = ParseError("email \xFF\x01" + std::string(200, 'x'));
  EXPECT_EQ(error.detail, "At position 7 stands \"??" + std::string(28, 'x') + "...\".");
}

TEST(Rule, UniqueTurnsTheConstantIntoASurrogate) {
  const auto erase = [](const char* rule) {
    return FormatTreatment(TreatmentFor(ParseRule(rule), Profile::kErase));
  };
  EXPECT_EQ(erase("last_name"), "constant");
  EXPECT_EQ(erase("last_name unique"), "surrogate");
  EXPECT_EQ(erase("email unique"), "surrogate(email)");
  EXPECT_EQ(erase("last_name unique erase=constant('x')"), "constant('x')");
  EXPECT_EQ(erase("last_name unique erase=null"), "null");
  EXPECT_EQ(erase("not_personal unique"), "keep");
  EXPECT_EQ(FormatTreatment(TreatmentFor(ParseRule("email unique"), Profile::kMask)), "email");
}

}  // namespace
}  // namespace gdpr
