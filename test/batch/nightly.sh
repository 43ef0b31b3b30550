# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# gdpr-batch nightly: every step in its order, one summary and one exit code; a step that fails keeps no other from running,
# and two nights do not overlap.

crm nights 60 || fail "database"
# step NAME KEY: what the summary in $out says of a step; steps of people: of all subject types together.
step() {
  psql -XqtA -d postgres -v out="$out" -v step="$1" -v key="$2" <<<"SELECT string_agg(coalesce(s ->> :'key', '-'), ' ')
    FROM jsonb_array_elements(:'out'::jsonb -> 'steps') AS s WHERE s ->> 'step' = :'step'"
}
sql "CREATE TABLE crm.note (id int PRIMARY KEY, body text); SELECT gdpr.audit('crm.note');
  INSERT INTO crm.note SELECT g, 'n' FROM generate_series(1, 100) AS g;
  SET ROLE gdpr_owner; SELECT gdpr_internal.make_audit_partition('access_read', '2020-01-01')" >/dev/null
sql "SELECT body FROM crm.note WHERE id = 7" >/dev/null
sql "SET ROLE crm_owner; ALTER TABLE crm.contact ADD COLUMN seen date NOT NULL DEFAULT current_date;
  SELECT gdpr.classify('crm.contact', 'seen', 'not_personal'), gdpr.add_interaction('contact', 'crm.contact', 'seen')" >/dev/null
sql "UPDATE crm.contact SET seen = '2001-01-01' WHERE id IN (1, 2, 3, 20); UPDATE crm.contact SET changes = 0;
  SELECT gdpr.set_retention('contact', '10 years'), gdpr.queue_erasure('contact', '7', 'request')" >/dev/null

gdpr_batch nightly --dry-run --json
is "nightly --dry-run previews every step" "$code $(json dry_run) $(step retention exit) $(step anonymize exit)" "0 true 0 0"
is "and changes nothing" "$(sql "SELECT count(*) FROM gdpr.nights")$(sql "SELECT count(*) FROM gdpr.runs")" 00
gdpr_batch nightly --json --metrics "$work/m.prom"
is "nightly ends well" "$code $(json exit)" "0 0"
is "who was idle for too long is queued by the first step, but for who is held back" "$(step retention done)" 3
is "and goes with the second, beside who had asked for it" "$(step anonymize people) $(step anonymize done)" "4 4"
is "one step for each, in its order" "$(sql "SELECT string_agg(s ->> 'step', ' ' ORDER BY n) FROM gdpr.nights, jsonb_array_elements(steps) WITH ORDINALITY AS x(s, n)")" \
  "retention anonymize partitions drain seal expire_audit expire_access anchor expire_proofs expire_sign_ups verify"
is "it drops months of reads" "$(step expire_access done) $(sql "SELECT count(*) FROM pg_class WHERE relname = 'access_read_202001'")" "1 0"
is "it leaves nothing in the spool" "$(sql "SELECT count(*) > 0 FROM gdpr.access_log WHERE relation = 'crm.note' AND columns @> '{body}'")" t
is "and leaves nothing unsealed" "$(sql 'SELECT unsealed FROM gdpr.audit_status')" 0
is "whoever sealed it, each event has one seal" "$(sql 'SELECT sum(events) FROM gdpr.audit_seals')" "$(sql 'SELECT count(*) FROM gdpr_internal.audit_change')"
is "it has verified what it sealed" "$(step verify failed) $(sql 'SELECT verified_seal FROM gdpr.nights')" "0 $(sql 'SELECT seals FROM gdpr.audit_status')"
like "the metrics know how it ended" "$(<"$work/m.prom")" $'\ngdpr_night_exit_code 0\n'
gdpr_batch nightly --subjects other
is "a night without work ends well" "$code" 0
like "and says so in a table" "$out" 'expire_audit +0 +0:0[0-9] +done +changes older'

# One night at a time
psql -Xq -c "SELECT gdpr.night_begin('sql')" -c "SELECT pg_sleep(60)" >/dev/null 2>&1 &
other=$!
wait_for 60 sql "SELECT 1 / count(*) FROM gdpr.nights WHERE state = 'running'" || fail "the other night begins"
gdpr_batch nightly --json
is "a second night does nothing" "$code $out" "3 "
like "and says who is at work" "$err" 'another night is at work.*process ID [0-9]+'
sql "SELECT pg_terminate_backend(gdpr_internal.night_session())" >/dev/null
wait "$other" 2>/dev/null

# A step that fails, a run that was interrupted, a log that was edited
sql "SELECT gdpr.queue_erasure('contact', k::text, 'request') FROM generate_series(31, 34) AS k" >/dev/null
sql "SET ROLE crm_owner; ALTER TABLE crm.contact ADD COLUMN hobby text" >/dev/null
mv "$GDPR_KEY_FILE" "$GDPR_KEY_FILE.away"
sql "INSERT INTO crm.note VALUES (1000, 'x')"
gdpr_batch nightly --json --steps anonymize,upkeep,verify
is "without the key it is a matter of configuration" "$code" 2
like "and the log says what is missing" "$err" "key file is missing"
is "so is a column that nobody has classified" "$(step anonymize exit)" 2
is "the other steps are done all the same" "$(step expire_sign_ups exit) $(step verify exit)" "0 0"
mv "$GDPR_KEY_FILE.away" "$GDPR_KEY_FILE"
sql "SET ROLE crm_owner; SELECT gdpr.classify('crm.contact', 'hobby', 'free_text')" >/dev/null
psql -Xq <<'SQL' >/dev/null
SET SESSION AUTHORIZATION night;
SELECT gdpr.run_start('contact', 'a night that was killed') AS run \gset
SELECT gdpr.run_add_keys(:run, '{41,42}'), gdpr.run_ready(:run);
SQL
gdpr_batch nightly --json
is "the next night goes on with what was begun, before what is new" "$code $(step anonymize done)" "0 2 4"
is "and seals what was left" "$(sql 'SELECT unsealed FROM gdpr.audit_status')" 0
sql "UPDATE crm.note SET body = 'y' WHERE id = 1" && sql "SELECT gdpr.seal_audit()" >/dev/null
sql "SET session_replication_role = replica; UPDATE gdpr_internal.audit_statement SET app_user = 'Mallory'
  WHERE statement = (SELECT max(statement) FROM gdpr_internal.audit_statement)" >/dev/null
gdpr_batch nightly --json --steps verify
is "a log that was edited since is told" "$code $(step verify failed)" "5 1"
like "loudly" "$err" 'level=error event=audit_not_as_sealed'
gdpr_batch nightly --steps verify
like "and again each night" "$code $out" '^5 .*THE AUDIT LOG IS NOT AS IT WAS SEALED'

# Without a program
raises "CALL gdpr.night() tells what is wrong" P0001 "CALL gdpr.night()"
crm night_sql 10 || fail "database"
sql "SELECT gdpr.audit('crm.contact'); UPDATE crm.contact SET birth_date = '2000-01-01'" >/dev/null
PGUSER=night sql "CALL gdpr.night()" >/dev/null 2>"$work/err"
is "CALL gdpr.night() does what needs no program" \
  "$(<"$work/err")$(sql "SELECT program, state, exit_code, verified_seal = seals AND unsealed = 0 FROM gdpr.nights, gdpr.audit_status")" $'sql\tfinished\t0\tt'
is "the doctor has nothing to say" "$(sql "SELECT count(*) FROM gdpr.doctor() WHERE object = 'night'")" 0
sql "UPDATE gdpr_internal.night SET started_at = started_at - interval '3 days'; SELECT gdpr.queue_erasure('contact', '7', 'r', now() - interval '3 days')" >/dev/null
like "but when nights stay away" "$(sql "SELECT finding FROM gdpr.doctor() WHERE object = 'night'")" 'no night has run for 72 hours, and 1 people'
gdpr_batch nightly --what
is "an unknown option is a usage error" "$code" 1
