-- SPDX-License-Identifier: PostgreSQL

--| What an erasure did to which columns: compiled once from labels, links and catalogs, kept as
--| evidence for every certificate that points to it.
CREATE TABLE gdpr_internal.erasure_plan (
  plan         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject_type text NOT NULL,
  fingerprint  text NOT NULL,
  made_at      timestamptz NOT NULL DEFAULT pg_catalog.now(),
  body         jsonb NOT NULL,
  UNIQUE (subject_type, fingerprint)
);
COMMENT ON TABLE gdpr_internal.erasure_plan IS
  'Compiled erasure plans: tables, columns and rules, one row for each state of the schema that was erased under';

--| One row per person: the certificate.
CREATE TABLE gdpr_internal.erasure (
  erasure      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject_type text COLLATE "C" NOT NULL,
  subject_key  text COLLATE "C" NOT NULL,
  key_digest   boolean NOT NULL,
  reason       text NOT NULL,
  erased_at    timestamptz NOT NULL DEFAULT pg_catalog.now(),
  erased_by    name NOT NULL,
  run          bigint,
  chunk        integer,
  rows_changed integer NOT NULL,
  plan         integer NOT NULL,
  wal_lsn      pg_lsn NOT NULL
);
COMMENT ON TABLE gdpr_internal.erasure IS
  'Certificates: one row for each person anonymized; the key is a keyed digest where the key itself was personal';
COMMENT ON COLUMN gdpr_internal.erasure.key_digest IS
  'true: subject_key is a keyed digest of the former key, which was personal and has been replaced';
COMMENT ON COLUMN gdpr_internal.erasure.wal_lsn IS
  'WAL written before this position may still hold the old values';

SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.erasure_plan', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.erasure', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.erasure_plan_plan_seq', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.erasure_erasure_seq', '');

--| Rows that belong to people: parallel arrays, one element per (row, person) pair.
CREATE TYPE gdpr_internal.found_rows AS (relids oid[], tids tid[], people integer[], vals jsonb);
COMMENT ON TYPE gdpr_internal.found_rows IS
  'Rows that belong to people: table, row and number of the person in parallel arrays; vals holds what child links need';

--| How many rows of a table were changed.
CREATE TYPE gdpr_internal.row_count AS (relid oid, rows bigint);
COMMENT ON TYPE gdpr_internal.row_count IS 'A table (partition or child) and how many of its rows were changed';
