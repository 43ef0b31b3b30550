// SPDX-License-Identifier: PostgreSQL
#include "core/kind.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "core/rule.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

// The names are part of the contract.
constexpr const char* kContract =
    "first_name middle_name last_name full_name title gender birth_date birth_place age "
    "nationality marital_status email phone username url social_handle street street_number "
    "address_line city region postal_code country po_box geo national_id passport tax_id vat_id "
    "driver_licence health_id licence_plate company_registration iban bic bank_account "
    "account_number bank_name card_number card_expiry mandate_ref salary company job_title ip mac "
    "user_agent device_id external_id password token free_text profile_json profile_xml "
    "attachment file_name photo health religion ethnicity politics union sexuality biometric "
    "criminal search_copy not_personal";

TEST(Kind, TheRegistryIsTheContract) {
  std::istringstream names(kContract);
  std::string name;
  std::size_t i = 0;
  while (names >> name) {
    ASSERT_LT(i, Kinds().size());
    EXPECT_EQ(Kinds()[i++].name, name);
  }
  EXPECT_EQ(i, Kinds().size());
}

TEST(Kind, EveryNameIsOfOneKind) {
  std::set<std::string_view> names;
  for (const Kind& kind : Kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_EQ(FindKind(kind.name), &kind);
    EXPECT_FALSE(kind.category.empty());
    EXPECT_FALSE(kind.description.empty());
  }
  EXPECT_EQ(FindKind("emial"), nullptr);
  EXPECT_EQ(FindKind(""), nullptr);
}

TEST(Kind, ArticlesNineAndTenAreFlagged) {
  for (const Kind& kind : Kinds()) EXPECT_EQ(kind.special, kind.category == "special");
  EXPECT_TRUE(FindKind("health")->special);
  EXPECT_TRUE(FindKind("criminal")->special);
}

TEST(Kind, EveryDefaultTreatmentIsAWordOfItsProfile) {
  for (const Kind& kind : Kinds()) {
    for (int i = 0; i < kProfiles; ++i) {
      const auto profile = static_cast<Profile>(i);
      const std::string treatment = DefaultTreatment(kind, profile);
      const std::string rule = "email " + std::string(ProfileName(profile)) + "=" + treatment;
      EXPECT_EQ(FormatRule(ParseRule(rule)), rule);
    }
  }
}

TEST(Kind, NotPersonalIsKeptEverywhere) {
  for (int i = 0; i < kProfiles; ++i) {
    EXPECT_EQ(DefaultTreatment(*FindKind("not_personal"), static_cast<Profile>(i)), "keep");
  }
}

TEST(Kind, GeneralizeIsEraseUnlessTheDesignSaysOtherwise) {
  const std::set<std::pair<std::string_view, std::string>> expected = {
      {"birth_date", "year"},  {"age", "band(10)"},         {"postal_code", "prefix(2)"},
      {"geo", "decimals(1)"},  {"salary", "bucket(10000)"}, {"job_title", "keep"},
      {"ip", "network"},       {"profile_json", "leaves"},  {"profile_xml", "leaves"},
      {"not_personal", "keep"}};
  std::set<std::pair<std::string_view, std::string>> found;
  for (const Kind& kind : Kinds()) {
    const std::string treatment = DefaultTreatment(kind, Profile::kGeneralize);
    if (treatment != "constant") found.emplace(kind.name, treatment);
  }
  EXPECT_EQ(found, expected);
}

TEST(Kind, WhatKeyedProfilesDoOtherwiseHasItsReason) {
  for (const Kind& kind : Kinds()) {
    const std::string fake = DefaultTreatment(kind, Profile::kFake);
    const std::string pseudonym = DefaultTreatment(kind, Profile::kPseudonym);
    const bool usual = fake == "fake" && (pseudonym == "hmac" || pseudonym == "ff1");
    EXPECT_EQ(kind.remark.empty(), usual) << kind.name;
  }
}

TEST(Kind, ProfilesAreReadByName) {
  for (int i = 0; i < kProfiles; ++i) {
    EXPECT_EQ(ParseProfile(ProfileName(static_cast<Profile>(i))), static_cast<Profile>(i));
  }
  const Error error = test::ErrorOf([] { ParseProfile("masc"); });
  EXPECT_EQ(error.sqlstate, "22023");
  EXPECT_EQ(error.message, "unknown profile \"masc\"");
  EXPECT_EQ(error.hint,
            "Did you mean \"mask\"? Allowed here: erase, mask, generalize, fake, pseudonym.");
}

}  // namespace
}  // namespace gdpr
