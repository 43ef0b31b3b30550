-- SPDX-License-Identifier: PostgreSQL
-- Declarations of the audit. Law: whatever its owner does to an audited table, it stays audited, or the log says who
-- switched it off.
SET client_min_messages = error;
DO $$
DECLARE r name;
BEGIN
  FOREACH r IN ARRAY '{ddl_owner,ddl_other}'::name[] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I', r); END IF;
  END LOOP;
END $$;
SELECT plan(67);
\o /dev/null
SELECT gdpr.create_key();
CREATE SCHEMA d AUTHORIZATION ddl_owner;
GRANT ALL ON SCHEMA d TO ddl_other;
CREATE SCHEMA t;
GRANT USAGE ON SCHEMA t TO PUBLIC;
-- Lines of the log since the last call: operation and relation, or the name that a dropped one had.
CREATE TABLE t.seen (statement bigint);
INSERT INTO t.seen VALUES (0);
CREATE FUNCTION t.news() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH n AS (SELECT s.statement, s.operation, s.session_role, s.changes, coalesce(a.relation_name, (
      SELECT c.subject_key FROM gdpr_internal.audit_change AS c WHERE c.statement = s.statement AND c.n = 1)) AS relation
    FROM gdpr_internal.audit_statement AS s LEFT JOIN gdpr_internal.audit_shape AS a USING (shape)
    WHERE s.statement > (SELECT statement FROM t.seen)
  ), m AS (UPDATE t.seen SET statement = (SELECT max(n.statement) FROM n) WHERE EXISTS (SELECT FROM n))
  SELECT string_agg(format('%s %s %s', operation, relation, changes), ', ' ORDER BY statement) FROM n
$$;
CREATE FUNCTION t.triggers(relation regclass) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(replace(tgname, 'zzz_gdpr_audit_', '') || ' ' || tgenabled::text, ', ' ORDER BY tgname) FROM pg_trigger
  WHERE tgrelid = relation AND tgname ~ '^zzz_gdpr_audit_'
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
SET SESSION AUTHORIZATION ddl_owner;
CREATE TABLE d.solo (id int PRIMARY KEY, v text);
CREATE TABLE d.root (id int, part text, v text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE d.leaf_a PARTITION OF d.root FOR VALUES IN ('a');
CREATE TABLE d.old (id int PRIMARY KEY, v text);
CREATE TABLE d.young (extra text) INHERITS (d.old);
CREATE VIEW d.view AS SELECT * FROM d.solo;
CREATE MATERIALIZED VIEW d.mat AS SELECT * FROM d.solo;
CREATE TEMP TABLE temporary (id int);
RESET SESSION AUTHORIZATION;
\o

-- Who may, and what.
SELECT is(t.attempt('ddl_other', $$SELECT gdpr.audit('d.solo')$$), '42501: must be owner of relation d.solo', 'only the owner switches the audit on');
SELECT is(t.attempt('ddl_owner', format('SELECT gdpr.audit(%L)', x)), '42809: relation ' || x || ' cannot be audited', 'not audited: ' || x)
FROM unnest('{d.view,d.mat,d.solo_pkey,pg_catalog.pg_class,information_schema.sql_features}'::text[]) AS x;
SELECT is(t.attempt('ddl_owner', $$SELECT gdpr.audit('pg_temp.temporary')$$), '42809: relation pg_temp.temporary cannot be audited', 'temporary tables are not');
SELECT is(t.attempt('ddl_owner', $$SELECT gdpr.audit('d.solo', 'secrets')$$), '22023: unknown way to audit classified columns', 'nor in ways that do not exist');
SELECT is(t.attempt('ddl_owner', $$SELECT gdpr.audit(NULL)$$), '22004: the relation must not be null', 'nor nothing');
SELECT is(t.attempt('ddl_owner', $$SELECT gdpr.audit('d.solo'), gdpr.audit('d.root'), gdpr.audit('d.old')$$), '', 'the owner does');
SELECT is(t.news(), 'S solo 1, S root 1, S old 1', 'which is written down');
SELECT is(t.attempt('ddl_owner', $$SELECT gdpr.audit('d.solo'), gdpr.audit('d.leaf_a')$$), '', 'twice is once');
SELECT is(t.news(), NULL, 'and nothing new');
SELECT is(t.triggers('d.solo'), 'delete A, insert A, truncate A, update A', 'a table has statement triggers, always on');
SELECT is(t.triggers('d.leaf_a'), t.triggers('d.root'), 'as have root and leaves of partitions');
SELECT is(t.triggers('d.young'), 'row A, truncate A', 'inheritance has row triggers');
SELECT is(t.attempt('ddl_owner', $$SELECT gdpr.audit('d.solo', 'names')$$), '', 'the way can be changed');
SELECT is(t.news(), 'S solo 1', 'which is written down, too');
SELECT is((SELECT classified FROM gdpr_internal.audited WHERE relation_name = 'solo'), 'names', 'and remembered');
SELECT is(t.attempt('ddl_owner', $$SELECT gdpr.audit('d.solo', replicated => true)$$), '', 'what replication applies can be audited');
SELECT is(t.triggers('d.solo'), 'delete A, insert A, replicated R, truncate A, update A', 'by a trigger of its own');
SELECT is(t.attempt('ddl_owner', $$SELECT gdpr.audit('d.solo')$$), '', 'and not any more');
SELECT is(t.triggers('d.solo'), 'delete A, insert A, truncate A, update A', 'then it is gone');
SELECT t.news() \g /dev/null

-- By hand.
SELECT is(left(t.attempt('ddl_owner', s), 6), '42501:', 'refused: ' || s) FROM unnest(ARRAY[
  'DROP TRIGGER zzz_gdpr_audit_insert ON d.solo',
  'ALTER TRIGGER zzz_gdpr_audit_insert ON d.solo RENAME TO x',
  'CREATE OR REPLACE TRIGGER zzz_gdpr_audit_insert AFTER INSERT ON d.solo REFERENCING NEW TABLE AS gdpr_new FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION gdpr.audit_changes()',
  'CREATE OR REPLACE TRIGGER zzz_gdpr_audit_delete AFTER DELETE ON d.solo REFERENCING OLD TABLE AS gdpr_new FOR EACH STATEMENT EXECUTE FUNCTION gdpr.audit_changes()',
  'CREATE TRIGGER zzz_gdpr_audit_more AFTER INSERT ON d.solo FOR EACH ROW EXECUTE FUNCTION gdpr.audit_row()',
  'CREATE TRIGGER more AFTER INSERT ON d.solo FOR EACH ROW EXECUTE FUNCTION gdpr.audit_row()']) AS s;
SELECT is(t.attempt('ddl_owner', 'ALTER TABLE d.solo DISABLE TRIGGER zzz_gdpr_audit_insert; INSERT INTO d.solo VALUES (1); ALTER TABLE d.solo ENABLE TRIGGER zzz_gdpr_audit_insert'),
  '', 'switching off is the owner''s right');
SELECT is(t.news(), 'X solo 1, S solo 1', 'off and on again are written down');
SELECT is(t.triggers('d.solo'), 'delete A, insert A, truncate A, update A', 'and on means always');
SELECT is(t.attempt('ddl_owner', 'ALTER TABLE d.leaf_a DISABLE TRIGGER USER'), '', 'a partition alone');
SELECT is(t.news(), 'X leaf_a 1', 'is written down as what it is');
SELECT is(t.attempt('ddl_owner', 'ALTER TABLE d.leaf_a ADD CHECK (id > 0)'), '', 'other changes of it');
SELECT is(t.news(), NULL, 'are not');
SELECT is(t.attempt('ddl_owner', 'ALTER TABLE d.leaf_a ENABLE REPLICA TRIGGER zzz_gdpr_audit_insert'), '', 'enabled for replication only');
SELECT is(t.news(), NULL, 'is still off');
SELECT is(t.attempt('ddl_owner', 'ALTER TABLE d.leaf_a ENABLE TRIGGER USER'), '', 'on again');
SELECT is(t.news(), 'S leaf_a 1', 'and that is written down');

-- Tables that come and go.
SELECT is(t.attempt('ddl_owner', $$CREATE TABLE d.leaf_b PARTITION OF d.root FOR VALUES IN ('b'); CREATE TABLE d.leaf_c (LIKE d.root);
  ALTER TABLE d.root ATTACH PARTITION d.leaf_c FOR VALUES IN ('c'); CREATE TABLE d.baby (LIKE d.old); ALTER TABLE d.baby INHERIT d.old;
  CREATE TABLE d.kid () INHERITS (d.solo)$$), '', 'new partitions and children');
SELECT is(t.triggers('d.leaf_b') || '; ' || t.triggers('d.leaf_c'), t.triggers('d.root') || '; ' || t.triggers('d.root'), 'have their triggers: partitions');
SELECT is(t.triggers('d.baby'), 'row A, truncate A', 'children');
SELECT is(t.triggers('d.solo') || '; ' || t.triggers('d.kid'), 'row A, truncate A; row A, truncate A', 'and parents that become ones');
SELECT is(t.news(), 'S leaf_c 1, S baby 1', 'a table that is attached may bring rows: from now on it is audited');
SELECT is(t.attempt('ddl_owner', $$INSERT INTO d.leaf_b VALUES (1, 'b'); INSERT INTO d.leaf_c VALUES (1, 'c'); INSERT INTO d.baby VALUES (1);
  INSERT INTO d.kid VALUES (1); TRUNCATE d.leaf_c$$), '', 'they are written to');
SELECT is(t.news(), 'I leaf_b 1, I leaf_c 1, I baby 1, I kid 1, T leaf_c 1', 'and audited');
SELECT is(t.attempt('ddl_owner', 'ALTER TABLE d.root DETACH PARTITION d.leaf_b; INSERT INTO d.leaf_b VALUES (2, ''b''); ALTER TABLE d.baby NO INHERIT d.old; DELETE FROM d.baby'),
  '', 'taken off their parents');
SELECT is(t.news(), 'S leaf_b 1, I leaf_b 1, S baby 1, D baby 1', 'they are audited by themselves');
SELECT is(t.attempt('ddl_owner', 'ALTER TABLE d.solo RENAME TO one; ALTER TABLE d.one RENAME v TO w; UPDATE d.one SET w = 1; ALTER TABLE d.root RENAME TO trunk'), '', 'renamed');
SELECT is(t.news(), 'U one 1, U kid 1', 'they stay audited');
SELECT is((SELECT array_agg(relation_name ORDER BY relation_name) FROM gdpr_internal.audited), '{baby,leaf_b,old,one,trunk}', 'by their new names');
SELECT is(t.attempt('ddl_owner', 'DROP TABLE d.leaf_a; DROP TABLE d.one CASCADE'), '', 'dropped');
SELECT is(t.news(), 'X d.leaf_a 1, X d.kid 1, X d.one 1', 'that is written down');
SELECT is((SELECT count(*) FROM gdpr_internal.audited WHERE relation_name = 'one'), 0::bigint, 'and a table of that name is another one');
SELECT is(left(t.attempt('ddl_owner', $$SELECT gdpr.unaudit('d.leaf_c')$$), 6), '55000:', 'a partition is not taken out of the audit of its root');
SELECT is(left(t.attempt('ddl_other', $$SELECT gdpr.unaudit('d.trunk')$$), 6), '42501:', 'nor anything by others than the owner');
SELECT is(t.attempt('ddl_owner', $$SELECT gdpr.unaudit('d.trunk'), gdpr.unaudit('d.trunk')$$), '', 'the owner ends it');
SELECT is(t.news(), 'X trunk 1', 'once, and written down');
SELECT is(coalesce(t.triggers('d.trunk'), '') || coalesce(t.triggers('d.leaf_c'), ''), '', 'no trigger is left');
SELECT is(t.attempt('ddl_owner', $$INSERT INTO d.trunk VALUES (9, 'c')$$), '', 'the table goes on without');

-- protect and unprotect.
\o /dev/null
SET SESSION AUTHORIZATION ddl_owner;
CREATE TABLE d.person (id int PRIMARY KEY, name text);
CREATE TABLE d.mail (id int PRIMARY KEY, person_id int REFERENCES d.person, v text);
SELECT gdpr.register_subject('ddl', 'd.person'), gdpr.add_link('ddl', 'd.mail', '{person_id}'), gdpr.audit('d.mail', 'names');
CALL gdpr.protect('ddl');
RESET SESSION AUTHORIZATION;
\o
SELECT is((SELECT array_agg(concat_ws(' ', relation_name, classified, protected) ORDER BY relation_name) FROM gdpr_internal.audited WHERE relation_name IN ('person', 'mail')),
  '{mail names f,person values t}', 'gdpr.protect() audits, and leaves alone what is audited');
SET SESSION AUTHORIZATION ddl_owner;
CALL gdpr.unprotect('ddl');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT array_agg(relation_name) FROM gdpr_internal.audited WHERE relation_name IN ('person', 'mail')), '{mail}', 'gdpr.unprotect() takes off what protect put on');

-- The configuration that seals hold.
SELECT gdpr_internal.audit_configuration() AS before \gset
ALTER TABLE d.mail DISABLE TRIGGER zzz_gdpr_audit_insert;
ALTER TABLE d.mail ENABLE TRIGGER zzz_gdpr_audit_insert;
SELECT isnt(gdpr_internal.audit_configuration(), :'before', 'off and on again changes the configuration');
SELECT gdpr_internal.audit_configuration() AS before \gset
SELECT is(gdpr_internal.audit_configuration(), :'before', 'nothing else does');
SELECT isnt_empty($$SELECT * FROM gdpr.remove() AS r WHERE r ~ 'audit'$$, 'gdpr.remove() ends every audit');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname ~ '^zzz_gdpr'), 0::bigint, 'with its triggers');
SELECT * FROM finish();
