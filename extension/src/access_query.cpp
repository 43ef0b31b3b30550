// SPDX-License-Identifier: PostgreSQL
#include "extension/src/access_query.hpp"

#include <string_view>

#include "core/query_digest.hpp"
#include "extension/src/bridge.hpp"

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

// Made at the first read and kept: making it takes longer than most digests.
QueryDigester* digester = nullptr;

}  // namespace

bool DigestOfQuery(const char* text, std::size_t size, int64* digest) {
  Failure failure;
  return Catch(failure, [&] {
    if (digester == nullptr) digester = new QueryDigester;
    *digest = digester->Of({text, size}, standard_conforming_strings);
  });
}

}  // namespace gdpr::pg

using namespace gdpr;
using namespace gdpr::pg;

// gdpr.query_digest(query text) -> text
GDPR_FUNCTION(gdpr_query_digest) {
  text* query = PG_GETARG_TEXT_PP(0);
  int64 digest = 0;
  if (!DigestOfQuery(VARDATA_ANY(query), VARSIZE_ANY_EXHDR(query), &digest)) {
    ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
  }
  PG_RETURN_TEXT_P(
      cstring_to_text(psprintf("%016" INT64_MODIFIER "x", static_cast<uint64>(digest))));
}
