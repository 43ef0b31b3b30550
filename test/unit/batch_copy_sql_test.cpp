// SPDX-License-Identifier: PostgreSQL
// The statements of a copy, and how tables fall into parts.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "batch/copy/copy_sql.hpp"

namespace gdpr::batch {
namespace {

CopyTable TableOf(const std::string& name, std::int64_t pages = 1) {
  CopyTable table;
  table.schema = "crm";
  table.name = name;
  table.pages = pages;
  table.rows_estimate = 50 * pages;
  table.columns = {{"id", 23, -1, true, "", false}, {"e mail", 25, -1, false, "email", false}};
  return table;
}

TEST(CopySql, names_and_literals_are_quoted_so_that_nothing_gets_out_of_them) {
  EXPECT_EQ(QuoteName("a \"b\"; DROP"), "\"a \"\"b\"\"; DROP\"");
  EXPECT_EQ(QuoteName(""), "\"\"");
  EXPECT_EQ(QuoteLiteral("it's"), "'it''s'");
  EXPECT_EQ(QuoteLiteral("c:\\'x"), " E'c:\\\\''x'");
  CopyTable table = TableOf("Con\"tact");
  EXPECT_EQ(QualifiedName(table), "\"crm\".\"Con\"\"tact\"");
  EXPECT_EQ(ColumnList(table), " (\"id\", \"e mail\")");
  table.columns.clear();
  EXPECT_EQ(ColumnList(table), "");
}

std::vector<std::string> StatementsOf(const CopyTable& table, const CopyPart& part = {}) {
  ReadStatements read(table, part);
  std::vector<std::string> statements;
  for (std::string next = read.Next(); !next.empty(); next = read.Next()) {
    statements.push_back(std::move(next));
  }
  return statements;
}

TEST(CopySql, all_of_a_table_is_read_without_a_plan) {
  EXPECT_EQ(StatementsOf(TableOf("contact")),
            (std::vector<std::string>{
                "COPY \"crm\".\"contact\" (\"id\", \"e mail\") TO STDOUT (FORMAT binary)"}));
}

TEST(CopySql, a_column_that_goes_to_null_is_not_even_read) {
  CopyTable table = TableOf("contact");
  table.columns[1].to_null = true;
  EXPECT_EQ(StatementsOf(table),
            (std::vector<std::string>{"COPY (SELECT t.\"id\", NULL FROM ONLY \"crm\".\"contact\" "
                                      "AS t) TO STDOUT (FORMAT binary)"}));
}

TEST(CopySql, seed_filter_and_pages_are_all_in_the_statement) {
  CopyTable table = TableOf("contact");
  table.seed_sql = "t.id";
  table.filter = "t.id > 1 OR true";
  CopyPart part;
  part.parts = 3;
  part.from_page = 100;
  part.to_page = 200;
  EXPECT_EQ(StatementsOf(table, part),
            (std::vector<std::string>{
                "COPY (SELECT t.\"id\", t.\"e mail\", (t.id)::pg_catalog.text FROM ONLY "
                "\"crm\".\"contact\" AS t WHERE (t.id > 1 OR true) AND (t.ctid "
                "OPERATOR(pg_catalog.>=) '(100,0)'::pg_catalog.tid) AND (t.ctid "
                "OPERATOR(pg_catalog.<) '(200,0)'::pg_catalog.tid)) TO STDOUT (FORMAT binary)"}));
}

TEST(CopySql, rows_that_are_named_are_asked_for_once_each_in_statements_that_stay_small) {
  CopyTable table = TableOf("contact");
  table.tids.emplace();
  EXPECT_TRUE(StatementsOf(table).empty());
  for (std::uint64_t i = 0; i < 12'001; ++i) table.tids->push_back((i / 7) << 16 | (i % 7 + 1));
  const std::vector<std::string> statements = StatementsOf(table);
  std::size_t rows = 0;
  for (const std::string& statement : statements) {
    EXPECT_LT(statement.size(), 100'000U);
    for (std::size_t at = 0; (at = statement.find("\"(", at)) != std::string::npos; ++at) ++rows;
  }
  EXPECT_EQ(rows, table.tids->size());
  EXPECT_NE(statements.front().find("'{\"(0,1)\",\"(0,2)\","), std::string::npos);
  EXPECT_NE(statements.back().find("\"(1714,3)\"}'"), std::string::npos);
}

TEST(CopySql, parts_have_each_page_of_each_table_once_and_the_last_one_has_no_end) {
  std::vector<CopyTable> tables;
  for (const std::int64_t pages : {0L, 1L, 8191L, 8192L, 16383L, 16384L, 100'000L, 16'385L}) {
    tables.push_back(TableOf("t" + std::to_string(pages), pages));
  }
  std::map<std::size_t, std::map<int, CopyPart>> parts;
  for (const CopyPart& part : SplitTables(tables, true, 8192))
    parts[part.table][part.number] = part;
  ASSERT_EQ(parts.size(), tables.size());
  for (const auto& [table, of_table] : parts) {
    std::int64_t next = 0;
    for (const auto& [number, part] : of_table) {
      EXPECT_EQ(part.parts, static_cast<int>(of_table.size()));
      EXPECT_EQ(part.from_page, next) << tables[table].name;
      EXPECT_EQ(part.to_page == -1, number == part.parts);
      next = part.to_page;
    }
    EXPECT_EQ(of_table.size() > 1, tables[table].pages >= 16'384) << tables[table].name;
  }
}

TEST(CopySql, large_parts_come_first_so_that_none_is_late) {
  const std::vector<CopyTable> tables = {TableOf("small", 10), TableOf("large", 100'000),
                                         TableOf("middle", 5000)};
  const std::vector<CopyPart> parts = SplitTables(tables, true, 8192);
  EXPECT_EQ(parts.front().table, 1U);
  EXPECT_EQ(parts[parts.size() - 2].table, 2U);
  EXPECT_EQ(parts.back().table, 0U);
}

TEST(CopySql, a_table_is_whole_where_the_server_reads_no_ranges) {
  const std::vector<CopyTable> tables = {TableOf("large", 100'000)};
  EXPECT_EQ(SplitTables(tables, false, 8192).size(), 1U);
}

TEST(CopySql, a_sample_is_split_by_what_it_reads_and_each_of_its_rows_is_in_one_part) {
  std::vector<CopyTable> tables = {TableOf("large", 100'000)};
  tables[0].rows_estimate = 1'000'000;
  tables[0].tids.emplace();
  for (std::uint64_t row = 0; row < 30'000; ++row) {
    tables[0].tids->push_back((row * 3) << 16 | 1);
  }
  EXPECT_EQ(SplitTables(tables, true, 8192).size(), 1U) << "3 % of it is one part";
  for (const bool ranges : {true, false}) {
    const std::vector<CopyPart> parts = SplitTables(tables, ranges, 500);
    EXPECT_EQ(parts.size(), 6U);
    std::size_t rows = 0;
    std::set<std::string> different;
    for (const CopyPart& part : parts) {
      EXPECT_EQ(part.parts, 6);
      for (const std::string& statement : StatementsOf(tables[0], part)) {
        for (std::size_t at = 0; (at = statement.find("\"(", at)) != std::string::npos; ++at) {
          ++rows;
          different.insert(statement.substr(at, statement.find(')', at) - at));
        }
      }
    }
    EXPECT_EQ(rows, tables[0].tids->size());
    EXPECT_EQ(different.size(), rows);
  }
}

}  // namespace
}  // namespace gdpr::batch
