-- Roles that policies name: pg_dump takes the names along, and not the roles.
SELECT DISTINCT r.rolname
FROM pg_catalog.pg_policy AS p
JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles AS r ON r.oid = ANY (p.polroles)
WHERE n.nspname NOT IN ('gdpr', 'gdpr_internal') AND p.polname NOT IN ('gdpr_application', 'gdpr_tenant', 'gdpr_purpose_select')
  AND (pg_catalog.cardinality($1::text[]) = 0 OR n.nspname = ANY ($1::text[]))
ORDER BY r.rolname
