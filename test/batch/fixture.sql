-- SPDX-License-Identifier: PostgreSQL
-- A small CRM for gdpr-batch: :people people, each with two activities; one in 20 has an open job that
-- holds the person back. A trigger counts how often each person was changed.
SET client_min_messages = warning;
DO $$
BEGIN
  IF to_regrole('crm_owner') IS NULL THEN CREATE ROLE crm_owner NOLOGIN; END IF;
  IF to_regrole('night') IS NULL THEN CREATE ROLE night LOGIN; END IF;
END
$$;
CREATE SCHEMA crm AUTHORIZATION crm_owner;
GRANT USAGE ON SCHEMA crm TO night;
SET ROLE crm_owner;

CREATE TABLE crm.contact (
  id bigint PRIMARY KEY,
  email text NOT NULL UNIQUE,
  first_name varchar(40),
  birth_date date,
  changes int NOT NULL DEFAULT 0
);
CREATE TABLE crm.activity (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  contact_id bigint NOT NULL REFERENCES crm.contact,
  note text
);
CREATE TABLE crm.job (contact_id bigint PRIMARY KEY REFERENCES crm.contact, open boolean NOT NULL);
CREATE VIEW crm.open_job AS SELECT contact_id FROM crm.job WHERE open;

CREATE FUNCTION crm.count_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changes := OLD.changes + 1;
  RETURN NEW;
END
$$;
INSERT INTO crm.contact (id, email, first_name, birth_date)
SELECT n, 'person' || n || '@example.org', 'Name ' || n, date '1950-01-01' + n::int % 18000
FROM generate_series(1, :people) AS n;
INSERT INTO crm.activity (contact_id, note)
SELECT n, 'called Name ' || n FROM generate_series(1, :people) AS n, generate_series(1, 2);
CREATE INDEX ON crm.activity (contact_id);
INSERT INTO crm.job SELECT n, n % 20 = 0 FROM generate_series(1, :people, 10) AS m, LATERAL (SELECT m - 1 + 10 AS n) AS x;
CREATE TRIGGER count_change BEFORE UPDATE ON crm.contact FOR EACH ROW EXECUTE FUNCTION crm.count_change();

SELECT gdpr.classify('crm.contact', 'email', 'email'), gdpr.classify('crm.contact', 'first_name', 'first_name'),
       gdpr.classify('crm.contact', 'birth_date', 'birth_date'),
       gdpr.classify('crm.contact', 'changes', 'not_personal'), gdpr.classify('crm.activity', 'note', 'free_text'),
       gdpr.classify('crm.job', 'open', 'not_personal') \g /dev/null
SELECT gdpr.register_subject('contact', 'crm.contact') \g /dev/null
SELECT gdpr.add_link('contact', 'crm.activity', '{contact_id}') \g /dev/null
SELECT gdpr.add_blocker('contact', 'open_job', 'crm.open_job', 'contact_id') \g /dev/null
RESET ROLE;
SELECT gdpr.grant_bundle('operator', 'night') \g /dev/null
ANALYZE crm.contact, crm.activity, crm.job;
