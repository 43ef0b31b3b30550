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
GDPR_LATER(gdpr_refuse_change)
GDPR_LATER(gdpr_keep_history)
GDPR_LATER(gdpr_rewrite_history)
GDPR_LATER(gdpr_give_view)
GDPR_LATER(gdpr_protect)
GDPR_LATER(gdpr_unprotect)
