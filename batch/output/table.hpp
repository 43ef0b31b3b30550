// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// A table of texts; numbers stand to the right.
struct TextTable {
  struct Column {
    std::string name;
    bool number = false;
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};

/// Prints rows under their column names; nothing if there are no rows.
void PrintTable(std::ostream& out, const TextTable& table, const std::string& title = {});

/// The same of the rows of a statement.
void PrintTable(std::ostream& out, const Result& result, const std::string& title = {});

/// The same rows as an array of objects; numbers stay numbers, NULL is null.
nlohmann::ordered_json TableJson(const Result& result);

}  // namespace gdpr::batch
