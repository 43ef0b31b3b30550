// SPDX-License-Identifier: PostgreSQL
// What other sessions and standbys do is shown to pg_read_all_stats only. Our queries on it run as
// that role itself: a member of it could be somebody, and gdpr_owner is a member of nothing.
#include "extension/src/rows.hpp"

using namespace gdpr::pg;

// gdpr_internal.query_statistics(statement text) -> setof record. Only functions of ours can call
// it, with a statement that is written there. An error takes the role back with its
// (sub)transaction.
GDPR_FUNCTION(gdpr_query_statistics) {
  Rows rows = BeginRows(fcinfo);
  char* statement = text_to_cstring(PG_GETARG_TEXT_PP(0));
  SPIExecuteOptions options{};
  options.read_only = true;
  options.must_return_tuples = true;
  options.dest = CreateDestReceiver(DestTuplestore);
  SetTuplestoreDestReceiverParams(
      options.dest, rows.store,
      reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo)->econtext->ecxt_per_query_memory, false,
      rows.columns, "the statement's columns are not those of the column list");
  Oid user;
  int context;
  GetUserIdAndSecContext(&user, &context);
  SetUserIdAndSecContext(ROLE_PG_READ_ALL_STATS,
                         context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  int code = SPI_execute_extended(statement, &options);
  if (code < 0) elog(ERROR, "statement failed: %s", SPI_result_code_string(code));
  SPI_finish();
  SetUserIdAndSecContext(user, context);
  return static_cast<Datum>(0);
}
