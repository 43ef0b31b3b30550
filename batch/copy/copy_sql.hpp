// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "batch/copy/copy_table.hpp"

// The only SQL of a copy that is put together: COPY takes no parameters, and names are names.
namespace gdpr::batch {

/// "name", with quotes doubled.
std::string QuoteName(std::string_view name);
/// 'text', whatever standard_conforming_strings says.
std::string QuoteLiteral(std::string_view text);
/// "schema"."name"
std::string QualifiedName(const CopyTable& table);

/// A part of a table: all of it, or the rows on some of its pages.
struct CopyPart {
  std::size_t table = 0;  ///< place in the list of tables
  int number = 1, parts = 1;
  std::int64_t from_page = 0, to_page = -1;  ///< to_page: not included; -1: to the end
  std::int64_t pages = 0, rows_estimate = 0;
  bool whole() const { return parts == 1; }
};

/// Large tables in parts of about so many pages, small ones as they are; the largest first, so that
/// at the end no connection waits for one that came late. in  ranges  the server reads a range of
/// pages without looking at the others (14 and later)
std::vector<CopyPart> SplitTables(const std::vector<CopyTable>& tables, bool ranges,
                                  std::int64_t part_pages);

/// COPY … TO STDOUT for a part, as CopyTable says it; several where rows are named one by one, none
/// where there are no rows. Each is made when it is asked for: all of a large sample would be
/// 20 bytes a row.
class ReadStatements {
 public:
  /// in  table  outlives this
  ReadStatements(const CopyTable& table, const CopyPart& part);

  /// out  empty: there are no more
  std::string Next();

 private:
  std::string select_, only_;
  std::vector<std::string> conditions_;
  std::span<const std::uint64_t> left_;
};

/// (column, …), or nothing for a table without columns.
std::string ColumnList(const CopyTable& table);

}  // namespace gdpr::batch
