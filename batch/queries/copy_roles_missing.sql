SELECT r.name FROM pg_catalog.unnest($1::text[]) AS r(name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS x WHERE x.rolname = r.name) ORDER BY r.name
