-- SPDX-License-Identifier: PostgreSQL
-- Before CREATE EXTENSION somebody prepares the ground: operators and functions on the installer's
-- search_path, our schemas, our role, default privileges. Law: nothing planted runs, nothing planted is
-- adopted, nobody has a right that our page of privileges does not give.
\ir lib/attack.sql
SELECT plan(30);
SELECT t.plant(p, 'attack_eve') FROM unnest('{operator,function,table}'::name[]) AS p;
GRANT CREATE ON SCHEMA public TO PUBLIC;
SELECT lives_ok('SELECT gdpr.remove()', 'nothing is declared here');
DROP EXTENSION pg_gdpr;

-- The role. It is the cluster's, so each change is taken back.
SELECT throws_ok(format('DO $do$ BEGIN %s; CREATE EXTENSION pg_gdpr; END $do$', change), '55000', NULL,
  'refused, because somebody ran: ' || change)
FROM unnest(ARRAY['ALTER ROLE gdpr_owner LOGIN', 'ALTER ROLE gdpr_owner SUPERUSER', 'ALTER ROLE gdpr_owner BYPASSRLS',
  'ALTER ROLE gdpr_owner CREATEROLE', 'ALTER ROLE gdpr_owner CREATEDB', 'ALTER ROLE gdpr_owner REPLICATION',
  'GRANT gdpr_owner TO attack_eve', 'GRANT gdpr_owner TO attack_eve WITH ADMIN OPTION', 'GRANT attack_vic TO gdpr_owner',
  'GRANT pg_write_server_files TO gdpr_owner']) AS change;
SELECT is((SELECT rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication FROM pg_roles
  WHERE rolname = 'gdpr_owner'), false, 'the role is as it was');

-- The schemas.
SELECT throws_ok(format('DO $do$ BEGIN %s; CREATE EXTENSION pg_gdpr; END $do$', change), '42P06', NULL,
  'refused, because there is: ' || change)
FROM unnest(ARRAY['CREATE SCHEMA gdpr AUTHORIZATION attack_eve', 'CREATE SCHEMA gdpr_internal AUTHORIZATION attack_eve',
  'CREATE SCHEMA gdpr AUTHORIZATION gdpr_owner']) AS change;
SELECT is(to_regnamespace('gdpr')::text, NULL, 'nothing is left of these attempts');

-- Who is no superuser cannot install it, although the file is there.
GRANT CREATE ON DATABASE tap_run TO attack_eve;
SELECT is(left(t.attempt('attack_eve', 'CREATE EXTENSION pg_gdpr'), 5), '42501', 'an owner of the database is not enough');

-- Operators and functions with exactly the types that the script uses, first on the path.
CREATE SCHEMA evil AUTHORIZATION attack_eve;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
SET SESSION AUTHORIZATION attack_eve;
DO $do$
DECLARE
  s name;
  p record;
BEGIN
  FOREACH s IN ARRAY '{public,evil}'::pg_catalog.name[] LOOP
    FOR p IN SELECT * FROM (VALUES ('=', 'text', 'text'), ('=', 'name', 'name'), ('=', 'oid', 'oid'), ('=', '"char"', '"char"'), ('=', 'name', 'text'),
      ('=', 'int', 'int'), ('=', 'boolean', 'boolean'), ('<>', 'text', 'text'), ('<>', 'oid', 'oid'), ('~', 'name', 'text'), ('~', 'text', 'text'),
      ('=', 'int2', 'int2'), ('>', 'int2', 'int'), ('>', 'int', 'int'), ('=', 'regnamespace', 'regnamespace')) AS v(op, l, r) LOOP
      EXECUTE pg_catalog.format('CREATE OR REPLACE FUNCTION %I.planted(%s, %s) RETURNS boolean LANGUAGE plpgsql AS %L', s, p.l, p.r,
        'BEGIN PERFORM t.note(''operator''); RETURN true; END');
      EXECUTE pg_catalog.format('CREATE OPERATOR %I.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = %1$I.planted)', s, p.op, p.l, p.r);
    END LOOP;
    EXECUTE pg_catalog.format('CREATE FUNCTION %I.glue(text, text) RETURNS text LANGUAGE plpgsql AS %L', s, 'BEGIN PERFORM t.note(''operator''); RETURN $1; END');
    EXECUTE pg_catalog.format('CREATE OPERATOR %I.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = %1$I.glue)', s);
    FOR p IN SELECT * FROM (VALUES ('format', 'text, VARIADIC text[]', 'text', '$1'), ('format', 'text, oid, name', 'text', '$1'), ('format', 'text, text', 'text', '$1'),
      ('quote_ident', 'text', 'text', '$1'), ('current_setting', 'text', 'text', '$1'), ('to_regclass', 'text', 'regclass', '0::regclass'),
      ('pg_extension_config_dump', 'regclass, text', 'void', ''), ('has_function_privilege', 'oid, text, text', 'boolean', 'true'),
      ('now', '', 'timestamptz', 'pg_catalog.now()')) AS v(name, args, result, value) LOOP
      EXECUTE pg_catalog.format('CREATE FUNCTION %I.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', s, p.name, p.args, p.result,
        pg_catalog.format('BEGIN PERFORM t.note(''function''); RETURN %s; END', p.value));
    END LOOP;
    EXECUTE pg_catalog.format('CREATE VIEW %I.pg_roles AS SELECT t.note(''table'') AS rolname, 1 AS oid', s);
    EXECUTE pg_catalog.format('CREATE VIEW %I.pg_event_trigger AS SELECT t.note(''table'') AS evtname', s);
    EXECUTE pg_catalog.format('CREATE VIEW %I.pg_class AS SELECT t.note(''table'') AS relname, 1 AS oid', s);
    EXECUTE pg_catalog.format('CREATE VIEW %I.pg_proc AS SELECT t.note(''table'') AS proname, 1 AS oid', s);
  END LOOP;
END $do$;
RESET SESSION AUTHORIZATION;
-- Honest defaults of a cluster where a role may read everything that is created.
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO attack_eve;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO attack_eve;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO attack_eve;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO attack_eve;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO attack_eve;

SELECT t.start('install');
CREATE TABLE t.outcome (error text);
SET search_path = evil, public, pg_catalog;
-- Nothing here may itself ask what is planted.
DO $$ BEGIN
  EXECUTE 'CREATE EXTENSION pg_gdpr';
  INSERT INTO t.outcome VALUES ('');
EXCEPTION WHEN OTHERS THEN
  INSERT INTO t.outcome VALUES (SQLERRM);
END $$;
SET search_path = pg_catalog, public;
SELECT is(error, '', 'CREATE EXTENSION on the worst search_path') FROM t.outcome;
SELECT is(t.count_of('ran', 'operator'), 0::bigint, 'no planted operator ran');
SELECT is(t.count_of('ran', 'function'), 0::bigint, 'no planted function ran');
SELECT is(t.count_of('ran', 'table'), 0::bigint, 'no planted view was read');
SELECT is((SELECT string_agg(pg_describe_object(d.classid, d.objid, d.objsubid) || ' -> ' || pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid), ', ')
  FROM pg_depend AS d
  WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_class'::regclass)
    AND (d.refobjid IN (SELECT oid FROM pg_proc WHERE pronamespace IN ('evil'::regnamespace, 'public'::regnamespace) AND proowner = 'attack_eve'::regrole)
      OR d.refobjid IN (SELECT oid FROM pg_operator WHERE oprowner = 'attack_eve'::regrole))
    AND (d.objid IN (SELECT oid FROM pg_class WHERE relowner = 'gdpr_owner'::regrole) OR d.objid IN (SELECT oid FROM pg_proc WHERE proowner = 'gdpr_owner'::regrole)
      OR d.objid IN (SELECT r.oid FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class WHERE c.relowner = 'gdpr_owner'::regrole))),
  NULL, 'nothing of ours depends on anything planted');

-- Default privileges gave eve nothing.
SELECT is((SELECT string_agg(x.object || ': ' || x.privilege_type, ', ' ORDER BY x.object) FROM (
    SELECT n.nspname::text AS object, a.* FROM pg_namespace AS n, aclexplode(n.nspacl) AS a WHERE n.nspname IN ('gdpr', 'gdpr_internal')
    UNION ALL
    SELECT c.oid::regclass::text, a.* FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.relnamespace IN ('gdpr'::regnamespace, 'gdpr_internal'::regnamespace)
    UNION ALL
    SELECT p.oid::regprocedure::text, a.* FROM pg_proc AS p, aclexplode(p.proacl) AS a WHERE p.pronamespace IN ('gdpr'::regnamespace, 'gdpr_internal'::regnamespace)
    UNION ALL
    SELECT y.oid::regtype::text, a.* FROM pg_type AS y, aclexplode(y.typacl) AS a WHERE y.typnamespace IN ('gdpr'::regnamespace, 'gdpr_internal'::regnamespace)) AS x
  WHERE x.grantee NOT IN (0, 'gdpr_owner'::regrole)), NULL, 'default privileges give nobody a right');
SELECT is((SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc AS p WHERE p.pronamespace = 'gdpr_internal'::regnamespace
  AND has_function_privilege('attack_eve', p.oid, 'EXECUTE')
  AND p.proname <> ALL ('{engine_at_work,kinds,in_tenant,may_change,may_change_link,may_read,may_read_inline,may_read_link,row_fields,shows,shows_kind,shows_link}')),
  NULL, 'eve calls nothing internal but what views and policies call for her');
SELECT is(left(t.attempt('attack_eve', $$SELECT gdpr_internal.execute_as_owner('pg_catalog.pg_authid'::regclass, 'ALTER ROLE attack_eve SUPERUSER')$$), 5),
  '42501', 'and is no superuser by it');
SELECT is(left(t.attempt('attack_eve', $$SELECT * FROM gdpr_internal.frozen$$), 5), '42501', 'eve reads nothing internal');
SELECT is(left(t.attempt('attack_eve', $$SELECT * FROM gdpr.certificates$$), 5), '42501', 'nor certificates');

-- It works, with all that around it.
SET search_path = evil, public, pg_catalog;
DO $$ BEGIN
  CREATE TABLE t.person (id pg_catalog.int4 PRIMARY KEY, name pg_catalog.text);
  INSERT INTO t.person VALUES (1, 'Ada');
  PERFORM gdpr.register_subject('person', 't.person'), gdpr.classify('t.person', 'name', 'full_name');
  PERFORM gdpr.anonymize_subject('person', '1', 'asked');
END $$;
SET search_path = pg_catalog, public;
SELECT is((SELECT name FROM t.person), 'Anonymized', 'a person leaves on the worst search_path');
SELECT is(t.count_of('ran', 'operator') + t.count_of('ran', 'function') + t.count_of('ran', 'table'), 0::bigint, 'and nothing planted ran');
SELECT is(t.broken(), '', 'nothing was gained');
SELECT finish();
