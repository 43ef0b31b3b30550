// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batch/copy/copy_archive.hpp"
#include "batch/copy/copy_plan.hpp"
#include "batch/copy/copy_sql.hpp"

namespace gdpr::batch {

/// Where the parts of tables go, one after the other: one for each connection. Whatever throws in
/// between leaves nothing of its part behind, and the loader is not used again.
class PartLoader {
 public:
  virtual ~PartLoader() = default;

  /// out  rows of a part that is there already, from a transaction whose COMMIT was not answered
  virtual std::optional<std::int64_t> Begin(const CopyTable& table, const CopyPart& part) = 0;
  /// Whole tuples in binary, without header and trailer.
  virtual void Write(std::string_view tuples) = 0;
  /// For good: what a crash leaves is all of the part or nothing.
  /// in   rows  how many were written
  /// throws  Fault if another number arrived
  virtual void End(std::int64_t rows) = 0;
};

/// What is left of an earlier copy that did not come to its end.
struct CopyState {
  bool resumed = false, schema_made = false;
  std::vector<bool> whole;         ///< by table: all of its rows are there
  std::vector<std::int64_t> rows;  ///< by table, where it is whole
};

/// Where a copy goes: a database or a directory. An unfinished one keeps a record of what is there:
/// a table is whole when all its parts are, of one snapshot.
class CopyTarget {
 public:
  virtual ~CopyTarget() = default;

  /// Nothing is changed. out  why a copy cannot go there; empty: it can
  virtual std::string Occupied(const CopyPlan& plan) = 0;
  /// A schema of that name is there: it is filled, not made.
  virtual bool HasSchema(const std::string& name) = 0;
  /// Begins, or goes on where resume says so; what is left of tables that are not whole is taken
  /// away. in      digest  of all that must be the same in a resumed copy, the schema among it
  /// throws  Fault: occupied, nothing to resume, another copy, or another process is at work there
  virtual CopyState Begin(const CopyPlan& plan, const std::string& digest, bool resume) = 0;
  /// Tables and types, without indexes and constraints.
  virtual void MakeSchema(const Archive& archive, const CopyPlan& plan) = 0;
  virtual std::unique_ptr<PartLoader> MakeLoader() = 0;
  /// Sequences, indexes, constraints, materialized views, once all tables are whole.
  /// out  objects that could not be made, and why, without values
  virtual std::vector<std::string> MakeRest(const Archive& archive, const CopyPlan& plan,
                                            const std::vector<std::string>& sequences) = 0;
  /// The copy is whole: the record goes, or the directory gets its name.
  virtual void Finish() = 0;

  /// For messages.
  virtual std::string name() const = 0;
};

/// in   encoding  in which the source sends its rows
std::unique_ptr<CopyTarget> OpenTarget(const Options& options, const std::string& encoding,
                                       Signals& signals);

}  // namespace gdpr::batch
