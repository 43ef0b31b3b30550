SELECT s.subject_type, s.relation::pg_catalog.oid AS relation, pg_catalog.format('%I.%I', n.nspname, c.relname) AS relation_sql,
  s.key_sql, s.find_sql
FROM gdpr.copy_people() AS s
JOIN pg_catalog.pg_class AS c ON c.oid = s.relation JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY s.subject_type
