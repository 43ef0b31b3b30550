# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# A copy of all people with profile fake, beside COPY BINARY piped into COPY BINARY, unmasked: the same tables, indexes
# and constraints, as many connections, pg_dump's schema on both sides.

copy_target() {
  psql -Xq -d postgres -v ON_ERROR_STOP=1 -c 'SET client_min_messages = error' -c 'DROP DATABASE IF EXISTS bench_copy WITH (FORCE)' \
    -c 'CREATE DATABASE bench_copy TEMPLATE template0'
}
copy_gdpr() {
  copy_target && "$GDPR_BATCH" copy -d bench --to dbname=bench_copy --profile fake --unclassified keep --schema crm --jobs "$JOBS" \
    --allow-superuser --key-file "$GDPR_KEY_FILE"
}
pipe_table() {
  psql -Xq -d bench -v ON_ERROR_STOP=1 -c "COPY $1 TO STDOUT (FORMAT binary)" |
    psql -Xq -d bench_copy -v ON_ERROR_STOP=1 -c "BEGIN" -c "TRUNCATE $1" -c "COPY $1 FROM STDIN (FORMAT binary, FREEZE true)" -c COMMIT
}
copy_pipe() {
  export -f pipe_table
  copy_target && pg_dump -Fc --schema-only -n crm -f "$RESULTS/pipe.dump" bench &&
    pg_restore --section=pre-data -1 -d bench_copy "$RESULTS/pipe.dump" &&
    printf '%s\n' crm.contact crm.activity crm.account | xargs -P "$JOBS" -I {} bash -o pipefail -c 'pipe_table {}' &&
    pg_restore --section=post-data -j "$JOBS" -d bench_copy "$RESULTS/pipe.dump"
}
bench_copy() {
  pairs copy bench_gdpr copy_gdpr bench_hand copy_pipe || return
  local ratio low high
  read -r ratio low high < <(ratio "$RESULTS/copy.pairs")
  row "copy of $ROWS people, profile fake" "$(seconds copy 1)" "unmasked pipe $(seconds copy 2)" "$ratio" "$low" "$high" 1.3
  psql -Xq -d postgres -c 'DROP DATABASE bench_copy WITH (FORCE)'
}
