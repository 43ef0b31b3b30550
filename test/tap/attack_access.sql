-- SPDX-License-Identifier: PostgreSQL
-- Who owns an audited table, or may only read it, tries to read unseen, or to keep others' reads from being recorded.
-- Law: there is a record, whatever is rolled back; and no value and no code of theirs stops the drain.
SET client_min_messages = error;
SELECT plan(19);
SELECT gdpr.create_key() \g /dev/null
\o /dev/null
SELECT 'CREATE ROLE attack_keeper' WHERE to_regrole('attack_keeper') IS NULL \gexec
CREATE SCHEMA k AUTHORIZATION attack_keeper;
SET ROLE attack_keeper;
CREATE TABLE k.client (id int PRIMARY KEY, name text);
INSERT INTO k.client SELECT n, 'n' || n FROM generate_series(1, 6) AS n;
CREATE TABLE k.below () INHERITS (k.client);
INSERT INTO k.below VALUES (66, 'x');
CREATE TYPE k.mood AS ENUM ('good', 'bad');
CREATE TYPE k.shape AS (client_id int, mood k.mood);
CREATE TABLE k.typed OF k.shape;
INSERT INTO k.typed VALUES (1, 'good'), (2, 'bad');
CREATE TABLE k.leaf (id int PRIMARY KEY, name text);
INSERT INTO k.leaf SELECT n, 'leaf' || n FROM generate_series(1, 3) AS n;
CREATE TABLE k.part (id int, client_id int) PARTITION BY RANGE (id);
CREATE TABLE k.part_1 PARTITION OF k.part FOR VALUES FROM (0) TO (10);
INSERT INTO k.part VALUES (1, 1), (2, 2);
-- A parent on the way to people, and what its owner can make the server call whenever it plans a look at it
CREATE TABLE k.account (id int PRIMARY KEY, client_id int);
INSERT INTO k.account SELECT n, n FROM generate_series(1, 6) AS n;
CREATE TABLE k.bill (id int, account_id int);
INSERT INTO k.bill SELECT n, n FROM generate_series(1, 6) AS n;
CREATE TABLE k.loot (name text);
CREATE FUNCTION k.steal() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO k.loot SELECT name FROM k.client; RETURN 1; END $$;
CREATE FUNCTION k.folded(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('my.off', true) = 'on' THEN RETURN 1; END IF;
  RETURN k.steal();
END $$;
SET my.off = 'on';
CREATE INDEX ON k.account ((id + k.folded(1)));
RESET my.off;
-- Keys that are texts, one of them longer than an index takes
CREATE TABLE k.guest (email text PRIMARY KEY);
INSERT INTO k.guest VALUES ('a@example.org');
CREATE TABLE k.visit (id int, email text);
INSERT INTO k.visit VALUES (1, 'a@example.org');
INSERT INTO k.visit SELECT 2, string_agg(md5(n::text), '') FROM generate_series(1, 200) AS n;
RESET ROLE;
SELECT gdpr.register_subject('client', 'k.client'), gdpr.register_subject('guest', 'k.guest');
SELECT gdpr.add_link('client', 'k.typed', '{client_id}'), gdpr.add_link('client', 'k.leaf', '{id}'), gdpr.add_link('client', 'k.part', '{client_id}'),
  gdpr.add_link('client', 'k.account', '{client_id}'), gdpr.add_link('client', 'k.bill', '{account_id}', 'k.account', '{id}'),
  gdpr.add_link('guest', 'k.visit', '{email}');
SELECT gdpr.audit(('k.' || t)::regclass) FROM unnest('{client,typed,leaf,part,bill,guest,visit}'::text[]) AS t;
SELECT gdpr.drain_access();
-- What the log has under a name: relations, and whom or how much of them.
CREATE FUNCTION reached(tag text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM gdpr.drain_access();
  RETURN coalesce((SELECT string_agg(DISTINCT split_part(l.relation, '.', 2) || ' ' || coalesce(l.subject_key, l.scope), ', '
      ORDER BY split_part(l.relation, '.', 2) || ' ' || coalesce(l.subject_key, l.scope))
    FROM gdpr.access_log AS l WHERE l.app_user = tag), 'nothing');
END $$;
\o

-- Every trace of it is rolled back, but for the record
CREATE TABLE undone (n int GENERATED ALWAYS AS IDENTITY, command text, relation text, seen text, what text);
INSERT INTO undone (command, relation, seen, what) VALUES
  ('SELECT gdpr.unaudit(''k.client'')', 'k.client', 'client all', 'the_audit_ended'),
  ('SELECT gdpr.audit(''k.client'', reads => false)', 'k.client', 'client all', 'the_audit_of_reads_ended'),
  ('SELECT gdpr.unregister_subject(''client'')', 'k.client', 'client all', 'people_who_are_nobody'),
  ('SELECT gdpr.drop_link(''client'', ''k.leaf'', ''{id}'')', 'k.leaf', 'leaf all', 'a_link_dropped'),
  ('ALTER TABLE k.below NO INHERIT k.client', 'k.below', 'below all', 'a_child_let_go'),
  ('ALTER TABLE k.part DETACH PARTITION k.part_1', 'k.part_1', 'part_1 all', 'a_partition_let_go');
GRANT SELECT ON undone TO attack_keeper;
SET ROLE attack_keeper;
\o /dev/null
SELECT format('BEGIN; SET LOCAL gdpr.app_user = ''undone %s''; %s; SELECT * FROM %s; ROLLBACK', n, command, relation) FROM undone ORDER BY n \gexec
\o
RESET ROLE;
SELECT ok(reached('undone ' || n) LIKE '%' || seen || '%', what || '_and_rolled_back_is_on_record') FROM undone ORDER BY n;

-- Rows are shown where no scan is, and where the table is no longer what it was
CREATE TABLE shown (n int GENERATED ALWAYS AS IDENTITY, command text, seen text, what text);
INSERT INTO shown (command, seen, what) VALUES
  ('ALTER TABLE k.below NO INHERIT k.client, ADD COLUMN y int DEFAULT k.look()', 'below all', 'a_child_that_is_let_go_and_rewritten'),
  ('ALTER TYPE k.shape ALTER ATTRIBUTE mood TYPE text CASCADE', 'typed all', 'a_type_that_tables_have'),
  ('INSERT INTO k.above SELECT n, ''x'' FROM generate_series(1, 3) AS n ON CONFLICT (id) DO UPDATE SET name = k.above.name RETURNING id', 'leaf unknown',
   'a_conflict_below_a_parent_that_nobody_audits'),
  ('SELECT * FROM k.above', 'leaf 1, leaf 2, leaf 3', 'a_parent_that_nobody_audits');
GRANT SELECT ON shown TO attack_keeper;
SET ROLE attack_keeper;
CREATE FUNCTION k.look() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM name FROM k.below; RETURN 1; END $$;
CREATE FUNCTION k.look(k.mood) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 'x'; END $$;
CREATE CAST (k.mood AS text) WITH FUNCTION k.look(k.mood) AS ASSIGNMENT;
CREATE TABLE k.above (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
ALTER TABLE k.above ATTACH PARTITION k.leaf FOR VALUES FROM (0) TO (100);
\o /dev/null
SELECT format('BEGIN; SET LOCAL gdpr.app_user = ''shown %s''; %s; ROLLBACK', n, command) FROM shown ORDER BY n \gexec
\o
RESET ROLE;
SELECT ok(reached('shown ' || n) LIKE '%' || seen || '%', what || '_is_on_record') FROM shown ORDER BY n;

-- A value that no index takes
SET ROLE attack_keeper;
SET gdpr.app_user = 'long';
SELECT is((SELECT count(email) FROM k.visit), 2::bigint, 'rows are there');
SET gdpr.app_user = 'after';
SELECT is((SELECT name FROM k.client WHERE id = 3), 'n3', 'another row');
RESET ROLE;
RESET gdpr.app_user;
SELECT lives_ok('SELECT gdpr.drain_access()', 'a_key_that_no_index_takes_does_not_stop_the_drain');
SELECT ok(reached('long') LIKE '%visit unknown%', 'whose_key_is_too_long_is_unknown');
SELECT is(reached('after'), 'client 3', 'and_what_comes_after_it_is_drained');

-- Code of an owner, on the way to people
SET ROLE attack_keeper;
SET gdpr.app_user = 'folded';
SELECT is((SELECT count(*) FROM k.bill), 6::bigint, 'bills are there');
RESET ROLE;
RESET gdpr.app_user;
SELECT gdpr.drain_access() \g /dev/null
SELECT is(reached('folded'), 'bill unknown', 'a_way_that_would_run_code_of_users_is_not_followed');
SELECT is((SELECT count(*) FROM k.loot), 0::bigint, 'and_the_code_did_not_run');
SELECT ok((SELECT damaged = 0 AND dropped = 0 AND missing = 0 FROM gdpr.unaudited()), 'nothing is lost in all this');
SELECT * FROM finish();
