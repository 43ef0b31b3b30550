// SPDX-License-Identifier: PostgreSQL
#include "batch/optouts/reject_file.hpp"

#include <unistd.h>

#include <algorithm>

namespace gdpr::batch {

void RejectFile::Add(std::vector<ListChunk::Rejected> rejected) {
  std::ranges::sort(rejected, {}, &ListChunk::Rejected::line);
  for (const auto& [line, reason] : rejected) {
    ++count_;
    ++by_reason_[static_cast<std::size_t>(reason)];
    if (path_.empty()) continue;
    if (!file_) file_.emplace(path_);
    file_->Write(std::to_string(line) + '\t' + std::string(ReasonOf(reason)) + '\n');
  }
}

void RejectFile::Commit() {
  if (file_) {
    file_->Commit();
  } else if (!path_.empty()) {
    unlink(path_.c_str());
  }
}

}  // namespace gdpr::batch
