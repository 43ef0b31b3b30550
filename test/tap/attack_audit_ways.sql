-- SPDX-License-Identifier: PostgreSQL
-- Ways around the audit, into everybody's DDL and into the seals, by a role that owns tables. Laws: what switches the audit
-- off is refused or leaves an event, under whatever name a table has meanwhile; nobody's DDL waits for other people's tables
-- or fails because of them; no event is written that could not be sealed.
\ir lib/attack.sql
SELECT plan(29);
CREATE SCHEMA shop AUTHORIZATION attack_mallory;
CREATE SCHEMA vic AUTHORIZATION attack_vic;
GRANT USAGE ON SCHEMA shop, vic TO PUBLIC;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO attack_mallory', current_database()); END $$;
SET SESSION AUTHORIZATION attack_mallory;
CREATE TABLE shop.person (id int PRIMARY KEY, name text, phone text);
CREATE TABLE shop.month (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE shop.month_1 PARTITION OF shop.month FOR VALUES FROM (0) TO (10);
SELECT gdpr.audit('shop.person'), gdpr.audit('shop.month') \g /dev/null
INSERT INTO shop.person VALUES (1, 'Ann');
RESET SESSION AUTHORIZATION;
CREATE FUNCTION t.told(relation text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(l.operation, ' ' ORDER BY split_part(l.event, ':', 1)::bigint, split_part(l.event, ':', 2)::int)
  FROM gdpr.audit_log AS l WHERE l.relation = told.relation
$$;

-- 1. Another name is no way out.
SELECT matches(t.attempt('attack_mallory', $x$DO $do$ BEGIN ALTER INDEX shop.person RENAME TO x; DROP TRIGGER zzz_gdpr_audit_update ON shop.x; END $do$ $x$),
  '^42501', 'under a name that ALTER INDEX gave, too, its triggers stay');
SELECT matches(t.attempt('attack_mallory', $x$DO $do$ BEGIN ALTER INDEX shop.person RENAME TO x; ALTER TRIGGER zzz_gdpr_audit_update ON shop.x RENAME TO a; END $do$ $x$),
  '^42501', 'and keep their names');
SELECT is(t.attempt('attack_mallory', 'ALTER INDEX shop.person RENAME TO human'), '', 'the table may be renamed so');
SELECT is(t.attempt('attack_mallory', $$UPDATE shop.human SET name = 'Eve'$$), '', 'and written to');
SELECT is(t.told('shop.human'), 'update', 'its changes are told under the new name');
SELECT is((SELECT count(*) FROM gdpr_internal.audits_missing('shop.human')), 0::bigint, 'by all its triggers');
SELECT is(t.attempt('attack_mallory', 'ALTER TABLE shop.human RENAME TO person'), '', 'and back again');
SELECT is(t.attempt('attack_mallory', 'CREATE SCHEMA more CREATE TABLE month_2 PARTITION OF shop.month FOR VALUES FROM (10) TO (20)'), '', 'a partition made within CREATE SCHEMA');
SELECT is(t.attempt('attack_mallory', $$INSERT INTO more.month_2 VALUES (11, 'Bob')$$) || t.told('more.month_2'), 'insert', 'is audited as every other');
SELECT is(t.attempt('attack_mallory', $$CREATE TYPE shop.shape AS (id int, name text); CREATE TABLE shop.typed OF shop.shape; SELECT gdpr.audit('shop.typed');
  DROP TYPE shop.shape CASCADE$$), '', 'a typed table that goes with its type');
SELECT is((SELECT count(*) FROM gdpr_internal.audit_statement AS s JOIN gdpr_internal.audit_change AS c USING (statement)
           WHERE s.operation = 'X' AND c.subject_key = 'shop.typed'), 1::bigint, 'is told as the end of its audit');

-- 2. Nor is it to say that this is a restore; here she really logs in.
\setenv AUDIT_DB :DBNAME
\! PGOPTIONS='-c client_min_messages=error -c check_function_bodies=off' PGAPPNAME=pg_restore psql -Xq -d "$AUDIT_DB" -U attack_mallory -c 'ALTER TABLE shop.month DETACH PARTITION shop.month_1' -c 'ALTER TABLE shop.month_1 DISABLE TRIGGER ALL' -c "INSERT INTO shop.month_1 VALUES (1, 'secretly')" -c 'ALTER TABLE shop.month_1 ENABLE TRIGGER ALL' -c 'ALTER TABLE shop.month ATTACH PARTITION shop.month_1 FOR VALUES FROM (0) TO (10)' -c 'CREATE TABLE shop.month_3 PARTITION OF shop.month FOR VALUES FROM (20) TO (30)'
SELECT is(t.told('shop.month_1'), 'audit_on audit_off audit_on', 'detached, switched off, written to, attached: it left its events');
SELECT is((SELECT count(*) FROM gdpr_internal.audit_triggers_on('shop.month_3')), 4::bigint, 'a partition made in such a session has its triggers');

-- 3. Our triggers on a table that is not audited would draw it into everybody's DDL.
SELECT matches(t.attempt('attack_mallory', 'CREATE TABLE shop.bait (id int); CREATE TRIGGER a AFTER INSERT ON shop.bait FOR EACH STATEMENT EXECUTE FUNCTION gdpr.audit_changes()'),
  '^42501', 'nobody puts them there');
-- as an older version, or a table whose declaration was lost
SET session_replication_role = replica;
ALTER EVENT TRIGGER gdpr_follow_audit DISABLE;
CREATE TABLE shop.bait (id int);
ALTER TABLE shop.bait OWNER TO attack_mallory;
CREATE TRIGGER a AFTER INSERT ON shop.bait FOR EACH STATEMENT EXECUTE FUNCTION gdpr.audit_changes();
ALTER EVENT TRIGGER gdpr_follow_audit ENABLE ALWAYS;
RESET session_replication_role;
REVOKE USAGE ON SCHEMA shop FROM attack_mallory, PUBLIC;
SELECT is(t.attempt('attack_vic', 'CREATE TABLE vic.own (id int)'), '', 'where they are, DDL of others does not fail because of it');
SELECT is(t.attempt('postgres', 'CREATE TABLE vic.root (id int)'), '', 'a superuser''s does not either');
GRANT USAGE ON SCHEMA shop TO attack_mallory, PUBLIC;
DROP TABLE shop.bait;
-- the lock that gdpr.audit() holds until the end of the transaction
SELECT is((SELECT count(*) FROM pg_locks WHERE relation = 'gdpr_internal.audited'::regclass), 0::bigint, 'nobody holds the declarations');
BEGIN;
CREATE TABLE vic.other (id int);
ALTER TABLE vic.other ADD COLUMN name text;
SELECT is((SELECT string_agg(DISTINCT mode, ' ') FROM pg_locks WHERE relation = 'gdpr_internal.audited'::regclass AND pid = pg_backend_pid()),
  'AccessShareLock', 'DDL of a table that is not audited only reads them: it waits for nobody''s gdpr.audit()');
COMMIT;

-- 4. Who acts: behind a foreign key whoever set it off, behind an owner's code the owner.
SET SESSION AUTHORIZATION attack_mallory;
CREATE TABLE shop.parent (id int PRIMARY KEY);
CREATE TABLE shop.child (id int PRIMARY KEY, parent int REFERENCES shop.parent ON DELETE CASCADE);
SELECT gdpr.audit('shop.child') \g /dev/null
INSERT INTO shop.parent VALUES (1);
INSERT INTO shop.child VALUES (1, 1);
CREATE FUNCTION shop.forge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE shop.person SET name = 'forged'; RETURN OLD; END $$;
CREATE TRIGGER forge BEFORE DELETE ON shop.child FOR EACH ROW EXECUTE FUNCTION shop.forge();
GRANT SELECT, DELETE ON shop.parent TO attack_eve;
RESET SESSION AUTHORIZATION;
SELECT is(t.attempt('attack_eve', 'DELETE FROM shop.parent'), '', 'eve deletes a row, a key of mallory''s cascades, her trigger writes');
SELECT is((SELECT session_role || ' ' || role FROM gdpr.audit_log WHERE relation = 'shop.child' AND operation = 'delete'), 'attack_eve attack_eve', 'the cascade is eve''s');
SELECT is((SELECT session_role || ' ' || role FROM gdpr.audit_log WHERE to_values->>'name' = 'forged'), 'attack_eve attack_mallory', 'what the trigger wrote with mallory''s rights is mallory''s');

-- 5. A value that everybody shares writes no event for everybody.
SET SESSION AUTHORIZATION attack_mallory;
CREATE TABLE shop.call (id int PRIMARY KEY, phone text);
CREATE INDEX ON shop.person (phone);
INSERT INTO shop.person SELECT i, 'P', CASE WHEN i > 1002 THEN 'shared' ELSE 'unknown' END FROM generate_series(2, 2002) AS i;
SELECT gdpr.register_subject('person', 'shop.person') \g /dev/null
SELECT gdpr.add_link('person', 'shop.call', '{phone}', 'shop.person', '{phone}') \g /dev/null
SELECT gdpr.audit('shop.call') \g /dev/null
INSERT INTO shop.call VALUES (1, 'unknown'), (2, 'shared');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT array_agg(l.subject_type || '/' || (SELECT count(*) FROM gdpr_internal.audit_subject AS s WHERE s.statement || ':' || s.n = l.event) ORDER BY l.row_key)
           FROM gdpr.audit_log AS l WHERE l.relation = 'shop.call' AND l.operation = 'insert'), '{NULL,person/999}'::text[], 'a row of more than a thousand people is nobody''s');

-- 6. Nothing is written that could not be sealed, or restored from a dump.
SELECT (setting::int > 0) AS can_prepare FROM pg_settings WHERE name = 'max_prepared_transactions' \gset
CREATE TABLE more.month_4 PARTITION OF shop.month FOR VALUES FROM (40) TO (50);
\if :can_prepare
BEGIN;
INSERT INTO more.month_4 VALUES (40, 'prepared');
PREPARE TRANSACTION 'attack_audit_ways';
ROLLBACK PREPARED 'attack_audit_ways';
\endif
INSERT INTO more.month_4 VALUES (41, 'written');
SELECT is((SELECT count(*) FROM gdpr_internal.audit_statement AS s WHERE s.shape IS NOT NULL
           AND NOT EXISTS (SELECT FROM gdpr_internal.audit_shape AS h WHERE h.shape = s.shape)), 0::bigint, 'no event names a shape that went with a prepared transaction');
\! PGOPTIONS="-c client_min_messages=error -c gdpr.app_user=$(printf 'ann\377')" psql -Xq -d "$AUDIT_DB" -c "INSERT INTO more.month_4 VALUES (42, 'claimed')"
SELECT is((SELECT l.app_user FROM gdpr.audit_log AS l WHERE l.relation = 'more.month_4' AND l.row_key = '42'), '\x616e6eff', 'what a session claims and is no text is told in hex digits');
SELECT gdpr.seal_audit() IS NOT NULL AS sealed \g /dev/null
-- 7. Nor do the settings of a session that erases hide events from it: rows of nobody are found by their keys.
SET SESSION AUTHORIZATION attack_mallory;
CREATE TABLE shop.visit (at timestamptz, id bytea, person_id int, note text, PRIMARY KEY (at, id));
SELECT gdpr.classify('shop.visit', 'note', 'free_text'), gdpr.classify('shop.person', 'name', 'full_name'), gdpr.audit('shop.visit') \g /dev/null
INSERT INTO shop.visit VALUES ('2026-01-01 12:00+00', '\x00ff', 3, 'CANARY');
SELECT gdpr.add_link('person', 'shop.visit', '{person_id}') \g /dev/null
RESET SESSION AUTHORIZATION;
SET timezone = 'Asia/Tokyo';
SET bytea_output = 'escape';
SELECT gdpr.anonymize_subject('person', '3', 'asked', unclassified => 'keep') \g /dev/null
RESET timezone;
RESET bytea_output;
SELECT is((SELECT count(*) FROM gdpr.audit_log AS l WHERE l.relation = 'shop.visit' AND l.to_values::text ~ 'CANARY'), 0::bigint, 'a row keyed by a time is erased from the log in any time zone');
CREATE TEMP TABLE configuration AS SELECT gdpr_internal.audit_configuration() AS body;
SET quote_all_identifiers = on;
SELECT is((SELECT count(*) FROM gdpr_internal.audits_missing('shop.person')), 0::bigint, 'a session that quotes all names misses no trigger');
SELECT is(gdpr_internal.audit_configuration(), c.body, 'and seals no other configuration') FROM configuration AS c;
RESET quote_all_identifiers;
SELECT is((SELECT string_agg(DISTINCT v.status, ', ') FROM gdpr.verify_audit() AS v), 'ok', 'all of it is sealed and verifies');
SELECT is(t.broken(), '', 'nothing planted ran as anybody but its owner');
SELECT * FROM finish();
