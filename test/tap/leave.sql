-- SPDX-License-Identifier: PostgreSQL
-- How to leave: gdpr.remove() and DROP EXTENSION take everything along but the anonymization itself. And
-- what a database looks like when tables are dropped, made again, renamed, or come from a restore.
\set QUIET on
SET client_min_messages = error;
SELECT plan(37);
\o /dev/null
\ir ../fixtures/state.sql
\o
SET client_min_messages = error;

-- 1. Renames are followed, of everything that is named in a declaration.
ALTER TABLE shop.customer RENAME TO client;
ALTER TABLE shop.client RENAME COLUMN id TO number;
ALTER TABLE shop.document RENAME COLUMN owner_type TO owner_class;
ALTER TABLE shop.document RENAME COLUMN owner_id TO owner_number;
ALTER TABLE shop.hold RENAME TO legal_hold;
ALTER TABLE shop.legal_hold RENAME COLUMN customer_id TO client_number;
ALTER TABLE shop."Order" RENAME COLUMN customer_id TO client_number;
ALTER TABLE shop."Order" RENAME TO "Bestellung; --";
ALTER SCHEMA shop RENAME TO "Läden";
SELECT is((SELECT count(*) FROM gdpr.preflight('customer') WHERE severity = 'error'), 0::bigint, 'preflight finds nothing wrong after renames');
SELECT throws_ok($$UPDATE "Läden".client SET name = 'Ada' WHERE number = 1$$, 'PD001', NULL, 'the guard follows the table');
SELECT throws_ok($$INSERT INTO "Läden".document VALUES (9, 'customer', '1', 'x')$$, 'PD001', NULL, 'the guard follows the discriminator');
SELECT lives_ok($$INSERT INTO "Läden"."Bestellung; --" VALUES (9, 1, 'x', 1)$$, 'the redirect is followed');
SELECT is((SELECT client_number FROM "Läden"."Bestellung; --" WHERE id = 9), 0, 'to the suspense account');
SELECT is((SELECT string_agg(blocker, ',') FROM gdpr.blockers('customer', '2') WHERE blocker NOT LIKE 'basis: %'), 'legal hold', 'the blocker is followed');
SELECT is((SELECT number FROM gdpr.customer_frozen), 1, 'the view of the frozen has the key''s new name');
SELECT lives_ok($$SELECT gdpr.anonymize_subject('customer', '3', 'left')$$, 'somebody leaves');
SELECT is((SELECT name FROM "Läden".client WHERE number = 3), 'Anonymized', 'and is anonymized');

-- 2. A number that means another table now (as after a restore) makes nobody follow that table's renames.
CREATE TABLE "Läden".innocent (number int PRIMARY KEY, owner_number text);
CREATE TABLE "Läden".innocent2 (x int);
UPDATE gdpr_internal.link SET relation_oid = '"Läden".innocent'::regclass WHERE relation_name = 'document';
UPDATE gdpr_internal.subject_type SET relation_oid = '"Läden".innocent'::regclass;
UPDATE gdpr_internal.blocker SET relation_oid = '"Läden".innocent2'::regclass;
ALTER TABLE "Läden".innocent RENAME COLUMN owner_number TO stolen;
ALTER TABLE "Läden".innocent RENAME COLUMN number TO stolen2;
ALTER TABLE "Läden".innocent RENAME TO innocent3;
ALTER TABLE "Läden".innocent2 RENAME TO legal_hold_2;
SELECT bag_eq($$SELECT relation_name, columns FROM gdpr_internal.link WHERE relation_name ~ 'docu|inno'$$,
  $$VALUES ('document'::name, '{owner_number}'::name[])$$, 'stale numbers rename no link');
SELECT results_eq('SELECT relation_name, key FROM gdpr_internal.subject_type', $$VALUES ('client'::name, '{number}'::name[])$$, 'nor the subject type');
SELECT results_eq('SELECT relation_name, relation_oid FROM gdpr_internal.blocker', $$VALUES ('legal_hold'::name, '"Läden".legal_hold'::regclass::oid)$$,
  'nor the blocker, and the numbers are right again');

-- 3. A linked table is dropped: runs stop and say so. It is made again: they go on.
DROP TABLE "Läden".document;
SELECT throws_like($$SELECT gdpr.anonymize_subject('customer', '4', 'left')$$, '%document%does not exist%', 'a dropped table stops erasures');
SELECT ok((SELECT count(*) FROM gdpr.preflight('customer') WHERE severity = 'error' AND finding ~ 'document' AND hint ~ 'drop_missing') > 0,
  'preflight names it and says what to do');
SELECT throws_ok($$UPDATE "Läden".client SET name = 'Ada' WHERE number = 1$$, 'PD001', NULL, 'meanwhile the frozen stay frozen');
CREATE TABLE "Läden".document (id integer PRIMARY KEY, owner_class text, owner_number text, body text);
SELECT throws_ok($$INSERT INTO "Läden".document VALUES (9, 'customer', '1', 'x')$$, 'PD001', NULL, 'made again, it is guarded at once');
SELECT throws_ok($$SELECT gdpr.anonymize_subject('customer', '4', 'left')$$, 'PD003', NULL, 'and wants its classification back');
SELECT gdpr.classify('"Läden".document', 'body', 'free_text') \g /dev/null
INSERT INTO "Läden".document VALUES (10, 'customer', '4', 'Dan''s letter');
SELECT lives_ok($$SELECT gdpr.anonymize_subject('customer', '4', 'left')$$, 'then erasures go on');
SELECT is((SELECT body FROM "Läden".document WHERE id = 10), 'Anonymized', 'also there');
ALTER TABLE "Läden".legal_hold DROP COLUMN client_number;
SELECT throws_like($$SELECT gdpr.anonymize_subject('customer', '2', 'left')$$, '%client_number%does not exist%', 'a dropped blocker column stops erasures');

-- 4. DROP EXTENSION by itself is refused, because the guards still stand.
SELECT throws_ok('DROP EXTENSION pg_gdpr', '2BP01', NULL, 'the extension does not go while guards stand');

-- 5. Leaving.
CREATE TABLE exported AS SELECT * FROM gdpr.export_rules() AS statement;
SELECT lives_ok('SELECT gdpr.remove()', 'remove()');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname ~ 'gdpr' AND (SELECT c.relnamespace FROM pg_class AS c WHERE c.oid = tgrelid) NOT IN ('gdpr'::regnamespace, 'gdpr_internal'::regnamespace)), 0::bigint, 'no guard is left');
SELECT is((SELECT count(*) FROM pg_seclabel WHERE provider = 'gdpr'), 0::bigint, 'no label is left');
SELECT lives_ok('DROP EXTENSION pg_gdpr', 'the extension goes without CASCADE');
SELECT is((SELECT string_agg(nspname, ', ') FROM pg_namespace WHERE nspname ~ 'gdpr'), NULL, 'no schema is left');
SELECT is((SELECT string_agg(evtname, ', ') FROM pg_event_trigger WHERE evtname ~ 'gdpr'), NULL, 'no event trigger');
SELECT is((SELECT string_agg(oid::regprocedure::text, ', ') FROM pg_proc WHERE probin ~ 'pg_gdpr'), NULL, 'no function of the library');
SELECT is((SELECT string_agg(pg_describe_object(classid, objid, objsubid), ', ') FROM pg_shdepend
  WHERE refclassid = 'pg_authid'::regclass AND refobjid = 'gdpr_owner'::regrole
    AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())), NULL, 'nothing of its owner, nor a right of its owner''s');
SELECT is((SELECT string_agg(pg_describe_object(classoid, objoid, objsubid), ', ') FROM pg_seclabel), NULL, 'no label of any provider');
SELECT lives_ok($$UPDATE "Läden".client SET name = 'free again' WHERE number = 1$$, 'the tables are the users'' again');
SELECT is((SELECT name FROM "Läden".client WHERE number = 3), 'Anonymized', 'and who was anonymized stays so');

-- 6. Coming back, with the exported rules.
SELECT lives_ok('CREATE EXTENSION pg_gdpr', 'the extension can come back');
ALTER TABLE "Läden".legal_hold ADD COLUMN client_number int;
SELECT lives_ok($q$DO $do$ DECLARE s text; BEGIN FOR s IN SELECT statement FROM exported LOOP EXECUTE s; END LOOP; END $do$$q$, 'with its rules');
SELECT results_eq('SELECT * FROM gdpr.export_rules() AS s ORDER BY 1', 'SELECT statement FROM exported ORDER BY 1', 'which are what they were');

-- 7. DROP EXTENSION CASCADE, against advice: guards and views go, labels stay and mean the same to the next one.
SELECT lives_ok('DROP EXTENSION pg_gdpr CASCADE', 'CASCADE takes the guards along');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname ~ 'gdpr'), 0::bigint, 'all of them');
SELECT finish();
