-- SPDX-License-Identifier: PostgreSQL
-- Last of all: one owner for everything, no rights by default, then the page of module 91.

--| Hands every object over; runs again at each update.
DO $$
DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT pg_catalog.format('ALTER %s %s OWNER TO gdpr_owner',
      CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END,
      c.oid::pg_catalog.regclass)
    FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace OPERATOR(pg_catalog.=) ANY (ARRAY['gdpr', 'gdpr_internal']::pg_catalog.regnamespace[])
      AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,c}'::pg_catalog."char"[])
    UNION ALL
    SELECT pg_catalog.format('ALTER ROUTINE %s OWNER TO gdpr_owner', p.oid::pg_catalog.regprocedure)
    FROM pg_catalog.pg_proc AS p
    WHERE p.pronamespace OPERATOR(pg_catalog.=) ANY (ARRAY['gdpr', 'gdpr_internal']::pg_catalog.regnamespace[])
    UNION ALL
    SELECT pg_catalog.format('ALTER TYPE %s OWNER TO gdpr_owner', t.oid::pg_catalog.regtype)
    FROM pg_catalog.pg_type AS t
    WHERE t.typnamespace OPERATOR(pg_catalog.=) ANY (ARRAY['gdpr', 'gdpr_internal']::pg_catalog.regnamespace[])
      AND t.typtype OPERATOR(pg_catalog.=) ANY ('{e,d}'::pg_catalog."char"[])
  LOOP
    EXECUTE command;
  END LOOP;
END
$$;

REVOKE ALL ON ALL ROUTINES IN SCHEMA gdpr, gdpr_internal FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA gdpr, gdpr_internal FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA gdpr, gdpr_internal FROM PUBLIC;
SELECT gdpr_internal.apply_bundles();
