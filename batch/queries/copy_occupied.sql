-- What stands in the schemas of a copy already: a copy goes into an empty place.
WITH ours(schema) AS (SELECT unnest($1::text[]))
SELECT o.name
FROM (
  SELECT c.oid, 'pg_catalog.pg_class'::pg_catalog.regclass AS catalog, c.relnamespace AS namespace, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN ours AS o ON o.schema = n.nspname WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL
  SELECT p.oid, 'pg_catalog.pg_proc'::pg_catalog.regclass, p.pronamespace, pg_catalog.format('%I.%I()', n.nspname, p.proname)
  FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
  JOIN ours AS o ON o.schema = n.nspname
  UNION ALL
  SELECT t.oid, 'pg_catalog.pg_type'::pg_catalog.regclass, t.typnamespace, pg_catalog.format('%I.%I', n.nspname, t.typname)
  FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  JOIN ours AS o ON o.schema = n.nspname WHERE t.typtype IN ('e', 'd')
) AS o
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = o.catalog AND d.objid = o.oid AND d.deptype = 'e')
ORDER BY o.name LIMIT 6
