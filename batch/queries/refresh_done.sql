-- The ledger, with the words that clean a table's files and statistics.
SELECT d.relation::oid::int8, d.rules::text, d.rows, d.rewritten, d.profile,
       pg_catalog.format('VACUUM (FULL, ANALYZE) %I.%I', n.nspname, c.relname),
       pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM gdpr.refreshed_tables() AS d
JOIN pg_catalog.pg_class AS c ON c.oid = d.relation JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY 7
