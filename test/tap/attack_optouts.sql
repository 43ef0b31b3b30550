-- SPDX-License-Identifier: PostgreSQL
-- The import of opt-outs knows the key and reads everybody's addresses. Only an operator may use it; nobody else
-- can test guesses with it, see digests, or have it run their code with more rights than their own; what is in
-- the wrong place is not quoted.
\ir lib/attack.sql
SELECT plan(78);
CREATE SCHEMA vic AUTHORIZATION attack_vic;
CREATE SCHEMA mallory AUTHORIZATION attack_mallory;
CREATE SCHEMA eve AUTHORIZATION attack_eve;
GRANT USAGE ON SCHEMA vic, mallory, eve TO PUBLIC;
SELECT t.plant('cast_to_text', 'attack_mallory'), t.plant('key_equality', 'attack_mallory'), t.plant('public_lower', 'attack_eve') \g /dev/null
SET SESSION AUTHORIZATION attack_vic;
CREATE TABLE vic.client (id int PRIMARY KEY, email text);
INSERT INTO vic.client VALUES (1, 'ada@example.org'), (2, 'bob@example.org');
SELECT gdpr.register_subject('client', 'vic.client'), gdpr.classify('vic.client', 'email', 'email') \g /dev/null
SET SESSION AUTHORIZATION attack_mallory;
CREATE TYPE mallory.mail AS ENUM ('mia@example.org', 'ada@example.org');
CREATE FUNCTION mallory.show(mallory.mail) RETURNS text LANGUAGE plpgsql AS $$
BEGIN PERFORM t.note('cast_to_text'); RETURN enum_out($1)::text; END $$;
CREATE CAST (mallory.mail AS text) WITH FUNCTION mallory.show(mallory.mail);
CREATE FUNCTION mallory.watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('key_equality'); RETURN NEW; END $$;
CREATE TABLE mallory.mark (id int PRIMARY KEY, email mallory.mail);
CREATE FUNCTION mallory.see(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('key_equality'); RETURN true; END $$;
ALTER TABLE mallory.mark ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY see ON mallory.mark USING (mallory.see(id));
INSERT INTO mallory.mark VALUES (1, 'mia@example.org'), (2, 'ada@example.org');
SELECT gdpr.register_subject('mark', 'mallory.mark'), gdpr.classify('mallory.mark', 'email', 'email') \g /dev/null
SET SESSION AUTHORIZATION attack_eve;
-- shadows of what ours call, in eve's path and in PUBLIC's
CREATE FUNCTION eve.plain_address(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('public_lower'); RETURN $2; END $$;
CREATE FUNCTION eve.unnest(text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('public_lower'); END $$;
RESET SESSION AUTHORIZATION;
SELECT gdpr.add_purpose('letter', 'legitimate_interests', marketing => true) \g /dev/null
SELECT t.make_role(r) FROM unnest('{attack_reader,attack_editor,attack_web,attack_auditor,attack_dpo}'::name[]) AS r \g /dev/null
SELECT gdpr.grant_bundle(b, r::regrole) FROM (VALUES ('operator', 'attack_op'), ('reader', 'attack_reader'), ('consent_editor', 'attack_editor'), ('web', 'attack_web'),
  ('auditor', 'attack_auditor'), ('dpo', 'attack_dpo')) AS v(b, r) \g /dev/null
SELECT gdpr.suppress('email', 'secret@example.org', 'complaint') \g /dev/null

-- 1. Only operators import.
CREATE TABLE t.call (statement text);
INSERT INTO t.call VALUES ($$SELECT gdpr.import_optouts_start('email', NULL, 'address', 'guess', options => '{"dry_run": true}')$$), ($$SELECT gdpr.import_optouts_prepare(1)$$),
  ($$SELECT gdpr.import_optouts_chunk(1, 1, '{secret@example.org}')$$), ($$SELECT gdpr.import_optouts_finish(1)$$);
SELECT is(left(t.attempt(role, statement), 5), '42501', role || ' may not: ' || left(statement, 40))
FROM t.call, unnest('{attack_eve,attack_mallory,attack_vic,attack_reader,attack_editor,attack_web,attack_auditor,attack_dpo}'::name[]) AS role;
-- 2. Nobody has the digests, the list, or what people are found by; no function makes a digest for a role.
SELECT is(left(t.attempt(role, statement), 5), '42501', role || ' may not: ' || statement)
FROM unnest('{attack_eve,attack_op,attack_editor}'::name[]) AS role, (VALUES
  ($$SELECT gdpr_internal.entry_digests('email', 'address', '{secret@example.org}')$$), ($$SELECT gdpr_internal.suppressed_digests('email', '{secret@example.org}', '{address}')$$),
  ($$SELECT gdpr_internal.suppressed_plain('email', 'secret@example.org')$$), ($$SELECT gdpr_internal.suppressed_people('client', '{1}', 'email')$$),
  ($$SELECT FROM gdpr_internal.suppression$$), ($$SELECT FROM gdpr_internal.optout_address$$), ($$DELETE FROM gdpr_internal.optout_page$$),
  ($$SELECT gdpr_internal.optouts_end(r, 'finished') FROM gdpr_internal.run AS r$$), ($$SELECT gdpr_internal.suppression_counts()$$)) AS v(statement);
-- 3. Guesses are for those who speak with people and for the officer.
SELECT is(left(t.attempt(role, $$SELECT gdpr.is_suppressed('email', 'secret@example.org')$$), 5), expected, 'whether an address is suppressed is told to ' || role || ': ' || (expected = ''))
FROM (VALUES ('attack_eve'::name, '42501'), ('attack_vic', '42501'), ('attack_reader', '42501'), ('attack_web', '42501'), ('attack_auditor', '42501'), ('attack_editor', ''), ('attack_dpo', '')) AS v(role, expected);

-- 4. An import over tables of three owners runs nobody's code as another.
SELECT t.start('attack') \g /dev/null
ALTER ROLE attack_op SET search_path = eve, public;
SET SESSION AUTHORIZATION attack_op;
SET search_path = eve, public;
SELECT gdpr.import_optouts_start('email', NULL, 'address', 'list') AS run \gset
SELECT gdpr.import_optouts_prepare(:run) \g /dev/null
SELECT gdpr.import_optouts_prepare(:run) \g /dev/null
SELECT gdpr.import_optouts_prepare(:run) AS left_over \gset
SELECT matched, people, kept, cardinality(invalid) AS bad FROM gdpr.import_optouts_chunk(:run, 1, '{ada@example.org,mia@example.org,new@example.org,rubbish}') \gset
RESET SESSION AUTHORIZATION;
RESET search_path;
SELECT is(:left_over, 0, 'everybody''s addresses are read');
SELECT is(format('%s %s %s %s', :matched, :people, :kept, :bad), '2 3 1 1', 'the operator imports for every owner');
SELECT is(t.broken(), '', 'planted code ran as its owner only, and won nothing');
SELECT cmp_ok(t.count_of('ran', 'cast_to_text'), '>', 0::bigint, 'the cast did run');
SELECT is(t.count_of('ran', 'public_lower'), 0::bigint, 'what lies in the caller''s path did not');
-- 5. An owner cannot make others' people: only rows of their own table count, under their own keys.
SELECT results_eq($$SELECT subject_type || ' ' || subject_key COLLATE "default" FROM gdpr_internal.opt_out ORDER BY 1$$, $$VALUES ('client 1'), ('mark 1'), ('mark 2')$$, 'each owner''s people, no others');
SELECT gdpr.import_optouts_finish(:run) \g /dev/null

-- 6. Runs of other jobs are no imports, and the other way round.
SELECT gdpr.run_start('client', 'test') AS other \gset
SELECT matches(t.attempt('attack_op', format(s, :other)), '^(55000|42704)', 'a run of another job: ' || s)
FROM unnest(ARRAY['SELECT gdpr.import_optouts_chunk(%s, 1, ''{a@b.org}'')', 'SELECT gdpr.import_optouts_prepare(%s)', 'SELECT gdpr.import_optouts_finish(%s)']) AS s;
-- 7. What stands in the wrong place is not quoted, whoever reads the log.
-- (the context holds the statement of this test itself)
SELECT doesnt_match(regexp_replace(t.attempt('attack_op', statement), 'SQL statement "SELECT gdpr.import.*', ''), 'ada@', 'not quoted: ' || left(statement, 60)) FROM (VALUES
  ($$SELECT gdpr.import_optouts_start('ada@example.org', NULL, 'address', 'x')$$), ($$SELECT gdpr.import_optouts_start('email', NULL, 'ada@example.org', 'x')$$),
  ($$SELECT gdpr.import_optouts_start('email', NULL, 'address', 'x', options => '{"dated": "ada@example.org"}')$$)) AS v(statement);
SELECT * FROM finish();
