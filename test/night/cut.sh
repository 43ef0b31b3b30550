# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Connections that break: right after a COMMIT was passed on, before its answer comes back, and anywhere.

rounds=1
[ -z "${GDPR_LONG:-}" ] || rounds=5

# cut_off COMMITS BYTES: sessions go through the proxy from now on.
cut_off() {
  mkdir -p "$work/proxy"
  : >"$work/cuts"
  test/night/proxy.pl "$work/proxy/.s.PGSQL.$PGPORT" "$PGHOST/.s.PGSQL.$PGPORT" "$work/cuts" $RANDOM "$1" "$2" 2>"$work/proxy.err" &
  proxy=$!
  wait_for 10 test -S "$work/proxy/.s.PGSQL.$PGPORT"
  through=$work/proxy
}
let_through() {
  kill -9 "$proxy" && wait "$proxy"
  through=
  rm -f "$work/proxy/.s.PGSQL.$PGPORT"
} 2>/dev/null
cuts() { grep -c "^$1" "$work/cuts"; }

cut_job() {
  local round answered=0 unanswered=0 anywhere=0
  wrong=
  for round in $(seq "$rounds"); do
    database cut "$people" && prepare >/dev/null || { wrong+="no database"$'\n'; break; }
    cut_off 10 40000
    until_done "round $round"
    let_through
    answered=$((answered + $(cuts 'commit answered'))) unanswered=$((unanswered + $(cuts 'commit unanswered')))
    anywhere=$((anywhere + $(cuts bytes)))
  done
  note "$1: cut $answered times after COMMIT was answered, $unanswered times before, $anywhere times anywhere"
  ok "$1, cut off: connections broke at COMMIT" test $((answered > 0 && unanswered > 0 && answered + unanswered >= 4 * rounds)) = 1
  ok "$1, cut off: and anywhere" test "$anywhere" -ge "$rounds"
  is "$1, cut off: exactly once, nothing lost, exit codes and summaries right" "$wrong" ""
}

RANDOM=$seed
for job in $(some_jobs 2); do
  job "$job"
  people=$((people / 3))
  cut_job "$job"
done
