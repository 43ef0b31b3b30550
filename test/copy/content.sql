-- SPDX-License-Identifier: PostgreSQL
-- What is in a copy: each table with its rows (in any order), sequences, indexes, constraints, triggers, policies.
SET search_path = pg_catalog;
SELECT format('SELECT %L, count(*), md5(string_agg(md5(t::text), '''' ORDER BY md5(t::text))) FROM ONLY %s AS t', c.oid::regclass, c.oid::regclass)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname IN ('crm', 'shop') ORDER BY c.oid::regclass::text \gexec
SELECT sequencename, last_value FROM pg_sequences WHERE schemaname IN ('crm', 'shop') ORDER BY 1;
SELECT 'index', indexdef FROM pg_indexes WHERE schemaname IN ('crm', 'shop') ORDER BY 2;
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
WHERE connamespace IN ('crm'::regnamespace, 'shop'::regnamespace) ORDER BY 2, 3, 4;
SELECT 'trigger', tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 2, 3;
SELECT 'policy', polrelid::regclass::text, polname FROM pg_policy ORDER BY 2, 3;
SELECT 'row security', oid::regclass::text, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relrowsecurity OR relforcerowsecurity ORDER BY 2;
