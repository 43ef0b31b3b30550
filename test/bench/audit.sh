# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# What the audit of changes costs: each workload without it, with the very rows that it wrote inserted by hand after the
# same statement and in the same transaction, with a minimal trigger in PL/pgSQL, and audited. Compared is what comes on
# top of the plain statement. Every figure is taken in a fresh copy of the side's database; "rounds" is policy.sh's.
# Then how fast events are sealed, what one statement of BENCH_EVENTS changes (10 a person) keeps in memory, and how long
# reports on them take.

audit_sql() { psql -XqtA -v ON_ERROR_STOP=1 -d "$@"; }

make_audit_databases() {
  local side what
  for side in none hand jsonb gdpr bench; do
    audit_sql postgres -c 'SET client_min_messages = error' -c "DROP DATABASE IF EXISTS audit_$side WITH (FORCE)" || return
  done
  audit_sql postgres -c 'CREATE DATABASE audit_none TEMPLATE bench_hand STRATEGY file_copy' &&
    audit_sql audit_none -v rows="$ROWS" -o /dev/null -f test/bench/audit_setup.sql &&
    audit_sql audit_none -c "COPY audit.arriving TO STDOUT" >"$RESULTS/arriving" || return
  for side in hand jsonb gdpr; do
    audit_sql postgres -c "CREATE DATABASE audit_$side TEMPLATE audit_none STRATEGY file_copy" || return
  done
  audit_sql audit_jsonb -f test/bench/audit_jsonb.sql &&
    audit_sql audit_gdpr -o /dev/null -c "SELECT gdpr.audit('audit.person'), gdpr.audit('audit.entry')" &&
    audit_sql audit_hand -f test/bench/audit_hand.sql || return
  for what in insert update copy single; do  # what the audit writes, brought over byte for byte
    audit_copy gdpr && audit_work "$what" | audit_sql audit_bench -o /dev/null || return
    audit_bring statement "$what" && audit_bring change "$what" || return
  done
  audit_sql audit_hand -c 'VACUUM (ANALYZE)' -c CHECKPOINT
}

# The audited table's own events but not those of switching the audit on.
audit_bring() {  # audit_bring statement|change WORKLOAD
  audit_sql audit_bench -c "COPY (SELECT t.* FROM gdpr_internal.audit_$1 AS t JOIN gdpr_internal.audit_statement AS s USING (statement)
      WHERE s.operation IN ('I', 'U', 'D') ORDER BY t.*) TO STDOUT (FORMAT binary)" |
    audit_sql audit_hand -c "COPY audit.$2_$1 FROM STDIN (FORMAT binary)"
}

# audit_copy SIDE: audit_bench is a fresh copy, in memory.
audit_copy() {
  audit_sql postgres -c 'SET client_min_messages = error' -c 'DROP DATABASE IF EXISTS audit_bench WITH (FORCE)' \
    -c "CREATE DATABASE audit_bench TEMPLATE audit_$1 STRATEGY file_copy" &&
    audit_sql audit_bench -o /dev/null -c 'SET max_parallel_workers_per_gather = 0' -c "SELECT count(*) FROM audit.person WHERE email > ''" \
      -c 'SELECT count(*) FROM audit.arriving' -c CHECKPOINT
}

audit_work() {  # audit_work WORKLOAD: the statement, as SQL
  case $1 in
    insert) echo 'INSERT INTO audit.person SELECT * FROM audit.arriving;' ;;
    update) echo "UPDATE audit.person SET updated_at = now(), visits = visits + 1, status = 'seen';" ;;
    copy) echo "\\copy audit.person FROM '$RESULTS/arriving'" ;;
    single) echo "UPDATE audit.person SET updated_at = now(), visits = visits + 1, status = 'seen1' WHERE id = 1;" ;;
  esac
}

# audit_statement SIDE WORKLOAD: seconds, COMMIT included.
audit_statement() {
  audit_copy "$1" || return
  {
    printf '%s\n' 'SELECT clock_timestamp() AS began \gset' 'BEGIN;'
    audit_work "$2"
    if [ "$1" = hand ]; then
      echo "INSERT INTO audit.hand_statement SELECT * FROM audit.$2_statement; INSERT INTO audit.hand_change SELECT * FROM audit.$2_change;"
    fi
    printf '%s\n' 'COMMIT;' "SELECT extract(epoch FROM clock_timestamp() - :'began');"
  } >"$RESULTS/audit.sql"
  audit_sql audit_bench -f "$RESULTS/audit.sql"
}

# audit_single SIDE: seconds of one transaction that changes one row; it does not wait for the disk.
audit_single() {
  local script=audit_single
  [ "$1" != hand ] || script=audit_single_hand
  audit_copy "$1" || return
  PGOPTIONS='-c synchronous_commit=off' pgbench -n -M prepared -f "test/bench/$script.sql" -D rows="$ROWS" -T "${BENCH_SECONDS:-3}" \
    $(audit_literals "$1") audit_bench 2>/dev/null | awk '/^tps = / { printf "%.9f\n", 1 / $3 }'
}

# What the audit wrote for one row, as variables of pgbench.
audit_literals() {
  [ "$1" = hand ] || return 0
  audit_sql audit_bench -F ' ' -c "SELECT format('-D system_id=%s -D shape=%s -D seed=%s -D row_seed=%s -D body=%s', s.system_id, s.shape,
    encode(s.seed, 'hex'), encode(c.seed, 'hex'), encode(c.body, 'hex')) FROM audit.single_statement AS s, audit.single_change AS c"
}

# audit_over NAME SIDE_COLUMN GOAL WHAT: what the audit adds by what that side adds.
audit_over() {
  awk -v s="$2" '{ print $4 - $1, $s - $1 }' "$RESULTS/$1.rounds" >"$RESULTS/$1.over" &&
    cell_of "$(ratio "$RESULTS/$1.over")" "$4" "$3"
}

audit_row() {  # audit_row WHAT NAME UNIT
  local column figures=()
  for column in 1 2 3 4; do
    figures+=("$(awk -v v="$(column "$RESULTS/$2.rounds" $column)" -v unit="$3" 'BEGIN {
      if (unit == "s") print (v < 1) ? sprintf("%.0f ms", v * 1000) : sprintf("%.2f s", v); else printf "%.0f", 1 / v }')")
  done
  printf '%s|%s|%s|%s|%s|%s|%s\n' "$1" "${figures[@]}" "$(audit_over "$2" 2 '≤ 1.3' "$1 beside by hand")" \
    "$(audit_over "$2" 3 '≤ 0.35' "$1 beside PL/pgSQL")" >>"$RESULTS/audit_table"
}

bench_audit() {
  local SIDES="none hand jsonb gdpr" what
  : >"$RESULTS/audit_table"; : >"$RESULTS/audit_more"
  make_audit_databases || return
  for what in insert update copy; do rounds "audit_$what" audit_statement "$what" || return; done
  rounds audit_single audit_single || return
  audit_row "INSERT of $ROWS rows, 19 columns" audit_insert s
  audit_row "UPDATE of $ROWS rows, 3 columns change" audit_update s
  audit_row "COPY of $ROWS rows, 19 columns" audit_copy s
  audit_row "one row a transaction (per second)" audit_single tps
  bench_sealing && bench_memory && bench_reports
}

# Seals of events with 3 changed columns.
bench_sealing() {
  local round
  : >"$RESULTS/sealing.pairs"
  for ((round = 0; round < (REPEATS < 3 ? REPEATS : 3); round++)); do
    audit_copy gdpr && audit_sql audit_bench -o /dev/null -c 'SELECT gdpr.seal_audit()' -c "$(audit_work update)" -c "$(audit_work update)" || return
    audit_sql audit_bench -F ' ' >>"$RESULTS/sealing.pairs" <<'SQL' || return
SELECT clock_timestamp() AS began \gset
SELECT gdpr.seal_audit() AS events \gset
SELECT :events / extract(epoch FROM clock_timestamp() - :'began'), 100000;
SQL
  done
  awk '{ print $2, $1 }' "$RESULTS/sealing.pairs" >"$RESULTS/sealing.slow"
  printf 'events sealed per second, 3 changed columns|%.0f|time beside 100,000 a second: %s\n' "$(column "$RESULTS/sealing.pairs" 1)" \
    "$(cell_of "$(ratio "$RESULTS/sealing.slow")" "sealing" '≤ 1')" >>"$RESULTS/audit_more"
}

# What a backend holds for itself while one statement changes few and many rows.
bench_memory() {
  local n events=${BENCH_EVENTS:-$((10 * ROWS))} figures=()
  audit_copy gdpr || return
  for n in $((events / 10)) "$events"; do
    figures+=("$(audit_peak "INSERT INTO audit.entry SELECT g, g % $ROWS + 1, 'call ' || g FROM generate_series($n + 1, 2 * $n) AS g")") || return
  done
  printf 'memory of the backend, %s and %s changes in one statement|%s MB and %s MB|-\n' $((events / 10)) "$events" "${figures[@]}" >>"$RESULTS/audit_more"
}

audit_peak() {  # the most private memory, in MB, looked at every 20 ms
  local pid peak=0 now client
  {
    echo 'SELECT pg_backend_pid();'
    echo "$1;"
  } | audit_sql audit_bench >"$RESULTS/peak" &
  client=$!
  until pid=$(head -n 1 "$RESULTS/peak" 2>/dev/null) && [ -n "$pid" ]; do kill -0 $client 2>/dev/null || break; sleep 0.02; done
  while kill -0 $client 2>/dev/null; do
    now=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
    [ "${now:-0}" -le "$peak" ] || peak=$now
    sleep 0.02
  done
  wait $client && echo $((peak / 1024))
}

# Reports on people drawn by chance, of whom the log holds 10 or more events each.
bench_reports() {
  local report
  audit_sql audit_bench -c CHECKPOINT || return
  for report in "subject_audit('person', k)" "user_audit('postgres', 'person', k)"; do
    printf 'gdpr.%s in %s events, median of 500 people|%s|-\n' "${report%%(*}" \
      "$(audit_sql audit_bench -c 'SELECT count(*) FROM gdpr_internal.audit_change')" "$(audit_sql audit_bench -c "
      CREATE TEMP TABLE took (ms float8);
      DO \$\$
      DECLARE
        k text;
        began timestamptz;
      BEGIN
        PERFORM setseed(0.5);
        FOR k IN SELECT (1 + floor(random() * $ROWS))::bigint::text FROM generate_series(1, 500) LOOP
          began := clock_timestamp();
          PERFORM count(*) FROM gdpr.$report;
          INSERT INTO took VALUES (1000 * extract(epoch FROM clock_timestamp() - began));
        END LOOP;
      END \$\$;
      SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 1) || ' ms, 99 of 100 within '
        || round(percentile_cont(0.99) WITHIN GROUP (ORDER BY ms)::numeric, 1) || ' ms' FROM took")" >>"$RESULTS/audit_more" || return
  done
}

publish_audit() {
  local table=$RESULTS/audit_table.md
  [ -s "$RESULTS/audit_table" ] || return 0
  {
    echo '| what | no audit | and the same bytes by hand | and a PL/pgSQL trigger | audited | added, by hand = 1 | added, PL/pgSQL = 1 |'
    echo '|---|---|---|---|---|---|---|'
    sed 's/|/ | /g; s/^/| /; s/$/ |/' "$RESULTS/audit_table"
    if [ -s "$RESULTS/audit_more" ]; then
      printf '\n| what | figure | |\n|---|---|---|\n'
      sed 's/|/ | /g; s/^/| /; s/$/ |/' "$RESULTS/audit_more"
    fi
    printf '\n%s cores, PostgreSQL %s, medians of %s rounds; %s.\n' \
      "$(nproc)" "$(psql -XqtA -d postgres -c "SHOW server_version" | cut -d' ' -f1)" "$REPEATS" "$(date -u +%F)"
  } >"$table"
  printf '\n'; column_table <"$table"
  between_markers "bench audit $ROWS" "$table"
}
