-- Partitioned tables above those that changed: samples of old values stand in their statistics too.
SELECT DISTINCT pg_catalog.format('ANALYZE %I.%I', n.nspname, c.relname)
FROM gdpr.refreshed_tables() AS d
CROSS JOIN LATERAL pg_catalog.pg_partition_ancestors(d.relation) AS a(relid)
JOIN pg_catalog.pg_class AS c ON c.oid = a.relid AND c.relkind = 'p'
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
