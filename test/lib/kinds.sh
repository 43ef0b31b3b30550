# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# The kinds of test that test/run knows. To add one: its name here, its line in about(), and a function
# kind_NAME that prints TAP lines. PGHOST and its like point to the private cluster; database "gdpr" has
# the extension and is never changed: fresh_database copies it.

KINDS="unit lint fuzz regress pgtap isolation access batch audit night consent preload restore canary upgrade data copy"
# Only with --long, or by name: they take minutes.
LONG_KINDS="sanitize valgrind"

about() {
  case $1 in
    unit) echo "core and gdpr-batch without a server (GoogleTest, test/unit)" ;;
    fuzz) echo "parsers against random bytes (libFuzzer, test/fuzz)" ;;
    lint) echo "the house rules, install scripts and catalog (test/lint)" ;;
    regress) echo "SQL in, text out (pg_regress, sql/ and expected/)" ;;
    pgtap) echo "laws and attacks (pgTAP, test/tap)" ;;
    isolation) echo "sessions that meet (isolationtester, test/isolation)" ;;
    consent) echo "policy against plain SQL under one snapshot, while 8 writers decide (test/consent)" ;;
    audit) echo "the audit log: as logical decoding has it, faults of sealing (test/audit)" ;;
    access) echo "the audit of reads: brute force beside it, every way to read and to end, faults (test/access)" ;;
    preload) echo "beside other preloaded libraries, in several orders (test/preload)" ;;
    sanitize) echo "the unit tests under ASan and UBSan (make sanitize)" ;;
    valgrind) echo "the regression suite under memcheck (make valgrind, test/valgrind)" ;;
    canary) echo "a unique value in every cell, looked for everywhere afterwards (test/canary)" ;;
    batch) echo "gdpr-batch from end to end, kill -9 included (test/batch)" ;;
    night) echo "every job killed, cut off, in conflict, on a full disk, behind a slow standby, against an oracle (test/night)" ;;
    copy) echo "realistic copies: row for row, beside writers, killed, cut off, on a full disk; samples; real databases (test/copy)" ;;
    restore) echo "dump and restore (test/upgrade/dump_restore)" ;;
    upgrade) echo "ALTER EXTENSION UPDATE from every release (test/upgrade/walk)" ;;
    data) echo "real databases (test/data)" ;;
  esac
}

pgxs_test() { echo "$(dirname "$("$PG_CONFIG" --pgxs)")/../test/$1"; }

# Makes database $1 as a copy of $2 (default: gdpr, which has the extension and nothing else).
fresh_database() {
  psql -Xq -d postgres -v ON_ERROR_STOP=1 -c "SET client_min_messages = error" \
    -c "DROP DATABASE IF EXISTS \"$1\" WITH (FORCE)" -c "CREATE DATABASE \"$1\" TEMPLATE \"${2:-gdpr}\""
}

# Runs the unit tests that lie in build directory $1, each for $2 seconds at most.
unit_tests() {
  ctest --test-dir "$1" --timeout "$2" --output-on-failure -j 2 | awk '
    / Test +#[0-9]+: / {
      name = $0; sub(/.*Test +#[0-9]+: /, "", name); sub(/ \.*[ *].*/, "", name)
      if ($0 ~ / Passed /) print "ok - " name
      else if ($0 ~ /Skipped|Not Run \(Disabled\)/) print "ok - " name " # SKIP by the test itself"
      else print "not ok - " name
      next }
    { print "# " $0 }'
  return "${PIPESTATUS[0]}"
}

kind_unit() { unit_tests "$GDPR_BUILD" 120; }

kind_sanitize() {
  ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1 \
    UBSAN_OPTIONS=print_stacktrace=1 unit_tests "$GDPR_BUILD/sanitize" 600
}

# One target, its output in one piece, since two run at a time.
fuzz_target() {
  local target=$1 name corpus seconds=${GDPR_LONG:+600} status=ok
  name=$(basename "$target")
  corpus=$GDPR_BUILD/fuzz-corpus/$name
  mkdir -p "$corpus"
  local seeds=(test/fuzz/corpus/"$name")
  [ -d "${seeds[0]}" ] || seeds=()
  (cd "$GDPR_BUILD" && "$target" -max_total_time="${seconds:-5}" -seed="$((GDPR_SEED + 1))" -timeout=10 -rss_limit_mb=2048 \
    -verbosity=0 -print_final_stats=1 "$corpus" "${seeds[@]/#/$GDPR_ROOT/}") >"$corpus.log" 2>&1 || status="not ok"
  printf '%s\n%s - %s\n' "$(sed 's/^/# /' "$corpus.log")" "$status" "$name"
  [ "$status" = ok ]
}

kind_fuzz() {
  export -f fuzz_target
  find "$GDPR_BUILD/fuzz" -maxdepth 3 -type f -executable -name '*_fuzz*' ! -name '*.so*' | sort \
    | xargs -r -P 2 -I {} bash -c 'fuzz_target {}'
}

kind_lint() {
  fresh_database lint && PGDATABASE=lint test/lint
}

# pg_regress and its sister speak TAP from PostgreSQL 16 on, and "test x ... ok" before.
regress_to_tap() {
  awk -v diffs="$1" '
    /^(ok|not ok) / { print; next }
    /^test .* \.\.\. ok/ { print "ok - " $2; next }
    /^test .* \.\.\. (FAILED|failed)/ { print "not ok - " $2; bad = 1; next }
    { print "# " $0 }
    END { if (bad) while ((getline line < diffs) > 0) print "# " line }'
}

# Adds a file to tests, which the caller owns. pg_regress would stop at the first without an expected output.
add_test() {
  local name
  [ -e "$1" ] || return 0
  name=$(basename "${1%.*}")
  if [ -e "$2/$name.out" ]; then tests+=("$name"); else echo "not ok - $name: there is no $2/$name.out"; fi
}

# All files of sql/, or those that are named.
kind_regress() {
  local out=$GDPR_BUILD/regress tests=() files=("$@")
  [ $# -gt 0 ] || files=(sql/*.sql)
  rm -rf "$out" && mkdir -p "$out"
  fresh_database regress || return
  # What pg_regress sets when it makes the database itself.
  psql -Xq -d regress -c "ALTER DATABASE regress SET lc_messages = 'C'" \
    -c "ALTER DATABASE regress SET timezone_abbreviations = 'Default'" || return
  local file
  for file in "${files[@]}"; do add_test "$file" expected; done
  [ ${#tests[@]} -gt 0 ] || return 0
  "$(pgxs_test regress)/pg_regress" --bindir="$("$PG_CONFIG" --bindir)" --use-existing --dbname=regress \
    --host="$PGHOST" --port="$PGPORT" --user="$PGUSER" --inputdir="$GDPR_ROOT" --outputdir="$out" \
    "${tests[@]}" | regress_to_tap "$out/regression.diffs"
  return "${PIPESTATUS[0]}"
}

kind_isolation() {
  local out=$GDPR_BUILD/isolation tests=() file tool
  tool=$(pgxs_test isolation)/pg_isolation_regress
  [ -x "$tool" ] || { echo "ok - isolation # SKIP this PostgreSQL has no pg_isolation_regress"; return 0; }
  rm -rf "$out" && mkdir -p "$out"
  fresh_database isolation || return
  for file in test/isolation/specs/*.spec; do add_test "$file" test/isolation/expected; done
  [ ${#tests[@]} -gt 0 ] || return 0
  "$tool" --bindir="$("$PG_CONFIG" --bindir)" --use-existing --dbname=isolation --host="$PGHOST" \
    --port="$PGPORT" --user="$PGUSER" --inputdir="$GDPR_ROOT/test/isolation" --outputdir="$out" \
    "${tests[@]}" | regress_to_tap "$out/regression.diffs"
  return "${PIPESTATUS[0]}"
}

# Prefixes each test's name with its file, and fails a file whose plan does not fit what it ran.
check_plan() {
  awk -v file="$1" '
    /^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; planned = 1; next }
    /^(ok|not ok) / { ran++; sub(/^(ok|not ok) [0-9]*( - )?/, "&" file ": ") }
    { print }
    END { if (!planned || plan != ran) print "not ok - " file ": planned " (planned ? plan : "nothing") ", ran " ran + 0 }'
}

kind_pgtap() {
  local file name status=0 seed
  seed=$(awk -v n="$GDPR_SEED" 'BEGIN { print n / 32768 }')
  fresh_database gdpr_tap || return
  psql -Xq -d gdpr_tap -v ON_ERROR_STOP=1 -c "SET client_min_messages = error" -c "CREATE EXTENSION IF NOT EXISTS citext" \
    -c "CREATE EXTENSION pgtap" || return
  for file in test/tap/*.sql; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .sql)
    fresh_database tap_run gdpr_tap || return
    if psql -Xqt -A -d tap_run -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -P pager=off -c "SET seed = $seed" -f "$file" 2>&1 >"$GDPR_BUILD/tap.out" \
      | sed "s/^/# /" >"$GDPR_BUILD/tap.err"; [ "${PIPESTATUS[0]}" = 0 ]; then :; else
      echo "not ok - $name: psql stopped with an error"; status=1
    fi
    check_plan "$name" <"$GDPR_BUILD/tap.out"
    cat "$GDPR_BUILD/tap.err"
  done
  return $status
}

# Scripts that print TAP themselves. Each may start clusters of its own with test/lib/cluster.sh.
run_script() {
  local name output status
  name=$(basename "$1")
  [ -x "$1" ] || return 0
  output=$GDPR_BUILD/test/$name.tap
  "$@" 2>&1 | tee "$output.raw" | check_plan "$name"
  status=${PIPESTATUS[0]}
  if [ "$status" -ne 0 ] && ! grep -q '^not ok' "$output.raw"; then echo "not ok - $name: ended with status $status"; fi
  rm -f "$output.raw"
  return "$status"
}

run_folder() {
  local script status=0
  for script in "$1"/*; do
    if [ -f "$script" ] && [ -x "$script" ]; then run_script "$script" || status=1; fi
  done
  return $status
}

kind_consent() { run_folder test/consent; }
kind_audit() { run_folder test/audit; }
kind_access() { run_folder test/access; }
kind_preload() { run_folder test/preload; }
kind_valgrind() { run_script test/valgrind/run; }
kind_canary() { run_folder test/canary; }
kind_batch() { run_script test/batch/run; }
kind_night() { run_script test/night/run; }
kind_copy() { run_script test/copy/run; }
kind_restore() {
  local status=0
  run_script test/upgrade/dump_restore || status=1
  run_script test/upgrade/not_preloaded || status=1
  return $status
}
kind_upgrade() { run_script test/upgrade/walk; }
kind_data() { run_folder test/data; }
