-- SPDX-License-Identifier: PostgreSQL
-- The audit log as people read it: each change of an audited row is one event that says who, when, for which purpose,
-- whose row, and from what to what; one person's events are found by index.
SET client_min_messages = error;
DO $$
DECLARE r name;
BEGIN
  FOREACH r IN ARRAY '{audit_shop,audit_app,audit_eye,audit_reader}'::name[] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I', r); END IF;
    EXECUTE format('ALTER ROLE %I NOLOGIN NOBYPASSRLS; ALTER ROLE %1$I RESET ALL', r);
  END LOOP;
END $$;
GRANT audit_shop TO audit_app;
SELECT plan(64);
CREATE SCHEMA crm AUTHORIZATION audit_shop;
GRANT USAGE ON SCHEMA crm TO PUBLIC;
SET SESSION AUTHORIZATION audit_shop;
CREATE TABLE crm.contact (id int PRIMARY KEY, name text, email text, note text, visits int DEFAULT 0);
CREATE TABLE crm.account (id int, part text, contact_id int, balance numeric, PRIMARY KEY (id, part));
CREATE TABLE crm.posting (id int PRIMARY KEY, account_id int, part text, amount numeric);
CREATE TABLE crm.paper (n int, what text);
SELECT gdpr.register_subject('client', 'crm.contact') \g /dev/null
SELECT gdpr.add_link('client', 'crm.account', '{contact_id}'),
  gdpr.add_link('client', 'crm.posting', '{account_id,part}', 'crm.account', '{id,part}') \g /dev/null
SELECT gdpr.classify('crm.contact', 'name', 'full_name'), gdpr.classify('crm.contact', 'email', 'email'),
  gdpr.classify('crm.contact', 'note', 'not_personal'), gdpr.classify('crm.contact', 'visits', 'not_personal') \g /dev/null
SELECT gdpr.audit(c) FROM unnest('{crm.contact,crm.account,crm.posting,crm.paper}'::regclass[]) AS c \g /dev/null
GRANT ALL ON ALL TABLES IN SCHEMA crm TO audit_app;
RESET SESSION AUTHORIZATION;
SELECT gdpr.grant_bundle('auditor', 'audit_eye'), gdpr.grant_bundle('reader', 'audit_reader') \g /dev/null

CREATE SCHEMA t;
GRANT USAGE ON SCHEMA t TO PUBLIC;
-- The newest events of a relation as lines: operation, subject, key, what changed, from, to.
CREATE FUNCTION t.events(relation text, n int DEFAULT 1) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(format('%s %s/%s %s %s %s %s', operation, coalesce(subject_type, '-'), coalesce(subject_key, '-'), coalesce(row_key, '-'),
    coalesce(changed::text, '-'), coalesce(from_values::text, '-'), coalesce(to_values::text, '-')), E'\n' ORDER BY split_part(event, ':', 1)::bigint, split_part(event, ':', 2)::int)
  FROM (SELECT * FROM gdpr.audit_log AS l WHERE l.relation = events.relation
        ORDER BY split_part(event, ':', 1)::bigint DESC, split_part(event, ':', 2)::int DESC LIMIT events.n) AS e
$$;
CREATE FUNCTION t.attempt(role name, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  before name := session_user;
BEGIN
  PERFORM set_config('session_authorization', role, true);
  EXECUTE statement;
  PERFORM set_config('session_authorization', before, true);
  RETURN '';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ': ' || SQLERRM;
END
$$;

SELECT is(t.events('crm.contact'), 'audit_on -/- - - - -', 'switching the audit on is an event');

-- What changed.
INSERT INTO crm.contact VALUES (1, 'Ann', 'ann@x.example', NULL);
SELECT is(t.events('crm.contact'), 'insert client/1 1 {id,name,email,visits} - {"id": "1", "name": "Ann", "email": "ann@x.example", "visits": "0"}',
  'an insert has what came, and nothing from before');
UPDATE crm.contact SET note = 'called', visits = 1 WHERE id = 1;
SELECT is(t.events('crm.contact'), 'update client/1 1 {note,visits} {"note": null, "visits": "0"} {"note": "called", "visits": "1"}',
  'an update has the columns that changed, from and to, and no others');
UPDATE crm.contact SET visits = visits WHERE id = 1;
SELECT is(t.events('crm.contact'), 'update client/1 1 - - -', 'an update that changes nothing is an event without columns');
UPDATE crm.contact SET id = 2 WHERE id = 1;
SELECT is(t.events('crm.contact'), 'update client/1 1 {id} {"id": "1"} {"id": "2"}', 'a change of the key goes by the key from before');
SELECT is((SELECT count(*) FROM gdpr.subject_audit('client', '2')), 1::bigint, 'and is an event of both keys');
UPDATE crm.contact SET id = 1;
DELETE FROM crm.contact;
SELECT is(t.events('crm.contact'), 'delete client/1 1 {id,name,email,note,visits} {"id": "1", "name": "Ann", "note": "called", "email": "ann@x.example", "visits": "1"} -',
  'a delete has what went');
INSERT INTO crm.contact SELECT i, 'Person ' || i, 'p' || i || '@x.example' FROM generate_series(1, 5) AS i;
SELECT is(t.events('crm.contact', 2), 'insert client/4 4 {id,name,email,visits} - {"id": "4", "name": "Person 4", "email": "p4@x.example", "visits": "0"}' || E'\n'
  || 'insert client/5 5 {id,name,email,visits} - {"id": "5", "name": "Person 5", "email": "p5@x.example", "visits": "0"}', 'one event for each row of a statement');
SELECT is((SELECT count(DISTINCT split_part(event, ':', 1)) || ' ' || count(DISTINCT transaction) FROM gdpr.audit_log WHERE operation = 'insert' AND to_values->>'name' LIKE 'Person%'),
  '1 1', 'events of one statement share its number');
SELECT is((SELECT min(transaction) FROM gdpr.audit_log WHERE to_values->>'name' = 'Person 4') < pg_current_xact_id(), true, 'and say which transaction it was');
BEGIN;
UPDATE crm.contact SET name = 'never';
ROLLBACK;
SELECT is((SELECT count(*) FROM gdpr.audit_log WHERE to_values->>'name' = 'never'), 0::bigint, 'what is rolled back was not');
INSERT INTO crm.paper VALUES (1, 'a');
SELECT is(t.events('crm.paper'), 'insert -/- - {n,what} - {"n": "1", "what": "a"}', 'a row of nobody without a key has neither');
TRUNCATE crm.paper;
SELECT is(t.events('crm.paper'), 'truncate -/- - - - -', 'TRUNCATE is one event');
INSERT INTO crm.contact VALUES (6, E'O''Brien "x" \\ \t\u2028\n{}', repeat('é', 500000));
SELECT is((SELECT to_values->>'name' || (to_values->>'email') FROM gdpr.subject_audit('client', '6')), E'O''Brien "x" \\ \t\u2028\n{}' || repeat('é', 500000), 'values come back as they were, quotes, lines and megabytes');
DELETE FROM crm.contact WHERE id = 6;

-- Whose row.
INSERT INTO crm.account VALUES (10, 'a,b', 1, 0), (11, 'c', NULL, 0);
SELECT is(t.events('crm.account', 2), 'insert client/1 (10,"a,b") {id,part,contact_id,balance} - {"id": "10", "part": "a,b", "balance": "0", "contact_id": "1"}' || E'\n'
  || 'insert -/- (11,c) {id,part,balance} - {"id": "11", "part": "c", "balance": "0"}', 'a linked row is its person''s, a row without one is nobody''s');
INSERT INTO crm.posting VALUES (100, 10, 'a,b', 5);
SELECT is(t.events('crm.posting'), 'insert client/1 100 {id,account_id,part,amount} - {"id": "100", "part": "a,b", "amount": "5", "account_id": "10"}', 'over two links as well');
UPDATE crm.account SET contact_id = 2 WHERE id = 10;
SELECT is((SELECT count(*) FROM gdpr.subject_audit('client', '1') WHERE relation = 'crm.account'), 2::bigint, 'a row that moves is an event of whom it left');
SELECT is((SELECT count(*) FROM gdpr.subject_audit('client', '2') WHERE relation = 'crm.account' AND operation = 'update'), 1::bigint, 'and of whom it came to');
SELECT is((SELECT DISTINCT concat_ws(' ', subject_type, subject_key) FROM gdpr.subject_audit('client', '2')), 'client 2', 'a report names the person it is on');
UPDATE crm.posting SET amount = 6;
SELECT is((SELECT to_values FROM gdpr.subject_audit('client', '2') WHERE relation = 'crm.posting'), '{"amount": "6"}'::jsonb, 'rows behind it follow');
SELECT is((SELECT array_agg(event) FROM gdpr.subject_audit('client', '1')), (SELECT array_agg(event ORDER BY split_part(event, ':', 1)::bigint, split_part(event, ':', 2)::int) FROM gdpr.subject_audit('client', '1')),
  'a report is in the order of time');
SELECT is((SELECT array_agg(event ORDER BY event) FROM gdpr.subject_audit('client', ' 01 ')), (SELECT array_agg(event ORDER BY event) FROM gdpr.subject_audit('client', '1')), 'a key is known in any spelling of its type');
SELECT is((SELECT array_agg(event ORDER BY event) FROM gdpr.audit_log WHERE subject_type = 'client' AND subject_key = '1'),
  (SELECT array_agg(event ORDER BY event) FROM gdpr.subject_audit('client', '1') WHERE (relation, operation) <> ('crm.contact', 'update') OR from_values->>'id' IS NULL OR from_values->>'id' = '1'),
  'the log shows an event once, with the person it was first found to be of');

-- Who.
SET gdpr.app_user = 'mary';
UPDATE crm.contact SET note = 'by mary' WHERE id = 3;
SET SESSION AUTHORIZATION audit_app;
SET gdpr.app_user = E'bob\n\'; DROP';
UPDATE crm.contact SET note = 'by bob' WHERE id = 3;
SET ROLE audit_shop;
UPDATE crm.contact SET note = 'as shop' WHERE id = 3;
RESET SESSION AUTHORIZATION;
RESET gdpr.app_user;
SELECT results_eq($$SELECT to_values->>'note', session_role, role, app_user FROM gdpr.subject_audit('client', '3') WHERE operation = 'update'$$,
  $$VALUES ('by mary', 'postgres'::name, 'postgres'::name, 'mary'), ('by bob', 'audit_app', 'audit_app', E'bob\n\'; DROP'), ('as shop', 'audit_app', 'audit_shop', E'bob\n\'; DROP')$$,
  'who logged in, whose rights were in force, and who the application said it was');
CREATE FUNCTION crm.lend() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$UPDATE crm.contact SET note = 'lent' WHERE id = 3$$;
ALTER FUNCTION crm.lend() OWNER TO audit_shop;
SET SESSION AUTHORIZATION audit_app;
SELECT crm.lend() \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT is((SELECT concat_ws(' ', session_role, role) FROM gdpr.subject_audit('client', '3') WHERE to_values->>'note' = 'lent'), 'audit_app audit_shop', 'a SECURITY DEFINER function lends its owner''s rights, not the name');
CREATE TABLE crm.pet (id int PRIMARY KEY, contact_id int REFERENCES crm.contact ON DELETE CASCADE);
ALTER TABLE crm.pet OWNER TO audit_shop;
SELECT gdpr.add_link('client', 'crm.pet', '{contact_id}'), gdpr.audit('crm.pet') \g /dev/null
INSERT INTO crm.pet VALUES (1, 4);
SET SESSION AUTHORIZATION audit_app;
DELETE FROM crm.contact WHERE id = 4;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT concat_ws(' ', session_role, role, subject_key) FROM gdpr.audit_log WHERE relation = 'crm.pet' AND operation = 'delete'), 'audit_app audit_app 4', 'a cascade is done by who set it off, to whose row it was');
SELECT is((SELECT bool_and(at BETWEEN now() - interval '10 min' AND clock_timestamp()) FROM gdpr.audit_log), true, 'and when');
SET gdpr.purpose = 'service';
UPDATE crm.contact SET note = 'for service' WHERE id = 3;
RESET gdpr.purpose;
SELECT is((SELECT purpose FROM gdpr.subject_audit('client', '3') WHERE to_values->>'note' = 'for service'), 'service', 'the purpose as claimed');

-- What one user did.
SELECT is((SELECT array_agg(to_values->>'note') FROM gdpr.user_audit('audit_app', 'client', '3')), '{by bob,as shop,lent}', 'what one role did to a person');
SELECT is((SELECT array_agg(to_values->>'note') FROM gdpr.user_audit('audit_shop', 'client', '3')), '{as shop,lent}', 'also where it only was the role in force');
SELECT is((SELECT array_agg(to_values->>'note') FROM gdpr.user_audit(NULL, 'client', '3', 'mary')), '{by mary}', 'what one user of the application did');
SELECT is((SELECT array_agg(to_values->>'note') FROM gdpr.user_audit(NULL, 'client', '3', 'Mary')), '{by mary}', 'in any spelling');
SELECT is((SELECT array_agg(to_values->>'note') FROM gdpr.user_audit('audit_app', 'client', '3', 'mary')), NULL, 'both must fit where both are named');

-- Classified columns.
SET SESSION AUTHORIZATION audit_shop;
SELECT gdpr.audit('crm.contact', classified => 'names') \g /dev/null
RESET SESSION AUTHORIZATION;
UPDATE crm.contact SET email = 'secret@x.example', note = 'seen' WHERE id = 5;
SELECT is(t.events('crm.contact'), 'update client/5 5 {email,note} {"note": null} {"note": "seen"}', 'names only: a classified column''s values are not written');
SELECT gdpr.audit('crm.contact', classified => 'digests') \g /dev/null
UPDATE crm.contact SET email = 'one@x.example' WHERE id = 5;
UPDATE crm.contact SET email = 'two@x.example' WHERE id = 5;
UPDATE crm.contact SET email = 'one@x.example' WHERE id = 5;
SELECT is((SELECT count(DISTINCT to_values->>'email') FROM gdpr.subject_audit('client', '5') WHERE to_values->>'email' LIKE 'hmac-sha256:%'), 2::bigint, 'digests: equal values are equal');
SELECT is((SELECT count(*) FROM gdpr.subject_audit('client', '5') AS s WHERE s::text ~ '(secret|one|two)@x'), 0::bigint, 'and no value is written');
SELECT gdpr.audit('crm.contact', classified => 'values') \g /dev/null

-- Who may read.
SELECT is(t.attempt('audit_eye', statement), '', 'the auditor: ' || statement) FROM (VALUES
  ('SELECT * FROM gdpr.audit_log'), ($$SELECT * FROM gdpr.subject_audit('client', '1')$$), ($$SELECT * FROM gdpr.user_audit('audit_app', 'client', '3')$$),
  ('SELECT * FROM gdpr.verify_audit()'), ('SELECT * FROM gdpr.audit_status'), ('SELECT * FROM gdpr.audit_seals'), ('SELECT gdpr.export_audit()')) AS v(statement);
SELECT is(left(t.attempt(role, statement), 5), '42501', role || ' may not: ' || statement) FROM (VALUES
  ('SELECT * FROM gdpr.audit_log'), ($$SELECT * FROM gdpr.subject_audit('client', '1')$$), ($$SELECT * FROM gdpr.user_audit('audit_app', 'client', '3')$$),
  ('SELECT gdpr.export_audit()')) AS v(statement), unnest('{audit_shop,audit_reader}'::name[]) AS role;
SELECT matches(t.attempt('audit_eye', $$SELECT * FROM gdpr.subject_audit('client', 'x')$$), '^22P02: ', 'a wrong key is an error, not an empty report');
SELECT matches(t.attempt('audit_eye', $$SELECT * FROM gdpr.subject_audit('clent', '1')$$), '^42704: ', 'and so is a wrong type');
SELECT matches(t.attempt('audit_eye', $$SELECT * FROM gdpr.subject_audit('client', NULL)$$), '^22004: ', 'and no key');

-- How it is found: never by reading the log from end to end, whatever the planner believes.
SELECT set_config('t.scans', (SELECT sum(s.seq_scan)::text FROM pg_stat_xact_user_tables AS s WHERE s.relname ~ '^audit_(change|statement|subject|shape)'), false) \g /dev/null
BEGIN;
DO $$
DECLARE
  before bigint := (SELECT sum(s.seq_scan) FROM pg_stat_xact_user_tables AS s WHERE s.relname ~ '^audit_(change|statement|subject|shape)');
BEGIN
  PERFORM count(*) FROM gdpr.subject_audit('client', '3');
  PERFORM count(*) FROM gdpr.user_audit('audit_app', 'client', '3');
  PERFORM set_config('t.scans', ((SELECT sum(s.seq_scan) FROM pg_stat_xact_user_tables AS s WHERE s.relname ~ '^audit_(change|statement|subject|shape)') - before)::text, true);
END $$;
SELECT is(current_setting('t.scans'), '0', 'reports go by index');
COMMIT;

-- Leaving.
CREATE TABLE t.sealed AS SELECT gdpr.seal_audit() AS events;
SELECT is((SELECT string_agg(status, ', ') FROM gdpr.verify_audit() WHERE status <> 'ok'), NULL, 'all of it is sealed and sound');
SELECT gdpr.anonymize_subject('client', '3', 'asked', unclassified => 'keep') \g /dev/null
SELECT is((SELECT count(*) FROM gdpr.subject_audit('client', '3') WHERE erased), 6::bigint, 'after an erasure the person''s events are still there, emptied');
SELECT is((SELECT count(*) FROM gdpr.subject_audit('client', '3') AS s WHERE s::text ~ 'Person 3|p3@x'), 0::bigint, 'no value of the person is left in them');
SELECT is((SELECT array_agg(changed::text) FROM gdpr.subject_audit('client', '3') WHERE erased AND operation = 'insert'), '{"{id,name,email,visits}"}', 'which columns changed is left');
SELECT is((SELECT array_agg(to_values->>'note') FROM gdpr.subject_audit('client', '3') WHERE erased AND operation = 'update'), '{by mary,by bob,as shop,lent,for service}', 'and values of columns that are not personal');
SELECT is((SELECT concat_ws(' ', from_values, to_values - 'statements', row_key) FROM gdpr.subject_audit('client', '3') WHERE operation = 'erased'), '{"events": 6}', 'a tombstone says how many were emptied');
SELECT is((SELECT count(*) FROM gdpr.subject_audit('client', '3') WHERE operation = 'update' AND NOT erased AND (from_values IS NOT NULL OR to_values IS NOT NULL)), 0::bigint,
  'the erasure''s own changes name columns and hold no values');
SELECT is((SELECT string_agg(status, ', ') FROM gdpr.verify_audit() WHERE status <> 'ok'), NULL, 'and everything still verifies');
SELECT gdpr.unregister_subject('client', forget_frozen => true) \g /dev/null
SELECT isnt((SELECT count(*) FROM gdpr.subject_audit('client', '1')), 0::bigint, 'what was recorded of a type that is given up can still be read');
SELECT * FROM finish();
