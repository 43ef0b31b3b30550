# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Runs to their end: who goes, who is held back, who fails alone, and the queue.

crm people 1000 || fail "database"

seq 1 1000 >"$work/keys"
printf '5\n5\n 7\n' >>"$work/keys"        # twice in the list, and in another spelling
gdpr_batch anonymize --subject contact --keys "$work/keys" --reason left --chunk-rows 60 --jobs 3 --json
is "a run completes" "$code" 0
is "people named twice are nobody's problem" "$(json frozen) $(json failed) $(json missing)" "0 0 0"
is "people with a blocker are held back" "$(json anonymized) $(json held)" "950 50"
exactly_once 950 "a run"
is "people held back are listed with the reason" \
  "$(sql "SELECT count(*), min(state), min(reasons::text) FROM gdpr.held_back")" $'50\theld\t{"open_job (1)"}'
is "statistics keep no old value" "$(sql "
  SELECT count(*) FROM pg_stats WHERE schemaname = 'crm' AND tablename IN ('contact', 'activity')
    AND array_to_string(histogram_bounds::text::text[] || most_common_vals::text::text[], ' ') ~ 'Name (1|23|456)\\M'")" 0
case $err in *person*|*Name*) fail "the log holds no personal value" ;; *) pass "the log holds no personal value" ;; esac

# One bad person in a chunk -----------------------------------------------------------------------
crm bisect 300 || fail "database"
sql "SET ROLE crm_owner;
  CREATE FUNCTION crm.refuse() RETURNS trigger LANGUAGE plpgsql AS
    \$\$ BEGIN RAISE EXCEPTION USING MESSAGE = OLD.email || ' must not leave', ERRCODE = CASE OLD.id WHEN 77 THEN 'P0001' ELSE 'PD004' END,
      DETAIL = OLD.email, HINT = OLD.email, CONSTRAINT = OLD.email, COLUMN = OLD.email, TABLE = OLD.email, SCHEMA = OLD.email; END \$\$;
  CREATE TRIGGER refuse BEFORE UPDATE ON crm.contact FOR EACH ROW WHEN (OLD.id IN (77, 250)) EXECUTE FUNCTION crm.refuse();
  ALTER TABLE crm.contact ADD CONSTRAINT odd CHECK (id <> 123 OR first_name = 'Name 123');" >/dev/null
seq 1 300 >"$work/keys"
gdpr_batch anonymize --subject contact --keys "$work/keys" --reason left --chunk-rows 100 --jobs 1 --max-failed 0 --json
is "too many failures stop a run" "$code $(sql "SELECT chunks_done, state FROM gdpr.runs")" $'5 1\trunning'
like "it says how to go on" "$err" '--resume 1 \(--max-failed'
gdpr_batch anonymize --subject contact --resume --jobs 2 --json
is "a run with people who fail says so" "$code" 5
is "only the bad people fail, the rest of their chunk goes" "$(json anonymized) $(json failed) $(json held)" "282 3 15"
is "who failed is listed with SQLSTATE and a reason" "$(sql "
  SELECT subject_key, sqlstate, reasons FROM gdpr.held_back WHERE state = 'failed' ORDER BY 1")" \
  $'123\t23514\t{"check_violation of constraint \\"odd\\" of table \\"crm.contact\\""}\n250\tPD004\t{"a trigger or function of relation crm.contact raised an error"}\n77\tP0001\t{raise_exception}'
exactly_once 282 "a run with bad people"
is "no reason and no log line quotes what the trigger said" \
  "$(grep -c 'person[0-9]' "$work/err")$(sql "SELECT count(*) FROM gdpr.held_back WHERE reasons::text ~ 'person'")" 00

sql "DROP TRIGGER refuse ON crm.contact; ALTER TABLE crm.contact DROP CONSTRAINT odd; UPDATE crm.job SET open = false" >/dev/null
seq 1 290 >"$work/keys"
gdpr_batch anonymize --subject contact --keys "$work/keys" --reason again --json
is "people anonymized before are left alone" "$(json frozen) $(json anonymized)" "273 17"
exactly_once 299 "a second run over the same people"

# The queue ---------------------------------------------------------------------------------------
crm queue 100 || fail "database"
sql "SELECT gdpr.queue_erasure('contact', n::text, 'withdrawn') FROM generate_series(1, 30) AS n;
     SELECT gdpr.queue_erasure('contact', '50', 'later', now() + interval '1 day');
     SELECT gdpr.queue_erasure('contact', '999', 'nobody')" >/dev/null
is "queued twice is queued once" "$(sql "SELECT gdpr.queue_erasure('contact', '1', 'again') = min(request) FROM gdpr.erasure_queue")" t
gdpr_batch anonymize --subject contact --due --json
is "--due takes who is due" "$(json people) $(json anonymized) $(json held) $(json missing)" "31 29 1 1"
is "the queue shows what became of each" "$(sql "
  SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM (SELECT state, count(*) AS n FROM gdpr.erasure_queue GROUP BY 1) AS s")" \
  "done 29, due 1, held 1, missing 1"
gdpr_batch anonymize --subject contact --due --json
is "people held back are tried again" "$(json people) $(json held)" "1 1"
is "and stay listed once" "$(sql "SELECT count(*), max(run) FROM gdpr.held_back WHERE state = 'held'")" $'1\t2'
sql "UPDATE crm.job SET open = false" >/dev/null
gdpr_batch anonymize --subject contact --due --json
is "without the blocker they go" "$(json anonymized) $code" "1 0"
is "and nobody is held back any more" "$(sql "SELECT count(*) FROM gdpr.held_back WHERE state = 'held'")" 0
gdpr_batch anonymize --subject contact --due --json
is "an empty queue is nothing to do" "$(json people) $code" "0 0"
gdpr_batch anonymize --subject contact --all --reason closing --chunk-rows 7 --jobs 2 --json
is "--all takes everybody who is left" "$(json people) $(json anonymized)" "70 70"
is "everybody once" "$(sql 'SELECT count(*) FROM crm.contact WHERE changes = 1')" 100
