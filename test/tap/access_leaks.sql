-- SPDX-License-Identifier: PostgreSQL
-- Filters that tell of rows which do not pass. Law: who can see more than the rows that passed is recorded as having
-- reached all of them; who cannot is recorded with these and no other.
SET client_min_messages = error;
SELECT plan(24);
SELECT gdpr.create_key() \g /dev/null
CREATE TABLE person (id int PRIMARY KEY, name text, mood text);
INSERT INTO person SELECT n, 'n' || n FROM generate_series(1, 20) AS n;
ANALYZE person;
SELECT gdpr.register_subject('person', 'person') \g /dev/null
SELECT gdpr.audit('person') \g /dev/null
CREATE TABLE note (id int PRIMARY KEY, body text);
INSERT INTO note SELECT n, repeat('n', n) FROM generate_series(1, 20) AS n;
CREATE FUNCTION owners(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN length($1); END';
CREATE INDEX ON note (owners(body));
ANALYZE note;
SELECT gdpr.register_subject('note', 'note') \g /dev/null
SELECT gdpr.audit('note') \g /dev/null
CREATE FUNCTION tenant() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 5; END';
CREATE DOMAIN plain AS text;
CREATE TYPE mood AS ENUM ('good');
SELECT 'CREATE ROLE leaks_reader' WHERE to_regrole('leaks_reader') IS NULL \gexec
GRANT SELECT ON person, note TO leaks_reader;
SET ROLE leaks_reader;
CREATE FUNCTION pg_temp.shout(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE FUNCTION pg_temp.shout() RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN true; END';
CREATE FUNCTION pg_temp.part(text, text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN $2; END';
CREATE AGGREGATE pg_temp.parts(text) (sfunc = pg_temp.part, stype = text);
CREATE DOMAIN pg_temp.checked AS text CHECK (pg_temp.shout(VALUE));
CREATE TYPE pg_temp.pair AS (a pg_temp.checked);
CREATE TYPE pg_temp.word AS ENUM ('n1');
RESET ROLE;
CREATE TABLE told (n int, query text, what text);
INSERT INTO told VALUES
  (1, $$SELECT 1 FROM person WHERE pg_temp.shout(name) IS NULL$$, 'a function of the user'),
  (2, $$SELECT 2 FROM person WHERE name::pg_temp.checked IS NULL$$, 'the check of a domain'),
  (3, $$SELECT 3 FROM person WHERE ('(' || name || ')')::pg_temp.pair IS NULL AND id < 0$$, 'the check of a domain within a row'),
  (4, $$SELECT 4 FROM person WHERE jsonb_populate_record(NULL::pg_temp.pair, jsonb_build_object('a', name)) IS NULL AND id < 0$$, 'or within JSON'),
  (5, $$SELECT 5 FROM person WHERE id = 5 AND CASE WHEN name = 'x' THEN set_config('my.found', 'x', false) IS NULL ELSE false END$$, 'a setting for some rows'),
  (6, $$SELECT 6 FROM person WHERE CASE WHEN name = 'x' THEN 'x'::pg_temp.checked IS NULL ELSE false END$$, 'a check for some rows'),
  (7, $$SELECT 7 FROM person WHERE CASE WHEN name = 'x' THEN pg_temp.shout() ELSE false END$$, 'a call for some rows'),
  (8, $$SELECT 8 FROM person WHERE CASE WHEN name = 'x' THEN (SELECT set_config('my.found', 'x', false) IS NULL) ELSE false END$$, 'a subquery that runs for some rows'),
  (9, $$SELECT 9 FROM person WHERE (SELECT pg_temp.parts(x) FROM (SELECT name AS x OFFSET 0) AS s) = 'x'$$, 'an aggregate of the user'),
  (10, $$SELECT 10 FROM person WHERE to_json(CASE WHEN name = 'x' THEN 'n1'::pg_temp.word END) IS NULL AND mood = 'x'$$, 'what a cast makes JSON of'),
  (11, $$EXPLAIN ANALYZE SELECT 11 FROM person WHERE id = 6 AND name LIKE 'x%'$$, 'how many rows a filter dropped'),
  (12, $$SELECT 12 FROM person WHERE id = 5 AND pg_notify('x', name) IS NULL$$, 'a message'),
  (13, $$SELECT 13 FROM person WHERE CASE WHEN name = 'x' THEN table_to_xml('pg_class', true, true, '') IS NULL ELSE false END$$, 'a view that is read for some rows'),
  (14, $$SELECT 14 FROM person WHERE id < 0 AND array_in(('{' || name || '}')::cstring, 'pg_temp.checked'::regtype::oid, -1) IS NULL$$, 'a domain by its number'),
  (15, $$SELECT 15 FROM note WHERE owners(body) IN (7, 8)$$, 'an index that asks again');
CREATE TABLE exact (n int, query text, keys text[], what text);
INSERT INTO exact VALUES
  (101, $$SELECT 101 FROM person WHERE id = 5 AND name = 'n5'$$, '{5}', 'a filter'),
  (102, $$SELECT 102 FROM person WHERE id + 0 = tenant()$$, '{5}', 'a superuser''s function that is given nothing'),
  (103, $$SELECT 103 FROM person WHERE name < clock_timestamp()::text AND random() < 0 OR id = 7$$, '{7}', 'the clock'),
  (104, $$SELECT 104 FROM person WHERE id = 5 AND name::plain = 'n5'$$, '{5}', 'a domain without a check'),
  (105, $$SELECT 105 FROM person WHERE id = 5 AND name = (SELECT max(name) FROM person WHERE id = 5)$$, '{5}', 'a subquery'),
  (106, $$SELECT 106 FROM person WHERE id = 5 AND to_json(name)::text LIKE '%5%' AND (mood::mood = 'good' OR mood IS NULL)$$, '{5}', 'JSON and enums'),
  (107, $$SELECT 107, (SELECT pg_temp.shout(name)) FROM person WHERE id = 5 AND name LIKE 'n%'$$, '{5}', 'a function that is shown rows that passed'),
  (109, $$SELECT 109 FROM person WHERE id = 5 AND NOT gdpr.is_frozen('person', id::text)$$, '{5}', 'a function of ours'),
  (108, $$EXPLAIN SELECT 108 FROM person WHERE name = 'n5'$$, NULL, 'a plan');
GRANT SELECT ON told, exact TO leaks_reader;
SELECT gdpr.grant_bundle('reader', 'leaks_reader') \g /dev/null
GRANT USAGE ON SCHEMA gdpr TO leaks_reader;
SET ROLE leaks_reader;
SET enable_seqscan = off;
SET enable_indexscan = off;
\o /dev/null
SELECT query FROM told ORDER BY n \gexec
SELECT query FROM exact ORDER BY n \gexec
\o
RESET ROLE;
SELECT gdpr.drain_access() \g /dev/null
CREATE VIEW reached AS SELECT query, array_agg(DISTINCT scope) AS scopes, array_agg(DISTINCT subject_key) AS keys FROM gdpr.access_log
  WHERE session_role = current_user AND role = 'leaks_reader' GROUP BY query;
SELECT ok(EXISTS (SELECT FROM reached AS r WHERE r.query = gdpr.query_digest(t.query) AND r.scopes && '{all,unknown}'), t.what || ' reaches all')
  FROM told AS t ORDER BY t.n;
SELECT is((SELECT r.keys FROM reached AS r WHERE r.query = gdpr.query_digest(e.query)), e.keys, e.what || ' reaches whom it finds')
  FROM exact AS e ORDER BY e.n;
SELECT * FROM finish();
