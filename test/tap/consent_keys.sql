-- SPDX-License-Identifier: PostgreSQL
-- Consent knows every kind of key: recorded singly, in bulk, shown in its own type, followed through renames.
SET client_min_messages = error;
SELECT no_plan();
CREATE SCHEMA k;
CREATE DOMAIN k.code AS varchar(20) CHECK (VALUE <> '');
CREATE TABLE k.small (key smallint PRIMARY KEY, name text);
CREATE TABLE k.big (key bigint PRIMARY KEY, name text);
CREATE TABLE k.unique_id (key uuid PRIMARY KEY, name text);
CREATE TABLE k.words (key text COLLATE "C" PRIMARY KEY, name text);
CREATE TABLE k.sorted (key text COLLATE "und-x-icu" PRIMARY KEY, name text);
CREATE TABLE k.spelled (key citext PRIMARY KEY, name text);
CREATE TABLE k.coded (key k.code PRIMARY KEY, name text);
CREATE TABLE k.padded (key char(8) PRIMARY KEY, name text);
CREATE TABLE k.pair (tenant int, key text, name text, PRIMARY KEY (tenant, key));
CREATE TABLE k.parted (key int PRIMARY KEY, name text) PARTITION BY RANGE (key);
CREATE TABLE k.parted_a PARTITION OF k.parted FOR VALUES FROM (MINVALUE) TO (10);
CREATE TABLE k.parted_b PARTITION OF k.parted FOR VALUES FROM (10) TO (MAXVALUE);
CREATE TABLE k.sample (type text PRIMARY KEY, written text[], canonical text[]);
INSERT INTO k.sample VALUES
  ('small', '{-7,"07",+300}', '{-7,7,300}'), ('big', '{9007199254740993,-1,0}', '{9007199254740993,-1,0}'),
  ('unique_id', '{A0EEBC999C0B4EF8BB6D6BB9BD380A11,00000000-0000-0000-0000-000000000001,"{f0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"}',
    '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,00000000-0000-0000-0000-000000000001,f0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'),
  ('words', '{"it''s, (a) \"word\"",Ü,a}', '{"it''s, (a) \"word\"",Ü,a}'), ('sorted', '{b,Ä,a}', '{b,Ä,a}'), ('spelled', '{ANNA@x,ben@X,c}', '{Anna@x,ben@x,c}'),
  ('coded', '{"a b",b,c}', '{"a b",b,c}'), ('padded', '{ab,c,"d e"}', '{"ab","c","d e"}'),
  ('pair', '{"(1,a)","(2,\"it''s, \\\"x\\\"\")","(3, )"}', NULL), ('parted', '{1,10,20}', '{1,10,20}');
DO $$
DECLARE s k.sample;
BEGIN
  FOR s IN SELECT * FROM k.sample WHERE type <> 'pair' LOOP
    EXECUTE format('INSERT INTO k.%I (key, name) SELECT x::%s, ''n'' FROM unnest($1) AS x', s.type,
      (SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = format('k.%I', s.type)::regclass AND attname = 'key')) USING coalesce(s.canonical, s.written);
  END LOOP;
END $$;
INSERT INTO k.pair VALUES (1, 'a', 'n'), (2, 'it''s, "x"', 'n'), (3, ' ', 'n');
SELECT lives_ok(format('SELECT gdpr.register_subject(%L, %L)', type, 'k.' || type), 'register ' || type) FROM k.sample;
SELECT gdpr.add_purpose('letters'), gdpr.add_purpose('survey', validity => '1 day') \g /dev/null
SELECT lives_ok(format('SELECT gdpr.record_consent(%L, %L, ''accepted'', ''letters'', medium => ''email'')', s.type, w.key), s.type || ' number ' || w.n)
FROM k.sample AS s, unnest(s.written) WITH ORDINALITY AS w(key, n);
GRANT USAGE ON SCHEMA k, gdpr TO PUBLIC;
CREATE FUNCTION k.read(statement text, OUT n bigint) LANGUAGE plpgsql AS $$ BEGIN EXECUTE statement INTO n; END $$;
CREATE FUNCTION k.count(statement text, OUT n bigint) LANGUAGE plpgsql AS $$ BEGIN EXECUTE statement INTO n; END $$;
SELECT is(k.count(format('SELECT count(*) FROM gdpr_internal.%I AS a JOIN k.%I AS p USING (%s) WHERE a.allowed & 2 <> 0', type || '_allowed', type,
  CASE type WHEN 'pair' THEN 'tenant, key' ELSE 'key' END)), 3::bigint, type || ': masks have the people''s keys') FROM k.sample;
SELECT is(k.count(format('SELECT count(*) FROM gdpr.%I AS a JOIN k.%I AS p USING (%s) WHERE a.state = ''accepted''', type || '_consent', type,
  CASE type WHEN 'pair' THEN 'tenant, key' ELSE 'key' END)), 3::bigint, type || ': the view, too') FROM k.sample;
SELECT is(k.count(format('SELECT count(*) FROM gdpr.consent WHERE subject_type = %L AND purpose = ''letters'' AND state = ''accepted''', type)), 3::bigint,
  type || ': everybody appears once') FROM k.sample;
SELECT is(k.count(format('SELECT count(*) FROM gdpr.consent WHERE subject_type = %L AND purpose = ''survey'' AND state = ''pending''', type)), 3::bigint,
  type || ': pending for what nobody decided') FROM k.sample;
SELECT is(k.count(format('SELECT gdpr.mark_all(%L, %L, ''accepted'', ''survey'', ''import'')', type, 'k.' || type)), 3::bigint, type || ': in bulk') FROM k.sample;
SELECT is(k.count(format('SELECT count(*) FROM gdpr_internal.%I WHERE allowed & 4 <> 0 AND valid_until < now() + interval ''25 hours'' AND later[2] & 6 = 2', type || '_allowed')), 3::bigint,
  type || ': masks with their time') FROM k.sample;
SELECT is(k.count(format('SELECT gdpr.require_reconsent(%L, ''terms'', ''letters'') FROM (SELECT gdpr.add_form(''terms'', ''text'')) AS f', type)), 3::bigint, type || ': asked again') FROM k.sample;
SELECT is(k.count(format('SELECT gdpr.mark_all(%L, %L, ''rejected'', ''letters'', ''import'')', type, 'k.' || type)), 3::bigint, type || ': people with a past in bulk') FROM k.sample;
-- whoever may read, reads every one of the views
CREATE ROLE keys_reader; CREATE ROLE keys_owner;
SELECT gdpr.grant_bundle('reader', 'keys_reader') \g /dev/null
SET ROLE keys_reader;
SELECT is(k.read('SELECT count(*) FROM gdpr.consent WHERE state <> ''pending'''), 60::bigint, 'a reader reads gdpr.consent');
SELECT is(k.read('SELECT count(*) FROM gdpr.consent WHERE state = ''pending'''), 30::bigint, 'with everybody who is pending');
SELECT is(k.read(format('SELECT count(*) FROM gdpr.%I', t || '_consent')), 6::bigint, t || ': a reader reads the view') FROM unnest('{big,unique_id,spelled,pair}'::text[]) AS t;
SELECT throws_ok('SELECT gdpr.record_consent(''big'', ''0'', ''accepted'', ''letters'', medium => ''email'')', '42501', NULL, 'and records nothing');
RESET ROLE;
SELECT gdpr.revoke_bundle('reader', 'keys_reader') \g /dev/null
-- selections in other types
CREATE TABLE k.texts AS SELECT '7' AS who UNION ALL SELECT ' 07 ';
SELECT is(gdpr.mark_all('small', 'k.texts', 'accepted', 'letters', 'import'), 1::bigint, 'keys as text in any spelling, one person once');
CREATE TABLE k.uuids AS SELECT upper(key::text) AS who FROM k.unique_id;
SELECT is(gdpr.mark_all('unique_id', 'k.uuids', 'accepted', 'letters', 'import'), 3::bigint, 'uuids as text');
CREATE TABLE k.literals AS SELECT ROW(tenant, key)::text AS who FROM k.pair;
SELECT is(gdpr.mark_all('pair', 'k.literals', 'accepted', 'letters', 'import'), 3::bigint, 'several columns as a row literal');

-- names
CREATE TABLE k.clash (allowed int PRIMARY KEY);
SELECT throws_ok($$SELECT gdpr.register_subject('clash', 'k.clash')$$, '42701', NULL, 'a key called like a column of ours is refused');
SELECT is((SELECT count(*) FROM gdpr_internal.subject_type WHERE subject_type = 'clash'), 0::bigint, 'and leaves nothing');
CREATE TABLE k.long (id int PRIMARY KEY);
INSERT INTO k.long VALUES (1);
SELECT lives_ok(format('SELECT gdpr.register_subject(%L, ''k.long''), gdpr.record_consent(%1$L, ''1'', ''accepted'', ''letters'', medium => ''email'')', repeat('x', 40)), 'the longest name');
SELECT throws_ok(format('SELECT gdpr.register_subject(%L, ''k.long'')', repeat('x', 41)), '42602', NULL, 'and one beyond');

-- renames and new types are followed
ALTER TABLE k.pair RENAME COLUMN tenant TO mandant;
ALTER TABLE k.pair RENAME COLUMN key TO tenant;
SELECT columns_are('gdpr_internal', 'pair_allowed', '{mandant,tenant,allowed,changeable,valid_until,later}'::name[]);
SELECT is((SELECT count(*) FROM gdpr.pair_consent AS c JOIN k.pair AS p USING (mandant, tenant)), 6::bigint, 'view and masks have the new names');
SELECT lives_ok($$SELECT gdpr.record_consent('pair', '(1,a)', 'withdrawn', 'letters', medium => 'email')$$, 'and people decide');
ALTER TABLE k.pair RENAME TO couple; ALTER TABLE k.couple SET SCHEMA public;
SELECT lives_ok($$SELECT gdpr.record_consent('pair', '(1,a)', 'accepted', 'letters', medium => 'email')$$, 'the table may move');
ALTER TABLE k.small ALTER COLUMN key TYPE bigint;
SELECT is((SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'gdpr_internal.small_allowed'::regclass AND attname = 'key'), 'bigint', 'a wider key');
SELECT is((SELECT count(*) FROM gdpr_internal.small_allowed JOIN k.small USING (key)), 3::bigint, 'keeps its masks');
INSERT INTO k.small VALUES (5000000000);
SELECT lives_ok($$SELECT gdpr.record_consent('small', '5000000000', 'accepted', 'letters', medium => 'email')$$, 'and takes what is new');
DROP TABLE k.long;
SELECT throws_ok(format('SELECT gdpr.record_consent(%L, ''1'', ''withdrawn'', ''letters'', medium => ''email'')', repeat('x', 40)), '42P01', NULL, 'a table that is gone is said so');
SELECT lives_ok($$SELECT count(*) FROM gdpr.consent$$, 'and the others are shown');
SELECT is((SELECT count(*) FROM pg_depend AS d JOIN pg_class AS c ON c.oid = d.objid WHERE d.deptype = 'e' AND c.relname ~ '_(allowed|consent)$' AND c.relnamespace IN ('gdpr'::regnamespace, 'gdpr_internal'::regnamespace)
  AND c.relname !~ '^consent'), 0::bigint, 'no table of masks is the extension''s: pg_dump dumps them');
SELECT is((SELECT count(*) FROM pg_class AS c WHERE c.relname ~ '_allowed$' AND c.relkind = 'r' AND c.relowner <> 'gdpr_owner'::regrole), 0::bigint, 'and all are gdpr_owner''s');
SELECT * FROM finish();
DROP OWNED BY keys_reader, keys_owner;
DROP ROLE keys_reader, keys_owner;
