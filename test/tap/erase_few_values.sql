-- SPDX-License-Identifier: PostgreSQL
-- Law: where surrogates are so few that some are equal by chance, an erasure draws them again, and preflight
-- says from when on there is no room. What is no chance is an error, at once.
SELECT plan(15);
SET client_min_messages = error;
CREATE SCHEMA few;
SET search_path = few, public;
CREATE DOMAIN two_letters AS char(2) CHECK (VALUE = upper(VALUE));
-- 200 codes that no surrogate is equal to: those are two letters, 26 * 26 = 676.
CREATE VIEW code AS SELECT i AS id, (chr(65 + i / 10) || i % 10)::char(2) AS v FROM generate_series(1, 200) AS i;

-- 200 people among 676 values: that all first draws differ has a chance below e^-(200 * 199 / 2 / 676) = 10^-12.
-- Drawn again, a row collides with a chance of 200/676 at most, and 41 times running with one below 10^-21.
CREATE TABLE form (name text, definition text, extra text, rows int, error text, codes int);
INSERT INTO form VALUES
  ('plain', 'v two_letters NOT NULL UNIQUE', NULL),
  ('deferred', 'v two_letters NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED', NULL),
  ('pair', 'v two_letters NOT NULL, tenant int NOT NULL DEFAULT 1, UNIQUE (tenant, v)', NULL),
  ('expression', 'v two_letters NOT NULL', 'CREATE UNIQUE INDEX ON few.expression (lower(v))'),
  ('excluded', 'v text NOT NULL CHECK (v ~ ''^[A-Z].$'' AND length(v) = 2 AND v = upper(v)), EXCLUDE USING btree (v WITH =)', NULL),
  ('redacted', 'v two_letters NOT NULL UNIQUE, name text, note text', 'UPDATE few.redacted SET name = ''Zoe'', note = ''Zoe called''');
INSERT INTO form VALUES
  ('observed', 'v two_letters NOT NULL UNIQUE', 'CREATE TRIGGER nothing BEFORE UPDATE ON few.observed FOR EACH ROW EXECUTE FUNCTION few.nothing()');
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';

CREATE PROCEDURE run_forms() LANGUAGE plpgsql AS $$
DECLARE
  f form;
BEGIN
  FOR f IN SELECT * FROM form LOOP
    EXECUTE format('CREATE TABLE few.%I (id int PRIMARY KEY, %s)', f.name, f.definition);
    EXECUTE format('INSERT INTO few.%I SELECT * FROM few.code', f.name);
    IF f.extra IS NOT NULL THEN EXECUTE f.extra; END IF;
    PERFORM gdpr.classify(f.name, 'v', CASE WHEN f.name = 'excluded' THEN 'country length=2' ELSE 'country' END);
    IF f.name = 'pair' THEN PERFORM gdpr.classify(f.name, 'tenant', 'not_personal'); END IF;
    IF f.name = 'redacted' THEN
      PERFORM gdpr.classify(f.name, 'name', 'first_name'), gdpr.classify(f.name, 'note', 'free_text erase=redact');
    END IF;
    PERFORM gdpr.register_subject(f.name, f.name::regclass);
    BEGIN
      SELECT sum(e.rows) INTO f.rows
      FROM gdpr.anonymize_subjects(f.name, ARRAY(SELECT c.id::text FROM few.code AS c), 'left') AS e;
    EXCEPTION WHEN OTHERS THEN
      f.error := SQLSTATE;
    END;
    EXECUTE format('SELECT count(DISTINCT v) FROM few.%I WHERE v ~ ''^[A-Z]{2}$''', f.name) INTO f.codes;
    UPDATE form SET rows = f.rows, error = f.error, codes = f.codes WHERE name = f.name;
  END LOOP;
END $$;
CALL run_forms();
SELECT results_eq($$SELECT name, error, rows, codes FROM form ORDER BY name$$,
  $$SELECT name, NULL::text, 200, CASE name WHEN 'excluded' THEN codes ELSE 200 END FROM form ORDER BY name$$,
  'two hundred people share 676 values: all are erased, each row once');
SELECT is((SELECT codes FROM form WHERE name = 'excluded'), 200, 'an exclusion constraint is as good as a unique one');
SELECT is_empty($$SELECT note FROM redacted WHERE note ~ 'Zoe'$$, 'a row that is drawn again still loses its own words');
SELECT is_empty($$SELECT name, finding FROM form, gdpr.preflight(name) WHERE severity = 'error'$$,
  'preflight lets all of them through');

-- What is no chance. The sequence counts statements, and is not rolled back.
CREATE SEQUENCE told;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM nextval(''few.told''); RETURN NULL; END';
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.owner (v text CONSTRAINT owner_v_key UNIQUE);
CREATE FUNCTION copy() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO elsewhere.owner VALUES (''same''); RETURN NEW; END';
CREATE FUNCTION forge() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN RAISE unique_violation USING SCHEMA = ''few'', TABLE = ''owner'', CONSTRAINT = ''owner_v_key''; END';
CREATE TABLE owner (id int PRIMARY KEY, v two_letters NOT NULL, CONSTRAINT owner_v_key UNIQUE (v) DEFERRABLE);
INSERT INTO owner SELECT * FROM code WHERE id <= 2;
CREATE TRIGGER tell BEFORE UPDATE ON owner FOR EACH STATEMENT EXECUTE FUNCTION tell();
SELECT gdpr.classify('owner', 'v', 'country') \g /dev/null
SELECT gdpr.register_subject('owner', 'owner') \g /dev/null
PREPARE erase_owners AS SELECT rows FROM gdpr.anonymize_subjects('owner', '{1,2}', 'left');
CREATE TRIGGER copy BEFORE UPDATE ON owner FOR EACH ROW EXECUTE FUNCTION copy();
SELECT throws_ok('erase_owners', '23505', NULL, 'another table''s unique key of the same name is an error');
SELECT is((SELECT last_value FROM told), 1::bigint, 'at once');
DROP TRIGGER copy ON owner;
CREATE TRIGGER forge BEFORE UPDATE ON owner FOR EACH ROW EXECUTE FUNCTION forge();
SELECT throws_ok('erase_owners', '23505', NULL, 'so is what a trigger raises in the index''s name');
SELECT is((SELECT last_value FROM told), 2::bigint, 'at once, too');
DROP TRIGGER forge ON owner;
-- an index that has room for one surrogate only: every draw collides
CREATE UNIQUE INDEX one_surrogate ON owner ((v ~ '^[A-Z]{2}$')) WHERE v ~ '^[A-Z]{2}$';
SELECT throws_ok('erase_owners', '23505', NULL, 'an index that takes one surrogate only ends in an error');
SELECT cmp_ok((SELECT last_value FROM told), '<', 50::bigint, 'after a bounded number of draws');
SELECT results_eq('SELECT id, v::text FROM owner ORDER BY id', 'SELECT id, v::text FROM code WHERE id <= 2 ORDER BY id', 'and nothing was changed');
DROP INDEX one_surrogate;

-- Of 2^60 values and more nobody draws one twice: one statement, and no subtransaction.
SELECT ok((gdpr_internal.current_plan('owner')).body->'steps'->0->'small' ? 'owner'::regclass::oid::text,
  'a plan names the tables whose surrogates are few');
CREATE TABLE many (id int PRIMARY KEY, v varchar(12) UNIQUE, device uuid UNIQUE, gone smallint UNIQUE);
INSERT INTO many (id, v) SELECT i, 'word ' || i FROM generate_series(1, 3) AS i;
SELECT gdpr.classify('many', c, k) FROM (VALUES ('v', 'username'), ('device', 'device_id'), ('gone', 'external_id erase=null')) AS x (c, k) \g /dev/null
SELECT gdpr.register_subject('many', 'many') \g /dev/null
SELECT is((gdpr_internal.current_plan('many')).body->'steps'->0->'small', 'null', 'and no others');

-- Room: statistics may be missing, or be those of an empty table.
CREATE TABLE crowd (id int PRIMARY KEY, v two_letters NOT NULL UNIQUE);
ANALYZE crowd;
INSERT INTO crowd SELECT i, chr(65 + i / 26) || chr(65 + i % 26) FROM generate_series(0, 337) AS i;
SELECT gdpr.classify('crowd', 'v', 'country') \g /dev/null
SELECT gdpr.register_subject('crowd', 'crowd') \g /dev/null
SELECT is_empty($$SELECT finding FROM gdpr.preflight('crowd') WHERE severity = 'error'$$, 'half of all surrogates may be taken');
INSERT INTO crowd SELECT i, chr(65 + i / 26) || chr(65 + i % 26) FROM generate_series(338, 340) AS i;
SELECT results_eq($$SELECT column_name FROM gdpr.preflight('crowd') WHERE severity = 'error'$$, $$VALUES ('v'::name)$$, 'more may not');
SELECT * FROM finish();
