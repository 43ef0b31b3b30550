# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# Shared by the tests with real databases; source it. A test has two copies of the same database: one is
# never touched ("before"), people are anonymized in the other ("after"). Then both are compared.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 2
[ -n "${PGDATA:-}" ] || exec test/lib/cluster.sh run --name data -- "$root/test/data/$(basename "$0")" "$@"
# shellcheck source=test/lib/tap.sh
. "$root/test/lib/tap.sh"

data=${GDPR_DATA:-$(realpath -m "$root/../shared/data")}
work=$(mktemp -d "${TMPDIR:-/tmp}/pg_gdpr_data.XXXXXX")
before=data_before after=data_after clerk=gdpr_data_clerk

drop_databases() {
  local database
  for database in $before $after; do
    psql -Xq -d postgres -c "SET client_min_messages = error" -c "DROP DATABASE IF EXISTS $database WITH (FORCE)"
  done
  psql -Xq -d postgres -c "SET client_min_messages = error" -c "DROP ROLE IF EXISTS $clerk"
} >/dev/null 2>&1
trap 'drop_databases; rm -rf "$work"' EXIT

# Like sql, but an error never looks like an empty result, nor like another error.
value() { sql "$@" || printf 'the query failed (%s)\n' "$RANDOM$RANDOM"; }

load() { psql -Xq -v ON_ERROR_STOP=1 -o /dev/null -d "$@"; }

# Skips the whole test where the data is not there, loudly.
need_data() {
  [ -d "$data/$1" ] && return
  skip "$1" "no $data/$1: the real database is not here"
  done_testing
  exit
}

# make_databases FILE…: both copies, from SQL files.
make_databases() {
  local file
  drop_databases
  if ! { psql -Xq -d postgres -v ON_ERROR_STOP=1 -c "CREATE DATABASE $before TEMPLATE gdpr" &&
    for file in "$@"; do PGOPTIONS='-c client_min_messages=error' load $before -f "$file" || exit 1; done &&
    psql -Xq -d $before -c "ANALYZE" 2>/dev/null; } >"$work/load" 2>&1; then
    fail "the database and its pack are loaded" "$(tail -n 20 "$work/load")"
    done_testing
  fi
  pass "the database and its pack are loaded"
}
copy_database() { psql -Xq -d postgres -v ON_ERROR_STOP=1 -c "CREATE DATABASE $after TEMPLATE $before"; }

preflight_is_clean() {
  is "preflight of $1 finds no error" \
    "$(value -d $before "SELECT * FROM gdpr.preflight('$1') WHERE lower(severity) = 'error'")" ""
  is "no column of $1 is left unclassified" "$(value -d $before "SELECT relation, column_name FROM gdpr.unclassified('$1')")" ""
}

# A digest of the rows of a table that meet a condition, in both copies.
same_rows() {  # same_rows NAME TABLE [CONDITION]
  local query="SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY t::text)) FROM $2 AS t WHERE ${3:-true}"
  is "$1" "$(value -d $after "$query")" "$(value -d $before "$query")"
}

# personal_values TRUTH HOLDER: what the truth file says is personal, as TABLE TAB KEY TAB COLUMN TAB VALUE,
# read by the test's own function own_rows TABLE, which prints "KEY-EXPRESSION TAB CONDITION" or nothing.
personal_values() {  # personal_values DATABASE TRUTH HOLDER
  local table column rows
  awk -F'\t' -v holder="$3" 'NR > 1 && $4 ~ "^(" holder ")$" && $5 == "must" { print $1 "\t" $2 }' "$2" |
    while IFS=$'\t' read -r table column; do
      rows=$(own_rows "$table")
      [ -n "$rows" ] || continue
      sql -d "$1" "SELECT '$table', ${rows%%$'\t'*}, '$column', translate($column::text, E'\n\t', '  ') FROM $table AS t
        WHERE ${rows#*$'\t'} AND $column::text NOT IN ('', '\\x')"
    done | sort
}

# Consent on real tables, in database $before: everybody of a selection accepts, then a role that may process for one
# purpose sees their rows and no others, and no table is different after all is undone.
as_clerk() {  # as_clerk PURPOSE SQL
  PGUSER=$clerk PGOPTIONS="-c gdpr.purpose=$1" sql -d $before "$2" 2>&1
}
let_clerk_work() {  # let_clerk_work SCHEMA PURPOSE…
  local schema=$1 purpose; shift
  sql -d $before "DO \$\$ BEGIN CREATE ROLE $clerk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$;
    GRANT USAGE ON SCHEMA $schema TO $clerk; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA $schema TO $clerk"
  for purpose in "$@"; do sql -d $before "SELECT gdpr.grant_purpose('$purpose', '$clerk')" >/dev/null; done
}
row_security() {
  sql -d $before "SELECT c.oid::regclass, c.relrowsecurity, c.relforcerowsecurity, c.relacl, (SELECT array_agg(polname ORDER BY polname) FROM pg_policy WHERE polrelid = c.oid),
      (SELECT array_agg(tgname ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal),
      (SELECT array_agg(attname ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)
    FROM pg_class AS c WHERE c.relkind IN ('r', 'p') AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace,
      'gdpr'::regnamespace, 'gdpr_internal'::regnamespace) ORDER BY 1"
}
# sees NAME PURPOSE TABLE CONDITION: the clerk sees the rows of TABLE that meet CONDITION, told by a superuser.
sees() {
  is "$1" "$(as_clerk "$2" "SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY t::text)) FROM $3 AS t")" \
    "$(value -d $before "SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY t::text)) FROM $3 AS t WHERE $4")"
}

# All user tables, our own tables and the statistics, as lines "RELATION TAB ROW".
dump_lines() {
  sql -d "$1" "SELECT format('SELECT %L, t::text FROM ONLY %s AS t%s;', c.oid::regclass, c.oid::regclass,
      CASE c.relname WHEN 'pg_statistic' THEN ' WHERE starelid >= 16384' END)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND (n.nspname NOT IN ('pg_catalog', 'information_schema') OR c.relname LIKE 'pg_statistic%')" \
    >"$work/dump.sql"
  psql -XqtA -F $'\t' -v ON_ERROR_STOP=1 -d "$1" -f "$work/dump.sql" | sort
}

# Which values of a file stand in the input, as values of their own: 12209 is no part of the fraction 0.12209.
whole_words() {
  perl -Mutf8 -CSD -e '
    open my $in, "<:encoding(UTF-8)", $ARGV[0] or die; chomp(my @words = <$in>);
    my $any = join "|", map { quotemeta } @words;
    while (my $line = <STDIN>) { print "$1\n" while $line =~ /(?<![\w.])($any)(?!\w)/gi }' "$1" | sort | uniq -c
}

# no_leaks NAME VALUES TRUTH HOLDERS: VALUES is a file of personal_values, taken before. Nothing of it is left in its own
# column; no row that is new or changed has it; the planner's statistics, samples of everybody's values, have
# nothing that no row has any more.
no_leaks() {
  local name=$1 values=$2
  is "$name: no personal column holds its old value" \
    "$(comm -12 "$values" <(personal_values $after "$3" "$4") | cut -f1-3)" ""
  cut -f4 "$values" | awk 'length($0) >= 5' | sort -u >"$work/words"
  dump_lines $before >"$work/lines.before"
  dump_lines $after >"$work/lines.after"
  comm -13 "$work/lines.before" "$work/lines.after" >"$work/lines.new"
  is "$name: no new or changed row holds an old value" \
    "$(grep -v '^pg_statistic' "$work/lines.new" | LC_ALL=C.UTF-8 grep -iF -f "$work/words" | cut -c1-200)" ""
  grep -v '^pg_statistic' "$work/lines.after" >"$work/lines.rows"
  perl -Mutf8 -CSD -e '
    open my $in, "<:encoding(UTF-8)", $ARGV[0] or die; chomp(my @words = <$in>);
    local $/; my $rows = lc <STDIN>;
    for (@words) { print "$_\n" if index($rows, lc $_) < 0 }' "$work/words" <"$work/lines.rows" >"$work/words.gone"
  ok "$name: there are old values that nobody else has" test -s "$work/words.gone"
  is "$name: the statistics hold no value that is gone" \
    "$(grep '^pg_statistic' "$work/lines.after" | whole_words "$work/words.gone")" ""
}
