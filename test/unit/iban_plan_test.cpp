// SPDX-License-Identifier: PostgreSQL
#include "core/iban_plan.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gdpr::iban {
namespace {

// SWIFT's IBAN registry gives one for each country; these are of countries that check their own.
constexpr const char* kChecked[] = {"AL47212110090000000235698741",
                                    "BA391290079401028494",
                                    "BE68539007547034",
                                    "CZ6508000000192000145399",
                                    "CZ9455000000001011038930",
                                    "EE382200221020145685",
                                    "ES9121000418450200051332",
                                    "FI2112345600000785",
                                    "FR1420041010050500013M02606",
                                    "HR1210010051863000160",
                                    "HU42117730161111101800000000",
                                    "IT60X0542811101000000123456",
                                    "MC5811222000010123456789030",
                                    "ME25505000012345678951",
                                    "MK07250120000058984",
                                    "NL91ABNA0417164300",
                                    "NO9386011117947",
                                    "PL61109010140000071219812874",
                                    "PT50000201231234567890154",
                                    "RS35260005601001611379",
                                    "SI56263300012039086",
                                    "SK3112000000198742637541",
                                    "SM86U0322509800000000270100",
                                    "TL380080012345678910157",
                                    "XK051212012345678906"};

TEST(IbanPlan, ThePlansKnowTheRegistrysExamples) {
  for (const std::string iban : kChecked) {
    const Plan* plan = FindPlan(iban.substr(0, 2));
    ASSERT_NE(plan, nullptr) << iban;
    const std::string bban = iban.substr(4);
    EXPECT_NE(plan->national, National::kNone) << iban;
    EXPECT_TRUE(Fits(*plan, bban)) << iban;
    EXPECT_TRUE(PassesNational(*plan, bban)) << iban;
    EXPECT_EQ(CheckDigits(*plan, bban), static_cast<unsigned>(std::stoi(iban.substr(2, 2))))
        << iban;
  }
}

TEST(IbanPlan, AWrongNationalCheckDigitIsSeen) {
  for (const std::string iban : kChecked) {
    const Plan* plan = FindPlan(iban.substr(0, 2));
    for (unsigned place = 0; place < plan->size; ++place) {
      if ((plan->checks >> place & 1U) == 0) continue;
      std::string bban = iban.substr(4);
      bban[place] = bban[place] == '7' ? '8' : bban[place] >= 'A' ? 'B' : '7';
      EXPECT_FALSE(PassesNational(*plan, bban)) << iban << ' ' << bban;
    }
  }
}

TEST(IbanPlan, OtherCountriesAndStructuresAreNotKnown) {
  EXPECT_EQ(FindPlan("US"), nullptr);
  EXPECT_EQ(FindPlan("ZZ"), nullptr);
  EXPECT_EQ(FindPlan(""), nullptr);
  EXPECT_EQ(FindPlan("gb"), nullptr);
  const Plan& gb = *FindPlan("GB");
  EXPECT_TRUE(Fits(gb, "WEST12345698765432"));
  EXPECT_FALSE(Fits(gb, "WES112345698765432"));
  EXPECT_FALSE(Fits(gb, "WEST1234569876543A"));
  EXPECT_FALSE(Fits(gb, "WEST1234569876543"));
}

}  // namespace
}  // namespace gdpr::iban
