-- SPDX-License-Identifier: PostgreSQL
-- Who may do what: nobody declares anything about other people's tables, nobody without a bundle erases,
-- nobody at all reads or writes pg_gdpr's state, and shadows on the caller's search_path are not seen.
\ir lib/attack.sql
SELECT plan(95);

CREATE SCHEMA vic AUTHORIZATION attack_vic;
CREATE SCHEMA eve AUTHORIZATION attack_eve;
GRANT USAGE ON SCHEMA vic, eve TO PUBLIC;
SET SESSION AUTHORIZATION attack_vic;
CREATE TABLE vic.client (id int PRIMARY KEY, name text, email text UNIQUE);
CREATE TABLE vic.job (id int PRIMARY KEY, client_id int, title text);
INSERT INTO vic.client VALUES (0, 'nobody', NULL), (1, 'Ada', 'ada@example.org'), (2, 'Bob', 'bob@example.org');
INSERT INTO vic.job VALUES (1, 1, 'engine');
SELECT gdpr.register_subject('client', 'vic.client');
SELECT gdpr.add_link('client', 'vic.job', '{client_id}');
SELECT gdpr.redirect_frozen('client', 'vic.job', 'client_id', '0');
SELECT gdpr.add_blocker('client', 'job', 'vic.job', 'client_id');
SELECT gdpr.classify('vic.client', 'name', 'full_name');
SET SESSION AUTHORIZATION attack_eve;
CREATE TABLE eve.thing (id int PRIMARY KEY, client_id int, note text);
CREATE VIEW eve.always AS SELECT generate_series(0, 9) AS client_id;
SELECT gdpr.register_subject('thing', 'eve.thing');
RESET SESSION AUTHORIZATION;

-- 1. Declaring needs the ownership of every table it names.
CREATE TABLE t.refused (statement text);
INSERT INTO t.refused VALUES
  ($$SELECT gdpr.classify('vic.client', 'email', 'email')$$),
  ($$SELECT gdpr.unclassify('vic.client', 'name')$$),
  ($$SECURITY LABEL FOR gdpr ON COLUMN vic.client.name IS 'not_personal'$$),
  ($$SELECT gdpr.register_subject('stolen', 'vic.client')$$),
  ($$SELECT gdpr.register_subject('catalog', 'pg_catalog.pg_authid')$$),
  ($$SELECT gdpr.register_subject('ours', 'gdpr_internal.frozen')$$),
  ($$SELECT gdpr.unregister_subject('client')$$),
  ($$SELECT gdpr.unregister_subject('client', forget_frozen => true)$$),
  ($$SELECT gdpr.add_link('client', 'eve.thing', '{client_id}')$$),
  ($$SELECT gdpr.add_link('thing', 'vic.client', '{id}')$$),
  ($$SELECT gdpr.add_link('thing', 'vic.client', '{id}', scope => 'shared')$$),
  ($$SELECT gdpr.add_link('thing', 'eve.thing', '{id}', parent => 'vic.client', parent_columns => '{id}')$$),
  ($$SELECT gdpr.drop_link('client', 'vic.job', '{client_id}')$$),
  ($$SELECT gdpr.add_blocker('client', 'never', 'eve.always', 'client_id')$$),
  ($$SELECT gdpr.add_blocker('thing', 'peek', 'vic.job', 'client_id')$$),
  ($$SELECT gdpr.drop_blocker('client', 'job')$$),
  ($$SELECT gdpr.redirect_frozen('client', 'vic.job', 'client_id', '2')$$),
  ($$SELECT gdpr.drop_redirect('client', 'vic.job', 'client_id')$$),
  ($$SELECT gdpr.drop_missing('client')$$),
  ($$SELECT gdpr.effective_rule('vic.client', 'name')$$);
SELECT matches(t.attempt('attack_eve', statement), '^(42501|42809|3F000|42P01)', 'refused to eve: ' || statement) FROM t.refused;
SELECT is((SELECT count(*) FROM gdpr_internal.link), 1::bigint, 'there is still one link');
SELECT is((SELECT count(*) FROM gdpr_internal.subject_type), 2::bigint, 'and two subject types');

-- 2. Without a bundle nobody erases, and reports on people are not public either.
SELECT is(left(t.attempt('attack_eve', statement), 5), '42501', 'needs a bundle: ' || statement) FROM (VALUES
  ($$SELECT gdpr.anonymize_subject('client', '1', 'x')$$),
  ($$SELECT gdpr.anonymize_subject('thing', '1', 'x')$$),
  ($$SELECT gdpr.anonymize_subjects('client', '{1}', 'x')$$),
  ($$SELECT gdpr.preflight('client')$$),
  ($$SELECT gdpr.subject_data('client', '1')$$),
  ($$SELECT gdpr.subject_map('client')$$),
  ($$SELECT gdpr.unclassified('client')$$),
  ($$SELECT gdpr.blockers('client', '1')$$),
  ($$SELECT gdpr.queue_erasure('client', '1', 'x')$$),
  ($$SELECT gdpr.grant_bundle('operator', 'attack_eve')$$),
  ($$SELECT gdpr.revoke_bundle('operator', 'attack_op')$$),
  ($$SELECT gdpr.remove()$$),
  ($$SELECT gdpr.create_key()$$),
  ($$SELECT * FROM gdpr.certificates$$),
  ($$SELECT * FROM gdpr.runs$$),
  ($$SELECT * FROM gdpr.client_frozen$$),
  ($$CREATE TABLE gdpr.x (y int)$$),
  ($$CREATE FUNCTION gdpr.x() RETURNS int LANGUAGE sql AS 'SELECT 1'$$),
  ($$CREATE TABLE gdpr_internal.x (y int)$$),
  ($$ALTER ROLE gdpr_owner LOGIN$$),
  ($$SET ROLE gdpr_owner$$),
  ($$DROP EXTENSION pg_gdpr$$),
  ($$ALTER EXTENSION pg_gdpr SET SCHEMA public$$),
  ($$SET gdpr.key_file = '/tmp/x'$$),
  ($$SHOW gdpr.key_file$$),
  ($$SET gdpr.backup_retention = '0'$$),
  ($$CREATE TRIGGER g BEFORE INSERT ON eve.thing FOR EACH ROW EXECUTE FUNCTION gdpr_internal.guard_changed()$$)) AS v(statement);

-- An operator erases and reads certificates, and does not change them.
SELECT gdpr.grant_bundle('operator', 'attack_op'), gdpr.grant_bundle('reader', 'attack_mallory');
SELECT is(t.attempt(role, $$SELECT gdpr.effective_rule('vic.client', 'name')$$), '', 'what a column''s checks let through is told to ' || role)
FROM unnest('{attack_vic,attack_op,postgres}'::name[]) AS role;
SELECT is(left(t.attempt('attack_mallory', $$SELECT gdpr.effective_rule('vic.client', 'name')$$), 5), '42501', 'and to no reader of reports');
SELECT is(left(t.attempt('attack_op', statement), 5), '42501', 'refused to an operator: ' || statement) FROM (VALUES
  ($$SELECT gdpr.subject_data('client', '1')$$),
  ($$SELECT gdpr.grant_bundle('dpo', 'attack_op')$$),
  ($$SELECT gdpr.unregister_subject('client', true)$$),
  ($$SELECT gdpr.remove()$$),
  ($$SELECT * FROM vic.client$$)) AS v(statement);
SELECT matches(t.attempt('attack_op', statement), '^(42501|55000)', 'refused to an operator: ' || statement) FROM (VALUES
  ($$UPDATE gdpr.certificates SET reason = 'x'$$),
  ($$DELETE FROM gdpr.certificates$$),
  ($$INSERT INTO gdpr.certificates (subject_type, subject_key) VALUES ('client', '2')$$),
  ($$DELETE FROM gdpr.client_frozen$$)) AS v(statement);

-- 3. What every role may call, by name. A function that is added has to be added here, too.
SELECT is((SELECT string_agg(DISTINCT p.proname, ' ' ORDER BY p.proname) FROM pg_proc AS p
  WHERE p.pronamespace = 'gdpr'::regnamespace AND has_function_privilege('attack_eve', p.oid, 'EXECUTE')
    AND p.proname <> ALL ('{guard,guard_truncate}')),
  'add_blocker add_interaction add_link anonymize audit check_rule classify create_masked_view drop_blocker drop_interaction drop_link drop_masked_view drop_missing '
  'drop_redirect effective_rule export_rules fits forget_missing generalize is_frozen locale_of mask protect redact redirect_frozen '
  'register_subject state_alias unaudit unclassify unprotect unregister_subject',
  'functions that everybody may call');
SELECT is((SELECT string_agg(DISTINCT p.proname, ' ' ORDER BY p.proname) FROM pg_proc AS p
  WHERE p.pronamespace = 'gdpr_internal'::regnamespace AND has_function_privilege('attack_eve', p.oid, 'EXECUTE')),
  'engine_at_work in_tenant kinds may_change may_change_link may_read may_read_inline may_read_link row_fields shows shows_kind shows_link',
  'internal functions that everybody may call, through a view or a policy');
SELECT is(left(t.attempt('attack_eve', format('SELECT gdpr_internal.%s', f)), 5), '42501', 'and not by name: ' || f)
FROM unnest(ARRAY['engine_at_work(1259)', 'in_tenant(''x'')', 'kinds()', 'may_change(''client'', 1)', 'may_read(''client'', 1)', 'may_read_link(1, 1)', 'may_change_link(1, 1)',
  'may_read_inline(''client'', -1, ''infinity'', 1)', 'shows(''client'', 1)', 'shows_link(1, 1)', 'shows_kind(''email'')']) AS f;
SELECT is((SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class AS c
  WHERE c.relnamespace IN ('gdpr'::regnamespace, 'gdpr_internal'::regnamespace) AND c.relkind IN ('r', 'v', 'S')
    AND (CASE WHEN c.relkind = 'S' THEN has_sequence_privilege('attack_eve', c.oid, 'USAGE,SELECT,UPDATE')
         ELSE has_any_column_privilege('attack_eve', c.oid, 'SELECT,INSERT,UPDATE,REFERENCES') END)),
  'classification countries kinds purposes thing_consent thing_frozen',
  'what eve may read: what is declared, and her own people''s views');
SELECT is((SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc AS p
  WHERE p.pronamespace IN ('gdpr'::regnamespace, 'gdpr_internal'::regnamespace)
    AND p.prosecdef AND ARRAY(SELECT c FROM unnest(p.proconfig) AS c WHERE c !~ '^(jit|enable_[a-z]+|plan_cache_mode)=')
      IS DISTINCT FROM '{"search_path=pg_catalog, pg_temp"}'::text[]),
  NULL, 'every SECURITY DEFINER function has its search_path pinned, pg_temp last, and sets nothing else but what planners read');
SELECT is((SELECT string_agg(pg_describe_object(d.classid, d.objid, 0), ', ')
  FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
  LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
  LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
  LEFT JOIN pg_namespace AS n ON d.classid = 'pg_namespace'::regclass AND n.oid = d.objid
  WHERE e.extname = 'pg_gdpr' AND d.deptype = 'e'
    AND coalesce(p.proowner, c.relowner, n.nspowner, 'gdpr_owner'::regrole) <> 'gdpr_owner'::regrole::oid),
  NULL, 'everything belongs to gdpr_owner');
SELECT is((SELECT rolcanlogin OR rolsuper OR rolinherit OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = 'gdpr_owner'),
  false, 'who can do nothing else');

-- 4. Shadows. The caller plants tables, types and functions in front of everything and calls what is hers to call.
SELECT t.plant(p, 'attack_eve') FROM unnest('{shadow}'::name[]) AS p;
CREATE TABLE t.in_the_dark (statement text, wanted int, expected text, got text);
SELECT t.start('shadow');
INSERT INTO t.in_the_dark SELECT 'plant', 1000, '', t.attempt('attack_eve', $do$DO $$
DECLARE
  n pg_catalog.name;
BEGIN
  CREATE FUNCTION eve.shadow() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN t.note(''shadow''); END';
  -- temporary relations come first unless pg_temp is named last
  FOREACH n IN ARRAY '{pg_class,pg_namespace,pg_attribute,pg_type,pg_roles,pg_authid,pg_seclabel,pg_trigger,pg_inherits,pg_index,
                      pg_constraint,pg_proc,pg_database,subject_type,link,blocker,redirect,frozen,frozen_value}'::pg_catalog.name[] LOOP
    EXECUTE pg_catalog.format('CREATE TEMP VIEW %I AS SELECT eve.shadow() AS oid, eve.shadow() AS relowner, eve.shadow() AS rolsuper', n);
  END LOOP;
  -- types of ours and of everybody's
  FOREACH n IN ARRAY '{text,name,regclass,int4,int8,oid,jsonb,found_rows,row_count}'::pg_catalog.name[] LOOP
    EXECUTE pg_catalog.format('CREATE DOMAIN pg_temp.%I AS pg_catalog.int4 CHECK (eve.shadow())', n);
    EXECUTE pg_catalog.format('CREATE DOMAIN eve.%I AS pg_catalog.int4 CHECK (eve.shadow())', n);
  END LOOP;
  FOREACH n IN ARRAY '{anonymize,redact,unnest,jsonb_array_elements_text,format,quote_ident,coalesce_,pg_has_role,count,array_agg,
                      resolve,caller,is_frozen,subject}'::pg_catalog.name[] LOOP
    EXECUTE pg_catalog.format('CREATE FUNCTION eve.%I(pg_catalog.text) RETURNS pg_catalog.text LANGUAGE sql AS ''SELECT eve.shadow()::pg_catalog.text''', n);
    EXECUTE pg_catalog.format('CREATE FUNCTION pg_temp.%I(pg_catalog.text) RETURNS pg_catalog.text LANGUAGE sql AS ''SELECT eve.shadow()::pg_catalog.text''', n);
    EXECUTE pg_catalog.format('CREATE FUNCTION eve.%I(pg_catalog.name) RETURNS pg_catalog.text LANGUAGE sql AS ''SELECT eve.shadow()::pg_catalog.text''', n);
  END LOOP;
  CREATE FUNCTION eve.text_eq(pg_catalog.text, pg_catalog.text) RETURNS boolean LANGUAGE sql AS 'SELECT eve.shadow()';
  CREATE OPERATOR eve.= (LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text, FUNCTION = eve.text_eq);
  CREATE OPERATOR eve.|| (LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text, FUNCTION = eve.text_eq);
  CREATE FUNCTION eve.name_eq(pg_catalog.name, pg_catalog.name) RETURNS boolean LANGUAGE sql AS 'SELECT eve.shadow()';
  CREATE OPERATOR eve.= (LEFTARG = pg_catalog.name, RIGHTARG = pg_catalog.name, FUNCTION = eve.name_eq);
  CREATE FUNCTION eve.oid_eq(pg_catalog.oid, pg_catalog.oid) RETURNS boolean LANGUAGE sql AS 'SELECT eve.shadow()';
  CREATE OPERATOR eve.= (LEFTARG = pg_catalog.oid, RIGHTARG = pg_catalog.oid, FUNCTION = eve.oid_eq);
END $$$do$);
-- The temporary types are this session's, too: results are only looked at when they are gone.
INSERT INTO t.in_the_dark SELECT statement, wanted, expected, t.attempt('attack_eve', pg_catalog.format('DO %L',
    pg_catalog.format('BEGIN SET LOCAL search_path = pg_temp, eve, pg_catalog; EXECUTE %L; END', statement)))
FROM (VALUES
  ($$SELECT gdpr.register_subject('thing', 'eve.thing'::pg_catalog.regclass)$$, 100, ''),
  ($$SELECT gdpr.register_subject('more', 'vic.client'::pg_catalog.regclass)$$, 5, '42501'),
  ($$SELECT gdpr.classify('eve.thing'::pg_catalog.regclass, 'note', 'free_text')$$, 100, ''),
  ($$SELECT gdpr.classify('vic.client'::pg_catalog.regclass, 'name', 'free_text')$$, 5, '42501'),
  ($$SELECT gdpr.effective_rule('eve.thing'::pg_catalog.regclass, 'note')$$, 100, ''),
  ($$SELECT gdpr.add_blocker('thing', 'b', 'eve.always'::pg_catalog.regclass, 'client_id')$$, 100, ''),
  ($$SELECT gdpr.is_frozen('client', '1')$$, 100, ''),
  ($$SELECT gdpr.export_rules()$$, 100, ''),
  ($$SELECT * FROM gdpr.classification$$, 100, ''),
  ($$SELECT * FROM gdpr.kinds$$, 100, ''),
  ($$SELECT gdpr.drop_blocker('thing', 'b')$$, 100, ''),
  ($$SELECT gdpr.unregister_subject('thing')$$, 100, ''),
  ($$SELECT gdpr.unregister_subject('client')$$, 5, '42501')) AS v(statement, wanted, expected);
DO $$
DECLARE
  n pg_catalog.name;
BEGIN
  FOR n IN SELECT typname FROM pg_catalog.pg_type WHERE typnamespace = pg_catalog.pg_my_temp_schema() AND typtype = 'd' LOOP
    EXECUTE pg_catalog.format('DROP DOMAIN pg_temp.%I CASCADE', n);
  END LOOP;
END $$;
SELECT is(left(got, wanted), expected, 'in the dark: ' || statement) FROM t.in_the_dark;
SELECT is(t.count_of('ran', 'shadow'), 0::bigint, 'no shadow was ever seen');
SELECT is(t.broken(), '', 'and nothing was gained');

SELECT finish();
