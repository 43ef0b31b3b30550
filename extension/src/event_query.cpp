// SPDX-License-Identifier: PostgreSQL
#include "extension/src/event_query.hpp"

#include "extension/src/compat.hpp"

namespace gdpr::pg {
namespace {

// Each goes by the indexes of the months, outer rows in their order and inner ones in theirs:
// nothing is sorted, and the first row comes at once. That it is so is checked.
constexpr char kEvents[] =
    "SELECT s.xid, s.statement, c.n, s.at, s.shape, s.operation, s.anonymized, s.changes,"
    " s.session_role, s.acting_role, s.purpose, s.seed, s.app_user, s.client_address,"
    " s.actor_digests, s.tombstone, c.subject_type, c.subject_key, c.row_key, c.seed, c.body,"
    " c.tombstone"
    " FROM (SELECT * FROM gdpr_internal.audit_statement AS s"
    " WHERE s.system_id = $1 AND (s.xid, s.statement) >= ($2, $3) AND s.xid < $5"
    " AND s.statement >= $6 AND s.statement < $7"
    " ORDER BY s.xid, s.statement) AS s CROSS JOIN LATERAL"
    " (SELECT * FROM gdpr_internal.audit_change AS c WHERE c.statement = s.statement"
    " AND c.statement >= $6 AND c.statement < $7"
    " AND c.n > CASE WHEN s.xid = $2 AND s.statement = $3 THEN $4 ELSE -2147483648 END"
    " ORDER BY c.n) AS c";
constexpr char kSubjects[] =
    "SELECT s.xid, s.statement, u.n, u.place, u.subject_type, u.subject_key, u.salt, u.digest"
    " FROM (SELECT * FROM gdpr_internal.audit_statement AS s"
    " WHERE s.system_id = $1 AND (s.xid, s.statement) >= ($2, $3) AND s.xid < $5"
    " AND s.statement >= $6 AND s.statement < $7"
    " ORDER BY s.xid, s.statement) AS s CROSS JOIN LATERAL"
    " (SELECT * FROM gdpr_internal.audit_subject AS u WHERE u.statement = s.statement"
    " AND u.statement >= $6 AND u.statement < $7"
    " AND u.n > CASE WHEN s.xid = $2 AND s.statement = $3 THEN $4 ELSE -2147483648 END"
    " ORDER BY u.n, u.place) AS u";

// The months that have such statements: a plan that names them leaves the other ones alone, instead
// of asking for each statement in which month its changes are.
constexpr char kMonths[] =
    "SELECT min(m.low), max(m.high) FROM (SELECT b.high,"
    " lag(b.high, 1, '-9223372036854775808') OVER (ORDER BY b.high) AS low"
    " FROM (SELECT gdpr_internal.partition_bound(i.inhrelid) AS high FROM pg_inherits AS i"
    " WHERE i.inhparent = 'gdpr_internal.audit_statement'::regclass) AS b) AS m"
    " WHERE EXISTS (SELECT FROM gdpr_internal.audit_statement AS s"
    " WHERE s.statement >= m.low AND s.statement < m.high AND s.system_id = $1"
    " AND (s.xid, s.statement) >= ($2, $3) AND s.xid < $5)";

// The planner knows nothing of the values' order; with these it has one way only.
void ForceIndexes() {
  for (const char* name : {"enable_hashjoin", "enable_mergejoin", "enable_seqscan", "enable_sort",
                           "enable_bitmapscan", "enable_material", "jit"}) {
    (void)set_config_option(name, "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
                            false);
  }
  (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                          GUC_ACTION_SAVE, true, 0, false);
  (void)set_config_option("max_parallel_workers_per_gather", "0", PGC_USERSET, PGC_S_SESSION,
                          GUC_ACTION_SAVE, true, 0, false);
}

constexpr Oid kParameters[] = {INT8OID, XID8OID, INT8OID, INT4OID, XID8OID, INT8OID, INT8OID};

void FillParameters(const EventRange& range, Datum (&values)[lengthof(kParameters)]) {
  values[0] = Int64GetDatum(range.system_id);
  values[1] = FullTransactionIdGetDatum(FullTransactionIdFromU64(range.after.xid));
  values[2] = Int64GetDatum(range.after.statement);
  values[3] = Int32GetDatum(range.after.n);
  values[4] = FullTransactionIdGetDatum(FullTransactionIdFromU64(range.before_xid));
  values[5] = Int64GetDatum(range.low);
  values[6] = Int64GetDatum(range.high);
}

Portal Open(const char* query, const EventRange& range, bool read_only) {
  Oid types[lengthof(kParameters)];
  memcpy(types, kParameters, sizeof(types));
  Datum values[lengthof(kParameters)];
  FillParameters(range, values);
  int nest_level = NewGUCNestLevel();
  ForceIndexes();
  Portal portal = SPI_cursor_open_with_args(nullptr, query, lengthof(types), types, values, nullptr,
                                            read_only, CURSOR_OPT_FAST_PLAN | CURSOR_OPT_NO_SCROLL);
  AtEOXact_GUC(true, nest_level);
  return portal;
}

}  // namespace

EventRange FindMonths(int64 system_id, const EventPlace& after, uint64 before_xid, bool read_only) {
  EventRange range{system_id, after, before_xid, 0, 0};
  Portal portal = Open(kMonths, range, read_only);
  SPI_cursor_fetch(portal, true, 1);
  bool isnull;
  Datum low = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
  range.low = isnull ? 0 : DatumGetInt64(low);
  Datum high = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
  range.high = isnull ? 0 : DatumGetInt64(high);
  SPI_freetuptable(SPI_tuptable);
  SPI_cursor_close(portal);
  return range;
}

Portal OpenEvents(const EventRange& range, bool read_only) {
  return Open(kEvents, range, read_only);
}

Portal OpenSubjects(const EventRange& range, bool read_only) {
  return Open(kSubjects, range, read_only);
}

}  // namespace gdpr::pg
