// SPDX-License-Identifier: PostgreSQL
#include "batch/jobs/outbox_csv.hpp"

#include <gtest/gtest.h>

namespace gdpr::batch {
namespace {

TEST(OutboxCsv, PlainFieldsStandAsTheyAre) {
  EXPECT_EQ(CsvRecord({"1", "email", "a@b.example", "", "Zo\xC3\xAB"}),
            "1,email,a@b.example,,Zo\xC3\xAB\r\n");
}

TEST(OutboxCsv, CommasQuotesAndLinesAreQuoted) {
  EXPECT_EQ(CsvRecord({"a,b", "say \"x\"", "one\ntwo", "one\rtwo"}),
            "\"a,b\",\"say \"\"x\"\"\",\"one\ntwo\",\"one\rtwo\"\r\n");
}

TEST(OutboxCsv, ALoneQuoteIsDoubledAndEnclosed) {
  EXPECT_EQ(CsvRecord({"\""}), "\"\"\"\"\r\n");
}

}  // namespace
}  // namespace gdpr::batch
