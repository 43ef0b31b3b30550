# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# gdpr-batch nightly: what the worker does where the server preloads pg_gdpr, and the end of what is kept.

crm nights 10 || fail "database"
sql "CREATE TABLE crm.note (id int PRIMARY KEY, body text); SELECT gdpr.audit('crm.note');
  INSERT INTO crm.note SELECT g, 'n' FROM generate_series(1, 100) AS g;
  SET ROLE gdpr_owner; SELECT gdpr_internal.make_audit_partition('access_read', '2020-01-01')" >/dev/null
sql "SELECT body FROM crm.note WHERE id = 7" >/dev/null

gdpr_batch nightly --dry-run --json
is "nightly --dry-run counts" "$code $(json dry_run)" "0 true"
gdpr_batch nightly --json
is "nightly ends well" "$code" 0
is "and drops months of reads" "$(json reads_dropped) $(sql "SELECT count(*) FROM pg_class WHERE relname = 'access_read_202001'")" "1 0"
is "it leaves nothing in the spool" "$(sql "SELECT count(*) > 0 FROM gdpr.access_log WHERE relation = 'crm.note' AND columns @> '{body}'")" t
is "and leaves nothing unsealed" "$(sql 'SELECT unsealed FROM gdpr.audit_status')" 0
is "whoever sealed it, each event has one seal" "$(sql 'SELECT sum(events) FROM gdpr.audit_seals')" "$(sql 'SELECT count(*) FROM gdpr_internal.audit_change')"
is "it verifies" "$(sql "SELECT count(*) FROM gdpr.verify_audit() WHERE status <> 'ok'")" 0
gdpr_batch nightly
is "a night without work ends well" "$code" 0
like "and says so" "$out" "0 changes dropped"

mv "$GDPR_KEY_FILE" "$GDPR_KEY_FILE.away"
sql "INSERT INTO crm.note VALUES (1000, 'x')"
gdpr_batch nightly --json
is "without the key it is a matter of configuration" "$code" 2
like "and the log says what is missing" "$err" "key file is missing"
is "the other steps are done all the same" "$(json sign_ups)" 0
mv "$GDPR_KEY_FILE.away" "$GDPR_KEY_FILE"
gdpr_batch nightly --json
is "the next night seals it" "$code $(sql 'SELECT unsealed FROM gdpr.audit_status')" "0 0"
gdpr_batch nightly --what
is "an unknown option is a usage error" "$code" 1
