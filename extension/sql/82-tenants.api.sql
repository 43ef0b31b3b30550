-- SPDX-License-Identifier: PostgreSQL
-- Tenants: gdpr.protect(tenant_column => …) lets a session see the rows of the tenant that it claims
-- (gdpr.tenant) and that was granted to its role.

--| Lets a role work for a tenant.
CREATE OR REPLACE FUNCTION gdpr.grant_tenant(tenant text, role regrole) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  role_name name := (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = grant_tenant.role);
BEGIN
  IF role_name IS NULL OR coalesce(grant_tenant.tenant, '') = '' THEN
    RAISE EXCEPTION 'a grant needs a tenant and a role' USING ERRCODE = '22004',
      HINT = 'Name an existing role, and the tenant as it stands in the tenant column.';
  END IF;
  INSERT INTO gdpr_internal.tenant_grant AS g (tenant, role) VALUES (grant_tenant.tenant, role_name) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RAISE NOTICE 'role "%" already works for this tenant', role_name;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.grant_tenant(text, regrole) IS
  'Lets a role work for a tenant; the session then claims it with SET gdpr.tenant';

--| Takes a tenant from a role.
CREATE OR REPLACE FUNCTION gdpr.revoke_tenant(tenant text, role regrole) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  role_name name := (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = revoke_tenant.role);
BEGIN
  IF role_name IS NULL OR revoke_tenant.tenant IS NULL THEN
    RAISE EXCEPTION 'a grant needs a tenant and a role' USING ERRCODE = '22004', HINT = 'Name an existing role.';
  END IF;
  DELETE FROM gdpr_internal.tenant_grant AS g WHERE g.tenant = revoke_tenant.tenant AND g.role = role_name;
  IF NOT FOUND THEN
    RAISE NOTICE 'role "%" does not work for this tenant', role_name;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.revoke_tenant(text, regrole) IS 'Takes a tenant from a role; its next statement sees none of its rows';
