// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_sql.hpp"

#include <algorithm>
#include <span>

namespace gdpr::batch {
namespace {

/// 64 MB: a part is a transaction at the target, and what is done again when a connection breaks.
constexpr std::int64_t kPartPages = 8192;
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

std::vector<CopyPart> SplitTables(const std::vector<CopyTable>& tables, bool ranges) {
  std::vector<CopyPart> parts;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const CopyTable& table = tables[i];
    const bool split = ranges && !table.tids && table.pages >= 2 * kPartPages;
    const auto count = split ? static_cast<int>(table.pages / kPartPages) : 1;
    for (int n = 0; n < count; ++n) {
      CopyPart part{
          i, n + 1, count, n * kPartPages, (n + 1) * kPartPages, table.rows_estimate / count};
      if (n + 1 == count) part.to_page = -1;
      parts.push_back(part);
    }
  }
  std::ranges::stable_sort(parts, std::ranges::greater{}, [&](const CopyPart& part) {
    return std::min(tables[part.table].pages, part.whole() ? tables[part.table].pages : kPartPages);
  });
  return parts;
}

std::vector<std::string> ReadStatements(const CopyTable& table, const CopyPart& part) {
  std::vector<std::string> conditions;
  if (!table.filter.empty()) conditions.push_back(table.filter);
  if (part.from_page > 0)
    conditions.push_back("t.ctid OPERATOR(pg_catalog.>=) '(" + std::to_string(part.from_page) +
                         ",0)'::pg_catalog.tid");
  if (part.to_page >= 0)
    conditions.push_back("t.ctid OPERATOR(pg_catalog.<) '(" + std::to_string(part.to_page) +
                         ",0)'::pg_catalog.tid");
  const std::string select = SelectOf(table);
  if (!table.tids) return {CopyOut(select, conditions)};
  std::vector<std::string> statements;
  std::span<const std::uint64_t> left(*table.tids);
  while (!left.empty()) {
    const auto some = left.first(std::min(left.size(), kTidsAtOnce));
    left = left.subspan(some.size());
    std::string list;
    for (const std::uint64_t tid : some)
      list += (list.empty() ? "\"" : ",\"") + TidText(tid) + "\"";
    conditions.push_back("t.ctid OPERATOR(pg_catalog.=) ANY ('{" + list + "}'::pg_catalog.tid[])");
    statements.push_back(CopyOut(select, conditions));
    conditions.pop_back();
  }
  return statements;
}

}  // namespace gdpr::batch
