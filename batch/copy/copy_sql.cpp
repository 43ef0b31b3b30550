// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_sql.hpp"

#include <algorithm>
#include <utility>

namespace gdpr::batch {
namespace {

/// A statement with their numbers stays below 100 kB.
constexpr std::size_t kTidsAtOnce = 5000;

std::string TidText(std::uint64_t tid) {
  return "(" + std::to_string(tid >> 16) + "," + std::to_string(tid & 0xffff) + ")";
}

std::string Expression(const CopyColumn& column) {
  return column.to_null ? "NULL" : "t." + QuoteName(column.name);
}

std::string SelectOf(const CopyTable& table) {
  std::string list;
  const auto add = [&](const std::string& expression) {
    list += (list.empty() ? " " : ", ") + expression;
  };
  for (const CopyColumn& column : table.columns) add(Expression(column));
  if (!table.seed_sql.empty()) add("(" + table.seed_sql + ")::pg_catalog.text");
  return "SELECT" + list + " FROM ONLY " + QualifiedName(table) + " AS t";
}

/// A sample's rows lie on more pages than they fill: what counts is about how much is read.
std::int64_t PagesToRead(const CopyTable& table) {
  if (!table.tids) return table.pages;
  const auto rows = static_cast<double>(std::max<std::int64_t>(table.rows_estimate, 1));
  const double share = std::min(1.0, static_cast<double>(table.tids->size()) / rows);
  return static_cast<std::int64_t>(static_cast<double>(table.pages) * share);
}

/// The page where part n of so many ends.
std::int64_t PartEnd(const CopyTable& table, int n, int count, std::int64_t part_pages) {
  if (!table.tids) return n * part_pages;
  const std::size_t at = table.tids->size() * static_cast<std::size_t>(n);
  return static_cast<std::int64_t>((*table.tids)[at / static_cast<std::size_t>(count)] >> 16);
}

/// Read as it is, all of it needs no plan: COPY leaves out the rows of children by itself.
bool IsPlain(const CopyTable& table) {
  return table.seed_sql.empty() && std::ranges::none_of(table.columns, &CopyColumn::to_null);
}

std::string CopyOut(const std::string& select, const std::vector<std::string>& conditions) {
  std::string where;
  for (const std::string& condition : conditions) {
    where += (where.empty() ? " WHERE (" : " AND (") + condition + ")";
  }
  return "COPY (" + select + where + ") TO STDOUT (FORMAT binary)";
}

}  // namespace

std::string QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string(2, c) : std::string(1, c);
  return quoted + "\"";
}

std::string QuoteLiteral(std::string_view text) {
  std::string quoted = text.find('\\') == std::string_view::npos ? "'" : " E'";
  for (const char c : text)
    quoted += c == '\'' || c == '\\' ? std::string(2, c) : std::string(1, c);
  return quoted + "'";
}

std::string QualifiedName(const CopyTable& table) {
  return QuoteName(table.schema) + "." + QuoteName(table.name);
}

std::string ColumnList(const CopyTable& table) {
  std::string list;
  for (const CopyColumn& column : table.columns) {
    list += (list.empty() ? " (" : ", ") + QuoteName(column.name);
  }
  return list.empty() ? list : list + ")";
}

std::vector<CopyPart> SplitTables(const std::vector<CopyTable>& tables, bool ranges,
                                  std::int64_t part_pages) {
  std::vector<CopyPart> parts;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const CopyTable& table = tables[i];
    const std::int64_t pages = PagesToRead(table);
    const bool split = pages >= 2 * part_pages && (ranges || table.tids);
    const auto count = split ? static_cast<int>(pages / part_pages) : 1;
    const std::int64_t rows = table.tids ? std::ssize(*table.tids) : table.rows_estimate;
    for (int n = 0; n < count; ++n) {
      CopyPart part{i, n + 1, count, 0, -1, pages / count, rows / count};
      if (n > 0) part.from_page = parts.back().to_page;
      if (n + 1 < count) part.to_page = PartEnd(table, n + 1, count, part_pages);
      parts.push_back(part);
    }
  }
  std::ranges::stable_sort(parts, std::ranges::greater{}, &CopyPart::pages);
  return parts;
}

ReadStatements::ReadStatements(const CopyTable& table, const CopyPart& part)
    : select_(SelectOf(table)) {
  if (!table.filter.empty()) conditions_.push_back(table.filter);
  if (table.tids) {
    const std::span<const std::uint64_t> tids(*table.tids);
    const auto at = [&](std::int64_t page) {
      return std::ranges::lower_bound(tids, static_cast<std::uint64_t>(page) << 16);
    };
    left_ = {at(part.from_page), part.to_page < 0 ? tids.end() : at(part.to_page)};
    return;
  }
  if (part.from_page > 0)
    conditions_.push_back("t.ctid OPERATOR(pg_catalog.>=) '(" + std::to_string(part.from_page) +
                          ",0)'::pg_catalog.tid");
  if (part.to_page >= 0)
    conditions_.push_back("t.ctid OPERATOR(pg_catalog.<) '(" + std::to_string(part.to_page) +
                          ",0)'::pg_catalog.tid");
  only_ = conditions_.empty() && IsPlain(table)
              ? "COPY " + QualifiedName(table) + ColumnList(table) + " TO STDOUT (FORMAT binary)"
              : CopyOut(select_, conditions_);
}

std::string ReadStatements::Next() {
  if (!only_.empty()) return std::exchange(only_, {});
  if (left_.empty()) return {};
  const auto some = left_.first(std::min(left_.size(), kTidsAtOnce));
  left_ = left_.subspan(some.size());
  std::string list;
  for (const std::uint64_t tid : some) list += (list.empty() ? "\"" : ",\"") + TidText(tid) + "\"";
  conditions_.push_back("t.ctid OPERATOR(pg_catalog.=) ANY ('{" + list + "}'::pg_catalog.tid[])");
  std::string statement = CopyOut(select_, conditions_);
  conditions_.pop_back();
  return statement;
}

}  // namespace gdpr::batch
