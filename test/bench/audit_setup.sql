-- SPDX-License-Identifier: PostgreSQL
-- What the audit is measured on: people in a table of 19 columns, :rows of them, and as many who arrive. Registered on
-- every side, so that what differs is the audit; entries are what reports look through.
SET client_min_messages = warning;
CREATE SCHEMA audit;
CREATE TABLE audit.person (
  id bigint PRIMARY KEY, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, status text NOT NULL, segment smallint NOT NULL,
  credit_limit numeric(12, 2) NOT NULL, visits integer NOT NULL, first_name text NOT NULL, last_name text NOT NULL, email text NOT NULL,
  phone text, birth_date date, street text, city text, postal_code text, country text, national_id text, iban text, note text
);
CREATE TABLE audit.arriving AS
SELECT c.id + :rows AS id, c.created_at, c.updated_at, c.status, c.segment, c.credit_limit, c.visits, c.first_name, c.last_name,
       'new.' || c.email AS email, c.phone, c.birth_date, c.street, c.city, c.postal_code, c.country, c.national_id, c.iban, c.note
FROM crm.contact AS c ORDER BY c.id;
INSERT INTO audit.person
SELECT c.id, c.created_at, c.updated_at, c.status, c.segment, c.credit_limit, c.visits, c.first_name, c.last_name, c.email, c.phone,
       c.birth_date, c.street, c.city, c.postal_code, c.country, c.national_id, c.iban, c.note
FROM crm.contact AS c ORDER BY c.id;
CREATE TABLE audit.entry (id bigint PRIMARY KEY, person_id bigint NOT NULL, what text NOT NULL);
DROP SCHEMA crm CASCADE;
SELECT gdpr.register_subject('person', 'audit.person');
SELECT gdpr.add_link('person', 'audit.entry', '{person_id}');
SELECT gdpr_internal.make_audit_partitions();
VACUUM (ANALYZE);
