-- SPDX-License-Identifier: PostgreSQL
-- Law: what preflight lets through, an erasure does; what preflight refuses, an erasure refuses.
SELECT plan(4);
CREATE SCHEMA proof;
SET search_path = proof, public;
CREATE DOMAIN mail_address AS citext NOT NULL CHECK (VALUE ~ '@');
CREATE DOMAIN two_letters AS char(2) CHECK (VALUE = upper(VALUE));
CREATE DOMAIN word_list AS text[] CHECK (cardinality(VALUE) < 3);
CREATE TYPE mood AS ENUM ('sad', 'glad', 'unknown');
CREATE TABLE country (code char(2) PRIMARY KEY);
INSERT INTO country VALUES ('GR'), ('CY');

CREATE TABLE form (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, definition text, kind text, one text, two text, fits boolean,
                   refused text, erased boolean, sqlstate text);
INSERT INTO form (definition, kind, one, two, fits) VALUES
  ('text', 'full_name', 'Ann', 'Bob', true),
  ('text NOT NULL', 'full_name', 'Ann', 'Bob', true),
  ('text UNIQUE', 'email', 'a@b.fr', 'c@d.fr', true),
  ('text UNIQUE NOT NULL', 'username', 'ann', 'bob', true),
  ('varchar(3)', 'first_name', 'Ann', 'Bob', true),
  ('varchar(3) UNIQUE', 'first_name', 'Ann', 'Bob', true),
  ('varchar(30) UNIQUE CHECK (v ~ ''@'')', 'email', 'a@b.fr', 'c@d.fr', true),
  ('char(2) REFERENCES country', 'country', 'GR', 'CY', true),
  ('char(2) NOT NULL REFERENCES country', 'country', 'GR', 'CY', false),
  ('citext UNIQUE', 'email', 'a@b.fr', 'c@d.fr', true),
  ('name NOT NULL', 'username', 'ann', 'bob', true),
  ('text CHECK (v ~ ''@'')', 'email', 'a@b.fr', 'c@d.fr', true),
  ('text NOT NULL CHECK (v = lower(v))', 'username', 'ann', 'bob', true),
  ('text NOT NULL CHECK (v = upper(v))', 'last_name', 'ANN', 'BOB', true),
  ('text NOT NULL CHECK (v ~ ''^\d+$'')', 'phone', '0101', '0202', true),
  ('text NOT NULL CHECK (v ~ ''^\+\d{6,}$'')', 'phone', '+3010101', '+3020202', true),
  ('text CHECK (v IN (''A'', ''B''))', 'title', 'A', 'B', true),
  ('text NOT NULL CHECK (v IN (''A'', ''B''))', 'title', 'A', 'B', false),
  ('text NOT NULL CHECK (length(v) > 400)', 'free_text', repeat('a', 401), repeat('b', 401), false),
  ('mail_address', 'email', 'a@b.fr', 'c@d.fr', true),
  ('two_letters', 'country', 'GR', 'CY', true),
  -- no surrogate is equal to these: those are two letters
  ('two_letters NOT NULL UNIQUE', 'country', 'G1', 'C2', true),
  ('int', 'salary', '17', '18', true),
  ('int NOT NULL CHECK (v > 0)', 'salary', '17', '18', true),
  ('int UNIQUE NOT NULL', 'external_id', '17', '18', true),
  ('smallint UNIQUE', 'external_id', '17', '18', true),
  ('bigint UNIQUE NOT NULL', 'external_id', '17', '18', true),
  ('bigint UNIQUE NOT NULL CHECK (v BETWEEN 1 AND 20)', 'external_id', '17', '18', false),
  ('numeric(4,2)', 'salary', '17.5', '18.5', true),
  ('numeric(6,0) UNIQUE NOT NULL', 'external_id', '170000', '180000', true),
  ('real NOT NULL', 'salary', '17.5', '18.5', true),
  ('date', 'birth_date', '1980-02-03', '1981-02-03', true),
  ('date NOT NULL CHECK (v > ''1900-01-01'')', 'birth_date', '1980-02-03', '1981-02-03', true),
  ('date UNIQUE', 'birth_date', '1980-02-03', '1981-02-03', true),
  ('timestamptz NOT NULL CHECK (v >= ''2000-01-01'')', 'birth_date', '2001-02-03', '2002-02-03', true),
  ('time NOT NULL', 'birth_date', '10:11', '11:12', true),
  ('interval NOT NULL', 'age', '10 years', '11 years', true),
  ('boolean NOT NULL', 'gender', 'true', 'true', true),
  ('boolean UNIQUE', 'gender', 'true', 'false', true),
  ('mood NOT NULL', 'marital_status', 'glad', 'sad', true),
  ('inet NOT NULL', 'ip', '192.0.2.7', '192.0.2.8', true),
  ('cidr NOT NULL', 'ip', '192.0.2.0/24', '192.0.3.0/24', true),
  ('macaddr NOT NULL', 'mac', '08:00:2b:01:02:03', '08:00:2b:01:02:04', true),
  ('uuid UNIQUE NOT NULL', 'device_id', '6f0a3c5e-0d5c-4d1e-9f57-1f0f5a2b7c11', '6f0a3c5e-0d5c-4d1e-9f57-1f0f5a2b7c12', true),
  ('bytea NOT NULL', 'photo', '\x0102', '\x0304', true),
  ('json', 'profile_json', '{"name": "Ann"}', '{"name": "Bob"}', true),
  ('jsonb NOT NULL CHECK (v ? ''name'')', 'profile_json', '{"name": "Ann"}', '{"name": "Bob"}', true),
  ('jsonb NOT NULL CHECK (v ->> ''name'' IN (''Ann'', ''Bob''))', 'profile_json', '{"name": "Ann"}', '{"name": "Bob"}', true),
  ('jsonb NOT NULL CHECK (coalesce(v ->> ''name'', '''') IN (''Ann'', ''Bob''))', 'profile_json', '{"name": "Ann"}', '{"name": "Bob"}', false),
  ('xml', 'profile_xml', '<p name="Ann"/>', '<p name="Bob"/>', true),
  ('tsvector NOT NULL', 'search_copy', 'ann', 'bob', true),
  ('point NOT NULL', 'geo', '(1,2)', '(3,4)', true),
  ('text[] NOT NULL', 'first_name', '{Ann,Lou}', '{Bob}', true),
  ('word_list', 'first_name', '{Ann,Lou}', '{Bob}', true),
  ('varchar(5)[]', 'first_name', '{Ann,Lou}', '{Bob}', true),
  ('int4range', 'age', '[1,2)', '[3,4)', true),
  ('int4range NOT NULL', 'age', '[1,2)', '[3,4)', false);

-- Every form in a table of its own; the second person shows that two surrogates stay apart.
CREATE PROCEDURE run_forms() LANGUAGE plpgsql AS $$
DECLARE
  f form;
  name text;
  before text[];
  after text[];
BEGIN
  FOR f IN SELECT * FROM form ORDER BY n LOOP
    name := format('proof.form_%s', f.n);
    EXECUTE format('CREATE TABLE %s (id int PRIMARY KEY, v %s)', name, f.definition);
    EXECUTE format('INSERT INTO %s VALUES (1, %L), (2, %L)', name, f.one, f.two);
    PERFORM gdpr.classify(name::regclass, 'v', f.kind);
    PERFORM gdpr.register_subject('form_' || f.n, name::regclass);
    f.refused := (SELECT string_agg(p.finding, '; ') FROM gdpr.preflight('form_' || f.n) AS p WHERE p.severity = 'error');
    EXECUTE format('SELECT array_agg(v::text ORDER BY id) FROM %s', name) INTO before;
    BEGIN
      PERFORM gdpr.anonymize_subjects('form_' || f.n, '{1,2}', 'left');
      EXECUTE format('SELECT array_agg(v::text ORDER BY id) FROM %s', name) INTO after;
      f.erased := NOT EXISTS (SELECT FROM unnest(before, after) AS u (b, a) WHERE b = a);
    EXCEPTION WHEN OTHERS THEN
      f.sqlstate := SQLSTATE;
      f.erased := false;
    END;
    UPDATE form SET refused = f.refused, erased = f.erased, sqlstate = f.sqlstate WHERE n = f.n;
  END LOOP;
END $$;
SET client_min_messages = error;
CALL run_forms();

SELECT is_empty($$SELECT definition, fits, refused FROM form WHERE fits <> (refused IS NULL) ORDER BY n$$,
  'preflight lets through what fits and refuses the rest');
SELECT is_empty($$SELECT definition, sqlstate, erased FROM form WHERE refused IS NULL AND NOT erased ORDER BY n$$,
  'what preflight lets through is erased, and nothing of it stays');
SELECT is_empty($$SELECT definition, sqlstate FROM form WHERE refused IS NOT NULL AND sqlstate IS NULL ORDER BY n$$,
  'what preflight refuses is not erased by halves');
SELECT bag_eq($$SELECT DISTINCT sqlstate FROM form WHERE sqlstate IS NOT NULL$$, ARRAY['PD005', '0A000'],
  'the refusal has the SQLSTATE that preflight foresaw');
SELECT * FROM finish();
