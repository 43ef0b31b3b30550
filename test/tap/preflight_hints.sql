-- SPDX-License-Identifier: PostgreSQL
-- Law: a hint that is a statement can be run as it stands, and its finding is gone afterwards.
SELECT plan(5);
SET client_min_messages = error;
DROP ROLE IF EXISTS hint_owner, hint_viewer;
CREATE ROLE hint_owner;
CREATE ROLE hint_viewer;
CREATE SCHEMA "Hint Schema";
GRANT CREATE ON SCHEMA "Hint Schema" TO hint_owner, hint_viewer;
SET search_path = "Hint Schema", public;
CREATE TABLE "Person" (id int PRIMARY KEY, "Mail" varchar(40) UNIQUE, name text, "note's" text,
  number int GENERATED ALWAYS AS IDENTITY, short smallint UNIQUE);
CREATE TABLE "Order" (id int PRIMARY KEY, "Person" int REFERENCES "Person", gone text);
CREATE TABLE line (id int PRIMARY KEY, "Order" int REFERENCES "Order" ON DELETE RESTRICT);
CREATE TABLE inbox (id int PRIMARY KEY, "Mail" varchar(40) CONSTRAINT "In Box" REFERENCES "Person" ("Mail") ON DELETE CASCADE DEFERRABLE);
CREATE TABLE loose (mail varchar(40), city text);
CREATE TABLE optional (id int PRIMARY KEY, person int REFERENCES "Person");
INSERT INTO "Person" (id, "Mail", name, short) SELECT i, i || '@example.org', 'Ann', i FROM generate_series(1, 300) AS i;
INSERT INTO "Order" SELECT i, i, 'x' FROM generate_series(1, 300) AS i;
INSERT INTO inbox SELECT i, i || '@example.org' FROM generate_series(1, 300) AS i;
ANALYZE "Person";
SELECT gdpr.classify(r, c, k) FROM (VALUES ('"Person"'::regclass, 'Mail', 'email'), ('"Person"', 'name', 'full_name'),
  ('"Person"', 'number', 'account_number'), ('"Person"', 'short', 'external_id')) AS v (r, c, k) \g /dev/null
SELECT gdpr.register_subject('person', '"Person"') \g /dev/null
SELECT gdpr.add_link('person', '"Order"', '{Person}', on_erase => 'delete') \g /dev/null
SELECT gdpr.add_link('person', 'loose', '{mail}', parent_columns => '{Mail}') \g /dev/null
SELECT gdpr.add_link('person', 'optional', '{person}', on_erase => 'unlink') \g /dev/null
ALTER TABLE optional ALTER person SET NOT NULL;
CREATE VIEW "Open" AS SELECT "Person" FROM "Order";
ALTER VIEW "Open" OWNER TO hint_viewer;
SELECT gdpr.add_blocker('person', 'open', '"Open"', 'Person') \g /dev/null
CREATE PUBLICATION hint FOR TABLE loose;
CREATE RULE "Not" AS ON UPDATE TO loose DO INSTEAD NOTHING;
ALTER TABLE loose OWNER TO hint_owner;
REVOKE SELECT, UPDATE ON loose FROM hint_owner;
CREATE FUNCTION checked(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
REVOKE EXECUTE ON FUNCTION checked FROM PUBLIC;
ALTER TABLE loose ADD CHECK ("Hint Schema".checked(city));
CREATE MATERIALIZED VIEW names AS SELECT name FROM "Person";

-- One statement out of each hint: up to its first semicolon.
CREATE TABLE public.said AS
  SELECT row_number() OVER () AS n, p.*, substring(p.hint from '^(?:ALTER|GRANT|CREATE|SELECT|REFRESH)[^;]*;') AS statement
  FROM gdpr.preflight('person') AS p;
SELECT ok((SELECT count(*) FILTER (WHERE severity = 'error') >= 10 AND count(*) FILTER (WHERE severity = 'warning') >= 5 FROM public.said),
  'there is enough to say');
SELECT is_empty($$SELECT finding FROM public.said WHERE coalesce(hint, '') = ''$$, 'every finding has a hint');
SELECT is_empty($$SELECT finding, hint FROM public.said WHERE severity = 'error' AND statement IS NULL$$, 'errors come with a statement');
\set ON_ERROR_STOP 1
\o /dev/null
SELECT DISTINCT statement FROM public.said WHERE severity <> 'info' AND statement IS NOT NULL \gexec
\o
-- linked tables bring findings of their own
SELECT set_eq($$SELECT DISTINCT relation::text, column_name::text FROM gdpr.preflight('person') WHERE severity = 'error'$$,
  $$VALUES ('x', 'x') LIMIT 0$$, 'once the hints have run, no error is left');
SELECT is_empty($$SELECT p.finding FROM gdpr.preflight('person') AS p WHERE severity = 'warning' AND finding !~ 'materialized view|random bits'$$,
  'and no warning but that of the materialized view, which needs its refresh after each run');
SELECT * FROM finish();
