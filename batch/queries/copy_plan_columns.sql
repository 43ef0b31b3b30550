-- Columns with their labels; for each, whether it belongs to the primary key, and whether it says in which partition a row is.
SELECT a.attrelid, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated <> '',
       coalesce(s.label, ''), k.conrelid IS NOT NULL,
       EXISTS (SELECT FROM pg_partitioned_table AS p WHERE p.partrelid = a.attrelid
               AND (a.attnum = ANY (p.partattrs::int2[]) OR p.partexprs::text ~ (':varattno ' || a.attnum || ' ')))
FROM pg_attribute AS a
LEFT JOIN pg_seclabel AS s ON s.objoid = a.attrelid AND s.objsubid = a.attnum
  AND s.classoid = 'pg_class'::regclass AND s.provider = 'gdpr'
LEFT JOIN pg_constraint AS k ON k.conrelid = a.attrelid AND k.contype = 'p' AND a.attnum = ANY (k.conkey)
WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
