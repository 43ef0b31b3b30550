-- Materialized views that hold rows at the source, each after those that it reads.
WITH RECURSIVE reads(view, other) AS (
  SELECT w.ev_class, d.refobjid
  FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_rewrite AS w ON w.oid = d.objid AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
  WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'n' AND d.refobjid <> w.ev_class
), depth(view, steps) AS (
  SELECT c.oid, 0 FROM pg_catalog.pg_class AS c WHERE c.relkind IN ('m', 'v')
  UNION
  SELECT r.view, d.steps + 1 FROM depth AS d JOIN reads AS r ON r.other = d.view WHERE d.steps < 100
)
SELECT c.oid::int8, pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND c.relispopulated AND n.nspname !~ '^pg_'
  AND n.nspname NOT IN ('information_schema', 'gdpr', 'gdpr_internal', 'gdpr_copy')
  AND (pg_catalog.cardinality($1::text[]) = 0 OR n.nspname = ANY ($1::text[]))
ORDER BY (SELECT max(d.steps) FROM depth AS d WHERE d.view = c.oid), c.oid
