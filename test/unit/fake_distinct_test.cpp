// SPDX-License-Identifier: PostgreSQL
// Where a column is unique, what differs stays different: all texts of a small form, one after the
// other, and many realistic values. GDPR_LONG=1: five million of these for each kind.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/fake/fake_room.hpp"
#include "fake_fixture.hpp"
#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using enum ValueClass;

constexpr std::array<std::uint8_t, 32> kMaster = {21, 22, 23};

// Sixty-four bits of each output: two of five million agree by chance once in 1.5 million runs.
class Outputs {
 public:
  void Add(std::string_view text) {
    std::uint64_t hash = 0x9E3779B97F4A7C15U;
    for (const char c : text) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0xFF51AFD7ED558CCDU;
      hash ^= hash >> 29U;
    }
    hash = (hash ^ text.size()) * 0xC4CEB9FE1A85EC53U;
    hashes_.push_back(hash ^ hash >> 32U);
  }
  std::size_t Equal() {
    std::ranges::sort(hashes_);
    return hashes_.size() -
           static_cast<std::size_t>(std::ranges::unique(hashes_).begin() - hashes_.begin());
  }

 private:
  std::vector<std::uint64_t> hashes_;
};

// '#' is a digit, '@' a capital, anything else itself; the index counts through all of them.
std::string TextOf(std::string_view form, std::uint64_t index) {
  std::string text(form);
  for (std::size_t i = text.size(); i > 0; --i) {
    char& c = text[i - 1];
    if (c == '#') {
      c = static_cast<char>('0' + index % 10);
      index /= 10;
    } else if (c == '@') {
      c = static_cast<char>('A' + index % 26);
      index /= 26;
    }
  }
  return text;
}

std::uint64_t CountOf(std::string_view form) {
  std::uint64_t count = 1;
  for (const char c : form) count *= c == '#' ? 10 : c == '@' ? 26 : 1;
  return count;
}

// How many of the outputs are those of another input too.
std::size_t Equal(const std::string& kind, std::string_view form, std::uint64_t first,
                  std::uint64_t count, const char* seed = nullptr) {
  static Keyed keys(kMaster);
  test::TestRandom random;
  Result result;
  const Rule rule = ParseRule(kind + " unique");
  const TypeFacts type = test::Type(kText);
  const Keying keying{&keys, seed == nullptr ? "" : seed, seed != nullptr, Locale::kNone};
  Outputs outputs;
  for (std::uint64_t i = first; i < first + count; ++i) {
    const std::string text = TextOf(form, i);
    Treat(rule, Profile::kFake, type, test::TextValue(text), random, result, keying);
    outputs.Add(result.text);
  }
  return outputs.Equal();
}

TEST(Distinct, AllTextsOfASmallFormStayDifferent) {
  const std::uint64_t most = test::Long() ? 1'000'000 : 3'000;
  for (const Kind& kind : Kinds()) {
    const std::string name(kind.name);
    const Rule rule = ParseRule(name + " unique");
    const FakeRoom room = RoomOf(rule, Profile::kFake, test::Type(kText));
    if (room.how != FakeRoom::How::kPermutation || !NeedsKey(rule, Profile::kFake)) continue;
    for (const char* form :
         {"####", "@###", "@@##", "##@#", "#", "@", "##.##", "+####", "@@@", "#####"}) {
      EXPECT_EQ(Equal(name, form, 0, std::min(CountOf(form), most)), 0U) << name << " " << form;
    }
  }
}

struct Sample {
  const char* kind;
  const char* form;
};
constexpr std::array kSamples = {
    Sample{"email", "anna#######@firma.de"},
    Sample{"username", "anna#######"},
    Sample{"social_handle", "@anna#######"},
    Sample{"phone", "+49170#######"},
    Sample{"phone", "0170#######"},
    Sample{"phone", "+4420#######"},
    Sample{"phone", "+1212#######"},
    Sample{"national_id", "#########"},
    Sample{"national_id", "571#######3"},
    Sample{"national_id", "@@@@@@##@##@###@"},
    Sample{"tax_id", "###########"},
    Sample{"tax_id", "########@"},
    Sample{"vat_id", "DE#########"},
    Sample{"vat_id", "FR###########"},
    Sample{"passport", "C0#######"},
    Sample{"driver_licence", "B0#######"},
    Sample{"health_id", "@#########"},
    Sample{"licence_plate", "@@-@@ ####"},
    Sample{"company_registration", "HRB #######"},
    Sample{"iban", "DE89370400440#######13"},
    Sample{"iban", "GB82WEST12345#######"},
    Sample{"bank_account", "0#######"},
    Sample{"account_number", "K-#######"},
    Sample{"card_number", "411111#########1"},
    Sample{"mandate_ref", "M-#######"},
    Sample{"device_id", "38400000-8cf0-11bd-b23e-10b9#######d"},
    Sample{"external_id", "00Q5f#######"},
    Sample{"postal_code", "#####"},
    Sample{"ip", "93.184.###.###"},
    Sample{"mac", "08:00:2b:##:##:##"},
};

TEST(Distinct, ManyValuesOfAKindStayDifferent) {
  const std::uint64_t most = test::Long() ? 5'000'000 : 4'000;
  for (const Sample& sample : kSamples) {
    // From the middle of the form, so that all its digits are used.
    const std::uint64_t all = CountOf(sample.form);
    const std::uint64_t count = std::min(all, most);
    EXPECT_EQ(Equal(sample.kind, sample.form, (all - count) / 2, count), 0U)
        << sample.kind << " " << sample.form;
    EXPECT_EQ(Equal(sample.kind, sample.form, 0, std::min<std::uint64_t>(count, 2'000), "4711"), 0U)
        << sample.kind << " " << sample.form << " of one person";
  }
}

}  // namespace
}  // namespace gdpr
