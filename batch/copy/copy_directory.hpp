// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <map>
#include <mutex>

#include "batch/copy/copy_target.hpp"

namespace gdpr::batch {

/// A directory as the target, for psql to load: schema and sequences as SQL, rows in binary, and a
/// manifest. It is made as DIR.part and gets its name at the end; its record is DIR.part/record, a
/// line for each file that is there for good.
class DirectoryTarget : public CopyTarget {
 public:
  /// A file of rows: a part of a table.
  struct File {
    std::string schema, table, file, sha256;
    int part = 1, parts = 1;
    std::int64_t rows = 0, bytes = 0;
  };

  /// Changes nothing yet.
  DirectoryTarget(const Options& options, std::string encoding);
  ~DirectoryTarget() override;

  std::string Occupied(const CopyPlan& plan) override;
  bool HasSchema(const std::string& /*name*/) override { return false; }
  CopyState Begin(const CopyPlan& plan, const std::string& digest, bool resume) override;
  void MakeSchema(const Archive& archive, const CopyPlan& plan) override;
  std::unique_ptr<PartLoader> MakeLoader() override;
  std::vector<std::string> MakeRest(const Archive& archive, const CopyPlan& plan,
                                    const std::vector<std::string>& sequences) override;
  void Finish() override;
  std::string name() const override;

  /// From a loader: the file is there for good. Thread-safe.
  void Add(File file);
  std::string PathOf(const std::string& file) const { return part_ + "/" + file; }

 private:
  void Lock();
  void ReadRecord(const std::string& digest);
  void KeepWhole(const CopyPlan& plan, CopyState& state);
  void WriteRecord() const;
  std::vector<const File*> FilesOf(const CopyTable& table) const;
  void WriteLoad(const CopyPlan& plan) const;
  void WriteManifest(const CopyPlan& plan) const;

  const Options& options_;
  std::string encoding_, directory_, part_, digest_;
  int lock_ = -1;
  mutable std::mutex mutex_;  ///< of files_ and the record
  std::vector<File> files_;
};

}  // namespace gdpr::batch
