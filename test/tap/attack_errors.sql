-- SPDX-License-Identifier: PostgreSQL
-- Law: no error of an erasure, of preflight or of a report quotes a personal value. Each case breaks the
-- erasure of one person in another way; every value of hers contains the canary.
\ir lib/attack.sql
SELECT plan(57);

CREATE SCHEMA shop;
CREATE TABLE t.case (name text PRIMARY KEY, setup text NOT NULL, sqlstate text);
CREATE TABLE t.outcome (name text, what text, error text);

-- Constraints, types, triggers and functions that object to what an erasure writes, some only to real rows.
INSERT INTO t.case VALUES
  ('unique violation', $$ALTER TABLE shop.person ADD UNIQUE (name); INSERT INTO shop.person (id, name) VALUES (90, 'Anonymized');
    CREATE FUNCTION shop.same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name := ''canary7'' || NEW.phone; RETURN NEW; END';
    CREATE TRIGGER x BEFORE UPDATE ON shop.person FOR EACH ROW EXECUTE FUNCTION shop.same();
    INSERT INTO shop.person (id, name) VALUES (91, 'canary7Anonymized'), (92, 'canary70000000000'), (93, 'canary7')$$, NULL),
  ('check violation', $$CREATE FUNCTION shop.chk(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT $1 <> ''Anonymized'' OR $2 IS NULL';
    ALTER TABLE shop.person ADD CHECK (shop.chk(name, city))$$, '23514'),
  ('check that raises', $$CREATE FUNCTION shop.chk(text, text) RETURNS boolean LANGUAGE plpgsql AS
    'BEGIN IF $1 = ''Anonymized'' THEN RAISE EXCEPTION ''bad % and %'', $1, $2 USING DETAIL = $2, HINT = $2; END IF; RETURN true; END';
    ALTER TABLE shop.person ADD CHECK (shop.chk(name, born))$$, NULL),
  ('bad cast in a trigger', $$CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM OLD.name::int; RETURN NEW; END'$$, '22P02'),
  ('bad date in a trigger', $$CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM OLD.name::date; RETURN NEW; END'$$, '22007'),
  ('bad json in a trigger', $$CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM OLD.name::jsonb; RETURN NEW; END'$$, '22P02'),
  ('too long in a trigger', $$CREATE TABLE shop.copy (v varchar(3));
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO shop.copy VALUES (OLD.name); RETURN NEW; END'$$, '22001'),
  ('foreign key in a trigger', $$CREATE TABLE shop.known (v text PRIMARY KEY); CREATE TABLE shop.copy (v text REFERENCES shop.known);
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO shop.copy VALUES (OLD.name); RETURN NEW; END'$$, '23503'),
  ('unique in a trigger', $$CREATE TABLE shop.copy (v text PRIMARY KEY); INSERT INTO shop.copy SELECT name FROM shop.person;
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO shop.copy VALUES (OLD.name); RETURN NEW; END'$$, '23505'),
  ('exclusion in a trigger', $$CREATE TABLE shop.copy (v text, EXCLUDE USING btree (v WITH =)); INSERT INTO shop.copy SELECT name FROM shop.person;
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO shop.copy VALUES (OLD.name); RETURN NEW; END'$$, '23P01'),
  ('not null in a trigger', $$CREATE TABLE shop.copy (v text, n int NOT NULL);
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO shop.copy VALUES (OLD.name); RETURN NEW; END'$$, '23502'),
  ('check in a trigger', $$CREATE TABLE shop.copy (v text CHECK (v !~ 'canary'));
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO shop.copy VALUES (OLD.name); RETURN NEW; END'$$, '23514'),
  ('domain in a trigger', $$CREATE DOMAIN shop.clean AS text CHECK (VALUE !~ 'canary');
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM OLD.name::shop.clean; RETURN NEW; END'$$, '23514'),
  ('partition in a trigger', $$CREATE TABLE shop.copy (v text) PARTITION BY LIST (v);
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO shop.copy VALUES (OLD.name); RETURN NEW; END'$$, '23514'),
  ('view with check option', $$CREATE TABLE shop.copy (v text); CREATE VIEW shop.v AS SELECT v FROM shop.copy WHERE v !~ 'canary' WITH CHECK OPTION;
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO shop.v VALUES (OLD.name); RETURN NEW; END'$$, '44000'),
  ('raise in a trigger', $$CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''no % allowed'', OLD.name USING DETAIL = OLD.name, HINT = OLD.name, COLUMN = OLD.name, TABLE = OLD.name,
      CONSTRAINT = OLD.name, ERRCODE = ''23514''; END'$$, '23514'),
  ('assert in a trigger', $$CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN ASSERT false, OLD.name; END'$$, 'P0001'),
  ('dynamic SQL: column', $$CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE ''SELECT '' || OLD.name; RETURN NEW; END'$$, '42703'),
  ('dynamic SQL: syntax', $$CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE ''FROM '' || OLD.name; RETURN NEW; END'$$, '42601'),
  ('dynamic SQL: nothing', $$CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE format(''DROP TABLE %I'', OLD.name); RETURN NEW; END'$$, '42P01'),
  ('regclass', $$CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM OLD.name::regclass; RETURN NEW; END'$$, '42P01'),
  ('regrole', $$CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM OLD.name::regrole; RETURN NEW; END'$$, '42704'),
  ('sql function', $$CREATE FUNCTION shop.g(text) RETURNS int LANGUAGE sql AS 'SELECT $1::int';
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM shop.g(OLD.name); RETURN NEW; END'$$, '22P02'),
  ('setting', $$CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''work_mem'', OLD.name, true); RETURN NEW; END'$$, '22023'),
  ('regular expression', $$CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM ''x'' ~ (OLD.name || ''[''); RETURN NEW; END'$$, '2201B');

CREATE FUNCTION t.reset() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM gdpr.unregister_subject(s, true) FROM unnest('{person}'::text[]) AS s
  WHERE EXISTS (SELECT FROM gdpr_internal.subject_type AS y WHERE y.subject_type = s);
  DROP SCHEMA shop CASCADE;
  CREATE SCHEMA shop;
  CREATE TABLE shop.person (id int PRIMARY KEY, name text, phone text, city text, born text, email text UNIQUE);
  INSERT INTO shop.person VALUES (1, 'canary1', 'canary2', 'canary3', 'canary4', 'canary5');
  CREATE TABLE shop.ticket (id int PRIMARY KEY, person_id int, body text);
  INSERT INTO shop.ticket VALUES (1, 1, 'canary6');
END
$$;
CREATE FUNCTION t.note_error(name text, what text, statement text, VARIADIC args text[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  e1 text; e2 text; e3 text; e4 text; e5 text; e6 text; e7 text; e8 text; e9 text;
BEGIN
  EXECUTE statement USING args[1], args[2];
  INSERT INTO t.outcome VALUES (name, what, NULL);
EXCEPTION WHEN OTHERS OR assert_failure THEN
  GET STACKED DIAGNOSTICS e1 = RETURNED_SQLSTATE, e2 = MESSAGE_TEXT, e3 = PG_EXCEPTION_DETAIL, e4 = PG_EXCEPTION_HINT,
    e5 = PG_EXCEPTION_CONTEXT, e6 = COLUMN_NAME, e7 = CONSTRAINT_NAME, e8 = TABLE_NAME, e9 = PG_DATATYPE_NAME;
  INSERT INTO t.outcome VALUES (name, what, concat_ws(E'\n', e1, e2, e3, e4, e5, e6, e7, e8, e9));
END
$$;
CREATE FUNCTION t.run_cases() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  c t.case;
  findings text;
BEGIN
  FOR c IN SELECT * FROM t.case LOOP
    PERFORM t.reset();
    EXECUTE c.setup;
    IF to_regprocedure('shop.f()') IS NOT NULL THEN
      CREATE TRIGGER f BEFORE UPDATE ON shop.person FOR EACH ROW EXECUTE FUNCTION shop.f();
    END IF;
    PERFORM gdpr.register_subject('person', 'shop.person');
    PERFORM gdpr.add_link('person', 'shop.ticket', '{person_id}');
    PERFORM gdpr.classify('shop.person', 'name', 'full_name'), gdpr.classify('shop.person', 'phone', 'phone'),
      gdpr.classify('shop.person', 'city', 'city'), gdpr.classify('shop.person', 'born', 'free_text'),
      gdpr.classify('shop.person', 'email', 'email'), gdpr.classify('shop.ticket', 'body', 'free_text');
    PERFORM t.note_error(c.name, 'erase', $q$SELECT gdpr.anonymize_subject('person', '1', 'asked')$q$);
    SELECT string_agg(p::text, E'\n') INTO findings FROM gdpr.preflight('person') AS p;
    INSERT INTO t.outcome VALUES (c.name, 'preflight', findings);
  END LOOP;
  PERFORM t.reset();
END
$$;
SELECT lives_ok('SELECT t.run_cases()', 'all cases ran');

SELECT matches(o.error, '^' || coalesce(c.sqlstate, '[0-9A-Z]{5}'), 'it fails: ' || c.name)
FROM t.case AS c JOIN t.outcome AS o ON o.name = c.name AND o.what = 'erase' ORDER BY c.name;
SELECT is((SELECT string_agg(what || E':\n' || o.error, E'\n') FROM t.outcome AS o WHERE o.name = c.name AND o.error ~ 'canary'), NULL,
  'and quotes nothing: ' || c.name)
FROM t.case AS c ORDER BY c.name;

-- Keys are personal where they are e-mails: a wrong one is not quoted either.
CREATE TABLE shop.by_number (id int PRIMARY KEY, name text);
CREATE TABLE shop.by_uuid (id uuid PRIMARY KEY, name text);
CREATE TABLE shop.by_both (a int, b text, name text, PRIMARY KEY (a, b));
SELECT gdpr.register_subject(y, ('shop.' || y)::regclass) FROM unnest('{by_number,by_uuid,by_both}'::text[]) AS y;
SELECT gdpr.classify(('shop.' || y)::regclass, 'name', 'full_name') FROM unnest('{by_number,by_uuid,by_both}'::text[]) AS y;
DELETE FROM t.outcome;
SELECT t.note_error(y, f, f, y, k) FROM unnest('{by_number,by_uuid,by_both}'::text[]) AS y,
  unnest(ARRAY['canary', '(canary)', '(canary,canary)', '(1,canary', '(1,"canary)', '99999999999999999999canary', '(1,canary)']) AS k,
  unnest(ARRAY['SELECT gdpr.anonymize_subject($1, $2, ''x'')', 'SELECT * FROM gdpr.blockers($1, $2)', 'SELECT gdpr.subject_data($1, $2)',
    'SELECT gdpr.is_frozen($1, $2)', 'SELECT gdpr.queue_erasure($1, $2, ''x'')']) AS f;
SELECT is((SELECT count(*) FROM t.outcome WHERE error IS NOT NULL) > 60, true, 'wrong keys are refused');
SELECT is((SELECT string_agg(DISTINCT name || ' ' || what || E':\n' || error, E'\n') FROM t.outcome WHERE error ~ 'canary'), NULL,
  'a wrong or missing key is not quoted');
-- A blocking view that fails on the values it reads, and a column that fails where it is only looked at.
INSERT INTO shop.by_number VALUES (1, 'canary8');
CREATE VIEW shop.bad AS SELECT id FROM shop.by_number WHERE name::int > 0;
SELECT gdpr.add_blocker('by_number', 'bad', 'shop.bad', 'id');
DELETE FROM t.outcome;
SELECT t.note_error('view', s, s) FROM unnest(ARRAY[$$SELECT * FROM gdpr.blockers('by_number', '1')$$,
  $$SELECT gdpr.anonymize_subject('by_number', '1', 'x')$$, $$SELECT gdpr.run_preview('by_number', '{1}')$$]) AS s;
SELECT is((SELECT count(*) FROM t.outcome WHERE error ~ '^22P02'), 3::bigint, 'a blocking view that fails stops the erasure');
SELECT is((SELECT string_agg(error, E'\n') FROM t.outcome WHERE error ~ 'canary'), NULL, 'and quotes nothing');
SELECT is((SELECT count(*) FROM gdpr.preflight('by_number') WHERE severity = 'error' AND finding ~ '22P02'), 1::bigint, 'preflight finds it');
SELECT is((SELECT string_agg(p::text, E'\n') FROM gdpr.preflight('by_number') AS p WHERE p::text ~ 'canary'), NULL, 'and quotes nothing');
SELECT finish();
