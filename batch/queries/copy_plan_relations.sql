-- The tables of users: nothing of the system's, of pg_gdpr's or of another extension's. Their pages are
-- those that are there now: relpages is of the last VACUUM or ANALYZE, if there was one.
SELECT c.oid, n.nspname, c.relname, c.relkind, c.relispartition,
       coalesce(pg_relation_size(c.oid) / current_setting('block_size')::int, 0), greatest(c.reltuples, 0)::bigint
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'gdpr', 'gdpr_internal', 'gdpr_copy') AND n.nspname !~ '^pg_toast'
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
