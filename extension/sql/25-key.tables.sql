-- SPDX-License-Identifier: PostgreSQL
-- The key itself is a file outside the database; here is only what recognises it.

--| The fingerprint of the key this database was made with. Dumped: a restored database must find
--| the same key, and refuses another one.
CREATE TABLE gdpr_internal.key_fingerprint (
  key_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  fingerprint text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  created_by name NOT NULL DEFAULT SESSION_USER,
  instance uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid()
);
COMMENT ON TABLE gdpr_internal.key_fingerprint IS
  'Recognises the key in gdpr.key_file; the newest row counts';
COMMENT ON COLUMN gdpr_internal.key_fingerprint.instance IS
  'names this database among those with the same key: tokens of one are none in another; goes along in dumps';
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.key_fingerprint', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.key_fingerprint_key_id_seq', '');
