// SPDX-License-Identifier: PostgreSQL
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "core/calendar.hpp"
#include "core/keyed.hpp"
#include "core/treat.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using namespace test;  // NOLINT
using enum ValueClass;

Keyed& Keys() {
  static const std::vector<std::uint8_t> master(32, 7);
  static Keyed keys(master);
  return keys;
}

Result Fake(std::string_view rule, const TypeFacts& type, const Value& value,
            std::string_view seed = {}) {
  static TestRandom random;
  Result result;
  Treat(ParseRule(rule), Profile::kFake, type, value, random, result,
        {&Keys(), seed, !seed.empty(), Locale::kNone});
  return result;
}

std::int64_t FakeInt(std::string_view rule, ValueClass cls, int bytes, std::int64_t number,
                     std::string_view seed = {}) {
  return Fake(rule, Type(cls, bytes), IntegerValue(number), seed).integer;
}

std::string FakeText(std::string_view rule, ValueClass cls, std::string_view text,
                     std::string_view seed = {}) {
  return Fake(rule, Type(cls), TextValue(text), seed).text;
}

double FakeFloat(std::string_view rule, double number, int bytes = 8) {
  TypeFacts type = Type(kNumber, bytes);
  type.floating = true;
  Value value;
  value.x = number;
  return Fake(rule, type, value).x;
}

int CountDigits(std::int64_t number) {
  return static_cast<int>(std::to_string(number < 0 ? -number : number).size());
}

TEST(FakeDate, APersonsDatesKeepTheirOrderAndTheirDistance) {
  const std::int64_t a = FakeInt("birth_date", kDate, 0, -7000, "person 1");
  const std::int64_t b = FakeInt("birth_date", kDate, 0, -6990, "person 1");
  EXPECT_EQ(b - a, 10);
  EXPECT_NE(a, -7000);
  EXPECT_LE(std::abs(a + 7000), 365);
  const std::int64_t stamp =
      FakeInt("birth_date", kTimestamp, 0, -7000 * calendar::kMicrosPerDay + 5, "person 1");
  EXPECT_EQ(stamp, a * calendar::kMicrosPerDay + 5);
  EXPECT_EQ(FakeText("birth_date", kText, "1980-11-01", "person 1"),
            FakeText("birth_date", kText, "1980-11-01 10:00", "person 1").substr(0, 10));
  std::set<std::int64_t> shifts;
  for (int i = 0; i < 300; ++i) {
    const std::string seed = "person " + std::to_string(i);
    shifts.insert(FakeInt("birth_date fake=shift(30)", kDate, 0, 0, seed));
  }
  EXPECT_GT(shifts.size(), 50U);
  EXPECT_EQ(shifts.count(0), 0U);
  EXPECT_GE(*shifts.begin(), -30);
  EXPECT_LE(*shifts.rbegin(), 30);
}

TEST(FakeDate, WithoutAPersonDifferentDatesStayDifferent) {
  std::set<std::int64_t> dates, stamps;
  constexpr int kCount = 5000;
  for (int i = 0; i < kCount; ++i) {
    const std::int64_t date = FakeInt("birth_date", kDate, 0, i - 2000);
    EXPECT_LE(std::abs(date - (i - 2000)), 365);
    dates.insert(date);
    const std::int64_t hour = 3'600'000'000LL * i;
    const std::int64_t stamp = FakeInt("birth_date fake=shift(3)", kTimestamp, 0, hour);
    EXPECT_EQ(stamp % 3'600'000'000LL, 0);
    EXPECT_EQ(stamp % calendar::kMicrosPerDay == 0, i % 24 == 0);  // midnight stays midnight
    EXPECT_LT(std::abs(stamp - hour), 4 * calendar::kMicrosPerDay);
    stamps.insert(stamp);
  }
  EXPECT_EQ(dates.size(), kCount);
  EXPECT_EQ(stamps.size(), kCount);
}

TEST(FakeDate, LimitsHoldAndInfinityStays) {
  constexpr std::int64_t kFirst = -2'451'545, kLast = 2'145'031'948;
  for (const std::string seed : {"", "a", "b", "c"}) {
    for (const std::int64_t date : {kFirst, kLast}) {
      const std::int64_t moved = FakeInt("birth_date", kDate, 0, date, seed);
      EXPECT_GE(moved, kFirst);
      EXPECT_LE(moved, kLast);
    }
    for (const std::int64_t infinite : {-2'147'483'648LL, 2'147'483'647LL}) {
      EXPECT_EQ(FakeInt("birth_date", kDate, 0, infinite, seed), infinite);
    }
    constexpr std::int64_t kLeast = -211'813'488'000'000'000, kEnd = 9'223'371'331'200'000'000;
    for (const std::int64_t stamp : {kLeast, kEnd - 1}) {
      const std::int64_t moved = FakeInt("birth_date", kTimestamp, 0, stamp, seed);
      EXPECT_GE(moved, kLeast);
      EXPECT_LT(moved, kEnd);
    }
    using Limits = std::numeric_limits<std::int64_t>;
    EXPECT_EQ(FakeInt("birth_date", kTimestamp, 0, Limits::min(), seed), Limits::min());
    EXPECT_EQ(FakeInt("birth_date", kTimestamp, 0, Limits::max(), seed), Limits::max());
  }
}

TEST(FakeDate, InTextTheFormStays) {
  for (const char* text : {"1980-05-17", "1980/05/17", "17.05.1980", "17/05/1980", "19800517",
                           "1980-05-17T10:11:12Z", "1980-05-17 10:11:12.5+02", "17-05-1980",
                           "05/17/1980", "1980-05", "05/1980", "1980"}) {
    const std::string made = FakeText("birth_date", kText, text);
    ASSERT_EQ(made.size(), std::string(text).size()) << text << " " << made;
    for (std::size_t i = 0; i < made.size(); ++i) {
      const bool digit = made[i] >= '0' && made[i] <= '9';
      EXPECT_EQ(digit, text[i] >= '0' && text[i] <= '9') << text << " " << made;
    }
  }
  EXPECT_NE(FakeText("birth_date", kText, "17 May 1980").find("19"), std::string::npos);
  EXPECT_EQ(FakeText("birth_date", kText, "unknown").size(), 10U);
  EXPECT_EQ(FakeText("birth_date length=4", kText, "unknown").size(), 4U);
  EXPECT_EQ(FakeText("birth_date", kText, ""), "");
  EXPECT_EQ(FakeText("birth_date", kText, "anna 1980-05-17").find("anna"), std::string::npos);
  std::set<std::string> all;
  for (int i = 0; i < 2000; ++i) {
    const calendar::Date date = calendar::DateOf(-9000 + i);
    const std::int64_t number = date.year * 10'000 + date.month * 100 + date.day;
    all.insert(FakeText("birth_date", kText, std::to_string(number)));
    EXPECT_EQ(FakeText("birth_date", kText, std::to_string(number)),
              std::to_string(FakeInt("birth_date", kNumber, 4, number)));
  }
  EXPECT_EQ(all.size(), 2000U);
}

TEST(FakeNumber, AnIdKeepsItsDigitsAndNoTwoMeet) {
  for (const int bytes : {2, 4, 8}) {
    const std::int64_t most = bytes == 2   ? std::numeric_limits<std::int16_t>::max()
                              : bytes == 4 ? std::numeric_limits<std::int32_t>::max()
                                           : std::numeric_limits<std::int64_t>::max();
    std::set<std::int64_t> seen;
    std::set<std::int64_t> given;
    TestRandom random(11);
    for (int i = 0; i < 3000; ++i) {
      std::int64_t number = i < 1200   ? i - 600
                            : i < 1300 ? most - (i - 1200)
                            : i < 1400 ? -most - 1 + (i - 1300)
                                       : static_cast<std::int64_t>(random.Next()) % most;
      if (!given.insert(number).second) continue;
      const std::int64_t fake = FakeInt("external_id", kNumber, bytes, number);
      EXPECT_TRUE(fake >= -most - 1 && fake <= most);
      EXPECT_EQ(fake < 0, number < 0);
      if (number != -most - 1) { EXPECT_EQ(CountDigits(fake), CountDigits(number)); }
      EXPECT_EQ(FakeInt("external_id unique", kNumber, bytes, number), fake);
      EXPECT_TRUE(seen.insert(fake).second);
    }
  }
  EXPECT_EQ(FakeInt("external_id", kNumber, 4, 0), 0);
}

TEST(FakeNumber, IsTheSameInEveryTypeThatHoldsIt) {
  for (const std::int64_t number : {7LL, 12'345LL, 32'767LL, 2'000'000'000LL}) {
    const std::int64_t wide = FakeInt("account_number", kNumber, 8, number);
    EXPECT_EQ(FakeInt("account_number", kNumber, 4, number), wide);
    EXPECT_EQ(FakeText("account_number", kNumber, std::to_string(number)), std::to_string(wide));
    EXPECT_EQ(FakeFloat("account_number", static_cast<double>(number)), static_cast<double>(wide));
  }
}

TEST(FakeNumber, ACardsNumberStaysValid) {
  std::set<std::int64_t> seen;
  for (int i = 0; i < 500; ++i) {
    const std::int64_t card = FakeInt("card_number", kNumber, 8, 4'111'111'111'111'111LL);
    EXPECT_EQ(card, FakeInt("card_number unique", kNumber, 8, 4'111'111'111'111'111LL));
    int sum = 0;
    const std::string digits =
        std::to_string(FakeInt("card_number", kNumber, 8, 4'111'111'111'111'111LL,
                               "person " + std::to_string(i)));
    for (std::size_t at = 0; at < digits.size(); ++at) {
      const int digit = digits[digits.size() - 1 - at] - '0';
      sum += at % 2 == 0 ? digit : digit * 2 / 10 + digit * 2 % 10;
    }
    EXPECT_EQ(sum % 10, 0);
    seen.insert(std::stoll(digits));
  }
  EXPECT_GT(seen.size(), 490U);
}

TEST(FakeNumber, DecimalsKeepTheirPlacesAndNoTwoMeet) {
  std::set<double> seen;
  for (int i = 1; i < 3000; ++i) {
    char text[16];
    std::snprintf(text, sizeof text, "%d.%02d", i / 100, i % 100);
    const std::string fake = FakeText("external_id", kNumber, text);
    EXPECT_EQ(fake.size(), std::string(text).size()) << text << " " << fake;
    EXPECT_TRUE(seen.insert(std::stod(fake)).second) << text << " " << fake;
  }
  EXPECT_EQ(FakeText("external_id", kNumber, "1.5") + "00",
            FakeText("external_id", kNumber, "1.500"));
  EXPECT_EQ(FakeText("external_id", kNumber, "NaN"), "NaN");
  EXPECT_EQ(FakeText("salary", kNumber, "-Infinity"), "-Infinity");
  const std::string longest(200, '7');
  EXPECT_EQ(FakeText("external_id", kNumber, longest).size(), 200U);
  EXPECT_NE(FakeText("external_id", kNumber, longest).substr(150), longest.substr(150));
}

TEST(FakeNumber, NoiseMovesByAFewPercentAndKeepsSignAndLimit) {
  for (std::int64_t pay = 1; pay < 3'000; pay += 7) {
    const std::int64_t fake = FakeInt("salary", kNumber, 4, pay * 10);
    EXPECT_NE(fake, pay * 10);
    EXPECT_LE(std::abs(fake - pay * 10), pay + 1);
    EXPECT_EQ(FakeInt("salary", kNumber, 4, -pay) < 0, true);
  }
  EXPECT_EQ(FakeInt("salary", kNumber, 4, 0), 0);
  EXPECT_EQ(FakeInt("age", kNumber, 2, 1), 2);
  for (int i = 0; i < 50; ++i) {
    EXPECT_LE(FakeInt("salary", kNumber, 2, 32'767 - i), 32'767);
    const std::string five = FakeText("salary length=5", kNumber, std::to_string(99'999 - i));
    EXPECT_LE(five.size(), 5U);
  }
  const std::string pay = FakeText("salary", kNumber, "50000.00");
  EXPECT_TRUE(pay.ends_with(".00")) << pay;
  EXPECT_NE(pay, "50000.00");
  EXPECT_NEAR(std::stod(FakeText("salary", kNumber, "1000.55")), 1000.55, 101);
  EXPECT_NEAR(FakeFloat("salary", 1234.5), 1234.5, 124);
  EXPECT_EQ(FakeInt("salary fake=bucket(10000)", kNumber, 4, 51'234), 50'000);
  // One factor for all that a person earns.
  const double factor = static_cast<double>(FakeInt("salary", kNumber, 8, 1'000'000, "p")) / 1e6;
  EXPECT_NEAR(static_cast<double>(FakeInt("salary", kNumber, 8, 5'000'000, "p")), 5e6 * factor, 9);
}

TEST(FakeNumber, InTextWhatStandsAroundStays) {
  const std::string pay = FakeText("salary", kText, "EUR 50,000.00");
  EXPECT_TRUE(pay.starts_with("EUR ") && pay.ends_with(".00") && pay[6] == ',') << pay;
  EXPECT_NE(pay, "EUR 50,000.00");
  EXPECT_EQ(FakeText("age", kText, "40 years").substr(2), " years");
  EXPECT_EQ(FakeText("age", kText, "Anna Keller, who is 40").find("Anna"), std::string::npos);
  const std::string place = FakeText("geo", kText, "48.8584, 2.2945");
  EXPECT_TRUE(place.starts_with("48.") && place.find(", 2.") == 7) << place;
  EXPECT_NE(place, "48.8584, 2.2945");
}

TEST(FakeNumber, ACoordinateStaysWithinItsDegree) {
  std::set<double> seen;
  for (int i = 1; i < 1000; ++i) {
    const double degrees = -33 - i / 1000.0;
    const double fake = FakeFloat("geo", degrees);
    EXPECT_EQ(std::trunc(fake), -33) << fake;
    EXPECT_TRUE(seen.insert(fake).second);
  }
  Value point;
  point.x = 2.2945;
  point.y = 90;
  const Result moved = Fake("geo", Type(kPoint), point);
  EXPECT_EQ(std::trunc(moved.x), 2);
  EXPECT_NE(moved.x, 2.2945);
  EXPECT_LE(moved.y, 90);
  EXPECT_TRUE(std::isnan(FakeFloat("geo", std::nan(""))));
}

TEST(FakeTyped, FloatsOfManyDigitsStayDifferent) {
  std::set<double> seen;
  std::set<float> narrow;
  for (int i = 1; i < 2000; ++i) {
    const double fake = FakeFloat("external_id", i / 7.0);
    EXPECT_TRUE(fake > i / 70.0 && fake < i / 0.7);
    EXPECT_TRUE(seen.insert(fake).second);
    const auto single = static_cast<double>(static_cast<float>(i) / 7.0F);
    EXPECT_TRUE(narrow.insert(static_cast<float>(FakeFloat("external_id", single, 4))).second);
  }
}

TEST(FakeTyped, LabelsTimesAndBooleansStayWhatTheirTypesHold) {
  std::set<std::string> labels;
  for (const char* label : {"red", "green", "unknown"}) {
    labels.insert(FakeText("gender", kEnum, label));
  }
  EXPECT_EQ(labels, (std::set<std::string>{"red", "green", "unknown"}));
  EXPECT_EQ(FakeInt("health", kBoolean, 0, 1), FakeInt("health", kBoolean, 0, 0));
  int yes = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string seed = std::to_string(i);
    yes += static_cast<int>(FakeInt("health", kBoolean, 0, 1, seed));
    EXPECT_EQ(FakeInt("health", kBoolean, 0, 0, seed), FakeInt("health", kBoolean, 0, 1, seed));
  }
  EXPECT_GT(yes, 20);
  EXPECT_LT(yes, 80);
  std::set<std::int64_t> times;
  for (int i = 1; i < 1440; ++i) {
    const std::int64_t time = FakeInt("free_text", kTime, 0, i * 60'000'000LL);
    EXPECT_TRUE(time > 0 && time < calendar::kMicrosPerDay && time % 60'000'000 == 0);
    EXPECT_TRUE(times.insert(time).second);
  }
  EXPECT_EQ(FakeInt("free_text", kTime, 0, calendar::kMicrosPerDay), calendar::kMicrosPerDay);
}

TEST(FakeTyped, AddressesAndBytesKeepTheirForm) {
  Value value;
  value.raw = {10, 1, 0, 0};
  value.prefix = 16;
  std::set<std::array<std::uint8_t, 16>> nets;
  for (int i = 0; i < 256; ++i) {
    value.raw[1] = static_cast<std::uint8_t>(i);
    const Result net = Fake("ip unique", Type(kInet), value);
    EXPECT_EQ(net.prefix, 16);
    EXPECT_EQ(net.raw[2] | net.raw[3], 0);
    EXPECT_TRUE(nets.insert(net.raw).second);
  }
  Value uuid;
  uuid.raw = {1, 2, 3, 4, 5, 6, 0x71, 8, 0x91, 10};
  const Result made = Fake("device_id", Type(kUuid), uuid);
  EXPECT_NE(made.raw, uuid.raw);
  EXPECT_EQ(made.raw[6] >> 4U, 7);
  EXPECT_EQ(made.raw[8] >> 6U, 2);
  std::set<std::string> bytes;
  for (int i = 0; i < 256; ++i) {
    const std::string one(1, static_cast<char>(i));
    EXPECT_TRUE(bytes.insert(FakeText("file_name", kBytes, one)).second);
  }
  const std::string longer = FakeText("file_name", kBytes, std::string(1000, 'x'));
  EXPECT_TRUE(longer.size() >= 1000 && longer.size() <= 1126);
  EXPECT_EQ(longer.find("xxxx"), std::string::npos);
}

TEST(FakeDocument, StructureAndKeysStayAndNoValueDoes) {
  const std::string json =
      R"({"name": "Anna Keller", "email":"anna@keller.de", "tags":["vip","Anna"],)"
      R"("age":37,"ok":true,"none":null,"dob":"1980-05-17","pay":{"salary":50000.50},)"
      R"("note":"call +49 170 1234567","customer_id":123456,"anna@keller.de":1e3,"x":""})";
  const std::string fake = FakeText("profile_json", kJson, json);
  for (const char* kept : {"\"name\": ", "\"email\":", "\"tags\":[", "\"age\":", "\"ok\":true",
                           "\"none\":null", "\"dob\":\"", "\"salary\":", "\"x\":\"\"", "e3"}) {
    EXPECT_NE(fake.find(kept), std::string::npos) << kept << "\n" << fake;
  }
  for (const char* gone : {"Anna", "Keller", "keller", "1980-05-17", "50000.50", "1234567",
                           ":37", "123456"}) {
    EXPECT_EQ(fake.find(gone), std::string::npos) << gone << "\n" << fake;
  }
  EXPECT_EQ(FakeText("profile_json", kText, json), fake);
  EXPECT_EQ(FakeText("profile_json", kJson, "{broken"), "\"Anonymized\"");
}

TEST(FakeDocument, OfXmlElementsAndNamesOfAttributesStay) {
  const std::string xml =
      "<p id='7'><email>anna@keller.de</email><!-- Anna -->"
      "<![CDATA[Anna & co]]><born>1980-05-17</born> <q a=\"Anna\"/></p>";
  const std::string fake = FakeText("profile_xml", kXml, xml);
  for (const char* kept : {"<p id='", "<email>", "</email>", "<born>", "<q a=\"", "</p>"}) {
    EXPECT_NE(fake.find(kept), std::string::npos) << kept << "\n" << fake;
  }
  for (const char* gone : {"Anna", "keller", "1980-05-17"}) {
    EXPECT_EQ(fake.find(gone), std::string::npos) << gone << "\n" << fake;
  }
}

}  // namespace
}  // namespace gdpr
