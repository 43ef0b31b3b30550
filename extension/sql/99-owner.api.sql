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

--| What the installing role's ALTER DEFAULT PRIVILEGES hands to others ("may read every table") is not
--| meant for this: whoever stands there loses it again, and has what module 91 gives.
DO $$
DECLARE
  command text;
BEGIN
  FOR command IN
    WITH grantee AS (
      SELECT DISTINCT r.rolname
      FROM pg_catalog.pg_default_acl AS d
      CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS a
      JOIN pg_catalog.pg_roles AS r ON r.oid OPERATOR(pg_catalog.=) a.grantee
      WHERE d.defaclrole OPERATOR(pg_catalog.=) CURRENT_USER::pg_catalog.regrole::pg_catalog.oid
        AND r.oid OPERATOR(pg_catalog.<>) d.defaclrole
    ), member AS (
      SELECT d.classid, d.objid
      FROM pg_catalog.pg_depend AS d
      JOIN pg_catalog.pg_extension AS e ON e.oid OPERATOR(pg_catalog.=) d.refobjid
      WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
        AND d.deptype OPERATOR(pg_catalog.=) 'e' AND e.extname OPERATOR(pg_catalog.=) 'pg_gdpr'
    ), object(name) AS (
      SELECT 'ROUTINE ' OPERATOR(pg_catalog.||) p.oid::pg_catalog.regprocedure::text
      FROM member AS m JOIN pg_catalog.pg_proc AS p ON p.oid OPERATOR(pg_catalog.=) m.objid
      WHERE m.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
      UNION ALL
      SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END
        OPERATOR(pg_catalog.||) c.oid::pg_catalog.regclass::text
      FROM member AS m JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) m.objid
      WHERE m.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
        AND c.relkind OPERATOR(pg_catalog.<>) 'c'
      UNION ALL
      SELECT 'TYPE ' OPERATOR(pg_catalog.||) t.oid::pg_catalog.regtype::text
      FROM member AS m JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) m.objid
      WHERE m.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid
      UNION ALL
      SELECT 'SCHEMA gdpr' UNION ALL SELECT 'SCHEMA gdpr_internal'
    )
    SELECT pg_catalog.format('REVOKE ALL ON %s FROM %I', o.name, g.rolname) FROM object AS o CROSS JOIN grantee AS g
  LOOP
    EXECUTE command;
  END LOOP;
END
$$;

REVOKE ALL ON ALL ROUTINES IN SCHEMA gdpr, gdpr_internal FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA gdpr, gdpr_internal FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA gdpr, gdpr_internal FROM PUBLIC;
SELECT gdpr_internal.apply_bundles();
