// SPDX-License-Identifier: PostgreSQL
// What a list is, found out from its beginning: delimiter, header, the column that holds the
// addresses, and what sort of things they are.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "list_reader.hpp"
#include "list_value.hpp"

namespace gdpr {

/// What somebody knows about a list beforehand.
struct ListHints {
  AddressSort sort = AddressSort::kEmail;
  std::optional<char> delimiter = {};
  std::string column = {};            ///< its name or its number from 1; empty: find it
  std::optional<ListKind> kind = {};  ///< of the digests
  bool plain = false;                 ///< there are no digests in it
};

struct ListFormat {
  Dialect dialect;
  int skip = 0;            ///< records before the values: Excel's sep= line, the header
  std::size_t column = 0;  ///< of the values, from 0
  std::size_t columns = 1;
  std::string column_name;  ///< if it is one of the names that are known, or of the hints
  ListKind kind = ListKind::kAddress;
};

/// Finds out the format of a list.
/// in      head   its beginning in UTF-8, some KiB, without byte order mark
///         whole  that is all there is
/// throws  Error 22023 if that cannot be found out: no column or more than one may be meant. The
///         hint says how to tell it.
ListFormat DetectFormat(std::string_view head, bool whole, const ListHints& hints);

}  // namespace gdpr
