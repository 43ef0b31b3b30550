-- A table by its name, its primary key as text, and how rows are found by such keys. Compared as text: a key that its type
-- cannot read is a key of nobody, and no error that quotes it. $1: schema.table, $2: oids of the copied tables
SELECT c.oid, x.name, k.key_sql,
  'SELECT p.tableoid, p.ctid, u.n FROM ' || x.name || ' AS p JOIN pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS u(v, n) ON '
    || k.key_sql || ' OPERATOR(pg_catalog.=) u.v' AS find_sql
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace,
LATERAL (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)) AS x(name),
LATERAL (
  SELECT pg_catalog.format(CASE WHEN count(*) = 1 THEN 'pg_catalog.concat(%s)' ELSE '(ROW(%s))::pg_catalog.text' END,
    pg_catalog.string_agg(pg_catalog.format('p.%I', a.attname), ', ' ORDER BY i.n))
  FROM pg_catalog.pg_index AS y, pg_catalog.unnest(y.indkey::pg_catalog.int2[]) WITH ORDINALITY AS i(attnum, n)
  JOIN pg_catalog.pg_attribute AS a ON a.attnum = i.attnum
  WHERE y.indrelid = c.oid AND a.attrelid = c.oid AND y.indisprimary AND i.n <= y.indnkeyatts
  HAVING count(*) > 0
) AS k(key_sql)
WHERE x.name = $1 AND (c.relkind = 'p' OR c.oid = ANY ($2::pg_catalog.oid[]))
