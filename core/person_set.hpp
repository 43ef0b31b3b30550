// SPDX-License-Identifier: PostgreSQL
// Sets of people as bytes: what a read reached. People are numbers, ascending, no two equal.
//   varint count; unless that is 0: varint zigzag of the first number, then steps to the numbers
//   that follow: varint (gap - 1) * 2 + run. Where run is 1, a varint says how many numbers without
//   a gap (1 and more) come after that number. Only the first step may have gap 1: a set has one
//   spelling, and neighbours cost next to nothing.
// A gap can take 64 bits, so a step can take 65: its varint has ten bytes then, all of them in use.
// Nothing here throws; writing and reading do not allocate, so they can be used in callbacks that
// the server calls while it aborts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.hpp"

namespace gdpr {

/// The most people that a set can have.
constexpr std::uint64_t kMostPeople = std::uint64_t{1} << 20U;
/// The most bytes that a set of so many people takes.
constexpr std::size_t PersonSetBytes(std::size_t people) noexcept {
  return kVarint64Bytes * (people + 1);
}

/// Sorts numbers and drops what is there twice. Returns how many are left (at the front).
std::size_t SortPeople(std::int64_t* numbers, std::size_t count) noexcept;

/// Appends a set between `at` and `end`. `people`: ascending, no two equal (SortPeople()), not more
/// than kMostPeople. Returns where the next byte goes, or null where there is no room.
char* PutPersonSet(char* at, const char* end, std::span<const std::int64_t> people) noexcept;

/// Numbers without a gap, both included.
struct PersonRun {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

/// Reads a set, run by run or number by number, not both:
///   PersonSetReader reader(set);
///   for (std::int64_t person; reader.Next(person);) …
///   if (!reader.IsSound()) … the bytes are no set
/// Any bytes may be given.
class PersonSetReader {
 public:
  explicit PersonSetReader(std::string_view set) noexcept;

  /// How many people the set says it has. What is delivered is never more than that.
  std::uint64_t Size() const noexcept { return size_; }

  /// The next number; false at the end, and where the set is no set.
  bool Next(std::int64_t& person) noexcept {
    if (!in_run_ || run_.first == run_.last) {
      in_run_ = NextRun(run_);
      if (!in_run_) return false;
    } else {
      ++run_.first;
    }
    person = run_.first;
    return true;
  }

  /// The next run, as long as it can be, but the first, which can end where the second begins.
  bool NextRun(PersonRun& run) noexcept;

  /// After Next() said false: whether all of it was a set. Before: whether it was up to here.
  bool IsSound() const noexcept { return bytes_.IsSound(); }

 private:
  ByteReader bytes_;
  std::uint64_t size_ = 0;
  std::uint64_t left_ = 0;
  std::int64_t last_ = 0;
  unsigned steps_ = 0;  // 0: nothing read, 1: the first number, 2: more
  bool in_run_ = false;
  PersonRun run_;
};

/// How many people there are in a set; 0 where the bytes are none.
std::uint64_t PersonSetSize(std::string_view set) noexcept;

/// Whether the bytes are a set.
bool IsPersonSet(std::string_view set) noexcept;

/// Whether the set has the person; false where the bytes are none up to there.
bool PersonSetContains(std::string_view set, std::int64_t person) noexcept;

/// Makes one set of several: Add() them in any order, then Finish().
class PersonSetMerger {
 public:
  /// Returns false where the bytes are no set: nothing is added then.
  bool Add(std::string_view set);
  /// Adds one person.
  void Add(std::int64_t person) { runs_.push_back({person, person}); }

  /// An upper bound for the size of the set so far: people in two sets count twice.
  std::uint64_t Size() const { return size_; }

  /// Appends the set to `set` and is empty again. Returns how many people there are; where they
  /// are more than kMostPeople, nothing is appended.
  std::uint64_t Finish(std::string& set);

 private:
  std::vector<PersonRun> runs_;
  std::uint64_t size_ = 0;
};

// --- Index keys. A set is found under blocks of 1, 16, 256 … neighbouring numbers that it has
// people in: an index entry for each person of a scan of a table would cost more than the record.
// Blocks are as great as they can be with an eighth of their numbers in the set, so that few sets
// are looked into in vain, and in any case so great that there are not too many. Who looks for a
// person looks for its blocks of all sizes, and then into the set. What is stored in indexes
// depends on this: a change of it needs a REINDEX.

/// Bits of numbers that a block leaves open. Few sizes: each is a key to be looked for. The last
/// makes a thousand blocks of all numbers.
constexpr std::array<unsigned, 8> kBlockBits = {0, 4, 8, 12, 16, 24, 36, 54};
constexpr unsigned kBlockSizes = kBlockBits.size();
/// No set has more keys.
constexpr std::uint64_t kMostKeys = 1024;

/// The key of the block of 16^size numbers that a person is in. Where keys of different sizes
/// should be equal, a set too many is looked into.
constexpr std::int64_t BlockKey(std::int64_t person, unsigned size) noexcept {
  const std::uint64_t number = static_cast<std::uint64_t>(person) >> kBlockBits[size];
  return static_cast<std::int64_t>(size == 0 ? number : number | std::uint64_t{size} << 60U);
}

/// The keys of a set, no two equal. Read with Next() until that says false. Of bytes that are no
/// set: those up to where they are none.
class IndexKeys {
 public:
  explicit IndexKeys(std::string_view set) noexcept;

  bool Next(std::int64_t& key) noexcept;

 private:
  PersonSetReader reader_;
  unsigned size_ = 0;
  bool is_first_ = true;
  bool in_run_ = false;
  PersonRun run_;  // what is left of a run
  std::int64_t last_ = 0;
};

}  // namespace gdpr
