// SPDX-License-Identifier: PostgreSQL
// The config file: what TOML is read, and what a section means; the text of metrics.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "batch/cli/cli.hpp"
#include "batch/cli/options.hpp"
#include "batch/cli/toml.hpp"
#include "batch/output/failure.hpp"
#include "batch/output/fault.hpp"
#include "batch/report/metrics.hpp"

namespace gdpr::batch {
namespace {

using Texts = std::vector<std::string>;

std::string Complaint(const std::string& text) {
  try {
    ParseToml(text, "f");
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), ExitCode::kConfiguration);
    return fault.what();
  }
  return {};
}

std::string FileWith(const std::string& text) {
  const std::string path =
      testing::TempDir() + "gdpr_batch_config" + std::to_string(getpid()) + ".toml";
  std::ofstream(path) << text;
  return path;
}

TEST(BatchToml, ValuesAreWhatTheySay) {
  const auto entries = ParseToml(
      "\xEF\xBB\xBF# c\r\na = \"x # y, \\\"z\\\" \\\\ \\u00e9\" # c\r\nb='C:\\d'\nc = 1_000\n"
      "d = -5e-1\n\n[s-1] # c\ne = true\nf = [ \"a,b\", # c\n  'd',\n]\ng = []\n",
      "f");
  ASSERT_EQ(entries.size(), 7U);
  EXPECT_EQ(entries[0].values, Texts{"x # y, \"z\" \\ \xC3\xA9"});
  EXPECT_EQ(entries[1].values, Texts{"C:\\d"});
  EXPECT_EQ(entries[2].values, Texts{"1000"});
  EXPECT_EQ(entries[3].values, Texts{"-0.5"});
  EXPECT_EQ(entries[4].section + "." + entries[4].key, "s-1.e");
  EXPECT_EQ(entries[5].values, (Texts{"a,b", "d"}));
  EXPECT_EQ(entries[5].line, 9);
  EXPECT_TRUE(entries[6].values.empty());
}

TEST(BatchToml, WhatIsNotIsRefusedWithItsLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"a = 1\nb", "line 2: this is not TOML"},
      {"a = x", "line 1: this is not TOML"},
      {"a = \"x\ny\"", "line 1: this is not TOML"},
      {"a = \"\\ud800\"", "line 1: this is not TOML"},
      {"a = 1 2", "line 1: this is not TOML"},
      {"a = [1 2]", "line 1: this is not TOML"},
      {"[a", "line 1: this is not TOML"},
      {"a = 1\na = 2", "line 2: this is not TOML, or it stands here for a second time"},
      {"[a]\n[b]\n[a]", "line 3: this is not TOML, or it stands here for a second time"},
      {"a = 2026-11-22", "line 1: the value of \"a\" is neither"},
      {"[a]\nb = [[1]]", "line 2: the value of \"b\" is neither"},
      {"[a.b]\nc = 1", "the value of \"b\" is neither"},
  };
  for (const auto& [text, complaint] : cases) {
    EXPECT_NE(Complaint(text).find(complaint), std::string::npos)
        << text << ": " << Complaint(text);
  }
  EXPECT_EQ(Complaint("a = \"secret").find("secret"), std::string::npos);
}

std::variant<Options, ExitCode> Read(std::vector<const char*> words) {
  words.insert(words.begin(), "gdpr-batch");
  return ReadOptions(static_cast<int>(words.size()), words.data());
}

TEST(BatchConfig, TheSectionOfAVerbWinsOverWhatStandsAboveAll) {
  const std::string path =
      FileWith("jobs = 3\nchunk-rows = 30\n[status]\nlimit = 5\n[anonymize]\njobs = 4\n");
  const auto read = std::get<Options>(
      Read({"anonymize", "--subject", "c", "--resume", "--config", path.c_str()}));
  EXPECT_EQ(read.jobs, 4);
  EXPECT_EQ(read.chunk_rows, 30);
}

TEST(BatchConfig, AMistakeInAnotherVerbsSectionIsOneToo) {
  for (const char* text : {"[anonymize]\nlimit = 5\n", "[forget]\njobs = 4\n", "sbject = \"c\"\n",
                           "[status]\nconfig = \"x\"\n", "[status]\nlimit = \"x\"\n"}) {
    const std::string path = FileWith(text);
    EXPECT_THROW(Read({"status", "--config", path.c_str()}), Fault) << text;
  }
}

TEST(BatchConfig, WhatTheNightIsToldHoldsForItsSteps) {
  const std::string path = FileWith(
      "jobs = 3\nlock-timeout = \"1s\"\nmax-active = 50\n[anonymize]\njobs = 4\nmax-active = 60\n"
      "[nightly]\nsteps = [\"anonymize\", \"verify\"]\nwindow = \"22:00-05:00\"\n");
  const auto night = std::get<Options>(
      Read({"nightly", "-d", "crm", "--max-active", "70", "--config", path.c_str()}));
  EXPECT_EQ(night.nightly.steps, (Texts{"anonymize", "verify"}));
  std::vector<const char*> words = {"anonymize"};
  for (const std::string& word : night.nightly.passed.at("anonymize"))
    words.push_back(word.c_str());
  words.insert(words.end(), {"--subject", "c", "--due"});
  const auto step = std::get<Options>(Read(words));
  EXPECT_EQ(step.connection.dbname, "crm");
  EXPECT_EQ(step.connection.lock_timeout, "1s");
  EXPECT_EQ(step.jobs, 4);                 // its section
  EXPECT_EQ(step.manners.max_active, 70);  // the night's command line
  EXPECT_TRUE(step.manners.window.has_value());
}

TEST(BatchNight, TheWorstOutcomeCounts) {
  EXPECT_EQ(Worst(ExitCode::kDone, ExitCode::kStopped), ExitCode::kStopped);
  EXPECT_EQ(Worst(ExitCode::kSomeFailed, ExitCode::kStopped), ExitCode::kSomeFailed);
  EXPECT_EQ(Worst(ExitCode::kConfiguration, ExitCode::kSomeFailed), ExitCode::kConfiguration);
  EXPECT_EQ(Worst(ExitCode::kConfiguration, ExitCode::kDatabase), ExitCode::kDatabase);
  EXPECT_EQ(Worst(ExitCode::kDone, ExitCode::kDone), ExitCode::kDone);
}

TEST(BatchMetrics, HelpAndTypeStandOnceAndLabelsAreEscaped) {
  EXPECT_EQ(
      PrometheusText({{"a", "gauge", "Of \"a\"\\\n.", {{"x", "q\"b\\c\nd"}, {"y", ""}}, 1.5},
                      {"a", "gauge", "Of \"a\"\\\n.", {}, 1e300},
                      {"b", "counter", "B.", {}, 1732269261}}),
      "# HELP a Of \"a\"\\\\\\n.\n# TYPE a gauge\na{x=\"q\\\"b\\\\c\\nd\",y=\"\"} 1.5\na 1e+300\n"
      "# HELP b B.\n# TYPE b counter\nb 1732269261\n");
}

}  // namespace
}  // namespace gdpr::batch
