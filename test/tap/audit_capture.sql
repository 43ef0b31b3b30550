-- SPDX-License-Identifier: PostgreSQL
-- What the audit triggers write, where the comparison with logical decoding (test/audit/as_decoded) does not look: what is
-- never fetched or written, texts that are the same in every session, and what happens where something is missing.
SET client_min_messages = error;
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'capture_owner') THEN CREATE ROLE capture_owner NOLOGIN; END IF;
END $$;
SELECT plan(30);
SELECT gdpr.create_key() \g /dev/null
CREATE SCHEMA cap AUTHORIZATION capture_owner;
SET SESSION AUTHORIZATION capture_owner;
CREATE TABLE cap.person (id int PRIMARY KEY, email text, note text);
CREATE TABLE cap.was (id int, email text);
CREATE TABLE cap.letter (n int PRIMARY KEY, email text);
CREATE TABLE cap.wide (id int PRIMARY KEY, paper text, n int);
ALTER TABLE cap.wide ALTER COLUMN paper SET STORAGE EXTERNAL;
CREATE TYPE cap.mood AS ENUM ('glad', 'sad');
CREATE TABLE cap.moody (mood cap.mood PRIMARY KEY, v int);
CREATE TABLE cap.twin (a text, b date, c bool, v int, PRIMARY KEY (a, b, c));
CREATE TABLE cap.many (id bigint PRIMARY KEY, v text);
CREATE TABLE cap.other (id int PRIMARY KEY, v text);
-- The owner keeps what was: an erasure sets it off.
CREATE FUNCTION cap.keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cap.was VALUES (old.id, old.email);
  RETURN NULL;
END $$;
CREATE TRIGGER keep AFTER UPDATE ON cap.person FOR EACH ROW WHEN (old.id = 2) EXECUTE FUNCTION cap.keep();
SELECT gdpr.register_subject('cap', 'cap.person') \g /dev/null
SELECT gdpr.classify('cap.person', 'email', 'email'), gdpr.classify('cap.person', 'note', 'not_personal'), gdpr.classify('cap.other', 'v', 'full_name') \g /dev/null
SELECT gdpr.audit(t) FROM unnest('{cap.person,cap.was,cap.letter,cap.wide,cap.moody,cap.twin,cap.many}'::regclass[]) AS t \g /dev/null
SELECT gdpr.audit('cap.other', 'names') \g /dev/null
INSERT INTO cap.person SELECT i, 'p' || i || '@x.example', 'n' FROM generate_series(1, 5) AS i;
RESET SESSION AUTHORIZATION;

CREATE SCHEMA c;
CREATE FUNCTION c.last(wanted text) RETURNS TABLE(operation text, row_key text, from_values jsonb, to_values jsonb) LANGUAGE sql AS $$
  SELECT l.operation, l.row_key, l.from_values, l.to_values FROM gdpr.audit_log AS l
  WHERE l.relation = $1 AND l.operation <> 'audit_on' ORDER BY split_part(l.event, ':', 1)::bigint DESC, split_part(l.event, ':', 2)::int DESC LIMIT 1
$$;

-- 1. What an UPDATE leaves as it is, is neither fetched nor written.
INSERT INTO cap.wide SELECT i, (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 3000) AS g), 1 FROM generate_series(1, 20) AS i;
SELECT pg_stat_force_next_flush() \g /dev/null
SELECT heap_blks_hit + heap_blks_read AS reads FROM pg_statio_all_tables WHERE relid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'cap.wide'::regclass) \gset
UPDATE cap.wide SET n = 2;
SELECT pg_stat_force_next_flush() \g /dev/null
SELECT is((SELECT heap_blks_hit + heap_blks_read FROM pg_statio_all_tables WHERE relid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'cap.wide'::regclass)),
          :reads::bigint, 'a value out of line that an UPDATE leaves alone is not fetched');
SELECT is((SELECT concat_ws(' ', from_values, to_values) FROM c.last('cap.wide')), '{"n": "1"} {"n": "2"}', 'nor written');
UPDATE cap.wide SET paper = paper || '' WHERE id = 1;
SELECT is((SELECT concat_ws(' ', operation, row_key, from_values, to_values) FROM c.last('cap.wide')), 'update 1', 'written anew as it was, it is no changed column');
UPDATE cap.wide SET paper = paper || 'x' WHERE id = 1;
SELECT is((SELECT array_agg(length(v)) FROM (SELECT from_values->>'paper' AS v FROM c.last('cap.wide') UNION ALL SELECT to_values->>'paper' FROM c.last('cap.wide')) AS x),
          '{96000,96001}', 'changed, both values are written whole');
DELETE FROM cap.wide WHERE id = 2;
SELECT is((SELECT length(from_values->>'paper') FROM c.last('cap.wide')), 96000, 'as they are of a row that goes');

-- 2. Keys.
INSERT INTO cap.twin VALUES ('a, "b" \ ', '2024-02-29', true, 1), ('', '-infinity', false, 1);
SET datestyle = 'German'; SET timezone = 'Asia/Kathmandu';
UPDATE cap.twin SET v = 2;
RESET datestyle; RESET timezone;
SELECT is((SELECT string_agg(row_key, ' ' ORDER BY row_key COLLATE "C") FROM gdpr.audit_log WHERE relation = 'cap.twin' AND operation = 'update'),
          (SELECT string_agg(ROW(a, b, c)::text, ' ' ORDER BY ROW(a, b, c)::text COLLATE "C") FROM cap.twin),
          'a key of several columns is a row literal, whatever the session''s date style');
-- An owner's cast is the owner's code: it is not asked.
CREATE TABLE c.trace (who name);
GRANT USAGE ON SCHEMA c TO PUBLIC;
GRANT INSERT ON c.trace TO PUBLIC;
SET SESSION AUTHORIZATION capture_owner;
CREATE FUNCTION cap.moodtext(cap.mood) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c.trace VALUES (current_user); RETURN 'planted'; END $$;
CREATE CAST (cap.mood AS text) WITH FUNCTION cap.moodtext(cap.mood) AS IMPLICIT;
RESET SESSION AUTHORIZATION;
INSERT INTO cap.moody VALUES ('glad', 1);
SELECT is((SELECT concat_ws(' ', row_key, to_values->>'mood') FROM c.last('cap.moody')), 'glad glad', 'values are told by output functions, never by a cast of the owner''s');
SELECT is((SELECT count(*) FROM c.trace), 0::bigint, 'which is not even called');
INSERT INTO cap.twin VALUES (repeat('long ', 300), '2024-01-01', true, 3);
SELECT is((SELECT length(row_key) FROM c.last('cap.twin')), 1500 + 17, 'a key that is too long for an index is written all the same');

-- 3. An erasure writes no old values, nor does what it sets off.
SELECT gdpr.anonymize_subject('cap', '2', 'asked for it', 'keep') > 0 AS done \gset
SELECT is((SELECT email FROM cap.was WHERE id = 2), 'p2@x.example', '(the owner''s trigger kept the old address)');
SELECT is((SELECT concat_ws(' ', operation, from_values, to_values) FROM c.last('cap.was')), 'insert', 'what a trigger writes during an erasure is an event without values');
SELECT ok(bool_and(s.anonymized), 'and marked as such') FROM gdpr_internal.audit_statement AS s JOIN gdpr_internal.audit_shape USING (shape) WHERE relation_name = 'was' AND s.operation = 'I';
SELECT is((SELECT count(*) FROM gdpr_internal.audit_change WHERE position(convert_to('p2@x.example', 'UTF8') IN body) > 0), 0::bigint, 'the address is nowhere in the log');
SELECT is((SELECT string_agg(DISTINCT operation, ' ' ORDER BY operation) FROM gdpr.subject_audit('cap', '2') WHERE relation = 'cap.person'), 'insert update', 'that the row was changed is told');

-- 4. Names only.
INSERT INTO cap.other VALUES (1, 'Ada');
UPDATE cap.other SET v = NULL;
UPDATE cap.other SET id = 2;
SELECT is((SELECT string_agg(concat_ws(' ', operation, changed, to_values), '; ' ORDER BY event) FROM gdpr.audit_log WHERE relation = 'cap.other' AND operation <> 'audit_on'),
          'insert {id,v} {"id": "1"}; update {v}; update {id} {"id": "2"}', 'of a classified column only that it changed, not even whether it is empty now');
SET SESSION AUTHORIZATION capture_owner;
SELECT gdpr.unclassify('cap.other', 'v') \g /dev/null
RESET SESSION AUTHORIZATION;
UPDATE cap.other SET v = 'seen';
SELECT is((SELECT to_values->>'v' FROM c.last('cap.other')), 'seen', 'a label that is gone counts from the next statement on');
SECURITY LABEL FOR gdpr ON COLUMN cap.other.v IS 'full_name';
UPDATE cap.other SET v = 'not seen';
SELECT is((SELECT to_values FROM c.last('cap.other')), NULL, 'as does a new one');

-- 5. What is taken back leaves no event, and a number that was taken back is not used again.
BEGIN;
SAVEPOINT s;
ALTER TABLE cap.person ADD COLUMN more int;
INSERT INTO cap.person VALUES (90, 'x', 'x', 1);
ROLLBACK TO s;
ALTER TABLE cap.person ADD COLUMN more text;
INSERT INTO cap.person VALUES (91, 'x', 'x', 'yes');
COMMIT;
SELECT is((SELECT count(*) FROM gdpr.audit_log WHERE relation = 'cap.person' AND row_key = '90'), 0::bigint, 'a savepoint takes its events back');
SELECT is((SELECT count(*) FROM gdpr_internal.audit_statement AS s WHERE shape IS NOT NULL AND NOT EXISTS (SELECT FROM gdpr_internal.audit_shape AS h WHERE h.shape = s.shape)),
          0::bigint, 'and no event names a shape that went with them');
SELECT is((SELECT to_values->>'more' FROM c.last('cap.person')), 'yes', 'columns are called by the names of their time');
ALTER TABLE cap.person RENAME COLUMN more TO rest;
INSERT INTO cap.person VALUES (92, 'x', 'x', 'yes');
SELECT is((SELECT string_agg((SELECT string_agg(k, ' ' ORDER BY k) FROM jsonb_object_keys(to_values) AS k), '; ' ORDER BY row_key) FROM gdpr.audit_log WHERE relation = 'cap.person' AND row_key IN ('91', '92')),
          'email id more note; email id note rest', 'before and after a rename');

-- 6. Many rows: one statement, batches of all sizes.
INSERT INTO cap.many SELECT g, CASE WHEN g % 1000 = 7 THEN repeat(md5(g::text), 300) ELSE 'v' END FROM generate_series(1, 12345) AS g;
SELECT is((SELECT concat_ws(' ', s.changes, (SELECT count(*) FROM gdpr_internal.audit_change AS x WHERE x.statement = s.statement), (SELECT max(n) FROM gdpr_internal.audit_change AS x WHERE x.statement = s.statement))
           FROM gdpr_internal.audit_statement AS s JOIN gdpr_internal.audit_shape USING (shape) WHERE relation_name = 'many' AND operation = 'I'), '12345 12345 12345', 'a statement of many rows has one number and counts them');
UPDATE cap.many SET v = v WHERE id < 0;
SELECT is((SELECT count(*) FROM gdpr_internal.audit_statement AS s JOIN gdpr_internal.audit_shape USING (shape) WHERE relation_name = 'many' AND operation = 'U'), 0::bigint, 'a statement that changes no row writes none');

-- 7. Nothing else keeps a user's statement from being written down.
SET SESSION AUTHORIZATION capture_owner;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SET LOCAL search_path = c, cap;
INSERT INTO cap.many VALUES (-1, 'x');
COMMIT;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT row_key FROM c.last('cap.many')), '-1', 'in a serializable transaction under any search_path');
SET session_replication_role = replica;
DELETE FROM cap.many WHERE id = -1;
SELECT is((SELECT concat_ws(' ', operation, row_key) FROM c.last('cap.many')), 'delete -1', 'in replica mode');
-- before a month is gone, or it is missed
SELECT gdpr.seal_audit() \g /dev/null
SELECT is((SELECT string_agg(DISTINCT status, ', ') FROM gdpr.verify_audit()), 'ok', 'all of it can be sealed, and verifies');
DO $$ DECLARE t text; BEGIN
  FOREACH t IN ARRAY '{audit_statement,audit_change,audit_subject}'::text[] LOOP
    EXECUTE format('DROP TABLE gdpr_internal.%s_%s', t, to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMM'));
  END LOOP;
END $$;
RESET session_replication_role;
SET SESSION AUTHORIZATION capture_owner;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM cap.many \g /dev/null
INSERT INTO cap.many VALUES (-2, 'x');
COMMIT;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT concat_ws(' ', operation, row_key) FROM c.last('cap.many')), 'insert -2', 'a month that nobody made is made by who writes to it, whose rights do not matter');
SELECT is((SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'audit_change_' || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMM')), 'gdpr_owner'::name, 'and belongs to gdpr_owner');

-- 8. Who acts, and long claims.
SET gdpr.app_user = 'nobody knows';
SELECT set_config('gdpr.app_user', repeat('é', 5000), false) \g /dev/null
SET gdpr.purpose = 'support';
INSERT INTO cap.many VALUES (-3, 'x');
SELECT is((SELECT concat_ws(' ', octet_length(s.app_user), s.purpose, s.session_role, s.acting_role) FROM gdpr_internal.audit_statement AS s ORDER BY statement DESC LIMIT 1),
          '1000 support postgres postgres', 'a claim is cut between characters, so that an index can hold it');
RESET gdpr.app_user; RESET gdpr.purpose;
SET ROLE capture_owner;
INSERT INTO cap.many VALUES (-4, 'x');
RESET ROLE;
SELECT is((SELECT concat_ws(' ', s.session_role, s.acting_role) FROM gdpr_internal.audit_statement AS s ORDER BY statement DESC LIMIT 1),
          'postgres capture_owner', 'who logged in and who acts are told apart');
SELECT * FROM finish();
