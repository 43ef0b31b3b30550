-- SPDX-License-Identifier: PostgreSQL
-- The audit log under attack by whoever is not a superuser, the owner of an audited table above all: nobody writes to it
-- but the triggers, they write what happened and in whose name, and nothing planted runs with other rights than its owner's.
\ir lib/attack.sql
DO $$ BEGIN PERFORM t.make_role('attack_eye'); END $$;
SELECT plan(69);
CREATE SCHEMA shop AUTHORIZATION attack_mallory;
CREATE SCHEMA vic AUTHORIZATION attack_vic;
GRANT USAGE ON SCHEMA shop, vic TO PUBLIC;
SELECT gdpr.grant_bundle('auditor', 'attack_eye') \g /dev/null

SET SESSION AUTHORIZATION attack_mallory;
CREATE TABLE shop.person (id int PRIMARY KEY, name text, email text);
CREATE TABLE shop.deal (id int PRIMARY KEY, person_id int, price numeric);
CREATE TABLE shop.month (id int, person_id int, PRIMARY KEY (id)) PARTITION BY LIST (id);
CREATE TABLE shop.month_1 PARTITION OF shop.month FOR VALUES IN (1);
SELECT gdpr.register_subject('person', 'shop.person') \g /dev/null
SELECT gdpr.add_link('person', 'shop.deal', '{person_id}'), gdpr.add_link('person', 'shop.month', '{person_id}') \g /dev/null
SELECT gdpr.audit('shop.person'), gdpr.audit('shop.deal'), gdpr.audit('shop.month') \g /dev/null
INSERT INTO shop.person SELECT i, 'P' || i, 'p' || i || '@x.example' FROM generate_series(1, 9) AS i;
INSERT INTO shop.deal SELECT i, i, 10 * i FROM generate_series(1, 9) AS i;
GRANT ALL ON shop.person, shop.deal, shop.month TO attack_eve;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION attack_vic;
CREATE TABLE vic.patient (id int PRIMARY KEY, illness text);
SELECT gdpr.register_subject('patient', 'vic.patient') \g /dev/null
SELECT gdpr.audit('vic.patient') \g /dev/null
INSERT INTO vic.patient VALUES (1, 'flu');
RESET SESSION AUTHORIZATION;
SELECT gdpr.seal_audit() > 0 AS sealed \g /dev/null

-- 1. Nobody writes to the log or reads it past its reports: neither owners nor readers nor its own owner.
CREATE FUNCTION t.tables() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relnamespace = 'gdpr_internal'::regnamespace AND c.relname ~ '^audit' AND c.relkind IN ('r', 'p')
$$;
SELECT is((SELECT count(*) FROM t.tables() AS x, unnest('{INSERT INTO %s DEFAULT VALUES,DELETE FROM %s,TRUNCATE %s,SELECT FROM %s}'::text[]) AS s
           WHERE left(t.attempt(role, format(s, x)), 5) <> '42501'), 0::bigint, role || ' neither writes to nor reads a table of the log')
FROM unnest('{attack_mallory,attack_eve,attack_eye,attack_op}'::name[]) AS role;
SELECT is(left(t.attempt('postgres', format('SET LOCAL ROLE gdpr_owner; %s', statement)), 5), '42501', 'not even its owner: ' || statement) FROM (VALUES
  ('UPDATE gdpr_internal.audit_change SET n = n'), ('DELETE FROM gdpr_internal.audit_change'), ('TRUNCATE gdpr_internal.audit_change'),
  ('UPDATE gdpr_internal.audit_statement SET acting_role = ''eve'''), ('DELETE FROM gdpr_internal.audit_statement'),
  ('UPDATE gdpr_internal.audit_seal SET events = 0'), ('DELETE FROM gdpr_internal.audit_seal'),
  ('DELETE FROM gdpr_internal.audit_key'), ('UPDATE gdpr_internal.audit_shape SET names = names')) AS v(statement);
SELECT is(left(t.attempt('postgres', format('DELETE FROM %s', p)), 5), '42501', 'nor a superuser by a plain statement, of the month itself')
FROM (SELECT format('gdpr_internal.audit_change_%s', to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')) AS p) AS x;
SELECT matches(t.attempt('attack_mallory', statement), '^(42501|42883|3F000|55P02)', 'mallory may not: ' || statement) FROM (VALUES
  ($$SELECT gdpr.seal_audit()$$), ($$SELECT gdpr.expire_audit()$$), ($$SELECT gdpr.export_audit()$$), ($$SELECT * FROM gdpr.audit_log$$),
  ($$SELECT * FROM gdpr.subject_audit('patient', '1')$$), ($$SELECT * FROM gdpr.subject_audit('person', '1')$$), ($$SELECT gdpr.run_audit('seal')$$),
  ($$SELECT gdpr_internal.write_audit_note('S', 0, '{""}', '{NULL}', '{NULL}')$$), ($$SELECT gdpr_internal.seal_batch(true)$$),
  ($$SELECT gdpr_internal.make_audit_partitions(1000)$$), ($$SELECT gdpr_internal.audit_values('\x', '{}', '{}', 'to')$$),
  ($$SET gdpr.audit_anchor = ''$$), ($$SET gdpr.audit_retention = '1 second'$$), ($$SET gdpr.seal_interval = 86400$$),
  ($$SELECT gdpr.audit('vic.patient')$$), ($$SELECT gdpr.unaudit('vic.patient')$$)) AS v(statement);

-- 2. The triggers stay, and work for audited tables only.
SELECT isnt(left(t.attempt('attack_mallory', statement), 5), '', 'refused to the owner: ' || statement) FROM (VALUES
  ('DROP TRIGGER zzz_gdpr_audit_update ON shop.person'),
  ('ALTER TRIGGER zzz_gdpr_audit_update ON shop.person RENAME TO zzz'),
  ('CREATE OR REPLACE TRIGGER zzz_gdpr_audit_delete AFTER DELETE ON shop.person REFERENCING OLD TABLE AS gdpr_old FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION gdpr.audit_changes()'),
  ('CREATE OR REPLACE TRIGGER zzz_gdpr_audit_insert AFTER INSERT ON shop.person FOR EACH STATEMENT EXECUTE FUNCTION gdpr.audit_changes()'),
  ('DROP TRIGGER zzz_gdpr_audit_insert ON shop.month'),
  ('DROP TRIGGER zzz_gdpr_audit_insert ON shop.month_1')) AS v(statement);
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 'shop.person'::regclass AND tgname ~ '^zzz_gdpr_audit' AND tgenabled = 'A'), 4::bigint, 'all four are there, and always on');
CREATE FUNCTION t.off_and_on() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(operation, ' ' ORDER BY split_part(event, ':', 1)::bigint) FROM gdpr.audit_log WHERE relation = 'shop.deal' AND operation ~ 'audit' AND session_role <> 'x'
$$;
SET SESSION AUTHORIZATION attack_mallory;
ALTER TABLE shop.deal DISABLE TRIGGER zzz_gdpr_audit_update;
UPDATE shop.deal SET price = 0;
ALTER TABLE shop.deal ENABLE ALWAYS TRIGGER zzz_gdpr_audit_update;
RESET SESSION AUTHORIZATION;
SELECT is(t.off_and_on(), 'audit_on audit_off audit_on', 'an owner who switches a trigger off and on leaves two events');
SELECT t.attempt('attack_mallory', 'ALTER TABLE shop.deal DISABLE TRIGGER ALL') \g /dev/null
SELECT is(t.off_and_on(), 'audit_on audit_off audit_on audit_off', 'all of them at once as well');
SELECT is((SELECT finding ~ 'not all audited' FROM gdpr.doctor() WHERE object = 'shop.deal' AND severity = 'error'), true, 'and the doctor sees it');
SELECT t.attempt('attack_mallory', 'ALTER TABLE shop.deal ENABLE TRIGGER ALL') \g /dev/null
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 'shop.deal'::regclass AND tgname ~ '^zzz_gdpr_audit' AND tgenabled = 'A'), 4::bigint, 'ours come back ALWAYS enabled');
SELECT is((SELECT count(*) FROM gdpr.doctor() WHERE object = 'shop.deal' AND severity = 'error'), 0::bigint, 'and are no finding any more');
SELECT is((SELECT session_role FROM gdpr.audit_log WHERE relation = 'shop.deal' AND operation = 'audit_off' LIMIT 1), 'attack_mallory'::name, 'they say who it was');
SET SESSION AUTHORIZATION attack_eve;
SELECT is(left(t.attempt('attack_eve', 'SET session_replication_role = replica'), 5), '42501', 'replica mode is not for everybody');
RESET SESSION AUTHORIZATION;
SET session_replication_role = replica;
UPDATE shop.deal SET price = 1 WHERE id = 1;
RESET session_replication_role;
SELECT is((SELECT count(*) FROM gdpr.audit_log WHERE relation = 'shop.deal' AND to_values->>'price' = '1'), 1::bigint, 'and passes nothing by where it is');
-- Our functions in triggers of others: events of tables that are not audited, or in the name of another table.
CREATE TABLE t.outcome (name text, result text);
SET SESSION AUTHORIZATION attack_mallory;
CREATE TABLE shop.fake (id int PRIMARY KEY, person_id int, price numeric);
RESET SESSION AUTHORIZATION;
INSERT INTO t.outcome SELECT statement, t.attempt('attack_mallory', statement || '; INSERT INTO shop.fake VALUES (1, 1, 1); UPDATE shop.fake SET price = 2; DELETE FROM shop.fake') FROM (VALUES
  ('CREATE TRIGGER a AFTER INSERT ON shop.fake REFERENCING NEW TABLE AS gdpr_new FOR EACH STATEMENT EXECUTE FUNCTION gdpr.audit_changes()'),
  ('CREATE TRIGGER zzz_gdpr_audit_insert AFTER INSERT ON shop.fake REFERENCING NEW TABLE AS gdpr_new FOR EACH STATEMENT EXECUTE FUNCTION gdpr.audit_changes()'),
  ('CREATE TRIGGER zzz_gdpr_audit_row AFTER INSERT OR UPDATE OR DELETE ON shop.fake FOR EACH ROW EXECUTE FUNCTION gdpr.audit_row()'),
  ('CREATE TRIGGER zzz_gdpr_audit_update BEFORE UPDATE ON shop.fake FOR EACH ROW EXECUTE FUNCTION gdpr.audit_row()'),
  ('CREATE TRIGGER zzz_gdpr_audit_delete AFTER DELETE ON shop.fake FOR EACH STATEMENT EXECUTE FUNCTION gdpr.audit_changes()')) AS v(statement);
SELECT isnt(result, '', 'refused: ' || name) FROM t.outcome;
SELECT is((SELECT count(*) FROM gdpr.audit_log WHERE relation = 'shop.fake'), 0::bigint, 'a table that is not audited has no events');
SELECT isnt(t.attempt('attack_mallory', statement), '', 'refused on an audited one: ' || statement) FROM (VALUES
  ('CREATE TRIGGER twice AFTER INSERT ON shop.person REFERENCING NEW TABLE AS gdpr_new FOR EACH STATEMENT EXECUTE FUNCTION gdpr.audit_changes(); INSERT INTO shop.person VALUES (50, '''', '''')'),
  ('CREATE TRIGGER twice AFTER INSERT ON shop.person FOR EACH ROW EXECUTE FUNCTION gdpr.audit_row(); INSERT INTO shop.person VALUES (51, '''', '''')')) AS v(statement);
SELECT isnt(t.attempt(role, 'SELECT gdpr.audit_changes()'), '', role || ' does not call a trigger function') FROM unnest('{attack_mallory,attack_eve}'::name[]) AS role;

-- 3. Nothing planted runs with other rights than its owner's while rows are written, looked up, erased, sealed and read.
SELECT t.plant(p, 'attack_mallory') FROM unnest('{cast_out,cast_in,operator,policy,row_trigger,shadow}'::name[]) AS p \g /dev/null
CREATE SCHEMA evil AUTHORIZATION attack_mallory;
SET SESSION AUTHORIZATION attack_mallory;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
CREATE TYPE evil.code AS ENUM ('one', 'two', 'three');
CREATE FUNCTION evil.cast_out(evil.code) RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('cast_out'); RETURN enum_out($1)::text; END $$;
CREATE CAST (evil.code AS text) WITH FUNCTION evil.cast_out(evil.code) AS ASSIGNMENT;
CREATE FUNCTION evil.cast_in(text) RETURNS evil.code STABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('cast_in'); RETURN enum_in($1::cstring, 'evil.code'::regtype); END $$;
CREATE CAST (text AS evil.code) WITH FUNCTION evil.cast_in(text) AS ASSIGNMENT;
CREATE FUNCTION evil.equal(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('operator'); RETURN texteq($1, $2); END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.equal);
CREATE FUNCTION evil.policy(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('policy'); END $$;
CREATE FUNCTION evil.audit_log() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('shadow'); RETURN 1; END $$;
CREATE VIEW evil.audit_change AS SELECT evil.audit_log() AS statement;
CREATE FUNCTION evil.row_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('row_trigger'); RETURN NEW; END $$;
CREATE TABLE evil.desk (id int PRIMARY KEY, person_id int, code evil.code);
CREATE TABLE evil.call (id int PRIMARY KEY, code evil.code, desk text);
ALTER TABLE evil.desk ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY planted ON evil.desk USING (evil.policy(id));
SELECT gdpr.add_link('person', 'evil.desk', '{person_id}'), gdpr.add_link('person', 'evil.call', '{code}', 'evil.desk', '{code}') \g /dev/null
SELECT gdpr.audit('evil.desk'), gdpr.audit('evil.call') \g /dev/null
RESET SESSION AUTHORIZATION;
INSERT INTO evil.desk VALUES (1, 1, 'one'), (2, 2, 'two');
SELECT t.start('attack') \g /dev/null
SET search_path = evil, pg_catalog, public;
INSERT INTO evil.call VALUES (1, 'one', 'a'), (2, 'two', 'b');
UPDATE evil.call SET code = 'two', desk = 'c' WHERE id = 1;
DELETE FROM evil.call WHERE id = 2;
RESET search_path;
SELECT is((SELECT count(*) FROM gdpr.subject_audit('person', '2') WHERE relation = 'evil.call'), 3::bigint, 'rows behind a planted cast and policy are their people''s');
SELECT gdpr.classify('shop.person', 'name', 'full_name'), gdpr.classify('shop.person', 'email', 'email') \g /dev/null
SELECT is(t.attempt('postgres', 'SET LOCAL search_path = evil, pg_catalog; ' || statement), '', what || ' under a planted path') FROM (VALUES
  ($$SELECT gdpr.anonymize_subject('person', '2', 'asked', unclassified => 'keep')$$, 'erasing'), ('SELECT gdpr.seal_audit()', 'sealing')) AS v(statement, what);
SELECT is(t.attempt('attack_eye', $$SET LOCAL search_path = evil, pg_catalog; SELECT * FROM gdpr.audit_log, gdpr.verify_audit(), gdpr.subject_audit('person', '1')$$), '', 'reading as well');
SELECT is(t.broken(), '', 'planted code ran as its owner or not at all');

-- 4. What is written is what happened.
SET SESSION AUTHORIZATION attack_eve;
SET gdpr.app_user = 'postgres';
SET gdpr.purpose = 'administration';
UPDATE shop.person SET name = 'spoofed' WHERE id = 3;
RESET gdpr.app_user;
RESET gdpr.purpose;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT session_role || ' ' || role || ' ' || app_user || ' ' || purpose FROM gdpr.audit_log WHERE to_values->>'name' = 'spoofed'),
  'attack_eve attack_eve postgres administration', 'claims are kept as claims, beside who logged in');
SET SESSION AUTHORIZATION attack_mallory;
CREATE FUNCTION shop.hide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE shop.person SET name = 'hidden' WHERE id = NEW.id AND name <> 'hidden'; RETURN NULL; END $$;
CREATE TRIGGER zzzz_hide AFTER UPDATE ON shop.person FOR EACH ROW EXECUTE FUNCTION shop.hide();
UPDATE shop.person SET name = 'first' WHERE id = 4;
DROP TRIGGER zzzz_hide ON shop.person;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT array_agg(to_values->>'name' ORDER BY split_part(event, ':', 1)::bigint) FROM gdpr.subject_audit('person', '4') WHERE operation = 'update'), '{hidden,first}',
  'a trigger of the owner hides nothing: each change is its own event');
SET SESSION AUTHORIZATION attack_mallory;
CREATE RULE quiet AS ON UPDATE TO shop.deal WHERE new.id = 5 DO INSTEAD UPDATE shop.person SET name = 'by rule' WHERE id = 6;
UPDATE shop.deal SET price = 77 WHERE id = 5;
DROP RULE quiet ON shop.deal;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT relation || subject_key FROM gdpr.audit_log WHERE to_values->>'price' = '77' OR to_values->>'name' = 'by rule'), 'shop.person6',
  'a rule that turns a change elsewhere: the event is of the row that changed');
SELECT is((SELECT count(*) FROM gdpr.audit_log WHERE subject_type = 'patient' AND session_role LIKE 'attack_mallory'), 0::bigint, 'no event of mallory''s is of vic''s people');
SET SESSION AUTHORIZATION attack_mallory;
SELECT t.attempt('attack_mallory', $$SELECT gdpr.add_link('patient', 'shop.deal', '{person_id}')$$) \g /dev/null
UPDATE shop.deal SET price = 78 WHERE id = 1;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM gdpr.subject_audit('patient', '1') WHERE session_role = 'attack_mallory'), 0::bigint, 'nor by a link onto them, which is refused');
-- A detached or dropped table leaves its trace.
SET SESSION AUTHORIZATION attack_mallory;
INSERT INTO shop.month VALUES (1, 1);
ALTER TABLE shop.month DETACH PARTITION shop.month_1;
UPDATE shop.month_1 SET person_id = 2;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT string_agg(operation, ' ' ORDER BY split_part(event, ':', 1)::bigint) FROM gdpr.audit_log WHERE relation = 'shop.month_1'), 'audit_on update', 'a partition that is detached is audited on');
SET SESSION AUTHORIZATION attack_mallory;
DROP TABLE shop.month_1, shop.month;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT operation FROM gdpr.audit_log WHERE relation = 'shop.month' ORDER BY split_part(event, ':', 1)::bigint DESC LIMIT 1), 'audit_off', 'a table that is dropped');
SET SESSION AUTHORIZATION attack_mallory;
CREATE TABLE shop.copy (LIKE shop.deal INCLUDING ALL);
ALTER TABLE shop.deal RENAME TO old_deal;
ALTER TABLE shop.copy RENAME TO deal;
INSERT INTO shop.old_deal VALUES (99, 1, 99);
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM gdpr.audit_log WHERE relation = 'shop.old_deal' AND to_values->>'price' = '99'), 1::bigint, 'renamed tables are followed; one that takes the name is another');
SELECT is((SELECT string_agg(status, ', ') FROM gdpr.verify_audit() WHERE status <> 'ok'), NULL, 'after all of it the log is sound');
SELECT * FROM finish();
