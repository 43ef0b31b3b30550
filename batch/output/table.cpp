// SPDX-License-Identifier: PostgreSQL
#include "batch/output/table.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "batch/output/printable.hpp"

namespace gdpr::batch {
namespace {

constexpr Oid kInt8 = 20, kInt4 = 23, kNumeric = 1700;  // pg_type.dat

bool IsNumber(const Result& result, int column) {
  const Oid type = PQftype(result.get(), column);
  return type == kInt8 || type == kInt4 || type == kNumeric;
}

/// Characters, not bytes: UTF-8 continuation bytes take no room.
std::size_t WidthOf(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void PrintCell(std::ostream& out, std::string_view text, std::size_t width, bool right, bool last) {
  const std::string blanks(width - std::min(width, WidthOf(text)), ' ');
  if (right) {
    out << "  " << blanks << text;
  } else {
    out << "  " << text << (last ? std::string() : blanks);
  }
}

}  // namespace

void PrintTable(std::ostream& out, const TextTable& table, const std::string& title) {
  if (table.rows.empty()) return;
  if (!title.empty()) out << title << "\n\n";
  const std::size_t columns = table.columns.size();
  std::vector<std::string> names;
  std::vector<std::size_t> widths;
  std::vector<std::vector<std::string>> rows = table.rows;
  for (auto& row : rows) std::ranges::transform(row, row.begin(), Printable);
  for (std::size_t column = 0; column < columns; ++column) {
    names.push_back(table.columns[column].name);
    widths.push_back(WidthOf(names.back()));
    for (const auto& row : rows) {
      widths.back() = std::max(widths.back(), WidthOf(row[column]));
    }
  }
  const auto print = [&](const std::vector<std::string>& row) {
    for (std::size_t column = 0; column < columns; ++column) {
      PrintCell(out, row[column], widths[column], table.columns[column].number,
                column + 1 == columns);
    }
    out << '\n';
  };
  print(names);
  for (const auto& row : rows) print(row);
  out << '\n';
}

void PrintTable(std::ostream& out, const Result& result, const std::string& title) {
  TextTable table;
  for (int column = 0; column < result.columns(); ++column) {
    table.columns.push_back({std::string(result.Name(column)), IsNumber(result, column)});
  }
  for (int row = 0; row < result.rows(); ++row) {
    std::vector<std::string>& texts = table.rows.emplace_back();
    for (int column = 0; column < result.columns(); ++column) {
      texts.emplace_back(result.Text(row, column));
    }
  }
  PrintTable(out, table, title);
}

nlohmann::ordered_json TableJson(const Result& result) {
  auto rows = nlohmann::ordered_json::array();
  for (int row = 0; row < result.rows(); ++row) {
    nlohmann::ordered_json object;
    for (int column = 0; column < result.columns(); ++column) {
      const std::string name(result.Name(column));
      if (result.IsNull(row, column)) {
        object[name] = nullptr;
      } else if (IsNumber(result, column)) {
        object[name] = result.Int(row, column);
      } else {
        object[name] = std::string(result.Text(row, column));
      }
    }
    rows.push_back(std::move(object));
  }
  return rows;
}

}  // namespace gdpr::batch
