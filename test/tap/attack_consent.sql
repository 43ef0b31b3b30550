-- SPDX-License-Identifier: PostgreSQL
-- Consent is attacked by a table's owner, by an application, by somebody who may record consent, and with
-- links. Law: nobody gives himself a purpose, nobody writes history but by deciding, and nobody's code or
-- words become somebody else's.
\ir lib/attack.sql
SELECT no_plan();
SELECT t.make_role(r) FROM unnest('{attack_editor,attack_web}'::name[]) AS r \g /dev/null

CREATE SCHEMA vic AUTHORIZATION attack_vic;
CREATE SCHEMA mallory AUTHORIZATION attack_mallory;
CREATE SCHEMA eve AUTHORIZATION attack_eve;
GRANT USAGE ON SCHEMA vic, mallory, eve TO PUBLIC;
SELECT t.plant(p, 'attack_mallory') FROM unnest('{selection_output,selection_filter,people_trigger,people_policy,cast_to_text,cast_from_text,
  people_check,people_operator}'::name[]) AS p \g /dev/null

SET SESSION AUTHORIZATION attack_vic;
CREATE TABLE vic.client (id int PRIMARY KEY, name text, email text, birth date);
INSERT INTO vic.client SELECT i, 'name ' || i, format('c%s@example.org', i) FROM generate_series(1, 9) AS i;
CREATE TABLE vic.secret (id int, word text);
INSERT INTO vic.secret VALUES (1, 'sesame');
SELECT gdpr.register_subject('client', 'vic.client');
SET SESSION AUTHORIZATION attack_mallory;
-- A table of people in which everything is planted.
CREATE TYPE mallory.code AS ENUM ('a', 'b', 'c');
CREATE FUNCTION mallory.to_text(mallory.code) RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('cast_to_text'); RETURN enum_out($1)::text; END $$;
CREATE CAST (mallory.code AS text) WITH FUNCTION mallory.to_text(mallory.code) AS ASSIGNMENT;
CREATE FUNCTION mallory.from_text(text) RETURNS mallory.code STABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('cast_from_text'); RETURN enum_in($1::cstring, 'mallory.code'::regtype); END $$;
CREATE CAST (text AS mallory.code) WITH FUNCTION mallory.from_text(text) AS ASSIGNMENT;
CREATE FUNCTION mallory.people_check(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('people_check'); END $$;
CREATE DOMAIN mallory.id AS int CHECK (mallory.people_check(VALUE));
CREATE FUNCTION mallory.filter(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('selection_filter'); END $$;
CREATE FUNCTION mallory.output(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('selection_output'); RETURN $1; END $$;
CREATE FUNCTION mallory.policy(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('people_policy'); END $$;
CREATE FUNCTION mallory.trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('people_trigger'); RETURN coalesce(NEW, OLD); END $$;
CREATE FUNCTION mallory.eq(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('people_operator'); RETURN int4eq($1, $2); END $$;
CREATE OPERATOR mallory.= (LEFTARG = int, RIGHTARG = int, FUNCTION = mallory.eq);
CREATE FUNCTION mallory.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('people_operator'); RETURN texteq($1, $2); END $$;
CREATE OPERATOR mallory.= (LEFTARG = text, RIGHTARG = text, FUNCTION = mallory.eq);
CREATE TABLE mallory.mark (id mallory.id PRIMARY KEY, name text, email text);
CREATE TABLE mallory.coded (code mallory.code PRIMARY KEY, name text);
INSERT INTO mallory.mark SELECT i, 'name ' || i, 'm@example.org' FROM generate_series(1, 9) AS i;
INSERT INTO mallory.coded VALUES ('a'), ('b'), ('c');
CREATE TRIGGER b BEFORE UPDATE OR INSERT ON mallory.mark FOR EACH ROW EXECUTE FUNCTION mallory.trigger();
ALTER TABLE mallory.mark ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON mallory.mark USING (mallory.policy(id));
CREATE VIEW mallory.chosen AS SELECT mallory.output(id) AS id FROM mallory.mark WHERE mallory.filter(id) AND id::int < 4;
GRANT SELECT ON ALL TABLES IN SCHEMA mallory TO attack_editor, attack_eve;
SELECT gdpr.register_subject('mark', 'mallory.mark');
DO $$ BEGIN PERFORM gdpr.register_subject('coded', 'mallory.coded'); EXCEPTION WHEN OTHERS THEN RAISE LOG 'coded: %', SQLERRM; END $$;
SELECT gdpr.add_blocker('mark', 'never', 'mallory.chosen', 'id');
RESET SESSION AUTHORIZATION;
ALTER ROLE attack_mallory SET search_path = mallory, pg_catalog;
ALTER ROLE attack_editor SET search_path = mallory, pg_catalog;

\o /dev/null
SELECT gdpr.add_purpose('letter', marketing => true);
SELECT gdpr.add_purpose('billing', 'contract');
SELECT gdpr.grant_purpose('letter', 'attack_eve');
SELECT gdpr.add_form('terms', 'the text');
SELECT gdpr.grant_bundle('consent_editor', 'attack_editor');
SELECT gdpr.grant_bundle('web', 'attack_web');
SELECT gdpr.record_consent('client', '1', 'accepted', 'letter', medium => 'email', comment => 'honest');
SELECT gdpr.record_consent('client', '2', 'rejected', 'letter', medium => 'email');
SELECT gdpr.record_objection('client', '3', 'letter', 'no');
SELECT gdpr.restrict('client', '4', 'dispute');
\o
CREATE FUNCTION t.state() RETURNS text LANGUAGE sql AS $$
  SELECT md5(string_agg(x, '' ORDER BY x)) FROM (
    SELECT 'e' || e::text FROM gdpr_internal.consent_event AS e UNION ALL SELECT 'd' || d::text FROM gdpr_internal.consent_detail AS d
    UNION ALL SELECT 's' || s::text FROM gdpr_internal.consent_state AS s UNION ALL SELECT 'm' || m::text FROM gdpr_internal.client_allowed AS m
    UNION ALL SELECT 'p' || p::text FROM gdpr_internal.purpose AS p UNION ALL SELECT 'g' || g::text FROM gdpr_internal.purpose_grant AS g
    UNION ALL SELECT 'c' || c::text FROM gdpr_internal.consent_setting AS c UNION ALL SELECT 'a' || a::text FROM gdpr_internal.consent_action AS a
    UNION ALL SELECT 'o' || o::text FROM gdpr_internal.objection AS o UNION ALL SELECT 'r' || r::text FROM gdpr_internal.restriction AS r
    UNION ALL SELECT 't' || n::text FROM gdpr_internal.tenant_grant AS n UNION ALL SELECT 'f' || f::text FROM gdpr_internal.form AS f) AS all_of_it(x)
$$;
CREATE TABLE t.honest AS SELECT t.state() AS state;

-- 1. Refused to the owner of the table, to an application with a purpose, and to whoever records consent.
CREATE TABLE t.refused (statement text);
INSERT INTO t.refused VALUES
  ($$SELECT gdpr.grant_purpose('letter', 'attack_mallory')$$), ($$SELECT gdpr.grant_purpose('billing', 'attack_eve')$$),
  ($$SELECT gdpr.grant_purpose('letter', 'attack_eve', campaign => true)$$), ($$SELECT gdpr.revoke_purpose('letter', 'attack_eve')$$),
  ($$SELECT gdpr.add_purpose('mine', 'contract')$$), ($$SELECT gdpr.drop_purpose('letter')$$),
  ($$SELECT gdpr.set_consent_mode('client', 'crmcom')$$), ($$SELECT gdpr.set_consent_action('client', 'rejected', 'none')$$),
  ($$SELECT gdpr.add_form('terms', 'other words')$$), ($$SELECT gdpr.set_consent_form('client', 'terms:1')$$),
  ($$SELECT gdpr.require_reconsent('client', 'terms:1')$$), ($$SELECT gdpr.overrule_objection('client', '3', 'letter', 'because')$$),
  ($$SELECT gdpr.grant_tenant('t', 'attack_eve')$$), ($$SELECT gdpr.set_country('CY', 13, true)$$),
  ($$SELECT gdpr.expire_proofs()$$), ($$SELECT gdpr.grant_bundle('dpo', 'attack_eve')$$), ($$SELECT * FROM gdpr.doctor()$$),
  ($$INSERT INTO gdpr_internal.purpose_grant VALUES ('billing', 'attack_eve')$$), ($$UPDATE gdpr_internal.client_allowed SET allowed = -1$$),
  ($$INSERT INTO gdpr_internal.client_allowed VALUES (2, -1, -1)$$), ($$DELETE FROM gdpr_internal.client_allowed$$), ($$TRUNCATE gdpr_internal.client_allowed$$),
  ($$ALTER TABLE gdpr_internal.client_allowed OWNER TO attack_eve$$), ($$DROP TABLE gdpr_internal.client_allowed$$),
  ($$UPDATE gdpr_internal.consent_state SET state = 'accepted'$$), ($$DELETE FROM gdpr_internal.consent_event$$),
  ($$UPDATE gdpr_internal.consent_event SET at = now()$$), ($$TRUNCATE gdpr_internal.consent_event$$), ($$DELETE FROM gdpr_internal.consent_detail$$),
  ($$INSERT INTO gdpr_internal.consent_event (subject_type, subject_key, kind, owner, at) VALUES ('client', '2', 'decision', 'x', now())$$),
  ($$DELETE FROM gdpr_internal.objection$$), ($$DELETE FROM gdpr_internal.restriction$$), ($$DELETE FROM gdpr_internal.opt_out$$),
  ($$DELETE FROM gdpr_internal.suppression$$), ($$DELETE FROM gdpr_internal.redeemed$$), ($$SELECT secret_digest FROM gdpr_internal.sign_up$$),
  ($$SELECT gdpr_internal.rewrite_history('details', '{1}'::bigint[])$$), ($$SELECT gdpr_internal.refresh_allowed('client', '{2}')$$),
  ($$SELECT gdpr_internal.add_event('client', '2', 'letter', 'decision', 'accepted', NULL, NULL, 'api', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)$$),
  ($$SELECT gdpr_internal.erase_consent('client', '{1}', '{x}')$$), ($$SELECT gdpr_internal.forget_consent('client')$$),
  ($$SELECT gdpr_internal.forget_deleted('client', '{1}')$$), ($$SELECT gdpr.forget_missing('client')$$), ($$SELECT gdpr.set_person_columns('client')$$), ($$SELECT gdpr_internal.lock_settings()$$), ($$SELECT gdpr_internal.take_relation(0)$$),
  ($$UPDATE gdpr.consent SET state = 'accepted'$$), ($$DELETE FROM gdpr.consent_history$$), ($$INSERT INTO gdpr.client_consent (id, state) VALUES (2, 'accepted')$$),
  ($$SET gdpr.proof_retention = '0'$$), ($$SET session_replication_role = replica$$), ($$ALTER ROLE attack_eve SET gdpr.proof_retention = '0'$$),
  ($$SET ROLE gdpr_owner$$), ($$ALTER TABLE vic.client ADD gdpr_allowed bigint$$);
SELECT matches(t.attempt(role, statement), '^(42501|42883|55000|0A000)', role || ': ' || statement)
FROM t.refused, unnest('{attack_mallory,attack_eve,attack_editor,attack_web}'::name[]) AS role;
SELECT is(t.state(), (SELECT state FROM t.honest), 'nothing was changed');

-- Without the bundle nothing is recorded, not even by the owner of the people's table.
SELECT is(left(t.attempt(role, statement), 5), '42501', role || ' has no bundle: ' || statement)
FROM unnest('{attack_vic,attack_eve,attack_web}'::name[]) AS role, unnest(ARRAY[
  $$SELECT gdpr.record_consent('client', '5', 'accepted', 'letter', medium => 'api')$$, $$SELECT gdpr.mark_all('client', 'vic.client', 'accepted', 'letter', 'api')$$,
  $$SELECT gdpr.consent_token('client', '5', 'letter')$$, $$SELECT gdpr.add_basis('client', '5', 'letter', 'contract')$$, $$SELECT gdpr.lift_restriction('client', '4')$$,
  $$SELECT gdpr.withdraw_objection('client', '3', 'letter')$$, $$SELECT gdpr.audience('client', 'letter', 'email')$$, $$SELECT * FROM gdpr.consent$$,
  $$SELECT * FROM gdpr.consent_history$$, $$SELECT gdpr.why('client', '1', 'letter')$$, $$SELECT gdpr.consent_record('client', '1')$$,
  $$SELECT gdpr.suppress('email', 'x@example.org', 'x')$$, $$SELECT gdpr.is_suppressed('email', 'x@example.org')$$]) AS statement;
SELECT is(left(t.attempt('attack_editor', $$SELECT gdpr.audience('client', 'letter', 'email')$$), 5), '42501', 'a mailing list needs a campaign grant beside the bundle');

-- 2. What an editor may do leaves traces that he does not choose.
SELECT is(left(t.attempt('attack_editor', statement), 5), wanted, 'editor: ' || statement) FROM (VALUES
  ($$SELECT gdpr.record_consent('client', '5', 'accepted', 'letter')$$, '22004'),
  ($$SELECT gdpr.record_consent('client', '5', 'accepted', 'letter', medium => 'silence')$$, '22023'),
  ($$SELECT gdpr.record_consent('client', '5', 'accepted', 'letter', medium => 'prechecked')$$, '22023'),
  ($$SELECT gdpr.record_consent('client', '5', 'Accepted', 'letter', medium => 'api')$$, '22023'),
  ($$SELECT gdpr.record_consent('client', '5', 'accepted', 'unknown', medium => 'api')$$, '42704'),
  ($$SELECT gdpr.record_consent('client', '5', 'accepted', 'letter', medium => 'api', form => 'unknown')$$, '42704'),
  ($$SELECT gdpr.record_consent('client', '5', 'accepted', 'letter', medium => 'api', form => 'terms:99')$$, '42704'),
  ($$SELECT gdpr.record_consent('client', '5', 'withdrawn', 'letter', medium => 'api')$$, 'PD006'),
  ($$SELECT gdpr.record_consent('client', '99', 'accepted', 'letter', medium => 'api')$$, 'P0002'),
  ($$SELECT gdpr.record_consent('client', '5 OR true', 'accepted', 'letter', medium => 'api')$$, '22P02'),
  ($$SELECT gdpr.record_consent('nobody', '5', 'accepted', 'letter', medium => 'api')$$, '42704'),
  ($$SELECT gdpr.record_consent('client', NULL, 'accepted', 'letter', medium => 'api')$$, '22004'),
  ($$SELECT gdpr.record_consent('client', '5', NULL, 'letter', medium => 'api')$$, '22004')) AS v(statement, wanted);
SELECT is(t.state(), (SELECT state FROM t.honest), 'nothing half done');
SELECT is(t.attempt('attack_editor', $$DO 'BEGIN PERFORM set_config(''gdpr.app_user'', ''the boss'', true);
  PERFORM gdpr.record_consent(''client'', ''5'', ''accepted'', ''letter'', ''api''); END'$$), '', 'an application user is claimed');
SELECT results_eq($$SELECT owner::text COLLATE "C", app_user FROM gdpr.consent_history WHERE subject_key = '5'$$, $$VALUES ('attack_editor' COLLATE "C", 'the boss')$$,
  'the history says the role, and what was claimed beside it');

-- 3. History: not even as the owner of the tables.
SELECT throws_ok(format('DO %L', format('BEGIN SET LOCAL ROLE gdpr_owner; %s; END', s)), '42501', NULL, 'refused to gdpr_owner itself: ' || s)
FROM unnest(ARRAY[$$UPDATE gdpr_internal.consent_event SET at = now()$$, $$DELETE FROM gdpr_internal.consent_event$$, $$TRUNCATE gdpr_internal.consent_event$$,
  $$UPDATE gdpr_internal.consent_detail SET comment = 'x'$$, $$DELETE FROM gdpr_internal.consent_detail$$, $$TRUNCATE gdpr_internal.consent_detail$$,
  $$UPDATE gdpr_internal.form SET body = 'x'$$, $$DELETE FROM gdpr_internal.form$$]) AS s;
SELECT throws_ok(s, '42501', NULL, 'refused to a superuser: ' || s) FROM unnest(ARRAY[$$UPDATE gdpr_internal.consent_event SET state = 'accepted'$$,
  $$DELETE FROM gdpr_internal.consent_event$$, $$TRUNCATE gdpr_internal.consent_event$$, $$TRUNCATE gdpr_internal.consent_detail CASCADE$$,
  $$INSERT INTO gdpr_internal.consent_event (event, subject_type, subject_key, kind, owner, at) SELECT event, 'x', 'x', 'decision', 'x', now()
    FROM gdpr_internal.consent_event LIMIT 1 ON CONFLICT (event) DO UPDATE SET state = 'accepted'$$]) AS s;

-- 4. Selections run as their owner, and only by whoever may read them.
SELECT t.start('selection') \g /dev/null
SELECT is(t.attempt('attack_editor', $$SELECT gdpr.mark_all('client', 'mallory.chosen', 'rejected', 'letter', 'api')$$), '', 'an editor marks by a planted view');
SELECT ok(t.count_of('ran', 'selection_filter') > 0 AND t.count_of('ran', 'selection_output') > 0, 'which runs');
SELECT is(t.broken(), '', 'as its owner');
SELECT matches(t.attempt('attack_editor', format('SELECT gdpr.mark_all(''client'', %L, ''accepted'', ''letter'', ''api'')', r)), '^42501', 'a selection the editor may not read: ' || r)
FROM unnest('{vic.secret,vic.client,pg_catalog.pg_authid}'::text[]) AS r;
SELECT matches(t.attempt('attack_editor', format('SELECT gdpr.mark_all(''client'', %L, ''accepted'', ''letter'', ''api'')', r)), '^(42|22|0A|55)', 'no selection at all: ' || r)
FROM unnest('{mallory.mark_pkey,pg_catalog.pg_class,gdpr.kinds,mallory.coded,12345}'::text[]) AS r;

-- 5. A planted table of people: whatever is asked, its code runs as mallory.
SELECT t.start('people') \g /dev/null
SELECT gdpr.grant_purpose('letter', 'attack_editor', campaign => true) \g /dev/null
SELECT t.attempt('attack_editor', s) AS failed FROM unnest(ARRAY[
  $$SELECT gdpr.record_consent('mark', '1', 'accepted', 'letter', medium => 'api')$$, $$SELECT gdpr.record_consent('mark', '2', 'rejected', medium => 'api')$$,
  $$SELECT gdpr.mark_all('mark', 'mallory.chosen', 'rejected', 'letter', 'api')$$, $$SELECT gdpr.restrict('mark', '3', 'x')$$, $$SELECT gdpr.lift_restriction('mark', '3')$$,
  $$SELECT gdpr.record_objection('mark', '3', 'letter', 'x')$$, $$SELECT gdpr.add_basis('mark', '3', 'letter', 'contract')$$, $$SELECT gdpr.why('mark', '1', 'letter')$$,
  $$SELECT gdpr.consent_record('mark', '1')$$, $$SELECT * FROM gdpr.consent WHERE subject_type = 'mark'$$, $$SELECT * FROM gdpr.mark_consent$$,
  $$SELECT gdpr.audience('mark', 'letter', 'email')$$, $$SELECT gdpr.in_scope('mark')$$, $$SELECT gdpr.children('mark')$$, $$SELECT gdpr.opt_out('mark', '1', 'email')$$,
  $$SELECT gdpr.record_notice('mark', '1', 'terms', 'email', 'x')$$, $$SELECT gdpr.consent_token('mark', '1', 'letter')$$, $$SELECT gdpr.record_campaign('mark', '{1,2}', 'x', 'letter', 'email')$$,
  $$SELECT gdpr.record_consent('coded', 'a', 'accepted', 'letter', medium => 'api')$$, $$SELECT * FROM gdpr.coded_consent$$, $$SELECT gdpr.why('coded', 'a', 'letter')$$]) AS s \g /dev/null
SELECT gdpr.set_consent_action('mark', 'rejected', 'anonymize') \g /dev/null
SELECT gdpr.require_reconsent('mark', 'terms') \g /dev/null
SELECT is(t.broken(), '', 'planted policy, domain, casts, operators, triggers ran as mallory only');
SELECT ok((SELECT count(*) FROM gdpr_internal.consent_event WHERE subject_type = 'mark') > 5, 'and something was done');

-- 6. Links.
SELECT gdpr.consent_token('client', '6', 'letter') AS token, gdpr.consent_token('client', '7', 'letter') AS other \gset
CREATE TABLE t.told AS SELECT t.attempt('attack_web', format('SELECT gdpr.redeem_token(%L, ''accepted'')', token)) AS told
FROM (SELECT '' UNION ALL SELECT 'x' UNION ALL SELECT repeat('A', 1000000) UNION ALL SELECT 'é' || :'token' UNION ALL SELECT :'token' || 'A' UNION ALL SELECT left(:'token', -1)
  UNION ALL SELECT overlay(:'token' PLACING CASE substr(:'token', i, 1) WHEN 'A' THEN 'B' ELSE 'A' END FROM i FOR 1) FROM generate_series(1, length(:'token'), 3) AS i
  UNION ALL SELECT left(:'token', 40) || substr(:'other', 41) UNION ALL SELECT ''' OR true --' UNION ALL SELECT :'token' || E'\n' || :'other') AS x(token);
SELECT results_eq('SELECT DISTINCT left(regexp_replace(told, E''\n(PL/pgSQL|SQL).*'', ''''), 200) ~ ''^PD009'' FROM t.told', '{t}'::boolean[], 'whatever is wrong with a token: PD009');
SELECT is((SELECT count(DISTINCT split_part(told, 'PL/pgSQL', 1)) FROM t.told), 1::bigint, 'with one and the same message');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_event WHERE subject_key IN ('6', '7')), 0::bigint, 'and nothing recorded');
SELECT is(t.attempt('attack_web', format('SELECT gdpr.redeem_token(%L, ''accepted'')', :'token')), '', 'the link itself works');
SELECT matches(t.attempt('attack_web', format('SELECT gdpr.redeem_token(%L, ''accepted'')', :'token')), '^PD010', 'once');
SELECT is(t.attempt('attack_web', format('SELECT gdpr.redeem_token(%L, ''withdrawn'')', :'token')), '', 'and withdraws whenever');
SELECT matches(t.attempt('attack_web', format('SELECT gdpr.redeem_token(%L, %L)', :'other', s)), '^(22023|22004)', 'no state of a link: ' || coalesce(s, 'NULL'))
FROM unnest(ARRAY['pending', 'frozen', 'ACCEPTED', '', 'accepted''; --', NULL]) AS s;
UPDATE gdpr_internal.key_fingerprint SET instance = gen_random_uuid();
SELECT matches(t.attempt('attack_web', format('SELECT gdpr.redeem_token(%L, ''accepted'')', :'other')), '^PD009', 'a link made in another database is no link');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_event WHERE subject_key = '7'), 0::bigint, 'nor is anything recorded of it');
SELECT doesnt_match(encode(decode(rpad(translate(:'other', '-_', '+/'), (length(:'other') + 3) / 4 * 4, '='), 'base64'), 'escape'), 'client|letter', 'a link tells nothing of type and purpose');

-- 7. Words that become names or statements: purposes, forms, types, tenants, views.
CREATE TABLE t.word (word text);
INSERT INTO t.word VALUES ('x"; DROP TABLE vic.client; --'), ('x''); DROP TABLE vic.client; --'), ('$$; DROP TABLE vic.client; --'), ('Ünïcödé'), ('a b'), (''), (E'x\ny'),
  ('%s %I %L'), (repeat('x', 64)), (repeat('x', 100000)), ('1x'), ('-x'), ('xé');
SELECT matches(t.attempt('postgres', format('SELECT gdpr.add_purpose(%L)', word)), '^(22023|22001|42602)', 'no purpose: ' || left(word, 30)) FROM t.word;
SELECT matches(t.attempt('postgres', format('SELECT gdpr.add_form(%L, ''text'')', word)), '^(22023|22001|42602)', 'no form: ' || left(word, 30)) FROM t.word;
SELECT is(t.attempt('postgres', format('SELECT gdpr.add_purpose(%L)', repeat('p', 63))), '', 'a purpose of 63 letters');
SELECT is(t.attempt('attack_editor', format('SELECT gdpr.record_consent(''client'', ''8'', ''accepted'', %L, ''api'')', repeat('p', 63))), '', 'and consent to it');
SELECT matches(t.attempt('attack_editor', format('SELECT gdpr.record_consent(''client'', ''8'', ''accepted'', %L, ''api'')', word)), '^(42704|22023)', 'no purpose to consent to: ' || left(word, 30))
FROM t.word WHERE word <> '';
SELECT is(t.attempt('attack_editor', format('SELECT gdpr.record_consent(''client'', ''8'', ''accepted'', ''letter'', ''api'', comment => %L)', word)), '', 'any comment: ' || left(word, 30)) FROM t.word;
SELECT results_eq($$SELECT comment FROM gdpr.consent_history WHERE subject_key = '8' AND comment IS NOT NULL ORDER BY event$$, $$SELECT word FROM t.word$$, 'comes back to the letter');
CREATE TABLE t.typed AS SELECT word, t.attempt('attack_eve', format('CREATE TABLE eve.%I (id int PRIMARY KEY); SELECT gdpr.register_subject(%L, %L)',
  'people_' || n, word, 'eve.people_' || n)) AS told FROM (SELECT word, row_number() OVER () AS n FROM t.word) AS w;
SELECT matches(told, '^$|^(22023|42622|22001|42602|42601)', 'a subject type works or is refused: ' || left(word, 30)) FROM t.typed;
SELECT is(t.attempt('attack_editor', format('SELECT gdpr.why(%L, ''1'', ''letter'')', word)) ~ '^(P0002|$)', true, 'a type that was registered is asked about: ' || left(word, 30)) FROM t.typed WHERE told = '';
-- The names of what belongs to a type are longer than its own: no two types may share them.
SELECT t.attempt('attack_eve', format('CREATE TABLE eve.long_%s (id int PRIMARY KEY); SELECT gdpr.register_subject(%L, ''eve.long_%1$s'')', i, repeat('y', 62) || i)) AS told
FROM generate_series(1, 2) AS i \g /dev/null
SELECT is((SELECT count(*) FROM gdpr_internal.subject_type WHERE subject_type LIKE 'yyyyyy%'), (SELECT count(*) FROM pg_class WHERE relnamespace = 'gdpr_internal'::regnamespace
  AND relname LIKE 'yyyyyy%' AND relkind = 'r'), 'two types that differ in their 63rd letter have two masks or are refused');
SELECT has_table('vic', 'client', 'nothing was dropped');
SELECT is((SELECT count(*) FROM vic.client), 9::bigint, 'nor emptied');

-- 8. Messages: whatever is asked about a person who is not there, the key is not repeated.
CREATE TABLE t.asked AS SELECT s, t.attempt('postgres', s) AS told FROM unnest(ARRAY[
  $$SELECT gdpr.record_consent('client', 'canary@x.org', 'accepted', 'letter', medium => 'api')$$, $$SELECT gdpr.record_consent('client', '424242', 'accepted', 'letter', medium => 'api')$$,
  $$SELECT gdpr.record_objection('client', '424242', 'letter', 'canary@x.org')$$, $$SELECT gdpr.restrict('client', '424242', 'canary@x.org')$$, $$SELECT gdpr.add_basis('client', '424242', 'letter', 'contract')$$,
  $$SELECT gdpr.consent_token('client', '424242', 'letter')$$, $$SELECT gdpr.why('client', '424242', 'letter')$$, $$SELECT gdpr.consent_record('client', '424242')$$, $$SELECT gdpr.opt_out('client', '424242')$$,
  $$SELECT gdpr.record_notice('client', '424242', 'terms', 'email', 'canary@x.org')$$, $$SELECT gdpr.record_consent('canary@x.org', '1', 'accepted')$$,
  $$SELECT gdpr.record_consent('client', '1', 'canary@x.org', 'letter')$$, $$SELECT gdpr.record_consent('client', '1', 'accepted', 'canary@x.org')$$, $$SELECT gdpr.record_consent('client', '1', 'accepted', 'letter', 'canary@x.org')$$,
  $$SELECT gdpr.record_consent('client', '1', 'accepted', 'letter', 'api', channel => 'canary@x.org')$$, $$SELECT gdpr.record_consent('client', '1', 'accepted', 'letter', 'api', form => 'canary@x.org')$$,
  $$SELECT gdpr.audience('client', 'canary@x.org', 'email')$$, $$SELECT gdpr.suppress('canary@x.org', 'canary@x.org', 'x')$$, $$SELECT gdpr.redeem_token('canary@x.org', 'accepted')$$,
  $$SELECT gdpr.confirm_sign_up('canary@x.org')$$, $$SELECT gdpr.mark_all('client', 'vic.client', 'withdrawn', 'letter', 'api', 'canary@x.org')$$,
  $$DO 'BEGIN PERFORM set_config(''gdpr.purpose'', ''canary@x.org'', true); END'$$]) AS s;
SELECT isnt(told, '', 'an error: ' || s) FROM t.asked WHERE s !~ '^(DO|SELECT gdpr.why)';
SELECT is_empty($$SELECT s, told FROM t.asked WHERE split_part(told, E'\nPL/pgSQL', 1) ~ 'canary@x|424242' AND told !~ '^42704: subject type'$$, 'no message repeats a key or what may be one');

-- 9. A role that was dropped leaves its grants to whoever is called like that next: doctor says so.
CREATE ROLE attack_gone; SELECT gdpr.grant_purpose('letter', 'attack_gone') \g /dev/null
DROP ROLE attack_gone;
SELECT isnt_empty($$SELECT FROM gdpr.doctor() WHERE (object || finding) ~ 'attack_gone'$$, 'doctor finds the grant to a role that is gone');

SELECT * FROM finish();
