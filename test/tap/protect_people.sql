-- SPDX-License-Identifier: PostgreSQL
-- Laws of the people's own tables while they are protected: a deleted person leaves no comments and
-- scans behind, a key with consent on it stays, and masks kept in the table say what is recorded.
SET client_min_messages = error;
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'protect_app') THEN CREATE ROLE protect_app; END IF;
END $$;
CREATE SCHEMA crm;
GRANT USAGE ON SCHEMA crm TO protect_app;
SELECT plan(41);
SELECT gdpr.add_purpose('letters');
SELECT gdpr.grant_purpose('letters', 'protect_app');
SET gdpr.purpose = 'administration';

-- Three tables of people: a number as key; two columns; an e-mail, which is personal, partitioned.
CREATE TABLE crm.person (id bigint PRIMARY KEY, name text);
CREATE TABLE crm.member (club int, nr text, name text, PRIMARY KEY (club, nr));
CREATE TABLE crm.reader (email text PRIMARY KEY, name text) PARTITION BY HASH (email);
CREATE TABLE crm.reader_0 PARTITION OF crm.reader FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE crm.reader_1 PARTITION OF crm.reader FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE crm.customer (email text PRIMARY KEY, name text);
INSERT INTO crm.customer VALUES ('customer1@example.org', 'name');
CREATE TABLE crm.detail (id int, person bigint REFERENCES crm.person ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO crm.person SELECT i, 'name ' || i FROM generate_series(1, 9) AS i;
INSERT INTO crm.member SELECT i % 2, 'a,"b" ' || i, 'name' FROM generate_series(1, 6) AS i;
INSERT INTO crm.reader SELECT format('reader%s@example.org', i), 'name' FROM generate_series(1, 8) AS i;
INSERT INTO crm.detail SELECT i, i FROM generate_series(1, 9) AS i;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA crm TO protect_app;
SELECT gdpr.register_subject('person', 'crm.person'), gdpr.register_subject('member', 'crm.member'), gdpr.register_subject('reader', 'crm.reader'), gdpr.register_subject('customer', 'crm.customer');
SELECT gdpr.add_link('person', 'crm.detail', '{person}');
SELECT gdpr.classify('crm.person', 'name', 'full_name'), gdpr.classify('crm.member', 'name', 'full_name'),
  gdpr.classify('crm.reader', 'name', 'full_name'), gdpr.classify('crm.reader', 'email', 'email'), gdpr.classify('crm.detail', 'id', 'not_personal'),
  gdpr.classify('crm.customer', 'email', 'email'), gdpr.classify('crm.customer', 'name', 'full_name');
SELECT gdpr.record_consent('customer', 'customer1@example.org', 'accepted', 'letters', medium => 'email');
SELECT gdpr.record_consent('person', i::text, 'accepted', 'letters', medium => 'email', comment => 'said so') FROM generate_series(1, 5) AS i;
SELECT gdpr.record_consent('member', ROW(club, nr)::text, 'accepted', 'letters', medium => 'email', comment => 'said so') FROM crm.member;
SELECT gdpr.record_consent('reader', email, 'accepted', 'letters', medium => 'email', comment => 'said so') FROM crm.reader;
CALL gdpr.protect('person', inline => true);
CALL gdpr.protect('member', inline => true);
CALL gdpr.protect('reader', inline => true);
CALL gdpr.protect('customer', inline => true);

-- Masks in the table.
SELECT is((SELECT array_agg(id ORDER BY id) FROM crm.person WHERE gdpr_allowed & 2 <> 0), '{1,2,3,4,5}'::bigint[], 'masks of a simple key are filled');
SELECT is((SELECT count(*) FROM crm.member WHERE gdpr_allowed & 2 <> 0), 6::bigint, 'masks of a key of two columns, quotes and all');
SELECT is((SELECT count(*) FROM crm.reader_0 WHERE gdpr_allowed & 2 <> 0) + (SELECT count(*) FROM crm.reader_1 WHERE gdpr_allowed & 2 <> 0), 8::bigint, 'masks of partitions');
SELECT is((SELECT count(*) FROM gdpr_internal.protection WHERE fill IS NOT NULL), 0::bigint, 'nothing is left to fill');
SELECT gdpr.record_consent('member', ROW(club, nr)::text, 'withdrawn', 'letters', medium => 'email') FROM crm.member WHERE nr LIKE '% 2';
SELECT gdpr.record_consent('reader', 'reader3@example.org', 'withdrawn', 'letters', medium => 'email');
SELECT is((SELECT string_agg(nr, ' ') FROM crm.member WHERE gdpr_allowed & 2 = 0), 'a,"b" 2', 'a withdrawal reaches its row, and no other');
SELECT is((SELECT string_agg(email, ' ') FROM crm.reader WHERE gdpr_allowed & 2 = 0), 'reader3@example.org', 'in a partition as well');
SET gdpr.purpose = 'letters';
SET ROLE protect_app;
SELECT set_eq('SELECT id FROM crm.person', '{1,2,3,4,5}'::bigint[], 'who reads sees who agreed');
SELECT is((SELECT count(*) FROM crm.member), 5::bigint, 'by two columns');
SELECT is((SELECT count(*) FROM crm.reader), 7::bigint, 'by an e-mail');
RESET ROLE;
SET gdpr.purpose = 'administration';
SELECT gdpr.add_purpose('calls', 'legitimate_interests');
SELECT is((SELECT count(*) FROM crm.person WHERE gdpr_allowed & 4 <> 0), 9::bigint, 'a new purpose without consent reaches every row');
SELECT gdpr.drop_purpose('calls');
SELECT is((SELECT count(*) FROM crm.person AS p LEFT JOIN gdpr_internal.person_allowed AS a USING (id), gdpr_internal.consent_setting AS s
           WHERE s.subject_type = 'person' AND p.gdpr_allowed <> coalesce(a.allowed, s.default_allowed)), 0::bigint, 'a purpose that is dropped as well');
CREATE TABLE crm.reader_2 (email text NOT NULL, name text, gdpr_allowed bigint, gdpr_valid_until timestamptz);
SELECT throws_ok($$UPDATE crm.person SET gdpr_allowed = 7 WHERE id = 6$$, '42501', NULL, 'a mask is not written by hand, not even by a superuser');
INSERT INTO crm.person (id, name, gdpr_allowed, gdpr_valid_until) VALUES (10, 'new', -1, 'infinity');
SELECT is((SELECT gdpr_allowed FROM crm.person WHERE id = 10), NULL, 'nor brought along');

-- Keys.
SELECT throws_ok('UPDATE crm.person SET id = 20 WHERE id = 1', '55000', NULL, 'a key with consent on it stays');
SELECT throws_ok($$UPDATE crm.member SET club = 7 WHERE nr LIKE '% 1'$$, '55000', NULL, 'any column of it');
SELECT throws_ok($$UPDATE crm.reader SET email = 'other@example.org' WHERE email = 'reader1@example.org'$$, '55000', NULL, 'in partitions as well');
SELECT throws_like($$UPDATE crm.reader SET email = 'other@example.org' WHERE email = 'reader1@example.org'$$, '%key of this "reader" cannot change', 'and the message does not quote it');
SELECT lives_ok('UPDATE crm.person SET id = 60 WHERE id = 6', 'a key without consent may change');
SELECT is((SELECT person FROM crm.detail WHERE id = 6), 60::bigint, 'and cascades');
SELECT lives_ok('UPDATE crm.person SET id = 1, name = ''x'' WHERE id = 1', 'setting a key to itself is no change');
SELECT isnt(gdpr.anonymize_subject('customer', 'customer1@example.org', 'left'), NULL, 'an erasure replaces a key that is personal');
SELECT is((SELECT count(*) FROM crm.customer WHERE email LIKE 'customer1@%'), 0::bigint, 'so that it is gone');

-- Deleted by hand.
SELECT is((SELECT count(*) FROM gdpr_internal.consent_detail AS d JOIN gdpr_internal.consent_event AS e USING (event) WHERE e.subject_type = 'person' AND d.comment IS NOT NULL), 5::bigint, 'comments are there');
DELETE FROM crm.person WHERE id IN (1, 7);
SELECT is((SELECT count(*) FROM gdpr_internal.consent_detail AS d JOIN gdpr_internal.consent_event AS e USING (event) WHERE e.subject_type = 'person' AND d.comment IS NOT NULL), 4::bigint, 'who is deleted leaves no comment behind');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state WHERE subject_type = 'person' AND subject_key = '1'), 0::bigint, 'nor a state that the next person of that key would have');
SELECT is((SELECT count(*) FROM gdpr_internal.person_allowed WHERE id = 1), 0::bigint, 'nor a mask');
SELECT is((SELECT count(*) > 0 FROM gdpr_internal.consent_event WHERE subject_type = 'person' AND state = 'accepted'), true, 'the proof stays');
INSERT INTO crm.person VALUES (1, 'somebody else');
SET gdpr.purpose = 'letters';
SET ROLE protect_app;
SELECT is((SELECT count(*) FROM crm.person WHERE id = 1), 0::bigint, 'the next person of that key has not agreed to anything');
RESET ROLE;
SET gdpr.purpose = 'administration';
SELECT is((SELECT count(*) FROM gdpr.consent_history WHERE subject_type = 'person' AND subject_key = '1'), 0::bigint, 'and has no history');
DELETE FROM crm.reader_0;
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state AS c WHERE c.subject_type = 'reader' AND c.subject_key LIKE '%@%' AND NOT EXISTS (SELECT FROM crm.reader AS r WHERE r.email = c.subject_key)), 0::bigint, 'a partition that is emptied directly counts');
WITH gone AS (DELETE FROM crm.person WHERE id = 2 RETURNING *) INSERT INTO crm.person (id, name) SELECT id + 100, name FROM gone;
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state WHERE subject_type = 'person' AND subject_key IN ('2', '102')), 0::bigint, 'deleting in a WITH clause counts');
SELECT lives_ok('DELETE FROM crm.person WHERE id = 999', 'deleting nobody is nothing');
TRUNCATE crm.member;
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state WHERE subject_type = 'member' AND subject_key LIKE '(%') + (SELECT count(*) FROM gdpr_internal.member_allowed), 0::bigint, 'TRUNCATE forgets as well');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_detail AS d JOIN gdpr_internal.consent_event AS e USING (event) WHERE e.subject_type = 'member' AND d.comment IS NOT NULL), 0::bigint, 'comments and all');

-- Deleted while nobody looked.
CALL gdpr.unprotect('person');
DELETE FROM crm.person WHERE id IN (3, 4);
SELECT is((SELECT finding FROM gdpr.doctor() WHERE object = 'person' AND hint LIKE '%forget_missing%'), '2 people have consent on record and no row: they were deleted by hand', 'the doctor finds who was deleted while the table was not protected');
SELECT is(gdpr.forget_missing('person'), 2::bigint, 'forget_missing() forgets them');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_detail AS d JOIN gdpr_internal.consent_event AS e USING (event) WHERE e.subject_type = 'person' AND d.comment IS NOT NULL), 1::bigint, 'and only them');
SELECT is(gdpr.forget_missing('person'), 0::bigint, 'once');
SET ROLE protect_app;
SELECT throws_ok('SELECT gdpr.forget_missing(''person'')', '42501', NULL, 'only the owner may');
RESET ROLE;
CALL gdpr.unprotect('reader');
SELECT is((SELECT count(*) FROM pg_attribute WHERE attrelid = 'crm.reader_1'::regclass AND attname LIKE 'gdpr%'), 0::bigint, 'unprotect takes the masks out of partitions');
SELECT is((SELECT count(*) FROM pg_seclabel WHERE objoid = 'crm.person'::regclass AND objsubid > 2), 0::bigint, 'and their labels');
SELECT * FROM finish();
