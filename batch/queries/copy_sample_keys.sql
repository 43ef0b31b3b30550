-- The foreign keys of the copied tables, each once: what a partitioned table's key says of a partition's own table is
-- in that partition's; the keys to each partition of a partitioned parent repeat the one to the parent.
-- A row c refers to a row p. Only equality operators of the key itself; a cast on the way that is a user's function
-- is not called: foreign_code. $1: oids
SELECT f.conrelid AS child, f.confrelid AS parent,
  CASE p.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || pg_catalog.format('%I.%I', pn.nspname, p.relname) AS parent_sql,
  'ONLY ' || pg_catalog.format('%I.%I', cn.nspname, c.relname) AS child_sql,
  k.matches, k.applies, k.foreign_code, f.conname AS name
FROM pg_catalog.pg_constraint AS f
JOIN pg_catalog.pg_class AS p ON p.oid = f.confrelid JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
JOIN pg_catalog.pg_class AS c ON c.oid = f.conrelid JOIN pg_catalog.pg_namespace AS cn ON cn.oid = c.relnamespace,
LATERAL (
  SELECT pg_catalog.string_agg(pg_catalog.format('p.%I OPERATOR(%I.%s) c.%I', pa.attname, o_n.nspname, o.oprname, ca.attname), ' AND ' ORDER BY u.n) AS matches,
    pg_catalog.string_agg(pg_catalog.format('c.%I IS NOT NULL', ca.attname), ' AND ' ORDER BY u.n) AS applies,
    pg_catalog.bool_or(EXISTS (
      SELECT FROM pg_catalog.pg_cast AS x JOIN pg_catalog.pg_proc AS r ON r.oid = x.castfunc
      JOIN pg_catalog.pg_language AS l ON l.oid = r.prolang
      WHERE x.castcontext = 'i' AND l.lanname NOT IN ('internal', 'c')
        AND (x.castsource = ca.atttypid AND x.casttarget = o.oprright OR x.castsource = pa.atttypid AND x.casttarget = o.oprleft))) AS foreign_code
  FROM ROWS FROM (pg_catalog.unnest(f.conkey), pg_catalog.unnest(f.confkey), pg_catalog.unnest(f.conpfeqop)) WITH ORDINALITY AS u(ck, pk, op, n)
  JOIN pg_catalog.pg_attribute AS ca ON ca.attrelid = f.conrelid AND ca.attnum = u.ck
  JOIN pg_catalog.pg_attribute AS pa ON pa.attrelid = f.confrelid AND pa.attnum = u.pk
  JOIN pg_catalog.pg_operator AS o ON o.oid = u.op JOIN pg_catalog.pg_namespace AS o_n ON o_n.oid = o.oprnamespace
) AS k
WHERE f.contype = 'f' AND f.conrelid = ANY ($1::pg_catalog.oid[])
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS a WHERE a.oid = f.conparentid AND a.conrelid = f.conrelid)
ORDER BY f.conrelid, f.conname, f.oid
