# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# A stranger and an attacker at gdpr-batch copy. The attacker owns tables of the source (no superuser), can see the process list,
# writes into the folder beside the target, reads what the copy prints, and loads nothing himself: the victims are the role
# that copies and whoever loads the directory.
attack_source() {  # attack_source NAME: an empty database with pg_gdpr, and none called attack_to
  local database
  for database in attack_from attack_to attack_loaded; do sql -d postgres "DROP DATABASE IF EXISTS $database WITH (FORCE)" 2>/dev/null; done
  sql -d postgres "CREATE DATABASE attack_from TEMPLATE gdpr"
  sql -d postgres "CREATE DATABASE attack_to TEMPLATE template0"
  sql -d postgres "CREATE DATABASE attack_loaded TEMPLATE template0"
  rm -rf "$work/out" "$work/out.part"
}
attack_copy() {  # attack_copy TO OPTION…: what it says is in $said, its exit code in $code
  local to=$1; shift
  said=$("$GDPR_BATCH" copy --from "${attack_from:-attack_from}" --to "$to" --unclassified keep --key-file "$GDPR_KEY_FILE" --allow-superuser --log-level debug "$@" 2>&1)
  code=$?
}
attack_sql() { psql -Xq -o /dev/null -v ON_ERROR_STOP=1 -d attack_from -f - 2>"$work/attack.err" || note "$(cat "$work/attack.err")"; }
attack_rows() { psql -XqtA -d "$1" -c "SELECT format('SELECT %L, t::text FROM ONLY %s AS t;', c.oid::regclass, c.oid::regclass) FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema|gdpr)'" |
  PGOPTIONS='-c extra_float_digits=3 -c bytea_output=hex' psql -XqtA -F '|' -v ON_ERROR_STOP=1 -d "$1" -f - | sort; }
trap_file=/tmp/gdpr_copy_trap.$$
rm -f "$trap_file"*

# ---- Names
attack_source
psql -Xq -d attack_from -v ON_ERROR_STOP=1 -v trap="$trap_file" >/dev/null 2>"$work/attack.err" <<'SQL'
SELECT format('CREATE TABLE %I (id int PRIMARY KEY, %I text, %I text)', E'evil"\n\\! touch ' || :'trap' || E'.table\n--',
  E'c"\n\\! touch ' || :'trap' || E'.column\n\\q', E'$1:id''%s\\') \gexec
SELECT format('INSERT INTO %I VALUES (1, %L, %L)', E'evil"\n\\! touch ' || :'trap' || E'.table\n--', E'\\.', E'x\n\\.\ny') \gexec
SELECT format('CREATE TABLE %I (a int)', E'\x1b[2J\u009b31m\u202eevil') \gexec
SELECT format('CREATE SCHEMA %I', E's"\n\\! touch ' || :'trap' || E'.schema\n') \gexec
SELECT format('CREATE TABLE %I.%I AS SELECT 1 AS a', E's"\n\\! touch ' || :'trap' || E'.schema\n', 'a.b "c" ../../x') \gexec
CREATE TABLE "select" ("from" int, "WHERE" text DEFAULT E'\\.');
INSERT INTO "select" VALUES (1, ':id'), (2, '$1'), (3, E'\\\n\\.\n');
CREATE TABLE nothing ();
INSERT INTO nothing DEFAULT VALUES;
SQL
is "tables with hostile names are made" "$(cat "$work/attack.err")" ""
attack_copy attack_to
is "they are copied into a database" "$code" 0
[ "$code" = 0 ] || note "$(tail -n 8 <<<"$said")"
is "row for row" "$(attack_rows attack_to)" "$(attack_rows attack_from)"
attack_copy "$work/out/"
if [ "$code" = 0 ]; then
  (cd "$work/out" && psql -Xq -v ON_ERROR_STOP=1 -d attack_loaded -f load.sql >/dev/null 2>"$work/attack.err")
  is "a directory of them is loaded row for row" "$(attack_rows attack_loaded)" "$(attack_rows attack_from)"
else
  like "a directory of them is refused before anything is read" "$code $said" '^2 .*line end'
fi
is "no name ran a command in the loader's psql" "$(ls "$trap_file"* 2>/dev/null)" ""
attack_copy attack_to --dry-run
is "a name with line ends stays on its line of log and report" "$(grep -c '^ *\\! touch' <<<"$said")" 0
is "no name reaches the terminal with what it could do there" "$(LC_ALL=C grep -cP '\x1b|\xc2\x9b|\xe2\x80\xae' <<<"$said")" 0
like "they are shown instead" "$said" 'x1b.2J.*x9b31m.*u202eevil'

# ---- Values
attack_source
attack_sql <<'SQL'
CREATE TABLE v (id int PRIMARY KEY, t text, b bytea, f float8, n numeric, d date, a text[], j json, x xml, i interval, tz timestamptz, bits bit varying, ip inet, p point, m money, r int4range, nothing text);
INSERT INTO v (id, t, b) VALUES (1, E'\\.', '\xffff'), (2, E'\\.\n', '\xffffffff'), (3, E'\n\\.\nx', 'PGCOPY\012\377\015\012\000'), (4, '', ''), (5, E'\\N', '\x00'),
  (6, E'\t|"''\x01\x7f', NULL), (7, 'ÄÖ€𝄞', decode(repeat('ff', 300000), 'hex')), (8, repeat('\.', 200000), NULL);
UPDATE v SET f = 0.1 + 0.2, n = 'NaN', d = 'infinity', a = '{"a,b",NULL,"\\."}', j = '{"a" : 1, "a" : 2}', x = '<a>\.</a>', i = '1 mon -1 day', tz = 'infinity',
  bits = '101', ip = '::1/64', p = '(1,Infinity)', m = 1.5, r = '[1,)' WHERE id = 1;
UPDATE v SET n = 1e-1000, f = '-Infinity', d = '4713-01-01 BC', a = '[0:1]={x,y}' WHERE id = 2;
ALTER DATABASE attack_from SET bytea_output = 'escape';
ALTER DATABASE attack_from SET "DateStyle" = 'SQL, DMY';
ALTER DATABASE attack_from SET search_path = 'nowhere';
ALTER DATABASE attack_from SET extra_float_digits = -15;
ALTER DATABASE attack_from SET row_security = on;
ALTER DATABASE attack_from SET standard_conforming_strings = off;
ALTER DATABASE attack_to SET standard_conforming_strings = off;
SQL
attack_copy attack_to
is "values that look like the end of a COPY are copied" "$code" 0
[ "$code" = 0 ] || note "$(tail -n 8 <<<"$said")"
sql -d postgres "ALTER DATABASE attack_from RESET ALL" && sql -d postgres "ALTER DATABASE attack_to RESET ALL"
is "byte for byte, whatever the settings of the databases" "$(attack_rows attack_to | md5sum)" "$(attack_rows attack_from | md5sum)"
attack_copy "$work/out/"
(cd "$work/out" && psql -Xq -v ON_ERROR_STOP=1 -d attack_loaded -f load.sql >/dev/null 2>&1)
is "through files too" "$(attack_rows attack_loaded | md5sum)" "$(attack_rows attack_from | md5sum)"

# ---- Planted code. It runs nowhere at the source, and at the target with the rights of --to, which is no superuser.
attack_source
sql -d postgres "DO \$\$ BEGIN CREATE ROLE copy_mallory; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$; DO \$\$ BEGIN CREATE ROLE copy_plain LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$"
sql -d attack_from "CREATE SCHEMA m AUTHORIZATION copy_mallory; CREATE EXTENSION IF NOT EXISTS citext"
{ printf '\\set trap %s\n' "$trap_file"; cat <<'SQL'
SET ROLE copy_mallory;
SET search_path = m;
CREATE FUNCTION m.spring() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE format('COPY (SELECT session_user) TO PROGRAM %L', 'cat >> /tmp/gdpr_copy_sprung.' || current_database());
  RETURN true; EXCEPTION WHEN OTHERS THEN RETURN true; END $$;
CREATE TYPE m.mood AS ENUM ('good', 'bad');
CREATE DOMAIN m.name AS text CHECK (m.spring());
CREATE FUNCTION m.text_of(m.mood) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM m.spring(); RETURN 'x'; END $$;
CREATE FUNCTION m.mood_of(text) RETURNS m.mood LANGUAGE plpgsql AS $$ BEGIN PERFORM m.spring(); RETURN 'good'; END $$;
CREATE FUNCTION m.json_of(m.mood) RETURNS json LANGUAGE plpgsql AS $$ BEGIN PERFORM m.spring(); RETURN '1'; END $$;
CREATE CAST (m.mood AS text) WITH FUNCTION m.text_of(m.mood) AS ASSIGNMENT;
CREATE CAST (text AS m.mood) WITH FUNCTION m.mood_of(text);
CREATE CAST (m.mood AS json) WITH FUNCTION m.json_of(m.mood);
CREATE FUNCTION m.now() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM m.spring(); RETURN 'x'; END $$;
CREATE FUNCTION m.is(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM m.spring(); RETURN $1; END $$;
CREATE FUNCTION m.fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM m.spring(); RETURN NEW; END $$;
CREATE TABLE m.person (id int PRIMARY KEY, mood m.mood UNIQUE, name m.name, email text DEFAULT m.now(), g text GENERATED ALWAYS AS (m.is(email)) STORED, CHECK (m.spring()));
CREATE TABLE m.child (id int PRIMARY KEY, mood m.mood REFERENCES m.person (mood), person int REFERENCES m.person, note m.name);
CREATE INDEX ON m.person (m.is(email));
CREATE TRIGGER t BEFORE INSERT OR UPDATE ON m.person FOR EACH ROW EXECUTE FUNCTION m.fire();
ALTER TABLE m.person ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON m.person USING (m.spring());
CREATE VIEW m.v AS SELECT m.now() AS x FROM m.person;
CREATE FUNCTION m.same(m.mood, m.mood) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM m.spring(); RETURN true; END $$;
CREATE OPERATOR m.= (LEFTARG = m.mood, RIGHTARG = m.mood, FUNCTION = m.same);
RESET ROLE;
INSERT INTO m.person SELECT n, CASE n WHEN 1 THEN 'good'::m.mood WHEN 2 THEN 'bad' END, 'n', 'anna' || n || '@corp.example' FROM generate_series(1, 50) AS n;
INSERT INTO m.child SELECT n, 'good', n, 'x' FROM generate_series(1, 50) AS n;
CREATE MATERIALIZED VIEW m.mv AS SELECT count(*) FROM m.person;
ALTER MATERIALIZED VIEW m.mv OWNER TO copy_mallory;
SELECT gdpr.register_subject('person', 'm.person');
SELECT gdpr.add_link('person', 'm.child', '{mood}', 'm.person', '{mood}');
SELECT gdpr.classify('m.person', 'email', 'email');
SELECT gdpr.classify('m.person', 'name', 'full_name');
SQL
} | attack_sql
rm -f /tmp/gdpr_copy_sprung.*
sql -d attack_from "SELECT m.spring()" >/dev/null
ok "the trap works" test -e /tmp/gdpr_copy_sprung.attack_from
rm -f /tmp/gdpr_copy_sprung.*
said=$("$GDPR_BATCH" copy --from attack_from --to "dbname=attack_to" --unclassified keep --key-file "$GDPR_KEY_FILE" 2>&1)
not_ok "a superuser is refused unless told" test $? = 0
sql -d postgres "ALTER DATABASE attack_to OWNER TO copy_plain" && sql -d attack_to "ALTER SCHEMA public OWNER TO copy_plain; CREATE EXTENSION citext"
for options in "" "--by-person" "--sample 20% --whole-below 0" "--subjects $work/key --subject person --by-person"; do
  echo 1 >"$work/key"
  sql -d attack_to "SET client_min_messages = error; DROP SCHEMA IF EXISTS m CASCADE; DROP SCHEMA IF EXISTS gdpr_copy CASCADE"
  # shellcheck disable=SC2086
  attack_copy "dbname=attack_to user=copy_plain" $options
  is "copied with ${options%% *} by a superuser at the source to a plain role" "$code" 0
  [ "$code" = 0 ] || note "$(tail -n 8 <<<"$said")"
  is "nothing planted ran at the source" "$(sort -u /tmp/gdpr_copy_sprung.attack_from 2>/dev/null)" ""
  is "nor with rights at the target" "$(sort -u /tmp/gdpr_copy_sprung.attack_to 2>/dev/null)" ""
done
attack_copy "$work/out/"
is "nor while a directory is made" "$code$(sort -u /tmp/gdpr_copy_sprung.* 2>/dev/null)" 0
rm -f /tmp/gdpr_copy_sprung.*

# ---- Who watches: process list, files, logs
attack_source
attack_sql <<'SQL'
CREATE TABLE person (id int PRIMARY KEY, email text UNIQUE, name text);
INSERT INTO person SELECT n, 'anna.secret' || n || '@corp.example', 'Anna Topsecret ' || n FROM generate_series(1, 500) AS n;
SELECT gdpr.register_subject('person', 'person');
SELECT gdpr.classify('person', 'email', 'email');
SELECT gdpr.classify('person', 'name', 'full_name');
SQL
mkdir -p "$work/shim"
for program in pg_dump pg_restore; do
  printf '#!/bin/sh\n[ "$1" = --version ] || printf "%%s\\n" "$0" "$@" >>"%s"\nexec "%s" "$@"\n' "$work/argv" "$(command -v $program)" >"$work/shim/$program"
  chmod 755 "$work/shim/$program"
done
sql -d postgres "ALTER SYSTEM SET log_statement = 'all'" && sql -d postgres "SELECT pg_reload_conf()" >/dev/null
logged_before=$(stat -c %s "$GDPR_LOG")
PATH=$work/shim:$PATH attack_from="dbname=attack_from password=hunter2hunter2" attack_copy "dbname=attack_to password=hunter2hunter2"
is "copied with passwords" "$code" 0
ok "pg_dump and pg_restore were called" grep -q pg_restore "$work/argv"
is "and no password is among their arguments" "$(grep -c hunter2 "$work/argv")" 0
is "nor in what was printed" "$(grep -c hunter2 <<<"$said")" 0
(umask 000; attack_copy "$work/out/")
is "nobody but its owner may enter the directory" "$(stat -c %a "$work/out")" 700
is "nor read its files" "$(find "$work/out" -type f -perm /077 | head -n 3)" ""
is "the schema leaves nothing in the temporary folder" "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'gdpr-batch.*' -newer "$work/argv" 2>/dev/null | head -n 3)" ""
hex=$(od -An -v -tx1 "$GDPR_KEY_FILE" | tr -d ' \n' | cut -c1-32) text=$(head -c 24 "$GDPR_KEY_FILE" | tr -d '\0\n')
is "the key is in no statement" "$(tail -c "+$((logged_before + 1))" "$GDPR_LOG" | grep -caiF -e "$hex" -e "$text")" 0
is "nor in what was printed or written" "$(printf '%s' "$said" | grep -caiF -e "$hex" -e "$text")$(grep -raliF -e "$hex" -e "$text" "$work/out")" 0
is "no value of the source is in the log of statements" "$(tail -c "+$((logged_before + 1))" "$GDPR_LOG" | grep -ca -e topsecret -e Topsecret -e anna.secret)" 0
is "nor in the files" "$(grep -raliE 'topsecret|anna\.secret|hunter2' "$work/out")" ""
sql -d postgres "ALTER SYSTEM RESET log_statement" && sql -d postgres "SELECT pg_reload_conf()" >/dev/null

# ---- Errors quote nothing
attack_source
attack_sql <<'SQL'
CREATE FUNCTION loud(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'bad % here', $1 USING DETAIL = $1, HINT = $1; END $$;
CREATE TABLE a (id int PRIMARY KEY, email text CHECK (email LIKE '%@corp.example'), kept text);
CREATE TABLE b (id int PRIMARY KEY, city text UNIQUE, kept text);
CREATE TABLE c (id int PRIMARY KEY, email text, kept text);
INSERT INTO a VALUES (1, 'anna.secret@corp.example', 'keptsecret');
INSERT INTO b SELECT n, 'Topsecret ' || n, 'keptsecret' FROM generate_series(1, 2000) AS n;
INSERT INTO c VALUES (1, 'anna.secret@corp.example', 'keptsecret');
ALTER TABLE c ADD CHECK (loud(kept)) NOT VALID;
CREATE INDEX ON c ((length(kept)));
SELECT gdpr.classify('a', 'email', 'email');
SELECT gdpr.classify('b', 'city', 'gender');
SELECT gdpr.classify('c', 'email', 'email');
SQL
for to in attack_to "$work/out/"; do
  attack_copy "$to"
  is "what a table refuses says nothing of its rows (${to##*/})" "$(grep -ciE 'keptsecret|topsecret|anna|@' <<<"$said")" 0
done
attack_copy attack_to --profile mask
not_ok "a copy with failed tables is not done" test "$code" = 0

# ---- RAISE can put a value wherever an error has a place for a name, and under any code, pg_gdpr's own too
attack_source
attack_sql <<'SQL'
CREATE FUNCTION sly(code text, value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
  IF current_database() = 'attack_to' THEN
    RAISE EXCEPTION USING ERRCODE = code, MESSAGE = value, DETAIL = value, HINT = value, CONSTRAINT = value, COLUMN = value, TABLE = value, SCHEMA = value;
  END IF;
  RETURN true; END $$;
CREATE TABLE a (id int PRIMARY KEY, kept text CHECK (sly('23514', kept)));
CREATE TABLE b (id int PRIMARY KEY, kept text CHECK (sly('PD001', kept)));
CREATE TABLE c (id int PRIMARY KEY, kept text);
CREATE TABLE d (id int PRIMARY KEY, kept text);
INSERT INTO a VALUES (1, 'keptsecret');
INSERT INTO b VALUES (1, 'keptsecret');
INSERT INTO c VALUES (1, 'keptsecret');
INSERT INTO d VALUES (1, 'keptsecret');
CREATE INDEX sly_c ON c (sly('PD005', kept));
CREATE UNIQUE INDEX sly_d ON d (sly('23505', kept));
CREATE MATERIALIZED VIEW e AS SELECT sly('PD004', kept) FROM d;
SQL
attack_copy attack_to
is "two tables fail there" "$code $(grep -c event=table_failed <<<"$said")" "5 2"
is "nothing of their rows is told" "$(grep -ci keptsecret <<<"$said")" 0
sql -d attack_from "DROP TABLE a, b"
sql -d postgres "DROP DATABASE attack_to WITH (FORCE)"; sql -d postgres "CREATE DATABASE attack_to TEMPLATE template0"
attack_copy attack_to
is "nor of what an index or a materialized view is made of" "$code $(grep -c 'sly_[cd]\|VIEW public.e' <<<"$said") $(grep -ci keptsecret <<<"$said")" "5 3 0"

# ---- The folder beside
attack_source
attack_sql <<<'CREATE TABLE t (id int); INSERT INTO t VALUES (1);'
mkdir -p "$work/elsewhere" "$work/real"
if [ "$(id -u)" = 0 ]; then
  mkdir "$work/out.part" && ln -s "$work/elsewhere" "$work/out.part/data" && chown -hR nobody "$work/out.part"
  attack_copy "$work/out/"
  not_ok "a folder that somebody else laid beside the target is not written into" test "$code" = 0
  is "nor what its links point to" "$(ls "$work/elsewhere")" ""
  rm -rf "$work/out.part"
fi
ln -s "$work/elsewhere" "$work/out.part"
attack_copy "$work/out/"
not_ok "nor is a link in its place" test "$code" = 0
is "nothing is where it pointed to" "$(ls "$work/elsewhere")" ""
rm -rf "$work/out.part" "$work/out"
ln -s "$work/real" "$work/link"
attack_copy "$work/link/"
ok "a target that is a link is refused before anything is read, or written through" test "$code" = 2 -o -e "$work/link/load.sql"
rm -rf "$work/link" "$work/link.part"

# ---- What a stranger has
attack_source
attack_sql <<'SQL'
CREATE TABLE p (email text, id int) PARTITION BY HASH (email);
CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE p2 PARTITION OF p FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO p SELECT 'anna' || n || '@corp.example', n FROM generate_series(1, 300) AS n;
SELECT gdpr.classify('p', 'email', 'email');
SELECT gdpr.classify(c, 'email', 'email') FROM unnest('{p0,p1,p2}'::regclass[]) AS c;
SQL
attack_copy attack_to
ok "partitions by a personal column are copied, or refused before anything is written" \
  test "$code.$(sql -d attack_to "SELECT count(*) FROM p")" = 0.300 -o "$code" = 2
attack_copy attack_from
not_ok "a database is not copied into itself" test "$code" = 0
sql -d attack_from "DROP TABLE p; CREATE TABLE q (id int); ALTER TABLE q ENABLE ROW LEVEL SECURITY; GRANT USAGE ON SCHEMA public TO copy_plain; GRANT SELECT ON ALL TABLES IN SCHEMA public TO copy_plain; SELECT gdpr.grant_bundle('operator', 'copy_plain')" >/dev/null
sql -d postgres "DROP DATABASE attack_to WITH (FORCE)"; sql -d postgres "CREATE DATABASE attack_to OWNER copy_plain TEMPLATE template0"
attack_from="dbname=attack_from user=copy_plain" attack_copy "dbname=attack_to user=copy_plain"
not_ok "who may not see all rows copies none" test "$code" = 0
like "and is told why" "$said" 'BYPASSRLS|row security'

for database in attack_from attack_to attack_loaded; do sql -d postgres "DROP DATABASE IF EXISTS $database WITH (FORCE)"; done
sql -d postgres "DROP ROLE IF EXISTS copy_mallory, copy_plain" 2>/dev/null
