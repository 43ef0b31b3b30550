// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// The rows of a statement as plain texts: what a page is made of, with or without a database.
struct Rows {
  std::vector<std::string> names;
  std::vector<std::vector<std::optional<std::string>>> rows;

  static Rows Of(const Result& result);

  std::size_t size() const { return rows.size(); }
  bool empty() const { return rows.empty(); }
  /// "" for NULL and for a column that is not there.
  std::string Text(std::size_t row, std::string_view name) const;
  std::int64_t Int(std::size_t row, std::string_view name) const;
  bool IsNull(std::size_t row, std::string_view name) const;
  /// Of a column, over all rows.
  std::int64_t Sum(std::string_view name) const;
};

}  // namespace gdpr::batch
