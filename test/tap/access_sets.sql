-- SPDX-License-Identifier: PostgreSQL
-- Sets of people in the record of reads. Law: whoever is in a set is found, by index as by looking into every one;
-- and what is found is in it.
SET client_min_messages = error;
SELECT plan(17);
SET search_path = public, gdpr_internal;
SELECT is(set_of('{5,3,3,4,100}'), '\x04060101bc01', 'a set is sorted differences, each person once');
SELECT is(set_of('{}'), '\x00', 'of nobody: one byte');
SELECT results_eq($$SELECT * FROM set_members(set_of('{5,-7,9223372036854775807,5,-9223372036854775808,0}'))$$,
  $$VALUES (-9223372036854775808), (-7), (0), (5), (9223372036854775807)$$, 'members come back in order');
SELECT is_empty($$SELECT * FROM set_members(set_of('{}'))$$, 'of nobody: none');
SELECT is(set_size(set_of('{5,3,3}')), 2::bigint, 'its size counts each once');
SELECT cmp_ok(length(set_of(ARRAY(SELECT 10 * n FROM generate_series(1, 10000) AS n))), '<', 20000, 'dense people take two bytes each at most');
SELECT cmp_ok(length(set_of(ARRAY(SELECT n FROM generate_series(1, 100000) AS n))), '<', 20, 'neighbours next to nothing');

CREATE FUNCTION any_number(seed bigint) RETURNS bigint LANGUAGE sql AS 'SELECT hashint8extended(seed, 0) & 1048575';
-- Sets as reads make them: one person, some, a page of neighbours, many all over
CREATE TABLE reads AS SELECT n AS id, set_of(CASE n % 5
    WHEN 0 THEN ARRAY[any_number(n) % 20000] WHEN 1 THEN ARRAY(SELECT any_number(n * 100 + m) % 20000 FROM generate_series(1, 20) AS m)
    WHEN 2 THEN ARRAY(SELECT any_number(n) % 20000 + m FROM generate_series(1, 700) AS m)
    WHEN 3 THEN ARRAY(SELECT any_number(n * 1000 + m) % 20000 - 10000 FROM generate_series(1, 2000) AS m) END) AS people
  FROM generate_series(1, 2000) AS n;
CREATE INDEX ON reads USING gin (people person_set_ops) WHERE people IS NOT NULL;
ANALYZE reads;
CREATE FUNCTION by_index(person bigint) RETURNS SETOF int LANGUAGE sql SET enable_seqscan = off
  AS 'SELECT id FROM reads WHERE people OPERATOR(gdpr_internal.@>) person ORDER BY 1';
CREATE TABLE members AS SELECT r.id, m AS person FROM reads AS r, set_members(r.people) AS m;
CREATE INDEX ON members (person);
CREATE FUNCTION by_members(person bigint) RETURNS SETOF int LANGUAGE sql
  AS 'SELECT m.id FROM members AS m WHERE m.person = $1 ORDER BY 1';
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || query; END$$;
CREATE TABLE asked AS SELECT n * 577 - 10500 AS person FROM generate_series(0, 60) AS n;
SET enable_seqscan = off;
SELECT matches((SELECT string_agg(line, ' ') FROM plan_of('SELECT FROM reads WHERE people OPERATOR(gdpr_internal.@>) 7') AS line), 'Bitmap Index Scan', 'a person is looked for by index');
RESET enable_seqscan;
SELECT cmp_ok((SELECT count(*) FROM asked, by_members(person)), '>', 1000::bigint, 'of many reads');
SELECT results_eq('SELECT person, by_index(person) FROM asked ORDER BY 1, 2', 'SELECT person, by_members(person) FROM asked ORDER BY 1, 2', 'the index finds all and no other');
SELECT is((SELECT count(*) FROM reads, asked WHERE set_holds(people, person)), (SELECT count(*) FROM asked, by_members(person)), 'as does looking into each');
SELECT is((SELECT count(*) FROM reads, asked WHERE people IS NULL AND set_holds(people, person)), 0::bigint, 'no set holds nobody');
INSERT INTO reads VALUES (0, set_of('{}')), (0, set_of('{12345}'));
SELECT is((SELECT count(*) FROM by_index(12345) AS id WHERE id = 0), 1::bigint, 'and what comes later is found, too');

-- Nobody is left out without a word
SELECT throws_ok($$SELECT set_of('{5,NULL}')$$, '22004', NULL, 'NULL is nobody');
SELECT throws_ok($$INSERT INTO reads VALUES (1, '\x0102ff')$$, '22P03', NULL, 'bytes that are no set are not indexed');
SELECT throws_ok($$SELECT set_holds('\x020e', 7)$$, '22P03', NULL, 'nor looked into');

SELECT is(gdpr.query_digest('SELECT name FROM person WHERE id = 5 -- Ann'), gdpr.query_digest('select name from person where id = $1;'),
  'a query and what pg_stat_statements shows of it have one digest');
SELECT * FROM finish();
