// SPDX-License-Identifier: PostgreSQL
// The history of consent and the log of changes are append-only. What an erasure and the end of
// proof_retention take from them is taken by these statements and no others.
#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

constexpr int kMostParameters = 7;

struct Statement {
  const char* step;
  const char* text;
  int count;
  Oid types[kMostParameters];
};

// Each carries its own law: only what belongs to an erased person is touched.
const Statement kStatements[] = {
    // A personal key becomes its certificate's digest: type, old keys, certificates
    {"rename",
     "UPDATE gdpr_internal.consent_event AS e SET subject_key = c.subject_key"
     " FROM unnest($2, $3) AS k(key, erasure)"
     " JOIN gdpr_internal.erasure AS c ON c.erasure = k.erasure"
     " WHERE c.key_digest AND c.subject_type = $1 AND e.subject_type = $1 AND e.subject_key = "
     "k.key",
     3,
     {TEXTOID, TEXTARRAYOID, INT8ARRAYOID}},
    // What described the people goes: certificates
    {"details",
     "DELETE FROM gdpr_internal.consent_detail AS d"
     " USING gdpr_internal.erasure AS c, gdpr_internal.consent_event AS e"
     " WHERE c.erasure = ANY ($1) AND e.subject_type = c.subject_type"
     " AND e.subject_key = c.subject_key AND d.event = e.event",
     1,
     {INT8ARRAYOID}},
    // Scans that nothing refers to any more: attachments
    {"attachments",
     "DELETE FROM gdpr_internal.consent_attachment AS a WHERE a.attachment = ANY ($1)"
     " AND NOT EXISTS (SELECT FROM gdpr_internal.consent_detail AS d"
     " WHERE d.attachment = a.attachment)"
     " AND NOT EXISTS (SELECT FROM gdpr_internal.consent_batch AS b"
     " WHERE b.attachment = a.attachment)",
     1,
     {INT8ARRAYOID}},
    // Proofs of people who left long ago
    {"expire",
     "DELETE FROM gdpr_internal.consent_event AS e USING gdpr_internal.erasure AS c"
     " WHERE c.subject_type = e.subject_type AND c.subject_key = e.subject_key"
     " AND e.at <= c.erased_at"
     " AND c.erased_at < now() - current_setting('gdpr.proof_retention')::interval",
     0,
     {}},
    // Batches whose people are all gone keep their counts
    {"empty batches",
     "UPDATE gdpr_internal.consent_batch AS b"
     " SET comment = NULL, attachment = NULL, app_user = NULL, source_ip = NULL"
     " WHERE num_nonnulls(b.comment, b.attachment, b.app_user, b.source_ip) > 0"
     " AND NOT EXISTS (SELECT FROM gdpr_internal.consent_event AS e WHERE e.batch = b.batch"
     " AND NOT EXISTS (SELECT FROM gdpr_internal.erasure AS c"
     " WHERE c.subject_type = e.subject_type AND c.subject_key = e.subject_key"
     " AND c.erased_at >= e.at))",
     0,
     {}},
    // Batches without an event
    {"drop batches",
     "DELETE FROM gdpr_internal.consent_batch AS b WHERE NOT EXISTS"
     " (SELECT FROM gdpr_internal.consent_event AS e WHERE e.batch = b.batch)",
     0,
     {}},
    // Values of audited changes become digests, under a tombstone of this very transaction: the
    // tombstone's statement, statements and numbers of events, for each whether its subject key is
    // hidden, what stands there then, whether the row's key is hidden, and columns that stay
    {"audit changes",
     "UPDATE gdpr_internal.audit_change AS c SET"
     " body = gdpr_internal.erased_body(c.subject_key, c.row_key, c.seed, c.body,"
     " e.readable::int2[], e.hides_subject, e.hides_row),"
     " seed = NULL, tombstone = coalesce(c.tombstone, $1),"
     " subject_key = CASE WHEN e.hides_subject THEN e.renamed ELSE c.subject_key END,"
     " row_key = CASE WHEN e.hides_row THEN NULL ELSE c.row_key END"
     " FROM unnest($2, $3, $4, $5, $6, $7)"
     " AS e(statement, n, hides_subject, renamed, hides_row, readable)"
     " WHERE c.statement = e.statement AND c.n = e.n AND (c.tombstone IS NOT NULL OR EXISTS"
     " (SELECT FROM gdpr_internal.audit_statement AS t WHERE t.statement = $1"
     " AND t.operation = 'E' AND t.xid = pg_current_xact_id()))",
     7,
     {INT8OID, INT8ARRAYOID, INT4ARRAYOID, BOOLARRAYOID, TEXTARRAYOID, BOOLARRAYOID,
      TEXTARRAYOID}},
    // So do application users and addresses: the tombstone, statements, who left in lower case
    {"audit actors",
     "UPDATE gdpr_internal.audit_statement AS s SET"
     " actor_digests = gdpr_internal.actor_digests(s.seed, s.app_user, s.client_address),"
     " seed = NULL, app_user = NULL, client_address = NULL, tombstone = $1"
     " WHERE s.statement = ANY ($2) AND s.seed IS NOT NULL AND lower(s.app_user) = ANY ($3)"
     " AND EXISTS (SELECT FROM gdpr_internal.audit_statement AS t WHERE t.statement = $1"
     " AND t.operation = 'E' AND t.xid = pg_current_xact_id())",
     3,
     {INT8OID, INT8ARRAYOID, TEXTARRAYOID}},
    // Personal keys of further people: type, old keys, new ones, before which statement
    {"audit people",
     "UPDATE gdpr_internal.audit_subject AS s SET subject_key = k.renamed,"
     " digest = gdpr_internal.subject_digest(s.salt, s.subject_key), salt = NULL"
     " FROM unnest($2, $3, $4) AS k(key, renamed, upto)"
     " WHERE s.subject_type = $1 AND s.subject_key = k.key AND s.statement < k.upto"
     " AND s.salt IS NOT NULL",
     4,
     {TEXTOID, TEXTARRAYOID, TEXTARRAYOID, INT8ARRAYOID}},
    // A restored copy proves nothing: all that was recorded in production, see
    // gdpr_internal.refresh_records(). Asked for by gdpr.refresh_forget(), the database's owner's.
    {"copy",
     "TRUNCATE gdpr_internal.audit_statement, gdpr_internal.audit_change,"
     " gdpr_internal.audit_subject, gdpr_internal.audit_seal, gdpr_internal.audit_leaves,"
     " gdpr_internal.audit_key, gdpr_internal.access_read, gdpr_internal.access_incident,"
     " gdpr_internal.access_erased, gdpr_internal.access_person, gdpr_internal.access_actor,"
     " gdpr_internal.consent_detail, gdpr_internal.consent_attachment,"
     " gdpr_internal.consent_batch, gdpr_internal.sign_up, gdpr_internal.frozen_value,"
     " gdpr_internal.optout_address, gdpr_internal.optout_page, gdpr_internal.run_person",
     0,
     {}},
};

bool rewriting = false;

const Statement* FindStatement(const char* step) {
  for (const Statement& statement : kStatements) {
    if (strcmp(statement.step, step) == 0) return &statement;
  }
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("history has no step \"%s\"", step)));
  pg_unreachable();
}

void Execute(const Statement* statement, Datum* values, char* nulls) {
  if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  int nest_level = NewGUCNestLevel();
  (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                          GUC_ACTION_SAVE, true, 0, false);
  rewriting = true;
  PG_TRY();
  {
    Oid types[kMostParameters];
    memcpy(types, statement->types, sizeof(types));
    // Planned for these very values: an erasure's few thousand keys go by index
    int code =
        SPI_execute_with_args(statement->text, statement->count, types, values, nulls, false, 0);
    if (code < 0) elog(ERROR, "statement failed: %s", SPI_result_code_string(code));
  }
  PG_FINALLY();
  { rewriting = false; }
  PG_END_TRY();
  AtEOXact_GUC(true, nest_level);
}

}  // namespace
}  // namespace gdpr::pg

using namespace gdpr::pg;

// gdpr.keep_history(): BEFORE UPDATE OR DELETE FOR EACH ROW, BEFORE TRUNCATE
GDPR_FUNCTION(gdpr_keep_history) {
  if (!CALLED_AS_TRIGGER(fcinfo)) {
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("gdpr.keep_history() can only be called as a trigger")));
  }
  auto* data = reinterpret_cast<TriggerData*>(fcinfo->context);
  if (!rewriting && strncmp(RelationGetRelationName(data->tg_relation), "audit_", 6) == 0) {
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("the audit log in \"%s\" is not changed",
                           RelationGetRelationName(data->tg_relation)),
                    errdetail("It is the proof of who changed what."),
                    errhint("Values leave with an erasure, whole months with "
                            "gdpr.expire_audit().")));
  }
  if (!rewriting) {
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
             errmsg("history in \"%s\" is not changed", RelationGetRelationName(data->tg_relation)),
             errdetail("It is the proof of what people decided."),
             errhint("Record a new event. What describes a person leaves with an erasure, "
                     "old proofs with gdpr.expire_proofs().")));
  }
  bool updates = TRIGGER_FIRED_BY_UPDATE(data->tg_event);
  return PointerGetDatum(updates ? data->tg_newtuple : data->tg_trigtuple);
}

// gdpr_internal.rewrite_history(step text [, VARIADIC args "any"]) -> bigint
GDPR_FUNCTION(gdpr_rewrite_history) {
  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  const Statement* statement = FindStatement(text_to_cstring(PG_GETARG_TEXT_PP(0)));
  if (PG_NARGS() - 1 != statement->count) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("step \"%s\" takes %d arguments", statement->step, statement->count)));
  }
  Datum values[kMostParameters] = {};
  char nulls[kMostParameters + 1];
  memset(nulls, ' ', sizeof(nulls));
  for (int i = 0; i < statement->count; i++) {
    if (get_fn_expr_argtype(fcinfo->flinfo, i + 1) != statement->types[i]) {
      ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                      errmsg("argument %d of step \"%s\" is not of type %s", i + 1, statement->step,
                             format_type_be(statement->types[i]))));
    }
    if (PG_ARGISNULL(i + 1)) nulls[i] = 'n';
    if (!PG_ARGISNULL(i + 1)) values[i] = PG_GETARG_DATUM(i + 1);
  }
  Execute(statement, values, nulls);
  uint64 rows = SPI_processed;
  SPI_finish();
  PG_RETURN_INT64(static_cast<int64>(rows));
}
