# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# kill -9 of the program, of the source's and the target's server, and connections that break, at many moments: what is
# there afterwards is whole or said to be missing, and --resume comes to the copy that nobody disturbed.

moments=6
[ -z "${GDPR_LONG:-}" ] || moments=40
people_database faults $((people / 2))
fresh whole
copy faults "$(to whole)"
is "a copy that nobody disturbs" "$code" 0
whole_content() { content "$target_host" "$1" | grep -vE '^(account_id_seq|activity_id_seq|ticket)'; }  # a crash of the source skips some
whole_content whole >"$work/whole"

# half DATABASE: tables that the record calls whole and that are not like those of the undisturbed copy.
half() {
  local table rows
  at_target "SELECT format('%I.%I', schema_name, table_name), sum(row_count) FROM gdpr_copy.part GROUP BY schema_name, table_name
    HAVING count(row_count) = max(parts)" "$1" 2>/dev/null | while IFS=$'\t' read -r table rows; do
    [ "$(at_target "SELECT count(*) FROM ONLY $table" "$1")" = "$rows" ] || echo "$table"
  done
}
servers_up() {
  "${cluster[@]}" up --name copy 2>/dev/null
  "${cluster[@]}" up --name copyto 2>/dev/null
}
strike() {
  case $((RANDOM % 4)) in
    0 | 1) kill -9 "$pid"; killed=program ;;
    2) "${cluster[@]}" kill9 --name copyto; killed=target; "${cluster[@]}" up --name copyto ;;
    3) "${cluster[@]}" kill9 --name copy; killed=source; "${cluster[@]}" up --name copy ;;
  esac
}
# disturbed NAME TARGET: strikes until the moments are over, resumes each time; then to the end.
disturbed() {
  local moment resume= wrong= struck=
  for ((moment = 0; moment < moments; moment++)); do
    in_background faults "$2" $resume
    random_sleep 1.2
    if gone "$pid"; then reap; else
      strike
      struck+=" $killed"
      reap
    fi
    case $code in
      0) break ;;
      137 | 3) ;;
      *) wrong+="exit code $code after $killed: $(tail -n 1 "$work/log")"$'\n'; break ;;
    esac
    [ "$1" = directory ] || wrong+=$(half disturbed)
    resume=--resume
  done
  for moment in 1 2 3; do
    [ "$code" = 0 ] || copy faults "$2" --resume
  done
  note "$1: killed$struck"
  is "$1, killed: no table is called whole that is not, and exit codes are right" "$wrong" ""
  is "$1, killed: --resume comes to the end" "$code" 0
  [ "$code" = 0 ] || note "$(tail -n 3 "$work/log")"
}
fresh disturbed
disturbed database "$(to disturbed)"
is "a database, killed: the copy is the one that nobody disturbed" "$(whole_content disturbed | diff "$work/whole" - | head -n 5)" ""
is "a database, killed: no record is left" "$(at_target "SELECT to_regnamespace('gdpr_copy')" disturbed)" ""

disturbed directory "$work/disturbed"
fresh loaded
ok "a directory, killed: psql loads it" bash -c "cd '$work/disturbed' && PGHOST=$target_host psql -X -q -U owner -d loaded -f load.sql"
is "a directory, killed: the copy is the one that nobody disturbed" "$(whole_content loaded | diff "$work/whole" - | head -n 5)" ""

# Connections to the target that break anywhere: the program finds its way by itself, or --resume does.
mkdir -p "$work/proxy" && : >"$work/cuts"
test/night/proxy.pl "$work/proxy/.s.PGSQL.$PGPORT" "$target_host/.s.PGSQL.$PGPORT" "$work/cuts" $RANDOM 30 400000 2>"$work/proxy.err" &
proxy=$!
wait_for 10 test -S "$work/proxy/.s.PGSQL.$PGPORT"
fresh disturbed
resume=
for try in $(seq 20); do
  through_to=$work/proxy copy faults "host=$work/proxy user=owner dbname=disturbed" $resume
  [ "$code" = 3 ] || break
  resume=--resume
done
kill -9 "$proxy" && wait "$proxy" 2>/dev/null
[ "$code" = 0 ] || copy faults "$(to disturbed)" --resume
is "connections that break: the copy comes to its end" "$code" 0
ok "connections that break: they did" test -s "$work/cuts"
is "connections that break: the copy is the one that nobody disturbed" "$(whole_content disturbed | diff "$work/whole" - | head -n 5)" ""
