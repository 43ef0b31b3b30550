// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_sample_set.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gdpr::batch {
namespace {

std::vector<std::uint64_t> Merged(const std::vector<std::uint64_t>& one,
                                  const std::vector<std::uint64_t>& other) {
  std::vector<std::uint64_t> all;
  all.reserve(one.size() + other.size());
  std::ranges::merge(one, other, std::back_inserter(all));
  return all;
}

}  // namespace

bool TidSet::Has(std::uint64_t tid) const {
  return std::ranges::any_of(
      runs_, [tid](const auto& run) { return std::ranges::binary_search(run, tid); });
}

std::size_t TidSet::size() const {
  std::size_t size = 0;
  for (const auto& run : runs_) size += run.size();
  return size;
}

std::vector<std::uint64_t> TidSet::Add(std::vector<std::uint64_t> tids) {
  std::ranges::sort(tids);
  const auto twice = std::ranges::unique(tids);
  tids.erase(twice.begin(), twice.end());
  std::erase_if(tids, [this](std::uint64_t tid) { return Has(tid); });
  if (tids.empty()) return tids;
  runs_.push_back(tids);
  while (runs_.size() > 1 && runs_[runs_.size() - 2].size() < 2 * runs_.back().size()) {
    std::vector<std::uint64_t> merged = Merged(runs_[runs_.size() - 2], runs_.back());
    runs_.pop_back();
    runs_.back() = std::move(merged);
  }
  return tids;
}

std::vector<std::uint64_t> TidSet::Sorted() const {
  std::vector<std::uint64_t> all;
  for (const auto& run : runs_) all = Merged(all, run);
  return all;
}

}  // namespace gdpr::batch
