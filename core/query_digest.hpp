// SPDX-License-Identifier: PostgreSQL
// What a query is when its values are left out: reads are recorded with a digest of that, and never
// with a text that could hold somebody's name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sha256.hpp"

namespace gdpr {

/// Appends the normal form of a query: comments and white space gone, ASCII letters small outside
/// of quotes, one space between tokens; literals, numbers, parameters, and the words true, false
/// and null where they are values become ?; lists of ? and lists of such lists in brackets become
/// one. So a text of pg_stat_statements, where constants are $1, $2 …, has the form of what was
/// run. `standard_strings`: the setting standard_conforming_strings. Any bytes are a query.
void AppendNormalQuery(std::string_view query, bool standard_strings, std::string& normal);

/// Digests of queries: SHA-256 of the normal form, its first 8 bytes, the first the highest.
class QueryDigester {
 public:
  /// Throws std::bad_alloc; Error XX000 where OpenSSL fails.
  std::int64_t Of(std::string_view query, bool standard_strings);

 private:
  Sha256 sha_;
  std::string normal_;
};

}  // namespace gdpr
