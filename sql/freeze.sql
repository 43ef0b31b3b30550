-- Frozen: nothing more may happen to an anonymized person.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_freeze_app;
CREATE SCHEMA froze AUTHORIZATION regress_freeze_app;
SET search_path = froze, public;
SET ROLE regress_freeze_app;
CREATE TABLE client (id int PRIMARY KEY, name text);
CREATE TABLE account (id int PRIMARY KEY, client_id int REFERENCES client, name text);
CREATE TABLE posting (id int, account_id int REFERENCES account, day date NOT NULL, amount int) PARTITION BY RANGE (day);
CREATE TABLE posting_2020 PARTITION OF posting FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE ticket (id int PRIMARY KEY, owner_type text, owner_id text);
CREATE TABLE call (id int, client_id int);
CREATE TABLE call_archive (reason text) INHERITS (call);
CREATE TABLE address (id int PRIMARY KEY, client_id int);
CREATE TABLE pending (client_id int);
CREATE TABLE lead (client_id text, state text);
CREATE VIEW open_lead AS SELECT client_id FROM lead WHERE state = 'open';
INSERT INTO client VALUES (0, 'suspense'), (1, 'Ann'), (2, 'Bob');
INSERT INTO account VALUES (99, 0, 'suspense'), (10, 1, 'Ann''s'), (20, 2, 'Bob''s');
INSERT INTO posting VALUES (1, 10, '2020-01-01', 5), (2, 20, '2020-01-01', 7);
INSERT INTO ticket VALUES (1, 'client', '1'), (2, 'client', '2'), (3, 'account', '1');
INSERT INTO call VALUES (1, 1), (2, 2);
INSERT INTO call_archive VALUES (3, 1, 'old');
INSERT INTO address VALUES (1, 1);
SELECT gdpr.register_subject('client', 'client');
SELECT gdpr.add_link('client', 'account', '{client_id}') \g /dev/null
SELECT gdpr.add_link('client', 'posting', '{account_id}', 'account') \g /dev/null
SELECT gdpr.add_link('client', 'ticket', '{owner_id}', discriminator => 'owner_type', discriminator_value => 'client') \g /dev/null
SELECT gdpr.add_link('client', 'call', '{client_id}') \g /dev/null
SELECT gdpr.add_link('client', 'address', '{client_id}', scope => 'shared') \g /dev/null
SELECT gdpr.add_blocker('client', 'pending', 'pending', 'client_id'), gdpr.add_blocker('client', 'lead', 'open_lead', 'client_id') \g /dev/null
SELECT gdpr.classify(('froze.' || t)::regclass, c, k) FROM (VALUES ('client', 'name', 'full_name'), ('account', 'name', 'free_text'),
  ('posting', 'id', 'not_personal'), ('posting', 'day', 'not_personal'), ('posting', 'amount', 'not_personal'),
  ('call', 'id', 'not_personal'), ('call_archive', 'reason', 'free_text')) AS v(t, c, k) \g /dev/null
RESET ROLE;

-- the_guard_stands_on_people_and_owned_links_only
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname ~ 'zz_gdpr' AND tgrelid::regclass::text !~ '\.' ORDER BY tgrelid::regclass::text, tgname;
SELECT gdpr.anonymize_subject('client', '1', 'test') IS NOT NULL AS anonymized;
SELECT gdpr.is_frozen('client', '1'), gdpr.is_frozen('client', ' 01'), gdpr.is_frozen('client', '2'), gdpr.is_frozen('client', NULL);
SELECT id, erasure IS NOT NULL AS erasure, erased_at IS NOT NULL AS erased_at FROM gdpr.client_frozen;
SELECT id FROM client WHERE NOT EXISTS (SELECT FROM gdpr.client_frozen AS f WHERE f.id = client.id) ORDER BY id;

-- neither_changed_nor_deleted
UPDATE client SET name = 'Ann again' WHERE id = 1;
DELETE FROM client WHERE id = 1;
UPDATE account SET name = 'x' WHERE id = 10;
DELETE FROM call WHERE id = 1;
DELETE FROM call WHERE id = 3;
UPDATE posting SET amount = 6 WHERE id = 1;
UPDATE client SET name = 'Robert' WHERE id = 2;
-- nothing_new_arrives_at_any_hop
INSERT INTO account VALUES (11, 1, 'new');
INSERT INTO posting VALUES (3, 10, '2020-02-02', 5);
INSERT INTO posting_2020 VALUES (3, 10, '2020-02-02', 5);
INSERT INTO ticket VALUES (4, 'client', '1');
INSERT INTO ticket VALUES (5, 'account', '1');
INSERT INTO call_archive VALUES (4, 1, 'new');
UPDATE call SET client_id = 1 WHERE id = 2;
UPDATE ticket SET owner_type = 'client' WHERE id = 3;
INSERT INTO client VALUES (1, 'Ann again') ON CONFLICT (id) DO UPDATE SET name = excluded.name;
INSERT INTO address VALUES (2, 1);
-- nothing_arrives_where_it_would_have_held_the_person_back
INSERT INTO pending VALUES (1);
INSERT INTO pending VALUES (2);
TRUNCATE pending;
SELECT * FROM gdpr_internal.unguarded_blockers('client');
SELECT gdpr.drop_blocker('client', 'pending');
INSERT INTO pending VALUES (1);

-- nor_leaves_by_truncate
TRUNCATE call_archive;
TRUNCATE posting_2020;
TRUNCATE ticket;
TRUNCATE address;

-- what_arrives_goes_to_the_suspense_account
SELECT gdpr.redirect_frozen('client', 'account', 'client_id', '0'), gdpr.redirect_frozen('client', 'posting', 'account_id', '99');
INSERT INTO account VALUES (12, 1, 'imported');
INSERT INTO posting SELECT i, CASE WHEN i % 2 = 0 THEN 10 ELSE 20 END, '2020-03-03', 1 FROM generate_series(100, 199) AS i;
SELECT account_id, count(*), sum(amount) FROM posting GROUP BY 1 ORDER BY 1;
UPDATE account SET client_id = 1 WHERE id = 20;
SELECT * FROM account ORDER BY id;
UPDATE account SET name = 'x' WHERE id = 10;
SELECT gdpr.drop_redirect('client', 'account', 'client_id');
INSERT INTO account VALUES (13, 1, 'imported');

-- new_partitions_and_children_are_guarded
SET ROLE regress_freeze_app;
CREATE TABLE posting_2021 PARTITION OF posting FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE call_2021 () INHERITS (call);
CREATE TABLE call_2022 (id int, client_id int);
ALTER TABLE call_2022 INHERIT call;
CREATE TABLE posting_2022 (LIKE posting);
ALTER TABLE posting ATTACH PARTITION posting_2022 FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
INSERT INTO posting_2021 VALUES (4, 10, '2021-01-01', 1);
SELECT account_id FROM posting_2021;
INSERT INTO call_2021 VALUES (5, 1);
INSERT INTO call_2022 VALUES (5, 1);
SELECT gdpr.drop_redirect('client', 'posting', 'account_id');
INSERT INTO posting_2022 VALUES (4, 10, '2022-01-01', 1);
TRUNCATE posting_2021;
ALTER TABLE call_2022 NO INHERIT call;
INSERT INTO call_2022 VALUES (5, 1);
RESET ROLE;

-- renames_and_a_new_table_of_the_same_name_change_nothing
ALTER TABLE client RENAME id TO client_no;
ALTER TABLE call RENAME TO phone_call;
INSERT INTO phone_call VALUES (6, 1);
SELECT subject_type, columns, parent::regclass, parent_columns, by_value FROM gdpr_internal.guard_targets('call_archive'::regclass);
DROP TABLE ticket;
CREATE TABLE ticket (id int PRIMARY KEY, owner_type text, owner_id text);
INSERT INTO ticket VALUES (4, 'client', '1');

-- a_link_declared_later_guards_those_already_frozen
CREATE TABLE visit (call int);
SELECT gdpr.add_link('client', 'visit', '{call}', 'phone_call', '{id}') \g /dev/null
INSERT INTO visit VALUES (1);
INSERT INTO visit VALUES (2);

-- a_subject_type_with_frozen_people_is_not_given_up_by_accident
SELECT gdpr.unregister_subject('client');
SELECT gdpr.unregister_subject('client', forget_frozen => true);
SELECT count(*) FROM pg_trigger WHERE tgname ~ 'zz_gdpr' AND tgrelid IN ('client'::regclass, 'phone_call'::regclass, 'call_archive'::regclass, 'posting_2020'::regclass);
UPDATE client SET name = 'Ann again' WHERE client_no = 1;
SET client_min_messages = error;
DROP SCHEMA froze CASCADE;
DROP OWNED BY regress_freeze_app;
DROP ROLE regress_freeze_app;
