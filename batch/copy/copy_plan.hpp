// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "batch/cli/options.hpp"
#include "batch/copy/copy_archive.hpp"
#include "batch/copy/copy_row_types.hpp"
#include "batch/copy/copy_rules.hpp"
#include "batch/copy/copy_table.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// A schema of the source.
struct CopySchema {
  std::string name;
  std::uint32_t oid = 0;
  bool copied = false;  ///< else an extension lives in it
};

/// What is copied, and what is not. Made once, from the catalogs within the snapshot.
struct CopyPlan {
  std::string snapshot;
  int server = 0;  ///< the source's version, such as 150014
  std::string
      encoding;  ///< in which all connections speak: UTF8, or SQL_ASCII as the source has it
  std::vector<CopySchema> schemas;
  std::vector<CopyTable> tables;
  std::vector<UniqueBound> bounds;
  std::set<ObjectId> left_out;            ///< objects of the schema
  std::vector<std::string> references;    ///< foreign keys among them: "name on table"
  std::vector<std::string> not_copied;    ///< what has rows that no copy has, in words
  std::vector<std::string> roles;         ///< that policies name
  std::vector<std::string> corrections;   ///< statements that take pg_gdpr's traces off the schema
  std::vector<std::string> materialized;  ///< statements that fill materialized views
  std::vector<std::string> forced;        ///< the last ones: row level security binds owners again

  std::vector<std::string> CopiedSchemas() const;
  std::int64_t RowsEstimate() const;
};

/// The leader of a copy: it exports the snapshot that all connections read, and holds it and the
/// tables' locks until its end.
class CopyLeader {
 public:
  /// throws  Fault, SqlError
  CopyLeader(Connection connection, const Options& options);

  Connection& connection() { return connection_; }
  const CopyPlan& plan() const { return plan_; }
  const CatalogTypes& types() const { return *types_; }
  const std::vector<std::uint8_t>& key() const { return key_; }

  /// That the snapshot's transaction is still there: with it go its locks, and what is emptied or
  /// rewritten then is empty to the snapshot. Thread-safe.
  /// throws  Fault
  void RequireAlive();

  /// Statements that set the target's sequences to where the source's are now.
  std::vector<std::string> SequenceStatements();

 private:
  void Lock(const std::vector<std::string>& names);
  void CheckSequences();
  void ReadSchema();
  void TakeOffProtection();
  void PutOffForce();

  Connection connection_;
  std::mutex mutex_;  ///< of connection_, while others copy
  std::vector<std::string> schemas_;
  CopyPlan plan_;
  std::optional<CatalogTypes> types_;
  std::vector<std::uint8_t> key_;
};

/// Another connection to the source that reads the leader's snapshot.
Connection ConnectToSnapshot(const Options& options, const std::string& snapshot);

/// Rows under row level security are an error for who reads with row_security off, never missing:
/// says what to do about it. Other errors stay as they are.
[[noreturn]] void RethrowReadError(const SqlError& error, const CopyTable& table);

}  // namespace gdpr::batch
