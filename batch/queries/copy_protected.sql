-- Tables with policies of pg_gdpr's: whether they have policies of their own, and columns that it added.
SELECT p.polrelid::int8, pg_catalog.format('%I.%I', n.nspname, c.relname),
       bool_or(p.polname NOT IN ('gdpr_application', 'gdpr_tenant', 'gdpr_purpose_select')),
       EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = p.polrelid AND a.attname = 'gdpr_allowed'
               AND NOT a.attisdropped),
       EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = p.polrelid AND a.attname = 'gdpr_allowed'
               AND a.attislocal AND a.attinhcount = 0 AND NOT a.attisdropped)
FROM pg_catalog.pg_policy AS p
JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE pg_catalog.cardinality($1::text[]) = 0 OR n.nspname = ANY ($1::text[])
GROUP BY 1, 2, p.polrelid
HAVING bool_or(p.polname = 'gdpr_purpose_select')
ORDER BY 1
