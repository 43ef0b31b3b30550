// SPDX-License-Identifier: PostgreSQL
// Any bytes are a set of people or none. What is one has one spelling, holds whom it delivers, is
// what merging it with itself gives, and everybody in it is found by a key.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/person_set.hpp"

namespace {

void Demand(bool holds) {
  if (!holds) std::abort();
}

void CheckKeys(std::string_view set, const std::vector<std::int64_t>& people) {
  std::vector<std::int64_t> keys;
  gdpr::IndexKeys reader(set);
  for (std::int64_t key = 0; reader.Next(key);) keys.push_back(key);
  Demand(keys.size() <= std::min<std::size_t>(people.size(), gdpr::kMostKeys));
  std::sort(keys.begin(), keys.end());
  Demand(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
  for (const std::int64_t person : people) {
    bool found = false;
    for (unsigned size = 0; size < gdpr::kBlockSizes && !found; ++size) {
      found = std::binary_search(keys.begin(), keys.end(), gdpr::BlockKey(person, size));
    }
    Demand(found);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view set(reinterpret_cast<const char*>(data), size);
  gdpr::PersonSetReader runs(set);
  std::uint64_t count = 0;
  for (gdpr::PersonRun run; runs.NextRun(run);) {
    Demand(run.first <= run.last);
    count += static_cast<std::uint64_t>(run.last) - static_cast<std::uint64_t>(run.first) + 1;
    Demand(count <= runs.Size());
  }
  Demand(runs.IsSound() == gdpr::IsPersonSet(set));
  gdpr::PersonSetMerger merger;
  Demand(merger.Add(set) == runs.IsSound());
  if (!runs.IsSound()) return 0;
  Demand(count == runs.Size());
  merger.Add(set);
  std::string merged;
  Demand(merger.Finish(merged) == count && merged == set);
  if (count > 100000) return 0;  // a long run in few bytes: slow, and nothing new
  std::vector<std::int64_t> people;
  gdpr::PersonSetReader reader(set);
  for (std::int64_t person = 0; reader.Next(person);) people.push_back(person);
  Demand(people.size() == count);
  for (std::size_t i = 0; i < people.size(); i += people.size() / 16 + 1) {
    Demand(gdpr::PersonSetContains(set, people[i]));
  }
  std::string again(size, '\0');
  char* end = gdpr::PutPersonSet(again.data(), again.data() + again.size(), people);
  Demand(end == again.data() + again.size() && again == set);
  CheckKeys(set, people);
  return 0;
}
