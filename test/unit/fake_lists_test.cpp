// SPDX-License-Identifier: PostgreSQL
#include "core/fake/fake_lists.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/sha256.hpp"
#include "core/utf8.hpp"

namespace gdpr::fake {
namespace {

constexpr std::array kAll = {Locale::kEn, Locale::kDe, Locale::kFr, Locale::kEs,
                             Locale::kIt, Locale::kNl, Locale::kPt, Locale::kPl};

std::vector<std::pair<std::string, List>> AllOf(Locale locale) {
  const Lists& lists = ListsOf(locale);
  return {{"first_names_female", lists.first_names_female},
          {"first_names_male", lists.first_names_male},
          {"last_names_female", lists.last_names_female},
          {"last_names_male", lists.last_names_male},
          {"titles_female", lists.titles_female},
          {"titles_male", lists.titles_male},
          {"nationalities", lists.nationalities},
          {"marital_states", lists.marital_states},
          {"streets", lists.streets},
          {"cities", lists.cities},
          {"regions", lists.regions},
          {"countries", lists.countries},
          {"company_words", lists.company_words},
          {"company_forms", lists.company_forms},
          {"jobs", lists.jobs},
          {"nouns", lists.nouns},
          {"sentences", lists.sentences},
          {"health", lists.health},
          {"religions", lists.religions},
          {"ethnicities", lists.ethnicities},
          {"politics", lists.politics},
          {"unions", lists.unions},
          {"sexualities", lists.sexualities},
          {"offences", lists.offences}};
}

std::string Name(std::string_view entry) {
  return std::string(entry.substr(0, entry.find('\t')));
}

bool IsLatin(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeAt(text, at);
    const bool mark = point.value == 0x2019 || point.value == 0xAA || point.value == 0xBA;
    if (!point.valid || point.value < 0x20 || (point.value > 0x17F && !mark)) return false;
    at += point.bytes;
  }
  return true;
}

TEST(FakeLists, EntriesAreTrimmedLatinShortOrderedAndDifferent) {
  for (const Locale locale : kAll) {
    for (const auto& [name, list] : AllOf(locale)) {
      SCOPED_TRACE(std::string(LocaleName(locale)) + "_" + name);
      std::set<std::string> seen;
      std::size_t last = 0;
      for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string entry = Name(list[i]);
        const std::size_t chars = CountChars(entry);
        EXPECT_TRUE(IsLatin(entry)) << entry;
        EXPECT_GE(chars, 1U);
        EXPECT_LE(chars, kLongestEntry) << entry;
        EXPECT_GE(chars, last) << entry << " is out of order";
        EXPECT_FALSE(entry.front() == ' ' || entry.back() == ' ') << entry;
        EXPECT_EQ(entry.find("  "), std::string::npos) << entry;
        EXPECT_TRUE(seen.insert(entry).second) << entry << " is there twice";
        last = chars;
      }
    }
  }
}

TEST(FakeLists, ThereAreHundredsOfNamesStreetsAndCities) {
  for (const Locale locale : kAll) {
    const Lists& lists = ListsOf(locale);
    EXPECT_GE(lists.first_names_female.size(), 140U) << LocaleName(locale);
    EXPECT_GE(lists.first_names_male.size(), 140U) << LocaleName(locale);
    EXPECT_GE(lists.last_names_female.size(), 280U) << LocaleName(locale);
    EXPECT_EQ(lists.last_names_female.size(), lists.last_names_male.size());
    EXPECT_GE(lists.streets.size(), 200U) << LocaleName(locale);
    EXPECT_GE(lists.cities.size(), 200U) << LocaleName(locale);
    EXPECT_GE(lists.jobs.size(), 150U) << LocaleName(locale);
  }
}

TEST(FakeLists, CitiesLieInARegionOfTheListAndHaveCodesOfTheCountry) {
  for (const Locale locale : kAll) {
    const Lists& lists = ListsOf(locale);
    for (std::size_t i = 0; i < lists.cities.size(); ++i) {
      std::istringstream entry{std::string(lists.cities[i])};
      std::string name;
      std::string region;
      std::string latitude;
      std::string longitude;
      std::string code;
      std::getline(entry, name, '\t');
      std::getline(entry, region, '\t');
      std::getline(entry, latitude, '\t');
      std::getline(entry, longitude, '\t');
      EXPECT_LT(std::stoul(region), lists.regions.size()) << name;
      EXPECT_TRUE(std::stod(latitude) > 27 && std::stod(latitude) < 61) << name;
      EXPECT_TRUE(std::stod(longitude) > -32 && std::stod(longitude) < 25) << name;
      int codes = 0;
      for (; entry >> code; ++codes) {
        if (locale == Locale::kEn) {
          EXPECT_TRUE(code.size() >= 2 && code.size() <= 4) << name;
        } else {
          const std::size_t digits = locale == Locale::kNl   ? 4
                                     : locale == Locale::kPt ? 8
                                     : locale == Locale::kPl ? 6
                                                             : 5;
          EXPECT_EQ(code.size(), digits) << name;
        }
      }
      EXPECT_TRUE(codes >= 1 && codes <= 4) << name;
    }
  }
}

TEST(FakeLists, AnEntryIsFoundForEveryRoomThatHasOne) {
  const List& list = ListsOf(Locale::kDe).first_names_male;
  for (std::size_t room = 1; room <= kLongestEntry; ++room) {
    std::size_t fitting = 0;
    while (fitting < list.size() && CountChars(list[fitting]) <= room) ++fitting;
    EXPECT_EQ(list.Fitting(room), fitting);
    for (const std::uint32_t bits : {0U, 1U << 31U, ~0U}) {
      EXPECT_TRUE(fitting == 0 || CountChars(list.At(bits, room)) <= room);
    }
  }
  EXPECT_EQ(list.At(~0U, kLongestEntry), list[list.size() - 1]);
  EXPECT_EQ(list.At(0, kLongestEntry), list[0]);
}

// A change of one entry changes the fakes of people who are in copies already.
TEST(FakeLists, AreNeverChanged) {
  const std::map<std::string, std::string> kDigests = {
      {"en", "b9966234c6253cbc"}, {"de", "e95c4a7bf6994f6d"}, {"fr", "75218c1f622ae612"},
      {"es", "e0c9c9c6d6ffade2"}, {"it", "0df158c31ad8d427"}, {"nl", "9f07fbaa1f6f6f38"},
      {"pt", "42182a98316c0e88"}, {"pl", "cc37eeb6cd4027a1"}};
  for (const Locale locale : kAll) {
    std::string whole;
    for (const auto& [name, list] : AllOf(locale)) {
      whole += name;
      for (std::size_t i = 0; i < list.size(); ++i) whole.append(1, '\n').append(list[i]);
      whole.push_back('\n');
    }
    EXPECT_EQ(HexOf(AsText(Sha256().Of(whole)).substr(0, 8)),
              kDigests.at(std::string(LocaleName(locale))))
        << LocaleName(locale);
  }
}

}  // namespace
}  // namespace gdpr::fake
