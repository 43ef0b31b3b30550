-- SPDX-License-Identifier: PostgreSQL
-- The key: made once, never overwritten.

--| Makes the key file named by gdpr.key_file and stores the key's fingerprint. Superuser only.
CREATE OR REPLACE FUNCTION gdpr.create_key()
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'gdpr_create_key';
COMMENT ON FUNCTION gdpr.create_key() IS
  'Makes the key file at gdpr.key_file (mode 0600, never overwritten) and stores its fingerprint; superuser only';

--| HMAC-SHA-256 of a value under the server's key, as 64 hexadecimal digits: what stays of a key
--| that is itself personal after its person was erased.
CREATE OR REPLACE FUNCTION gdpr_internal.keyed_digest(domain text, value text)
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_keyed_digest';
COMMENT ON FUNCTION gdpr_internal.keyed_digest(text, text) IS
  'Keyed digest of a value for a domain; error 55000 when the key is missing or another one';
