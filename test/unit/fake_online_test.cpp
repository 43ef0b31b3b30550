// SPDX-License-Identifier: PostgreSQL
// Addresses and ids of machines, plates, postal codes.
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>
#include <vector>

#include "core/net.hpp"
#include "fake_checks.hpp"
#include "fake_fixture.hpp"

namespace gdpr {
namespace {

using test::FakeOf;
using enum Locale;

std::string Ipv4(std::uint32_t address) {
  std::string text;
  net::Append({{static_cast<std::uint8_t>(address >> 24), static_cast<std::uint8_t>(address >> 16),
                static_cast<std::uint8_t>(address >> 8), static_cast<std::uint8_t>(address)},
               4},
              text);
  return text;
}

bool Matches(const std::string& text, const char* pattern) {
  return std::regex_match(text, std::regex(pattern));
}

TEST(FakeOnline, PublicAddressesBecomeNobodys) {
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const std::string fake = FakeOf("ip", Ipv4(0x50000000 + i * 7919));
    ASSERT_TRUE(fake.starts_with("198.18.") || fake.starts_with("198.19.")) << fake;
    const std::string six = FakeOf("ip", "2a00:1450:4001::" + std::to_string(i));
    ASSERT_TRUE(six.starts_with("2001:db8:")) << six;
  }
}

TEST(FakeOnline, PrivateAddressesStayInTheirBlock) {
  for (const auto& [address, start] :
       std::vector<std::pair<const char*, const char*>>{{"10.1.2.3", "10."},
                                                        {"192.168.7.8", "192.168."},
                                                        {"169.254.9.9", "169.254."},
                                                        {"fe80::1", "fe80:"},
                                                        {"fd12:3456::1", "fd"},
                                                        {"127.0.0.1", "127.0.0.1"},
                                                        {"::1", "::1"},
                                                        {"0.0.0.0", "0.0.0.0"},
                                                        {"255.255.255.255", "255.255.255.255"}}) {
    for (const bool unique : {false, true}) {
      const std::string fake = FakeOf("ip", address, {.unique = unique});
      EXPECT_TRUE(fake.starts_with(start)) << address << " -> " << fake;
    }
  }
}

TEST(FakeOnline, AnAddressIsTheSameHoweverItIsWritten) {
  const std::string plain = FakeOf("ip", "81.2.69.142");
  EXPECT_EQ(FakeOf("ip", "81.2.69.142:8080"), plain + ":8080");
  EXPECT_EQ(FakeOf("ip", "81.2.69.142/32"), plain + "/32");
  EXPECT_EQ(FakeOf("ip", "81.2.69.142, 127.0.0.1"), plain + ", 127.0.0.1");
  EXPECT_EQ(FakeOf("ip", "::ffff:81.2.69.142"), "::ffff:" + plain);
  EXPECT_EQ(FakeOf("ip", "2A00:1450:0:0::7"), FakeOf("ip", "2a00:1450::7"));
  EXPECT_EQ(FakeOf("ip", "[2a00:1450::7]:443"), "[" + FakeOf("ip", "2a00:1450::7") + "]:443");
  EXPECT_TRUE(FakeOf("ip", "fe80::1%eth0").ends_with("%eth0"));
  EXPECT_EQ(FakeOf("ip", "81.2.69.142 of Anna").find("Anna"), std::string::npos);
}

TEST(FakeOnline, UniqueAddressesStayDifferent) {
  const std::size_t count = test::VeryMany();
  const auto fake = [&](std::size_t i) {
    return FakeOf("ip", Ipv4(static_cast<std::uint32_t>(i * 859)), {.unique = true});
  };
  EXPECT_EQ(test::CountDistinct(count, fake), count);
  const auto mac = [&](std::size_t i) {
    std::string hex = "001a2b000000";
    for (std::size_t at = 12, left = i; at > 6; left /= 16)
      hex[--at] = "0123456789abcdef"[left % 16];
    return FakeOf("mac", hex, {.unique = true});
  };
  EXPECT_EQ(test::CountDistinct(count, mac), count);
  for (const char* kind : {"device_id", "external_id"}) {
    const auto id = [&](std::size_t i) {
      return FakeOf(kind, std::to_string(10'000'000 + i), {.unique = true});
    };
    EXPECT_EQ(test::CountDistinct(count, id), count) << kind;
    const auto hex = [&](std::size_t i) {
      std::string text = std::to_string(i * 31 + 10'000'000);
      text[i % 5] = static_cast<char>('a' + i % 6);
      return FakeOf(kind, text + std::to_string(i), {.unique = true});
    };
    EXPECT_EQ(test::CountDistinct(count, hex), count) << kind;
  }
}

TEST(FakeOnline, AMacIsLocallyAdministeredAndWrittenAsItWas) {
  for (int i = 0; i < 500; ++i) {
    const std::string fake = FakeOf("mac", "00:1a:2b:3c:" + std::to_string(10 + i % 90) + ":5e");
    ASSERT_TRUE(Matches(fake, "[0-9a-f][26ae](:[0-9a-f]{2}){5}")) << fake;
  }
  EXPECT_TRUE(Matches(FakeOf("mac", "00-1A-2B-3C-4D-5E"), "[0-9A-F][26AE](-[0-9A-F]{2}){5}"));
  EXPECT_TRUE(
      Matches(FakeOf("mac", "001a.2b3c.4d5e"), "[0-9a-f][26ae][0-9a-f]{2}(\\.[0-9a-f]{4}){2}"));
  EXPECT_TRUE(Matches(FakeOf("mac", "no mac"), "[0-9a-f][26ae](:[0-9a-f]{2}){5}"));
  EXPECT_EQ(FakeOf("mac", "ff:ff:ff:ff:ff:ff"), "ff:ff:ff:ff:ff:ff");
  EXPECT_EQ(test::Bare(FakeOf("mac", "001a.2b3c.4d5e")),
            test::Bare(FakeOf("mac", "00:1A:2B:3C:4D:5E")));
}

TEST(FakeOnline, IdsKeepTheirShape) {
  for (const char* kind : {"device_id", "external_id"}) {
    const std::string uuid = FakeOf(kind, "550e8400-e29b-41d4-a716-446655440000");
    EXPECT_TRUE(
        Matches(uuid, "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"))
        << uuid;
    EXPECT_EQ(FakeOf(kind, "{550E8400-E29B-41D4-A716-446655440000}").size(), 38U);
    EXPECT_EQ(test::Bare(FakeOf(kind, "{550E8400-E29B-41D4-A716-446655440000}")), test::Bare(uuid));
    EXPECT_TRUE(Matches(FakeOf(kind, "5f7c8ec7c33c6c004bbafe82"), "[0-9a-f]{24}"));
    EXPECT_TRUE(
        Matches(FakeOf(kind, std::string(31, 'a') + "0" + std::string(32, 'f')), "[0-9a-f]{64}"));
    EXPECT_TRUE(Matches(FakeOf(kind, "KD-004711"), "[A-Z]{2}-[0-9]{6}"));
    EXPECT_TRUE(Matches(FakeOf(kind, "cus_NffrFeUfNV2Hib"),
                        "[a-z]{3}_[A-Z][a-z]{3}[A-Z][a-z][A-Z][a-z][A-Z]{2}[0-9][A-Z][a-z]{2}"));
    EXPECT_NE(FakeOf(kind, "anna.keller").find('.'), std::string::npos);
    EXPECT_EQ(FakeOf(kind, "anna.keller").find("anna"), std::string::npos);
  }
  const std::string imei = FakeOf("device_id", "35-209900-176148-1");
  EXPECT_TRUE(Matches(imei, "[0-9]{2}-[0-9]{6}-[0-9]{6}-[0-9]") && test::Luhn(test::Bare(imei)))
      << imei;
}

TEST(FakeOnline, AUserAgentIsUniqueWhereItMust) {
  EXPECT_TRUE(FakeOf("user_agent", "curl/8").starts_with("Mozilla/5.0 ("));
  const std::string fake = FakeOf("user_agent", "curl/8", {.unique = true});
  EXPECT_TRUE(Matches(fake, "Mozilla/5.0 .* app/[0-9a-z]{16}")) << fake;
  for (std::size_t room = 1; room < 160; ++room) {
    EXPECT_LE(FakeOf("user_agent", "curl/8", {.room = room}).size(), room);
  }
  EXPECT_THROW(FakeOf("user_agent", "curl/8", {.unique = true, .room = 15}), Error);
}

TEST(FakePlate, PlatesKeepTheirCountrysForm) {
  struct Plate {
    const char* text;
    const char* pattern;
  };
  for (const Plate& plate :
       std::vector<Plate>{{"M-AB 1234", "[A-Z]-[A-Z]{2} [1-9][0-9]{3}"},
                          {"HH XY 12E", "[A-Z]{2} [A-Z]{2} [1-9][0-9]E"},
                          {"AB12 CDE", "[A-Z]{2}([0257][0-9]|1[0-9]|6[0-9]) [A-HJ-PR-Z]{3}"},
                          {"AA-123-BB", "[A-HJ-NP-TV-Z]{2}-[0-9]{3}-[A-HJ-NP-TV-Z]{2}"},
                          {"1234 BCD", "[0-9]{4} [B-DF-HJ-NPR-TV-Z]{3}"},
                          {"12-ABC-3", "[0-9]{2}-[A-Z]{3}-[0-9]"},
                          {"WA 12345", "[A-Z]{2} [0-9]{5}"}}) {
    for (int i = 0; i < 300; ++i) {
      const std::string fake =
          FakeOf("licence_plate", plate.text, {.seed = std::to_string(i).c_str()});
      ASSERT_TRUE(Matches(fake, plate.pattern)) << plate.text << " -> " << fake;
    }
    EXPECT_TRUE(Matches(FakeOf("licence_plate", plate.text), plate.pattern)) << plate.text;
  }
  for (int i = 1; i <= kLocales; ++i) {
    EXPECT_FALSE(FakeOf("licence_plate", "?x", {.locale = static_cast<Locale>(i)}).empty());
  }
}

TEST(FakePlate, GermanPlatesAndTextsOfTheirSpellingStayDifferent) {
  const std::size_t count = test::VeryMany() / 2;
  // Half of the districts exist.
  const auto fake = [&](std::size_t i) {
    std::string text = "AA-AA 1000";
    text[0] = static_cast<char>('A' + i % 26);
    text[1] = static_cast<char>('A' + i / 26 % 26);
    text[3] = static_cast<char>('A' + i / 676 % 26);
    text.replace(6, 4, std::to_string(1000 + i / 17576 % 9000));
    return FakeOf("licence_plate", text, {.unique = true});
  };
  EXPECT_EQ(test::CountDistinct(count, fake), count);
}

TEST(FakePostcode, CodesKeepTheirCountrysForm) {
  struct Code {
    const char* text;
    Locale locale;
    const char* pattern;
  };
  for (const Code& code :
       std::vector<Code>{{"SW1A 1AA", kEn, "[A-Z]{2}[1-9][A-Z] [0-9][ABD-HJLNP-UW-Z]{2}"},
                         {"94105-1234", kNone, "[0-9]{5}-[0-9]{4}"},
                         {"80331", kDe, "[0-9]{5}"},
                         {"75001", kFr, "[0-9]{5}"},
                         {"28013", kEs, "([0-4][0-9]|5[0-2])[0-9]{3}"},
                         {"1012 AB", kNl, "[1-9][0-9]{3} [A-Z]{2}"},
                         {"1000-205", kPt, "[1-9][0-9]{3}-[0-9]{3}"},
                         {"00-950", kPl, "[0-9]{2}-[0-9]{3}"}}) {
    EXPECT_TRUE(Matches(FakeOf("postal_code", code.text), code.pattern)) << code.text;
    const std::string fresh = FakeOf("postal_code", "no code", {.locale = code.locale});
    EXPECT_LE(fresh.size(), 8U) << fresh;
  }
}

TEST(FakePostcode, APersonsCodeIsTheCitys) {
  for (int i = 0; i < 50; ++i) {
    std::string seed = std::to_string(i);
    const std::string code = FakeOf("postal_code", "80331", {.seed = seed.c_str(), .locale = kDe});
    EXPECT_EQ(code, FakeOf("postal_code", "10115", {.seed = seed.c_str(), .locale = kDe}));
  }
}

}  // namespace
}  // namespace gdpr
