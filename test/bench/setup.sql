-- SPDX-License-Identifier: PostgreSQL
-- People as CRMs keep them: 22 columns, 15 of them personal, a UNIQUE e-mail, a note of 200 characters;
-- three activities and one account each. :rows people. Loaded once; every measurement starts from a copy.
SET client_min_messages = warning;
CREATE SCHEMA crm;

CREATE TABLE crm.contact (
  id bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  status text NOT NULL,
  segment smallint NOT NULL,
  credit_limit numeric(12, 2) NOT NULL,
  visits integer NOT NULL,
  first_name text NOT NULL,
  last_name text NOT NULL,
  email text NOT NULL,
  phone text,
  mobile text,
  birth_date date,
  gender text,
  street text,
  city text,
  postal_code text,
  country text,
  national_id text,
  iban text,
  company text,
  note text
);

INSERT INTO crm.contact
SELECT n, timestamptz '2020-01-01 00:00 UTC' + n * interval '1 second',
       timestamptz '2024-01-01 00:00 UTC' + n * interval '1 second', 'active', n % 7, n % 5000, n % 31,
       'First' || n % 977, 'Lastname' || n % 9973, 'person' || n || '@example.org',
       '+35725' || lpad((n % 1000000)::text, 6, '0'), '+35799' || lpad((n % 1000000)::text, 6, '0'),
       date '1950-01-01' + (n % 20000)::int, CASE n % 2 WHEN 0 THEN 'female' ELSE 'male' END,
       'Street ' || n % 3000, 'City ' || n % 300, lpad((n % 10000)::text, 4, '0'), 'CY',
       'ID' || lpad(n::text, 9, '0'), 'CY17002001280000001200527600', 'Company ' || n % 5000,
       left(repeat('Spoke to the customer about the invoice ' || n || '. ', 6), 200)
FROM generate_series(1, :rows) AS n;

CREATE TABLE crm.activity AS
SELECT n AS id, (n + 2) / 3 AS contact_id, 'call' AS what, 'Called about order ' || n AS subject,
       timestamptz '2024-01-01 00:00 UTC' + n * interval '1 second' AS happened_at
FROM generate_series(1, 3 * :rows) AS n;

CREATE TABLE crm.account AS
SELECT n AS id, n AS contact_id, 'AC' || lpad(n::text, 9, '0') AS account_number, (n % 1000)::numeric AS balance
FROM generate_series(1, :rows) AS n;

ALTER TABLE crm.contact ADD PRIMARY KEY (id), ADD UNIQUE (email);
ALTER TABLE crm.activity ADD PRIMARY KEY (id);
CREATE INDEX ON crm.activity (contact_id);
ALTER TABLE crm.account ADD PRIMARY KEY (id);
CREATE INDEX ON crm.account (contact_id);

-- What the hand-written erasure writes: who is frozen, and that it happened.
CREATE TABLE crm.hand_frozen (contact_id text PRIMARY KEY, erasure bigint NOT NULL);
CREATE TABLE crm.hand_certificate (
  erasure bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, contact_id text NOT NULL, reason text NOT NULL,
  erased_at timestamptz NOT NULL DEFAULT now(), erased_by name NOT NULL DEFAULT current_user
);
CREATE TABLE crm.probe (id bigint PRIMARY KEY, hits integer NOT NULL);
INSERT INTO crm.probe SELECT n, 0 FROM generate_series(1, 1000) AS n;
VACUUM (ANALYZE);
