# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# What the parts of test/batch share: a database each with the small CRM of fixture.sql, and gdpr-batch
# as role night.

work=$(mktemp -d /tmp/pg_gdpr_batch.XXXXXX)

# crm NAME PEOPLE: makes database NAME and points the environment there.
crm() {
  psql -Xq -d postgres -v ON_ERROR_STOP=1 -c "SET client_min_messages = error" \
    -c "DROP DATABASE IF EXISTS $1 WITH (FORCE)" -c "CREATE DATABASE $1 TEMPLATE gdpr" &&
    psql -Xq -v ON_ERROR_STOP=1 -v people="$2" -d "$1" -f test/batch/fixture.sql &&
    export PGDATABASE=$1
}

# gdpr_batch ARGUMENTS…: as role night; output in $out, log in $err, exit code in $code.
gdpr_batch() {
  PGUSER=night "$GDPR_BATCH" "$@" >"$work/out" 2>"$work/err"
  code=$?
  out=$(<"$work/out") err=$(<"$work/err")
}

# as_night ARGUMENTS…: in the background; its process is $pid, its log grows in $work/log.
as_night() {
  : >"$work/log"
  PGUSER=night "$GDPR_BATCH" "$@" --log-level debug >"$work/out" 2>>"$work/log" &
  pid=$!
}

# slowed SECONDS TABLE: from now on each statement that writes TABLE takes so long at least, so that a run is still at work
# when the test comes to look at it, however busy the machine is. full_speed TABLE: no longer.
slowed() {
  sql "SET client_min_messages = error;
    CREATE OR REPLACE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN PERFORM pg_sleep(TG_ARGV[0]::float8); RETURN NULL; END \$\$;
    CREATE TRIGGER slow AFTER INSERT OR UPDATE ON $2 FOR EACH STATEMENT EXECUTE FUNCTION public.slow('$1')" >/dev/null
}
full_speed() { sql "DROP TRIGGER slow ON $1" >/dev/null; }

# wait_for SECONDS COMMAND…: until COMMAND succeeds.
wait_for() {
  local until=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || return 1
    sleep 0.02
  done
}

logged() { grep -q "event=$1" "$work/log"; }
gone() { ! kill -0 "$1" 2>/dev/null; }
# The server has noticed that the program is gone, and told its statistics.
left_alone() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gdpr-batch'")" = 0 ]; }
# json PATH: a value of the JSON object in $out; a.0.b is the path.
json() { psql -XqtA -d postgres -v out="$out" -v path="{${1//./,}}" <<<"SELECT :'out'::jsonb #>> :'path'"; }

server_up() { "${cluster[@]}" up --name batch; }

# exactly_once EXPECTED NAME: how often each person was changed, and what the ledger and the certificates
# say, must agree. EXPECTED is the number of people who can go.
exactly_once() {
  is "$2: nobody was changed twice" "$(sql 'SELECT count(*) FROM crm.contact WHERE changes > 1')" 0
  is "$2: everybody who could go was changed once" "$(sql 'SELECT count(*) FROM crm.contact WHERE changes = 1')" "$1"
  is "$2: as many certificates, each for another person" \
    "$(sql 'SELECT count(*), count(DISTINCT subject_key) FROM gdpr.certificates')" "$1"$'\t'"$1"
  is "$2: the ledger counts the same" "$(sql 'SELECT sum(changed) FROM gdpr.runs')" "$1"
  is "$2: nobody who was changed kept a value" "$(sql "
    SELECT count(*) FROM crm.contact AS c LEFT JOIN crm.activity AS a ON a.contact_id = c.id
    WHERE c.changes = 1 AND (c.email LIKE 'person%' OR c.first_name LIKE 'Name %' OR a.note LIKE '%Name%')")" 0
  is "$2: nobody who stayed lost one" "$(sql "
    SELECT count(*) FROM crm.contact WHERE changes = 0 AND (email NOT LIKE 'person%' OR first_name NOT LIKE 'Name %')")" 0
  is "$2: no chunk kept a key" "$(sql "
    SELECT count(*) FROM gdpr_internal.chunk WHERE state <> 'done' OR keys <> '{}'")" 0
}
