// SPDX-License-Identifier: PostgreSQL
#include "core/query_digest.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace gdpr {
namespace {

std::string Normal(std::string_view query, bool standard_strings = true) {
  std::string normal;
  AppendNormalQuery(query, standard_strings, normal);
  return normal;
}

TEST(QueryDigest, GoldenDigest) {
  QueryDigester digester;
  EXPECT_EQ(Normal("SELECT  abalance FROM pgbench_accounts WHERE aid = 42;"),
            " select abalance from pgbench_accounts where aid = ?");
  EXPECT_EQ(digester.Of("SELECT  abalance FROM pgbench_accounts WHERE aid = 42;", true),
            0x50FABC8AF06D981D);
}

TEST(QueryDigest, ValuesAreLeftOut) {
  for (const char* query :
       {"select * from t where a = 5", "SELECT * FROM t WHERE a = 'Anna'",
        "select * from T where A=$17;", "select*from t where a=-5",
        "select * from t where a = - 5.5e-7", "select * from t where a = E'it\\'s'",
        "select * from t where a = $tag$ it's $ta$ $tag$", "select * from t where a = $$x$$ ;;",
        "select * from t where a = 'it''s'", "select * from t where a = U&'d\\0061t' -- a comment",
        "select * from t where a = x'1F'",
        "/* one /* and another */ */ select * from t where a = 0x1F",
        "select * from t where a = 'one'\n  'and the same literal'", "select * from t where a = .5",
        "select * from t where a = 1_000.", "select * from t where a = null",
        "select * from t where a = TRUE", "select * from t where a = nfc"}) {
    EXPECT_EQ(Normal(query), " select * from t where a = ?") << query;
  }
}

TEST(QueryDigest, WhatIsAskedStays) {
  const std::vector<std::pair<const char*, const char*>> queries = {
      {"select a from t", "select b from t"},
      {"select a from t", "select \"A\" from t"},
      {"select \"a\" from t", "select \"A\" from t"},
      {"select a from t where b is null", "select a from t where b is true"},
      {"select a from t where b is not null", "select a from t where b is null"},
      {"select a from t where b < 5", "select a from t where b > 5"},
      {"select a - b from t", "select a -- b from t"},
      {"select a->'b'", "select a->>'b'"},
      {"select a from t", "select a from t limit 5"},
      {"select f(1, a)", "select f(a, 1)"},
      {"select 'a'", "select a"},
      {"select 1, 2", "select 1"},
      {"select a@-1", "select a - 1"}};
  for (const auto& [one, other] : queries) EXPECT_NE(Normal(one), Normal(other)) << one;
}

TEST(QueryDigest, ListsOfValuesAreOne) {
  EXPECT_EQ(Normal("select a from t where b in (1, -2, 'x', $4, null)"),
            Normal("select a from t where b in (7)"));
  EXPECT_EQ(Normal("select array[1,2,3]"), Normal("select array[1]"));
  EXPECT_EQ(Normal("insert into t values (1, 'a'), (2, 'b'), (3, 'c')"),
            Normal("insert into t values ($1, $2)"));
  EXPECT_EQ(Normal("select a from t where b in ($1 /*, ... */)"),
            Normal("select a from t where b in (1, 2)"));
}

// What pg_stat_statements shows, beside what was run
TEST(QueryDigest, PgStatStatementsIsRecognised) {
  const std::vector<std::pair<const char*, const char*>> queries = {
      {"SELECT a -5, -5, - 5 FROM t", "SELECT a -$1, $2, $3 FROM t"},
      {"SELECT a - -5 FROM t", "SELECT a - $1 FROM t"},
      {"SELECT a FROM t LIMIT ALL", "SELECT a FROM t LIMIT $1"},
      {"SELECT extract(year FROM a) FROM t", "SELECT extract($1 FROM a) FROM t"},
      {"SELECT interval '1 day', date '2020-01-01'", "SELECT interval $1, date $2"},
      {"SELECT a::numeric(10,2) FROM t WHERE true", "SELECT a::numeric(10,2) FROM t WHERE $1"},
      {"SELECT date'2020-01-01', N'x', a FROM t$", "SELECT date$1, N$2, a FROM t$"},
      {"SELECT normalize(a, NFC), a IS NFC NORMALIZED",
       "SELECT normalize(a, $1), a IS $2 NORMALIZED"},
      {"SELECT 'a'\n'b', U&'x' UESCAPE '!'", "SELECT $1, $2 UESCAPE '!'"}};
  for (const auto& [run, shown] : queries) EXPECT_EQ(Normal(run), Normal(shown)) << run;
}

TEST(QueryDigest, BackslashesCountWhereStringsAreNotStandard) {
  EXPECT_EQ(Normal("select 'it\\'s', a", false), Normal("select 'x', a"));
  EXPECT_EQ(Normal("select 'it\\', a", true), Normal("select 'x', a"));
}

TEST(QueryDigest, TextsWithoutEndAreNoneTheLess) {
  for (const char* query : {"", "'", "\"", "$$", "$tag$ x", "/* /*", "--", "e'\\", "U&", "u&\"",
                            "$", "1e", "0x", "'a' '", ";;;", ".", "-", "\xff", "--\r"}) {
    EXPECT_EQ(Normal(query).find('\0'), std::string::npos) << query;
  }
}

TEST(QueryDigest, ItIsAppended) {
  std::string normal = " ( ? ,";
  AppendNormalQuery("5;", true, normal);
  EXPECT_EQ(normal, " ( ? , ?");
}

}  // namespace
}  // namespace gdpr
