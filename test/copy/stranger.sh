# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
# The database of a stranger (stranger.sql): the copy has all of it that a copy has, by an owner who is no superuser,
# straight, through files, and with rules in a file; what it does not take along is listed. Encodings; sources that hide things.

# schema_of HOST DATABASE: all definitions, as pg_dump writes them.
schema_of() {
  PGHOST=$1 pg_dump -s --no-owner --no-privileges --no-publications --no-security-labels -N gdpr -N gdpr_internal -d "$2" |
    grep -vE '^(\\(un)?restrict|--|$)' | grep -v pg_gdpr
}
# kept_rows HOST DATABASE: of every table its rows, without the columns that a rule changes; sequences.
kept_rows() {
  local rules
  rules=$(sed -n "s/.*classify('odd.\([a-z_]*\)', '\([a-z]*\)'.*/\1.\2/p" test/copy/stranger.rules | xargs | tr ' ' ,)
  PGHOST=$1 psql -XqtA -v ON_ERROR_STOP=1 -v rules="{$rules,types.slug,visit.email,visit.login}" -d "$2" <<'SQL'
SET search_path = pg_catalog;
SELECT format('SELECT %L, count(*), md5(string_agg(md5(r::text), '''' ORDER BY md5(r::text))) FROM (SELECT %s FROM ONLY %s) AS r', c.oid::regclass,
  coalesce(string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.attnum > 0), ''), c.oid::regclass)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND NOT EXISTS (
  SELECT FROM unnest(CASE WHEN c.relname LIKE 'log@_2%' ESCAPE '@' THEN '{log}' WHEN c.relname = 'staff' THEN '{staff,person}'
    WHEN c.relname = 'pilot' THEN '{pilot,staff,person}' ELSE ARRAY[c.relname::text] END) AS said WHERE said || '.' || a.attname = ANY (:'rules'::text[]))
WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND n.nspname !~ '^(pg_|gdpr|information_schema|public)' GROUP BY c.oid ORDER BY c.oid::regclass::text \gexec
SELECT sequencename, last_value FROM pg_sequences WHERE schemaname !~ '^gdpr' ORDER BY 1;
SQL
}
strange() {  # strange NAME: the database at the source
  sql -d postgres "DROP DATABASE IF EXISTS $1 WITH (FORCE)" 2>/dev/null
  sql -d postgres "CREATE DATABASE $1 TEMPLATE gdpr" && psql -Xq -o /dev/null -d "$1" -v ON_ERROR_STOP=1 -f test/copy/stranger.sql
}
ok "a stranger's database is made" strange stranger
psql -Xq -o /dev/null -d stranger -v ON_ERROR_STOP=1 -f test/copy/stranger.rules -c "SELECT gdpr.grant_bundle('operator', 'copier')"
fresh stranger
copy stranger "$(to stranger)" --unclassified keep
is "roles that a policy names and the target has not: before the first row" "$code" 2
like "and it says what to do" "$(<"$work/log")" 'CREATE ROLE ..copy_mallet'
at_target "CREATE ROLE copy_mallet NOLOGIN"
copy stranger "$(to stranger)" --unclassified keep --json
is "it is copied, by a role that is no superuser, into one that is none" "$code $(json state)" "0 done"
[ "$code" = 0 ] || note "$(<"$work/out") $(tail -n 3 "$work/log")"
schema_of "$PGHOST" stranger >"$work/schema"
is "every definition is the source's" "$(diff "$work/schema" <(schema_of "$target_host" stranger) | head -n 8)" ""
kept_rows "$PGHOST" stranger >"$work/kept"
is "every row is there, and what has no rule is as it was" "$(diff "$work/kept" <(kept_rows "$target_host" stranger) | head -n 8)" ""
ok "there are tables to compare" test "$(wc -l <"$work/kept")" -gt 25
like "the large object is listed" "$(json not_copied)" '1 large objects'
is "keys of citext find their rows in any case" "$(at_target "SELECT count(*) FROM odd.visit JOIN odd.member USING (email) WHERE visit.login = member.login AND member.login = ALL (logins)" stranger)" 60
is "policies bind the owner as they did" "$(at_target "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relforcerowsecurity AND relrowsecurity" stranger)" "secret secret_note"
is "nobody of the source is there" "$(PGHOST=$target_host pg_dump -a -d stranger 2>/dev/null | grep -aicE 'anna ?[0-9]|anna@|anna keller')" 0
copy stranger "$work/strange" --unclassified keep --json
is "it is copied into files" "$code $(json state)" "0 done"
fresh loaded
ok "psql loads them" bash -c "cd '$work/strange' && PGHOST=$target_host psql -X -q -U owner -d loaded -f load.sql"
is "every definition is there" "$(diff "$work/schema" <(schema_of "$target_host" loaded | sed 's/^ SELECT NULL/SELECT\n    NULL/') | head -n 8)" ""
is "and every row of the copy" "$(content_of() { PGHOST=$target_host pg_dump -a --inserts -d "$1" 2>/dev/null | grep '^INSERT' | sort; }; diff <(content_of stranger) <(content_of loaded) | head -n 4)" ""
psql -XqtA -d postgres -c "DROP DATABASE IF EXISTS bare WITH (FORCE)" -c "CREATE DATABASE bare TEMPLATE template0" 2>/dev/null
psql -Xq -o /dev/null -d bare -v ON_ERROR_STOP=1 -f test/copy/stranger.sql
fresh loaded
copy bare "$(to loaded)" --unclassified keep --rules test/copy/stranger.rules --json
is "with rules in a file, where the extension is not installed" "$code $(json state)" "0 done"
is "it is the same copy, but for what is made of the time" "$(diff <(PGHOST=$target_host pg_dump -a -t odd.member -t odd.tree -d stranger 2>/dev/null) <(PGHOST=$target_host pg_dump -a -t odd.member -t odd.tree -d loaded 2>/dev/null) | grep -v restrict | grep '^[<>]' | head -n 4)" ""
fresh loaded
copy stranger "$(to loaded)" --unclassified null
is "what nobody classified does not become NULL where it must not be" "$code" 2
like "and it is named" "$(<"$work/log")" 'odd.secret.tenant'
fresh loaded
copy stranger "$(to loaded)" --unclassified keep --sample 10% --whole-below 0 --dry-run --json
rows=$(psql -XqtA -d postgres -v t="$(json tables)" <<<"SELECT sum((t ->> 'rows_estimate')::int) FROM jsonb_array_elements(:'t'::jsonb) AS t")
copy stranger "$(to loaded)" --unclassified keep --sample 10% --whole-below 0 --json
is "a dry run of a sample counts the rows of the sample" "$code $(json rows)" "0 $rows"

# What only a superuser of the source makes: it stays at home and is listed.
sql -d stranger "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'far.corp.example');
  CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'app', password 'sword-fish'); CREATE FOREIGN TABLE odd.far (id int) SERVER far;
  CREATE TABLE odd.old (at date) PARTITION BY RANGE (at); CREATE FOREIGN TABLE odd.log_far PARTITION OF odd.old FOR VALUES FROM ('1999-01-01') TO ('2000-01-01') SERVER far; GRANT SELECT ON odd.far, odd.log_far TO copier;
  CREATE FUNCTION odd.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION odd.watch();
  COMMENT ON EVENT TRIGGER watch IS 'watches'"
for target in database files; do
  where=$work/far
  fresh loaded
  at_target "CREATE EXTENSION postgres_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO owner" loaded
  [ $target = files ] || where=$(to loaded)
  PGUSER=postgres "$GDPR_BATCH" copy --from stranger --to "$where" --key-file "$key_file" --unclassified keep --json --allow-superuser >"$work/out" 2>"$work/log"; code=$?
  is "foreign tables and event triggers keep no copy from its end ($target)" "$code $(json state)" "0 done"
  is "what does not come along is listed ($target)" "$(json not_copied)" \
    '["1 large objects", "event trigger watch", "mapping of user public to server far", "rows of foreign table odd.far", "rows of foreign table odd.log_far"]'
  [ $target = database ] || (cd "$work/far" && PGHOST=$target_host psql -Xq -U owner -o /dev/null -d loaded -f load.sql)
  is "no password of production is there, and no trigger ($target)" "$(at_target "SELECT count(*) FROM pg_user_mappings UNION ALL SELECT count(*) FROM pg_event_trigger" loaded | xargs)" "0 0"
done
is "nor is one in the files" "$(grep -rl sword-fish "$work/far")" ""
sql -d stranger "REVOKE SELECT ON SEQUENCE odd.unused FROM copier"
fresh loaded
copy stranger "$(to loaded)" --unclassified keep
is "a sequence that may not be read: before the first row" "$code $(at_target "SELECT count(*) FROM pg_namespace WHERE nspname = 'gdpr_copy'" loaded)" "2 0"
like "and it is named" "$(<"$work/log")" odd.unused
sql -d stranger "GRANT SELECT ON SEQUENCE odd.unused TO copier"
sql -d stranger "ALTER TABLE odd.empty ADD COLUMN gdpr_allowed text, ADD COLUMN nothing text UNIQUE NULLS NOT DISTINCT"
fresh loaded
copy stranger "$(to loaded)" --unclassified null
like "a column is not ours by its name" "$(<"$work/log")" 'odd.secret.tenant'
like "NULL that may stand there once only is no treatment for many rows" "$(<"$work/log")" 'odd.empty.nothing: it would be NULL'
copy stranger "$(to loaded)" --exclude-table wide
like "and it has no classification" "$(<"$work/log")" 'odd.empty.gdpr_allowed'

# Encodings.
encoded() {  # encoded HOST NAME ENCODING OWNER
  PGHOST=$1 psql -Xq -d postgres -c "SET client_min_messages = error" -c "DROP DATABASE IF EXISTS $2 WITH (FORCE)" \
    -c "CREATE DATABASE $2 OWNER $4 TEMPLATE template0 ENCODING '$3' LC_COLLATE 'C' LC_CTYPE 'C'"
}
cat >"$work/encoded.rules" <<'SQL'
SELECT gdpr.classify('"Straße"', 'name', 'last_name');
SQL
encoded_rows() { PGHOST=$1 PGCLIENTENCODING=UTF8 psql -XqtA -d encoded -c 'SELECT id, "Größe", ort FROM "Straße" ORDER BY id' -c 'TABLE "Mönch"' -c "SELECT col_description('\"Straße\"'::regclass, 1)"; }
for pair in "LATIN1 UTF8" "UTF8 LATIN1" "LATIN1 SQL_ASCII"; do
  encoded "$PGHOST" encoded "${pair% *}" postgres
  encoded "$target_host" encoded "${pair#* }" owner
  PGCLIENTENCODING=UTF8 psql -Xq -o /dev/null -d encoded -v ON_ERROR_STOP=1 <<'SQL'
CREATE TABLE "Straße" (id int PRIMARY KEY, name text, "Größe" text DEFAULT 'ä', ort text CHECK (ort <> 'Köln-Süd'));
INSERT INTO "Straße" VALUES (1, 'Müller', 'ÿ', 'Köln'), (2, 'Meier', NULL, 'Bonn');
COMMENT ON COLUMN "Straße".id IS 'Zähler';
CREATE MATERIALIZED VIEW "Mönch" AS SELECT 'é'::text AS x;
GRANT SELECT ON "Straße" TO copier;
SQL
  copy "dbname=encoded client_encoding=latin1" "$(to encoded) client_encoding=latin1" --unclassified keep --rules "$work/encoded.rules"
  is "${pair/ / to }, whatever the connection strings say" "$code" 0
  [ "$code" = 0 ] || note "$(tail -n 2 "$work/log")"
  if [ "$pair" = "LATIN1 SQL_ASCII" ]; then
    is "${pair/ / to }: in UTF-8" "$(at_target 'SELECT encode("Größe"::bytea, $$hex$$) FROM "Straße" WHERE id = 1' encoded)" c3bf
  else
    is "${pair/ / to }: letters stay what they are" "$(encoded_rows "$target_host")" "$(encoded_rows "$PGHOST")"
    fake=$(PGCLIENTENCODING=UTF8 at_target 'SELECT name FROM "Straße" WHERE id = 1' encoded)
    is "${pair/ / to }: fakes do not depend on it" "$fake" "${same_fake:=$fake}"
  fi
  encoded "$target_host" encoded "${pair#* }" owner
  rm -rf "$work/encoded"
  PGCLIENTENCODING=LATIN1 copy encoded "$work/encoded" --unclassified keep --rules "$work/encoded.rules"
  ok "${pair/ / to } through files" bash -c "cd '$work/encoded' && PGCLIENTENCODING=LATIN1 PGHOST=$target_host psql -X -q -U owner -d encoded -f load.sql"
  [ "$pair" = "LATIN1 SQL_ASCII" ] || is "${pair/ / to } through files: letters stay what they are" "$(encoded_rows "$target_host")" "$(encoded_rows "$PGHOST")"
done
encoded "$PGHOST" encoded SQL_ASCII postgres
printf 'CREATE TABLE b (id int PRIMARY KEY, name text, t text DEFAULT $$\344$$, "\374" text); INSERT INTO b VALUES (1, $$M\374ller$$, $$Gr\366\337e$$, NULL); GRANT SELECT ON b TO copier;' |
  PGCLIENTENCODING=SQL_ASCII psql -Xq -d encoded -v ON_ERROR_STOP=1
echo "SELECT gdpr.classify('b', 'name', 'last_name');" >"$work/encoded.rules"
encoded "$target_host" encoded SQL_ASCII owner
copy encoded "$(to encoded)" --unclassified keep --rules "$work/encoded.rules" --json
is "bytes that nobody knows as text go as they are, into bytes" "$code $(PGHOST=$target_host PGCLIENTENCODING=SQL_ASCII psql -XqtA -d encoded -c "SELECT encode(t::bytea, 'hex'), name ~ '^[A-Z]' FROM b")" "0 4772f6df65|t"
[ "$code" = 0 ] || note "$(tail -n 2 "$work/log")"
encoded "$target_host" encoded SQL_ASCII owner
rm -rf "$work/encoded"
copy encoded "$work/encoded" --unclassified keep --rules "$work/encoded.rules" --json
(cd "$work/encoded" && PGHOST=$target_host psql -Xq -U owner -o /dev/null -d encoded -f load.sql)
is "through files too" "$code $(PGHOST=$target_host PGCLIENTENCODING=SQL_ASCII psql -XqtA -d encoded -c "SELECT encode(t::bytea, 'hex') FROM b")" "0 4772f6df65"
encoded "$target_host" encoded LATIN1 owner
copy encoded "$(to encoded)" --unclassified keep --rules "$work/encoded.rules"
is "into letters they are refused" "$code" 2
encoded "$target_host" encoded UTF8 owner
copy encoded "$(to encoded)" --unclassified keep --rules "$work/encoded.rules"
not_ok "and into UTF8 what is none is an error" test "$code" = 0
is "that quotes nothing" "$(grep -caE 'ller|Gr' "$work/log")" 0
