// SPDX-License-Identifier: PostgreSQL
#include "core/audit_body.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gdpr {
namespace {

std::string Body(std::string_view columns) {
  return std::string(kEmptyBody).append(columns);
}

// What a reader makes of a body: the columns, or nothing where it is none.
std::optional<std::vector<BodyColumn>> Read(std::string_view body) {
  BodyReader reader(body);
  std::vector<BodyColumn> columns;
  for (BodyColumn column; reader.Next(column);) columns.push_back(column);
  if (!reader.IsSound()) return std::nullopt;
  return columns;
}

TEST(AuditBody, WhatIsPutIsRead) {
  const std::string text(300, 'x');
  std::string body(1000, '\0');
  char* at = PutBodyHead(body.data());
  at = PutColumnHead(at, 1, Side::kNull, Side::kValue);
  at = PutValue(at, text.data(), text.size());
  at = PutColumnHead(at, 130, Side::kValue, Side::kUntold);
  at = PutValue(at, nullptr, 0);
  body.resize(static_cast<std::size_t>(at - body.data()));
  const auto columns = Read(body);
  ASSERT_TRUE(columns);
  ASSERT_EQ(columns->size(), 2U);
  EXPECT_EQ((*columns)[0].number, 1U);
  EXPECT_EQ((*columns)[0].from.code, Side::kNull);
  EXPECT_EQ((*columns)[0].to.code, Side::kValue);
  EXPECT_EQ((*columns)[0].to.value, text);
  EXPECT_EQ((*columns)[1].number, 130U);
  EXPECT_EQ((*columns)[1].place, 1U);
  EXPECT_TRUE((*columns)[1].from.IsReadable());
  EXPECT_EQ((*columns)[1].from.value, "");
  EXPECT_EQ((*columns)[1].to.code, Side::kUntold);
}

TEST(AuditBody, VarintsAreTheShortest) {
  for (const std::uint32_t value : {0U, 127U, 128U, 16383U, 16384U, 0xFFFFFFFFU}) {
    std::array<char, kVarintBytes> bytes{};
    const char* end = PutVarint(bytes.data(), value);
    const std::size_t size = static_cast<std::size_t>(end - bytes.data());
    EXPECT_LE(size, kVarintBytes);
    EXPECT_EQ(size, value < 128 ? 1U : value < 16384 ? 2U : value < 2097152 ? 3U : 5U);
  }
}

TEST(AuditBody, WhatIsNoBodyIsNotSound) {
  EXPECT_TRUE(Read(kEmptyBody));
  EXPECT_TRUE(Read(Body({"\x01\x10", 2})));
  const std::vector<std::pair<const char*, std::string>> others = {
      {"nothing", ""},
      {"another version", std::string("\x02\x00", 2)},
      {"an unknown flag", std::string("\x01\x10", 2)},
      {"digest and salt of one key", std::string("\x01\x05", 2) + std::string(48, 'x')},
      {"a flag and nothing that follows", std::string("\x01\x01", 2)},
      {"column 0", Body(std::string("\x00\x10", 2))},
      {"columns that descend", Body(std::string("\x02\x10\x01\x10", 4))},
      {"a column twice", Body(std::string("\x02\x10\x02\x10", 4))},
      {"a column that cannot be", Body(std::string("\xC1\x0C\x10", 3))},
      {"an unknown side", Body(std::string("\x01\x06", 2))},
      {"a long varint", Body(std::string("\x81\x00\x10", 3))},
      {"a varint of six bytes", Body(std::string("\x81\x81\x81\x81\x81\x01\x10", 7))},
      {"a varint beyond 32 bits", Body(std::string("\xFF\xFF\xFF\xFF\x7F\x10", 6))},
      {"a column without sides", Body("\x01")},
      {"a value that is cut off", Body(std::string("\x01\x02\x05hell", 7))},
      {"a digest that is cut off", Body(std::string("\x01\x03xxx", 5))},
      {"a salt that is cut off", Body(std::string("\x01\x05xxx", 5))}};
  for (const auto& [what, body] : others) EXPECT_FALSE(Read(body)) << what;
}

TEST(AuditBody, FlagsAreInTheirOrder) {
  const std::string body = std::string("\x01\x09", 2) + std::string(32, 'd') + std::string(16, 's');
  BodyReader reader(body);
  EXPECT_TRUE(reader.IsSound());
  EXPECT_EQ(reader.SubjectDigest(), std::string(32, 'd'));
  EXPECT_EQ(reader.RowSalt(), std::string(16, 's'));
  EXPECT_EQ(reader.RowDigest(), "");
  EXPECT_EQ(reader.SubjectSalt(), "");
}

}  // namespace
}  // namespace gdpr
