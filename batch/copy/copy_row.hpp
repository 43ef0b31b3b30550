// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "batch/copy/copy_row_types.hpp"
#include "batch/copy/copy_table.hpp"
#include "core/kind.hpp"

namespace gdpr::batch {

/// Treats the rows of one table as COPY BINARY has them. One for each thread: it holds the keys'
/// contexts and memory that is used again from row to row.
///
/// A value comes out as gdpr.anonymize(value, rule, profile, seed) gives it at the server; a
/// column without a rule, byte for byte as it went in.
class RowTreater {
 public:
  /// in      `types`: of all the table's columns, outlives this; `master`: may be empty for
  ///         profiles without a key
  /// throws  Fault kConfiguration for a rule that cannot be read or a key that is missing
  RowTreater(const CopyTable& table, const CatalogTypes& types, Profile profile,
             std::span<const std::uint8_t> master);
  ~RowTreater();
  RowTreater(const RowTreater&) = delete;
  RowTreater& operator=(const RowTreater&) = delete;

  /// Whether Treat() would give back what it gets: no column has anything to be done.
  bool passes() const;

  /// Treats whole tuples (without the file's header and trailer) and appends them to `out`.
  /// throws  Fault kConfiguration: a column cannot take what became of a value;
  ///         kDatabase: the bytes are no tuples of this table
  void Treat(std::string_view tuples, std::string& out);

  /// Treated so far.
  std::int64_t rows() const { return rows_; }

 private:
  struct Column;
  struct State;

  void TreatRow(std::string_view tuples, std::size_t& at, std::string& out);
  void TreatField(Column& column, std::string_view field, std::string& out);
  void TreatOne(Column& column, const CopyType& type, std::string_view field, std::string& out);
  void TreatArray(Column& column, std::string_view field, std::string& out);

  std::unique_ptr<State> state_;
  std::int64_t rows_ = 0;
};

}  // namespace gdpr::batch
