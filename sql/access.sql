-- SPDX-License-Identifier: PostgreSQL
-- The audit of reads: what is recorded, how it is asked, and what an erasure leaves of it.
-- In a database of its own: what was read cannot be undone.
SELECT current_database() AS home \gset
CREATE DATABASE regress_access TEMPLATE template0;
\c regress_access
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION pg_gdpr;
SELECT gdpr.create_key() \g /dev/null
CREATE ROLE regress_desk;
CREATE SCHEMA clinic;
CREATE TABLE clinic.patient (id int PRIMARY KEY, name text, country text);
CREATE TABLE clinic.visit (id int PRIMARY KEY, patient_id int, findings text);
CREATE TABLE clinic.member (mail text PRIMARY KEY, name text);
SELECT gdpr.classify('clinic.patient', 'name', 'full_name'), gdpr.classify('clinic.patient', 'country', 'country'),
       gdpr.classify('clinic.visit', 'findings', 'health'), gdpr.classify('clinic.member', 'mail', 'email'),
       gdpr.classify('clinic.member', 'name', 'full_name') \g /dev/null
SELECT gdpr.register_subject('patient', 'clinic.patient'), gdpr.register_subject('member', 'clinic.member'),
       gdpr.add_link('patient', 'clinic.visit', '{patient_id}') \g /dev/null
SELECT gdpr.add_purpose('letters', 'consent') \g /dev/null
INSERT INTO clinic.patient VALUES (1, 'Ann Lee', 'DE'), (2, 'Bo Ray', 'FR'), (3, 'Cy Orr', NULL);
INSERT INTO clinic.visit SELECT i, 1 + i % 3, 'healthy' FROM generate_series(1, 9) AS i;
INSERT INTO clinic.visit VALUES (10, NULL, 'nobody came');
INSERT INTO clinic.member VALUES ('ann@example.org', 'Ann Lee'), ('bo@example.org', 'Bo Ray');
GRANT USAGE ON SCHEMA clinic TO regress_desk;
GRANT SELECT ON ALL TABLES IN SCHEMA clinic TO regress_desk;
RESET client_min_messages;
SELECT gdpr.audit('clinic.patient'), gdpr.audit('clinic.visit'), gdpr.audit('clinic.member');

SET ROLE regress_desk;
SET gdpr.app_user = 'mary';
SET gdpr.purpose = 'letters';
SELECT name FROM clinic.patient WHERE id = 1;
SELECT count(*) FROM clinic.patient WHERE country IS NOT NULL;
SELECT p.name, count(*) FROM clinic.patient AS p JOIN clinic.visit AS v ON v.patient_id = p.id WHERE p.id = 2 GROUP BY 1;
BEGIN;
SELECT findings FROM clinic.visit WHERE id = 3;
ROLLBACK;
SELECT 1 / (id - 3) AS x FROM clinic.patient WHERE id IN (2, 3) ORDER BY id;
SELECT name FROM clinic.member WHERE mail = 'ann@example.org';
COPY clinic.patient (id, country) TO STDOUT;
RESET ROLE;
RESET gdpr.app_user;
RESET gdpr.purpose;
SELECT gdpr.drain_access() >= 0 AS drained;

-- One row for each statement, table and way to people; the log itself is left out here.
SELECT session_role = current_user AS logged_in, role, app_user, purpose, command, relation, columns, scope, people, row_count, status, engine
FROM gdpr.access_statements WHERE relation ~ '^clinic' ORDER BY statement, relation, scope;
-- One row for each person.
SELECT relation, scope, subject_type, subject_key, status FROM gdpr.access_log WHERE relation ~ '^clinic' ORDER BY statement, relation, scope, subject_key;
-- The same query with other values is the same query.
SELECT count(DISTINCT statement) FROM gdpr.access_log
WHERE query = gdpr.query_digest('select NAME /* of whom? */ from clinic.patient where id=77');

SELECT relation, columns, scope, status FROM gdpr.subject_access('patient', '1');
SELECT subject_type, people, whole_relations, kinds, countries, statements FROM gdpr.blast_radius('regress_desk');
SELECT gdpr.record_consent('member', 'ann@example.org', 'accepted', 'letters', medium => 'email') > 0 AS accepted,
       gdpr.record_consent('member', 'ann@example.org', 'withdrawn', 'letters', medium => 'email') > 0 AS withdrawn;
SELECT count(*) FROM gdpr.access_after_withdrawal('member');
SET gdpr.purpose = 'letters';
SELECT name FROM clinic.member WHERE mail LIKE 'ann%';
RESET gdpr.purpose;
SELECT gdpr.drain_access() >= 0 AS drained;
SELECT subject_key, claimed_purpose, relation, scope FROM gdpr.access_after_withdrawal('member');
SELECT dropped, refused, missing, damaged, quarantined, capturing, reason FROM gdpr.unaudited();

-- A person leaves: who read the person stays, under the digest that the certificate has.
SET gdpr.app_user = 'ann@example.org';
SELECT name FROM clinic.member WHERE mail = 'bo@example.org';
RESET gdpr.app_user;
SELECT gdpr.anonymize_subject('member', 'ann@example.org', 'asked') > 0 AS left;
SELECT gdpr.drain_access() >= 0 AS drained;
SELECT count(*) FROM gdpr.access_log WHERE subject_key ~ '^ann' OR app_user ~ '^ann';
SELECT command, scope, status FROM gdpr.subject_access('member', (SELECT subject_key FROM gdpr.certificates))
WHERE query = gdpr.query_digest('SELECT name FROM clinic.member WHERE mail = $1');

-- Switching off is on record as a read of everything, also where it is rolled back; what comes after is not.
SELECT gdpr.audit('clinic.visit', reads => false);
SELECT findings FROM clinic.visit WHERE id = 10;
SELECT gdpr.drain_access() >= 0 AS drained;
SELECT command, scope FROM gdpr.access_statements WHERE relation = 'clinic.visit' AND at > (SELECT max(erased_at) FROM gdpr.certificates);
SELECT gdpr.subject_access('patient', 'seven');
SELECT gdpr.subject_access('patent', '1');
SELECT gdpr.access_after_withdrawal('patent');
SET client_min_messages = warning;
DROP OWNED BY regress_desk;
DROP ROLE regress_desk;
\c :home
DROP DATABASE regress_access WITH (FORCE);
