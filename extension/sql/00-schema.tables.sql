-- SPDX-License-Identifier: PostgreSQL
\echo Use "CREATE EXTENSION pg_gdpr" to load this file. \quit

-- Nothing in this script may be found through anybody's search_path.
SET LOCAL search_path = pg_catalog, pg_temp;

--| The one role of pg_gdpr. It owns every object, nobody can be it, and it can do nothing else.
DO $$
DECLARE
  existing pg_catalog.pg_roles;
BEGIN
  SELECT * INTO existing FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) 'gdpr_owner';
  IF NOT FOUND THEN
    CREATE ROLE gdpr_owner NOLOGIN NOINHERIT;
  ELSIF existing.rolcanlogin OR existing.rolsuper OR existing.rolbypassrls OR existing.rolcreaterole
        OR existing.rolcreatedb OR existing.rolreplication THEN
    RAISE EXCEPTION 'role "gdpr_owner" has attributes that the owner of pg_gdpr must not have'
      USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'The role can log in or has a superuser-like attribute.',
            HINT = 'Rename that role, or run ALTER ROLE gdpr_owner NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION.';
  ELSIF EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m
                WHERE m.roleid OPERATOR(pg_catalog.=) existing.oid
                   OR m.member OPERATOR(pg_catalog.=) existing.oid) THEN
    RAISE EXCEPTION 'role "gdpr_owner" has members or is a member of another role'
      USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Whoever is a member could change every erasure record.',
            HINT = 'REVOKE those memberships, then run CREATE EXTENSION again.';
  END IF;
END
$$;

--| What users call and read. USAGE is public; every function is granted one by one (module 90).
CREATE SCHEMA gdpr AUTHORIZATION gdpr_owner;
GRANT USAGE ON SCHEMA gdpr TO PUBLIC;
COMMENT ON SCHEMA gdpr IS 'Consent, anonymization and audit for personal data: functions and views of pg_gdpr';

--| State and helpers. Nobody has USAGE here.
CREATE SCHEMA gdpr_internal AUTHORIZATION gdpr_owner;
COMMENT ON SCHEMA gdpr_internal IS 'State and helper functions of pg_gdpr; not an interface';
