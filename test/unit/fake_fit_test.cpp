// SPDX-License-Identifier: PostgreSQL
// A wide column changes no fake, and a narrow one is never passed.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "core/utf8.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

constexpr std::array<std::uint8_t, 32> kMaster = {31, 32, 33};

std::string Fake(const std::string& rule, Profile profile, std::string_view text,
                 const char* seed) {
  static Keyed keys(kMaster);
  test::TestRandom random;
  Result result;
  const Keying keying{&keys, seed == nullptr ? "" : seed, seed != nullptr, Locale::kNone};
  Treat(ParseRule(rule), profile, test::Type(ValueClass::kText), test::TextValue(text), random,
        result, keying);
  return result.state == Result::State::kSame ? std::string(text) : result.text;
}

TEST(FakeFit, AWideColumnChangesNothing) {
  for (const Kind& kind : Kinds()) {
    for (const Profile profile : {Profile::kFake, Profile::kPseudonym}) {
      for (const char* text : {"Anna Keller", "anna.keller@firma.de", "+49 170 1234567", "4711"}) {
        for (const char* seed : {static_cast<const char*>(nullptr), "1"}) {
          const std::string name(kind.name);
          const std::string free = Fake(name, profile, text, seed);
          const std::string rule = name + " length=255";
          EXPECT_EQ(Fake(rule, profile, text, seed), free) << rule << " " << text;
        }
      }
    }
  }
}

TEST(FakeFit, NoFakeIsLongerThanTheColumn) {
  for (const Kind& kind : Kinds()) {
    for (const Profile profile : {Profile::kFake, Profile::kPseudonym}) {
      for (const std::size_t length : {1U, 2U, 3U, 5U, 8U, 10U, 15U, 20U, 25U, 30U}) {
        for (const char* text :
             {"Anna Keller", "anna@x.de", "+49 170 12345", "4711", "1980-05-17", "7"}) {
          if (std::string_view(text).size() > length) continue;
          const std::string rule = std::string(kind.name) + " length=" + std::to_string(length);
          const std::string fake = Fake(rule, profile, text, nullptr);
          EXPECT_LE(CountChars(fake), length) << rule << ": " << text << " -> " << fake;
        }
      }
    }
  }
}

}  // namespace
}  // namespace gdpr
