# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# --by-person: all values of a person come from the person's key, in every table, however far its link is. Told by
# gdpr.anonymize() with that key, row for row, where the key is found by plain SQL.
for database in person_from person_to; do sql -d postgres "DROP DATABASE IF EXISTS $database WITH (FORCE)" 2>/dev/null; done
sql -d postgres "CREATE DATABASE person_from TEMPLATE gdpr"
sql -d postgres "CREATE DATABASE person_to TEMPLATE template0"
psql -Xq -o /dev/null -v ON_ERROR_STOP=1 -d person_from <<'SQL'
CREATE TABLE place (id int PRIMARY KEY, line text);
CREATE TABLE person (id int PRIMARY KEY, first_name text, last_name text, email text UNIQUE, username text UNIQUE, place int REFERENCES place);
CREATE TABLE orders (id int PRIMARY KEY, person int REFERENCES person, first_name text, email text);
CREATE TABLE items (orders int REFERENCES orders, n int, first_name text, PRIMARY KEY (orders, n));
INSERT INTO place SELECT n, 'Main Street ' || n FROM generate_series(1, 20) AS n;
INSERT INTO person SELECT n, 'Maria', 'Lopez', 'maria' || n || '@corp.example', 'maria' || n, 1 + n % 20 FROM generate_series(1, 300) AS n;
INSERT INTO orders SELECT n, p.id, p.first_name, p.email FROM generate_series(1, 900) AS n LEFT JOIN person AS p ON p.id = 1 + n % 310;
INSERT INTO items SELECT o.id, k, coalesce(o.first_name, 'Nobody') FROM orders AS o, generate_series(1, 2) AS k;
SELECT gdpr.register_subject('person', 'person');
SELECT gdpr.add_link('person', 'orders', '{person}');
SELECT gdpr.add_link('person', 'items', '{orders}', 'orders', '{id}');
SELECT gdpr.add_link('person', 'place', '{id}', 'person', '{place}', scope => 'shared');
SELECT gdpr.classify('place', 'line', 'address_line');
SELECT gdpr.classify(t, c, c) FROM (VALUES ('person', 'first_name'), ('person', 'last_name'), ('person', 'email'), ('person', 'username'),
  ('orders', 'first_name'), ('orders', 'email'), ('items', 'first_name')) AS x(t, c);
SQL
ok "a copy by person" "$GDPR_BATCH" copy --from person_from --to person_to --profile fake --by-person --unclassified keep --key-file "$GDPR_KEY_FILE" --allow-superuser
told() {  # told TABLE COLUMN KEY-EXPRESSION ORDER: the values that the source says the copy has
  sql -d person_from "WITH r(rule) AS MATERIALIZED (SELECT gdpr.effective_rule('$1', '$2'))
    SELECT gdpr.anonymize(t.$2, r.rule || CASE WHEN '$2' IN ('email', 'username') AND r.rule NOT LIKE '% unique%' THEN ' unique' ELSE '' END, 'fake', $3)
    FROM $1 AS t, r ORDER BY $4"
}
had() { sql -d person_to "SELECT $2 FROM $1 AS t ORDER BY $4"; }
while IFS='|' read -r table column key order; do
  is "$table.$column is what the person's key makes of it" "$(had "$table" "$column" - "$order" | md5sum)" "$(told "$table" "$column" "$key" "$order" | md5sum)"
done <<'LIST'
person|first_name|t.id::text|t.id
person|email|t.id::text|t.id
person|username|t.id::text|t.id
orders|first_name|t.person::text|t.id
orders|email|t.person::text|t.id
items|first_name|(SELECT o.person::text FROM orders AS o WHERE o.id = t.orders)|t.orders, t.n
LIST
is "the same names in every table" "$(sql -d person_to "SELECT count(*) FROM person AS p JOIN orders AS o ON o.person = p.id JOIN items AS i ON i.orders = o.id
  WHERE (o.first_name, o.email, i.first_name) IS DISTINCT FROM (p.first_name, p.email, p.first_name)")" 0
ok "and not everybody's the same, though all were called alike" test "$(sql -d person_to "SELECT count(DISTINCT first_name) FROM person")" -gt 20
is "an address is of no single person: it goes by its value" "$(had place line - t.id)" "$(told place line NULL t.id)"
for database in person_from person_to; do sql -d postgres "DROP DATABASE $database WITH (FORCE)"; done
