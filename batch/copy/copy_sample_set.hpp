// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gdpr::batch {

/// Addresses of rows of one table, page << 16 | line pointer: 8 bytes a row. Sorted runs, each at
/// least twice as long as the next, so that adding n rows in batches costs n log n.
class TidSet {
 public:
  /// Adds them; what comes back was not there before, sorted.
  std::vector<std::uint64_t> Add(std::vector<std::uint64_t> tids);
  bool Has(std::uint64_t tid) const;
  std::size_t size() const;
  /// All of them, sorted.
  std::vector<std::uint64_t> Sorted() const;

 private:
  std::vector<std::vector<std::uint64_t>> runs_;
};

}  // namespace gdpr::batch
