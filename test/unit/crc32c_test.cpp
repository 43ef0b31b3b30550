// SPDX-License-Identifier: PostgreSQL
#include "core/crc32c.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace gdpr {
namespace {

// RFC 3720, appendix B.4
TEST(Crc32c, VectorsOfTheRfc) {
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending.push_back(static_cast<char>(i));
  const std::string descending(ascending.rbegin(), ascending.rend());
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(Crc32c(ascending), 0x46DD794EU);
  EXPECT_EQ(Crc32c(descending), 0x113FDB5CU);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(Crc32c(""), 0U);
}

TEST(Crc32c, InstructionAndTableAgree) {
  std::mt19937 random(20001);
  std::string bytes;
  for (int size = 0; size < 300; ++size) {
    EXPECT_EQ(Crc32c(bytes, 17), Crc32cByTable(bytes, 17)) << size;
    bytes.push_back(static_cast<char>(random()));
  }
}

TEST(Crc32c, GoesOnWhereAnotherEnded) {
  const std::string bytes = "a frame, and another one";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(Crc32c(bytes.substr(cut), Crc32c(bytes.substr(0, cut))), Crc32c(bytes));
  }
}

}  // namespace
}  // namespace gdpr
