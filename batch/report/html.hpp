// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "batch/session/rows.hpp"

namespace gdpr::batch {

/// How a column of a page's table looks.
struct HtmlColumn {
  enum class Look { kText, kNumber, kDate, kState };
  std::string name, title;
  Look look = Look::kText;
};

/// Rows as a table for a page: counts with separators to the right, states in their colour. No
/// rows: a sentence that says so.
std::string HtmlTable(const Rows& rows, const std::vector<HtmlColumn>& columns,
                      std::string_view caption, std::string_view none);

}  // namespace gdpr::batch
