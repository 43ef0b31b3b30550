// SPDX-License-Identifier: PostgreSQL
#include <gtest/gtest.h>

#include <algorithm>

#include "core/treat.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using namespace test;  // NOLINT

std::vector<std::string> Names(std::string_view rule, const TypeFacts& type) {
  std::vector<std::string> names;
  for (const Rule& candidate : Candidates(ParseRule(rule), type)) {
    names.push_back(FormatRule(candidate));
  }
  return names;
}

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

TEST(Candidates, ThePlainTreatmentComesFirstAndNullLast) {
  const auto names = Names("email mask=stars length=80", Type(ValueClass::kText));
  EXPECT_EQ(names.front(), "email erase=constant mask=stars length=80");
  EXPECT_EQ(names[1], "email erase=constant('anonymized@anonymized.invalid') mask=stars length=80");
  EXPECT_EQ(names.back(), "email erase=null mask=stars length=80");
  EXPECT_TRUE(Has(names, "email erase=surrogate(digits) mask=stars length=80"));
}

TEST(Candidates, AUniqueColumnGetsNoConstant) {
  for (const ValueClass cls : AllClasses()) {
    for (const Rule& rule : Candidates(ParseRule("phone unique"), Type(cls, 4))) {
      EXPECT_NE(rule.overrides[0]->id, TreatmentId::kConstant) << FormatRule(rule);
      EXPECT_NE(rule.overrides[0]->id, TreatmentId::kEmpty) << FormatRule(rule);
    }
  }
}

TEST(Candidates, NotNullIsRespected) {
  for (const Kind& kind : Kinds()) {
    for (const ValueClass cls : AllClasses()) {
      for (const Rule& rule :
           Candidates(ParseRule(std::string(kind.name) + " not_null"), Type(cls, 4))) {
        EXPECT_NE(rule.overrides[0]->id, TreatmentId::kNull);
      }
    }
  }
}

TEST(Candidates, ARuleThatNamesItsTreatmentGetsNoOther) {
  EXPECT_EQ(Names("email erase=redact", Type(ValueClass::kText)),
            std::vector<std::string>{"email erase=redact"});
  EXPECT_EQ(Names("not_personal", Type(ValueClass::kText)).size(), 1U);
}

TEST(Candidates, ConstantsFitTheLength) {
  EXPECT_FALSE(Has(Names("email length=10", Type(ValueClass::kText)),
                   "email erase=constant('anonymized@anonymized.invalid') length=10"));
  EXPECT_TRUE(Has(Names("country length=2", Type(ValueClass::kText)),
                  "country erase=constant('XX') length=2"));
}

TEST(Candidates, EnumsOfferTheirLabels) {
  TypeFacts type = Type(ValueClass::kEnum);
  type.labels = {"it's", "b\n"};
  EXPECT_EQ(Names("gender not_null", type),
            (std::vector<std::string>{"gender erase=constant not_null",
                                      "gender erase=constant('it''s') not_null"}));
}

// Every candidate can be written down, read again and applied.
TEST(Candidates, AllAreRulesThatWork) {
  TestRandom random;
  Result result;
  for (const Kind& kind : Kinds()) {
    for (const char* facts : {"", " unique", " not_null", " unique not_null length=4"}) {
      for (const ValueClass cls : AllClasses()) {
        for (const int bytes : {0, 2, 4, 8}) {
          const TypeFacts type = Type(cls, bytes);
          for (const Rule& rule : Candidates(ParseRule(std::string(kind.name) + facts), type)) {
            ASSERT_EQ(ParseRule(FormatRule(rule)), rule);
            try {
              Treat(rule, Profile::kErase, type, Value{}, random, result);
            } catch (const Error& error) {
              ADD_FAILURE() << FormatRule(rule) << ": " << error.message;
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace gdpr
