# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# What tests of faults share: a cluster with people, clients that log what they receive, and the comparison of that
# with what is recorded. Source it from the root of the repository, after test/lib/tap.sh; then: begin NAME [option of cluster.sh…]
. test/lib/drain.sh
faults=test/access/faults
cluster=test/lib/cluster.sh
people=${people:-8000}
readers=()

begin() {
  cluster_name=$1; shift
  seed=${GDPR_SEED:-$RANDOM}
  RANDOM=$seed
  note "GDPR_SEED=$seed"
  work=$(mktemp -d /tmp/pg_gdpr_access.XXXXXX)
  chmod 711 "$work"
  trap 'end_all' EXIT
  trap 'exit 143' INT TERM HUP
  $cluster start --name "$cluster_name" --set restart_after_crash=on "$@" || { fail "a cluster"; done_testing; exit 1; }
  eval "$($cluster env --name "$cluster_name")"
  psql -Xq -d gdpr -v people="$people" -f $faults/setup.sql || { fail "people to read"; done_testing; exit 1; }
}

end_all() {
  : >"$work/stop"
  local pid
  for pid in "${readers[@]}"; do kill "$pid" 2>/dev/null; done
  ! declare -F end_more >/dev/null || end_more
  $cluster stop --name "$cluster_name"
  rm -rf "$work"
}

wait_for() {
  local until=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $until ] || return 1; sleep 0.02; done
}
random_sleep() { sleep "$(awk -v r=$RANDOM -v m="$1" 'BEGIN { printf "%.3f", r / 32768 * m }')"; }
up() { sql -d postgres "SELECT 1"; }
spool() { echo "$PGDATA/pgsql_tmp_gdpr"; }

# read_people MANY [option of reader.pl…]: so many clients, until stop_reading.
read_people() {
  local many=$1 i; shift
  rm -f "$work/stop"
  for ((i = 0; i < many; i++)); do
    batch=$((${batch:-0} + 1))
    $faults/reader.pl --name "$batch" --seed $RANDOM --people "$people" --log "$work/client.$batch" \
      --until "$work/stop" --begun "$work/begun.$batch" "$@" &
    readers+=($!)
  done
  wait_for 60 test -e "$work/begun.$batch"
}

# stop_reading NAME: they go, and none of them found anything but what it knows to be possible.
stop_reading() {
  : >"$work/stop"
  local pid status=0
  for pid in "${readers[@]}"; do wait "$pid" || status=$?; done
  readers=()
  is "$1: clients end as they should" "$status" 0
}

# Nothing is left to drain, once the server is up.
drained() { drain_all gdpr; }

# export_reads: what is recorded of the clients, as tables for compare.pl.
export_reads() {
  sql "COPY (SELECT application, app_user, statement, status, relation, scope, people, row_count FROM gdpr.access_statements
    WHERE application LIKE 'reader %') TO STDOUT" >"$work/statements" &&
    sql "COPY (SELECT statement, relation, subject_key FROM gdpr.access_log
      WHERE application LIKE 'reader %' AND subject_key IS NOT NULL) TO STDOUT" >"$work/people"
}

# of KIND: what compare.pl found of that kind, the first lines.
of() { grep "^$1 " "$work/found" | head -n 5; }

# complete NAME [option of compare.pl…]: no read of the clients is lost, invented or told twice.
complete() {
  local options=("${@:2}")
  ok "$1: everything is drained" wait_for 180 drained
  ok "$1: the record can be read" export_reads
  $faults/compare.pl "${options[@]}" "$work/statements" "$work/people" "$work"/client.* >"$work/found" 2>&1 || fail "$1: compared" "$(cat "$work/found")"
  like "$1: clients read, and what they read can be compared" "$(tail -n 1 "$work/found")" '^sent [1-9][0-9]*, ended well [1-9]'
  is "$1: every row that a client received is recorded, or its statement is shown as unclosed" "$(of lost)" ""
  is "$1: every statement that ended is recorded" "$(of missing)" ""
  is "$1: and with exactly the people it reached" "$(of wrong)" ""
  is "$1: nothing is recorded twice" "$(of twice)" ""
  is "$1: nothing is recorded that nobody sent" "$(of stranger)" ""
  is "$1: no statement of a process that is gone is shown as running" "$(of running)" ""
  note "$1: $(tail -n 1 "$work/found")"
}
