-- The tables of a copy: what each belongs to (the topmost table above it), how large it is, and what its sample is
-- drawn by: the primary key of a row c, or the row's address where there is none. concat_ws() calls the types' own output
-- functions; a cast could be somebody's. $1: oids
WITH RECURSIVE up(oid, above) AS (
  SELECT o.oid, o.oid FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS o(oid)
  UNION
  SELECT u.oid, i.inhparent FROM up AS u JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = u.above
)
SELECT c.oid,
  (SELECT min(u.above) FROM up AS u WHERE u.oid = c.oid
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = u.above)) AS top,
  pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
  pg_catalog.pg_relation_size(c.oid) AS size,
  coalesce((
    SELECT 'pg_catalog.concat_ws('','', ' || pg_catalog.string_agg(pg_catalog.format('c.%I', a.attname), ', ' ORDER BY k.n) || ')'
    FROM pg_catalog.pg_index AS x, pg_catalog.unnest(x.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k(attnum, n)
    JOIN pg_catalog.pg_attribute AS a ON a.attnum = k.attnum
    WHERE x.indrelid = c.oid AND a.attrelid = c.oid AND x.indisprimary AND k.n <= x.indnkeyatts), 'pg_catalog.concat(c.ctid)') AS digest_of
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1::pg_catalog.oid[])
ORDER BY c.oid
