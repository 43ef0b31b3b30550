# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# The night's jobs: a re-consent campaign beside one statement that does the same by hand, lists of opt-outs in lines a
# second, what others feel of it, and the peak memory of gdpr-batch from a hundredth of the people to all of them.
# BENCH_LINES (default as many as people) is the length of the list. Manners are on, as they come.

night_sql() { psql -XqtA -v ON_ERROR_STOP=1 -d "$@"; }
as_night() { PGUSER=bench_night "$GDPR_BATCH" "$@" --key-file "$GDPR_KEY_FILE"; }
LINES_OF_LIST=${BENCH_LINES:-$ROWS}

# Planned and approved, so that what is measured is the asking; in stages for the measurement of memory.
make_night_databases() {
  local side
  for side in night night_staged; do
    night_sql postgres -c 'SET client_min_messages = error' -c "DROP DATABASE IF EXISTS $side WITH (FORCE)" || return
  done
  night_sql postgres -c 'CREATE DATABASE night TEMPLATE bench_hand' && night_sql night -o /dev/null -f test/bench/night_setup.sql &&
    night_sql postgres -c 'CREATE DATABASE night_staged TEMPLATE night STRATEGY file_copy' &&
    plan_campaign night 100% && plan_campaign night_staged 1%,10%,100% || return
  list_of_optouts "$LINES_OF_LIST" >"$RESULTS/optouts.csv"
}

plan_campaign() {  # plan_campaign DATABASE STAGES
  as_night reconsent -d "$1" --subject contact --purpose letters --form terms:2 --stage "$2" --chunk-rows 10000 --json >"$RESULTS/plan.json" &&
    PGUSER=bench_dpo night_sql "$1" -o /dev/null -c "SELECT gdpr.approve_campaign((SELECT max(run) FROM gdpr.runs))" && night_sql "$1" -c 'VACUUM (ANALYZE)'
}

# Every other line is a person's, the rest are nobody's; as a mailer exports them.
list_of_optouts() {
  awk -v n="$1" -v rows="$ROWS" 'BEGIN {
    print "\"Email Address\",\"First Name\",OPTOUT_TIME"
    for (i = 1; i <= n; i++)
      if (i % 2 && (i + 1) / 2 <= rows) print "person" (i + 1) / 2 "@example.org,First,2026-01-02 03:04:05"
      else print "stranger" i "@example.net,\"A, B\",2026-01-02 03:04:05" }'
}

run_of() { night_sql "$1" -c "SELECT max(run) FROM gdpr.runs WHERE job = 'reconsent'"; }
reconsent_gdpr() { as_night reconsent -d bench --resume "$(run_of bench)" --jobs "$JOBS"; }
reconsent_plan() { as_night reconsent -d bench --subject contact --purpose letters --form terms:2 --chunk-rows 10000; }
reconsent_hand() { on_bench -o /dev/null -f test/bench/night_hand.sql; }
optouts_gdpr() { as_night import-optouts "$RESULTS/optouts.csv" -d bench --jobs "$JOBS" --reason bench; }
# The list as it stands into a table, then set-based: opt-outs of who is a person, digests of who is not.
optouts_hand() {
  on_bench -c "CREATE TABLE hand.list (email text, name text, at text)" -c "CREATE TABLE hand.opt_out (contact_id bigint PRIMARY KEY)" \
    -c "CREATE TABLE hand.suppressed (digest bytea PRIMARY KEY)" -c "\\copy hand.list FROM '$RESULTS/optouts.csv' CSV HEADER" \
    -c "INSERT INTO hand.opt_out SELECT DISTINCT c.id FROM hand.list AS l JOIN crm.contact AS c ON c.email = lower(l.email)" \
    -c "INSERT INTO hand.event (event, subject_type, subject_key, purpose, kind, owner, at)
        SELECT nextval(pg_get_serial_sequence('hand.event', 'event')), 'contact', o.contact_id::text, '', 'opted_out', current_user, now() FROM hand.opt_out AS o" \
    -c "INSERT INTO hand.suppressed SELECT DISTINCT sha256(convert_to(lower(l.email), 'UTF8')) FROM hand.list AS l
        WHERE NOT EXISTS (SELECT FROM crm.contact AS c WHERE c.email = lower(l.email))"
}

# figure WHAT FIGURE BESIDE GOAL REACHED: a line without a ratio.
figure() { printf '%s|%s|%s|-|%s|%s\n' "$@" >>"$TABLE"; }

bench_night() {
  local ratio low high TABLE=$RESULTS/night_table rate
  : >"$TABLE"
  make_night_databases || return
  pairs reconsent night reconsent_gdpr night reconsent_hand || return
  read -r ratio low high < <(ratio "$RESULTS/reconsent.pairs")
  row "re-consent of $ROWS people, $JOBS connections" "$(seconds reconsent 1)" "one statement by hand $(seconds reconsent 2)" "$ratio" "$low" "$high" 1.2
  awk '{ print $3, $4 }' "$RESULTS/reconsent.pairs" >"$RESULTS/reconsent_wal.pairs"
  read -r ratio low high < <(ratio "$RESULTS/reconsent_wal.pairs")
  row "WAL of one person's re-consent" "$(per_person "$(column "$RESULTS/reconsent_wal.pairs" 1)")" \
    "by hand $(per_person "$(column "$RESULTS/reconsent_wal.pairs" 2)")" "$ratio" "$low" "$high" -
  measure night reconsent_plan || return
  figure "its plan: everybody counted, the list stored" "$took s" - - -
  pairs optouts night optouts_gdpr night optouts_hand || return
  read -r ratio low high < <(ratio "$RESULTS/optouts.pairs")
  rate=$(awk -v t="$(column "$RESULTS/optouts.pairs" 1)" -v n="$LINES_OF_LIST" 'BEGIN { printf "%.0f", n / t }')
  row "opt-outs, lines a second ($LINES_OF_LIST lines)" "$rate" \
    "COPY and SQL by hand $(awk -v t="$(column "$RESULTS/optouts.pairs" 2)" -v n="$LINES_OF_LIST" 'BEGIN { printf "%.0f", n / t }')" "$ratio" "$low" "$high" -
  figure "opt-outs, lines a second: the goal" "$rate" - "≥ 100000" "$([ "$rate" -ge 100000 ] && echo yes || echo no)"
  bench_night_probe && bench_night_memory
}

# What others feel: as in bench_probe, beside the campaign and beside the import.
bench_night_probe() {
  local round alone job rounds=$((REPEATS < 3 ? REPEATS : 3)) ratio low high
  : >"$RESULTS/p99_reconsent.pairs"; : >"$RESULTS/p99_optouts.pairs"
  for ((round = 0; round < rounds; round++)); do
    copy_database bench night || return
    alone=$(probe night_alone sleep 5) || return
    for job in reconsent optouts; do
      copy_database bench night || return
      echo "$(probe "$job" "${job}_gdpr") $alone" >>"$RESULTS/p99_$job.pairs" || return
    done
  done
  for job in reconsent optouts; do
    read -r ratio low high < <(ratio "$RESULTS/p99_$job.pairs")
    row "p99 of a probe beside $([ $job = reconsent ] && echo 'the re-consent' || echo 'the import')" "$(column "$RESULTS/p99_$job.pairs" 1) ms" \
      "alone $(column "$RESULTS/p99_$job.pairs" 2) ms" "$ratio" "$low" "$high" -
  done
}

# peak COMMAND…: the largest resident size of gdpr-batch in kB (VmHWM), until it ends. With STOP_AT it is told to
# stop once its log says that: the list is in the ledger then, and a slice or two are done.
peak() {
  local pid now most=0 status stopped=
  "$@" >"$RESULTS/last.log" 2>&1 &
  pid=$!
  while kill -0 $pid 2>/dev/null; do
    now=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null)
    [ "${now:-0}" -le "$most" ] || most=$now
    if [ -n "${STOP_AT:-}" ] && [ -z "$stopped" ] && grep -q "event=$STOP_AT" "$RESULTS/last.log"; then kill -TERM $pid; stopped=6; fi
    sleep 0.02
  done
  wait $pid; status=$?
  [ $status = "${stopped:-0}" ] || { tail -n 20 "$RESULTS/last.log" >&2; return 1; }
  echo "$most"
}

memory_row() {  # memory_row WHAT SIZES PEAKS: "18.0 MB, 18.2 MB, 17.9 MB", and how far they are from their middle
  local spread
  spread=$(tr ' ' '\n' <<<"$3" | sort -n | awk 'NR == 1 { low = $1 } { high = $1 } END { printf "%.1f", 100 * (high - low) / (high + low) }')
  figure "peak memory of gdpr-batch, $1" "$(awk '{ for (i = 1; i <= NF; i++) printf "%s%.1f MB", (i > 1 ? ", " : ""), $i / 1024 }' <<<"$3")" \
    "at $2: ± $spread %" "± 10 %" "$(awk -v s="$spread" 'BEGIN { print (s <= 10) ? "yes" : "no" }')"
}

bench_night_memory() {
  local size sizes="" peaks="" mark run
  copy_database bench night || return
  for size in $((ROWS / 100)) $((ROWS / 10)) $ROWS; do
    sizes+="${sizes:+, }$size"
    seq 1 "$size" >"$RESULTS/keys"
    peaks+="${peaks:+ }$(STOP_AT=run_started peak night_program anonymize -d bench --subject contact --keys "$RESULTS/keys" --reason bench --jobs "$JOBS")" || return
    on_bench -o /dev/null -c "SELECT gdpr.run_cancel(max(run)) FROM gdpr.runs WHERE job = 'anonymize'" || return
  done
  memory_row "the list of an erasure" "$sizes people" "$peaks"
  copy_database bench night_staged || return
  peaks=
  run=$(run_of bench)
  for size in 1 2 3; do
    peaks+="${peaks:+ }$(peak night_program reconsent -d bench --resume "$run" --jobs "$JOBS")" || return
  done
  memory_row "a re-consent in stages" "$sizes people" "$peaks"
  peaks= sizes=
  for mark in 100 10 1; do
    copy_database bench night || return
    size=$((LINES_OF_LIST / mark))
    sizes+="${sizes:+, }$size"
    head -n $((size + 1)) "$RESULTS/optouts.csv" >"$RESULTS/optouts_part.csv"
    peaks+="${peaks:+ }$(peak night_program import-optouts "$RESULTS/optouts_part.csv" -d bench --jobs "$JOBS")" || return
  done
  memory_row "a list of opt-outs" "$sizes lines" "$peaks"
  rm -f "$RESULTS"/optouts*.csv
}

# The program itself and no shell around it: its memory is measured.
night_program() { PGUSER=bench_night exec "$GDPR_BATCH" "$@" --key-file "$GDPR_KEY_FILE"; }
