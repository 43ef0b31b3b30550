-- Foreign keys, column by column; one to a partitioned table is repeated for its partitions.
SELECT c.conrelid, a.attname, c.confrelid, f.attname, c.conname
FROM pg_constraint AS c
CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (attnum, fattnum)
JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
JOIN pg_attribute AS f ON f.attrelid = c.confrelid AND f.attnum = k.fattnum
WHERE c.contype = 'f' AND c.conrelid = ANY ($1::oid[])
ORDER BY c.conrelid, c.conname, k.attnum
