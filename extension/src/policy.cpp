// SPDX-License-Identifier: PostgreSQL
// What policies and guards ask: declared so far, built next.
#include "extension/src/pg.hpp"

#define GDPR_LATER(f)                                                                    \
  GDPR_FUNCTION(f) {                                                                     \
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not available yet"))); \
    PG_RETURN_NULL();                                                                    \
  }
GDPR_LATER(gdpr_may_read)
GDPR_LATER(gdpr_may_read_inline)
GDPR_LATER(gdpr_may_read_link)
GDPR_LATER(gdpr_may_change)
GDPR_LATER(gdpr_may_change_link)
GDPR_LATER(gdpr_shows)
GDPR_LATER(gdpr_shows_link)
GDPR_LATER(gdpr_shows_kind)
GDPR_LATER(gdpr_in_tenant)
GDPR_LATER(gdpr_refuse_change)
GDPR_LATER(gdpr_keep_history)
GDPR_LATER(gdpr_rewrite_history)
GDPR_LATER(gdpr_give_view)
GDPR_LATER(gdpr_protect)
GDPR_LATER(gdpr_unprotect)
GDPR_FUNCTION(gdpr_policy_support) {
  PG_RETURN_POINTER(nullptr);
}
