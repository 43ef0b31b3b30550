// SPDX-License-Identifier: PostgreSQL
#include "core/token.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <vector>

#include "treat_fixture.hpp"

namespace gdpr {
namespace {

constexpr std::string_view kInstance = "0b4f1a1e-0000-4000-8000-000000000001";

std::vector<std::uint8_t> Master(std::uint8_t first = 0) {
  std::vector<std::uint8_t> master(32);
  for (std::size_t i = 0; i < master.size(); ++i) master[i] = static_cast<std::uint8_t>(i);
  master[0] = first;
  return master;
}

TokenContent Content() {
  return {"contact", "42", "newsletter", "terms", 3, 1'000'000, 2'000'000};
}

TEST(Token, SaysWhatWasSealed) {
  TokenBox box(Master(), kInstance, 1);
  TokenContent strange{"t\0x",
                       "a@b.fr",
                       "",
                       "",
                       -1,
                       std::numeric_limits<std::int64_t>::min(),
                       std::numeric_limits<std::int64_t>::max()};
  strange.subject_key.append("\0\xff\n", 3);
  for (const TokenContent& content : {Content(), TokenContent{}, strange}) {
    EXPECT_EQ(box.Open(box.Seal(content)), content);
  }
}

// Computed with Python's hmac and openssl enc from the description in token.hpp.
TEST(Token, IsHmacAndAesAsDescribed) {
  TokenBox box(Master(), kInstance, 1);
  EXPECT_EQ(box.Seal(Content()),
            "AQAAAAGVi1jl-xsPKmihVfVyWBHqszUQUnQpbwy4o3eEUGeopnwXMqVy3VnT78aG30Wg94Himwse_suB-"
            "fqRCqqmhJGNm9xOog");
}

TEST(Token, EqualContentsAreEqualTokensAndOthersAreNot) {
  TokenBox box(Master(), kInstance, 1);
  TokenBox again(Master(), kInstance, 1);
  std::set<std::string> tokens;
  std::vector<TokenContent> contents(8, Content());
  contents[1].subject_type = "contac";
  contents[1].subject_key = "t42";
  contents[2].subject_key = "43";
  contents[3].purpose = "";
  contents[4].form = "";
  contents[5].form_version = 4;
  contents[6].issued_at = 1'000'001;
  contents[7].expires_at = 2'000'001;
  for (const TokenContent& content : contents) {
    const std::string token = box.Seal(content);
    EXPECT_EQ(token, again.Seal(content));
    tokens.insert(token);
  }
  EXPECT_EQ(tokens.size(), contents.size());
}

TEST(Token, ShowsNothingOfItsContent) {
  TokenBox box(Master(), kInstance, 1);
  TokenContent content = Content();
  content.subject_key = std::string(300, 'A');
  const std::string token = box.Seal(content);
  EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789-_"),
            std::string::npos);
  // Repetition would show through an encoding, and through a cipher without counter
  std::set<std::string> pieces;
  for (std::size_t at = 60; at + 8 <= token.size(); ++at) pieces.insert(token.substr(at, 8));
  EXPECT_EQ(pieces.size(), token.size() - 60 - 8 + 1);
}

TEST(Token, OneChangedBitMakesItWorthless) {
  TokenBox box(Master(), kInstance, 1);
  const std::string token = box.Seal(Content());
  const std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (std::size_t at = 0; at < token.size(); ++at) {
    for (const char digit : digits) {
      std::string forged = token;
      forged[at] = digit;
      EXPECT_EQ(box.Open(forged).has_value(), forged == token) << at << digit;
    }
  }
}

TEST(Token, CutLongerOrOtherwiseSpelledItIsNone) {
  TokenBox box(Master(), kInstance, 1);
  const std::string token = box.Seal(Content());
  for (std::size_t length = 0; length < token.size(); ++length) {
    EXPECT_FALSE(box.Open(std::string_view(token).substr(0, length))) << length;
  }
  for (const char* more : {"A", "AA", "AAA", "AAAA", "=", "==", " ", "\n", "%3D"}) {
    EXPECT_FALSE(box.Open(token + more));
    EXPECT_FALSE(box.Open(more + token));
  }
  EXPECT_FALSE(box.Open(token + token));
  EXPECT_FALSE(box.Open(std::string(1'000'000, 'A')));
  EXPECT_FALSE(box.Open(std::string(kTokenChars, 'A')));
  EXPECT_FALSE(box.Open(""));
  EXPECT_FALSE(box.Open(std::string_view("\0\0\0", 3)));
  EXPECT_EQ(box.Open(token), Content());
}

TEST(Token, AnotherDatabaseKeyOrKeyIdMakesNoTokenOfOurs) {
  TokenBox box(Master(), kInstance, 1);
  TokenBox other_database(Master(), "0b4f1a1e-0000-4000-8000-000000000002", 1);
  TokenBox other_key(Master(9), kInstance, 1);
  TokenBox other_id(Master(), kInstance, 2);
  const std::string token = box.Seal(Content());
  for (TokenBox* other : {&other_database, &other_key, &other_id}) {
    EXPECT_NE(other->Seal(Content()), token);
    EXPECT_FALSE(other->Open(token));
    EXPECT_FALSE(box.Open(other->Seal(Content())));
  }
}

TEST(Token, HasATagOfItsOwn) {
  TokenBox box(Master(), kInstance, 1);
  TokenContent later = Content();
  ++later.issued_at;
  TokenTag first{};
  TokenTag again{};
  TokenTag other{};
  ASSERT_TRUE(box.Open(box.Seal(Content()), &first));
  ASSERT_TRUE(box.Open(box.Seal(Content()), &again));
  ASSERT_TRUE(box.Open(box.Seal(later), &other));
  EXPECT_EQ(first, again);
  EXPECT_NE(first, other);
}

TEST(Token, NeverIsLongerThanItMayBe) {
  TokenBox box(Master(), kInstance, 1);
  TokenContent content = Content();
  content.subject_key.clear();
  std::size_t longest = 0;
  try {
    for (;; content.subject_key.push_back('k')) {
      const std::string token = box.Seal(content);
      longest = token.size();
      ASSERT_LE(longest, kTokenChars);
      ASSERT_EQ(box.Open(token), content);
    }
  } catch (const Error& error) {
    EXPECT_EQ(error.sqlstate, "54000");
    EXPECT_EQ((error.message + error.detail).find("kkk"), std::string::npos);
  }
  EXPECT_EQ(longest, kTokenChars);
  content.subject_key.assign(100'000, 'k');
  EXPECT_EQ(test::ErrorOf([&] { box.Seal(content); }).sqlstate, "54000");
}

}  // namespace
}  // namespace gdpr
