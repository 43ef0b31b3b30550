// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gdpr::batch {

/// What stands behind MASKED WITH FUNCTION or MASKED WITH VALUE, without casts and parentheses
/// around it: a literal, one call, or something that is put together.
struct AnonExpression {
  bool null = false;
  std::optional<std::string> literal;  ///< a text in quotes, a number, true, false
  std::string function;                ///< of one call: anon.partial; empty: it is no call
  std::vector<std::string> arguments;  ///< of one call: literals; "" for everything else
  std::vector<std::string> within;     ///< functions that are called inside
};

/// Executes nothing.
AnonExpression ReadAnonExpression(std::string_view text);

}  // namespace gdpr::batch
