-- Tables whose policies bind their owner too. At the target, who copies is every table's owner: until all is made, foreign keys and
-- materialized views must see all rows.
SELECT c.oid::int8, pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relforcerowsecurity AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'gdpr', 'gdpr_internal', 'gdpr_copy')
  AND (pg_catalog.cardinality($1::text[]) = 0 OR n.nspname = ANY ($1::text[]))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.oid
