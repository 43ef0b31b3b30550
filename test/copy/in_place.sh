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
