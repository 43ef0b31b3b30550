-- Objects of the schema that are left out: what belongs to pg_gdpr or needs it, and foreign keys to
-- tables whose rows are not copied ($1: the tables whose rows are). kind 'gdpr' or 'reference'.
WITH RECURSIVE extension AS (
  SELECT e.oid FROM pg_catalog.pg_extension AS e WHERE e.extname = 'pg_gdpr'
), home AS (
  SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname IN ('gdpr', 'gdpr_internal')
), ours(classid, objid) AS (
  SELECT 'pg_catalog.pg_extension'::pg_catalog.regclass::oid, e.oid FROM extension AS e
  UNION SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, h.oid FROM home AS h
  UNION SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d JOIN extension AS e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype IN ('e', 'x')
  UNION SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_class AS c JOIN home AS h ON h.oid = c.relnamespace
  UNION SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid FROM pg_catalog.pg_proc AS p JOIN home AS h ON h.oid = p.pronamespace
  UNION SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid FROM pg_catalog.pg_type AS t JOIN home AS h ON h.oid = t.typnamespace
), needs(classid, objid) AS (
  SELECT o.classid, o.objid FROM ours AS o
  UNION
  SELECT CASE WHEN w.oid IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::pg_catalog.regclass END, coalesce(w.ev_class, d.objid)
  FROM needs AS s
  JOIN pg_catalog.pg_depend AS d ON d.refclassid = s.classid AND d.refobjid = s.objid AND d.deptype = 'n'
    AND d.classid IN ('pg_catalog.pg_policy'::pg_catalog.regclass, 'pg_catalog.pg_trigger'::pg_catalog.regclass,
                      'pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass,
                      'pg_catalog.pg_constraint'::pg_catalog.regclass, 'pg_catalog.pg_event_trigger'::pg_catalog.regclass)
  LEFT JOIN pg_catalog.pg_rewrite AS w ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid AND w.rulename = '_RETURN'
), protected AS (
  SELECT DISTINCT p.polrelid FROM needs AS s JOIN pg_catalog.pg_policy AS p ON p.oid = s.objid
  WHERE s.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
)
SELECT s.classid::int8, s.objid::int8, 'gdpr', ''
FROM needs AS s
UNION ALL
SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass::oid::int8, p.oid::int8, 'gdpr', ''
FROM pg_catalog.pg_policy AS p JOIN protected AS x ON x.polrelid = p.polrelid
WHERE p.polname IN ('gdpr_application', 'gdpr_tenant', 'gdpr_purpose_select')
UNION ALL
SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass::oid::int8, k.oid::int8, 'reference',
       pg_catalog.format('%I on %I.%I', k.conname, n.nspname, c.relname)
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND n.nspname NOT IN ('gdpr', 'gdpr_internal') AND EXISTS (
  SELECT FROM pg_catalog.pg_class AS r
  LEFT JOIN LATERAL pg_catalog.pg_partition_tree(r.oid) AS leaf ON r.relkind = 'p'
  WHERE r.oid = k.confrelid AND (r.relkind <> 'p' OR leaf.isleaf)
    AND coalesce(leaf.relid::oid, r.oid)::int8 <> ALL ($1::int8[]))
