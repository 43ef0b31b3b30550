-- What a reader of the source's schema would look for in a copy, and what no copy has: rows of foreign tables, large objects, rows
-- that an extension's tables hold for their users, and, of a whole database, event triggers and user mappings.
SELECT pg_catalog.format('rows of foreign table %I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'f' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'gdpr', 'gdpr_internal')
  AND (pg_catalog.cardinality($1::text[]) = 0 OR n.nspname = ANY ($1::text[]))
UNION ALL
SELECT pg_catalog.format('%s large objects', count(*)) FROM pg_catalog.pg_largeobject_metadata HAVING count(*) > 0
UNION ALL
SELECT pg_catalog.format('rows of table %I.%I of extension %I', n.nspname, c.relname, e.extname)
FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_class AS c ON c.oid = ANY (e.extconfig)
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE e.extname <> 'pg_gdpr' AND c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid) > 0
  AND (pg_catalog.cardinality($1::text[]) = 0 OR n.nspname = ANY ($1::text[]))
UNION ALL
SELECT pg_catalog.format('event trigger %I', t.evtname)
FROM pg_catalog.pg_event_trigger AS t
WHERE pg_catalog.cardinality($1::text[]) = 0 AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend AS d
  WHERE d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e')
UNION ALL
SELECT pg_catalog.format('mapping of user %I to server %I', m.usename, m.srvname)
FROM pg_catalog.pg_user_mappings AS m WHERE pg_catalog.cardinality($1::text[]) = 0
ORDER BY 1
