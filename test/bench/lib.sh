# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# How figures are made. Two sides of a comparison run in turn, in one run, each from a fresh copy of the
# same database; what counts is the median of their ratios with an interval, not two times.

REPEATS=${BENCH_REPEATS:-7}
RESULTS=$GDPR_BUILD/bench
BEYOND=1.5      # a figure this many times its goal fails the run

# Makes database $1 a copy of $2 and brings it into memory.
copy_database() {
  psql -Xq -d postgres -v ON_ERROR_STOP=1 -c 'SET client_min_messages = error' \
    -c "DROP DATABASE IF EXISTS $1 WITH (FORCE)" -c "CREATE DATABASE $1 TEMPLATE $2 STRATEGY file_copy" || return
  psql -XqtA -d "$1" -o /dev/null -v ON_ERROR_STOP=1 -c 'SET max_parallel_workers_per_gather = 0' \
    -c 'SELECT count(*) FROM crm.contact' -c 'SELECT count(*) FROM crm.activity' -c 'SELECT count(*) FROM crm.account' \
    -c "SELECT count(*) FROM crm.contact WHERE email > ''" -c 'CHECKPOINT'
}

now() { echo "${EPOCHREALTIME/./}"; }  # microseconds

# measure DATABASE COMMAND…: runs it on "bench", a fresh copy of DATABASE; sets took (seconds) and wal (bytes). BEFORE
# names what has to be there first and is no part of the figure.
measure() {
  local began lsn
  copy_database bench "$1" || return
  shift
  ${BEFORE:+"$BEFORE"} || return
  lsn=$(psql -XqtA -d bench -c 'SELECT pg_current_wal_insert_lsn()')
  began=$(now)
  "$@" >"$RESULTS/last.log" 2>&1 || { echo "bench: \"$*\" failed:" >&2; tail -n 20 "$RESULTS/last.log" >&2; return 1; }
  took=$(awk -v t=$(($(now) - began)) 'BEGIN { printf "%.4f", t / 1e6 }')
  wal=$(psql -XqtA -d bench -c "SELECT pg_current_wal_insert_lsn() - '$lsn'::pg_lsn")
}

# pairs NAME DATABASE_A A DATABASE_B B: measures A and B in turn, A first in even rounds, and keeps a line
# "a b wal_a wal_b" of each pair in NAME.pairs.
pairs() {
  local name=$1 from_a=$2 a=$3 from_b=$4 b=$5 round ta wa tb wb
  : >"$RESULTS/$name.pairs"
  for ((round = 0; round < REPEATS; round++)); do
    if ((round % 2 == 0)); then
      measure "$from_a" "$a" || return; ta=$took wa=$wal
      measure "$from_b" "$b" || return; tb=$took wb=$wal
    else
      measure "$from_b" "$b" || return; tb=$took wb=$wal
      measure "$from_a" "$a" || return; ta=$took wa=$wal
    fi
    echo "$ta $tb $wa $wb" >>"$RESULTS/$name.pairs"
    printf '  %s, pair %d of %d: %.2f s beside %.2f s\n' "$name" $((round + 1)) "$REPEATS" "$ta" "$tb" >&2
  done
}

median() { sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# The median of the ratios, and an interval that holds the true median in at least 95 of 100 runs
# (order statistics; below 6 pairs there is none that narrow, and it is the whole range).
ratio() {
  awk '{ print $1 / $2 }' "$1" | sort -g | awk '
    { v[NR] = $1 }
    END {
      k = 1; tail = 2 * 0.5 ^ NR; sum = tail; choose = 1
      for (i = 1; i < NR / 2; i++) { choose *= (NR - i + 1) / i; sum += choose * tail; if (sum > 0.05) break; k = i + 1 }
      m = (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
      printf "%.3f %.3f %.3f\n", m, v[k], v[NR + 1 - k] }'
}

column() { awk -v c="$2" '{ print $c }' "$1" | median; }

# row WHAT FIGURE BESIDE RATIO LOW HIGH GOAL: one line of the table (of TABLE, if set). GOAL "-" has none to reach.
row() {
  local verdict=-
  if [ "$7" != - ]; then
    verdict=$(awk -v r="$4" -v g="$7" -v b=$BEYOND 'BEGIN { print (r <= g) ? "yes" : (r <= g * b) ? "no" : "BEYOND" }')
    [ "$verdict" != BEYOND ] || echo "$1: $4x, goal $7x" >>"$RESULTS/beyond"
  fi
  printf '%s|%s|%s|%s|%s|%s\n' "$1" "$2" "$3" "$4x ($5 to $6)" "$([ "$7" = - ] && echo - || echo "≤ $7x")" "$verdict" \
    >>"${TABLE:-$RESULTS/table}"
}

# publish [TABLE MARKER]: prints a table and puts it between the markers of README.md.
publish() {
  local machine table name=${1:-table} marker=${2:-bench}
  [ -s "$RESULTS/$name" ] || return 0
  machine="$(nproc) cores, PostgreSQL $(psql -XqtA -d postgres -c "SHOW server_version" | cut -d' ' -f1), $ROWS people, medians of $REPEATS interleaved pairs; $(date -u +%F)"
  table=$({
    echo '| what | figure | beside | ratio (95 % interval) | goal | reached |'
    echo '|---|---|---|---|---|---|'
    sed 's/|/ | /g; s/^/| /; s/$/ |/' "$RESULTS/$name"
    printf '\n%s\n' "$machine."
  })
  printf '\n%s\n' "$table" | column_table
  printf '%s\n' "$table" >"$RESULTS/$name.md"
  between_markers "$marker" "$RESULTS/$name.md"
}

# between_markers NAME FILE: FILE goes between <!-- NAME --> and <!-- /NAME --> of README.md, where it has them.
between_markers() {
  if grep -q "<!-- $1 -->" README.md 2>/dev/null && [ -z "${BENCH_DRY:-}" ]; then
    awk -v file="$2" -v from="<!-- $1 -->" -v to="<!-- /$1 -->" '
      index($0, from) { print; while ((getline line < file) > 0) print line; skip = 1 }
      index($0, to) { skip = 0 }
      !skip' README.md >"$RESULTS/README.md" && cat "$RESULTS/README.md" >README.md
  fi
}

# Aligns a markdown table for a terminal.
column_table() {
  awk -F ' *\\| *' '
    !/^\|/ { other[NR] = $0; n = NR; next }
    { for (i = 2; i < NF; i++) { cell[NR, i] = $i; l = length($i); if (l > w[i]) w[i] = l }; fields[NR] = NF; n = NR }
    END { for (r = 1; r <= n; r++) {
      if (!(r in fields)) { print other[r]; continue }
      line = ""
      for (i = 2; i < fields[r]; i++) {
        c = cell[r, i]
        if (c == "---") { c = ""; while (length(c) < w[i]) c = c "-" }
        line = line sprintf("%s%" (w[i] - length(c) > 0 ? w[i] - length(c) : 0) "s  ", c, "") }
      sub(/ +$/, "", line); print line } }'
}
