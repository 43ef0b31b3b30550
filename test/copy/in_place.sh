# SPDX-License-Identifier: PostgreSQL
# A restored copy, anonymized where it is: once, only where its name was spelled out, and nothing old is left.
# shellcheck shell=bash
in_place() { "$GDPR_BATCH" anonymize -d in_place -U in_place_night --key-file "$GDPR_KEY_FILE" "$@"; }
sql_in() { psql -XqAt -v ON_ERROR_STOP=1 -d in_place -U postgres "$@"; }

psql -XqAt -d postgres -U postgres -c 'CREATE DATABASE in_place' >/dev/null
sql_in <<'SQL' >/dev/null
CREATE EXTENSION pg_gdpr;
SELECT gdpr.create_key();
CREATE ROLE in_place_night LOGIN; CREATE ROLE in_place_owner;
GRANT in_place_owner TO in_place_night;
ALTER DATABASE in_place OWNER TO in_place_owner;
SELECT gdpr.grant_bundle('operator', 'in_place_night');
CREATE SCHEMA shop AUTHORIZATION in_place_owner;
SET ROLE in_place_owner;
CREATE TABLE shop.person (id int PRIMARY KEY, email text NOT NULL UNIQUE, phone int NOT NULL UNIQUE);
CREATE TABLE shop.call (id int PRIMARY KEY, email text REFERENCES shop.person (email), said text);
CREATE TABLE shop.visit (id int, email text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE shop.visit_1 PARTITION OF shop.visit FOR VALUES FROM (0) TO (500);
CREATE TABLE shop.visit_2 PARTITION OF shop.visit FOR VALUES FROM (500) TO (5000);
INSERT INTO shop.person SELECT n, 'anna' || n || '@keller.de', n FROM generate_series(1, 900) AS n;
INSERT INTO shop.call SELECT n, 'anna' || n || '@keller.de', 'Anna Keller called' FROM generate_series(1, 900) AS n;
INSERT INTO shop.visit SELECT n, 'anna' || n || '@keller.de' FROM generate_series(1, 900) AS n;
CREATE MATERIALIZED VIEW shop.seen AS SELECT email FROM shop.visit;
RESET ROLE;
SELECT gdpr.classify('shop.person', 'email', 'email'), gdpr.classify('shop.person', 'phone', 'external_id'),
  gdpr.classify('shop.call', 'email', 'email'), gdpr.classify('shop.visit', 'email', 'email');
VACUUM ANALYZE;
SELECT gdpr.register_subject('person', 'shop.person');
SELECT gdpr.record_consent('person', '7', 'accepted', medium => 'email', comment => 'Anna said so');
SQL
phones=$(sql_in -c "SELECT string_agg(gdpr.anonymize(phone, gdpr.effective_rule('shop.person', 'phone'), 'fake')::text, ',' ORDER BY id) FROM shop.person WHERE id <= 20")

in_place --profile fake >/dev/null 2>&1
is "without_the_name_of_the_database_nothing_is_said" $? 1
in_place --profile fake --staging-database production >/dev/null 2>&1
is "another_database_than_the_one_that_was_named_is_refused" $? 2
in_place --profile fake --staging-database in_place --unclassified error >/dev/null 2>&1
is "columns_without_classification_stop_it" $? 2
sql_in -c "SELECT gdpr.classify('shop.call', 'said', 'free_text')" >/dev/null
out=$(in_place --profile fake --staging-database in_place --dry-run 2>&1)
is "a_dry_run_shows_what_would_happen" $? 0
is "each_column_with_its_rule" "$(grep -c 'email: email' <<<"$out")" 4
sql_in -c "SELECT gdpr.classify('shop.person', 'id', 'external_id')" >/dev/null
out=$(in_place --profile fake --staging-database in_place --dry-run 2>&1)
is "a_classified_key_of_people_stops_it_before_anything_is_done" $? 2
like "with_the_column_and_what_to_do" "$out" 'column .*id.* of table shop.person is a key of subject type .*unregister_subject'
sql_in -c "SELECT gdpr.unclassify('shop.person', 'id')" >/dev/null
sql_in -c "ALTER TABLE shop.person ADD code varchar(8) UNIQUE; UPDATE shop.person SET code = 'Ä' || id WHERE id = 7;
  SELECT gdpr.classify('shop.person', 'code', 'external_id')" >/dev/null
out=$(in_place --profile fake --staging-database in_place --drop-records 2>&1)
is "so_does_a_value_whose_fake_has_no_room" $? 2
like "which_is_counted_and_not_shown" "$out" '1 values of column .*code.* of table shop.person have no room'
sql_in -c "ALTER TABLE shop.person DROP code" >/dev/null
in_place --profile fake --staging-database in_place >/dev/null 2>&1
is "records_of_production_stop_it" $? 2
is "and_until_here_nothing_has_changed" "$(sql_in -c "SELECT count(*) FROM shop.person WHERE email LIKE '%keller%'")" 900
out=$(in_place --profile fake --staging-database in_place --drop-records 2>&1)
is "it_runs_to_its_end" $? 0
is "a_value_is_what_gdpr_anonymize_gives" "$(sql_in -c "SELECT string_agg(phone::text, ',' ORDER BY id) FROM shop.person WHERE id <= 20")" "$phones"
is "the_same_in_every_table_and_in_views_that_hold_rows" "$(sql_in -c "SELECT count(*) FROM shop.person AS p JOIN shop.call AS c USING (id, email) JOIN shop.visit AS v USING (id, email) JOIN shop.seen AS s USING (email)")" 900
sql_in -c CHECKPOINT
old=$(cd "$PGDATA" && find base/"$(sql_in -c "SELECT oid FROM pg_database WHERE datname = 'in_place'")" -type f -exec grep -laF 'anna7@keller' {} + | wc -l)
is "no_file_of_the_database_holds_an_old_value" "$old" 0
in_place --profile fake --staging-database in_place >/dev/null 2>&1
is "started_again_it_does_nothing" $? 0
is "no_row_is_treated_twice" "$(sql_in -c "SELECT string_agg(phone::text, ',' ORDER BY id) FROM shop.person WHERE id <= 20")" "$phones"
sql_in -c "SELECT gdpr.classify('shop.person', 'email', 'email fake=keep')" >/dev/null
in_place --profile fake --staging-database in_place >/dev/null 2>&1
is "other_rules_afterwards_are_an_error" $? 2

# Killed anywhere, the program or the server, and started again: every value is the fake of what was there, once, and links hold.
sql -d postgres "DROP DATABASE IF EXISTS in_place WITH (FORCE)" && sql -d postgres "CREATE DATABASE in_place"
sql_in <<'SQL' >/dev/null
CREATE EXTENSION pg_gdpr;
SELECT gdpr.create_key();
ALTER DATABASE in_place OWNER TO in_place_owner;
SELECT gdpr.grant_bundle('operator', 'in_place_night');
CREATE SCHEMA shop AUTHORIZATION in_place_owner;
SET ROLE in_place_owner;
CREATE TABLE shop.person (id int PRIMARY KEY, email text NOT NULL UNIQUE, phone int NOT NULL UNIQUE, name text);
CREATE TABLE shop.call (id int PRIMARY KEY, email text REFERENCES shop.person (email), said text);
INSERT INTO shop.person SELECT n, 'anna' || n || '@keller.de', n, 'Anna Keller' || n FROM generate_series(1, 4000) AS n;
INSERT INTO shop.call SELECT n, 'anna' || n || '@keller.de', 'Anna Keller called' || n FROM generate_series(1, 4000) AS n;
CREATE TABLE shop.note_1 AS SELECT id, email, said FROM shop.call;
CREATE TABLE shop.note_2 AS TABLE shop.note_1;
CREATE TABLE shop.note_3 AS TABLE shop.note_1;
CREATE TABLE shop.note_4 AS TABLE shop.note_1;
CREATE MATERIALIZED VIEW shop.seen AS SELECT email FROM shop.note_4;
SELECT gdpr.classify('shop.person', 'email', 'email'), gdpr.classify('shop.person', 'phone', 'external_id'), gdpr.classify('shop.person', 'name', 'full_name'),
  gdpr.classify('shop.call', 'email', 'email'), gdpr.classify('shop.call', 'said', 'free_text');
SELECT gdpr.classify(format('shop.note_%s', n)::regclass, 'id', 'external_id'), gdpr.classify(format('shop.note_%s', n)::regclass, 'email', 'email'),
  gdpr.classify(format('shop.note_%s', n)::regclass, 'said', 'free_text') FROM generate_series(1, 4) AS n;
RESET ROLE;
SQL
# in_place_rows FORM: a digest of each table, where FORM makes the value of a column (%1$I) with its rule (%2$L).
in_place_rows() {
  psql -XqAt -v ON_ERROR_STOP=1 -d in_place -U postgres -v form="$1" <<'SQL'
SELECT format('SELECT %L, count(*), md5(string_agg(r::text, '''' ORDER BY r::text)) FROM (SELECT %s FROM %s) AS r', c.oid::regclass,
  string_agg(CASE WHEN k.rule IS NULL THEN quote_ident(a.attname) ELSE format(:'form', a.attname, gdpr.effective_rule(c.oid, a.attname)) END, ', ' ORDER BY a.attnum), c.oid::regclass)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
LEFT JOIN gdpr.classification AS k ON k.relation = c.oid AND k.column_name = a.attname
WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' GROUP BY c.oid ORDER BY 1 \gexec
SQL
}
wanted=$(in_place_rows "gdpr.anonymize(%1\$I, %2\$L, 'fake')")
code=137 killed= wrong=
for ((moment = 0; moment < 8 && code != 0; moment++)); do
  in_place --profile fake --staging-database in_place >"$work/out" 2>"$work/log" </dev/null &
  pid=$!
  random_sleep 1.5
  if gone "$pid"; then :; elif ((RANDOM % 2)); then
    kill -9 "$pid"; killed+=" program"
  else
    "${cluster[@]}" kill9 --name copy; killed+=" server"; "${cluster[@]}" up --name copy
  fi
  reap
  [[ $code =~ ^(0|3|137)$ ]] || wrong+=" $code: $(tail -n 1 "$work/log")"
done
note "in place: killed$killed"
for moment in 1 2 3; do
  [ "$code" = 0 ] || { in_place --profile fake --staging-database in_place >"$work/out" 2>"$work/log" </dev/null; code=$?; }
done
is "killed_anywhere_exit_codes_say_so" "$wrong" ""
is "killed_anywhere_it_comes_to_its_end_when_started_again" "$code" 0
[ "$code" = 0 ] || note "$(tail -n 2 "$work/log")"
is "killed_anywhere_every_value_is_the_fake_of_what_was_there_once" "$(in_place_rows '%1$I')" "$wanted"
is "killed_anywhere_links_hold" "$(sql_in -c "SELECT count(*) FROM shop.person AS p JOIN shop.call AS c USING (id, email) JOIN shop.note_1 AS n USING (email, said) JOIN shop.seen AS s USING (email)")" 4000
is "killed_anywhere_keys_and_constraints_are_there_again" \
  "$(sql_in -c "SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint WHERE connamespace = 'shop'::regnamespace AND convalidated")" \
  "call_email_fkey call_pkey person_email_key person_phone_key person_pkey"
is "killed_anywhere_nobody_is_left" "$(pg_dump -d in_place -U postgres -n shop -a | grep -ciE 'anna[0-9]|keller')" 0
sql_in -c CHECKPOINT
is "killed_anywhere_no_file_of_the_database_holds_an_old_value" \
  "$(cd "$PGDATA" && find base/"$(sql_in -c "SELECT oid FROM pg_database WHERE datname = 'in_place'")" -type f -exec grep -laE 'anna77?@keller' {} + | wc -l)" 0
