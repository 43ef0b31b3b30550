// SPDX-License-Identifier: PostgreSQL
#include "core/pseudonym.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using test::ErrorOf;
using enum ValueClass;

constexpr std::array<std::uint8_t, 32> kMaster = {1, 2, 3};

Keyed& Keys() {
  static Keyed keys(kMaster);
  return keys;
}

Result PseudonymOf(std::string_view rule, const TypeFacts& type, const Value& value,
                   Keyed& keys = Keys()) {
  test::TestRandom random;
  Result result;
  Treat(ParseRule(rule), Profile::kPseudonym, type, value, random, result,
        {&keys, {}, false, Locale::kNone});
  return result;
}

std::string TextPseudonym(std::string_view rule, std::string_view text, Keyed& keys = Keys()) {
  return PseudonymOf(rule, test::Type(kText), test::TextValue(text), keys).text;
}

// Letters and digits by their class, the rest as it is.
std::string Shape(std::string_view text) {
  std::string shape;
  for (const char c : text) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    shape.push_back(is_letter || (c >= '0' && c <= '9') ? 'x' : c);
  }
  return shape;
}

TEST(Pseudonym, OfAnIdIsTurnedBackByWhoHasTheKey) {
  for (const char* id : {"DE89 3704 0044 0532 0130 00", "de89370400440532013000", "+49 170 1234567",
                         "4111111111111111", "B-AB 123", "abC1", "aB", "7", "12345", "X", "a1",
                         "00000000", "12-34-56", "ZZZZ", "X9 y8 Z7 w6 V5 u4"}) {
    SCOPED_TRACE(id);
    const std::string pseudonym = TextPseudonym("iban", id);
    EXPECT_EQ(Shape(pseudonym), Shape(id));
    EXPECT_EQ(Reveal(ParseRule("iban"), Keys(), pseudonym), id);
  }
  EXPECT_EQ(TextPseudonym("iban", ""), "");
  EXPECT_EQ(Reveal(ParseRule("iban"), Keys(), ""), "");
}

TEST(Pseudonym, OfShortIdsIsAPermutationOfTheirShape) {
  for (const int digits : {1, 2, 3, 4}) {
    std::set<std::string> seen;
    int many = 1;
    for (int i = 0; i < digits; ++i) many *= 10;
    for (int i = 0; i < many; ++i) {
      std::string id = std::to_string(i);
      id.insert(0, static_cast<std::size_t>(digits) - id.size(), '0');
      const std::string pseudonym = TextPseudonym("external_id", id);
      ASSERT_EQ(pseudonym.size(), id.size());
      ASSERT_TRUE(seen.insert(pseudonym).second);
    }
  }
}

TEST(Pseudonym, KeepsWhatAnIdIsWrittenWith) {
  for (int i = 0; i < 2000; ++i) {
    const std::string number = std::to_string(100'000 + i);
    EXPECT_EQ(TextPseudonym("passport", number).find_first_not_of("0123456789"), std::string::npos);
    const std::string upper = TextPseudonym("passport", "C" + number);
    EXPECT_NE(upper.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), std::string::npos);
    EXPECT_EQ(upper.find_first_of("abcdefghijklmnopqrstuvwxyz"), std::string::npos);
  }
}

TEST(Pseudonym, WhatIsNoAsciiIdIsDigested) {
  for (const char* text : {"ÄB-123456", "---", "Ω"}) {
    const std::string pseudonym = TextPseudonym("passport", text);
    EXPECT_EQ(pseudonym.size(), 26U);
    EXPECT_EQ(TextPseudonym("passport", text), pseudonym);
  }
  EXPECT_EQ(TextPseudonym("passport", std::string(100, '7')).size(), 26U);
}

TEST(Pseudonym, OfAnEmailHasTheFormOfOne) {
  const std::string pseudonym = TextPseudonym("email", "anna@example.com");
  EXPECT_TRUE(pseudonym.starts_with("p-"));
  EXPECT_TRUE(pseudonym.ends_with("@pseudonym.invalid"));
  EXPECT_EQ(pseudonym.size(), 2U + 26U + 18U);
  EXPECT_EQ(TextPseudonym("email length=36", "anna@example.com").size(), 36U);
  EXPECT_TRUE(TextPseudonym("email length=36", "anna@example.com").ends_with(".invalid"));
  EXPECT_EQ(TextPseudonym("email length=35", "anna@example.com").size(), 26U);
}

TEST(Pseudonym, OfAUniqueColumnCarries80BitsOrIsRefused) {
  EXPECT_EQ(TextPseudonym("city unique length=16", "Bonn").size(), 16U);
  const Error error = ErrorOf([] { TextPseudonym("city unique length=15", "Bonn"); });
  EXPECT_EQ(error.sqlstate, "PD005");
  EXPECT_EQ(error.message, "a unique pseudonym of kind \"city\" does not fit");
  EXPECT_EQ(error.detail, "It needs 16 characters; the column takes 15.");
  EXPECT_EQ(TextPseudonym("city length=5", "Bonn").size(), 5U);
}

TEST(Pseudonym, DependsOnKeyKindAndValueOnly) {
  std::array<std::uint8_t, 32> other = kMaster;
  other[0] = 9;
  Keyed other_keys(other);
  for (const char* rule : {"city", "iban"}) {
    const std::string pseudonym = TextPseudonym(rule, "AB12345678");
    EXPECT_EQ(TextPseudonym(std::string(rule) + " unique not_null length=40", "AB12345678"),
              pseudonym);
    EXPECT_NE(TextPseudonym(rule, "AB12345678", other_keys), pseudonym);
    EXPECT_NE(TextPseudonym(rule, "AB12345679"), pseudonym);
  }
  EXPECT_NE(TextPseudonym("city", "x"), TextPseudonym("region", "x"));
  EXPECT_NE(TextPseudonym("iban", "AB12345678"), TextPseudonym("passport", "AB12345678"));
}

TEST(Pseudonym, OfDifferentNumbersIsDifferent) {
  std::set<std::int64_t> seen;
  for (std::int64_t i = -20'000; i <= 32'767; ++i) {
    const Result result = PseudonymOf("city", test::Type(kNumber, 2), test::IntegerValue(i));
    ASSERT_TRUE(seen.insert(result.integer).second) << i;
    ASSERT_GE(result.integer, -32'768);
    ASSERT_LE(result.integer, 32'767);
  }
}

TEST(Pseudonym, OfAUuidIsAUuid) {
  Value value;
  value.raw = {0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x41, 0x23, 0x81, 0x23, 1, 2, 3, 4, 5, 6};
  const Result result = PseudonymOf("external_id", test::Type(kUuid), value);
  EXPECT_NE(result.raw, value.raw);
  EXPECT_EQ(result.raw[6] >> 4U, 4);
  EXPECT_EQ(result.raw[8] >> 6U, 2);
}

TEST(Pseudonym, OfADateIsNearAndNotTheFakesOne) {
  int same = 0;
  for (std::int64_t day = 0; day < 200; ++day) {
    const Value value = test::IntegerValue(day);
    const std::int64_t moved = PseudonymOf("birth_date", test::Type(kDate), value).integer;
    EXPECT_LE(std::abs(moved - day), 730);
    test::TestRandom random;
    Result fake;
    Treat(ParseRule("birth_date"), Profile::kFake, test::Type(kDate), value, random, fake,
          {&Keys(), {}, false, Locale::kNone});
    same += fake.integer == moved ? 1 : 0;
  }
  EXPECT_LT(same, 10);
}

TEST(Reveal, SaysWhyItCannot) {
  const Error hmac = ErrorOf([] { Reveal(ParseRule("email"), Keys(), "x"); });
  EXPECT_EQ(hmac.sqlstate, "22023");
  EXPECT_EQ(hmac.message, "treatment \"hmac\" cannot be turned back");
  const Error none = ErrorOf([] { Reveal(ParseRule("iban"), Keys(), "äöü"); });
  EXPECT_EQ(none.sqlstate, "22023");
  EXPECT_EQ((none.message + none.detail + none.hint).find("äöü"), std::string::npos);
}

TEST(KeyedProfiles, NeedAKeyOnlyWhereTheTreatmentDoes) {
  for (const Profile profile : {Profile::kFake, Profile::kPseudonym}) {
    const Error error = ErrorOf([profile] { test::TreatText("email", profile, "a@b.fr"); });
    EXPECT_EQ(error.sqlstate, "55000");
    EXPECT_TRUE(NeedsKey(ParseRule("email"), profile));
    EXPECT_FALSE(NeedsKey(ParseRule("password"), profile));
    EXPECT_EQ(test::TreatText("password", profile, "secret"), "Anonymized");
    EXPECT_EQ(test::TreatText("not_personal", profile, "x"), "x");
    // Where the column is unique one constant for all does not do.
    EXPECT_TRUE(NeedsKey(ParseRule("password unique"), profile));
    EXPECT_FALSE(NeedsKey(ParseRule("password unique fake=null pseudonym=null"), profile));
  }
  EXPECT_FALSE(NeedsKey(ParseRule("salary fake=bucket(10)"), Profile::kFake));
  EXPECT_FALSE(NeedsCountry(ParseRule("city fake=fake(de)"), Profile::kFake));
  EXPECT_TRUE(NeedsCountry(ParseRule("city fake=fake(country)"), Profile::kFake));
}

}  // namespace
}  // namespace gdpr
