// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "batch/optouts/list_input.hpp"
#include "batch/output/out_file.hpp"

namespace gdpr::batch {

/// Which lines of a list were left out and why: number, tab, reason, and never what stands there.
/// The file is made for the first of them.
class RejectFile {
 public:
  /// in  path  empty: they are only counted
  explicit RejectFile(std::string path) : path_(std::move(path)) {}

  /// Writes them in the order of their lines. throws  Fault kDatabase, as OutFile
  void Add(std::vector<ListChunk::Rejected> rejected);
  /// Puts the file into its place. What stood there was about an earlier import: where nothing was
  /// rejected, it goes. throws  Fault kDatabase
  void Commit();

  std::int64_t count() const { return count_; }
  std::int64_t CountOf(Reject reason) const { return by_reason_[static_cast<std::size_t>(reason)]; }
  /// The file, if there is one now.
  const std::string& path() const { return count_ > 0 ? path_ : none_; }

 private:
  std::string path_, none_;
  std::optional<OutFile> file_;
  std::int64_t count_ = 0;
  std::array<std::int64_t, kRejects> by_reason_{};
};

}  // namespace gdpr::batch
