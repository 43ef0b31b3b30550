-- SPDX-License-Identifier: PostgreSQL
-- People for copies, with all that a schema can have: :people people, protected, audited; partitions, children, circles of
-- foreign keys, generated and identity columns, enums, domains, arrays, rules of their own, materialized views.
SET client_min_messages = warning;
DO $$
BEGIN
  IF to_regrole('crm_owner') IS NULL THEN CREATE ROLE crm_owner NOLOGIN; END IF;
  IF to_regrole('copier') IS NULL THEN CREATE ROLE copier LOGIN BYPASSRLS; END IF;
  IF to_regrole('half_sighted') IS NULL THEN CREATE ROLE half_sighted LOGIN; END IF;
END
$$;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE SCHEMA crm AUTHORIZATION crm_owner;
CREATE SCHEMA shop AUTHORIZATION crm_owner;
GRANT USAGE ON SCHEMA crm, shop TO copier, half_sighted;
SET ROLE crm_owner;

CREATE TYPE crm.state AS ENUM ('lead', 'customer', 'left');
CREATE DOMAIN crm.amount AS numeric(12, 2) CHECK (VALUE > -1e9);
CREATE SEQUENCE crm.ticket START 500;

CREATE TABLE crm.contact (
  id bigint PRIMARY KEY,
  email text NOT NULL UNIQUE,
  first_name varchar(40),
  last_name text,
  full_name text GENERATED ALWAYS AS (first_name || ' ' || last_name) STORED,
  phone text,
  birth_date date,
  country text,
  note text,
  emails public.citext[],
  state crm.state NOT NULL DEFAULT 'lead',
  balance crm.amount NOT NULL DEFAULT 0,
  manager_id bigint REFERENCES crm.contact DEFERRABLE INITIALLY DEFERRED,
  main_account bigint,
  seen timestamptz NOT NULL DEFAULT '2026-01-01',
  tags text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE crm.account (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  contact_id bigint NOT NULL REFERENCES crm.contact,
  iban text UNIQUE,
  balance crm.amount NOT NULL,
  CHECK (balance <> 0.01)
);
ALTER TABLE crm.contact ADD FOREIGN KEY (main_account) REFERENCES crm.account;
CREATE TABLE crm.activity (
  id bigserial PRIMARY KEY,
  contact_id bigint NOT NULL REFERENCES crm.contact,
  note text
);
CREATE TABLE shop.visit (contact_id bigint NOT NULL, at timestamptz NOT NULL, ip inet, amount numeric) PARTITION BY RANGE (at);
CREATE TABLE shop.visit_2024 PARTITION OF shop.visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE shop.visit_2025 PARTITION OF shop.visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE shop.visit_rest PARTITION OF shop.visit DEFAULT;
ALTER TABLE shop.visit ADD FOREIGN KEY (contact_id) REFERENCES crm.contact;
CREATE TABLE shop.goods (id int PRIMARY KEY, name text, "odd ""name" text);
CREATE TABLE shop.service (minutes int) INHERITS (shop.goods);
CREATE TABLE shop.nothing ();
CREATE VIEW crm.customer AS SELECT id, email FROM crm.contact WHERE state = 'customer';
CREATE MATERIALIZED VIEW crm.by_state AS SELECT state, count(*) AS people, sum(balance) AS balance FROM crm.contact GROUP BY state;
CREATE FUNCTION crm.count_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;

INSERT INTO crm.contact (id, email, first_name, last_name, phone, birth_date, country, note, emails, state, balance, tags)
SELECT n, 'person' || n || '@firma.example', 'Anna' || n % 97, 'Keller' || n % 997, '+49301' || lpad(n::text, 7, '0'),
       date '1950-01-01' + n::int % 18000, CASE n % 3 WHEN 0 THEN 'DE' WHEN 1 THEN 'FR' END,
       CASE WHEN n % 5 > 0 THEN 'Spoke to Anna' || n % 97 || ' Keller' || n % 997 END,
       CASE WHEN n % 7 = 0 THEN ARRAY['Old' || n || '@Firma.example', 'New' || n || '@firma.example']::public.citext[] END,
       (ARRAY['lead', 'customer', 'left'])[n % 3 + 1]::crm.state, n % 1000 / 4.0, ARRAY['tag' || n % 3]
FROM generate_series(1, :people) AS n;
INSERT INTO crm.account (contact_id, iban, balance)
SELECT n, 'DE' || lpad((98 - (lpad(n::text, 18, '0') || '131400')::numeric % 97)::text, 2, '0') || lpad(n::text, 18, '0'), n % 500
FROM generate_series(1, :people) AS n;
UPDATE crm.contact SET main_account = id, manager_id = nullif((id * 7919) % :people, 0) WHERE id % 2 = 0;
INSERT INTO crm.activity (contact_id, note)
SELECT n, 'called Anna' || n % 97 || ' about ' || m FROM generate_series(1, :people) AS n, generate_series(1, 2) AS m;
INSERT INTO shop.visit SELECT n, timestamptz '2024-01-05 00:00 UTC' + n % 1000 * interval '1 day', ('10.1.' || n % 250 || '.' || n % 199)::inet, n % 90
FROM generate_series(1, :people) AS n;
INSERT INTO shop.goods SELECT n, 'goods ' || n, 'odd' FROM generate_series(1, 20) AS n;
INSERT INTO shop.service SELECT n, 'service ' || n, NULL, n FROM generate_series(21, 30) AS n;
INSERT INTO shop.nothing DEFAULT VALUES;
SELECT setval('crm.ticket', 777, false) \g /dev/null
CREATE INDEX contact_name ON crm.contact (lower(last_name), first_name);
CREATE INDEX ON shop.visit (contact_id);
CREATE UNIQUE INDEX ON crm.by_state (state);
REFRESH MATERIALIZED VIEW crm.by_state;
CREATE TRIGGER count_change BEFORE UPDATE ON crm.contact FOR EACH ROW EXECUTE FUNCTION crm.count_change();
ALTER TABLE shop.goods ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_goods ON shop.goods USING (id > 0);
COMMENT ON COLUMN crm.contact.note IS 'what was said';
GRANT SELECT ON ALL TABLES IN SCHEMA crm, shop TO copier, half_sighted;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA crm, shop TO copier, half_sighted;

SELECT gdpr.classify('crm.contact', c, k) FROM (VALUES ('email', 'email'), ('first_name', 'first_name'), ('last_name', 'last_name'),
  ('phone', 'phone'), ('birth_date', 'birth_date'), ('country', 'country fake=keep'), ('note', 'free_text'), ('emails', 'email'),
  ('state', 'not_personal'), ('balance', 'not_personal'), ('seen', 'not_personal'), ('tags', 'not_personal')) AS x(c, k) \g /dev/null
SELECT gdpr.classify('crm.account', 'iban', 'iban'), gdpr.classify('crm.account', 'balance', 'not_personal'),
       gdpr.classify('crm.activity', 'note', 'free_text'), gdpr.classify('shop.visit', 'ip', 'ip'),
       gdpr.classify('shop.visit', 'at', 'not_personal'), gdpr.classify('shop.visit', 'amount', 'not_personal') \g /dev/null
SELECT gdpr.classify(t::regclass, c, 'not_personal')
FROM (VALUES ('shop.goods', 'name'), ('shop.goods', 'odd "name'), ('shop.service', 'name'), ('shop.service', 'odd "name'),
  ('shop.service', 'minutes')) AS x(t, c) \g /dev/null
SELECT gdpr.register_subject('contact', 'crm.contact') \g /dev/null
SELECT gdpr.add_link('contact', 'crm.account', '{contact_id}') \g /dev/null
SELECT gdpr.add_link('contact', 'crm.activity', '{contact_id}') \g /dev/null
SELECT gdpr.add_link('contact', 'shop.visit', '{contact_id}') \g /dev/null
CREATE VIEW crm.masked AS SELECT c.id, gdpr.mask(c.email, 'email') AS email FROM crm.contact AS c;
CREATE VIEW crm.of_masked AS SELECT count(*) AS n FROM crm.masked;
RESET ROLE;
CALL gdpr.protect('contact');
SELECT gdpr.grant_bundle('operator', 'copier'), gdpr.grant_bundle('operator', 'half_sighted') \g /dev/null
ANALYZE;
