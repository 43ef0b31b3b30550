// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "batch/connection.hpp"

namespace gdpr::batch {

/// Prints rows under their column names, numbers to the right; nothing if there are no rows.
void PrintTable(std::ostream& out, const Result& result, const std::string& title = {});

/// The same rows as an array of objects; numbers stay numbers, NULL is null.
nlohmann::ordered_json TableJson(const Result& result);

}  // namespace gdpr::batch
