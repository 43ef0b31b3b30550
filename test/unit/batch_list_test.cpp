// SPDX-License-Identifier: PostgreSQL
// A list of opt-outs on its way to the server: from bytes to chunks to parameters, and what is left
// out.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "batch/cli/cli.hpp"
#include "batch/optouts/list_input.hpp"
#include "batch/optouts/list_progress.hpp"
#include "batch/optouts/optout_sender.hpp"
#include "batch/optouts/reject_file.hpp"
#include "batch/output/fault.hpp"

namespace gdpr::batch {
namespace {

std::string FileWith(const std::string& text) {
  const std::string path =
      testing::TempDir() + "gdpr_batch_list" + std::to_string(getpid()) + ".csv";
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

/// Every chunk of a list, as parameters; rejected lines behind each.
std::vector<std::string> Batches(const std::string& text, int rows, const ListWish& wish = {}) {
  Signals signals;
  ListInput input(FileWith(text), signals);
  ListSource list(input, wish);
  std::vector<std::string> all;
  for (ListChunk chunk; list.Next(rows, chunk); chunk = {}) {
    const OptoutBatch batch = MakeBatch(chunk, list.format().kind, wish.hints.sort);
    EXPECT_EQ(batch.number, static_cast<int>(all.size()) + 1);
    std::string one = batch.array;
    for (const auto& [line, reason] : batch.rejected) {
      one += " " + std::to_string(line) + ":" + std::string(ReasonOf(reason));
    }
    all.push_back(std::move(one));
  }
  return all;
}

TEST(BatchList, ChunksHoldValuesAndRejectsWithTheirLines) {
  EXPECT_EQ(
      Batches("mail,x\r\na@b.de,\r\n\r\nnobody,\r\n\"c\"\"\\@b.de\",\"1\n2\"\r\nd@b.de\r\n", 2),
      (std::vector<std::string>{R"({"a@b.de"} 4:no @ in it)", R"({"c\"\\@b.de","d@b.de"})"}));
  EXPECT_EQ(Batches("a@b.de\n\"c@b.de\nd@b.de\n", 9),
            (std::vector<std::string>{
                R"({"a@b.de","d@b.de"} 2:a quote that is not closed, or something behind it)"}));
  EXPECT_EQ(Batches("id;mail\n1;a@b.de\n2\n", 9),
            (std::vector<std::string>{R"({"a@b.de"} 3:fewer columns than the one that is read)"}));
  EXPECT_TRUE(Batches("", 9).empty());
  EXPECT_TRUE(Batches("email\n", 9).empty());
}

TEST(BatchList, EncodingsAreTurnedIntoUtf8) {
  const std::string wide("\xFE\xFF\0a\0@\0\xFC\0.\0d\0e\0\n", 16);
  EXPECT_EQ(Batches(wide, 9), (std::vector<std::string>{"{\"a@\xC3\xBC.de\"}"}));
  EXPECT_EQ(Batches("a@\xFC.de\n", 9), (std::vector<std::string>{"{\"a@\xC3\xBC.de\"}"}));
  EXPECT_EQ(Batches("a@b.de\nc@\xFC.de\n", 9, {.hints = {}, .encoding = Encoding::kUtf8}),
            (std::vector<std::string>{R"({"a@b.de"} 2:not in the list's encoding)"}));
  EXPECT_EQ(Batches(std::string("a@b.de\nc\0@b.de\n", 15), 9),
            (std::vector<std::string>{R"({"a@b.de"} 2:a control character in it)"}));
  EXPECT_THROW(Batches(std::string("\xFF\xFE\0\0a\0\0\0", 8), 9), Fault);
}

TEST(BatchList, ALongListGivesEveryLineOnceInOrder) {
  std::string text = "email;note\n", expected;
  for (int i = 0; i < 50000; ++i) {
    const std::string address = "person" + std::to_string(i) + "@example.org";
    text += address + ";\"a;\nb\"\n";
    expected += (i == 0 ? "" : ",") + ("\"" + address + "\"");
  }
  std::string got;
  for (const std::string& array : Batches(text, 777)) {
    got += (got.empty() ? "" : ",") + array.substr(1, array.size() - 2);
  }
  EXPECT_EQ(got, expected);
}

TEST(BatchList, WhatCannotBeReadIsAMatterOfConfiguration) {
  Signals signals;
  try {
    ListInput("/nowhere/list.csv", signals);
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), ExitCode::kConfiguration);
  }
  try {
    Batches("a,b\n1,2\n", 9);
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), ExitCode::kConfiguration);
    EXPECT_NE(fault.hint().find("--column"), std::string::npos);
  }
}

TEST(BatchList, RejectsAreWrittenInTheOrderOfTheirLines) {
  const std::string path =
      testing::TempDir() + "gdpr_batch_list" + std::to_string(getpid()) + ".rejects";
  {
    RejectFile rejects(path);
    rejects.Add({{9, Reject::kServer}, {3, Reject::kNoAt}});
    rejects.Add({{12, Reject::kEmpty}});
    EXPECT_FALSE(std::filesystem::exists(path)) << "not before it is whole";
    rejects.Commit();
    EXPECT_EQ(rejects.count(), 3);
    EXPECT_EQ(rejects.CountOf(Reject::kNoAt), 1);
    EXPECT_EQ(rejects.path(), path);
  }
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}),
            "3\tno @ in it\n9\tnot an address of this channel\n12\tnothing in the column that is "
            "read\n");
  RejectFile none(path);
  none.Commit();
  EXPECT_FALSE(std::filesystem::exists(path)) << "it was about another import";
}

TEST(BatchList, TheBarFitsEveryWidth) {
  const OptoutCounts counts{.matched = 400, .people = 401, .kept = 90000, .already = 0, .newer = 0};
  for (int width = 1; width < 200; ++width) {
    EXPECT_LE(ListProgress::Bar(width, 45, 100, counts, 7, 2.0).size(),
              static_cast<std::size_t>(width));
  }
  const std::string bar = ListProgress::Bar(100, 45, 100, counts, 7, 2.0);
  EXPECT_NE(bar.find(" 45 % ["), std::string::npos) << bar;
  EXPECT_NE(bar.find("90,407 lines, 401 people, 7 rejected  45,203/s  0:02 left"),
            std::string::npos)
      << bar;
  EXPECT_EQ(ListProgress::Bar(100, 45, std::nullopt, counts, 0, 2.0),
            "90,400 lines, 401 people  45,200/s")
      << "standard input";
}

std::variant<Options, ExitCode> Read(std::vector<const char*> words) {
  words.insert(words.begin(), {"gdpr-batch", "import-optouts"});
  return ReadOptions(static_cast<int>(words.size()), words.data());
}

TEST(BatchList, CommandLine) {
  EXPECT_EQ(std::get<ExitCode>(Read({})), ExitCode::kUsage);
  EXPECT_EQ(std::get<ExitCode>(Read({"-", "--hash", "crc"})), ExitCode::kUsage);
  EXPECT_EQ(std::get<ExitCode>(Read({"-", "--encoding", "ebcdic"})), ExitCode::kUsage);
  EXPECT_EQ(std::get<ExitCode>(Read({"-", "--delimiter", "ab"})), ExitCode::kUsage);
  const auto read = std::get<Options>(
      Read({"list.csv", "--delimiter", "tab", "--column", "2", "--channel", "sms"}));
  EXPECT_EQ(read.import_optouts.file, "list.csv");
  EXPECT_EQ(read.import_optouts.delimiter, '\t');
  EXPECT_EQ(read.import_optouts.column, "2");
  EXPECT_EQ(read.import_optouts.channel, "sms");
  EXPECT_EQ(read.chunk_rows, 5000);
  EXPECT_EQ(std::get<Options>(Read({"-", "--chunk-rows", "5"})).chunk_rows, 5);
}

}  // namespace
}  // namespace gdpr::batch
