# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# status: what a person sees of runs, of the one at work, of one that waits, and of the nights.

crm status 3000 || fail "database"
gdpr_batch status
like "without runs it says so" "$code $out" '^0 No runs yet'
slowed 0.2 crm.contact
as_night anonymize --subject contact --all --reason left --chunk-rows 50 --jobs 1
wait_for 60 logged chunk || fail "the run begins"
gdpr_batch status --json
is "a run that is at work is running" "$(json runs.0.state)" running
ok "with what is done so far" test "$(json runs.0.done)" -gt 0
gdpr_batch status
like "in text it has a rate and the time left" "$out" 'run +job +subject_type +state +people +done .*per_second +left'
kill -9 "$pid"; wait "$pid" 2>/dev/null
wait_for 60 sql "SELECT 1 / (NOT active)::int FROM gdpr.runs" || fail "the session is gone"
gdpr_batch status
like "one that was killed is interrupted, and it says how to go on" "$out" \
  'interrupted.*Run 1 can go on: gdpr-batch anonymize --subject contact --resume 1'
sql "SELECT gdpr.run_pause(1, 'the fair is on')" >/dev/null
gdpr_batch status
like "one that was paused says why" "$out" 'paused .*the fair is on'
aligned() { awk 'NF == 0 { want = 0 } /^  run +job/ { want = index($0, " state ") } want { if (substr($0, want, 1) != " ") print }' <<<"$out"; }
is "columns stand below each other" "$(aligned)" ""
gdpr_batch nightly --steps upkeep
gdpr_batch status
like "nights stand at the end" "$out" 'Nights.*gdpr-batch +finished +0 '
