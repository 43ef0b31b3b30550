# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# kill -9 of the program, of the source's and the target's server, and connections that break, at many moments: what is
# there afterwards is whole or said to be missing, and --resume comes to the copy that nobody disturbed.

moments=6
[ -z "${GDPR_LONG:-}" ] || moments=40
people_database faults $((people / 2))
fresh whole
began=$EPOCHREALTIME
copy faults "$(to whole)"
lasts=$(awk -v from="$began" -v to="$EPOCHREALTIME" 'BEGIN { print to - from }')
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
anew_database() { fresh disturbed; }
anew_directory() { rm -rf "$work/disturbed"; }
# Whether everything was done, though the program could not say so any more.
done_database() { [ "$(at_target "SELECT to_regnamespace('gdpr_copy') IS NULL AND to_regclass('crm.contact') IS NOT NULL" disturbed)" = t ]; }
done_directory() { [ -d "$work/disturbed" ]; }
# What is wrong with a copy that has come to its end.
faults_of_database() {
  whole_content disturbed | diff "$work/whole" - | head -n 5
  [ -z "$(at_target "SELECT to_regnamespace('gdpr_copy')" disturbed)" ] || echo "the record is left"
}
faults_of_directory() {
  fresh loaded
  (cd "$work/disturbed" && PGHOST=$target_host psql -X -q -U owner -d loaded -f load.sql) >/dev/null || echo "psql does not load it"
  whole_content loaded | diff "$work/whole" - | head -n 5
}
# disturbed NAME TARGET: strikes at so many moments and resumes each time; a copy that comes to its end is looked at, and another one begins.
disturbed() {
  local tries strikes=0 copies=0 resume= wrong= struck=
  "anew_$1"
  for ((tries = 0; tries < moments * 5 && strikes < moments; tries++)); do
    in_background faults "$2" $resume
    random_sleep "$lasts"
    if ! gone "$pid"; then
      strike
      struck+=" $killed" strikes=$((strikes + 1))
    fi
    reap
    case $code in 137 | 3) ! "done_$1" || code=0 ;; esac
    case $code in
      0) wrong+=$("faults_of_$1") copies=$((copies + 1)) resume=; "anew_$1" ;;
      137 | 3)
        [ "$1" = directory ] || wrong+=$(half disturbed)
        resume=--resume ;;
      *) wrong+="exit code $code after $killed: $(tail -n 1 "$work/log")"$'\n'; break ;;
    esac
  done
  for tries in 1 2 3; do
    copy faults "$2" $resume
    [ "$code" != 0 ] || break
    resume=--resume
  done
  note "$1, besides $copies copies that were whole before: killed$struck"
  is "$1, killed: as often as it was meant to be" "$strikes" "$moments"
  is "$1, killed: no table is called whole that is not, and exit codes are right" "$wrong" ""
  is "$1, killed: --resume comes to the end" "$code" 0
  [ "$code" = 0 ] || note "$(tail -n 3 "$work/log")"
  is "$1, killed: the copy is the one that nobody disturbed" "$("faults_of_$1")" ""
}
disturbed database "$(to disturbed)"
disturbed directory "$work/disturbed"

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
