// SPDX-License-Identifier: PostgreSQL
// Deferred triggers cannot fire inside a restricted operation, so an erasure makes all constraints
// immediate first. Triggers that wait from before then fire here, and they must fire with the
// rights that they would have had at commit: the caller's, not those of our definer functions.
#include "extension/src/owner.hpp"

#include "extension/src/pg.hpp"

using namespace gdpr::pg;

// gdpr_internal.immediate_constraints() -> void
GDPR_FUNCTION(gdpr_immediate_constraints) {
  Oid definer;
  int context;
  GetUserIdAndSecContext(&definer, &context);
  // An error ends the (sub)transaction, which puts the user back.
  SetUserIdAndSecContext(Caller(), context & ~SECURITY_LOCAL_USERID_CHANGE);
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  int code = SPI_execute("SET CONSTRAINTS ALL IMMEDIATE", false, 0);
  if (code != SPI_OK_UTILITY) elog(ERROR, "statement failed: %s", SPI_result_code_string(code));
  SPI_finish();
  SetUserIdAndSecContext(definer, context);
  PG_RETURN_VOID();
}
