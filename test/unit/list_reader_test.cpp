// SPDX-License-Identifier: PostgreSQL
#include "core/list_reader.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace gdpr {
namespace {

using Flaw = Record::Flaw;
using Row = std::tuple<std::int64_t, Flaw, std::vector<std::string>>;

/// Reads a list in pieces of the given sizes, again and again, the rest in one.
std::vector<Row> ReadIn(std::string_view list, Dialect dialect,
                        const std::vector<std::size_t>& sizes, std::int64_t* given_up = nullptr) {
  ListReader reader(dialect);
  std::vector<Row> rows;
  Record record;
  const auto drain = [&] {
    while (reader.Next(record)) {
      rows.emplace_back(record.line, record.flaw,
                        std::vector<std::string>(record.values->begin(), record.values->end()));
    }
  };
  for (std::size_t i = 0; !list.empty(); ++i) {
    const std::size_t size = sizes.empty() ? list.size() : sizes[i % sizes.size()];
    reader.Feed(list.substr(0, size));
    drain();
    list.remove_prefix(std::min(size, list.size()));
  }
  reader.End();
  drain();
  if (given_up != nullptr) *given_up = reader.quotes_given_up();
  return rows;
}

std::vector<Row> ReadAll(std::string_view list, char delimiter = ',') {
  return ReadIn(list, {delimiter, '\n'}, {});
}

Row Good(std::int64_t line, std::vector<std::string> values) {
  return {line, Flaw::kNone, std::move(values)};
}
Row Bad(std::int64_t line, Flaw flaw) {
  return {line, flaw, {}};
}

TEST(ListReader, ValuesStandBetweenDelimitersAndLineEnds) {
  EXPECT_EQ(ReadAll("a,b\r\n,\nc\n"),
            (std::vector{Good(1, {"a", "b"}), Good(2, {"", ""}), Good(3, {"c"})}));
  EXPECT_EQ(ReadAll("a;b\tc\n", ';'), (std::vector{Good(1, {"a", "b\tc"})}));
  EXPECT_EQ(ReadAll("a,b;c\n", '\0'), (std::vector{Good(1, {"a,b;c"})}));
  EXPECT_EQ(ReadAll("a\n\nb"), (std::vector{Good(1, {"a"}), Good(2, {""}), Good(3, {"b"})}));
  EXPECT_EQ(ReadAll(""), std::vector<Row>{});
  EXPECT_EQ(ReadAll("a,"), (std::vector{Good(1, {"a", ""})}));
  EXPECT_EQ(ReadIn("a\rb\r", {',', '\r'}, {}), (std::vector{Good(1, {"a"}), Good(2, {"b"})}));
}

TEST(ListReader, QuotesHoldDelimitersLineEndsAndDoubledQuotes) {
  EXPECT_EQ(ReadAll("\"a,1\",\"b\nc\",\"say \"\"no\"\"\"\r\nd"),
            (std::vector{Good(1, {"a,1", "b\nc", "say \"no\""}), Good(3, {"d"})}));
  EXPECT_EQ(ReadAll("\"\",\"\"\"\",\"a\"\"\""), (std::vector{Good(1, {"", "\"", "a\""})}));
  EXPECT_EQ(ReadAll("  \"a, b\"  , c\n"), (std::vector{Good(1, {"a, b", " c"})}))
      << "blanks around quotes";
  EXPECT_EQ(ReadAll("5\" pipe,o\"x\n"), (std::vector{Good(1, {"5\" pipe", "o\"x"})}))
      << "a quote within a value is a letter";
}

TEST(ListReader, AnOpenQuoteCostsItsLineOnly) {
  EXPECT_EQ(ReadAll("a,\"b\nc,d\ne,f\n"),
            (std::vector{Bad(1, Flaw::kOpenQuote), Good(2, {"c", "d"}), Good(3, {"e", "f"})}));
  EXPECT_EQ(ReadAll("\"a\"b,c\nd\n"), (std::vector{Bad(1, Flaw::kOpenQuote), Good(2, {"d"})}));
  EXPECT_EQ(ReadAll("a,\"b\nc,\"d\ne\n"),
            (std::vector{Bad(1, Flaw::kOpenQuote), Bad(2, Flaw::kOpenQuote), Good(3, {"e"})}));
  std::string list = "x@y.example,\"never closed\n";
  for (int i = 0; i < 100000; ++i) list += "somebody@example.com,b\n";
  const auto rows = ReadAll(list);
  ASSERT_EQ(rows.size(), 100001U);
  EXPECT_EQ(rows[0], Bad(1, Flaw::kOpenQuote));
  EXPECT_EQ(rows[1], Good(2, {"somebody@example.com", "b"}));
  EXPECT_EQ(std::get<0>(rows.back()), 100001);
}

TEST(ListReader, ALineThatIsTooLongCostsItselfOnly) {
  const std::string megabyte(1 << 20, 'x');
  EXPECT_EQ(ReadAll("a\n" + megabyte + "\nb\n"),
            (std::vector{Good(1, {"a"}), Bad(2, Flaw::kTooLong), Good(3, {"b"})}));
  EXPECT_EQ(ReadAll("\"" + megabyte + "\"\nb\n"),
            (std::vector{Bad(1, Flaw::kOpenQuote), Good(2, {"b"})}));
  EXPECT_EQ(ReadAll("\"1\n2\"," + megabyte + "\nb\n"),
            (std::vector{Bad(1, Flaw::kTooLong), Good(3, {"b"})}))
      << "lines in quotes are counted";
  EXPECT_EQ(ReadAll("a\n" + megabyte), (std::vector{Good(1, {"a"}), Bad(2, Flaw::kTooLong)}));
  const std::string most(ListReader::kMaxRecord, 'x');
  EXPECT_EQ(ReadAll(most + "\n"), (std::vector{Good(1, {most})}));
  EXPECT_EQ(ReadAll(most + "x\n"), (std::vector{Bad(1, Flaw::kTooLong)}));
}

TEST(ListReader, HoweverAListIsCutItsRecordsAreTheSame) {
  std::mt19937 random(4711);
  const std::string_view letters = "ab\"\",;\n\r \n\t\"x";
  for (int round = 0; round < 400; ++round) {
    std::string list;
    for (std::size_t i = random() % 120; i > 0; --i) list += letters[random() % letters.size()];
    if (round % 50 == 0) list.insert(list.size() / 2, ListReader::kMaxRecord + 2, 'y');
    const Dialect dialect{",;\t"[round % 3], round % 7 == 0 ? '\r' : '\n'};
    const auto whole = ReadIn(list, dialect, {});
    if (round % 50 != 0) {
      EXPECT_EQ(ReadIn(list, dialect, {1}), whole) << list;
    }
    EXPECT_EQ(ReadIn(list, dialect, {1 + random() % 9, 40000 + random() % 90}), whole) << list;
    for (std::size_t cut = 0; cut < list.size() && list.size() < 1000; ++cut) {
      EXPECT_EQ(ReadIn(list, dialect, {cut + 1, list.size()}), whole) << cut << ": " << list;
    }
  }
}

// Each line closes a quote and opens another: a record goes on to the limit, from any line.
TEST(ListReader, TimeIsLinear) {
  constexpr std::int64_t kLines = 300000;
  std::string list;
  for (std::int64_t i = 0; i < kLines; ++i) list += "a\",\"b\n";
  std::int64_t given_up = 0;
  const auto begun = std::chrono::steady_clock::now();
  const auto rows = ReadIn(list, {',', '\n'}, {65536}, &given_up);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
  EXPECT_EQ(rows.front(), Bad(1, Flaw::kOpenQuote));
  EXPECT_EQ(rows.back(), Good(kLines, {"a\"", "\"b"})) << "quotes are letters now";
  EXPECT_EQ(rows.size(), static_cast<std::size_t>(kLines));
  EXPECT_GT(given_up, 0);
  EXPECT_EQ(ReadIn(list, {',', '\n'}, {1000, 77}), rows);
}

}  // namespace
}  // namespace gdpr
