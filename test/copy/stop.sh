# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Signals while pg_dump and pg_restore are at work, and connections that end: nothing goes on in the background, the exit code says
# that it was stopped, and --resume comes to the copy that nobody disturbed.

[ -n "$(sql -d postgres "SELECT datname FROM pg_database WHERE datname = 'faults'")" ] || people_database faults $((people / 2))
if [ ! -e "$work/whole" ]; then
  fresh whole
  copy faults "$(to whole)"
  content "$target_host" whole | grep -vE '^(account_id_seq|activity_id_seq|ticket)' >"$work/whole"
fi
# Programs that begin, tell of it, and take their time: `slow` says which, and when in the copy.
mkdir -p "$work/slow"
for program in pg_dump pg_restore; do
  cat >"$work/slow/$program" <<SH
#!/bin/sh
case "$program \$*" in
  *--version*) ;;
  \$GDPR_SLOW*) echo \$\$ >>"$work/slow/pids"; sleep 60 & echo \$! >>"$work/slow/pids"; wait ;;
esac
exec "$(command -v $program)" "\$@"
SH
  chmod 755 "$work/slow/$program"
done
while read -r moment target <&3; do
  fresh stopped
  rm -rf "$work/stopped" "$work/stopped.part" "$work/slow/pids"
  where=$(to stopped)
  [ $target = database ] || where=$work/stopped
  GDPR_SLOW=$moment PATH=$work/slow:$PATH in_background faults "$where"
  wait_for 20 test -s "$work/slow/pids"
  begun=$SECONDS
  kill -TERM "$pid"; sleep 0.1; kill -TERM "$pid"
  reap
  is "stopped during $moment into a $target: exit code" "$code" 6
  ok "stopped during $moment into a $target: at once" test $((SECONDS - begun)) -lt 10
  sleep 0.1
  is "stopped during $moment into a $target: nothing runs on" "$(xargs ps -o stat= -p 2>/dev/null <"$work/slow/pids" | grep -v Z)" ""
  if [ $target = database ]; then half_there=$(at_target "SELECT 1 FROM pg_namespace WHERE nspname = 'gdpr_copy'" stopped); else half_there=$(ls "$work/stopped.part/record" 2>/dev/null); fi
  copy faults "$where" ${half_there:+--resume}
  is "stopped during $moment into a $target: it comes to its end afterwards" "$code" 0
  [ "$code" = 0 ] || note "$(tail -n 2 "$work/log")"
  [ $target = database ] || { fresh stopped; (cd "$work/stopped" && PGHOST=$target_host psql -Xq -U owner -o /dev/null -d stopped -f load.sql); }
  is "stopped during $moment into a $target: it is the copy that nobody disturbed" \
    "$(content "$target_host" stopped | grep -vE '^(account_id_seq|activity_id_seq|ticket)' | diff "$work/whole" - | head -n 4)" ""
done 3<<'MOMENTS'
pg_dump* database
pg_restore*--list* directory
pg_restore*--section=pre-data*--dbname* database
pg_restore*--section=post-data* database
MOMENTS

# The connection that holds the snapshot and all locks ends while a table is copied, and another one, not read yet, is emptied: to
# the old snapshot it would have no rows.
fresh stopped
mkdir -p "$work/held"
cat >"$work/held/pg_restore" <<SH
#!/bin/sh
"$(command -v pg_restore)" "\$@"
code=\$?
case "\$*" in
  *--section=pre-data*--dbname*) PGOPTIONS= psql -Xq -d stopped -c 'BEGIN' -c 'LOCK TABLE crm.contact' -c '\! touch $work/held/now; while [ -e $work/held/now ]; do sleep 0.05; done' >/dev/null 2>&1 &
    while [ ! -e "$work/held/now" ]; do sleep 0.05; done ;;
esac
exit \$code
SH
chmod 755 "$work/held/pg_restore"
PATH=$work/held:$PATH in_background faults "$(to stopped)" --jobs 1
wait_for 20 test -e "$work/held/now"
waits_there() { [ "$(at_target "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'gdpr-batch'")" = 1 ]; }
wait_for 4 waits_there
sql -d faults "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE application_name = 'gdpr-batch' AND datname = 'faults' ORDER BY backend_start LIMIT 1) AS leader" >/dev/null
sql -d faults "CREATE TABLE crm.rescued AS SELECT * FROM crm.activity; TRUNCATE crm.activity"
rm -f "$work/held/now"
reap
is "without its snapshot's locks a copy ends" "$code" 3
like "and says so" "$(<"$work/log")" 'snapshot of this copy is gone'
is "a table that was emptied meanwhile is not called whole" "$(at_target "SELECT count(*) FROM gdpr_copy.part WHERE table_name = 'activity' AND row_count IS NOT NULL" stopped)" 0
sql -d postgres "DROP DATABASE faults WITH (FORCE)"
