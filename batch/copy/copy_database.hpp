// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "batch/copy/copy_target.hpp"

namespace gdpr::batch {

/// A database as the target. Its record is schema gdpr_copy, which is dropped at the end.
class DatabaseTarget : public CopyTarget {
 public:
  /// throws  SqlError, Fault
  DatabaseTarget(const Options& options, const std::string& encoding, Signals& signals);

  std::string Occupied(const CopyPlan& plan) override;
  bool HasSchema(const std::string& name) override;
  CopyState Begin(const CopyPlan& plan, const std::string& digest, bool resume) override;
  void MakeSchema(const Archive& archive, const CopyPlan& plan) override;
  std::unique_ptr<PartLoader> MakeLoader() override;
  std::vector<std::string> MakeRest(const Archive& archive, const CopyPlan& plan,
                                    const std::vector<std::string>& sequences) override;
  void Finish() override;
  std::string name() const override;

 private:
  void Lock();
  bool HasRecord();
  void MakeRecord(const std::string& digest);
  void RequireRoles(const CopyPlan& plan);
  void StopIfCancelled() const;
  void KeepWhole(const CopyPlan& plan, CopyState& state);
  std::vector<std::string> Again(const Archive& archive, const std::vector<int>& entries);

  const Options& options_;
  const std::string encoding_;
  ConnectionSettings settings_;
  Signals& signals_;
  Connection connection_;
  bool schema_made_ = false;
};

}  // namespace gdpr::batch
