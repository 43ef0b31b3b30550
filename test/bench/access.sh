# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# What the audit of reads costs: the same reads of a table that is not audited, that is, that is with gdpr.durable_reads,
# and that pgaudit logs. All libraries are loaded on all sides; "rounds" is policy.sh's. Nothing is written but by the
# audit, so no side needs a fresh copy. "drained later": the worker is kept out while it is measured; else it works
# beside, on the same cores. Then bytes, the drain, instructions on tables that are not audited, and a person's readers.
# BENCH_SCAN (default 1000000) rows are scanned, the report has BENCH_READS (default 10 a person) statements before it.
# shellcheck source=test/lib/drain.sh
. test/lib/drain.sh

access_sql() { psql -XqtA -v ON_ERROR_STOP=1 -d "$@"; }
SCAN=${BENCH_SCAN:-1000000}

make_access_databases() {
  local side
  access_sql postgres -c "ALTER SYSTEM SET shared_preload_libraries = pg_gdpr, pgaudit" -c "ALTER SYSTEM SET gdpr.spool_limit = '20GB'" \
    -c "ALTER SYSTEM SET gdpr.audit_reads = on" &&
    test/lib/cluster.sh restart --name bench || return
  for side in none gdpr durable pgaudit; do
    access_sql postgres -c 'SET client_min_messages = error' -c "DROP DATABASE IF EXISTS access_$side WITH (FORCE)" || return
  done
  access_sql postgres -c 'CREATE DATABASE access_none TEMPLATE gdpr' &&
    access_sql access_none -v rows="$ROWS" -v scan="$SCAN" -o /dev/null -f test/bench/access_setup.sql || return
  for side in gdpr durable pgaudit; do
    access_sql postgres -c "CREATE DATABASE access_$side TEMPLATE access_none STRATEGY file_copy" || return
  done
  for side in gdpr durable; do
    access_sql access_$side -o /dev/null -c "SELECT gdpr.audit('reach.person'), gdpr.audit('reach.customer')" || return
  done
  access_sql postgres -c "ALTER DATABASE access_durable SET gdpr.durable_reads = on" -c "ALTER DATABASE access_pgaudit SET pgaudit.log = 'read'" &&
    access_sql access_pgaudit -c 'CREATE EXTENSION pgaudit' || return
  for side in none gdpr durable pgaudit; do
    access_sql access_$side -o /dev/null -c 'CREATE EXTENSION pg_prewarm' -c "SELECT pg_prewarm(c.oid) FROM pg_class AS c
      WHERE c.relkind IN ('r', 'i') AND c.relnamespace = 'reach'::regnamespace" -c CHECKPOINT || return
  done
}

recorded() { [ "$1" = gdpr ] || [ "$1" = durable ]; }

# access_point SIDE SCRIPT CLIENTS held|beside: seconds of one read.
access_point() {
  local figure
  if [ "$4" = held ] && recorded "$1"; then hold_drain "access_$1" || return; fi
  figure=$(pgbench -n -M prepared -f "test/bench/$2.sql" -D rows="$ROWS" -T "${BENCH_SECONDS:-3}" -c "$3" -j "$(($3 < 2 ? 1 : 2))" "access_$1" \
    2>/dev/null | awk '/^tps = / { printf "%.9f\n", 1 / $3 }')
  if [ "$4" = held ] && recorded "$1"; then let_drain; fi
  if recorded "$1"; then drain_all "access_$1" || return; fi
  echo "$figure"
}

# access_scan SIDE SQL: seconds of one scan of reach.customer, its rows sent to a client that throws them away.
access_scan() {
  local figure
  {
    echo 'SET max_parallel_workers_per_gather = 0;'
    echo '\o /dev/null'
    echo "$2;"                        # brings code and pages into memory
    echo 'SELECT clock_timestamp() AS began \gset'
    echo "$2; $2; $2;"
    echo '\o'
    echo "SELECT extract(epoch FROM clock_timestamp() - :'began') / 3;"
  } >"$RESULTS/scan.sql"
  figure=$(access_sql "access_$1" -f "$RESULTS/scan.sql") || return
  if recorded "$1"; then drain_all "access_$1" || return; fi
  echo "$figure"
}

access_row() {  # access_row WHAT NAME UNIT GOAL
  local column figures=()
  for column in 1 2 3 4; do
    figures+=("$(awk -v v="$(column "$RESULTS/$2.rounds" $column)" -v unit="$3" 'BEGIN {
      if (unit == "s") print (v < 1) ? sprintf("%.0f ms", v * 1000) : sprintf("%.2f s", v); else printf "%.0f", 1 / v }')")
  done
  printf '%s|%s|%s|%s|%s|%s|%s|%s\n' "$1" "${figures[@]}" "$(cell "$2" "$1" 2 1 "$4")" "$(cell "$2" "$1" 3 1 -)" "$(cell "$2" "$1" 4 1 -)" \
    >>"$RESULTS/access_table"
}

bench_access() {
  local SIDES="none gdpr durable pgaudit" clients status=0
  : >"$RESULTS/access_table"; : >"$RESULTS/access_more"
  make_access_databases || return
  for clients in 1 8; do
    rounds "access_held_$clients" access_point access_point "$clients" held &&
      rounds "access_beside_$clients" access_point access_point "$clients" beside || return
    access_row "point reads a second, $clients client$([ $clients = 1 ] || echo s), drained later" "access_held_$clients" tps '≤ 1.1'
    access_row "point reads a second, $clients client$([ $clients = 1 ] || echo s), drained beside" "access_beside_$clients" tps '≤ 1.1'
  done
  rounds access_page access_point access_page 1 beside && access_row "pages of 50 people a second, 1 client" access_page tps '≤ 1.1' &&
    rounds access_full access_scan "COPY (SELECT id, name FROM reach.customer) TO STDOUT" &&
    access_row "full scan of $SCAN people" access_full s '≤ 1.15' &&
    rounds access_count access_scan "SELECT count(*) FROM reach.customer" && access_row "count(*) of $SCAN people" access_count s '≤ 1.15' &&
    rounds access_some access_scan "SELECT count(*) FROM reach.customer WHERE lot < 90" &&
    access_row "scan that keeps 90 of 100 people, who are listed" access_some s - || return
  bench_access_bytes && bench_access_drain && bench_access_readers && bench_access_instructions || status=1
  access_sql postgres -c "ALTER SYSTEM RESET shared_preload_libraries" -c "ALTER SYSTEM RESET gdpr.spool_limit" &&
    test/lib/cluster.sh restart --name bench && return $status
}

# What a person takes, in the spool and in the table, where many are listed.
bench_access_bytes() {
  local what goal where pair before spooled people stored spool=$PGDATA/pgsql_tmp_gdpr
  for pair in "adjacent keys|≤ 2|id <= $SCAN * 0.9" "9 of 10 keys, by chance|≤ 2|lot < 90" "each seventh key|≤ 2|segment = 3" "each hundredth key|-|lot = 3"; do
    IFS='|' read -r what goal where <<<"$pair"
    drain_all access_gdpr && hold_drain access_gdpr || return
    before=$(find "$spool" -type f -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }')
    PGAPPNAME="bytes $what" access_sql access_gdpr -o /dev/null -c "SET enable_indexscan = off; SET enable_bitmapscan = off; SET max_parallel_workers_per_gather = 0" \
      -c "SELECT count(*) FROM reach.customer WHERE $where" || return
    spooled=$(($(find "$spool" -type f -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }') - before))
    let_drain
    drain_all access_gdpr || return
    read -r people stored < <(access_sql access_gdpr -F ' ' -c "SELECT sum(gdpr_internal.set_size(r.people)), sum(length(r.people))
      FROM gdpr_internal.access_read AS r
      WHERE r.statement IN (SELECT b.statement FROM gdpr_internal.access_read AS b JOIN gdpr_internal.access_actor AS a USING (actor) WHERE a.application = 'bytes $what')")
    [ "${people:-0}" -gt 0 ] || { echo "bench: nobody is recorded of \"$what\"" >&2; return 1; }
    printf 'bytes a person, %s (%s people)|%s in the spool, %s in the log|%s\n' "$what" "$people" \
      "$(awk -v a="$spooled" -v b="$people" 'BEGIN { printf "%.3f", a / b }')" "$(awk -v a="$stored" -v b="$people" 'BEGIN { printf "%.3f", a / b }')" \
      "$(access_goal "bytes a person, $what" "$(awk -v a="$spooled" -v c="$stored" -v b="$people" 'BEGIN { print (a > c ? a : c) / b }')" "$goal")" >>"$RESULTS/access_more"
  done
}

# access_goal WHAT FIGURE GOAL: "goal ≤ 2: yes", and remembers what is beyond.
access_goal() {
  [ "$3" != - ] || { echo -; return; }
  local said
  said=$(verdict "$2" "$3")
  [ "$said" != BEYOND ] || echo "$1: $2, goal $3" >>"$RESULTS/beyond"
  echo "goal $3: $said"
}

# How fast what 8 clients spooled is drained, beside how fast they spool it. Nobody reads while it drains.
bench_access_drain() {
  local round out made rate began reads='SELECT count(*) FROM gdpr_internal.access_read' before after
  : >"$RESULTS/access_drain.pairs"
  for ((round = 0; round < REPEATS; round++)); do
    drain_all access_gdpr && before=$(access_sql access_gdpr -c "$reads") && hold_drain access_gdpr || return
    out=$(pgbench -n -M prepared -f test/bench/access_point.sql -D rows="$ROWS" -T "${BENCH_SECONDS:-3}" -c 8 -j 2 access_gdpr 2>/dev/null) || return
    made=$(awk '/^number of transactions actually processed/ { print $6 + 0 }' <<<"$out")
    rate=$(awk '/^tps = / { print $3 }' <<<"$out")
    began=$(now)
    let_drain
    drain_all access_gdpr || return
    took=$(($(now) - began))
    after=$(access_sql access_gdpr -c "$reads") || return
    # what counts them is recorded, too
    [ $((after - before)) -ge "$made" ] || { echo "bench: of $made reads $((after - before)) are recorded" >&2; return 1; }
    awk -v n="$made" -v t="$took" -v rate="$rate" 'BEGIN { printf "%.0f %.0f\n", n / t * 1e6, rate }' >>"$RESULTS/access_drain.pairs"
    echo "  access_drain, round $((round + 1)) of $REPEATS: $(tail -n 1 "$RESULTS/access_drain.pairs") (drained, made a second)" >&2
  done
  printf 'reads drained a second, what 8 clients made|%.0f, they made %.0f|%s\n' "$(column "$RESULTS/access_drain.pairs" 1)" \
    "$(column "$RESULTS/access_drain.pairs" 2)" "$(cell_of "$(ratio "$RESULTS/access_drain.pairs")" "the drain beside 8 clients" '≥ 3')" >>"$RESULTS/access_more"
}

# Who read a person, among many statements: some are read for real, and are told a hundred times over.
bench_access_readers() {
  local reads=${BENCH_READS:-$((10 * ROWS))} real many figures
  real=$((reads / 100))
  access_sql access_gdpr -o /dev/null -c "
    DO \$\$
    DECLARE
      p bigint;
    BEGIN
      PERFORM setseed(0.25);
      FOR i IN 1..$real LOOP
        p := 1 + floor(random() * $ROWS);
        CASE WHEN i % 10000 = 0 THEN PERFORM count(name) FROM reach.person;
             WHEN i % 200 = 0 THEN PERFORM name FROM reach.person WHERE id BETWEEN p AND p + 499;
             WHEN i % 30 = 0 THEN PERFORM name FROM reach.person WHERE id BETWEEN p AND p + 19;
             ELSE PERFORM name FROM reach.person WHERE id = p; END CASE;
      END LOOP;
    END \$\$" && drain_all access_gdpr || return
  # A hundred copies of that minute: numbers differ in what is below the second.
  access_sql access_gdpr -c "INSERT INTO gdpr_internal.access_read (statement, at, frame, process, actor, query, snapshot, rows, place, part, command, engine,
        status, scope, people)
      SELECT r.statement + (k::bigint << 23), r.at, r.frame, r.process, r.actor, r.query, r.snapshot, r.rows, r.place, r.part, r.command, r.engine, r.status,
        r.scope, r.people
      FROM generate_series(1, 99) AS k,
        (SELECT x.* FROM gdpr_internal.access_read AS x ORDER BY x.statement DESC LIMIT $real) AS r" -c CHECKPOINT || return
  many=$(access_sql access_gdpr -c 'SELECT count(*) FROM gdpr_internal.access_read') && figures=$(access_sql access_gdpr -c "
    CREATE TEMP TABLE took (ms float8, found bigint);
    DO \$\$
    DECLARE
      k text;
      n bigint;
      began timestamptz;
    BEGIN
      PERFORM setseed(0.5);
      FOR k IN SELECT (1 + floor(random() * $ROWS))::bigint::text FROM generate_series(1, 200) LOOP
        began := clock_timestamp();
        SELECT count(*) INTO n FROM gdpr.subject_access('person', k);
        INSERT INTO took VALUES (1000 * extract(epoch FROM clock_timestamp() - began), n);
      END LOOP;
    END \$\$;
    SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 1) || ' ms, 99 of 100 within '
      || round(percentile_cont(0.99) WITHIN GROUP (ORDER BY ms)::numeric, 1) || ' ms; ' || round(avg(found)) || ' reads each|'
      || percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FROM took") || return
  printf 'gdpr.subject_access in %s reads, median of 200 people|%s|%s\n' "$many" "${figures%|*}" \
    "$(access_goal "gdpr.subject_access (ms)" "${figures#*|}" '≤ 50' | sed 's/≤ 50/≤ 50 ms/')" >>"$RESULTS/access_more"
}

# instructions LIBRARIES RELATION: of one prepared point read, counted by callgrind: two sessions, one of which reads
# 2,000 times more. What the kernel does is not in it.
instructions() {
  local n pids=() counts=() as=() data
  data=$(readlink -f "$PGDATA")
  [ "$(id -u)" != 0 ] || as=(runuser -u postgres --)
  rm -rf "$RESULTS/callgrind" && mkdir -m 777 -p "$RESULTS/callgrind" || return
  (cd / && "${as[@]}" valgrind --quiet --tool=callgrind --callgrind-out-file="/tmp/pg_gdpr_callgrind.%p" "$(command -v postgres)" -D "$data" \
    -c shared_preload_libraries="$1" >"$RESULTS/callgrind/log" 2>&1) &
  local server=$!
  for n in {1..240}; do psql -Xq -d postgres -c '' 2>/dev/null && break; kill -0 $server 2>/dev/null || return; sleep 0.5; done
  for n in 500 2500; do
    pids+=("$({
      echo 'SELECT pg_backend_pid();'
      echo "PREPARE one(bigint) AS SELECT * FROM $2 WHERE id = \$1;"
      awk -v n=$n -v rows="$ROWS" 'BEGIN { print "\\o /dev/null"; for (i = 1; i <= n; i++) print "EXECUTE one(" 1 + i % rows ");" }'
    } | access_sql access_gdpr)") || return
  done
  (cd / && "${as[@]}" "$(command -v pg_ctl)" stop -w -s -m fast -t 120 -D "$data") || return
  wait $server
  for n in "${pids[@]}"; do counts+=("$(awk '/^(totals|summary):/ { print $2; exit }' "/tmp/pg_gdpr_callgrind.$n")"); done
  rm -f /tmp/pg_gdpr_callgrind.*
  echo $(((counts[1] - counts[0]) / 2000))
}

bench_access_instructions() {
  local without with audited
  drain_all access_gdpr || return
  test/lib/cluster.sh down --name bench || return
  without=$(instructions '' reach.article) && with=$(instructions pg_gdpr reach.article) && audited=$(instructions pg_gdpr reach.person) ||
    { test/lib/cluster.sh up --name bench; return 1; }
  test/lib/cluster.sh up --name bench || return
  awk -v a="$with" -v b="$without" 'BEGIN { printf "instructions of a point read, not audited|%d, without the library %d: %.4fx|", a, b, a / b }' >>"$RESULTS/access_more"
  access_goal "instructions, not audited" "$(awk -v a="$with" -v b="$without" 'BEGIN { printf "%.4f", a / b }')" '≤ 1.01' >>"$RESULTS/access_more"
  awk -v a="$audited" -v b="$without" 'BEGIN { printf "instructions of a point read, audited|%d: %.2fx|-\n", a, a / b }' >>"$RESULTS/access_more"
}

publish_access() {
  local table=$RESULTS/access_table.md
  [ -s "$RESULTS/access_table" ] || return 0
  {
    echo '| what | not audited | audited | audited, durable | pgaudit `log=read` | audited | durable | pgaudit |'
    echo '|---|---|---|---|---|---|---|---|'
    sed 's/|/ | /g; s/^/| /; s/$/ |/' "$RESULTS/access_table"
    if [ -s "$RESULTS/access_more" ]; then
      printf '\n| what | figure | |\n|---|---|---|\n'
      sed 's/|/ | /g; s/^/| /; s/$/ |/' "$RESULTS/access_more"
    fi
    printf '\nThe last three columns are time beside that of the table that is not audited. %s cores, PostgreSQL %s, medians of %s rounds; %s.\n' \
      "$(nproc)" "$(psql -XqtA -d postgres -c "SHOW server_version" | cut -d' ' -f1)" "$REPEATS" "$(date -u +%F)"
  } >"$table"
  printf '\n'; column_table <"$table"
  between_markers "bench access $ROWS" "$table"
}
