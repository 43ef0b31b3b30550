-- SPDX-License-Identifier: PostgreSQL
-- Verifying the audit log.

--| The verifier: anchor lines (NULL: the file of gdpr.audit_anchor), this database's instance, the key that is known. From a
--| later seal on it reads a part of the log: what only the whole can show (rows that belong to nothing, erasures) it leaves out.
CREATE OR REPLACE FUNCTION gdpr_internal.verify_audit(anchor text, instance text, key_id int, public_key bytea, from_seal bigint DEFAULT 1)
RETURNS TABLE (seal bigint, first_event text, last_event text, status text)
LANGUAGE c STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_verify_audit';
COMMENT ON FUNCTION gdpr_internal.verify_audit(text, text, int, bytea, bigint) IS
  'Verifies the audit log, or its part from a seal on, with the given anchor lines and public key';

--| The newest key that this database was made with, and the public key of the seals where the key file is at hand.
CREATE OR REPLACE FUNCTION gdpr_internal.audit_identity(OUT key_id int, OUT instance uuid, OUT public_key bytea)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT f.key_id, f.instance INTO audit_identity.key_id, audit_identity.instance
  FROM gdpr_internal.key_fingerprint AS f ORDER BY f.key_id DESC LIMIT 1;
  audit_identity.public_key := gdpr.audit_public_key();
EXCEPTION WHEN object_not_in_prerequisite_state OR insufficient_privilege OR undefined_file OR io_error THEN
  NULL;  -- a restored copy has no key file: the keys of gdpr_internal.audit_key must do
END
$$;
COMMENT ON FUNCTION gdpr_internal.audit_identity() IS 'Key and instance of this database; public_key is NULL where there is no key file';

--| Whether the log of changes is as it was written: a row for each seal, and one without a seal for anything else that
--| is wrong. Status "ok", or what is wrong first.
CREATE OR REPLACE FUNCTION gdpr.verify_audit(anchor text DEFAULT NULL)
RETURNS TABLE (seal bigint, first_event text, last_event text, status text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT v.seal, v.first_event, v.last_event, v.status
  FROM gdpr_internal.audit_identity() AS i,
    gdpr_internal.verify_audit($1, i.instance::text, i.key_id, i.public_key) AS v
$$;
COMMENT ON FUNCTION gdpr.verify_audit(text) IS
  'Verifies the audit log: every seal with the events under it, status ok or what is wrong first; anchor: lines of an anchor file, NULL reads the one of gdpr.audit_anchor';
