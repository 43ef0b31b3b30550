# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Signals, and two runs at once.

crm stop 6000 || fail "database"
seq 1 6000 >"$work/keys"

slowed 0.03 crm.contact
as_night anonymize --subject contact --keys "$work/keys" --reason left --chunk-rows 20 --jobs 2
wait_for 60 logged chunk || note "$(<"$work/log")"
gdpr_batch anonymize --subject contact --all --reason other
is "a second run of the subject type is refused" "$code" 2
like "it says that another run is at work" "$err" 'another run of job'
kill -TERM "$pid"; wait "$pid"
is "SIGTERM ends with exit code 6" "$?" 6
like "and says how to go on" "$(<"$work/log")" 'hint="Go on with: gdpr-batch anonymize --subject contact --resume 1"'
is "running chunks were finished, none is half done" "$(sql "SELECT sum(changed) - (SELECT count(*) FROM crm.contact WHERE changes > 0) FROM gdpr_internal.chunk")" 0
is "some are left" "$(sql "SELECT chunks_done > 0 AND chunks_done < chunks FROM gdpr.runs")" t
gdpr_batch status
like "status says that the run was interrupted" "$out" 'interrupted'
gdpr_batch anonymize --subject contact --all --reason other
is "a new run waits until the old one is resumed or given up" "$code" 2
like "it says how" "$err" '--resume 1, or give it up with SELECT gdpr.run_cancel\(1\)'
full_speed crm.contact
gdpr_batch anonymize --subject contact --resume --json
is "--resume finishes the newest run" "$code $(json state) $(json anonymized) $(json held)" "0 finished 5700 300"
exactly_once 5700 "stopped and resumed"
gdpr_batch anonymize --subject contact --resume
is "nothing left to resume is done" "$code" 0

crm cancel 300 || fail "database"
sql "SET ROLE crm_owner; CREATE FUNCTION crm.slow() RETURNS trigger LANGUAGE plpgsql AS
  \$\$ BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END \$\$;
  CREATE TRIGGER slow BEFORE UPDATE ON crm.contact FOR EACH ROW EXECUTE FUNCTION crm.slow()" >/dev/null
seq 1 300 >"$work/keys"
as_night anonymize --subject contact --keys "$work/keys" --reason left --chunk-rows 300
at_work() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")" -gt 0 ]; }
wait_for 60 logged run_started  # preflight's trial is over
wait_for 60 at_work
kill -INT "$pid"; sleep 0.3
gone "$pid" && fail "one SIGINT waits for the chunk" || pass "one SIGINT waits for the chunk"
kill -INT "$pid"
began=$SECONDS
wait "$pid"
is "the second SIGINT cancels it" "$? $((SECONDS - began < 10))" "6 1"
is "and leaves nothing behind" "$(sql "SELECT count(*) FROM crm.contact WHERE changes > 0")" 0
sql "SELECT gdpr.run_cancel(1)" >/dev/null
is "a run can be given up" "$(sql "SELECT state FROM gdpr.runs")" cancelled
is "its list is deleted" "$(sql "SELECT count(*) FROM gdpr_internal.chunk")" 0
