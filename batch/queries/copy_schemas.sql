-- The schemas of a copy, and those that its extensions want to live in.
SELECT n.nspname, n.oid, (pg_catalog.cardinality($1::text[]) = 0 OR n.nspname = ANY ($1::text[])) AS copied
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'gdpr', 'gdpr_internal')
  AND (pg_catalog.cardinality($1::text[]) = 0 OR n.nspname = ANY ($1::text[])
       OR EXISTS (SELECT FROM pg_catalog.pg_extension AS e WHERE e.extnamespace = n.oid AND e.extname <> 'pg_gdpr'))
ORDER BY n.nspname
