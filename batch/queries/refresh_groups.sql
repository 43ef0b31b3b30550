-- What must change in one transaction: tables of one partitioned root, and tables that refer to each
-- other by a treated column. $1, $2: relation and name of each of them. A pair of roots in each row; the
-- first column names a table of the first one, NULL for a reference.
WITH treated AS (
  SELECT x.relation, coalesce(pg_catalog.pg_partition_root(x.relation)::oid, x.relation) AS root, x.name
  FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::name[])) AS x(relation, name)
)
SELECT DISTINCT t.relation::int8, t.root::int8, t.root::int8 FROM treated AS t
UNION ALL
SELECT DISTINCT NULL::int8, coalesce(pg_catalog.pg_partition_root(c.conrelid)::oid, c.conrelid)::int8,
       coalesce(pg_catalog.pg_partition_root(c.confrelid)::oid, c.confrelid)::int8
FROM pg_catalog.pg_constraint AS c
CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(c.conkey), pg_catalog.unnest(c.confkey)) AS k(attnum, fattnum)
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
JOIN pg_catalog.pg_attribute AS f ON f.attrelid = c.confrelid AND f.attnum = k.fattnum
WHERE c.contype = 'f' AND EXISTS (
  SELECT FROM treated AS t
  WHERE (t.name = a.attname AND t.root = coalesce(pg_catalog.pg_partition_root(c.conrelid)::oid, c.conrelid))
     OR (t.name = f.attname AND t.root = coalesce(pg_catalog.pg_partition_root(c.confrelid)::oid, c.confrelid)))
