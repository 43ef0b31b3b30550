// SPDX-License-Identifier: PostgreSQL
// Exports and proofs: test/batch/audit.sh has real ones; here is what is none.
#include "batch/audit/audit_lines.hpp"

#include <gtest/gtest.h>

namespace gdpr::batch {
namespace {

constexpr std::string_view kHead =
    R"({"format": "pg_gdpr audit 1", "from_seal": "1", "to_seal": null, "database": "d", "instance": "i"})";

std::string FirstBad(AuditLines& lines) {
  const auto bad = lines.TakeBad();
  return bad.empty() ? "" : bad.front().status;
}

TEST(AuditLines, FirstLineSaysWhatItIs) {
  for (const std::string_view line :
       {"", "null", "[]", "{", R"({"format": 1})", R"({"format": "pg_gdpr audit 2"})",
        R"({"seal": "1"})", R"({"format": "pg_gdpr audit 1"})"}) {
    AuditLines lines({});
    EXPECT_FALSE(lines.Add(line)) << line;
    EXPECT_FALSE(lines.IsSound()) << line;
  }
}

TEST(AuditLines, AnEmptyLogIsSound) {
  AuditLines lines({});
  ASSERT_TRUE(lines.Add(kHead));
  ASSERT_TRUE(lines.Add(R"({"end": true})"));
  lines.Finish();
  EXPECT_TRUE(lines.IsSound());
  EXPECT_EQ(FirstBad(lines), "");
}

TEST(AuditLines, WithoutItsEndItIsNotWhole) {
  AuditLines lines({});
  ASSERT_TRUE(lines.Add(kHead));
  lines.Finish();
  EXPECT_EQ(FirstBad(lines), "the export ends too early");
}

TEST(AuditLines, AnAnchorOfAnotherDatabaseIsNone) {
  AuditLines lines({{}, "1 t 2 d other " + std::string(64, 'a') + "\n", {}});
  ASSERT_TRUE(lines.Add(kHead));
  EXPECT_FALSE(lines.IsSound());
}

TEST(AuditLines, SealsOfTheAnchorThatAreGoneAreMissed) {
  AuditLines lines({{}, "1 t 2 d i " + std::string(64, 'a') + "\n", {}});
  ASSERT_TRUE(lines.Add(kHead));
  ASSERT_TRUE(lines.Add(R"({"end": true})"));
  lines.Finish();
  EXPECT_EQ(FirstBad(lines), "seals 1 to 1 are anchored and gone");
}

TEST(AuditLines, OtherLinesAreFindings) {
  const std::string zeros(64, '0');
  for (const std::string& line : std::vector<std::string>{
           "", "7", "{}", R"({"n": 1})", R"({"n": 99999999999})", R"({"statement": 5})",
           R"({"statement": "5x"})", R"({"statement": "99999999999999999999"})",
           R"({"key_id": 1, "public_key": "0"})", R"({"key_id": "1", "public_key": "00"})",
           R"({"configuration": "zz", "body": ""})",
           R"({"shape": "00", "names": [1], "types": [], "numbers": [], "key_columns": null})",
           R"({"shape": "00", "names": [], "types": [], "numbers": [70000], "key_columns": null})",
           R"({"seal": "1", "kind": "SS"})",
           R"({"seal": "1", "kind": "S", "previous": ")" + zeros + R"("})",
           R"({"n": 1, "subject_type": "", "subject_key": {"hex": "0"}, "row_key": null})"}) {
    AuditLines lines({});
    ASSERT_TRUE(lines.Add(kHead));
    ASSERT_TRUE(lines.Add(line));
    EXPECT_EQ(FirstBad(lines), "line 2 is none of an export's") << line;
    EXPECT_FALSE(lines.IsSound());
  }
}

TEST(AuditLines, NothingComesAfterTheEnd) {
  AuditLines lines({});
  ASSERT_TRUE(lines.Add(kHead));
  ASSERT_TRUE(lines.Add(R"({"end": true})"));
  ASSERT_TRUE(lines.Add(R"({"end": true})"));
  EXPECT_EQ(FirstBad(lines), "line 3 is none of an export's");
}

TEST(Proof, WhatIsNoneIsNone) {
  for (const std::string_view text :
       {"", "{}", "[]", R"({"format": "pg_gdpr proof 1"})",
        R"({"format": "pg_gdpr proof 1", "seal": {}, "statement": {}, "change": {}})"}) {
    std::string event;
    std::int64_t seal = 0;
    EXPECT_EQ(CheckProof(text, {}, event, seal), "this is no proof of an event") << text;
  }
}

}  // namespace
}  // namespace gdpr::batch
