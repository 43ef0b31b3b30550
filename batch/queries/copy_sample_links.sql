-- The declared links as conditions over rows c of the child and p of the parent; scope stop has none.
SELECT l.subject_type, l.scope, l.relation::pg_catalog.oid AS relation, l.parent::pg_catalog.oid AS parent,
  pg_catalog.format('%I.%I', n.nspname, c.relname) AS relation_sql, l.matches, l.applies
FROM gdpr.copy_links() AS l
JOIN pg_catalog.pg_class AS c ON c.oid = l.relation JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY l.link
