// SPDX-License-Identifier: PostgreSQL
// Fakes of telephone numbers; what is valid is asked of libphonenumber, which core itself never
// sees.
#include <gtest/gtest.h>
#include <phonenumbers/phonenumberutil.h>

#include <array>
#include <set>
#include <string>
#include <vector>

#include "core/fake/phone_plan.hpp"
#include "fake_fixture.hpp"

namespace gdpr::test {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

const PhoneNumberUtil& Util() {
  return *PhoneNumberUtil::GetInstance();
}

bool Parse(const std::string& text, const std::string& region, PhoneNumber* number) {
  return Util().Parse(text, region, number) == PhoneNumberUtil::NO_PARSING_ERROR;
}

bool IsValid(const std::string& text, const std::string& region) {
  PhoneNumber number;
  return Parse(text, region, &number) && Util().IsValidNumber(number);
}

std::string Written(const PhoneNumber& number, PhoneNumberUtil::PhoneNumberFormat format) {
  std::string text;
  Util().Format(number, format, &text);
  return text;
}

constexpr std::array kAll = {Locale::kEn, Locale::kDe, Locale::kFr, Locale::kEs,
                             Locale::kIt, Locale::kNl, Locale::kPt, Locale::kPl};

// Valid numbers of a region: its examples of each type with their last digits changed.
std::vector<PhoneNumber> ValidOf(const std::string& region, std::size_t count) {
  static constexpr std::array kTypes = {PhoneNumberUtil::MOBILE, PhoneNumberUtil::FIXED_LINE};
  std::vector<PhoneNumber> numbers;
  TestRandom random;
  for (std::size_t tries = 0; numbers.size() < count && tries < count * 20; ++tries) {
    PhoneNumber number;
    if (!Util().GetExampleNumberForType(region, kTypes[tries % kTypes.size()], &number)) continue;
    // Most of them far from the example: six digits changed, and now and then the area too.
    std::uint64_t national = number.national_number();
    const std::uint64_t unit = tries % 3 == 0 ? 10'000'000 : 1'000'000;
    national = national / unit * unit + random.Next() % unit;
    number.set_national_number(national);
    if (Util().IsValidNumberForRegion(number, region)) numbers.push_back(number);
  }
  return numbers;
}

TEST(PhonePlan, EveryPlansMobileNumbersAreValid) {
  for (const phone::Plan& plan : phone::Plans()) {
    TestRandom random;
    std::string_view rest = plan.mobile;
    while (!rest.empty()) {
      const std::string_view form = rest.substr(0, rest.find('|'));
      rest.remove_prefix(std::min(rest.size(), form.size() + 1));
      for (int i = 0; i < 30; ++i) {
        std::string text = "+" + std::to_string(plan.code) + " " + std::string(form);
        for (char& c : text) {
          if (c == '#') c = static_cast<char>('0' + random.Below(10));
        }
        ASSERT_TRUE(IsValid(text, "ZZ")) << text;
      }
    }
  }
}

// In every region there is, not only in those with a plan.
TEST(FakePhone, AValidNumberStaysValidInItsRegion) {
  std::set<std::string> regions;
  Util().GetSupportedRegions(&regions);
  std::size_t tried = 0;
  std::size_t lost = 0;
  for (const std::string& region : regions) {
    const int code = Util().GetCountryCodeForRegion(region);
    const phone::Plan* plan = phone::FindPlan(static_cast<unsigned>(code));
    for (const PhoneNumber& number :
         ValidOf(region, plan == nullptr ? Many() / 200 : Many() / 50)) {
      const std::string text = Written(number, PhoneNumberUtil::E164);
      const std::string fake = FakeOf("phone", text);
      const bool valid = IsValid(fake, "ZZ");
      EXPECT_EQ(fake.size(), text.size());
      ++tried;
      lost += valid ? 0 : 1;
      EXPECT_TRUE(valid || plan == nullptr || plan->mobile.empty()) << text << ' ' << fake;
    }
  }
  EXPECT_LE(lost, tried / 500) << tried;
}

// Numbers of services at a premium: four digits decide there, three elsewhere.
TEST(FakePhone, AnIcelandicServiceStaysOne) {
  for (int i = 0; i < 10'000; i += 13) {
    const std::string text = "+354901" + std::to_string(10'000 + i).substr(1);
    if (!IsValid(text, "ZZ")) continue;
    EXPECT_TRUE(IsValid(FakeOf("phone", text), "ZZ")) << text << ' ' << FakeOf("phone", text);
  }
}

TEST(FakePhone, HoweverItIsSpelledItIsTheSameNumberAndSpelling) {
  for (const Locale locale : kAll) {
    const std::string region(CountryOf(locale));
    for (const PhoneNumber& number : ValidOf(region, Many() / 20)) {
      PhoneNumber expected;
      const std::string e164 = FakeOf("phone", Written(number, PhoneNumberUtil::E164));
      ASSERT_TRUE(Parse(e164, "ZZ", &expected));
      for (const auto format : {PhoneNumberUtil::INTERNATIONAL, PhoneNumberUtil::NATIONAL}) {
        const std::string text = Written(number, format);
        const std::string fake = FakeOf("phone", text, {.locale = locale});
        ASSERT_EQ(Spelling(fake), Spelling(text));
        PhoneNumber got;
        ASSERT_TRUE(Parse(fake, region, &got)) << fake;
        ASSERT_EQ(got.national_number(), expected.national_number()) << text << ' ' << fake;
        ASSERT_EQ(FakeOf("phone", text, {.unique = true, .locale = locale}), fake);
        ASSERT_EQ(FakeOf("phone", text, {.unique = true, .seed = "p", .locale = locale}), fake);
      }
      // Without the locale a national number stays a valid one too.
      const std::string text = Written(number, PhoneNumberUtil::NATIONAL);
      ASSERT_TRUE(IsValid(FakeOf("phone", text), region)) << text << ' ' << FakeOf("phone", text);
    }
  }
}

TEST(FakePhone, SpellingsOfOneNumberAgree) {
  const std::string fake = FakeOf("phone", "+491711234567");
  const std::string rest = fake.substr(3);
  EXPECT_EQ(FakeOf("phone", "00491711234567"), "0049" + rest);
  EXPECT_EQ(FakeOf("phone", "01711234567", {.locale = Locale::kDe}), "0" + rest);
  EXPECT_EQ(FakeOf("phone", "491711234567", {.locale = Locale::kDe}), "49" + rest);
  EXPECT_EQ(FakeOf("phone", "01711234567", {.row = Locale::kDe}), "0" + rest);
  EXPECT_EQ(FakeOf("phone", "+49 (0)171 / 1234567"),
            "+49 (0)" + rest.substr(0, 3) + " / " + rest.substr(3));
  EXPECT_EQ(FakeOf("phone", "Tel.: +49 171 1234567 (mobil)"),
            "Tel.: +49 " + rest.substr(0, 3) + " " + rest.substr(3) + " (mobil)");
  const std::string american = FakeOf("phone", "+12125551234").substr(2);
  EXPECT_EQ(FakeOf("phone", "(212) 555-1234", {.locale = Locale::kEn}),
            "(" + american.substr(0, 3) + ") " + american.substr(3, 3) + "-" + american.substr(6));
  const std::string extension = FakeOf("phone", "(212) 555-1234 ext. 567", {.locale = Locale::kEn});
  EXPECT_EQ(extension.substr(0, 20),
            FakeOf("phone", "(212) 555-1234", {.locale = Locale::kEn}) + " ext. ");
  EXPECT_EQ(Spelling(extension), "(999) 999-9999 aaa. 999");
}

TEST(FakePhone, DifferentOnesStayDifferent) {
  EXPECT_EQ(CountDistinct(VeryMany(),
                          [](std::size_t i) {
                            return FakeOf("phone", "+49171" + std::to_string(10'000'000 + i),
                                          {.unique = true});
                          }),
            VeryMany());
  // All lengths, with and without prefixes, in one column.
  const auto text = [](std::size_t i) {
    static constexpr std::array kHeads = {"",   "0",    "00", "+",   "+44",
                                          "+4", "0049", "1",  "011", "+39 0"};
    return kHeads[i % kHeads.size()] + std::to_string(i / kHeads.size() * 7919 % 100'000'000);
  };
  // Numbers of seven digits that begin with two zeros, and as many that do not.
  EXPECT_EQ(CountDistinct(100'000,
                          [](std::size_t i) {
                            const std::size_t number = i < 50'000 ? i : i * 90;
                            return FakeOf("phone", std::to_string(10'000'000 + number).substr(1),
                                          {.unique = true});
                          }),
            100'000U);
  const std::size_t in = CountDistinct(VeryMany(), text);
  EXPECT_EQ(
      CountDistinct(VeryMany(),
                    [&](std::size_t i) { return FakeOf("phone", text(i), {.unique = true}); }),
      in);
  EXPECT_EQ(CountDistinct(VeryMany() / 2,
                          [&](std::size_t i) {
                            return FakeOf("phone", text(i), {.unique = true, .locale = kAll[2]});
                          }),
            CountDistinct(VeryMany() / 2, text));
}

TEST(FakePhone, WhatIsNoneIsUniqueIfItMustBe) {
  const auto text = [](std::size_t i) {
    return i % 2 == 0 ? "call " + std::to_string(1000 + i / 2)
                      : std::to_string(1000 + i / 2) + "ax";
  };
  EXPECT_EQ(CountDistinct(
                10'000, [&](std::size_t i) { return FakeOf("phone", text(i), {.unique = true}); }),
            10'000U);
  EXPECT_EQ(FakeOf("phone", "\xC3\x84", {.unique = true}).size(), fake::kUniqueChars);
  EXPECT_THROW(FakeOf("phone", "\xC3\x84", {.unique = true, .room = 15}), Error);
}

TEST(FakePhone, WhatIsNoneAndWhatIsSeededIsAFreshMobileNumberOfTheLocale) {
  for (const Locale locale : kAll) {
    const std::string region(CountryOf(locale));
    for (std::size_t i = 0; i < Many(); ++i) {
      const std::string none =
          FakeOf("phone", "none " + std::to_string(i) + "?", {.locale = locale});
      ASSERT_TRUE(IsValid(none, region)) << none;
      if (i % 10 != 0) continue;
      const std::string seed = "p" + std::to_string(i);
      const std::string fake =
          FakeOf("phone", "+1 212 555 0123", {.seed = seed.c_str(), .locale = locale});
      ASSERT_TRUE(IsValid(fake, "ZZ")) << fake;
      ASSERT_EQ(fake[0], '+');
      PhoneNumber number;
      ASSERT_TRUE(Parse(fake, "ZZ", &number));
      ASSERT_NE(Util().GetNumberType(number), PhoneNumberUtil::FIXED_LINE) << fake;
    }
  }
  const auto seeded = [](const char* text) { return FakeOf("phone", text, {.seed = "p"}); };
  EXPECT_EQ(seeded("+43 664 1234567"), seeded("+43 1 51444"));
  EXPECT_EQ(seeded("+43 664 1234567").substr(0, 4), "+43 ");
  EXPECT_EQ(seeded("00436641234567").substr(0, 4), "0043");
  EXPECT_EQ(seeded("020 7946 0958"), seeded("02079460958").insert(5, 1, ' '));
  EXPECT_EQ(seeded("212-555-0123")[3], '-');
}

TEST(FakePhone, RoomIsRespectedAndLongTextsAreNone) {
  for (std::size_t room = 1; room < 30; ++room) {
    for (const char* text : {"none", "+49 171 1234567", "02079460958"}) {
      const std::string fake = FakeOf("phone", text, {.seed = "p", .room = room});
      EXPECT_LE(fake.size(), room);
      EXPECT_FALSE(fake.empty());
    }
  }
  EXPECT_TRUE(IsValid(FakeOf("phone", std::string(1'000'000, '7')), "GB"));
  EXPECT_EQ(FakeOf("phone", std::string(1'000'000, '7'), {.unique = true}).size(), 1'000'000U);
}

}  // namespace
}  // namespace gdpr::test
