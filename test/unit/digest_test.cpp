// SPDX-License-Identifier: PostgreSQL
#include "core/digest.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <type_traits>
#include <vector>

#include "core/personal.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

std::vector<std::uint8_t> Master() {
  std::vector<std::uint8_t> master(32);
  for (std::size_t i = 0; i < master.size(); ++i) master[i] = static_cast<std::uint8_t>(i);
  return master;
}

// Computed with Python's hmac and hashlib by RFC 5869 and RFC 2104.
TEST(Digest, IsHkdfAndHmac) {
  const Key key = DeriveKey(Master(), "suppression");
  EXPECT_EQ(key[0], 0xc6);
  EXPECT_EQ(key[31], 0xa5);
  EXPECT_EQ(KeyedDigest(key, "email", "a@b.fr"),
            "4ccb259a5e885fbeeb9dda5b5511766476b88191532cf3bc7f5a51f93a65a5c0");
  EXPECT_EQ(Fingerprint(Master()), "f8110f18a2e6ec18");
}

TEST(Digest, EachUseHasItsOwnKey) {
  EXPECT_NE(DeriveKey(Master(), "a"), DeriveKey(Master(), "b"));
  EXPECT_NE(DeriveKey(Master(), ""), DeriveKey(Master(), "a"));
}

TEST(Digest, DomainAndValueDoNotRunTogether) {
  const Key key = DeriveKey(Master(), "test");
  EXPECT_NE(KeyedDigest(key, "ab", "c"), KeyedDigest(key, "a", "bc"));
  EXPECT_NE(KeyedDigest(key, "", "abc"), KeyedDigest(key, "abc", ""));
  EXPECT_EQ(KeyedDigest(key, "a", std::string_view("b\0c", 3)).size(), 64U);
  EXPECT_NE(KeyedDigest(key, "a", std::string_view("b\0c", 3)), KeyedDigest(key, "a", "b"));
}

TEST(Digest, AShortMasterIsRefused) {
  const std::vector<std::uint8_t> short_master(31);
  const Error error = test::ErrorOf([&] { DeriveKey(short_master, "x"); });
  EXPECT_EQ(error.sqlstate, "55000");
  EXPECT_NE(error.hint.find("create_key"), std::string::npos);
}

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST(Personal, CannotBeStreamed) {
  static_assert(!Streamable<Personal>);
  static_assert(Streamable<std::string_view>);
  static_assert(!std::is_convertible_v<Personal, std::string_view>);
  EXPECT_EQ(Personal("Smith").Reveal(), "Smith");
  EXPECT_EQ(Personal("Smith").Length(), 5U);
}

}  // namespace
}  // namespace gdpr
