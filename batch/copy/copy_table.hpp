// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gdpr::batch {

/// A column that is copied: everything but generated ones, in the table's own order.
struct CopyColumn {
  std::string name;
  std::uint32_t type = 0;  ///< pg_type.oid at the source
  std::int32_t typmod = -1;
  bool not_null = false;
  std::string rule;      ///< as gdpr.effective_rule() says it; empty: copied as it is
  bool to_null = false;  ///< read as NULL: the value never leaves the source
};

/// A table that is copied, what of it, and how. Partitions are tables of their own, their root is
/// not one; of inheritance each table is ONLY itself.
///
/// What RowTreater gets are the tuples of
///   COPY (SELECT t.column …, [(seed_sql)::text], FROM ONLY schema.name AS t WHERE filter) TO
///   STDOUT (FORMAT binary)
/// : one field for each column, in their order, and one more, of type text, if seed_sql is not
/// empty. It writes the columns only.
struct CopyTable {
  std::uint32_t oid = 0;
  std::string schema, name;
  std::int64_t pages = 0, rows_estimate = 0;
  std::vector<CopyColumn> columns;
  std::string seed_sql;  ///< text of ours: an expression over t, whose value is each row's seed
  std::string country_column;  ///< column of kind country that says each row's locale; empty: none
  std::string filter;          ///< text of ours: a condition over t; empty: all rows
  /// Only these rows, sorted: page number << 16 | line pointer. Empty list: none at all.
  std::optional<std::vector<std::uint64_t>> tids;
};

}  // namespace gdpr::batch
