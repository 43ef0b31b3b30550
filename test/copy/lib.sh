# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# What the parts of test/copy share: database "copied" of the fixture's people at the source; role "copier" there, who
# sees everything and is no superuser; role "owner" at the target, who may make databases.

work=$(mktemp -d /tmp/pg_gdpr_copy.XXXXXX)
chmod 755 "$work"
pid=
seed=${GDPR_SEED:-$RANDOM}
note "GDPR_SEED=$seed"
RANDOM=$seed
people=5000
[ -z "${GDPR_LONG:-}" ] || people=100000

finish() {
  local left
  left=$(jobs -p)
  [ -z "$left" ] || kill -9 $left 2>/dev/null
  end_more
  "${cluster[@]}" stop --name copy
  "${cluster[@]}" stop --name copyto
  rm -rf "$work"
}
end_more() { :; }

# at_target SQL [DATABASE]
at_target() { PGHOST=$target_host psql -XqtA -F $'\t' -v ON_ERROR_STOP=1 -d "${2:-postgres}" -c "$1"; }
at_target 'CREATE ROLE owner LOGIN CREATEDB' >/dev/null
# fresh NAME: an empty database of role owner's at the target.
fresh() {
  PGHOST=$target_host psql -Xq -d postgres -v ON_ERROR_STOP=1 -c 'SET client_min_messages = error' \
    -c "DROP DATABASE IF EXISTS $1 WITH (FORCE)" -c "CREATE DATABASE $1 OWNER owner TEMPLATE template0"
}

# people_database NAME PEOPLE: made at the source.
people_database() {
  sql -d postgres "DROP DATABASE IF EXISTS $1 WITH (FORCE)" 2>/dev/null
  sql -d postgres "CREATE DATABASE $1 TEMPLATE gdpr" &&
    psql -Xq -o /dev/null -d "$1" -v ON_ERROR_STOP=1 -v people="$2" -f test/copy/fixture.sql
}
to() { echo "host=${through_to:-$target_host} user=owner dbname=$1"; }
# copy FROM TO OPTION…: as role copier; exit code in $code, its words in $work/out and $work/log.
copy() {
  local from=$1 to=$2; shift 2
  PGHOST=${through:-$PGHOST} PGUSER=copier PG_GDPR_JOBS=2 "$GDPR_BATCH" copy --from "$from" --to "$to" --key-file "$key_file" "$@" \
    >"$work/out" 2>"$work/log" </dev/null
  code=$?
}
in_background() {
  local from=$1 to=$2; shift 2
  : >"$work/log"
  PGHOST=${through:-$PGHOST} PGUSER=copier PG_GDPR_JOBS=2 "$GDPR_BATCH" copy --from "$from" --to "$to" --key-file "$key_file" "$@" \
    >"$work/out" 2>"$work/log" </dev/null &
  pid=$!
}
reap() { wait "$pid"; code=$?; pid=; } 2>/dev/null
gone() { ! kill -0 "$1" 2>/dev/null; }
random_sleep() { sleep "$(awk -v r=$RANDOM -v m="$1" 'BEGIN { printf "%.3f", r / 32768 * m }')"; }
wait_for() {
  local until=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || return 1
    sleep 0.01
  done
}
json() { psql -XqtA -d postgres -v out="$(<"$work/out")" -v path="{${1//./,}}" <<<"SELECT :'out'::jsonb #>> :'path'"; }

# treated_queries DATABASE: a query for each table: its rows, as they must be in the copy. plain_queries DATABASE: as they are,
# at the target. run_queries DATABASE: what they give.
treated_queries() {
  sql -d "$1" "
    SELECT format('SELECT %L, ', c.oid::regclass) || string_agg(coalesce('gdpr.anonymize(t.' || quote_ident(a.attname) || ', '
        || quote_literal(r.rule) || ', ''fake'')', 't.' || quote_ident(a.attname)), ', ' ORDER BY a.attnum)
      || format(' FROM ONLY %s AS t', c.oid::regclass)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    CROSS JOIN LATERAL (SELECT CASE WHEN x.kind <> 'not_personal' THEN gdpr.effective_rule(coalesce(pg_partition_root(c.oid)::oid, c.oid), a.attname) END AS rule
      FROM (SELECT (SELECT k.kind FROM gdpr.classification AS k WHERE k.relation = coalesce(pg_partition_root(c.oid)::oid, c.oid)
            AND k.column_name = a.attname) AS kind) AS x) AS r
    WHERE c.relkind = 'r' AND n.nspname IN ('crm', 'shop')
    GROUP BY c.oid ORDER BY c.oid::regclass::text"
}
plain_queries() {
  at_target "
    SELECT format('SELECT %L, ', c.oid::regclass) || string_agg('t.' || quote_ident(a.attname), ', ' ORDER BY a.attnum)
      || format(' FROM ONLY %s AS t', c.oid::regclass)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    WHERE c.relkind = 'r' AND n.nspname IN ('crm', 'shop') GROUP BY c.oid ORDER BY c.oid::regclass::text" "$1"
}
run_queries() { sed 's/$/;/' | psql -XqtA -F '|' -v ON_ERROR_STOP=1 -d "$1" | LC_ALL=C sort; }

# The digest of every table of schemas crm and shop, and of what else a copy must have: sequences, indexes, constraints.
content() {  # content HOST DATABASE
  PGHOST=$1 psql -XqtA -v ON_ERROR_STOP=1 -d "$2" -f test/copy/content.sql
}

# A copy of the key that role copier's program can read, as it would lie on another host.
key_file=$work/key
cat "$GDPR_KEY_FILE" >"$key_file" && chmod 600 "$key_file"
