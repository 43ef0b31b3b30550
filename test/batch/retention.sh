# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Retention from end to end: dry run, warnings, the queue, and the erasure that ends it.

crm retention 400 || fail "database"
sql "SET ROLE crm_owner;
  ALTER TABLE crm.contact ADD created date, ADD seen timestamptz;
  ALTER TABLE crm.activity ADD done_at timestamptz;
  ALTER TABLE crm.contact DISABLE TRIGGER USER;
  UPDATE crm.contact SET created = date '2000-01-01' + id::int, seen = CASE WHEN id % 4 = 0 THEN now() - interval '40 days' END;
  ALTER TABLE crm.contact ENABLE TRIGGER USER;
  UPDATE crm.activity SET done_at = CASE WHEN contact_id % 5 = 0 THEN now() - interval '2 years' WHEN contact_id = 7 THEN 'infinity' END;
  SELECT gdpr.classify('crm.contact', 'created', 'not_personal'), gdpr.classify('crm.contact', 'seen', 'not_personal'),
    gdpr.classify('crm.activity', 'done_at', 'not_personal');
  UPDATE crm.contact SET created = NULL WHERE id = 9" >/dev/null
gdpr_batch retention --subject contact --dry-run
is "without a policy there is nothing to walk" "$code" 2
like "and it says how to set one" "$err" 'gdpr.set_retention'
sql "SELECT gdpr.set_retention('contact', '3 years', warn => '60 days', grace => '1 day')" >/dev/null
gdpr_batch retention --subject contact
is "without an interaction it stops" "$code" 2
like "and says what to declare" "$err" 'gdpr.add_interaction'
is "no run is left" "$(sql "SELECT count(*) FROM gdpr.runs")" 0
sql "SET ROLE crm_owner;
  SELECT gdpr.add_interaction('contact', 'crm.contact', 'created'), gdpr.add_interaction('contact', 'crm.contact', 'seen'),
    gdpr.add_interaction('contact', 'crm.activity', 'done_at')" >/dev/null
gdpr_batch retention --dry-run
is "a subject type is needed" "$code" 1
gdpr_batch retention --subject contact --dry-run --resume
is "a dry run is of a new run" "$code" 1

gdpr_batch retention --subject contact --dry-run
is "a dry run is done" "$code" 0
like "it counts by age" "$out" '10 years or more +239 +0 +239'
like "as a table that is aligned" "$out" 'no date known +1 +1 +0'
like "dates that cannot be are counted" "$out" '1  have dates that cannot be'
gdpr_batch retention --subject contact --dry-run --json
is "everybody once" "$(json people) $(json 'outcomes.to warn') $(json outcomes.nothing) $(json 'outcomes.no date')" "400 239 160 1"
is "who has blockers is among the young here" "$(json 'outcomes.held')" ""
is "nothing was written" "$(sql "SELECT count(*) FROM gdpr.runs")$(sql "SELECT count(*) FROM gdpr.consent_history")" 00
sql "INSERT INTO crm.job VALUES (1, true), (2, true), (3, false)" >/dev/null
gdpr_batch retention --subject contact --dry-run --json
is "blockers are counted, and named" "$(json 'outcomes.to warn') $(json 'outcomes.held') $(json 'blockers.open_job')" "237 2 2"

gdpr_batch retention --subject contact --jobs 2 --chunk-rows 30 --json
is "the run does what the dry run said" "$code $(json looked_at) $(json warned) $(json held) $(json queued) $(json taken_back) $(json state)" "0 400 237 2 0 0 finished"
is "everybody who was warned has a message" "$(sql "SELECT count(*) FROM gdpr_internal.message WHERE kind = 'retention_warning' AND state = 'waiting'")" 237
is "who was held is listed" "$(sql "SELECT string_agg(subject_key || ' ' || reason, ', ' ORDER BY subject_key) FROM gdpr.run_people WHERE NOT settled")" \
  "1 held back by open_job, 2 held back by open_job"
gdpr_batch retention --subject contact
is "a second walk does nothing" "$code" 0
like "and says so" "$out" '400 people looked at, 0 of 2 done'
sql "UPDATE gdpr_internal.retention_warning SET warned_at = now() - interval '2 days';
  UPDATE crm.contact SET seen = now() WHERE id = 11; INSERT INTO crm.activity (contact_id, done_at) VALUES (13, now())" >/dev/null
gdpr_batch retention --subject contact --json
is "after the grace people are queued, but not who showed up" "$(json queued) $(json taken_back) $(json held)" "235 2 2"
sql "INSERT INTO crm.activity (contact_id, done_at) VALUES (17, now()); INSERT INTO crm.job VALUES (18, true)" >/dev/null
gdpr_batch anonymize --subject contact --due --json
is "anonymize --due ends it, but not for who showed up since" "$code $(json anonymized) $(json skipped) $(json held)" "0 233 1 1"
is "everybody who went was idle" "$(sql "SELECT count(*) FROM crm.contact WHERE email NOT LIKE 'person%' AND (id % 4 = 0 OR id % 5 = 0 OR id IN (1, 2, 9, 11, 13, 17, 18))")" 0
sql "SET ROLE crm_owner; SELECT gdpr.add_link('contact', 'crm.job', '{contact_id}')" >/dev/null
sql "SELECT gdpr.set_retention('contact', '1 year', action => 'delete')" >/dev/null
gdpr_batch retention --subject contact --json
queued=$(json queued)
gdpr_batch anonymize --subject contact --due --json
is "delete takes the rows" "$(sql "SELECT count(*) FROM gdpr.certificates") $(json failed)" "$((233 + $(json anonymized))) 0"
is "of those people, and of nobody else" "$(sql "SELECT count(*) FROM crm.contact")" "$((400 - $(json anonymized)))"
is "with what belongs to them" "$(sql "SELECT count(*) FROM crm.activity AS a WHERE NOT EXISTS (SELECT FROM crm.contact AS c WHERE c.id = a.contact_id)")" 0
is "somebody was" "$([ "$queued" -gt 50 ] && [ "$(json anonymized)" -gt 50 ] && echo yes)" yes
case $err in *person[0-9]*|*Name\ [0-9]*) fail "the log holds no personal value" ;; *) pass "the log holds no personal value" ;; esac

# Interrupted -------------------------------------------------------------------------------------
crm retention_stop 3000 || fail "database"
sql "SET ROLE crm_owner; ALTER TABLE crm.contact ADD seen date DEFAULT '2010-01-01'; SELECT gdpr.classify('crm.contact', 'seen', 'not_personal');
  SELECT gdpr.add_interaction('contact', 'crm.contact', 'seen')" >/dev/null
sql "SELECT gdpr.set_retention('contact', '3 years')" >/dev/null
slowed 0.05 gdpr_internal.erasure_queue
as_night retention --subject contact --chunk-rows 20 --jobs 1
wait_for 60 logged chunk
kill -9 "$pid"; wait "$pid" 2>/dev/null
wait_for 60 left_alone
full_speed gdpr_internal.erasure_queue
before=$(sql "SELECT count(*) FROM gdpr.erasure_queue")
is "killed in the middle, what is done is done" "$([ "$before" -gt 0 ] && [ "$before" -lt 2850 ] && echo yes)" yes
gdpr_batch retention --subject contact
is "an unfinished run comes first" "$code" 2
gdpr_batch retention --subject contact --resume --json
is "--resume does the rest" "$code $(json state) $(json held)" "0 finished 150"
is "everybody is queued once" "$(sql "SELECT count(*), count(DISTINCT subject_key) FROM gdpr.erasure_queue")" $'2850\t2850'
gdpr_batch retention --subject contact --resume --json
is "then there is nothing to resume" "$code $out" '0 {"run":null}'
