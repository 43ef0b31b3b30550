// SPDX-License-Identifier: PostgreSQL
// Declared so far, built next.
#include "extension/src/pg.hpp"

#define GDPR_LATER(f)                                                                      \
  GDPR_FUNCTION(f) {                                                                       \
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not available yet"))); \
    PG_RETURN_NULL();                                                                      \
  }
GDPR_LATER(gdpr_may_read_link)
GDPR_LATER(gdpr_may_change_link)
GDPR_LATER(gdpr_shows_link)
