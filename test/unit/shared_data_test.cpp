// SPDX-License-Identifier: PostgreSQL
// Detectors against other people's test cases (../shared/data/values), and against real names.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "core/detect.hpp"
#include "core/redact.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

std::vector<std::vector<std::string>> ReadTsv(const std::string& name) {
  std::ifstream file(std::string(GDPR_SHARED_DATA) + "/values/" + name);
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> row(1);
    for (const char c : line) {
      if (c == '\t') {
        row.emplace_back();
      } else {
        row.back().push_back(c);
      }
    }
    rows.push_back(row);
  }
  return rows;
}

std::size_t Count(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
    ++count;
  return count;
}

TEST(SharedData, DetectorsFindWhatPresidioFinds) {
  const auto rows = ReadTsv("presidio_cases.tsv");
  if (rows.empty()) GTEST_SKIP() << "no " << GDPR_SHARED_DATA;
  // How many answers may differ. Ours are on the safe side (an address without a top domain, a
  // number glued to a word) except a bare "::", which is rather code, and an IPv4 address before
  // "@", which becomes [email].
  struct Expected {
    std::string label;
    std::size_t cases;
    std::size_t different;
  };
  const std::map<std::string, Expected> detectors = {{"iban", {"[iban]", 300, 1}},
                                                     {"credit_card", {"[card]", 15, 0}},
                                                     {"email", {"[email]", 5, 1}},
                                                     {"phone", {"[phone]", 20, 3}},
                                                     {"ip", {"[ip]", 100, 10}}};
  for (const auto& [entity, expected] : detectors) {
    std::size_t cases = 0;
    std::string different;
    std::size_t count = 0;
    for (const auto& row : rows) {
      if (row.at(0) != entity) continue;
      ++cases;
      const std::string redacted = Redact(row.at(2), {});
      if (Count(redacted, expected.label) == std::stoul(row.at(1))) continue;
      ++count;
      different += row[1] + " in " + row[2] + " -> " + redacted + "\n";
    }
    EXPECT_GT(cases, expected.cases) << entity;
    EXPECT_LE(count, expected.different) << entity << "\n" << different;
  }
}

TEST(SharedData, CheckDigitsAgreeWithStdnum) {
  const auto rows = ReadTsv("stdnum_cases.tsv");
  if (rows.empty()) GTEST_SKIP() << "no " << GDPR_SHARED_DATA;
  for (const auto& row : rows) {
    const bool valid = row.at(1) == "valid";
    if (row.at(0) == "luhn") {
      EXPECT_EQ(detect::PassesLuhn(row.at(2)), valid) << row[2];
    } else if (row.at(0) == "iban" && valid) {
      EXPECT_EQ(Redact(row.at(2), {}), "[iban]") << row[2];
    }
  }
}

}  // namespace
}  // namespace gdpr
