-- SPDX-License-Identifier: PostgreSQL
-- The rehearsal reads tables whose owner plants code in what it reads. Law: while it counts, nobody has a
-- purpose, a right or a network that she had not before; and what it counts is what the policies will hide.
\ir lib/attack.sql
SELECT no_plan();

CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
CREATE SCHEMA vic AUTHORIZATION attack_vic;
CREATE SCHEMA mallory AUTHORIZATION attack_mallory;
GRANT USAGE ON SCHEMA vic, mallory TO attack_vic, attack_mallory, attack_eve;
SELECT t.plant('cast_discriminator', 'attack_mallory');
-- What the planted code saw of others, in sequences: no rollback takes it back.
CREATE SEQUENCE t.seen_client;
CREATE SEQUENCE t.seen_case;
CREATE SEQUENCE t.seen_rights;
GRANT ALL ON SEQUENCE t.seen_client, t.seen_case, t.seen_rights TO PUBLIC;

SET SESSION AUTHORIZATION attack_vic;
CREATE TABLE vic.client (id int PRIMARY KEY, name text);
CREATE TABLE vic.case_file (id int PRIMARY KEY, mark public.citext, body text);
INSERT INTO vic.client SELECT i, 'Client' || i FROM generate_series(1, 9) AS i;
INSERT INTO vic.case_file SELECT i, 'mark ' || i, 'x' FROM generate_series(1, 9) AS i;
GRANT SELECT ON vic.client, vic.case_file TO attack_mallory, attack_eve;
SET SESSION AUTHORIZATION attack_mallory;
CREATE TYPE mallory.word AS ENUM ('mark', 'other', 'third');
CREATE DOMAIN mallory.number AS bigint;
CREATE FUNCTION mallory.spell(mallory.word) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  wish text;
  purpose text := pg_catalog.current_setting('gdpr.purpose');
BEGIN
  PERFORM t.note('cast_discriminator');
  IF pg_catalog.has_schema_privilege('gdpr_internal', 'USAGE')
    OR pg_catalog.has_function_privilege('gdpr.add_purpose(text,text,text,interval,text[],boolean,boolean)', 'EXECUTE') THEN
    PERFORM nextval('t.seen_rights');
  END IF;
  PERFORM pg_catalog.set_config('row_security', 'on', true);
  FOREACH wish IN ARRAY '{"",administration,letter,secret}'::text[] LOOP
    IF wish <> '' THEN PERFORM pg_catalog.set_config('gdpr.purpose', wish, true); END IF;
    BEGIN PERFORM nextval('t.seen_client') FROM vic.client; EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN PERFORM nextval('t.seen_case') FROM vic.case_file; EXCEPTION WHEN OTHERS THEN NULL; END;
  END LOOP;
  PERFORM pg_catalog.set_config('gdpr.purpose', purpose, true);
  RETURN pg_catalog.enum_out($1);
END $$;
CREATE CAST (mallory.word AS text) WITH FUNCTION mallory.spell(mallory.word);
CREATE TABLE mallory.mark (code public.citext PRIMARY KEY, name text);
CREATE TABLE mallory.tag (id int PRIMARY KEY, mark_code text, code_too public.citext, body text);
CREATE TABLE mallory.doc (id mallory.number PRIMARY KEY, kind mallory.word, mark_code public.citext, word mallory.word UNIQUE, body text);
CREATE TABLE mallory.line (id int PRIMARY KEY, doc_id smallint, body text);
CREATE TABLE mallory.gloss (id int PRIMARY KEY, word mallory.word, body text);
INSERT INTO mallory.mark SELECT 'Mark ' || i, 'M' || i FROM generate_series(1, 9) AS i;
INSERT INTO mallory.tag SELECT i, 'Mark ' || i, 'MARK ' || 10 - i, 'x' FROM generate_series(1, 9) AS i;
INSERT INTO mallory.tag VALUES (10, NULL, NULL, 'x'), (11, 'Nobody', 'nobody', 'x');
INSERT INTO mallory.doc VALUES (1, 'mark', 'mark 1', 'mark', 'x'), (2, 'mark', 'mark 5', 'other', 'x'), (3, 'other', 'mark 5', 'third', 'x'), (4, NULL, 'mark 5', NULL, 'x');
INSERT INTO mallory.line SELECT i, 1 + i % 5, 'x' FROM generate_series(1, 10) AS i;
INSERT INTO mallory.gloss VALUES (1, 'mark', 'x'), (2, 'other', 'x'), (3, 'third', 'x'), (4, NULL, 'x');
GRANT SELECT ON ALL TABLES IN SCHEMA mallory TO attack_eve;
RESET SESSION AUTHORIZATION;

\o /dev/null
SELECT gdpr.register_subject('client', 'vic.client');
SELECT gdpr.register_subject('mark', 'mallory.mark');
SELECT gdpr.register_subject('suspect', 'vic.case_file');
SELECT gdpr.add_link('mark', 'mallory.tag', '{mark_code}'), gdpr.add_link('mark', 'mallory.tag', '{code_too}');
SELECT gdpr.add_link('mark', 'mallory.doc', '{mark_code}', discriminator => 'kind', discriminator_value => 'mark');
SELECT gdpr.add_link('mark', 'mallory.line', '{doc_id}', parent => 'mallory.doc', parent_columns => '{id}');
SELECT gdpr.add_link('mark', 'mallory.gloss', '{word}', parent => 'mallory.doc', parent_columns => '{word}');
SELECT gdpr.add_link('mark', 'vic.case_file', '{mark}');
SELECT gdpr.classify(r::regclass, c, 'free_text') FROM (VALUES ('vic.client', 'name'), ('vic.case_file', 'body'), ('mallory.mark', 'name'), ('mallory.tag', 'body'),
  ('mallory.doc', 'body'), ('mallory.line', 'body'), ('mallory.gloss', 'body')) AS x(r, c);
SELECT gdpr.add_purpose('letter'), gdpr.add_purpose('secret', 'legitimate_interests');
SELECT gdpr.grant_purpose('letter', 'attack_eve'), gdpr.grant_purpose('secret', 'attack_eve');
SELECT gdpr.record_consent('mark', 'Mark ' || p, 'accepted', 'letter', medium => 'api') FROM unnest('{1,2,9}'::int[]) AS p;
SELECT gdpr.record_objection('mark', 'Mark 5', 'secret', 'no');
\o
CALL gdpr.protect('client');
CALL gdpr.protect('suspect');
CALL gdpr.protect('mark', networks => '{192.0.2.0/24}');

-- 1. Whoever rehearses: the planted cast runs, and has what it had.
SELECT t.start('rehearsal'), setval('t.seen_client', 1, false), setval('t.seen_case', 1, false), setval('t.seen_rights', 1, false) \g /dev/null
CALL gdpr.protect('mark', enforce => false);
SELECT ok(t.count_of('ran', 'cast_discriminator') > 0, 'the planted cast ran while a rehearsal counted');
SELECT is(t.broken(), '', 'as its owner, and gained nothing');
SELECT is(t.count_of('seen', 'client'), 0::bigint, 'it saw nobody of a table that she may read without a purpose');
SELECT is(t.count_of('seen', 'case'), 0::bigint, 'nor in a table of somebody else''s that the rehearsed type reaches');
SELECT is(t.count_of('seen', 'rights'), 0::bigint, 'and had no right on our schema or functions');
SELECT is((SELECT count(*) FROM gdpr_internal.purpose_grant WHERE role <> 'attack_eve'), 0::bigint, 'no purpose was granted');

-- 2. What the count asks is nobody's to ask.
SELECT is((SELECT count(*) FROM pg_roles AS r, pg_proc AS p WHERE r.rolname ~ '^attack_' AND p.proname ~ '^would_read'
  AND p.pronamespace = 'gdpr_internal'::regnamespace AND has_function_privilege(r.oid, p.oid, 'EXECUTE')), 0::bigint, 'nobody may ask what a purpose would show');
SELECT is((SELECT count(*) FROM pg_proc WHERE proname ~ '^would_read' AND pronamespace = 'gdpr_internal'::regnamespace), 2::bigint, 'though there are two functions for it');

-- 3. What was counted is what is hidden, whatever types keys, links and discriminators have.
CALL gdpr.protect('mark', networks => '{}');
CREATE FUNCTION t.visible(relation text, purpose text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  PERFORM set_config('gdpr.purpose', purpose, true), set_config('session_authorization', 'attack_eve', true);
  EXECUTE 'SELECT count(*) FROM ' || relation INTO n;
  PERFORM set_config('session_authorization', 'postgres', true);
  RETURN n;
END $$;
SELECT is(t.visible(r.relation, r.purpose), r.rows_total - r.rows_hidden, format('%s of %s rows of %s for purpose %s', r.rows_total - r.rows_hidden, r.rows_total, r.relation, r.purpose))
FROM gdpr.rehearsal AS r WHERE r.role = 'attack_eve' AND r.subject_type = 'mark' AND r.relation <> 'vic.case_file' ORDER BY r.relation, r.purpose;
SELECT is((SELECT count(*) FROM gdpr.rehearsal AS r WHERE r.role = 'attack_eve' AND r.rows_hidden BETWEEN 1 AND r.rows_total - 1), 12::bigint, 'most of them hide some and show some');
SELECT * FROM finish();
