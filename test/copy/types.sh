# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# One table with a column of every type, NULLs, infinities, padding and arrays of all shapes: for each profile the copy
# of a value is what gdpr.anonymize(value, gdpr.effective_rule(…)) makes of it at the server. The same copy with the
# rules in a file, of a database that has never heard of pg_gdpr.

sql -d postgres "DROP DATABASE IF EXISTS every_type WITH (FORCE)" 2>/dev/null
sql -d postgres "CREATE DATABASE every_type TEMPLATE gdpr" >/dev/null
sql -d postgres "DO \$\$ BEGIN IF to_regrole('copier') IS NULL THEN CREATE ROLE copier LOGIN BYPASSRLS; END IF; END \$\$"
psql -Xq -o /dev/null -d every_type -v ON_ERROR_STOP=1 -c "SET client_min_messages = error" -c "CREATE EXTENSION IF NOT EXISTS citext" -f test/copy/types.sql -c "SET client_min_messages = error" \
  -c "SELECT gdpr.classify('kinds.every_type', column_name, rule) FROM kinds.rules" \
  -c "SELECT gdpr.grant_bundle('operator', 'copier')" -c "CREATE TABLE kinds.made (LIKE kinds.every_type)" \
  -c "GRANT USAGE ON SCHEMA kinds TO copier" -c "GRANT SELECT ON ALL TABLES IN SCHEMA kinds TO copier"
columns="SELECT attname FROM pg_attribute WHERE attrelid = 'kinds.every_type'::regclass AND attnum > 1"
is "the table has a column for each type" "$(sql -d every_type "SELECT count(*) > 55 FROM ($columns) AS c")" t

# rows HOST DATABASE TABLE: every column as text; numerics by value, since a domain's scale is the receiver's to add.
rows() {
  local list
  list=$(sql -d every_type "SELECT string_agg(format(CASE
      WHEN attname = 'domain_numeric' THEN 'trim_scale(%1\$I)' WHEN attname = 'numeric_salaries' THEN '(SELECT array_agg(trim_scale(x)) FROM unnest(%1\$I) AS x)'
      ELSE '%1\$I' END, attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'kinds.every_type'::regclass AND attnum > 0")
  PGHOST=$1 psql -XqtA -v ON_ERROR_STOP=1 -d "$2" -c "SELECT md5(string_agg(t::text, '' ORDER BY id)), count(*) FROM (SELECT $list FROM kinds.$3) AS t"
}
# made PROFILE: the server's own treatment of every row.
made() {
  sql -d every_type "TRUNCATE kinds.made"
  psql -Xq -d every_type -v ON_ERROR_STOP=1 -o /dev/null <<SQL
SELECT format('INSERT INTO kinds.made SELECT id, %s FROM kinds.every_type', string_agg(
  CASE WHEN r IS NULL THEN format('%I', attname) ELSE format('gdpr.anonymize(%I, %L, %L)', attname, r, '$1') END, ', ' ORDER BY attnum))
FROM (SELECT attname, attnum, gdpr.effective_rule(attrelid, attname) AS r
      FROM pg_attribute WHERE attrelid = 'kinds.every_type'::regclass AND attnum > 1) AS c \gexec
SQL
}

for profile in fake pseudonym mask generalize; do
  fresh types_copy
  copy "dbname=every_type" "$(to types_copy)" --profile "$profile" --schema kinds --exclude-table rules --exclude-table made
  is "profile $profile: the table is copied" "$code" 0 || note "$(tail -3 "$work/log")"
  made "$profile"
  is "profile $profile: every value is what the server makes of it" "$(rows "$target_host" types_copy every_type)" "$(rows "$PGHOST" every_type made)"
  not_ok "profile $profile: and not what it was" test "$(rows "$target_host" types_copy every_type)" = "$(rows "$PGHOST" every_type every_type)"
done

# --rules: what gdpr.export_rules() prints serves a database without the extension.
psql -XqtA -d every_type -c "SELECT gdpr.export_rules()" >"$work/rules.sql"
sql -d postgres "DROP DATABASE IF EXISTS bare_types WITH (FORCE)" 2>/dev/null
sql -d postgres "CREATE DATABASE bare_types TEMPLATE template0" >/dev/null
psql -Xq -o /dev/null -d bare_types -v ON_ERROR_STOP=1 -c "CREATE EXTENSION citext" -f test/copy/types.sql \
  -c "GRANT USAGE ON SCHEMA kinds TO copier" -c "GRANT SELECT ON ALL TABLES IN SCHEMA kinds TO copier"
fresh types_copy
copy "dbname=bare_types" "$(to types_copy)" --schema kinds --exclude-table rules
is "without the extension and without a file of rules nothing is copied" "$code" 4
like "and it says what is missing" "$(<"$work/log")" 'extension pg_gdpr is not installed'
copy "dbname=bare_types" "$(to types_copy)" --schema kinds --exclude-table rules --rules "$work/rules.sql"
is "with the rules in a file it is" "$code" 0 || note "$(tail -3 "$work/log")"
made fake
is "and every value is the same" "$(rows "$target_host" types_copy every_type)" "$(rows "$PGHOST" every_type made)"
sed -i '3s/.*/DROP TABLE kinds.every_type;/' "$work/rules.sql"
fresh types_copy
copy "dbname=bare_types" "$(to types_copy)" --schema kinds --exclude-table rules --rules "$work/rules.sql"
is "a statement that is no rule stops it" "$code" 2
like "with its line" "$(<"$work/log")" 'line 3'
is "and is not executed" "$(sql -d bare_types "SELECT count(*) FROM kinds.every_type")" 211
grep -v citext_email <<<"$(psql -XqtA -d every_type -c "SELECT gdpr.export_rules()")" >"$work/rules.sql"
copy "dbname=bare_types" "$(to types_copy)" --schema kinds --exclude-table rules --rules "$work/rules.sql"
is "a column that no rule names stops it" "$code" 2
like "and is listed" "$(<"$work/log")" 'kinds.every_type.citext_email; kinds.every_type.citext_emails\.'
chmod 644 "$key_file"
copy "dbname=bare_types" "$(to types_copy)" --schema kinds --exclude-table rules --rules "$work/rules.sql" --unclassified keep
is "a key that others can read is no key" "$code" 2
chmod 600 "$key_file"
