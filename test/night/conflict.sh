# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# Sessions that lock the same people in the opposite order, and people whose rows fail with a serialization error the
# first times that they are changed: both are tried again.

# In the opposite order of the program, a few at a time.
lock_backwards() {
  trap 'exit' TERM
  while :; do
    psql -Xq -c "DO \$\$
      DECLARE n bigint; top bigint := 1 + (random() * $people)::bigint;
      BEGIN
        FOR n IN REVERSE top .. greatest(1, top - 40) LOOP
          PERFORM FROM crm.contact WHERE id = n FOR UPDATE;
        END LOOP;
      END \$\$" 2>/dev/null
  done
}
deadlocks() { sql "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"; }

conflict_job() {
  wrong=
  database conflict "$people" && prepare >/dev/null || wrong+="no database"$'\n'
  # A sequence does not go back with the transaction: the first 60 changes that are tried fail, then every 200th.
  sql "CREATE SEQUENCE oracle.tried;
    CREATE FUNCTION oracle.conflict() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS \$\$
      DECLARE n bigint := nextval('oracle.tried');
      BEGIN
        IF n <= 60 AND n % 3 > 0 OR n % 200 = 0 THEN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END IF;
        RETURN NULL;
      END \$\$;
    CREATE TRIGGER conflict AFTER INSERT OR UPDATE ON $1 FOR EACH ROW EXECUTE FUNCTION oracle.conflict()" || wrong+="no trigger"$'\n'
  lock_backwards &
  local against=$!
  until_done "conflicts"
  kill "$against"; wait "$against"
  note "$job: $(grep -c 'event=chunk_failed.*sqlstate=40001' "$work/log") serialization failures, $(grep -c 'event=chunk_failed.*sqlstate=40P01' "$work/log") deadlocks"
}
