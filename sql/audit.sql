-- SPDX-License-Identifier: PostgreSQL
-- The audit of changes: what is written, how it is read, that it is sound, and what an erasure leaves of it.
-- In a database of its own: history cannot be undone.
SELECT current_database() AS home \gset
CREATE DATABASE regress_audit TEMPLATE template0;
\c regress_audit
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION pg_gdpr;
SELECT gdpr.create_key() \g /dev/null
CREATE SCHEMA audited;
CREATE TABLE audited.client (id int PRIMARY KEY, name text, email text, note text);
CREATE TABLE audited.deal (id int PRIMARY KEY, client_id int, price numeric);
SELECT gdpr.classify('audited.client', 'name', 'full_name'), gdpr.classify('audited.client', 'email', 'email'),
       gdpr.classify('audited.client', 'note', 'not_personal'), gdpr.classify('audited.deal', 'price', 'not_personal') \g /dev/null
SELECT gdpr.register_subject('client', 'audited.client'), gdpr.add_link('client', 'audited.deal', '{client_id}') \g /dev/null
RESET client_min_messages;
SELECT gdpr.audit('audited.client'), gdpr.audit('audited.deal', classified => 'digests');
SELECT gdpr.audit('audited.client');
SET gdpr.app_user = 'mary';
INSERT INTO audited.client VALUES (1, 'Ann Lee', 'ann@example.org', NULL), (2, 'Bo Ray', 'bo@example.org', 'moved');
INSERT INTO audited.deal VALUES (10, 1, 99.50), (11, NULL, 1);
UPDATE audited.client SET email = 'lee@example.org', note = 'new address' WHERE id = 1;
RESET gdpr.app_user;
UPDATE audited.deal SET client_id = 2 WHERE id = 10;
DELETE FROM audited.deal WHERE id = 11;

SELECT l.relation, l.operation, l.subject_type, l.subject_key, l.row_key, l.app_user, l.changed, l.from_values, l.to_values
FROM gdpr.audit_log AS l WHERE l.relation ~ '^audited' ORDER BY split_part(l.event, ':', 1)::bigint, split_part(l.event, ':', 2)::int;
SELECT relation, operation, from_values, to_values FROM gdpr.subject_audit('client', '1');
SELECT relation, operation, from_values, to_values FROM gdpr.user_audit(NULL, 'client', '1', app_user => 'mary');
SELECT gdpr.seal_audit() >= 0 AS sealed;
SELECT DISTINCT status FROM gdpr.verify_audit();

SELECT gdpr.anonymize_subject('client', '1', 'asked') > 0 AS left;
SELECT relation, operation, changed, from_values, to_values, erased FROM gdpr.subject_audit('client', '1');
SELECT gdpr.seal_audit() >= 0 AS sealed;
SELECT DISTINCT status FROM gdpr.verify_audit();

SELECT gdpr.unaudit('audited.deal');
SELECT gdpr.unaudit('audited.deal');
SELECT l.relation, l.operation FROM gdpr.audit_log AS l WHERE l.operation ~ 'audit' AND l.relation ~ '^audited' ORDER BY split_part(l.event, ':', 1)::bigint;
SELECT gdpr.subject_audit('client', 'seven');
SELECT gdpr.subject_audit('clint', '1');
SELECT gdpr.subject_audit('client', NULL);
\c :home
DROP DATABASE regress_audit;
