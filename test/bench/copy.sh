# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# A copy of all people with profile fake (17 columns in three tables are treated), beside
# COPY BINARY piped into COPY BINARY, unmasked: the same tables, indexes and constraints, as many connections, pg_dump's
# schema on both sides, loaded frozen. Then the program's memory at three sizes.

copy_target() {  # before the clock runs, which is why it ends with the checkpoint that DROP DATABASE asks for
  psql -Xq -d postgres -v ON_ERROR_STOP=1 -c 'SET client_min_messages = error' -c 'DROP DATABASE IF EXISTS bench_copy WITH (FORCE)' \
    -c 'CREATE DATABASE bench_copy TEMPLATE template0' -c CHECKPOINT
}
# The tables that erasures by hand are measured with have no classification.
copy_gdpr() {
  exec "$GDPR_BATCH" copy -d "$1" --to dbname=bench_copy --profile fake --unclassified keep --schema crm --jobs "$JOBS" \
    --allow-superuser --key-file "$GDPR_KEY_FILE"
}
copy_timed() { (copy_gdpr bench); }

pipe_table() {
  psql -Xq -d bench -v ON_ERROR_STOP=1 -c "COPY $1 TO STDOUT (FORMAT binary)" |
    psql -Xq -d bench_copy -v ON_ERROR_STOP=1 -c "BEGIN" -c "TRUNCATE $1" -c "COPY $1 FROM STDIN (FORMAT binary, FREEZE true)" -c COMMIT
}
copy_pipe() {
  export -f pipe_table
  pg_dump -Fc --schema-only -n crm -f "$RESULTS/pipe.dump" bench &&
    pg_restore --section=pre-data -1 -d bench_copy "$RESULTS/pipe.dump" &&
    on_bench -c "SELECT c.oid::regclass FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace = 'crm'::regnamespace
                 ORDER BY pg_relation_size(c.oid) DESC" | xargs -P "$JOBS" -I {} bash -o pipefail -c 'pipe_table {}' &&
    pg_restore --section=post-data -j "$JOBS" -d bench_copy "$RESULTS/pipe.dump"
}

# What is in bench_copy, rows and valid indexes: both sides of a pair must have made the same.
copied_rows() {
  psql -XqtA -F ' ' -d bench_copy -v ON_ERROR_STOP=1 -c "SELECT
    (SELECT count(*) FROM crm.contact), (SELECT count(*) FROM crm.activity), (SELECT count(*) FROM crm.account),
    (SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid WHERE c.relnamespace = 'crm'::regnamespace AND i.indisvalid)"
}

bench_copy() {
  local ratio low high sizes="" peaks="" size database rows pipe TABLE=$RESULTS/copy_table
  : >"$TABLE"
  BEFORE=copy_target pairs copy bench_links copy_timed bench_hand copy_pipe || return
  read -r ratio low high < <(ratio "$RESULTS/copy.pairs")
  row "copy of $ROWS people, profile fake, $JOBS connections" "$(seconds copy 1)" "unmasked pipe $(seconds copy 2)" "$ratio" "$low" "$high" 1.3

  copy_target && copy_database bench bench_hand && copy_pipe && pipe=$(copied_rows) || return
  for size in $((ROWS / 10)) $((ROWS / 3)) $ROWS; do  # fewer than some thousand do not fill its blocks
    database=bench_links
    if [ "$size" != "$ROWS" ]; then
      database=bench_few
      psql -Xq -d postgres -c 'SET client_min_messages = error' -c 'DROP DATABASE IF EXISTS bench_few' -c 'CREATE DATABASE bench_few TEMPLATE gdpr' &&
        psql -Xq -d bench_few -v ON_ERROR_STOP=1 -v rows="$size" -f test/bench/setup.sql &&
        psql -Xq -d bench_few -v ON_ERROR_STOP=1 -v links=true -o /dev/null -f test/bench/rules.sql || return
    fi
    sizes+="${sizes:+, }$size"
    copy_target && peaks+="${peaks:+ }$(peak copy_gdpr $database)" || return
  done
  memory_row "a copy" "$sizes people" "$peaks"
  rows=$(copied_rows)
  [ "$rows" = "$pipe" ] || { echo "bench: the copy has \"$rows\", the pipe \"$pipe\"" >&2; return 1; }
  psql -Xq -d postgres -c 'DROP DATABASE bench_copy WITH (FORCE)' -c 'DROP DATABASE bench_few'
}
