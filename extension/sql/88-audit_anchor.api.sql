-- SPDX-License-Identifier: PostgreSQL
-- Before the configuration, which says whether there is an anchor.

--| Whether digests of seals leave the server; the path itself is a superuser's setting.
CREATE OR REPLACE FUNCTION gdpr_internal.has_anchor() RETURNS boolean
LANGUAGE c VOLATILE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_has_anchor';
COMMENT ON FUNCTION gdpr_internal.has_anchor() IS 'Whether gdpr.audit_anchor says where digests go';
