# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Connections that drop: anywhere, and after the server has committed but before it could say so.

crm doubt 2000 || fail "database"
seq 1 2000 >"$work/keys"
slowed 0.03 crm.contact
as_night anonymize --subject contact --keys "$work/keys" --reason left --chunk-rows 10 --jobs 2
wait_for 60 logged chunk
# A commit that waits for a standby that never comes is durable but unanswered: terminating it then loses
# just the answer.
sql "ALTER SYSTEM SET synchronous_standby_names = 'nobody'" >/dev/null; sql "SELECT pg_reload_conf()" >/dev/null
waiting() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gdpr-batch' AND wait_event = 'SyncRep'")" -gt 0 ]; }
for i in 1 2 3; do
  wait_for 60 waiting
  sql "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE application_name = 'gdpr-batch' AND wait_event = 'SyncRep'" >/dev/null
done
sql "ALTER SYSTEM RESET synchronous_standby_names" >/dev/null; sql "SELECT pg_reload_conf()" >/dev/null
# And any moment at all.
for i in 1 2 3 4 5 6; do
  sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gdpr-batch' AND pid <> pg_backend_pid()" >/dev/null
  sleep 0.1$((RANDOM % 10))
done
wait "$pid"
is "a run outlives dropped connections" "$?" 0
doubts=$(grep -c 'action=ask_ledger' "$work/log")
note "commits in doubt: $doubts"
ok "there were commits in doubt" test "$doubts" -ge 3
is "each was settled from the ledger, where it was done" \
  "$(grep -c 'event=commit_settled' "$work/log") $(($(grep -c 'event=commit_settled.*done=true' "$work/log") >= 3))" "$doubts 1"
exactly_once 1900 "dropped connections"

# Locks of other sessions -------------------------------------------------------------------------
crm locks 60 || fail "database"
seq 1 60 >"$work/keys"
psql -Xq -c "BEGIN" -c "SELECT FROM crm.contact WHERE id = 33 FOR UPDATE" -c "SELECT pg_sleep(60)" >/dev/null 2>&1 &
holder=$!
holding() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")" -gt 0 ]; }
wait_for 60 holding
gdpr_batch anonymize --subject contact --keys "$work/keys" --reason left --lock-timeout 100ms --json
is "a person whom another session holds fails alone" "$code $(json anonymized) $(json failed) $(json held)" "5 56 1 3"
is "with the reason" "$(sql "SELECT subject_key, reasons FROM gdpr.held_back WHERE state = 'failed'")" $'33\t{lock_not_available}'
kill "$holder" 2>/dev/null; wait "$holder" 2>/dev/null
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" >/dev/null
