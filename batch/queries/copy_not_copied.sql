-- What has rows that no copy has: foreign tables; large objects.
SELECT pg_catalog.format('rows of foreign table %I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'f' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'gdpr', 'gdpr_internal')
  AND (pg_catalog.cardinality($1::text[]) = 0 OR n.nspname = ANY ($1::text[]))
UNION ALL
SELECT pg_catalog.format('%s large objects', count(*)) FROM pg_catalog.pg_largeobject_metadata HAVING count(*) > 0
ORDER BY 1
