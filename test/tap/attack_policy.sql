-- SPDX-License-Identifier: PostgreSQL
-- Policies and masked views are attacked by a table's owner and by an application with a purpose. Law: what
-- runs, runs as whoever planted it; nobody reads or changes more than before; whoever owns a table may free
-- it, and doctor says so.
\ir lib/attack.sql
SELECT no_plan();

CREATE SCHEMA vic AUTHORIZATION attack_vic;
CREATE SCHEMA mallory AUTHORIZATION attack_mallory;
CREATE SCHEMA eve AUTHORIZATION attack_eve;
GRANT USAGE ON SCHEMA vic, mallory, eve TO PUBLIC;
SELECT t.plant(p, 'attack_mallory') FROM unnest('{engine_trigger,table_trigger,table_policy,column_domain,operator_int,cast_int,default_value,
  view_operator,ddl_trigger}'::name[]) AS p \g /dev/null

SET SESSION AUTHORIZATION attack_vic;
CREATE TABLE vic.client (id int PRIMARY KEY, name text, email text, tenant text DEFAULT 'one');
CREATE TABLE vic.job (id int PRIMARY KEY, client_id int, title text);
INSERT INTO vic.client SELECT i, 'Client' || i, format('c%s@example.org', i) FROM generate_series(1, 9) AS i;
INSERT INTO vic.job SELECT i, i, 'job of Client' || i FROM generate_series(1, 9) AS i;
GRANT SELECT, INSERT, UPDATE, DELETE ON vic.client, vic.job TO attack_eve;
GRANT SELECT, INSERT, REFERENCES, TRIGGER ON vic.client, vic.job TO attack_mallory;
SELECT gdpr.register_subject('client', 'vic.client');
SELECT gdpr.add_link('client', 'vic.job', '{client_id}');
SELECT gdpr.classify(r::regclass, c, k) FROM (VALUES ('vic.client', 'name', 'full_name'), ('vic.client', 'email', 'email'),
  ('vic.client', 'tenant', 'not_personal'), ('vic.job', 'title', 'free_text')) AS x(r, c, k);
SET SESSION AUTHORIZATION attack_mallory;
CREATE FUNCTION mallory.policy(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('table_policy'); END $$;
CREATE FUNCTION mallory.domain_check(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('column_domain'); END $$;
CREATE FUNCTION mallory.default_value() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('default_value'); RETURN 'x'; END $$;
CREATE DOMAIN mallory.word AS text CHECK (mallory.domain_check(VALUE));
CREATE FUNCTION mallory.trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note(TG_ARGV[0]); RETURN coalesce(NEW, OLD); END $$;
CREATE FUNCTION mallory.eq(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('operator_int'); RETURN int4eq($1, $2); END $$;
CREATE OPERATOR mallory.= (LEFTARG = int, RIGHTARG = int, FUNCTION = mallory.eq);
CREATE FUNCTION mallory.cmp(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('view_operator'); RETURN texteq($1, $2); END $$;
CREATE OPERATOR mallory.= (LEFTARG = text, RIGHTARG = text, FUNCTION = mallory.cmp);
CREATE TABLE mallory.mark (id int PRIMARY KEY, name mallory.word, note text DEFAULT mallory.default_value(), tenant text);
CREATE TABLE mallory.part (id int, mark_id int, body text) PARTITION BY LIST (id);
CREATE TABLE mallory.part_1 PARTITION OF mallory.part DEFAULT;
CREATE TABLE mallory.doc (id int PRIMARY KEY, owner_type mallory.word, owner_id mallory.word, body text);
INSERT INTO mallory.mark SELECT i, 'Mark' || i, 'x', 'one' FROM generate_series(1, 9) AS i;
INSERT INTO mallory.part SELECT i, i, 'x' FROM generate_series(1, 9) AS i;
INSERT INTO mallory.doc SELECT i, 'mark', i, 'x' FROM generate_series(1, 9) AS i;
CREATE TRIGGER t BEFORE INSERT OR UPDATE OR DELETE ON mallory.mark FOR EACH ROW EXECUTE FUNCTION mallory.trigger('table_trigger');
SELECT gdpr.register_subject('mark', 'mallory.mark');
SELECT gdpr.add_link('mark', 'mallory.part', '{mark_id}');
SELECT gdpr.add_link('mark', 'mallory.doc', '{owner_id}', discriminator => 'owner_type', discriminator_value => 'mark');
SELECT gdpr.classify(r::regclass, c, k) FROM (VALUES ('mallory.mark', 'name', 'full_name'), ('mallory.mark', 'note', 'free_text'),
  ('mallory.mark', 'tenant', 'not_personal'), ('mallory.part', 'body', 'free_text'), ('mallory.doc', 'body', 'free_text')) AS x(r, c, k);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA mallory TO attack_eve, attack_vic;
RESET SESSION AUTHORIZATION;
ALTER ROLE attack_mallory SET search_path = mallory, pg_catalog;

\o /dev/null
SELECT gdpr.add_purpose('letter', marketing => true);
SELECT gdpr.grant_purpose('letter', 'attack_eve');
SELECT gdpr.record_consent(s, p::text, 'accepted', 'letter', medium => 'api') FROM unnest('{client,mark}'::text[]) AS s, unnest('{1,2}'::int[]) AS p;
SELECT gdpr.create_masked_view('vic.client_masked', 'vic.client');
\o
CALL gdpr.protect('client');

-- 1. Protecting, and masked views, are the owner's.
SELECT matches(t.attempt(role, statement), '^(42501|2D000)', role || ': ' || statement) FROM (VALUES
  ('attack_eve', $$CALL gdpr.protect('client')$$), ('attack_eve', $$CALL gdpr.unprotect('client')$$), ('attack_mallory', $$CALL gdpr.unprotect('client')$$),
  ('attack_mallory', $$CALL gdpr.protect('client', dry_run => true)$$), ('attack_eve', $$CALL gdpr.protect('client', enforce => false)$$),
  ('attack_eve', $$SELECT gdpr.create_masked_view('eve.mine', 'vic.client')$$), ('attack_mallory', $$SELECT gdpr.create_masked_view('mallory.mine', 'vic.client')$$),
  ('attack_eve', $$SELECT gdpr.drop_masked_view('vic.client_masked')$$), ('attack_mallory', $$SELECT gdpr.create_masked_view('vic.mine', 'mallory.mark')$$),
  ('attack_mallory', $$SELECT gdpr.create_masked_view('gdpr.mine', 'mallory.mark')$$), ('attack_mallory', $$SELECT gdpr.create_masked_view('pg_catalog.mine', 'mallory.mark')$$),
  ('attack_eve', $$ALTER TABLE vic.client DISABLE ROW LEVEL SECURITY$$), ('attack_eve', $$DROP POLICY gdpr_purpose_select ON vic.client$$),
  ('attack_eve', $$ALTER TABLE vic.job DISABLE TRIGGER ALL$$), ('attack_eve', $$CREATE OR REPLACE VIEW vic.client_masked AS SELECT 1$$),
  ('attack_vic', $$CREATE OR REPLACE VIEW vic.client_masked AS SELECT * FROM vic.client$$), ('attack_vic', $$ALTER VIEW vic.client_masked OWNER TO attack_vic$$),
  ('attack_vic', $$CREATE RULE x AS ON UPDATE TO vic.client_masked DO INSTEAD NOTHING$$), ('attack_vic', $$CREATE TRIGGER x INSTEAD OF UPDATE ON vic.client_masked FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()$$),
  ('attack_eve', $$SELECT gdpr_internal.protect_relation('client', 'vic.client', false, NULL, NULL)$$), ('attack_eve', $$SELECT gdpr_internal.unprotect_relation('client', 'vic.client')$$)) AS v(role, statement);

-- 2. An application with a purpose sees what it may see, whatever it plants in its own schema and session.
CREATE TABLE t.seen (how text, seen text);
GRANT INSERT ON t.seen TO PUBLIC;
SELECT is(t.attempt('attack_eve', format($f$DO $do$ BEGIN
    SET LOCAL gdpr.purpose = 'letter'; %s;
    INSERT INTO t.seen SELECT %L, string_agg(id::text, ',' ORDER BY id) FROM vic.client; END $do$$f$, before, before)), '', 'eve reads after: ' || before)
FROM unnest(ARRAY['NULL',
  $$SET LOCAL search_path = eve, pg_catalog$$, $$CREATE FUNCTION eve.may_read(text, int) RETURNS boolean LANGUAGE sql AS 'SELECT true'$$, $$CREATE TEMP TABLE client_allowed (id int, allowed bigint)$$,
  $$CREATE TEMP VIEW client AS SELECT 1$$, $$CREATE FUNCTION eve.int4eq(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR eve.= (LEFTARG = int, RIGHTARG = int, FUNCTION = eve.int4eq); SET LOCAL search_path = eve, pg_catalog$$,
  $$SET LOCAL gdpr.policy_memory = '64kB'$$, $$SET LOCAL gdpr.app_user = 'boss'$$, $$SET LOCAL gdpr.tenant = 'one'$$, $$SET LOCAL gdpr.no_purpose = 'empty'$$,
  $$SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL jit = on; SET LOCAL jit_above_cost = 0$$, $$SET LOCAL transaction_read_only = on; SET LOCAL transaction_read_only = off$$,
  $$SET LOCAL work_mem = '64kB'; SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off$$, $$SET LOCAL TimeZone = 'Pacific/Auckland'; SET LOCAL DateStyle = 'German'$$]) AS before
WHERE before <> $$SET LOCAL transaction_read_only = on; SET LOCAL transaction_read_only = off$$;
SELECT results_eq('SELECT DISTINCT seen FROM t.seen', $$VALUES ('1,2')$$, 'she always sees the two who accepted');
SELECT matches(t.attempt('attack_eve', format($f$DO $do$ BEGIN SET LOCAL gdpr.purpose = %L; PERFORM * FROM vic.client; END $do$$f$, purpose)), '^(42501|42704|PD008)', 'refused: purpose ' || left(purpose, 20))
FROM unnest(ARRAY['administration', 'Letter', 'letter ', ' letter', 'letter,administration', '*', 'letter'' OR true --', repeat('l', 100000), E'letter\n', '', 'gdpr_owner']) AS purpose;
SELECT matches(t.attempt('attack_eve', s), '^(42501|42704|PD00|22023|42P01|42883|55000)', 'refused to eve: ' || s) FROM unnest(ARRAY[
  $$SET row_security = off; SELECT * FROM vic.client$$, $$SET session_replication_role = replica$$, $$SELECT pg_read_file('PG_VERSION')$$,
  $$SET gdpr.no_purpose = 'anything'$$, $$SET ROLE attack_vic$$, $$SELECT * FROM gdpr_internal.client_allowed$$, $$SELECT gdpr_internal.shows('client', 3)$$,
  $$SELECT gdpr_internal.query_as_owner('vic.client', 'SELECT 1')$$, $$SELECT gdpr.subject_data('client', '3')$$, $$LOCK TABLE gdpr_internal.client_allowed$$,
  $$SELECT pg_get_viewdef('vic.client_masked'), gdpr_internal.in_tenant('one')$$]) AS s;

-- 3. The masked view: base rows stay where they are, and nothing is written through it.
GRANT SELECT ON vic.client_masked TO attack_eve;
CREATE FUNCTION t.masked(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text; BEGIN
  PERFORM set_config('gdpr.purpose', 'letter', true), set_config('session_authorization', 'attack_eve', true);
  EXECUTE format('SELECT string_agg(q::text, '','') FROM (%s) AS q', query) INTO r;
  PERFORM set_config('session_authorization', 'postgres', true); RETURN coalesce(r, '');
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || SQLERRM; END $$;
SELECT is(t.masked('SELECT count(*) FROM vic.client_masked'), '(9)', 'the masked view shows every row');
SELECT is(t.masked('SELECT count(*) FROM vic.client_masked WHERE name LIKE ''Client_'''), '(2)', 'two of them in clear');
SELECT doesnt_match(t.masked(q), 'Client[3-9]|c[3-9]@example', 'no clear value of the others: ' || q) FROM unnest(ARRAY['SELECT * FROM vic.client_masked',
  'SELECT name FROM vic.client_masked WHERE id = 3', 'SELECT max(name), min(email) FROM vic.client_masked', 'SELECT c::text FROM vic.client_masked AS c',
  'SELECT to_jsonb(c) FROM vic.client_masked AS c', 'SELECT name FROM vic.client_masked WHERE id > 2 ORDER BY email', 'SELECT 1 / (id - 3), name FROM vic.client_masked',
  'SELECT name::int FROM vic.client_masked WHERE id = 3', 'SELECT query_to_xml(''SELECT * FROM vic.client_masked'', true, true, '''')']) AS q;
SET SESSION AUTHORIZATION attack_eve;
CREATE TABLE eve.loot (x text);
CREATE FUNCTION eve.spy(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN INSERT INTO eve.loot VALUES ($1); RETURN true; END $$;
RESET SESSION AUTHORIZATION;
SELECT t.masked('SELECT * FROM vic.client_masked WHERE eve.spy(name) AND eve.spy(email) AND eve.spy(client_masked::text)') \g /dev/null
SELECT is_empty($$SELECT x FROM eve.loot WHERE x ~ 'Client[3-9]|c[3-9]@example'$$, 'a cheap function sees nothing before the mask');
SELECT isnt_empty($$SELECT FROM eve.loot$$, 'though it was called');
SELECT is(t.masked('SELECT id FROM vic.client_masked WHERE name = ''Client3'''), '', 'a clear value finds nobody who is masked');
SELECT matches(t.attempt(role, s), '^(42501|55000|0A000|428C9|42809)', role || ' does not write through it: ' || s) FROM unnest('{attack_eve,attack_vic}'::name[]) AS role, unnest(ARRAY[
  $$UPDATE vic.client_masked SET name = 'x'$$, $$UPDATE vic.client_masked SET id = 99 WHERE id = 3$$, $$DELETE FROM vic.client_masked$$, $$INSERT INTO vic.client_masked (id) VALUES (99)$$,
  $$UPDATE vic.client_masked SET tenant = 'x'$$, $$TRUNCATE vic.client_masked$$, $$SELECT 1 FROM vic.client_masked FOR UPDATE$$]) AS s;
-- A view over the view, a function, a rule: as the view's reader.
SET SESSION AUTHORIZATION attack_eve;
CREATE VIEW eve.over AS SELECT * FROM vic.client_masked;
CREATE VIEW eve.direct AS SELECT * FROM vic.client;
RESET SESSION AUTHORIZATION;
SELECT doesnt_match(t.masked('SELECT * FROM eve.over'), 'Client[3-9]|c[3-9]@example', 'a view over the masked view');
SELECT is(t.masked('SELECT count(*) FROM eve.direct'), '(2)', 'a view of her own over the table');
-- Views of gdpr_owner see all rows: nobody else makes one.
SELECT matches(t.attempt('attack_vic', s), '^42501', 'refused to vic: ' || s) FROM unnest(ARRAY[$$ALTER VIEW eve.direct OWNER TO gdpr_owner$$, $$ALTER TABLE vic.job OWNER TO gdpr_owner$$,
  $$GRANT gdpr_owner TO attack_vic$$]) AS s;
SELECT is((SELECT string_agg(privilege_type, ',') FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.oid = 'vic.client'::regclass AND a.grantee = 'gdpr_owner'::regrole), 'SELECT', 'gdpr_owner may read the table, and no more');

-- 4. View names are names.
SELECT matches(t.attempt('attack_vic', format('SELECT gdpr.create_masked_view(%L, ''vic.client'')', n)), '^(42|22|3F|$)', 'a view called ' || left(n, 40)) FROM unnest(ARRAY[
  'vic."a b"', 'vic.x; DROP TABLE vic.job', 'vic."x""; DROP TABLE vic.job; --"', 'vic.x AS SELECT 1; --', 'vic.Ünïcödé', 'vic.' || repeat('v', 100), 'vic.a.b.c', '', '.', 'vic.', 'client_masked',
  'vic.client', 'vic.job', 'pg_temp.x', 'nowhere.x', E'vic.x\n', 'vic.' || repeat('v', 63)]) AS n;
SELECT has_table('vic', 'job', 'the jobs are still there');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class AS c WHERE c.relkind = 'v' AND c.relowner = 'gdpr_owner'::regrole AND c.relnamespace <> ALL ('{gdpr,gdpr_internal,vic}'::regnamespace[])$$,
  'no view of gdpr_owner anywhere else');
SELECT is_empty($$SELECT v.view_schema, v.view_name FROM gdpr_internal.masked_view AS v WHERE NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = v.view_oid AND c.relkind = 'v'
  AND c.relname = v.view_name)$$, 'what is written down is there');

-- 5. Planted code on the way of protect, of the policies and of the guards.
CREATE FUNCTION mallory.ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
SELECT t.start('protect') \g /dev/null
CALL gdpr.protect('mark', dry_run => true);
CALL gdpr.protect('mark', enforce => false);
CALL gdpr.protect('mark', tenant_column => 'tenant');
CALL gdpr.protect('mark', inline => true);
SELECT is(t.broken(), '', 'protecting a planted table ran nothing as anybody else');
SELECT gdpr.record_consent('mark', '3', 'accepted', 'letter', medium => 'api') \g /dev/null
SELECT gdpr.record_consent('mark', '1', 'withdrawn', 'letter', medium => 'api') \g /dev/null
SELECT is(t.broken(), '', 'nor do decisions about its people, whose masks lie in the table');
SELECT t.attempt('postgres', s) FROM unnest(ARRAY['SELECT gdpr.doctor()', 'SELECT * FROM gdpr.rehearsal', $$SELECT gdpr.why('mark', '1', 'letter')$$]) AS s \g /dev/null
SELECT is(t.broken(), '', 'nor does doctor');
CALL gdpr.unprotect('mark');
SELECT is(t.broken(), '', 'nor unprotect');
CALL gdpr.protect('mark');
-- Whoever writes into mallory's table runs her domains: PostgreSQL's rule, not counted here.
UPDATE t.phase SET phase = 'setup';
SELECT matches(t.attempt('attack_eve', $$DO 'BEGIN SET LOCAL gdpr.purpose = ''letter''; INSERT INTO mallory.doc VALUES (50, ''mark'', ''5'', ''x''); END'$$), '^PD007', 'the guard looks through planted domains');
SELECT is(t.attempt('attack_eve', $$DO 'BEGIN SET LOCAL gdpr.purpose = ''letter''; INSERT INTO mallory.doc VALUES (50, ''mark'', ''2'', ''x''); END'$$), '', 'both ways');
UPDATE t.phase SET phase = 'protect';

-- While the engine works on mallory's table, her trigger writes into vic's.
SET SESSION AUTHORIZATION attack_mallory;
CREATE FUNCTION mallory.meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM t.note('engine_trigger');
  INSERT INTO vic.job VALUES (1000 + OLD.id, 3, 'behind the guard');
  PERFORM nextval('t.won_engine_trigger');
  RETURN NEW; EXCEPTION WHEN OTHERS THEN RETURN NEW; END $$;
CREATE TRIGGER m BEFORE UPDATE ON mallory.mark FOR EACH ROW EXECUTE FUNCTION mallory.meanwhile();
RESET SESSION AUTHORIZATION;
SELECT t.start('engine') \g /dev/null
SELECT gdpr.anonymize_subject('mark', '9', 'asked', 'keep') \g /dev/null
SELECT ok(t.count_of('ran', 'engine_trigger') > 0, 'her trigger ran during the erasure');
SELECT is((SELECT count(*) FROM vic.job WHERE title = 'behind the guard'), 0::bigint, 'the guard of other tables still watched');
SELECT is(t.broken(), '', 'and nothing was gained');

-- 6. Our trigger functions on tables of other people's: no way to change what is not yours.
CREATE TABLE t.functions AS SELECT p.oid, p.proname, p.oid::regprocedure::text AS call FROM pg_proc AS p
  WHERE p.pronamespace = 'gdpr'::regnamespace AND p.prorettype = 'trigger'::regtype;
GRANT SELECT ON t.functions TO PUBLIC;
CREATE TABLE t.pinned AS SELECT md5(string_agg(x, '' ORDER BY x)) AS state FROM (SELECT m::text AS x FROM gdpr_internal.client_allowed AS m
  UNION ALL SELECT s::text FROM gdpr_internal.consent_state AS s WHERE subject_type = 'client' UNION ALL SELECT d::text FROM gdpr_internal.consent_detail AS d) AS y;
SELECT t.attempt('attack_mallory', format('DO %L', format($f$BEGIN
  CREATE TABLE mallory.trap_%s (id int PRIMARY KEY, client_id int, gdpr_allowed bigint DEFAULT -1, allowed bigint);
  CREATE TRIGGER x %s ON mallory.trap_%1$s FOR EACH %s EXECUTE FUNCTION %s(%s);
  INSERT INTO mallory.trap_%1$s VALUES (1, 1), (3, 3); UPDATE mallory.trap_%1$s SET id = 4 WHERE id = 3; DELETE FROM mallory.trap_%1$s; INSERT INTO mallory.trap_%1$s VALUES (1, 1); TRUNCATE mallory.trap_%1$s; END$f$,
  row_number() OVER (), w.timing, w.each, split_part(f.call, '(', 1), a.args))) AS told
FROM t.functions AS f, (VALUES ('BEFORE INSERT OR UPDATE OR DELETE', 'ROW'), ('AFTER INSERT OR UPDATE OR DELETE', 'ROW'), ('BEFORE TRUNCATE', 'STATEMENT'), ('AFTER TRUNCATE', 'STATEMENT')) AS w(timing, each),
  unnest(ARRAY['', '''client''', '''client'', ''id''', '''mark''']) AS a(args) \g /dev/null
SELECT is((SELECT md5(string_agg(x, '' ORDER BY x)) FROM (SELECT m::text AS x FROM gdpr_internal.client_allowed AS m
  UNION ALL SELECT s::text FROM gdpr_internal.consent_state AS s WHERE subject_type = 'client' UNION ALL SELECT d::text FROM gdpr_internal.consent_detail AS d) AS y),
  (SELECT state FROM t.pinned), 'our trigger functions, planted by mallory on her tables, change nothing of vic''s people');

-- 7. Inline masks cannot be written by hand.
CALL gdpr.unprotect('client');
CALL gdpr.protect('client', inline => true);
SELECT string_agg(a.attname, ',' ORDER BY a.attnum) AS inline, min(a.attname) FILTER (WHERE a.atttypid = 'int8'::regtype) AS mask, min(a.attname) FILTER (WHERE a.atttypid = 'timestamptz'::regtype) AS until
FROM pg_attribute AS a WHERE a.attrelid = 'vic.client'::regclass AND a.attname ~ 'gdpr' AND NOT a.attisdropped \gset
SELECT isnt(:'mask'::text, '', 'there is an inline mask: ' || :'inline');
SELECT t.attempt('attack_eve', format($f$DO $do$ BEGIN SET LOCAL gdpr.purpose = 'letter'; %s; END $do$$f$, s)) AS told
FROM unnest(ARRAY[format('UPDATE vic.client SET %I = -1', :'mask'), format('UPDATE vic.client SET %I = -1 WHERE id = 1', :'mask'), format('UPDATE vic.client SET %I = -1, %I = ''infinity''', :'mask', :'until'),
  format('UPDATE vic.client SET id = 3, %I = -1 WHERE id = 2', :'mask')]) AS s \g /dev/null
SELECT t.attempt('attack_vic', format('UPDATE vic.client SET %I = -1, %I = ''infinity''', :'mask', :'until')) \g /dev/null
INSERT INTO vic.client (id, name, gdpr_allowed) SELECT 50, 'Client50', -1 WHERE :'mask' = 'gdpr_allowed';
SELECT is(t.masked('SELECT string_agg(id::text, '','' ORDER BY id) FROM vic.client'), '("1,2")', 'whatever is written into it, the same two are seen');
DELETE FROM vic.client WHERE id = 50;

-- 8. What the owner can always do; doctor tells.
SELECT is(t.attempt('attack_vic', 'ALTER TABLE vic.client DISABLE ROW LEVEL SECURITY'), '', 'the owner may switch row security off (documented)');
SELECT isnt_empty($$SELECT FROM gdpr.doctor() WHERE object ~ 'vic\.client' AND severity = 'error'$$, 'doctor: row security is off');
SELECT is(t.attempt('attack_vic', 'ALTER TABLE vic.job DISABLE TRIGGER USER'), '', 'and triggers');
SELECT isnt_empty($$SELECT FROM gdpr.doctor() WHERE object ~ 'vic\.job' AND severity = 'error'$$, 'doctor: a guard is off');
SELECT is(t.attempt('attack_vic', $$CALL gdpr.protect('client')$$), '', 'protect, inside a transaction, too');
SELECT is_empty($$SELECT * FROM gdpr.doctor() WHERE object ~ '^vic\.(client|job)' AND severity = 'error'$$, 'and all is well again');
SELECT is(t.masked('SELECT string_agg(id::text, '','' ORDER BY id) FROM vic.client'), '("1,2")', 'the same two');

SELECT * FROM finish();
