// SPDX-License-Identifier: PostgreSQL
// What a copy reads besides rows: the words of a rules file, the target, the key.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "batch/copy/copy.hpp"
#include "batch/copy/copy_rules_pack.hpp"
#include "batch/copy/key_file.hpp"
#include "batch/copy/sql_lexer.hpp"
#include "batch/output/fault.hpp"

namespace gdpr::batch {
namespace {

// name:, "quoted":, 'string':, number:, symbol:, bad: one letter each, then the text.
std::string Words(std::string_view text) {
  constexpr std::string_view kLetters = " nqs#.!";
  SqlLexer lexer(text);
  std::string words;
  for (SqlToken token = lexer.Next(); token.type != SqlToken::Type::kEnd; token = lexer.Next()) {
    words += (words.empty() ? "" : " ") +
             std::string(1, kLetters[static_cast<std::size_t>(token.type)]) + token.text;
  }
  return words;
}

TEST(SqlLexer, takes_apart_what_a_rules_file_or_a_label_is_made_of) {
  EXPECT_EQ(Words("SELECT gdpr.Classify('it''s', \"a \"\"B\", 4.50, x=>y);"),
            "nselect ngdpr .. nclassify .( sit's ., qa \"B ., #4.50 ., nx .=> ny .) .;");
  EXPECT_EQ(Words("a::text b:=1"), "na .:: ntext nb .:= #1");
  EXPECT_EQ(Words("E'a\\\\b\\'c' e'x' E 'y'"), "sa\\b'c sx ne sy");
  EXPECT_EQ(Words("'a\\b'"), "sa\\b");
  EXPECT_EQ(Words("$$it's$$ $q$a$$b$q$ Größe $1"), "sit's sa$$b ngröße ! #1");
}

TEST(SqlLexer, comments_are_left_out_and_nest) {
  EXPECT_EQ(Words("a -- b 'c\nd /* e /* f */ 'g */ h /* i"), "na nd nh");
  EXPECT_EQ(Words("-"), ".-");
}

TEST(SqlLexer, what_does_not_end_is_bad_and_never_read_beyond) {
  for (const char* text : {"'abc", "\"abc", "$$abc", "$q$abc$$", "E'abc\\", "E'\\x41'"}) {
    EXPECT_EQ(Words(text).substr(0, 1), "!") << text;
  }
}

TEST(SqlLexer, counts_lines_in_everything) {
  SqlLexer lexer("a\n'b\nc'\n/* \n */ $$\n$$ \"\n\" d");
  std::vector<int> lines;
  for (SqlToken token = lexer.Next(); token.type != SqlToken::Type::kEnd; token = lexer.Next()) {
    lines.push_back(token.line);
  }
  EXPECT_EQ(lines, (std::vector<int>{1, 2, 5, 6, 7}));
}

TEST(CopyRulesPack, a_name_is_parts_with_points_between_them) {
  const auto read = [](const char* text) {
    std::vector<std::string> parts;
    std::string joined = ReadName(text, parts) ? "" : "none";
    for (const std::string& part : parts) joined += "[" + part + "]";
    return joined;
  };
  EXPECT_EQ(read("crm.Contact"), "[crm][contact]");
  EXPECT_EQ(read("\"Crm\".\"a.b\""), "[Crm][a.b]");
  for (const char* text : {"", ".", "a.", ".a", "a b", "'a'", "a.1", "\"a"}) {
    EXPECT_EQ(read(text).substr(0, 4), "none") << text;
  }
}

TEST(CopyOptions, a_target_is_a_directory_where_it_has_a_slash_and_is_no_connection) {
  const auto is_directory = [](const char* to) {
    CopyOptions options;
    options.to = to;
    return options.to_directory();
  };
  for (const char* to : {"/srv/copy", "./crm", "../crm", "crm/", "a/b", ".", "./a=b"}) {
    EXPECT_TRUE(is_directory(to)) << to;
  }
  for (const char* to : {"crm", "dbname=crm", "host=/tmp dbname=crm", "dbname=crm host=/run/pg/",
                         "postgresql://db1/crm", "postgres:///crm?host=/tmp", ""}) {
    EXPECT_FALSE(is_directory(to)) << to;
  }
}

class KeyFile : public ::testing::Test {
 protected:
  KeyFile() { close(mkstemp(path_)); }
  ~KeyFile() override { unlink(path_); }

  std::vector<std::uint8_t> Read(const std::string& text) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << text;
    return ReadKeyFile(path_);
  }
  char path_[40] = "/tmp/gdpr_batch_key_XXXXXX";  // NOLINT
};

const std::string kDigits(62, '0');

TEST_F(KeyFile, has_64_digits_with_or_without_the_end_of_a_line) {
  std::vector<std::uint8_t> key(32, 0);
  key[31] = 0xAF;
  EXPECT_EQ(Read(kDigits + "af\n"), key);
  EXPECT_EQ(Read(kDigits + "AF"), key);
  EXPECT_EQ(Read(kDigits + "af\r\n"), key);
}

TEST_F(KeyFile, anything_else_is_refused_and_nothing_of_it_is_shown) {
  for (const std::string& text :
       {std::string(), std::string("\n"), kDigits, kDigits + "a", kDigits + "afa", kDigits + "ag",
        kDigits + "+f", kDigits + "af af", kDigits + "af\n\n", kDigits + kDigits,
        " " + kDigits + "af", std::string(5000, 'a')}) {
    try {
      Read(text);
      ADD_FAILURE() << text;
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.code(), ExitCode::kConfiguration);
      EXPECT_EQ((fault.what() + fault.detail() + fault.hint()).find(kDigits), std::string::npos);
    }
  }
  EXPECT_THROW(ReadKeyFile("/nowhere/key"), Fault);
  EXPECT_THROW(ReadKeyFile("/tmp"), Fault);
}

TEST_F(KeyFile, is_for_its_owner_only) {
  chmod(path_, 0600);
  EXPECT_NO_THROW(CheckKeyFileMode(path_));
  for (const mode_t mode : {0640U, 0604U, 0610U}) {
    chmod(path_, mode);
    EXPECT_THROW(CheckKeyFileMode(path_), Fault) << mode;
  }
}

}  // namespace
}  // namespace gdpr::batch
