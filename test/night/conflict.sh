# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# A session that locks the same people in the opposite order, and rows that refuse with a serialization failure the first times
# that they are written: both are tried again, and nobody is blamed for it.

# Meets the program where it is, from above: whoever it changes next is locked, and then those whom it has changed just now.
# Ends with a deadlock, if the program is not the one that is chosen, or with the work.
lock_backwards() {
  PGAPPNAME=backwards psql -Xq -v ON_ERROR_STOP=0 -c "DO \$\$
    DECLARE at bigint; n bigint;
    BEGIN
      LOOP
        at := ($front);
        EXIT WHEN at IS NULL;
        FOR n IN SELECT id FROM $locked WHERE id BETWEEN at AND at + 40 ORDER BY id DESC LOOP
          PERFORM FROM $locked WHERE id = n FOR UPDATE;
        END LOOP;
        COMMIT;
      END LOOP;
    END \$\$" >/dev/null 2>&1
}
# Somebody is there to be met.
at_front() { [ -n "$(sql "$front")" ]; }
deadlocks() { sql "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"; }

conflict_job() {
  wrong=
  database conflict "$people" && prepare >/dev/null || wrong+="no database"$'\n'
  # A sequence does not go back with the transaction. Preflight's trial is left alone. The work is slow until the two have met.
  sql "CREATE SEQUENCE oracle.written; CREATE SEQUENCE oracle.met;
    CREATE FUNCTION oracle.conflict() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS \$\$
      DECLARE n bigint;
      BEGIN
        IF NOT EXISTS (SELECT FROM gdpr_internal.run WHERE state = 'running') THEN RETURN NULL; END IF;
        n := nextval('oracle.written');
        IF n < 40 AND n % 13 = 7 OR n % 700 = 0 THEN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END IF;
        IF n < 4000 AND NOT (SELECT is_called FROM oracle.met) THEN PERFORM pg_sleep(0.002); END IF;
        RETURN NULL;
      END \$\$;
    CREATE TRIGGER conflict AFTER INSERT OR UPDATE ON $written FOR EACH ROW EXECUTE FUNCTION oracle.conflict()" || wrong+="no trigger"$'\n'
  ([ -z "$locked" ] || wait_for 60 at_front
    for _ in 1 2 3 4 5 6 7 8; do [ -z "$locked" ] || lock_backwards; sql "SELECT nextval('oracle.met')"; done) >/dev/null &
  local against=$!
  until_done "conflicts"
  { kill "$against" && wait "$against"; } 2>/dev/null
  sql "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'backwards'" >/dev/null
  local failures
  failures=$(grep -c 'event=chunk_failed.*sqlstate=40001' "$work/log")
  note "$1: $failures serialization failures, $(grep -c 'event=chunk_failed.*sqlstate=40P01' "$work/log") deadlocks of the program, $(deadlocks) in all"
  ok "$1, in conflict: there were serialization failures" test "$failures" -ge 3
  [ -z "$locked" ] || ok "$1, in conflict: there were deadlocks" test "$(deadlocks)" -ge 1
  is "$1, in conflict: exactly once, nobody blamed, exit codes and summaries right" "$wrong" ""
}

RANDOM=$seed
for job in $(some_jobs 2); do
  job "$job"
  people=$((people / 3))
  conflict_job "$job"
done
