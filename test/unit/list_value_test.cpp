// SPDX-License-Identifier: PostgreSQL
#include "core/list_value.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gdpr {
namespace {

using enum ListKind;

Reject Check(ListKind kind, std::string_view value, AddressSort sort = AddressSort::kEmail) {
  return CheckValue(kind, sort, value);
}

std::string Sent(ListKind kind, std::string_view value, AddressSort sort = AddressSort::kEmail) {
  EXPECT_EQ(CheckValue(kind, sort, value), Reject::kNone) << value;
  std::string out;
  AppendChecked(kind, value, out);
  return out;
}

TEST(ListValue, AnAddressIsWhatSomebodyIsWrittenToAt) {
  EXPECT_EQ(Sent(kAddress, "Anna.Schmidt@example.de"), "Anna.Schmidt@example.de");
  EXPECT_EQ(Sent(kAddress, "  bob@example.com \r"), "bob@example.com");
  EXPECT_EQ(Sent(kAddress,
                 "\xEF\xBB\xBF\xC2\xA0"
                 "bob@example.com\xE2\x80\x8B"),
            "bob@example.com");
  EXPECT_EQ(Sent(kAddress, "o'brien+news@example.ie"), "o'brien+news@example.ie");
  EXPECT_EQ(Sent(kAddress, "j\xC3\xBCrgen@m\xC3\xBCller.example"),
            "j\xC3\xBCrgen@m\xC3\xBCller.example");
  EXPECT_EQ(Sent(kAddress, "Bob B. <bob@example.com>"), "bob@example.com");
  EXPECT_EQ(Sent(kAddress, "'bob@example.com'"), "bob@example.com");
  EXPECT_EQ(Sent(kAddress, "MAILTO:bob@example.com"), "bob@example.com");
  EXPECT_EQ(Sent(kAddress, "root@localhost"), "root@localhost");
}

TEST(ListValue, WhatIsNoAddressHasAReason) {
  EXPECT_EQ(Check(kAddress, ""), Reject::kEmpty);
  EXPECT_EQ(Check(kAddress, " \"\" "), Reject::kEmpty);
  EXPECT_EQ(Check(kAddress, "<>"), Reject::kEmpty);
  EXPECT_EQ(Check(kAddress, "not-an-address"), Reject::kNoAt);
  EXPECT_EQ(Check(kAddress, "a@example.com; b@example.com"), Reject::kManyAt);
  EXPECT_EQ(Check(kAddress, "@"), Reject::kNothingBehind);
  EXPECT_EQ(Check(kAddress, "a@"), Reject::kNothingBehind);
  EXPECT_EQ(Check(kAddress, "@b"), Reject::kNothingBefore);
  EXPECT_EQ(Check(kAddress, "@example.com"), Reject::kDomainInAddresses);
  EXPECT_EQ(Check(kAddress, "a b@example.com"), Reject::kBlankInside);
  EXPECT_EQ(Check(kAddress, std::string_view("a\0b@example.com", 15)), Reject::kControl);
  EXPECT_EQ(Check(kAddress, "m\xFCller@example.com"), Reject::kNotUtf8);
  EXPECT_EQ(Check(kAddress, "m\xEF\xBF\xBDller@example.com"), Reject::kNotUtf8);
  EXPECT_EQ(Check(kAddress, std::string(320, 'a') + "@b.de"), Reject::kValueTooLong);
}

TEST(ListValue, DigestsHaveTheirLengthAndAreSentInLowerCase) {
  const std::string hex = "EB22F95D2CFD2FBDCD8E0531FDEEE725";
  EXPECT_EQ(Sent(kMd5, " " + hex), "eb22f95d2cfd2fbdcd8e0531fdeee725");
  EXPECT_EQ(Check(kSha1, hex), Reject::kNotHex);
  EXPECT_EQ(Check(kMd5, hex.substr(1)), Reject::kNotHex);
  EXPECT_EQ(Check(kMd5, "g" + hex.substr(1)), Reject::kNotHex);
  EXPECT_EQ(Check(kSha256, std::string(64, '0')), Reject::kNone);
  EXPECT_EQ(Check(kMd5, "bob@example.com"), Reject::kNotHex);
}

TEST(ListValue, DomainsAreOneOrEverythingBelow) {
  EXPECT_EQ(Sent(kDomain, "@Example.COM"), "example.com");
  EXPECT_EQ(Sent(kDomain, "example.de"), "example.de");
  EXPECT_EQ(Sent(kDomain, ".example.fr"), ".example.fr");
  EXPECT_EQ(Sent(kDomain, "*.example.fr"), ".example.fr");
  EXPECT_EQ(Sent(kDomain, "m\xC3\xBCller.example"), "m\xC3\xBCller.example");
  EXPECT_EQ(Check(kDomain, "bob@example.com"), Reject::kAddressInDomains);
  EXPECT_EQ(Check(kDomain, ".fr"), Reject::kWholeTop);
  for (const char* none : {"localhost", "a..b", "a b.de", "example.", "10.0.0.1", "1,5.2", "-"}) {
    EXPECT_EQ(Check(kDomain, none), Reject::kNoDomain) << none;
  }
}

TEST(ListValue, PhonesAndOtherChannels) {
  EXPECT_EQ(Sent(kAddress, " +49 (30) 555-0100", AddressSort::kPhone), "+49 (30) 555-0100");
  EXPECT_EQ(Sent(kAddress, "tel:+49305550100", AddressSort::kPhone), "+49305550100");
  for (const char* none : {"1234", "bob@example.com", "+49 30 555 ext", "123456789012345678901"}) {
    EXPECT_EQ(Check(kAddress, none, AddressSort::kPhone), Reject::kNotPhone) << none;
  }
  EXPECT_EQ(Sent(kAddress, " anything ", AddressSort::kText), "anything");
}

TEST(ListValue, EveryReasonHasWords) {
  for (std::size_t i = 1; i < kRejects; ++i) {
    EXPECT_FALSE(ReasonOf(static_cast<Reject>(i)).empty()) << i;
  }
}

}  // namespace
}  // namespace gdpr
