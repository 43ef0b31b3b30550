// SPDX-License-Identifier: PostgreSQL
// What the columns of opt-out lists are called by the programs that export them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "list_value.hpp"

namespace gdpr {

/// A name as it is compared: letters and digits only, without case and accents.
std::string PlainName(std::string_view name);

struct KnownName {
  ListKind kind;
  int rank;   ///< the lower, the surer
  bool sure;  ///< not: "address" is a street as well; such a column must look like it
};

/// What a column called that (PlainName) holds; nothing if the name says nothing about addresses
/// of that sort.
std::optional<KnownName> KnownColumn(std::string_view plain_name, AddressSort sort);

}  // namespace gdpr
