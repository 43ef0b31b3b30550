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
  wait_for 60 test -S "$work/proxy/.s.PGSQL.$PGPORT"
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
    cut_off 20 "$cut_after"
    until_done "round $round"
    let_through
    answered=$((answered + $(cuts 'commit answered'))) unanswered=$((unanswered + $(cuts 'commit unanswered')))
    anywhere=$((anywhere + $(cuts bytes)))
  done
  note "$1: cut $answered times after COMMIT was answered, $unanswered times before, $anywhere times anywhere"
  ok "$1, cut off: connections broke at COMMIT" test $((answered + unanswered)) -ge $((2 * rounds))
  all_answered=$((all_answered + answered)) all_unanswered=$((all_unanswered + unanswered)) all_anywhere=$((all_anywhere + anywhere))
  is "$1, cut off: exactly once, nothing lost, exit codes and summaries right" "$wrong" ""
}

RANDOM=$seed
all_answered=0 all_unanswered=0 all_anywhere=0
for job in $(some_jobs 2); do
  job "$job"
  people=$((people / 3))
  cut_job "$job"
done
ok "connections broke after the answer to COMMIT was made, before, and anywhere" \
  test $((all_answered > 0 && all_unanswered > 0 && all_anywhere > 0)) = 1
