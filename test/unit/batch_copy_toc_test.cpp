// SPDX-License-Identifier: PostgreSQL
// What pg_restore of PostgreSQL 15 prints: contents and errors.
#include <gtest/gtest.h>

#include "batch/copy/copy_toc.hpp"

namespace gdpr::batch {
namespace {

constexpr std::string_view kList =
    ";\n"
    "; Archive created at 2026-11-22 13:00:00 UTC\n"
    ";     TOC Entries: 7\n"
    ";\n"
    "6; 2615 16385 SCHEMA - crm postgres\n"
    "215; 1259 16390 TABLE crm contact postgres\n"
    ";\tdepends on: 6\n"
    "216; 1259 16397 VIEW crm masked postgres\n"
    ";\tdepends on: 6 215\n"
    "217; 1259 16401 VIEW crm masked twice postgres\n"
    ";\tdepends on: 216\n"
    "3220; 0 0 COMMENT - EXTENSION citext \n"
    "3221; 0 0 COMMENT crm TABLE contact postgres\n"
    ";\tdepends on: 215\n"
    "4294; 2606 4294967295 CONSTRAINT crm contact contact_pkey postgres\n"
    ";\tdepends on: 215";

std::vector<int> LeftOut(const std::set<ObjectId>& objects) {
  std::vector<TocEntry> toc = ParseToc(kList);
  LeaveOut(toc, objects);
  std::vector<int> ids;
  for (const TocEntry& entry : toc) {
    if (entry.left_out) ids.push_back(entry.id);
  }
  return ids;
}

TEST(CopyToc, every_object_is_read_with_what_it_depends_on_and_comments_are_none) {
  const std::vector<TocEntry> toc = ParseToc(kList);
  ASSERT_EQ(toc.size(), 7U);
  EXPECT_EQ(toc[1].id, 215);
  EXPECT_EQ(toc[1].catalog, 1259U);
  EXPECT_EQ(toc[1].oid, 16390U);
  EXPECT_EQ(toc[1].text, "TABLE crm contact postgres");
  EXPECT_EQ(toc[2].depends_on, (std::vector<int>{6, 215}));
  EXPECT_EQ(toc[6].oid, 4294967295U);
  EXPECT_EQ(toc[6].depends_on, (std::vector<int>{215}));
}

TEST(CopyToc, lines_that_are_no_entries_are_passed_over) {
  EXPECT_TRUE(ParseToc("").empty());
  EXPECT_TRUE(ParseToc("\n\n;\n;\tdepends on: 7\n").empty());
  EXPECT_TRUE(ParseToc("215 1259 16390 TABLE\n215;\n215; 1259\nx; 1 2 TABLE\n").empty());
  EXPECT_TRUE(ParseToc("99999999999; 1 2 TABLE a b c\n").empty());
  EXPECT_EQ(ParseToc("7; 1 2").at(0).text, "");
}

TEST(CopyToc, what_depends_on_something_that_is_left_out_is_left_out_too) {
  EXPECT_EQ(LeftOut({{1259, 16397}}), (std::vector<int>{216, 217, 3220}));
  EXPECT_EQ(LeftOut({{1259, 16390}}), (std::vector<int>{215, 216, 217, 3220, 3221, 4294}));
}

TEST(CopyToc, a_comment_on_an_extension_is_never_made_and_no_other_is_lost) {
  EXPECT_EQ(LeftOut({}), (std::vector<int>{3220}));
  EXPECT_EQ(LeftOut({{0, 0}}), (std::vector<int>{3220}));  // 0 is nobody's number
  EXPECT_EQ(LeftOut({{2615, 16390}}), (std::vector<int>{3220}));
}

TEST(CopyToc, passwords_event_triggers_and_samples_of_values_are_never_made) {
  std::vector<TocEntry> toc = ParseToc(
      "1; 0 0 USER MAPPING - USER MAPPING app SERVER far postgres\n"
      "2; 3466 16400 EVENT TRIGGER - watch postgres\n"
      "3; 0 0 COMMENT - EVENT TRIGGER watch postgres\n;\tdepends on: 2\n"
      "4; 0 0 STATISTICS DATA crm contact postgres\n"
      "5; 3381 16401 STATISTICS crm together postgres\n"
      "6; 2620 16402 TRIGGER crm contact watch postgres\n");
  LeaveOut(toc, {});
  for (const TocEntry& entry : toc) EXPECT_EQ(entry.left_out, entry.id < 5) << entry.text;
}

TEST(CopyToc, a_circle_of_dependencies_is_left_out_once) {
  std::vector<TocEntry> toc =
      ParseToc("1; 9 1 A\n;\tdepends on: 2\n2; 9 2 B\n;\tdepends on: 1\n3; 9 3 C\n");
  LeaveOut(toc, {{9, 1}});
  EXPECT_TRUE(toc[0].left_out && toc[1].left_out);
  EXPECT_FALSE(toc[2].left_out);
}

// Recorded, but for the name in the row.
constexpr std::string_view kErrors =
    "pg_restore: while PROCESSING TOC:\n"
    "pg_restore: from TOC entry 3211; 2606 16400 CHECK CONSTRAINT contact adult postgres\n"
    "pg_restore: error: could not execute query: ERROR:  check constraint \"adult\" of relation "
    "\"contact\" is violated by some row\n"
    "DETAIL:  Failing row contains (1, Zebulon).\n"
    "CONTEXT:  Zebulon\n"
    "Command was: ALTER TABLE crm.contact\n"
    "    ADD CONSTRAINT adult CHECK ((name <> 'Zebulon'::text)) NOT VALID;\n"
    "\n"
    "pg_restore: from TOC entry 3212; 1259 16404 INDEX contact_x postgres\n"
    "pg_restore: error: could not execute query: ERROR:  out of memory\n"
    "pg_restore: from TOC entry 3211; 2606 16400 CHECK CONSTRAINT contact adult postgres\n"
    "pg_restore: warning: errors ignored on restore: 2\n";

TEST(CopyErrors, entries_that_failed_are_named_once_each) {
  EXPECT_EQ(FailedEntries(kErrors), (std::vector<int>{3211, 3212}));
  EXPECT_TRUE(FailedEntries("").empty());
  EXPECT_TRUE(FailedEntries("pg_restore: from TOC entry x; from TOC entry ").empty());
}

TEST(CopyErrors, what_is_shown_is_the_programs_words_and_never_a_row_or_a_statement) {
  const std::string shown = ErrorsOfSchema(kErrors);
  EXPECT_NE(shown.find("check constraint \"adult\""), std::string::npos);
  EXPECT_NE(shown.find("out of memory"), std::string::npos);
  EXPECT_EQ(shown.find("Zebulon"), std::string::npos);
  EXPECT_EQ(shown.find("errors ignored"), std::string::npos);
  EXPECT_EQ(shown.find('\n'), std::string::npos);
}

TEST(CopyErrors, a_long_tale_is_cut) {
  std::string tale;
  for (int i = 0; i < 100; ++i) tale += "pg_dump: error: no such table as this one\n";
  const std::string shown = ErrorsOfSchema(tale);
  EXPECT_LE(shown.size(), 1010U);
  EXPECT_TRUE(shown.ends_with(" …"));
  EXPECT_EQ(ErrorsOfSchema("something else said this\n"), "");
}

}  // namespace
}  // namespace gdpr::batch
