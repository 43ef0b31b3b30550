// SPDX-License-Identifier: PostgreSQL
#include "person_set.hpp"

#include <algorithm>

namespace gdpr {
namespace {

// A step and the length of a run, or the count and the first number: two varints.
constexpr std::size_t kStepBytes = 2 * kVarint64Bytes;
constexpr std::uint64_t kStepInByte = 63;  // what of a gap is in the first byte of a step

std::uint64_t Distance(std::int64_t from, std::int64_t to) {
  return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
}

std::int64_t Further(std::int64_t from, std::uint64_t by) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(from) + by);
}

// A step, and the run after it. `gap` is at least 1.
char* PutStep(char* at, std::uint64_t gap, std::uint64_t run) {
  const std::uint64_t over = gap - 1;
  const std::uint64_t flag = run == 0 ? 0 : 1;
  if (over <= kStepInByte) {
    *at++ = static_cast<char>(over << 1U | flag);
  } else {
    *at++ = static_cast<char>(128U | (over & kStepInByte) << 1U | flag);
    at = PutVarint(at, over >> 6U);
  }
  return run == 0 ? at : PutVarint(at, run);
}

// Puts runs one after the other between two addresses. Null where there was no room.
class SetWriter {
 public:
  SetWriter(char* at, const char* end) : at_(at), end_(end) {}

  void Start(std::uint64_t count) {
    Put([count](char* at) { return PutVarint(at, count); });
  }

  void Run(std::int64_t first, std::int64_t last) {
    if (is_first_) {
      Put([first](char* at) { return PutVarint(at, ZigZag(first)); });
      is_first_ = false;
      if (first != last) Step(1, Distance(first, last) - 1);
    } else {
      Step(Distance(last_, first), Distance(first, last));
    }
    last_ = last;
  }

  char* At() const { return at_; }

 private:
  void Step(std::uint64_t gap, std::uint64_t run) {
    Put([gap, run](char* at) { return PutStep(at, gap, run); });
  }

  // Close to the end bytes are made elsewhere first.
  template <typename Append>
  void Put(Append append) {
    if (at_ == nullptr) return;
    const auto room = static_cast<std::size_t>(end_ - at_);
    if (room >= kStepBytes) {
      at_ = append(at_);
      return;
    }
    std::array<char, kStepBytes> bytes;
    const auto size = static_cast<std::size_t>(append(bytes.data()) - bytes.data());
    if (size > room) {
      at_ = nullptr;
      return;
    }
    std::memcpy(at_, bytes.data(), size);
    at_ += size;
  }

  char* at_;
  const char* end_;
  bool is_first_ = true;
  std::int64_t last_ = 0;
};

}  // namespace

std::size_t SortPeople(std::int64_t* numbers, std::size_t count) noexcept {
  // Rows often come in the order of their keys
  std::size_t sorted = count == 0 ? 0 : 1;
  while (sorted < count && numbers[sorted - 1] < numbers[sorted]) ++sorted;
  if (sorted == count) return count;
  std::sort(numbers, numbers + count);
  return static_cast<std::size_t>(std::unique(numbers, numbers + count) - numbers);
}

char* PutPersonSet(char* at, const char* end, std::span<const std::int64_t> people) noexcept {
  if (people.size() > kMostPeople) return nullptr;
  SetWriter writer(at, end);
  writer.Start(people.size());
  for (std::size_t i = 0; i < people.size(); ++i) {
    const std::int64_t first = people[i];
    while (i + 1 < people.size() && Distance(people[i], people[i + 1]) == 1) ++i;
    writer.Run(first, people[i]);
  }
  return writer.At();
}

PersonSetReader::PersonSetReader(std::string_view set) noexcept : bytes_(set) {
  left_ = size_ = bytes_.TakeVarint(kMostPeople);
}

bool PersonSetReader::NextRun(PersonRun& run) noexcept {
  if (left_ == 0) {
    bytes_.Demand(bytes_.Rest().empty());
    return false;
  }
  if (steps_ == 0) {
    run.first = run.last = last_ = FromZigZag(bytes_.TakeVarint());
    steps_ = 1;
    --left_;
    if (!bytes_.IsSound()) left_ = 0;
    return bytes_.IsSound();
  }
  const std::uint64_t head = bytes_.TakeFixed(1);
  std::uint64_t over = head >> 1U & kStepInByte;
  if (head >= 128) {
    const std::uint64_t high = bytes_.TakeVarint(UINT64_MAX >> 6U);
    bytes_.Demand(high != 0);
    over |= high << 6U;
  }
  const std::uint64_t more = (head & 1U) != 0 ? bytes_.TakeVarint() : 0;
  // Numbers left above the last one
  const std::uint64_t above = Distance(last_, INT64_MAX);
  bytes_.Demand(((head & 1U) == 0 || more != 0) && more < left_ && (over != 0 || steps_ == 1) &&
                over < above && more <= above - over - 1);
  if (!bytes_.IsSound()) {
    left_ = 0;
    return false;
  }
  steps_ = 2;
  left_ -= more + 1;
  run.first = Further(last_, over + 1);
  run.last = last_ = Further(run.first, more);
  return true;
}

std::uint64_t PersonSetSize(std::string_view set) noexcept {
  return PersonSetReader(set).Size();
}

bool IsPersonSet(std::string_view set) noexcept {
  PersonSetReader reader(set);
  for (PersonRun run; reader.NextRun(run);) {
  }
  return reader.IsSound();
}

bool PersonSetContains(std::string_view set, std::int64_t person) noexcept {
  PersonSetReader reader(set);
  for (PersonRun run; reader.NextRun(run);) {
    if (person <= run.last) return person >= run.first;
  }
  return false;
}

bool PersonSetMerger::Add(std::string_view set) {
  const std::size_t before = runs_.size();
  PersonSetReader reader(set);
  for (PersonRun run; reader.NextRun(run);) runs_.push_back(run);
  if (reader.IsSound()) {
    size_ += reader.Size();
    return true;
  }
  runs_.resize(before);
  return false;
}

std::uint64_t PersonSetMerger::Finish(std::string& set) {
  const auto before = [](const PersonRun& a, const PersonRun& b) { return a.first < b.first; };
  if (!std::is_sorted(runs_.begin(), runs_.end(), before)) {
    std::sort(runs_.begin(), runs_.end(), before);
  }
  // Runs that meet or overlap become one
  std::uint64_t people = 0;
  std::size_t joined = 0;
  for (const PersonRun& run : runs_) {
    if (joined > 0 &&
        (run.first <= runs_[joined - 1].last || Distance(runs_[joined - 1].last, run.first) == 1)) {
      const std::int64_t last = std::max(runs_[joined - 1].last, run.last);
      people += Distance(runs_[joined - 1].last, last);
      runs_[joined - 1].last = last;
    } else {
      people += Distance(run.first, run.last) + 1;
      runs_[joined++] = run;
    }
  }
  if (people <= kMostPeople) {
    const std::size_t at = set.size();
    set.resize(at + kStepBytes * (joined + 1));
    SetWriter writer(set.data() + at, set.data() + set.size());
    writer.Start(people);
    for (std::size_t i = 0; i < joined; ++i) writer.Run(runs_[i].first, runs_[i].last);
    set.resize(static_cast<std::size_t>(writer.At() - set.data()));
  }
  runs_.clear();
  size_ = 0;
  return people;
}

IndexKeys::IndexKeys(std::string_view set) noexcept : reader_(set) {
  // How many blocks of each size there are
  std::array<std::uint64_t, kBlockSizes> blocks{};
  PersonSetReader reader(set);
  std::int64_t before = 0;
  bool is_first = true;
  for (PersonRun run; reader.NextRun(run);) {
    for (unsigned size = 0; size < kBlockSizes; ++size) {
      const unsigned shift = kBlockBits[size];
      blocks[size] += Distance(run.first >> shift, run.last >> shift);
      if (is_first || before >> shift != run.first >> shift) ++blocks[size];
    }
    before = run.last;
    is_first = false;
  }
  const std::uint64_t enough = 8 * reader.Size();
  for (unsigned size = 1; size < kBlockSizes; ++size) {
    const bool is_dense = blocks[size] <= enough >> kBlockBits[size];
    if (is_dense || blocks[size_] > kMostKeys) size_ = size;
  }
}

bool IndexKeys::Next(std::int64_t& key) noexcept {
  for (;;) {
    if (!in_run_ && !reader_.NextRun(run_)) return false;
    key = BlockKey(run_.first, size_);
    // On behind the last of this block
    const std::int64_t last = run_.first | ((std::int64_t{1} << kBlockBits[size_]) - 1);
    in_run_ = last < run_.last;
    if (in_run_) run_.first = last + 1;
    if (!is_first_ && key == last_) continue;
    is_first_ = false;
    last_ = key;
    return true;
  }
}

}  // namespace gdpr
