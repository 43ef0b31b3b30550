// SPDX-License-Identifier: PostgreSQL
#include "batch/session/rows.hpp"

#include <algorithm>
#include <charconv>

namespace gdpr::batch {
namespace {

const std::optional<std::string>* Find(const Rows& rows, std::size_t row, std::string_view name) {
  const auto found = std::ranges::find(rows.names, name);
  if (found == rows.names.end() || row >= rows.rows.size()) return nullptr;
  return &rows.rows[row][static_cast<std::size_t>(found - rows.names.begin())];
}

}  // namespace

Rows Rows::Of(const Result& result) {
  Rows rows;
  for (int column = 0; column < result.columns(); ++column) {
    rows.names.emplace_back(result.Name(column));
  }
  for (int row = 0; row < result.rows(); ++row) {
    auto& fields = rows.rows.emplace_back();
    for (int column = 0; column < result.columns(); ++column) {
      fields.push_back(result.IsNull(row, column)
                           ? std::nullopt
                           : std::optional(std::string(result.Text(row, column))));
    }
  }
  return rows;
}

std::string Rows::Text(std::size_t row, std::string_view name) const {
  const auto* field = Find(*this, row, name);
  return field == nullptr ? std::string() : field->value_or("");
}

std::int64_t Rows::Int(std::size_t row, std::string_view name) const {
  const std::string text = Text(row, name);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool Rows::IsNull(std::size_t row, std::string_view name) const {
  const auto* field = Find(*this, row, name);
  return field == nullptr || !field->has_value();
}

std::int64_t Rows::Sum(std::string_view name) const {
  std::int64_t sum = 0;
  for (std::size_t row = 0; row < size(); ++row) sum += Int(row, name);
  return sum;
}

}  // namespace gdpr::batch
