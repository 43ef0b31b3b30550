// SPDX-License-Identifier: PostgreSQL
#include "core/person_set.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace gdpr {
namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();

using People = std::vector<std::int64_t>;

std::string SetOf(const People& people) {
  std::string set(PersonSetBytes(people.size()), '\0');
  const char* end = PutPersonSet(set.data(), set.data() + set.size(), people);
  if (end == nullptr) return "no room";
  set.resize(static_cast<std::size_t>(end - set.data()));
  return set;
}

std::optional<People> PeopleOf(std::string_view set) {
  PersonSetReader reader(set);
  People people;
  for (std::int64_t person = 0; reader.Next(person);) people.push_back(person);
  if (!reader.IsSound()) return std::nullopt;
  return people;
}

People KeysOf(std::string_view set) {
  IndexKeys keys(set);
  People all;
  for (std::int64_t key = 0; keys.Next(key);) all.push_back(key);
  return all;
}

// Sets as scans make them, and worse ones.
People RandomPeople(std::mt19937_64& random) {
  const std::size_t count = random() % 300;
  const std::uint64_t spread = std::uint64_t{1} << random() % 64;
  std::set<std::int64_t> people;
  std::uint64_t at = random() % 3 == 0 ? random() : random() % 1000;
  for (std::size_t i = 0; i < count; ++i) {
    at += random() % 4 == 0 ? random() % spread : 1;
    people.insert(static_cast<std::int64_t>(at));
  }
  if (random() % 10 == 0) people.insert({kLeast, kGreatest});
  return {people.begin(), people.end()};
}

TEST(PersonSet, GoldenBytes) {
  EXPECT_EQ(SetOf({}), std::string(1, '\0'));
  EXPECT_EQ(SetOf({7}), "\x01\x0e");
  EXPECT_EQ(SetOf({-1}), "\x01\x01");
  EXPECT_EQ(SetOf({1, 2}), std::string("\x02\x02\x00", 3));
  EXPECT_EQ(SetOf({1, 2, 3, 4}), "\x04\x02\x01\x02");
  EXPECT_EQ(SetOf({10, 20, 21, 22, 300}), "\x05\x14\x13\x02\xaa\x04");
}

TEST(PersonSet, WhatIsPutIsRead) {
  std::mt19937_64 random(20002);
  for (int i = 0; i < 5000; ++i) {
    const People people = RandomPeople(random);
    const std::string set = SetOf(people);
    EXPECT_EQ(PeopleOf(set), people);
    EXPECT_EQ(PersonSetSize(set), people.size());
    EXPECT_TRUE(IsPersonSet(set));
  }
  for (const People& people :
       {People{kLeast}, People{kGreatest}, People{kLeast, kGreatest},
        People{kLeast, kLeast + 1, kGreatest - 1, kGreatest}, People{-1, 0, 1}}) {
    EXPECT_EQ(PeopleOf(SetOf(people)), people);
  }
}

TEST(PersonSet, DenseKeysTakeTwoBytesAtMost) {
  std::mt19937_64 random(20003);
  for (const std::uint64_t one_of : {1, 2, 10, 100, 1000}) {
    std::set<std::int64_t> people;
    while (people.size() < 1000) {
      people.insert(static_cast<std::int64_t>(random() % (1000 * one_of + 1)));
    }
    EXPECT_LE(SetOf({people.begin(), people.end()}).size(), 2000U) << one_of;
  }
  People all;
  for (std::int64_t i = 1; i <= 4096; ++i) all.push_back(i);
  EXPECT_LE(SetOf(all).size(), 10U);
}

TEST(PersonSet, WhatDoesNotFitIsSaid) {
  std::mt19937_64 random(20004);
  for (int i = 0; i < 200; ++i) {
    const People people = RandomPeople(random);
    const std::string set = SetOf(people);
    std::string room(set.size(), '\0');
    for (std::size_t size = 0; size < set.size(); ++size) {
      EXPECT_EQ(PutPersonSet(room.data(), room.data() + size, people), nullptr);
    }
    EXPECT_EQ(PutPersonSet(room.data(), room.data() + room.size(), people),
              room.data() + room.size());
    EXPECT_EQ(room, set);
  }
}

TEST(PersonSet, OneSetHasOneSpelling) {
  EXPECT_TRUE(IsPersonSet(std::string_view("\x00", 1)));
  const std::vector<std::pair<const char*, std::string>> others = {
      {"nothing", ""},
      {"more than it says", "\x01\x0e\x02"},
      {"nobody, and bytes", std::string("\x00\x00", 2)},
      {"less than it says", "\x02\x0e"},
      {"a run that is empty", std::string("\x03\x02\x03\x00\x02", 5)},
      {"a run beyond what it says", "\x03\x02\x01\x02"},
      {"neighbours that are no run", std::string("\x03\x02\x00\x00", 4)},
      {"a run after a run it belongs to", std::string("\x05\x02\x01\x01\x01\x01", 6)},
      {"a long step", std::string("\x02\x02\x82\x00", 4)},
      {"a long count", std::string("\x81\x00\x02", 3)},
      {"more people than there can be", "\x81\x80\x40\x02\x01\x80\x80\x40"},
      {"beyond the greatest number", SetOf({kGreatest}).replace(0, 1, "\x02") + "\x02"},
      {"a run beyond the greatest number",
       SetOf({kGreatest - 1}).replace(0, 1, "\x03") + "\x01\x01"}};
  for (const auto& [what, set] : others) {
    EXPECT_FALSE(IsPersonSet(set)) << what;
    EXPECT_FALSE(PeopleOf(set)) << what;
    PersonSetMerger merger;
    EXPECT_FALSE(merger.Add(set)) << what;
    EXPECT_EQ(merger.Size(), 0U) << what;
  }
}

TEST(PersonSet, ContainsWhatItHas) {
  std::mt19937_64 random(20005);
  for (int i = 0; i < 500; ++i) {
    const People people = RandomPeople(random);
    const std::string set = SetOf(people);
    for (const std::int64_t person : people) {
      for (const std::int64_t near : {person, person ^ 1, person ^ 4096}) {
        EXPECT_EQ(PersonSetContains(set, near),
                  std::binary_search(people.begin(), people.end(), near));
      }
    }
  }
}

TEST(PersonSet, MergingIsTheUnion) {
  std::mt19937_64 random(20006);
  PersonSetMerger merger;
  for (int i = 0; i < 500; ++i) {
    std::set<std::int64_t> all;
    for (std::uint64_t sets = random() % 6; sets > 0; --sets) {
      const People people = RandomPeople(random);
      EXPECT_TRUE(merger.Add(SetOf(people)));
      all.insert(people.begin(), people.end());
    }
    EXPECT_GE(merger.Size(), all.size());
    std::string merged = "before";
    EXPECT_EQ(merger.Finish(merged), all.size());
    EXPECT_EQ(merged, "before" + SetOf({all.begin(), all.end()}));
  }
}

TEST(PersonSet, TooManyPeopleAreNoSet) {
  PersonSetMerger merger;
  for (std::uint64_t i = 0; i <= kMostPeople; ++i) merger.Add(static_cast<std::int64_t>(i * 2));
  std::string set;
  EXPECT_EQ(merger.Finish(set), kMostPeople + 1);
  EXPECT_EQ(set, "");
  EXPECT_EQ(merger.Finish(set), 0U);
  EXPECT_EQ(set, std::string(1, '\0'));
}

TEST(PersonSet, SortingLeavesEachOnce) {
  std::mt19937_64 random(20007);
  for (int i = 0; i < 500; ++i) {
    People people(random() % 300);
    for (std::int64_t& person : people) person = static_cast<std::int64_t>(random() % 400) - 200;
    const std::set<std::int64_t> each(people.begin(), people.end());
    people.resize(SortPeople(people.data(), people.size()));
    EXPECT_EQ(people, People(each.begin(), each.end()));
  }
}

bool IsFound(const std::set<std::int64_t>& keys, std::int64_t person) {
  for (unsigned size = 0; size < kBlockSizes; ++size) {
    if (keys.count(BlockKey(person, size)) > 0) return true;
  }
  return false;
}

TEST(PersonSet, EveryPersonIsFoundByAKey) {
  std::mt19937_64 random(20008);
  for (int i = 0; i < 1000; ++i) {
    const People people = RandomPeople(random);
    const People keys = KeysOf(SetOf(people));
    const std::set<std::int64_t> each(keys.begin(), keys.end());
    EXPECT_EQ(each.size(), keys.size());
    EXPECT_LE(keys.size(), people.size());
    for (const std::int64_t person : people) EXPECT_TRUE(IsFound(each, person)) << person;
  }
}

// An index entry for each person of a scan would cost more than the set
TEST(PersonSet, ManyNeighboursHaveFewKeys) {
  People people;
  for (std::int64_t i = 1; i <= 65536; ++i) people.push_back(i);
  EXPECT_EQ(KeysOf(SetOf(people)).size(), 2U);
  people.resize(1000);
  EXPECT_LE(KeysOf(SetOf(people)).size(), 5U);
}

// … and a set that is found where nobody asked for it costs time
TEST(PersonSet, FewAreFoundInVain) {
  std::mt19937_64 random(20010);
  for (const std::size_t count : {1, 10, 300, 1000}) {
    std::set<std::int64_t> people;
    while (people.size() < count) people.insert(static_cast<std::int64_t>(random() % 100000));
    const People keys = KeysOf(SetOf({people.begin(), people.end()}));
    const std::set<std::int64_t> each(keys.begin(), keys.end());
    std::size_t found = 0;
    for (std::int64_t person = 0; person < 100000; ++person) found += IsFound(each, person);
    EXPECT_LE(found, 8 * count);
  }
}

TEST(PersonSet, NoSetHasTooManyKeys) {
  std::mt19937_64 random(20011);
  for (const unsigned bits : {17U, 30U, 64U}) {
    std::set<std::int64_t> people;
    while (people.size() < 65536) people.insert(static_cast<std::int64_t>(random() >> (64 - bits)));
    const People keys = KeysOf(SetOf({people.begin(), people.end()}));
    EXPECT_LE(keys.size(), kMostKeys);
    const std::set<std::int64_t> each(keys.begin(), keys.end());
    for (const std::int64_t person : people) EXPECT_TRUE(IsFound(each, person));
  }
}

}  // namespace
}  // namespace gdpr
