-- SPDX-License-Identifier: PostgreSQL
-- INSERT … ON CONFLICT DO UPDATE reads the row that is there. Law: it is recorded, also where a partition is audited and
-- what it is inserted into is not.
SET client_min_messages = error;
SELECT plan(7);
SELECT gdpr.create_key() \g /dev/null
CREATE TABLE above (id int, name text, n int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE between PARTITION OF above FOR VALUES FROM (0) TO (1000) PARTITION BY RANGE (id);
CREATE TABLE leaf (n int, gone text, name text, id int PRIMARY KEY);
ALTER TABLE leaf DROP COLUMN gone;
SELECT gdpr.register_subject('person', 'leaf') \g /dev/null
SELECT gdpr.audit('leaf') \g /dev/null
ALTER TABLE leaf ADD CHECK (id >= 0 AND id < 100);
ALTER TABLE between ATTACH PARTITION leaf FOR VALUES FROM (0) TO (100);
CREATE TABLE other PARTITION OF above FOR VALUES FROM (1000) TO (2000);
INSERT INTO above SELECT n, 'n' || n, 0 FROM generate_series(1, 5) AS n;
CREATE TABLE seen (statement bigint);
-- What came since the last look
CREATE FUNCTION look() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  reached text;
BEGIN
  PERFORM gdpr.drain_access();
  SELECT string_agg(concat_ws(' ', relation, scope, command, columns::text), ', ' ORDER BY relation) INTO reached FROM gdpr.access_log
    WHERE statement > (SELECT coalesce(max(s.statement), 0) FROM seen AS s) AND relation LIKE 'public.%';
  INSERT INTO seen SELECT max(statement) FROM gdpr.access_log;
  RETURN reached;
END $$;
SELECT look() \g /dev/null
INSERT INTO above VALUES (3, 'x', 1) ON CONFLICT (id) DO UPDATE SET n = 1 RETURNING name \g /dev/null
SELECT is(look(), 'public.leaf unknown insert {name,id}', 'the row of a partition is read');
INSERT INTO above VALUES (3, 'x', 1) ON CONFLICT (id) DO UPDATE SET n = 1 WHERE above.name = 'zz' \g /dev/null
SELECT is(look(), 'public.leaf unknown insert {name,id}', 'also where nothing changes');
WITH w AS (INSERT INTO above VALUES (3, 'x', 1) ON CONFLICT (id) DO UPDATE SET n = 1 RETURNING name) SELECT count(*) FROM w \g /dev/null
SELECT is(look(), 'public.leaf unknown select {name,id}', 'in a WITH query');
INSERT INTO leaf (id, name) VALUES (3, 'x') ON CONFLICT (id) DO UPDATE SET n = 1 \g /dev/null
SELECT is(look(), 'public.leaf unknown insert {id}', 'or by itself');
INSERT INTO above VALUES (4, 'x', 1) ON CONFLICT (id) DO NOTHING \g /dev/null
SELECT is(look(), NULL, 'DO NOTHING reads nobody''s row');
INSERT INTO above VALUES (6, 'x', 1) \g /dev/null
INSERT INTO other VALUES (1006, 'x', 1) ON CONFLICT (id) DO UPDATE SET n = 1 \g /dev/null
SELECT is(look(), NULL, 'nor does an INSERT alone, or one into a partition that is not audited');
SELECT gdpr.unaudit('leaf') \g /dev/null
SELECT look() \g /dev/null
INSERT INTO above VALUES (3, 'x', 1) ON CONFLICT (id) DO UPDATE SET n = 1 \g /dev/null
SELECT is(look(), NULL, 'and what is not audited is not recorded');
SELECT * FROM finish();
