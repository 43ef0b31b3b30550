-- SPDX-License-Identifier: PostgreSQL
-- :people people of a small CRM. What is true of a person follows from the number alone, so that an oracle can say what must
-- become of whom: whose number leaves 0 or 4 over 20 has an open job, which is a blocker. A trigger counts how often each row was changed.
SET client_min_messages = warning;
DO $$
BEGIN
  IF to_regrole('crm_owner') IS NULL THEN CREATE ROLE crm_owner NOLOGIN; END IF;
  IF to_regrole('night') IS NULL THEN CREATE ROLE night LOGIN; END IF;
  IF to_regrole('officer') IS NULL THEN CREATE ROLE officer LOGIN; END IF;
END
$$;
CREATE SCHEMA crm AUTHORIZATION crm_owner;
CREATE SCHEMA oracle;
GRANT USAGE ON SCHEMA crm TO night;
SET ROLE crm_owner;

CREATE TABLE crm.contact (
  id bigint PRIMARY KEY,
  email text NOT NULL UNIQUE,
  first_name varchar(40),
  changes int NOT NULL DEFAULT 0
);
CREATE TABLE crm.activity (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  contact_id bigint NOT NULL REFERENCES crm.contact,
  note text,
  at timestamptz,
  changes int NOT NULL DEFAULT 0
);
CREATE TABLE crm.job (contact_id bigint PRIMARY KEY REFERENCES crm.contact, open boolean NOT NULL);
CREATE VIEW crm.open_job AS SELECT contact_id FROM crm.job WHERE open;

CREATE FUNCTION crm.count_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changes := OLD.changes + 1;
  RETURN NEW;
END
$$;
INSERT INTO crm.contact (id, email, first_name)
SELECT n, 'person' || n || '@example.org', 'Name ' || n FROM generate_series(1, :people) AS n;
-- Two each; the newer one is n % 37 months old.
INSERT INTO crm.activity (contact_id, note, at)
SELECT n, 'called Name ' || n, date_trunc('day', now()) - make_interval(months => (n % 37)::int + 10 * m)
FROM generate_series(1, :people) AS n, generate_series(0, 1) AS m;
CREATE INDEX ON crm.activity (contact_id);
INSERT INTO crm.job SELECT n, n % 20 IN (0, 4) FROM generate_series(2, :people, 2) AS n;
CREATE TRIGGER count_change BEFORE UPDATE ON crm.contact FOR EACH ROW EXECUTE FUNCTION crm.count_change();
CREATE TRIGGER count_change BEFORE UPDATE ON crm.activity FOR EACH ROW EXECUTE FUNCTION crm.count_change();

SELECT gdpr.classify('crm.contact', 'email', 'email'), gdpr.classify('crm.contact', 'first_name', 'first_name'),
       gdpr.classify('crm.contact', 'changes', 'not_personal'), gdpr.classify('crm.activity', 'note', 'free_text'),
       gdpr.classify('crm.activity', 'at', 'not_personal'), gdpr.classify('crm.activity', 'changes', 'not_personal'),
       gdpr.classify('crm.job', 'open', 'not_personal') \g /dev/null
SELECT gdpr.register_subject('contact', 'crm.contact') \g /dev/null
SELECT gdpr.add_link('contact', 'crm.activity', '{contact_id}') \g /dev/null
SELECT gdpr.add_blocker('contact', 'open_job', 'crm.open_job', 'contact_id') \g /dev/null
RESET ROLE;
SELECT gdpr.grant_bundle('operator', 'night') \g /dev/null
ANALYZE crm.contact, crm.activity, crm.job;
