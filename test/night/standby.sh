# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# A standby that lags behind: the run waits, says why, holds no transaction open, and goes on when the standby has caught up.

standby=$work/standby
as_server() { if [ "$(id -u)" = 0 ]; then (cd / && exec runuser -u postgres -- "$@"); else (cd / && exec "$@"); fi; }
end_more() { as_server pg_ctl stop -s -m immediate -D "$standby" >/dev/null 2>&1; }
on_standby() { PGHOST=$standby psql -XqtA -d postgres -c "$1"; }

mkdir "$standby"
[ "$(id -u)" != 0 ] || chown postgres "$standby"
chmod 700 "$standby"
ok "there is a standby" as_server pg_basebackup -h "$PGHOST" -p "$PGPORT" -U postgres -D "$standby" -c fast -R
ok "it follows" as_server pg_ctl start -s -w -D "$standby" -l "$standby/log" \
  -o "-c unix_socket_directories=$standby -c shared_preload_libraries="
streams() { [ "$(sql "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")" = 1 ]; }
wait_for 60 streams

job anonymize
has_paused() { grep -q 'event=paused' "$work/log"; }
has_resumed() { grep -q 'event=resumed' "$work/log"; }
# No slice that had begun is still at work.
stands() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gdpr-batch' AND xact_start IS NOT NULL AND datname = 'standby'")" = 0 ]; }
progress() { sql "SELECT done FROM gdpr.runs"; }

# lagging NAME LIMIT: with --max-lag LIMIT.
lagging() {
  wrong=
  database standby "$people" && prepare >/dev/null || wrong+="no database"$'\n'
  # so that there is work left when the lag is noticed
  sql "CREATE FUNCTION oracle.slow() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN PERFORM pg_sleep(0.02); RETURN NULL; END \$\$;
    CREATE TRIGGER slow AFTER UPDATE ON crm.contact FOR EACH STATEMENT EXECUTE FUNCTION oracle.slow()" || wrong+="no trigger"$'\n'
  first
  in_background "${arguments[@]}" --max-lag "$2"
  seen=0; wait_for 60 says_more
  on_standby "SELECT pg_wal_replay_pause()" >/dev/null
  ok "$1: the run pauses" wait_for 60 has_paused
  like "$1: and says why" "$(grep 'event=paused' "$work/log")" 'reason=".*replication lag.*standby'
  wait_for 60 stands
  local before after
  before=$(progress); sleep 1.5; after=$(progress)
  is "$1: nothing is done meanwhile" "$after" "$before"
  is "$1: and no transaction is open" "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gdpr-batch' AND xact_start IS NOT NULL AND datname = 'standby'")" 0
  like "$1: status says why" "$(PGUSER=night "$GDPR_BATCH" status 2>&1)" 'replication lag'
  on_standby "SELECT pg_wal_replay_resume()" >/dev/null
  ok "$1: it goes on when the standby has caught up" wait_for 60 has_resumed
  until_done "$1"
  is "$1: to its end, and everything is right" "$wrong" ""
  is "$1: the ledger remembers no reason any more" "$(sql "SELECT paused_reason FROM gdpr.runs")" ""
}
lagging "a standby seconds behind" 1s
lagging "a standby bytes behind" 256kB

# A standby that is away for good must not keep the night waiting for ever: it is no standby that lags.
as_server pg_ctl stop -s -m immediate -D "$standby"
database standby "$people" && prepare >/dev/null
first
to_end "${arguments[@]}" --max-lag 1s
is "a standby that is gone does not stop a run" "$code" 0
end_more() { :; }
