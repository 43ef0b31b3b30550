// SPDX-License-Identifier: PostgreSQL
// What surrounds a run: texts for people, the bar, array literals, the command line.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <vector>

#include "batch/cli/cli.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/progress.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {
namespace {

std::variant<Options, ExitCode> Read(std::vector<const char*> words) {
  words.insert(words.begin(), "gdpr-batch");
  return ReadOptions(static_cast<int>(words.size()), words.data());
}

TEST(BatchProgress, CountsAndTimesAreReadable) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(FormatSeconds(59.6), "1:00");
  EXPECT_EQ(FormatSeconds(3723), "1:02:03");
  EXPECT_EQ(FormatSeconds(1.0 / 0.0), "-");
}

TEST(BatchProgress, TheBarFitsEveryWidth) {
  const Progress progress(7, 20000, 9000, false);
  for (int width = 1; width < 200; ++width) {
    EXPECT_LE(progress.Bar(width, 1250).size(), static_cast<std::size_t>(width));
  }
  const std::string bar = progress.Bar(79, 1250);
  EXPECT_NE(bar.find("45 %"), std::string::npos) << bar;
  EXPECT_NE(bar.find("9,000 of 20,000 people"), std::string::npos) << bar;
  EXPECT_NE(bar.find("1,250/s  0:09 left"), std::string::npos) << bar;
}

TEST(BatchConnection, KeysAreQuotedInArrays) {
  const std::vector<std::string> keys = {"7", "a\"b", "back\\slash", "", "NULL", "(1,\"x, y\")"};
  EXPECT_STREQ(Param(keys).c_str(), R"x({"7","a\"b","back\\slash","","NULL","(1,\"x, y\")"})x");
  EXPECT_STREQ(Param(std::vector<std::string>{}).c_str(), "{}");
  EXPECT_EQ(Param(std::optional<std::string>()).c_str(), nullptr);
}

TEST(BatchCli, AnUnknownVerbIsAUsageError) {
  EXPECT_EQ(std::get<ExitCode>(Read({"forget"})), ExitCode::kUsage);
  EXPECT_EQ(std::get<ExitCode>(Read({})), ExitCode::kUsage);
}

TEST(BatchCli, ExactlyOneWayToSayWho) {
  EXPECT_EQ(std::get<ExitCode>(Read({"anonymize", "--subject", "c", "--reason", "r"})),
            ExitCode::kUsage);
  EXPECT_EQ(
      std::get<ExitCode>(Read({"anonymize", "--subject", "c", "--reason", "r", "--all", "--due"})),
      ExitCode::kUsage);
  EXPECT_EQ(std::get<ExitCode>(Read({"anonymize", "--subject", "c", "--all"})), ExitCode::kUsage);
  EXPECT_TRUE(std::holds_alternative<Options>(
      Read({"anonymize", "--subject", "c", "--reason", "r", "--keys", "-"})));
}

TEST(BatchCli, ResumeTakesANumberOrNone) {
  const auto newest = std::get<Options>(Read({"anonymize", "--subject", "c", "--resume"}));
  EXPECT_TRUE(newest.resume);
  EXPECT_FALSE(newest.run.has_value());
  const auto seven = std::get<Options>(Read({"anonymize", "--resume", "7", "--subject", "c"}));
  EXPECT_EQ(seven.run, 7);
  EXPECT_EQ(std::get<ExitCode>(Read({"anonymize", "--resume", "x", "--subject", "c"})),
            ExitCode::kUsage);
}

TEST(BatchCli, FlagsBeforeEnvironmentBeforeConfigFile) {
  const std::string path = testing::TempDir() + "gdpr_batch_test.toml";
  std::ofstream(path)
      << "subject = \"contact\"\njobs = 3\n[anonymize]\nchunk-rows = 30\nreason = \"file\"\n";
  setenv("PGUSER", "environment", 1);  // an option that every verb has
  setenv("PG_GDPR_JOBS", "4", 1);
  setenv("PG_GDPR_CHUNK_ROWS", "40", 1);
  const auto read = std::get<Options>(
      Read({"anonymize", "--all", "-U", "night", "--chunk-rows", "50", "--config", path.c_str()}));
  unsetenv("PGUSER");
  unsetenv("PG_GDPR_JOBS");
  unsetenv("PG_GDPR_CHUNK_ROWS");
  EXPECT_EQ(read.chunk_rows, 50);
  EXPECT_EQ(read.connection.user, "night");
  EXPECT_EQ(read.jobs, 4);
  EXPECT_EQ(read.subject, "contact");
  EXPECT_EQ(read.anonymize.reason, "file");
}

TEST(BatchCli, AnUnknownKeyInTheConfigFileIsNamed) {
  const std::string path = testing::TempDir() + "gdpr_batch_bad.toml";
  std::ofstream(path) << "jbos = 3\n";
  try {
    Read({"anonymize", "--all", "--config", path.c_str()});
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), ExitCode::kConfiguration);
    EXPECT_NE(std::string(fault.what()).find("jbos"), std::string::npos);
  }
}

}  // namespace
}  // namespace gdpr::batch
