# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Manners: a run waits for others and says why, holds nothing open meanwhile, and goes on by itself; it
# works in its hours only; a limit that is never met costs nothing.

crm manners 900 || fail "database"
sql "CREATE TABLE public.busy (id int PRIMARY KEY); INSERT INTO public.busy VALUES (1)"
sql "SET ROLE crm_owner; CREATE FUNCTION crm.slow() RETURNS trigger LANGUAGE plpgsql AS
  \$\$ BEGIN PERFORM pg_sleep(0.004); RETURN NEW; END \$\$;
  CREATE TRIGGER slow BEFORE UPDATE ON crm.contact FOR EACH ROW EXECUTE FUNCTION crm.slow()" >/dev/null
changed() { sql "SELECT count(*) FROM crm.contact WHERE changes > 0"; }
# keys FROM TO: these people, one run
keys() { seq "$1" "$2" >"$work/keys"; }
run_night() { as_night anonymize --subject contact --keys "$work/keys" --reason left --chunk-rows 20 "$@"; }
ours="application_name = 'gdpr-batch'"
# open_transactions SECONDS: how often one was seen open, looking fifty times a second
open_transactions() {
  psql -XqtA -v ON_ERROR_STOP=1 <<SQL
CREATE TEMP TABLE seen (n int);
DO \$\$ BEGIN
  FOR i IN 1 .. $1 * 50 LOOP
    PERFORM pg_stat_clear_snapshot();
    -- the question itself is one statement, once a second
    INSERT INTO seen SELECT count(*) FROM pg_stat_activity WHERE $ours AND (state LIKE 'idle in%' OR xact_start < clock_timestamp() - interval '0.6 s');
    PERFORM pg_sleep(0.02);
  END LOOP; END \$\$;
SELECT sum(n) FROM seen
SQL
}
# sleepers NUMBER SQL: that many sessions run it
sleepers=()
sleepers() {
  local i
  for ((i = 0; i < $1; i++)); do psql -Xq -c "$2" >/dev/null 2>&1 & sleepers+=($!); done
}
wake() {
  sql "SET client_min_messages = error; SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE '%the sleeper%' AND pid <> pg_backend_pid()" >/dev/null
  wait "${sleepers[@]}" 2>/dev/null
  sleepers=()
}
asleep() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%the sleeper%' AND pid <> pg_backend_pid() AND state = 'active' AND wait_event_type $1")" = "$2" ]; }
# paused_and_done NAME REASON RELEASE…: the run waits, holds nothing, changes nothing; and goes on after RELEASE
paused_and_done() {
  local name=$1 reason=$2 before after; shift 2
  ok "$name: the run waits" wait_for 60 logged paused
  like "$name: it says why" "$(grep event=paused "$work/log")" "$reason"
  before=$(changed)
  is "$name: no transaction of ours is open" "$(open_transactions 1)" 0
  after=$(changed)
  is "$name: nobody is changed meanwhile" "$after" "$before"
  like "$name: gdpr.runs says why" "$(sql "SELECT paused_reason FROM gdpr.runs ORDER BY run DESC LIMIT 1")" "$reason"
  "$@"
  wait "$pid"
  is "$name: it goes on by itself and ends well" "$?" 0
  is "$name: one line when it began, one when it ended" \
    "$(grep -c event=paused "$work/log") $(grep -cE 'event=resumed .*seconds=[1-9]' "$work/log")" "1 1"
  is "$name: and nothing is said of a reason any more" "$(sql "SELECT paused_reason FROM gdpr.runs ORDER BY run DESC LIMIT 1")" ""
}

# Lock queues -------------------------------------------------------------------------------------
sleepers 1 "BEGIN; SELECT FROM public.busy FOR UPDATE; SELECT pg_sleep(60) /* the sleeper */"
wait_for 60 asleep "= 'Timeout'" 1
sleepers 3 "SELECT /* the sleeper */ FROM public.busy FOR UPDATE"
wait_for 60 asleep "= 'Lock'" 3
keys 1 100
run_night --max-lock-waits 2
paused_and_done "a queue of locks" '3 sessions wait for locks, above 2' wake
is "a queue of locks: all who could go went" "$(changed)" 95

# Active sessions ---------------------------------------------------------------------------------
sleepers 3 "SELECT pg_sleep(60) /* the sleeper */"
wait_for 60 asleep "= 'Timeout'" 3
keys 101 200
run_night --max-active 2
paused_and_done "active sessions" '[3-9] sessions are active, above 2' wake

# A signal ends the wait --------------------------------------------------------------------------
sleepers 3 "SELECT pg_sleep(60) /* the sleeper */"
wait_for 60 asleep "= 'Timeout'" 3
keys 201 240
run_night --max-active 2
wait_for 60 logged paused
kill -TERM "$pid"; wait "$pid"
is "a signal while it waits ends with exit code 6" "$?" 6
wake
gdpr_batch anonymize --subject contact --resume --json
is "and what was left is done by --resume" "$code $(json state) $(json anonymized)" "0 finished 38"

# A lagging standby -------------------------------------------------------------------------------
as_server() { if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
standby=$PGDATA/../standby
on_standby() { psql -XqtA -h "$standby" -p 5433 -d postgres -c "$1"; }
stop_standby() { as_server pg_ctl -w -s -D "$standby" -m immediate stop >/dev/null 2>&1; rm -rf "$standby"; }
trap 'stop_standby; finish' EXIT
as_server pg_basebackup -D "$standby" -R -X stream -c fast -d "host=$PGHOST user=postgres application_name=copy" 2>"$work/basebackup" ||
  fail "a base backup" "$(<"$work/basebackup")"
printf "unix_socket_directories = '%s'\nport = 5433\nwal_receiver_status_interval = 1s\n" "$(readlink -f "$standby")" | as_server tee -a "$standby/postgresql.conf" >/dev/null
standby=$(readlink -f "$standby")
as_server pg_ctl -w -s -D "$standby" -l "$standby/log" start </dev/null >/dev/null || fail "the standby starts" "$(tail -n 5 "$standby/log")"
follows() { [ "$(sql "SELECT count(*) FROM gdpr.run_pressure() WHERE standby = 'copy' AND lag_bytes = 0")" = 1 ]; }
ok "the standby follows" wait_for 60 follows
stop_replay() {
  on_standby "SELECT pg_wal_replay_pause()" >/dev/null
  wait_for 60 replay_stands
  sql "CREATE TABLE public.ballast AS SELECT repeat('x', 500) FROM generate_series(1, 2000)"
  sql "DROP TABLE public.ballast"
}
replay_stands() { [ "$(on_standby 'SELECT pg_get_wal_replay_pause_state()')" = paused ]; }
late() { [ "$(sql "SELECT count(*) FROM gdpr.run_pressure() WHERE standby = 'copy' AND lag_seconds > 1 AND lag_bytes > 100000")" = 1 ]; }
replay() { on_standby "SELECT pg_wal_replay_resume()" >/dev/null; }
stop_replay
ok "a standby that does not replay is late in seconds and in bytes" wait_for 60 late
is "the operator sees it too, who may not read statistics" \
  "$(PGUSER=night sql "SELECT standby, lag_seconds > 1, (SELECT count(*) FROM pg_stat_replication WHERE replay_lsn IS NOT NULL) FROM gdpr.run_pressure()")" $'copy\tt\t0'
keys 241 300
run_night --max-lag 1s
paused_and_done "a late standby" 'replication lag [0-9.]+ s of standby copy above 1 s' replay
wait_for 60 follows
if [ -n "${GDPR_LONG:-}" ]; then
  stop_replay; wait_for 60 late
  keys 301 400
  run_night --max-lag 100kB
  paused_and_done "a standby with bytes to come" 'replication lag [0-9.]+ [kM]B of standby copy above 100 kB' replay
  wait_for 60 follows
fi
stop_replay; wait_for 60 late
keys 401 440
run_night --max-lag 1s --ignore-standby copy
wait "$pid"
is "a standby that is late on purpose is not waited for" "$? $(grep -c event=paused "$work/log")" "0 0"
stop_standby
trap finish EXIT

# Hours -------------------------------------------------------------------------------------------
# clock HH:MM:SS: a time zone in which it is that time now.
clock() {
  local now=$(($(date +%s) % 86400)) want off
  want=$((10#${1:0:2} * 3600 + 10#${1:3:2} * 60 + 10#${1:6:2}))
  off=$(((now - want + 86400) % 86400))
  [ $off -le 43200 ] || off=$((off - 86400))
  printf 'XXX%s%d:%02d:%02d' "$([ $off -lt 0 ] && echo -)" $((${off#-} / 3600)) $((${off#-} / 60 % 60)) $((${off#-} % 60))
}
runs=$(sql "SELECT count(*) FROM gdpr.runs")
keys 441 500
TZ=$(clock 12:00:00) gdpr_batch anonymize --subject contact --keys "$work/keys" --reason left --window 22:00-05:00
is "outside of its hours a verb ends at once with exit code 6" "$code" 6
like "and says when they begin" "$err" 'outside of the window 22:00-05:00.*It opens at [0-9-]+ 22:00, in (10:00|9:59):[0-9]+'
is "nothing was planned" "$(sql "SELECT count(*) FROM gdpr.runs")" "$runs"
TZ=$(clock 23:30:00) gdpr_batch anonymize --subject contact --keys "$work/keys" --reason left --window 22:00-05:00
is "inside of them it works" "$code" 0
# 8 seconds are left: more than a first slice takes, less than all of them
keys 501 900
sql "CREATE OR REPLACE FUNCTION crm.slow() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN PERFORM pg_sleep(0.03); RETURN NEW; END \$\$" >/dev/null
zone=$(clock 04:59:52)
TZ=$zone run_night --window 22:00-05:00 --jobs 1
wait "$pid"; code=$?
sql "ALTER TABLE crm.contact DISABLE TRIGGER slow" >/dev/null
is "at their end a run finishes its slices and ends with exit code 6" "$code" 6
like "it says that it was the window" "$(<"$work/log")" 'window'
like "and how to go on" "$(<"$work/log")" '--resume'
is "what is done is whole, what is not is untouched" \
  "$(sql "SELECT (SELECT count(*) FROM crm.contact WHERE changes > 0) = (SELECT sum(changed) FROM gdpr.runs), max(changes) FROM crm.contact")" $'t\t1'
is "some are left" "$(sql "SELECT done > 0 AND done < people FROM gdpr.runs ORDER BY run DESC LIMIT 1")" t
gdpr_batch anonymize --subject contact --resume --json
is "the next night does the rest" "$code $(json state)" "0 finished"

# Nothing in the way ------------------------------------------------------------------------------
crm manners_free 600 || fail "database"
seq 1 600 >"$work/keys"
sql "ALTER ROLE night SET track_functions = 'all'" 2>/dev/null || sql "ALTER DATABASE $PGDATABASE SET track_functions = 'all'"
began=$(date +%s%N)
gdpr_batch anonymize --subject contact --keys "$work/keys" --reason left --chunk-rows 5 --jobs 2 --json
seconds=$((($(date +%s%N) - began) / 1000000000 + 1))
is "limits that are not met do not keep anybody waiting" "$code $(json anonymized) $(grep -c event=paused "$work/err")" "0 570 0"
wait_for 60 left_alone
asked=$(sql "SELECT coalesce(sum(calls), 0) FROM pg_stat_user_functions WHERE funcname = 'run_pressure'")
note "120 chunks in $seconds s, the server was asked $asked times"
ok "the server is asked at most once a second" test "$asked" -ge 1 -a "$asked" -le $((seconds + 1))
sql "ALTER ROLE night RESET track_functions"

# Statements have an end --------------------------------------------------------------------------
crm manners_timeout 40 || fail "database"
sql "SET ROLE crm_owner; CREATE FUNCTION crm.stuck() RETURNS trigger LANGUAGE plpgsql AS
  \$\$ BEGIN IF OLD.id = 33 AND current_setting('statement_timeout') <> '0' THEN PERFORM pg_sleep(30); END IF; RETURN NEW; END \$\$;
  CREATE TRIGGER stuck BEFORE UPDATE ON crm.contact FOR EACH ROW EXECUTE FUNCTION crm.stuck()" >/dev/null
seq 33 34 >"$work/keys"
began=$SECONDS
gdpr_batch anonymize --subject contact --keys "$work/keys" --reason left --statement-timeout 500ms
ok "a statement that goes on for ever is ended by --statement-timeout" test "$code" -ne 0 -a $((SECONDS - began)) -lt 20
like "and it is said" "$err" '57014'
