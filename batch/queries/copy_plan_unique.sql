-- Columns that have to stay unique, as gdpr.effective_rule() sees them: key columns of unique and exclusion
-- indexes, and columns inside the expressions of such an index; whether they do it alone, and whether even NULL
-- may stand there once only (NULLS NOT DISTINCT, which PostgreSQL 14 does not know).
SELECT i.indrelid, a.attname, bool_or(i.indnkeyatts = 1),
       bool_or(i.indnkeyatts = 1 AND coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false))
FROM pg_index AS i
JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum > 0 AND NOT a.attisdropped
 AND (a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
      OR i.indexprs::text ~ (':varattno ' || a.attnum || ' '))
WHERE i.indrelid = ANY ($1::oid[]) AND i.indislive AND (i.indisunique OR i.indisexclusion)
GROUP BY i.indrelid, a.attname
