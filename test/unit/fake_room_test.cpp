// SPDX-License-Identifier: PostgreSQL
#include "core/fake/fake_room.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using How = FakeRoom::How;
using enum ValueClass;

FakeRoom Room(std::string_view rule, ValueClass cls = kText, Profile profile = Profile::kFake) {
  return RoomOf(ParseRule(rule), profile, test::Type(cls, cls == kNumber ? 4 : 0));
}

TEST(FakeRoom, SaysHowUniqueFakesStayApart) {
  EXPECT_EQ(Room("email").how, How::kNotUnique);
  EXPECT_EQ(Room("email unique").how, How::kBits);
  EXPECT_GE(Room("email unique").bits, 80);
  EXPECT_EQ(Room("email unique length=60").how, How::kBits);
  EXPECT_EQ(Room("email unique length=12").how, How::kTooSmall);
  EXPECT_EQ(Room("phone unique length=8").how, How::kPermutation);
  EXPECT_EQ(Room("card_expiry unique length=5").how, How::kPermutation);
  EXPECT_EQ(Room("external_id unique", kNumber).how, How::kPermutation);
  EXPECT_EQ(Room("external_id unique", kUuid).bits, 122);
  EXPECT_EQ(Room("password unique").how, How::kBits);  // no constant
  EXPECT_EQ(Room("password unique length=15").how, How::kTooSmall);
  EXPECT_EQ(Room("password unique fake=constant('x')").how, How::kNotUnique);
  EXPECT_EQ(Room("city unique fake=empty").how, How::kNotUnique);
  EXPECT_EQ(Room("gender unique", kBoolean).how, How::kNotUnique);
  EXPECT_EQ(Room("gender unique", kNumber).how, How::kNotUnique);
  EXPECT_EQ(Room("birth_date unique", kNumber).how, How::kNotUnique);
  EXPECT_EQ(Room("gender unique", kNumber, Profile::kPseudonym).how, How::kPermutation);
  EXPECT_EQ(Room("profile_json unique").how, How::kNotUnique);
  EXPECT_EQ(Room("profile_xml unique", kText, Profile::kPseudonym).how, How::kNotUnique);
  EXPECT_EQ(Room("email unique", kJson).how, How::kNotUnique);
  EXPECT_EQ(Room("email unique fake=keep").how, How::kPermutation);
  EXPECT_EQ(Room("email unique fake=null").how, How::kPermutation);
  EXPECT_EQ(Room("city unique length=16", kText, Profile::kPseudonym).bits, 80);
  EXPECT_EQ(Room("city unique length=15", kText, Profile::kPseudonym).how, How::kTooSmall);
  EXPECT_EQ(Room("email unique", kText, Profile::kPseudonym).bits, 130);
  EXPECT_EQ(Room("email unique length=36", kText, Profile::kPseudonym).bits, 80);
  EXPECT_EQ(Room("iban unique length=4", kText, Profile::kPseudonym).how, How::kPermutation);
}

TEST(FakeRoom, TheBoundIsTheBirthdaysOne) {
  EXPECT_NEAR(CollisionBound({How::kBits, 80}, 5e6), 25e12 / 2.418e24, 1e-14);
  EXPECT_EQ(CollisionBound({How::kBits, 10}, 1e6), 1);
  EXPECT_EQ(CollisionBound({How::kPermutation, 0}, 1e9), 0);
  EXPECT_EQ(CollisionBound({How::kTooSmall, 0}, 2), 1);
}

// What it promises is tried: every kind, in any room.
TEST(FakeRoom, WhatFitsNeverCollidesAndWhatDoesNotIsRefused) {
  constexpr std::array<std::uint8_t, 32> kMaster = {7};
  Keyed keys(kMaster);
  test::TestRandom random;
  Result result;
  for (const Kind& kind : Kinds()) {
    for (const Profile profile : {Profile::kFake, Profile::kPseudonym}) {
      for (const char* length : {"", " length=12", " length=20", " length=40"}) {
        const Rule rule = ParseRule(std::string(kind.name) + " unique" + length);
        const TypeFacts type = test::Type(kText);
        const FakeRoom room = RoomOf(rule, profile, type);
        if (room.how == How::kNotUnique || !NeedsKey(rule, profile)) continue;
        // Dates and numbers are permuted among such; what else a column holds is not foreseen.
        const TreatmentId id = TreatmentFor(rule, profile).id;
        if (id == TreatmentId::kShift || id == TreatmentId::kNoise) continue;
        SCOPED_TRACE(FormatRule(rule) + " " + std::string(ProfileName(profile)));
        std::set<std::string> seen;
        for (int i = 0; i < 200; ++i) {
          const std::string text = std::to_string(5'551'000 + i);
          try {
            Treat(rule, profile, type, test::TextValue(text), random, result,
                  {&keys, {}, false, Locale::kNone});
          } catch (const Error& error) {
            ASSERT_EQ(error.sqlstate, "PD005");
            ASSERT_EQ(room.how, How::kTooSmall) << error.message;
            break;
          }
          ASSERT_NE(room.how, How::kTooSmall);
          ASSERT_TRUE(seen.insert(result.text).second) << text << " -> " << result.text;
        }
      }
    }
  }
}

TEST(FakeRoom, NumbersAndDocumentsThatAreSaidToStayApartDo) {
  constexpr std::array<std::uint8_t, 32> kMaster = {8};
  Keyed keys(kMaster);
  test::TestRandom random;
  Result result;
  for (const Kind& kind : Kinds()) {
    for (const Profile profile : {Profile::kFake, Profile::kPseudonym}) {
      for (const ValueClass cls : {kNumber, kJson}) {
        const Rule rule = ParseRule(std::string(kind.name) + " unique");
        const TypeFacts type = test::Type(cls, cls == kNumber ? 4 : 0);
        if (RoomOf(rule, profile, type).how == How::kNotUnique || !NeedsKey(rule, profile))
          continue;
        std::set<std::string> seen;
        for (int i = -200; i < 400; ++i) {
          const std::string document = R"({"first_name": "Anna)" + std::to_string(i) + "\"}";
          Value value = test::TextValue(document);
          value.integer = i;
          Treat(rule, profile, type, value, random, result, {&keys, {}, false, Locale::kNone});
          const std::string made = cls == kNumber ? std::to_string(result.integer) : result.text;
          ASSERT_TRUE(seen.insert(made).second)
              << FormatRule(rule) << " " << ProfileName(profile) << " " << i << " -> " << made;
        }
      }
    }
  }
}

}  // namespace
}  // namespace gdpr
