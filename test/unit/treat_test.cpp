// SPDX-License-Identifier: PostgreSQL
#include "core/treat.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/calendar.hpp"
#include "core/utf8.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using namespace test;  // NOLINT: the fixture is this file's vocabulary
using enum Profile;

constexpr std::int64_t kDay = calendar::kMicrosPerDay;

std::int64_t Number(std::string_view rule, Profile profile, std::int64_t value, int bytes = 4) {
  return TreatOne(rule, profile, Type(ValueClass::kNumber, bytes), IntegerValue(value)).integer;
}

std::string Decimal(std::string_view rule, Profile profile, std::string_view value) {
  return TreatOne(rule, profile, Type(ValueClass::kNumber), TextValue(value)).text;
}

TEST(Erase, TextBecomesAnonymized) {
  EXPECT_EQ(Erase("last_name", "Smith"), "Anonymized");
  EXPECT_EQ(Erase("last_name", ""), "Anonymized");
  EXPECT_EQ(Erase("last_name length=4", "Smith"), "Anon");
  EXPECT_EQ(Erase("last_name erase=constant('Ω is cut') length=3", "Smith"), "Ω i");
  EXPECT_EQ(Erase("last_name erase=empty", "Smith"), "");
  EXPECT_EQ(Erase("last_name erase=null", "Smith"), "NULL");
  EXPECT_EQ(Erase("last_name erase=keep", "Smith"), "Smith");
  EXPECT_EQ(Erase("not_personal", "Smith"), "Smith");
  EXPECT_EQ(Erase("free_text erase=redact", "Mail a@b.fr"), "Mail [email]");
  EXPECT_EQ(Erase("profile_json", R"({"name": "Smith", "age": 4.50})"),
            R"({"name": "Anonymized", "age": 0})");
  EXPECT_EQ(Erase("profile_xml", "<a>Smith</a>"), "<a>Anonymized</a>");
  EXPECT_EQ(Erase("profile_json", "John Smith, a note"), "Anonymized");
}

TEST(Erase, ATypeOfFewBytesIsNeverOverrun) {
  TypeFacts name = Type(ValueClass::kText);
  name.text_bytes = 63;
  const std::string long_text(200, 'x');
  EXPECT_EQ(TreatOne("username erase=constant('" + long_text + "')", kErase, name, TextValue("j"))
                .text.size(),
            63U);
  name.text_bytes = 4;
  EXPECT_EQ(TreatOne("username erase=constant('ab€')", kErase, name, TextValue("j")).text, "ab");
  name.text_bytes = 1;
  EXPECT_EQ(TreatOne("username unique", kErase, name, TextValue("j")).text.size(), 1U);
}

TEST(Erase, EveryClassHasItsConstant) {
  using enum ValueClass;
  EXPECT_EQ(Number("salary", kErase, 52300), 0);
  EXPECT_EQ(Decimal("salary", kErase, "52300.50"), "0");
  EXPECT_EQ(TreatOne("birth_date", kErase, Type(kDate), IntegerValue(-7000)).integer, -36524);
  EXPECT_EQ(TreatOne("birth_date", kErase, Type(kTimestamp), IntegerValue(5)).integer,
            -36524 * kDay);
  EXPECT_EQ(TreatOne("gender", kErase, Type(kBoolean), IntegerValue(1)).integer, 0);
  EXPECT_EQ(TreatOne("gender", kErase, Type(kEnum), TextValue("red")).text, "unknown");
  EXPECT_EQ(TreatOne("photo", kErase, Type(kBytes), TextValue("\xFF\xD8")).text, "");
  Value ip;
  ip.raw = {192, 168, 1, 20};
  Result result = TreatOne("ip", kErase, Type(kInet), ip);
  EXPECT_EQ(result.raw[0], 0);
  EXPECT_EQ(result.prefix, 32);
  ip.family = 6;
  ip.prefix = 64;
  result = TreatOne("ip", kErase, Type(kInet), ip);
  EXPECT_EQ(result.family, 6);
  EXPECT_EQ(result.prefix, 128);
  EXPECT_EQ(TreatOne("geo", kErase, Type(kPoint), Value{}).x, 0);
  EXPECT_EQ(TreatOne("search_copy", kErase, Type(kTsvector), Value{}).state, Result::State::kValue);
  EXPECT_EQ(TreatOne("photo", kErase, Type(kOther), Value{}).state, Result::State::kNull);
  EXPECT_EQ(ErrorOf([] { TreatOne("photo not_null", kErase, Type(kOther), Value{}); }).sqlstate,
            "0A000");
  EXPECT_EQ(ErrorOf([] { Erase("email erase=null not_null", "x"); }).sqlstate, "PD005");
}

TEST(Erase, EnumsPreferALabelThatSaysNothing) {
  const auto erased = [](std::vector<std::string> labels) {
    TypeFacts type = Type(ValueClass::kEnum);
    type.labels = std::move(labels);
    return TreatOne("gender", kErase, type, TextValue("m")).text;
  };
  EXPECT_EQ(erased({"m", "f"}), "m");
  EXPECT_EQ(erased({"m", "f", "Other"}), "Other");
  EXPECT_EQ(erased({"other", "Not Specified"}), "Not Specified");
  EXPECT_EQ(erased({"unknown", "ANONYMISED"}), "ANONYMISED");
  EXPECT_EQ(ErrorOf([&] { erased({}); }).sqlstate, "0A000");
  EXPECT_EQ(
      TreatOne("gender erase=constant('green')", kErase, Type(ValueClass::kEnum), TextValue("red"))
          .text,
      "green");
}

TEST(Erase, AConstantThatIsNotOfTheTypeIsRefused) {
  using enum ValueClass;
  const auto code = [](const char* rule, ValueClass cls, int bytes = 0) {
    return ErrorOf([&] { TreatOne(rule, kErase, Type(cls, bytes), Value{}); }).sqlstate;
  };
  EXPECT_EQ(code("age erase=constant('x')", kNumber, 4), "PD005");
  EXPECT_EQ(code("age erase=constant('40000')", kNumber, 2), "PD005");
  EXPECT_EQ(code("age erase=constant('')", kNumber), "PD005");
  EXPECT_EQ(code("age erase=constant('1e5')", kNumber), "PD005");
  EXPECT_EQ(code("birth_date erase=constant('1980-02-30')", kDate), "PD005");
  EXPECT_EQ(code("gender erase=constant('blue')", kEnum), "PD005");
  EXPECT_EQ(code("gender erase=constant('yes')", kBoolean), "PD005");
  EXPECT_EQ(code("ip erase=constant('1.2.3')", kInet), "PD005");
  EXPECT_EQ(code("mac erase=constant('00:11')", kMac), "PD005");
  EXPECT_EQ(code("device_id erase=constant('123')", kUuid), "PD005");
  EXPECT_EQ(Decimal("age erase=constant('+12.50')", kErase, "3"), "12.50");
  EXPECT_EQ(Number("age erase=constant('-32768')", kErase, 3, 2), -32768);
  EXPECT_EQ(
      TreatOne("birth_date erase=constant('1970-01-01')", kErase, Type(kDate), Value{}).integer,
      -10957);
  EXPECT_EQ(TreatOne("gender erase=constant('true')", kErase, Type(kBoolean), Value{}).integer, 1);
  EXPECT_EQ(TreatOne("ip erase=constant('::1')", kErase, Type(kInet), Value{}).raw[15], 1);
}

TEST(Mask, ShowsALittle) {
  EXPECT_EQ(Mask("last_name", "Smithson"), "S****");
  EXPECT_EQ(Mask("first_name", "Éléonore"), "É****");
  EXPECT_EQ(Mask("card_number", "4111111111111111"), "****1111");
  EXPECT_EQ(Mask("phone", "+33612345678"), "****678");
  EXPECT_EQ(Mask("iban", "DE89370400440532013000"), "DE****3000");
  EXPECT_EQ(Mask("email", "john.smith@example.com"), "j****@****.com");
  EXPECT_EQ(Mask("email", "émile@example.fr"), "é****@****.fr");
  EXPECT_EQ(Mask("gender", "female"), "****");
  EXPECT_EQ(Mask("last_name", ""), "");
  EXPECT_EQ(Mask("profile_json", R"({"a":[1,"x"]})"), R"({"a":[0,"Anonymized"]})");
}

TEST(Mask, NeverShowsAShortValueWhole) {
  EXPECT_EQ(Mask("email", "a@b.fr"), "****@****");
  EXPECT_EQ(Mask("email", "abc@de.fr"), "****@****.fr");
  EXPECT_EQ(Mask("email", "a@b"), "****@****");
  EXPECT_EQ(Mask("email", "@"), "****@****");
  EXPECT_EQ(Mask("email", "Smith @ Paul. Jones"), "S****@****");
  EXPECT_EQ(Mask("email", "smith"), "s****");
  EXPECT_EQ(Mask("last_name", "Al"), "****");
  EXPECT_EQ(Mask("last_name", "Lee"), "L****");
  EXPECT_EQ(Mask("card_number", "1234"), "****4");
  EXPECT_EQ(Mask("card_number mask=partial(50,50)", "4111111"), "4****1");
  EXPECT_EQ(Mask("last_name mask=partial(100,100)", "ab"), "****");
  EXPECT_EQ(Mask("last_name", "李"), "****");
}

TEST(Mask, FitsTheColumn) {
  EXPECT_EQ(Mask("gender length=1", "f"), "*");
  EXPECT_EQ(Mask("last_name length=3", "Lee"), "L**");
  EXPECT_EQ(Mask("last_name length=1", "L"), "*");
  EXPECT_EQ(Mask("iban length=5", "DE89370400440532013000"), "DE*00");
  EXPECT_EQ(Mask("email length=8", "j@abc.fr"), "****@***");
}

TEST(Mask, BytesThatAreNoTextBecomeStars) {
  EXPECT_EQ(Mask("last_name", "\xFFmith\xC3"), "*****");
  EXPECT_EQ(Mask("card_number", "4111\xC3\x28\xFF"), "****(*");
}

TEST(Generalize, Dates) {
  using enum ValueClass;
  const auto days = [](std::int64_t year, int month, int day) {
    return calendar::DaysOf({year, month, day});
  };
  const auto date = [](const char* rule, std::int64_t value) {
    return TreatOne(rule, kGeneralize, Type(kDate), IntegerValue(value)).integer;
  };
  EXPECT_EQ(date("birth_date", days(1980, 5, 17)), days(1980, 1, 1));
  EXPECT_EQ(date("birth_date generalize=month", days(1980, 5, 17)), days(1980, 5, 1));
  EXPECT_EQ(date("birth_date", days(2000, 2, 29)), 0);
  EXPECT_EQ(date("birth_date", days(-4712, 3, 1)), days(-4712, 1, 1));
  EXPECT_EQ(date("birth_date", days(-4713, 12, 1)), -2451545);
  EXPECT_EQ(date("birth_date", std::numeric_limits<std::int32_t>::max()), -36524);
  EXPECT_EQ(date("birth_date", std::numeric_limits<std::int32_t>::min()), -36524);
  const auto time = [](std::int64_t value) {
    return TreatOne("birth_date", kGeneralize, Type(kTimestamp), IntegerValue(value)).integer;
  };
  EXPECT_EQ(time(days(1980, 5, 17) * kDay + 1), days(1980, 1, 1) * kDay);
  EXPECT_EQ(time(-1), days(1999, 1, 1) * kDay);
  EXPECT_EQ(time(std::numeric_limits<std::int64_t>::max()), -36524 * kDay);
  EXPECT_EQ(time(std::numeric_limits<std::int64_t>::min()), -36524 * kDay);
  for (const char* text : {"1980-05-17", "17/05/1980", "17.05.1980", "19800517", "1980",
                           "1980-05-17 10:00:00", "17/05/1980 10:00", "17 May 1980", "May 1980"}) {
    EXPECT_EQ(Generalize("birth_date", text), "1980") << text;
  }
  EXPECT_EQ(Generalize("birth_date", "17/05/80"), "Anonymized");
  EXPECT_EQ(Generalize("birth_date", "170519801"), "Anonymized");
  EXPECT_EQ(Generalize("birth_date generalize=month", "1980-05-17"), "1980-05");
  EXPECT_EQ(Number("birth_date", kGeneralize, 1980), 1980);
  EXPECT_EQ(Number("birth_date", kGeneralize, 17), 0);
}

TEST(Generalize, Numbers) {
  EXPECT_EQ(Number("age", kGeneralize, 37), 30);
  EXPECT_EQ(Generalize("age", "37"), "30-39");
  EXPECT_EQ(Generalize("age", " 7 "), "0-9");
  EXPECT_EQ(Generalize("age", "-1"), "-10--1");
  EXPECT_EQ(Generalize("age", "thirty"), "Anonymized");
  EXPECT_EQ(Number("salary", kGeneralize, 52300), 50000);
  EXPECT_EQ(Number("salary", kGeneralize, -52300), -50000);
  EXPECT_EQ(Decimal("salary", kGeneralize, "52300.75"), "50000");
  EXPECT_EQ(Decimal("salary", kGeneralize, "NaN"), "0");
  EXPECT_EQ(Decimal("salary", kGeneralize, std::string(500, '9')), "0");
  TypeFacts money = Type(ValueClass::kNumber, 8);
  money.scale = 2;
  EXPECT_EQ(TreatOne("salary", kGeneralize, money, IntegerValue(5230075)).integer, 5000000);
  EXPECT_EQ(Number("salary", kGeneralize, std::numeric_limits<std::int64_t>::min(), 8),
            -9223372036854770000);
}

TEST(Generalize, Places) {
  EXPECT_EQ(Generalize("postal_code", "75011"), "75");
  EXPECT_EQ(Generalize("postal_code", "SW1A 1AA"), "SW");
  EXPECT_EQ(Generalize("postal_code", "101"), "1");
  EXPECT_EQ(Generalize("postal_code", "7"), "Anonymized");
  EXPECT_EQ(Number("postal_code", kGeneralize, 75011), 75000);
  EXPECT_EQ(Number("postal_code", kGeneralize, 7), 0);
  EXPECT_EQ(Generalize("geo", "48.8584, 2.2945"), "48.9, 2.3");
  EXPECT_EQ(Generalize("geo", "(-0.04,51.5)"), "(0.0,51.5)");
  EXPECT_EQ(Generalize("geo", "48,8584"), "Anonymized");
  EXPECT_EQ(Generalize("geo", "488584"), "Anonymized");
  EXPECT_EQ(Generalize("geo", "48\xC2\xB0 51' 30\""), "Anonymized");
  EXPECT_EQ(Generalize("geo", "1.1 2.2 3.3"), "Anonymized");
  EXPECT_EQ(Decimal("geo", kGeneralize, "48.858444"), "48.9");
  EXPECT_EQ(Number("geo", kGeneralize, 48858444), 0);
  Value point;
  point.x = 2.2945;
  point.y = -48.8584;
  const Result result = TreatOne("geo", kGeneralize, Type(ValueClass::kPoint), point);
  EXPECT_DOUBLE_EQ(result.x, 2.3);
  EXPECT_DOUBLE_EQ(result.y, -48.9);
  EXPECT_EQ(Generalize("city", "Paris"), "Anonymized");
  EXPECT_EQ(Generalize("job_title", "Clerk"), "Clerk");
}

TEST(Generalize, Networks) {
  EXPECT_EQ(Generalize("ip", "192.168.1.20"), "192.168.1.0/24");
  EXPECT_EQ(Generalize("ip", "192.168.1.20/32"), "192.168.1.0/24");
  EXPECT_EQ(Generalize("ip", "2001:db8:85a3:1::8a2e"), "2001:db8:85a3::/48");
  EXPECT_EQ(Generalize("ip", "::1"), "::/48");
  EXPECT_EQ(Generalize("ip", "192.168.1"), "Anonymized");
  EXPECT_EQ(Generalize("ip", "192.168.1.20 at home"), "Anonymized");
  EXPECT_EQ(Generalize("ip length=10", "192.168.1.20"), "Anonymized");
  Value ip;
  ip.raw = {192, 168, 1, 20};
  Result result = TreatOne("ip", kGeneralize, Type(ValueClass::kInet), ip);
  EXPECT_EQ(result.raw[2], 1);
  EXPECT_EQ(result.raw[3], 0);
  EXPECT_EQ(result.prefix, 24);
  ip.prefix = 8;
  EXPECT_EQ(TreatOne("ip", kGeneralize, Type(ValueClass::kInet), ip).prefix, 8);
}

}  // namespace
}  // namespace gdpr
