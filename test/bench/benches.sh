# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# The benches, one function each; lib.sh has copy_database, measure, pairs, ratio and row. Databases:
# bench_hand (people, no rules), bench_gdpr (classified and registered), bench_links (activities and accounts
# belong to the person); "bench" is the copy that is measured.

on_bench() { psql -XqtA -d bench -v ON_ERROR_STOP=1 "$@"; }
seconds() { printf '%.2f s' "$(column "$RESULTS/$1.pairs" "$2")"; }

# table_row WHAT PAIRS GOAL: a row of two times.
table_row() {
  local ratio low high
  read -r ratio low high < <(ratio "$RESULTS/$2.pairs")
  row "$1" "$(seconds "$2" 1)" "by hand $(seconds "$2" 2)" "$ratio" "$low" "$high" "$3"
}

# One value: what it costs above the scan that feeds it; then every kind in core, without the server.
bench_values() {
  local what low high ratio goal
  psql -XqtA -F ' ' -d bench_gdpr -v ON_ERROR_STOP=1 -v rows="${BENCH_VALUES:-1000000}" -v repeats="$REPEATS" \
    -f test/bench/values.sql >"$RESULTS/values" || return
  for what in $(awk '!seen[$1]++ { print $1 }' "$RESULTS/values"); do
    awk -v w="$what" '$1 == w { print $2, $3 }' "$RESULTS/values" >"$RESULTS/value.pairs"
    read -r ratio low high < <(ratio "$RESULTS/value.pairs")
    goal=1.0
    case $what in *FF1*) goal=4.4 ;; esac  # 3 µs
    what=${what/:/ }
    row "one value: ${what//_/ }" "$(printf '%.0f ns' "$(column "$RESULTS/value.pairs" 1)")" \
      "$(printf 'md5(text) %.0f ns' "$(column "$RESULTS/value.pairs" 2)")" "$ratio" "$low" "$high" "$goal"
  done
  cmake --build "$GDPR_BUILD" --target value_bench >"$RESULTS/value_bench.log" && "$GDPR_BUILD/value_bench"
}

# One UPDATE of 15 columns, no guards and no rules on either side.
update_gdpr() { on_bench -f test/bench/gdpr_update.sql; }
update_hand() { on_bench -f test/bench/hand_update.sql; }
bench_update() {
  pairs update bench_hand update_gdpr bench_hand update_hand || return
  table_row "$ROWS people x 15 columns, values only" update 1.15
}

# Full erasure: lock, UPDATE, frozen row, certificate; JOBS connections, CHUNK people a transaction.
erase_gdpr() {
  PGUSER=bench_night "$GDPR_BATCH" anonymize -d bench --subject contact --all --jobs "$JOBS" --chunk-rows "$CHUNK" \
    --reason left --key-file "$GDPR_KEY_FILE"
}

chunk_by_hand() {  # chunk_by_hand FROM TO [links]
  echo "BEGIN;"
  echo "SELECT count(*) FROM (SELECT FROM crm.contact WHERE id BETWEEN $1 AND $2 FOR UPDATE) AS locked;"
  echo "$(cat test/bench/hand_update.sql) WHERE id BETWEEN $1 AND $2;"
  if [ "${3:-}" = links ]; then
    echo "UPDATE crm.activity SET subject = 'Anonymized' WHERE contact_id BETWEEN $1 AND $2;"
    echo "UPDATE crm.account SET account_number = 'anonymized-' || id WHERE contact_id BETWEEN $1 AND $2;"
  fi
  echo "WITH done AS (INSERT INTO crm.hand_certificate (contact_id, reason)
          SELECT n::text, 'left' FROM generate_series($1, $2) AS n RETURNING erasure, contact_id)
        INSERT INTO crm.hand_frozen SELECT contact_id, erasure FROM done;"
  echo "COMMIT;"
}

by_hand() {  # by_hand PEOPLE CHUNK JOBS [links]
  local job from to last share=$((($1 + $3 - 1) / $3)) pids=() pid status=0
  for ((job = 0; job < $3; job++)); do
    last=$(((job + 1) * share < $1 ? (job + 1) * share : $1))
    for ((from = job * share + 1; from <= last; from += $2)); do
      to=$((from + $2 - 1 < last ? from + $2 - 1 : last))
      chunk_by_hand $from $to "${4:-}"
    done >"$RESULTS/hand.$job.sql"
    on_bench -f "$RESULTS/hand.$job.sql" -o /dev/null &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || status=1; done
  return $status
}
erase_hand() { by_hand "$ROWS" "$CHUNK" "$JOBS"; }

bench_erase() {
  local ratio low high
  pairs erase bench_gdpr erase_gdpr bench_hand erase_hand || return
  table_row "$ROWS people, full erasure with gdpr-batch, $JOBS connections" erase 1.15
  awk '{ print $3, $4 }' "$RESULTS/erase.pairs" >"$RESULTS/wal.pairs"
  read -r ratio low high < <(ratio "$RESULTS/wal.pairs")
  row "WAL of one person's erasure" "$(per_person "$(column "$RESULTS/wal.pairs" 1)")" \
    "by hand $(per_person "$(column "$RESULTS/wal.pairs" 2)")" "$ratio" "$low" "$high" -
}
per_person() { awk -v b="$1" -v n="$ROWS" 'BEGIN { printf "%.0f bytes", b / n }'; }

# What the others feel: p99 of a point read and a small write, 200 a second, alone and beside each erasure.
# pgbench writes its log when it ends, so it runs for a fixed time; what counts is the window of the command.
probe() {  # probe NAME COMMAND…; prints the p99 in milliseconds
  local name=$1 pid began ended status; shift
  rm -f "$RESULTS/probe_$name".*
  pgbench -n -f test/bench/probe.sql -D rows="$ROWS" -c 4 -j 1 -R 200 -T $((6 + ROWS / 15000)) -l \
    --log-prefix="$RESULTS/probe_$name" bench >"$RESULTS/probe_$name.log" 2>&1 &
  pid=$!
  sleep 0.5
  began=$(now)
  "$@" >"$RESULTS/last.log" 2>&1; status=$?
  ended=$(now)
  wait $pid && [ $status = 0 ] || { tail -n 20 "$RESULTS/last.log" "$RESULTS/probe_$name.log" >&2; return 1; }
  cat "$RESULTS/probe_$name".[0-9]* | awk -v began="$began" -v ended="$ended" '
    { at = $5 * 1e6 + $6 } at >= began && at <= ended { print $3 }' | sort -n |
    awk '{ v[NR] = $1 } END { k = int(NR * 0.99) + 1; if (k > NR) k = NR; printf "%.3f\n", v[k] / 1000 }'
}
bench_probe() {
  local round alone gdpr hand rounds=$((REPEATS < 3 ? REPEATS : 3))
  : >"$RESULTS/p99.pairs"; : >"$RESULTS/p99_hand.pairs"
  for ((round = 0; round < rounds; round++)); do
    copy_database bench bench_gdpr || return
    alone=$(probe alone sleep 5) || return
    gdpr=$(probe gdpr erase_gdpr) || return
    copy_database bench bench_hand || return
    hand=$(probe hand erase_hand) || return
    echo "$gdpr $alone" >>"$RESULTS/p99.pairs"; echo "$hand $alone" >>"$RESULTS/p99_hand.pairs"
  done
  local ratio low high
  read -r ratio low high < <(ratio "$RESULTS/p99.pairs")
  row "p99 of a probe beside gdpr-batch" "$(column "$RESULTS/p99.pairs" 1) ms" \
    "alone $(column "$RESULTS/p99.pairs" 2) ms" "$ratio" "$low" "$high" -
  read -r ratio low high < <(ratio "$RESULTS/p99_hand.pairs")
  row "p99 of a probe beside the erasure by hand" "$(column "$RESULTS/p99_hand.pairs" 1) ms" \
    "alone $(column "$RESULTS/p99_hand.pairs" 2) ms" "$ratio" "$low" "$high" -
}

# The loops people write themselves, over the person, 3 activities and an account, one connection.
LOOP_PEOPLE=${BENCH_LOOP_PEOPLE:-10000}
loop_gdpr() {
  psql -XqtA -d bench -c "SELECT id FROM crm.contact WHERE id <= $LOOP_PEOPLE" >"$RESULTS/keys"
  PGUSER=bench_night "$GDPR_BATCH" anonymize -d bench --subject contact --keys "$RESULTS/keys" --jobs 1 \
    --chunk-rows "$CHUNK" --reason left --key-file "$GDPR_KEY_FILE"
}
loop_update() {  # one UPDATE per person, the person's row only, committed one by one
  local hand person
  hand=$(tr '\n' ' ' <test/bench/hand_update.sql)
  for ((person = 1; person <= LOOP_PEOPLE; person++)); do echo "$hand WHERE id = $person;"; done >"$RESULTS/loop.sql"
  on_bench -f "$RESULTS/loop.sql"
}
loop_person() { by_hand "$LOOP_PEOPLE" 1 1 links; }
loop_giant() { by_hand "$LOOP_PEOPLE" "$LOOP_PEOPLE" 1 links; }
bench_loops() {
  local loop what ratio low high REPEATS=$((REPEATS < 3 ? REPEATS : 3))
  for loop in update person giant; do
    case $loop in
      update) what="one UPDATE a person, contact only" ;;
      person) what="one transaction a person, all tables" ;;
      giant) what="one giant transaction, all tables" ;;
    esac
    pairs "loop_$loop" bench_links loop_gdpr bench_hand "loop_$loop" || return
    read -r ratio low high < <(ratio "$RESULTS/loop_$loop.pairs")
    row "$LOOP_PEOPLE people in 3 tables, 1 connection" "gdpr-batch $(seconds "loop_$loop" 1)" \
      "$what $(seconds "loop_$loop" 2)" "$ratio" "$low" "$high" -
  done
}
