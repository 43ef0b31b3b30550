// SPDX-License-Identifier: PostgreSQL
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/keyed.hpp"
#include "core/leaves.hpp"
#include "core/treat.hpp"
#include "core/utf8.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using namespace test;  // NOLINT
using enum Profile;

bool IsUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeAt(text, at);
    if (!point.valid) return false;
    at += point.bytes;
  }
  return true;
}

// Text with ASCII, accents, Chinese, marks, stray bytes.
std::string RandomText(TestRandom& random, std::size_t most, bool stray_bytes) {
  static const std::vector<std::string> pieces = {"a", "B", "z", "0",  "9",        " ", "@",
                                                  ".", "-", "é", "Ω",  "李",       "😀", "*",
                                                  "/", "{", "<", "\"", "e\xCC\x81"};
  std::string text;
  for (std::size_t i = random.Below(most + 1); i > 0; --i) {
    if (stray_bytes && random.Below(4) == 0) {
      text.push_back(static_cast<char>(random.Next()));
    } else {
      text += pieces[random.Below(pieces.size())];
    }
  }
  return text;
}

Value RandomValue(TestRandom& random, const std::string& text) {
  Value value = TextValue(text);
  value.integer = static_cast<std::int64_t>(random.Next()) >> random.Below(64);
  random.Fill(value.raw);
  value.family = random.Below(2) == 0 ? 4 : 6;
  value.prefix = static_cast<std::uint8_t>(random.Below(value.family == 4 ? 33 : 129));
  value.x = static_cast<double>(static_cast<std::int64_t>(random.Next())) / 1e17;
  value.y = -value.x;
  return value;
}

const std::vector<std::string>& RuleTails() {
  static const std::vector<std::string> tails = {"",
                                                 " unique",
                                                 " not_null",
                                                 " length=1",
                                                 " unique length=5",
                                                 " unique not_null length=40",
                                                 " erase=surrogate(digits)",
                                                 " erase=leaves",
                                                 " erase=redact",
                                                 " erase=empty",
                                                 " erase=surrogate(uuid) length=10",
                                                 " mask=partial(3,3)",
                                                 " mask=email length=2",
                                                 " generalize=month",
                                                 " generalize=prefix(20)",
                                                 " generalize=decimals(0)",
                                                 " generalize=bucket(2)",
                                                 " generalize=network",
                                                 " generalize=band(7) length=3"};
  return tails;
}

// Every profile answers for every kind, class and value; what it refuses is documented.
TEST(TreatLaw, TheTableOfKindsProfilesAndClassesHasNoHoles) {
  TestRandom random(3);
  Keyed keys(std::vector<std::uint8_t>(32, 1));
  Result result;
  for (const Kind& kind : Kinds()) {
    for (const std::string& tail : RuleTails()) {
      if (kind.name == "not_personal" && tail.find('=') != std::string::npos) continue;
      const Rule rule = ParseRule(std::string(kind.name) + tail);
      for (const ValueClass cls : AllClasses()) {
        for (const int bytes : {0, 2, 4, 8}) {
          const TypeFacts type = Type(cls, bytes);
          const std::string text = RandomText(random, 12, true);
          for (int i = 0; i < kProfiles; ++i) {
            const auto profile = static_cast<Profile>(i);
            const bool seeded = random.Below(2) == 0;
            try {
              Treat(rule, profile, type, RandomValue(random, text), random, result,
                    {&keys, "person 7", seeded, Locale::kNone});
            } catch (const Error& error) {
              const bool no_answer = error.sqlstate == "0A000" && cls == ValueClass::kOther &&
                                     rule.facts.not_null;
              const bool no_room = error.sqlstate == "PD005" && profile >= kFake &&
                                   cls == ValueClass::kText && rule.facts.unique;
              EXPECT_TRUE(no_answer || no_room)
                  << FormatRule(rule) << " " << static_cast<int>(cls) << " " << error.message;
            }
          }
        }
      }
    }
  }
}

TEST(TreatLaw, ResultsFitTheColumnAndAreUtf8) {
  TestRandom random(4);
  const TypeFacts type = Type(ValueClass::kText);
  Result result;
  for (int round = 0; round < 300; ++round) {
    for (const Kind& kind : Kinds()) {
      const std::string& tail = RuleTails()[random.Below(RuleTails().size())];
      if (kind.name == "not_personal" || kind.name == "job_title") continue;
      const Rule rule = ParseRule(std::string(kind.name) + tail);
      const bool stray = random.Below(2) == 0;
      const std::string text = RandomText(random, 30, stray);
      const TreatmentId erase = TreatmentFor(rule, kErase).id;
      for (const Profile profile : {kErase, kMask, kGeneralize}) {
        Treat(rule, profile, type, TextValue(text), random, result);
        const auto length = static_cast<std::size_t>(rule.facts.length);
        EXPECT_TRUE(length == 0 || CountChars(result.text) <= length) << FormatRule(rule);
        // Documents keep their keys and redact what is not found: there stray bytes stay.
        const bool copies = (profile == kErase &&
                             (erase == TreatmentId::kRedact || erase == TreatmentId::kLeaves)) ||
                            TreatmentFor(rule, profile).id == TreatmentId::kLeaves;
        EXPECT_TRUE((stray && copies) || IsUtf8(result.text)) << FormatRule(rule);
      }
    }
  }
}

// A value made of stars only says nothing, and the mask of it may look the same.
TEST(TreatLaw, NoMaskContainsItsShortValue) {
  TestRandom random(5);
  for (int round = 0; round < 400; ++round) {
    for (const Kind& kind : Kinds()) {
      if (kind.name == "not_personal") continue;
      if (TreatmentFor(ParseRule(kind.name), kMask).id == TreatmentId::kLeaves) continue;
      for (const std::string& rule :
           {std::string(kind.name), std::string(kind.name) + " mask=email",
            std::string(kind.name) + " mask=partial(100,100)"}) {
        const std::string text = RandomText(random, 8, round % 2 == 0);
        if (text.find('*') != std::string::npos || text.empty()) continue;
        if (text == "@" || text == ".") continue;  // the mask of an e-mail address has these
        EXPECT_EQ(Mask(rule, text).find(text), std::string::npos) << rule << ": " << text;
      }
    }
  }
}

TEST(TreatLaw, AMaskShowsAThirdAtMost) {
  TestRandom random(6);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::size_t i = 1 + random.Below(30); i > 0; --i) {
      text.push_back(static_cast<char>('a' + random.Below(26)));
    }
    const std::string rule = "phone mask=partial(" + std::to_string(random.Below(10)) + "," +
                             std::to_string(random.Below(10)) + ")";
    const std::string mask = Mask(rule, text);
    const auto stars = static_cast<std::size_t>(std::count(mask.begin(), mask.end(), '*'));
    EXPECT_GE(stars, 1U);
    EXPECT_LE((mask.size() - stars) * 3, text.size()) << mask;
  }
}

TEST(TreatLaw, GeneralizeAndMaskAreDeterministic) {
  TestRandom random(9);
  Result first;
  Result second;
  for (const Kind& kind : Kinds()) {
    for (const ValueClass cls : AllClasses()) {
      const std::string text = RandomText(random, 20, false);
      const Value value = RandomValue(random, text);
      for (const Profile profile : {kMask, kGeneralize}) {
        const Rule rule = ParseRule(kind.name);
        Treat(rule, profile, Type(cls, 8), value, random, first);
        Treat(rule, profile, Type(cls, 8), value, random, second);
        EXPECT_EQ(first.text, second.text);
        EXPECT_EQ(first.integer, second.integer);
        EXPECT_EQ(first.raw, second.raw);
      }
    }
  }
}

TEST(TreatLaw, IsConstantTellsTheTruth) {
  TestRandom random(10);
  for (const Kind& kind : Kinds()) {
    for (const std::string& tail : RuleTails()) {
      if (kind.name == "not_personal") continue;
      const Rule rule = ParseRule(std::string(kind.name) + tail);
      for (const ValueClass cls : AllClasses()) {
        for (const Profile profile : {kErase, kMask, kGeneralize}) {
          if (cls == ValueClass::kOther && rule.facts.not_null) continue;
          if (!IsConstant(rule, profile, Type(cls, 4))) continue;
          Result first;
          Result second;
          const std::string a = RandomText(random, 9, false);
          const std::string b = RandomText(random, 9, false);
          Treat(rule, profile, Type(cls, 4), RandomValue(random, a), random, first);
          Treat(rule, profile, Type(cls, 4), RandomValue(random, b), random, second);
          EXPECT_EQ(first.state, second.state);
          EXPECT_NE(first.state, Result::State::kSame);
          EXPECT_EQ(first.text, second.text) << FormatRule(rule);
          EXPECT_EQ(first.integer, second.integer);
          EXPECT_EQ(first.raw, second.raw);
          EXPECT_EQ(first.family, second.family);
          EXPECT_EQ(first.x, second.x);
        }
      }
    }
  }
  EXPECT_TRUE(IsConstant(ParseRule("email"), kErase, Type(ValueClass::kText)));
  EXPECT_FALSE(IsConstant(ParseRule("email unique"), kErase, Type(ValueClass::kText)));
  EXPECT_FALSE(IsConstant(ParseRule("not_personal"), kErase, Type(ValueClass::kText)));
  EXPECT_FALSE(IsConstant(ParseRule("device_id"), kErase, Type(ValueClass::kUuid)));
}

TEST(SurrogateLaw, NoTwoAreAlikeAndEachHasItsShape) {
  struct Case {
    const char* rule;
    std::size_t least;
    std::size_t most;
    const char* alphabet;
  };
  constexpr const char* kBase32 = "0123456789abcdefghjkmnpqrstvwxyz";
  const std::vector<Case> cases = {
      {"last_name unique", 27, 27, "anonymized-0123456789abcdefghjkmnpqrstvwxyz"},
      {"last_name unique length=24", 24, 24, "anonymized-0123456789abcdefghjkmnpqrstvwxyz"},
      {"last_name unique length=23", 16, 16, kBase32},
      {"last_name unique length=13", 13, 13, kBase32},
      {"last_name unique length=8", 8, 8, kBase32},
      {"last_name erase=surrogate(lower)", 16, 16, "abcdefghijklmnopqrstuvwxyz"},
      {"last_name erase=surrogate(upper)", 16, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
      {"last_name erase=surrogate(digits)", 19, 19, "0123456789"},
      {"phone erase=surrogate(digits) length=10", 10, 10, "0123456789"},
      {"token erase=surrogate(uuid)", 36, 36, "0123456789abcdef-"},
      {"token erase=surrogate(uuid) length=32", 32, 32, "0123456789abcdef"},
  };
  for (const Case& one : cases) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
      const std::string surrogate = Erase(one.rule, "x");
      EXPECT_TRUE(seen.insert(surrogate).second) << one.rule;
      EXPECT_GE(surrogate.size(), one.least) << one.rule;
      EXPECT_LE(surrogate.size(), one.most) << one.rule;
      EXPECT_EQ(surrogate.find_first_not_of(one.alphabet), std::string::npos) << surrogate;
    }
  }
}

TEST(SurrogateLaw, AnEmailStaysOneAndCanReachNobody) {
  for (const int length : {0, 255, 46, 43, 42, 32, 31, 20, 14}) {
    std::string rule = "email unique";
    if (length > 0) rule += " length=" + std::to_string(length);
    const std::string email = Erase(rule, "a@b.fr");
    EXPECT_TRUE(email.ends_with(".invalid")) << email;
    EXPECT_EQ(std::count(email.begin(), email.end(), '@'), 1) << email;
    EXPECT_TRUE(length == 0 || email.size() <= static_cast<std::size_t>(length));
  }
  EXPECT_EQ(Erase("email unique length=13", "a@b.fr").size(), 13U);
  EXPECT_TRUE(Erase("email unique", "a@b.fr").starts_with("anonymized-"));
}

TEST(SurrogateLaw, NumbersAreNegativeAndInTheRange) {
  std::set<std::int64_t> seen;
  for (int i = 0; i < 2000; ++i) {
    const Result small = TreatOne("age unique", kErase, Type(ValueClass::kNumber, 2), Value{});
    EXPECT_GE(small.integer, -32768);
    EXPECT_LT(small.integer, 0);
    const Result large =
        TreatOne("external_id unique", kErase, Type(ValueClass::kNumber, 8), Value{});
    EXPECT_LT(large.integer, 0);
    EXPECT_TRUE(seen.insert(large.integer).second);
    const Result digits = TreatOne("external_id erase=surrogate(digits) length=5", kErase,
                                   Type(ValueClass::kNumber), Value{});
    EXPECT_LE(digits.text.size(), 5U);
    EXPECT_NE(digits.text[0], '-');
    const Result date = TreatOne("birth_date unique", kErase, Type(ValueClass::kDate), Value{});
    EXPECT_LT(date.integer, -36524);
  }
}

TEST(SurrogateLaw, UuidsAreRandomVersionFour) {
  const Result a = TreatOne("device_id", kErase, Type(ValueClass::kUuid), Value{});
  const Result b = TreatOne("device_id", kErase, Type(ValueClass::kUuid), Value{});
  EXPECT_NE(a.raw, b.raw);
  EXPECT_EQ(a.raw[6] >> 4, 4);
  EXPECT_EQ(a.raw[8] >> 6, 2);
}

}  // namespace
}  // namespace gdpr
