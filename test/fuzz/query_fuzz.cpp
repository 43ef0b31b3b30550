// SPDX-License-Identifier: PostgreSQL
// Any bytes are a query. Its normal form takes no more than twice their size; space around it is
// nothing. own.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/query_digest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  for (const bool standard_strings : {true, false}) {
    std::string normal;
    gdpr::AppendNormalQuery(query, standard_strings, normal);
    if (normal.size() > 2 * size) std::abort();
    std::string same;
    gdpr::AppendNormalQuery(" \n" + std::string(query), standard_strings, same);
    if (same != normal) std::abort();
  }
  return 0;
}
