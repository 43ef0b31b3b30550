-- Labels of columns with their names, then those of everything else.
SELECT n.nspname, c.relname, a.attname, NULL, s.label
FROM pg_seclabel AS s
JOIN pg_class AS c ON c.oid = s.objoid AND s.classoid = 'pg_class'::regclass
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = s.objsubid AND s.objsubid <> 0
WHERE s.provider = $1
UNION ALL
SELECT NULL, NULL, NULL, s.objtype || ' ' || s.objname, s.label
FROM pg_seclabels AS s
WHERE s.provider = $1 AND s.objtype <> 'column'
ORDER BY 1, 2, 3, 4
