// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>

namespace gdpr::batch {

/// A file that is there whole or not at all: written beside its place as PATH.part, and renamed by
/// Commit(). What stood there before stays until then. Buffered; not thread-safe.
class OutFile {
 public:
  /// Makes PATH.part anew. throws  Fault kDatabase, as everything here: where a disk is full or
  /// nobody may write, a run stops and can be resumed; kConfiguration: PATH is a device or a
  /// directory in  secret  only the owner may read it: it holds personal values
  explicit OutFile(std::string path, bool secret = false);
  /// Without Commit() nothing is left.
  ~OutFile();
  OutFile(const OutFile&) = delete;
  OutFile& operator=(const OutFile&) = delete;

  void Write(std::string_view text);
  /// To the disk, then into its place.
  void Commit();

  const std::string& path() const { return path_; }

 private:
  void Flush();
  [[noreturn]] void Stop(const char* what) const;

  std::string path_, part_, buffer_;
  int file_ = -1;
};

}  // namespace gdpr::batch
