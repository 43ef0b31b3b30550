-- SPDX-License-Identifier: PostgreSQL
-- Our functions that run with our rights meet rows and key columns of a shape that mallory chose: types with casts
-- of her own, domains with checks of her own. Law: her code runs as mallory or not at all; a key is of a type whose
-- casts are PostgreSQL's.
\ir lib/attack.sql
SELECT no_plan();

CREATE SCHEMA vic AUTHORIZATION attack_vic;
CREATE SCHEMA mallory AUTHORIZATION attack_mallory;
CREATE SCHEMA shared;
GRANT USAGE ON SCHEMA vic, mallory, shared TO PUBLIC;
GRANT CREATE ON SCHEMA shared TO attack_vic, attack_mallory;
SELECT t.plant(p, 'attack_mallory') FROM unnest('{cast_int,cast_text,cast_from,check_mask,check_key,check_until}'::name[]) AS p \g /dev/null

-- mallory's types: an enum with casts to and from everything a key could be, and domains that look on.
SET SESSION AUTHORIZATION attack_mallory;
CREATE TYPE mallory.e AS ENUM ('1', '2', '3');
CREATE FUNCTION mallory.to_int(mallory.e) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('cast_int'); RETURN 1; END $$;
CREATE FUNCTION mallory.to_text(mallory.e) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('cast_text'); RETURN enum_out($1); END $$;
CREATE FUNCTION mallory.from_text(text) RETURNS mallory.e LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('cast_from'); RETURN enum_in($1::cstring, 'mallory.e'::regtype); END $$;
CREATE CAST (mallory.e AS int) WITH FUNCTION mallory.to_int(mallory.e);
CREATE CAST (mallory.e AS text) WITH FUNCTION mallory.to_text(mallory.e);
CREATE CAST (text AS mallory.e) WITH FUNCTION mallory.from_text(text);
CREATE FUNCTION mallory.looks(place name) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN t.note(place); END $$;
CREATE DOMAIN mallory.mask AS bigint CHECK (mallory.looks('check_mask') IS NOT NULL);
CREATE DOMAIN mallory.number AS int CHECK (mallory.looks('check_key') IS NOT NULL);
CREATE DOMAIN mallory.timestamptz AS pg_catalog.timestamptz CHECK (mallory.looks('check_until') IS NOT NULL);
CREATE TABLE mallory.mark (id int PRIMARY KEY, name text);
INSERT INTO mallory.mark SELECT i, 'Mark' || i FROM generate_series(1, 3) AS i;
SELECT gdpr.register_subject('mark', 'mallory.mark') \g /dev/null
SET SESSION AUTHORIZATION attack_vic;
CREATE TABLE vic.client (id int PRIMARY KEY, name text);
CREATE TABLE shared.guest (id int PRIMARY KEY, name text);
INSERT INTO vic.client SELECT i, 'Client' || i FROM generate_series(1, 3) AS i;
INSERT INTO shared.guest SELECT i, 'Guest' || i FROM generate_series(1, 3) AS i;
SELECT gdpr.register_subject('client', 'vic.client'), gdpr.register_subject('guest', 'shared.guest') \g /dev/null
RESET SESSION AUTHORIZATION;
\o /dev/null
SELECT gdpr.add_purpose('letter');
SELECT gdpr.record_consent(s, '1', 'accepted', 'letter', medium => 'api', comment => 'said so') FROM unnest('{mark,client,guest}'::text[]) AS s;
\o
CALL gdpr.protect('mark');

-- 1. Our trigger functions, which every owner of a protected table may call, on other tables.
SELECT t.start('triggers') \g /dev/null
SET SESSION AUTHORIZATION attack_mallory;
CREATE TABLE mallory.trap (id mallory.e, gdpr_allowed mallory.mask, gdpr_valid_until mallory.timestamptz);
RESET SESSION AUTHORIZATION;
SELECT matches(t.attempt('attack_mallory', format($f$DO $do$ BEGIN
    INSERT INTO mallory.trap VALUES ('1');
    CREATE TRIGGER deleted_%1$s AFTER DELETE ON mallory.trap REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION gdpr.forget_deleted(%1$L);
    DELETE FROM mallory.trap; END $do$$f$, s)), '^42501', 'forget_deleted of "' || s || '" is not for a table without its people')
FROM unnest('{mark,client}'::text[]) AS s;
SELECT matches(t.attempt('attack_mallory', format($f$DO $do$ BEGIN
    CREATE TRIGGER truncated_%1$s AFTER TRUNCATE ON mallory.trap FOR EACH STATEMENT EXECUTE FUNCTION gdpr.forget_deleted(%1$L);
    TRUNCATE mallory.trap; END $do$$f$, s)), '^42501', 'nor when "' || s || '" is truncated')
FROM unnest('{mark,client}'::text[]) AS s;
SELECT matches(t.attempt('attack_mallory', format($f$DO $do$ BEGIN
    INSERT INTO mallory.trap VALUES ('1');
    CREATE TRIGGER key_%1$s BEFORE UPDATE ON mallory.trap FOR EACH ROW EXECUTE FUNCTION gdpr.keep_key(%1$L);
    UPDATE mallory.trap SET id = '2'; END $do$$f$, s)), '^42501', 'nor is keep_key of "' || s || '"')
FROM unnest('{mark,client}'::text[]) AS s;
SELECT is(t.broken(), '', 'none of them ran a cast of hers');
SELECT is(t.attempt('attack_mallory', $$DO $do$ BEGIN
    CREATE TRIGGER x BEFORE INSERT ON mallory.trap FOR EACH ROW EXECUTE FUNCTION gdpr.keep_allowed();
    INSERT INTO mallory.trap VALUES ('1', 7, now()), ('2', NULL, NULL); END $do$ $$), '', 'keep_allowed works on any table');
SELECT results_eq('SELECT gdpr_allowed::bigint, gdpr_valid_until::timestamptz FROM mallory.trap', 'VALUES (NULL::bigint, NULL::timestamptz), (NULL, NULL)',
  'new rows bring no mask');
SELECT is(t.broken(), '', 'and it leaves her domains to her');
SELECT matches(t.attempt('attack_mallory', format($f$DO $do$ BEGIN
    CREATE TABLE mallory.odd_%3$s (id int);
    INSERT INTO mallory.odd_%3$s VALUES (1);
    CREATE TRIGGER x %1$s ON mallory.odd_%3$s %2$s EXECUTE FUNCTION gdpr.keep_allowed();
    INSERT INTO mallory.odd_%3$s VALUES (1); UPDATE mallory.odd_%3$s SET id = 2; DELETE FROM mallory.odd_%3$s; TRUNCATE mallory.odd_%3$s; END $do$$f$,
    timing, each, row_number() OVER ())), expected,
  'keep_allowed ' || timing || ' ' || each)
FROM (VALUES ('BEFORE INSERT', 'FOR EACH ROW', '^$'), ('BEFORE UPDATE', 'FOR EACH ROW', '^42501.*"gdpr_allowed"'), ('BEFORE DELETE', 'FOR EACH ROW', '^42501'),
  ('AFTER INSERT', 'FOR EACH ROW', '^39P01'), ('BEFORE INSERT', 'FOR EACH STATEMENT', '^39P01'), ('AFTER TRUNCATE', 'FOR EACH STATEMENT', '^39P01')) AS v(timing, each, expected);
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace IN ('gdpr'::regnamespace, 'gdpr_internal'::regnamespace)
  AND p.prorettype = 'trigger'::regtype AND p.prosecdef AND p.proname <> ALL ('{guard_truncate,forget_deleted,keep_key}')$$,
  'no other trigger function of ours has our rights');

-- The same functions where they belong: a child of hers with her people in it.
SELECT is(t.attempt('attack_mallory', $$CREATE TABLE mallory.mark_child () INHERITS (mallory.mark)$$), '', 'a child of the table of people');
INSERT INTO mallory.mark_child VALUES (7, 'Mark7');
SELECT gdpr.record_consent('mark', '7', 'accepted', 'letter', medium => 'api', comment => 'said so') \g /dev/null
SELECT matches(t.attempt('postgres', 'UPDATE mallory.mark_child SET id = 8'), '^55000', 'keeps keys');
SELECT is(t.attempt('postgres', 'DELETE FROM ONLY mallory.mark_child'), '', 'and lets people go');
SELECT is_empty($$SELECT d.event FROM gdpr_internal.consent_detail AS d JOIN gdpr_internal.consent_event AS e USING (event)
  WHERE e.subject_type = 'mark' AND e.subject_key <> '1'$$, 'with their comments');

-- A table that took the name of vic's when that was gone is not vic's.
DROP TABLE shared.guest;
SELECT matches(t.attempt('attack_mallory', $$DO $do$ BEGIN
    CREATE TABLE shared.guest (id bigint PRIMARY KEY, name text); INSERT INTO shared.guest VALUES (2, 'x');
    CREATE TRIGGER x AFTER DELETE ON shared.guest REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION gdpr.forget_deleted('guest');
    CREATE TRIGGER y AFTER TRUNCATE ON shared.guest FOR EACH STATEMENT EXECUTE FUNCTION gdpr.forget_deleted('guest'); END $do$ $$), '^$', 'mallory makes a table of that name');
SELECT matches(t.attempt('attack_mallory', s || ' shared.guest'), '^42501', 'it speaks for nobody: ' || s) FROM unnest('{DELETE FROM,TRUNCATE}'::text[]) AS s;
SELECT is((SELECT count(*) FROM gdpr_internal.consent_detail AS d JOIN gdpr_internal.consent_event AS e USING (event) WHERE e.subject_type = 'guest'), 1::bigint,
  'what vic''s guests said is kept');
SELECT col_type_is('gdpr_internal', 'guest_allowed', 'id', 'integer', 'and the masks keep the key that vic''s table had');
SELECT is(t.broken(), '', 'nothing of hers ran as anybody else');

-- 2. A key column of her own type, by every way that leads to one.
CALL gdpr.unprotect('mark');
DROP TABLE mallory.mark_child;
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
GRANT USAGE ON FOREIGN SERVER nowhere TO attack_mallory;
SET SESSION AUTHORIZATION attack_mallory;
CREATE TYPE mallory.row AS (id int, name text);
CREATE TABLE mallory.typed OF mallory.row (PRIMARY KEY (id));
CREATE TABLE mallory.above (id int NOT NULL, name text);
CREATE FOREIGN TABLE mallory.afar (id int NOT NULL, name text) SERVER nowhere;
CREATE TABLE mallory.below (PRIMARY KEY (id)) INHERITS (mallory.above);
CREATE TABLE mallory.beyond (PRIMARY KEY (id)) INHERITS (mallory.afar);
CREATE TABLE mallory.other (id mallory.e PRIMARY KEY, name text);
SELECT gdpr.register_subject(n, ('mallory.' || n)::regclass) FROM unnest('{typed,below,beyond}'::text[]) AS n \g /dev/null
RESET SESSION AUTHORIZATION;
INSERT INTO mallory.typed VALUES (1, 'x');
SELECT t.start('retyped') \g /dev/null
SELECT matches(t.attempt('attack_mallory', s), '^0A000: key type is not supported.*unregister_subject', 'refused: ' || s) FROM unnest(ARRAY[
  $$ALTER TABLE mallory.mark ALTER id TYPE mallory.e USING id::text::mallory.e$$,
  $$ALTER TABLE mallory.mark ALTER id TYPE numeric$$,
  $$ALTER TABLE mallory.mark DROP COLUMN id, ADD COLUMN id mallory.e$$,
  $$ALTER TABLE mallory.typed NOT OF; ALTER TABLE mallory.typed ALTER id TYPE numeric$$,
  $$ALTER TYPE mallory.row ALTER ATTRIBUTE id TYPE numeric CASCADE$$,
  $$ALTER TABLE mallory.above ALTER id TYPE mallory.e USING id::text::mallory.e$$,
  $$ALTER FOREIGN TABLE mallory.afar ALTER id TYPE numeric$$,
  $$DROP TABLE mallory.mark; CREATE TABLE mallory.mark (id mallory.e PRIMARY KEY)$$,
  $$DROP TABLE mallory.mark; CREATE TABLE mallory.mark AS SELECT '1'::mallory.e AS id$$,
  $$DROP TABLE mallory.mark; CREATE VIEW mallory.mark AS SELECT '1'::mallory.e AS id$$,
  $$DROP TABLE mallory.mark; CREATE MATERIALIZED VIEW mallory.mark AS SELECT '1'::mallory.e AS id$$,
  $$DROP TABLE mallory.mark; CREATE FOREIGN TABLE mallory.mark (id mallory.e) SERVER nowhere$$,
  $$DROP TABLE mallory.mark; ALTER TABLE mallory.other RENAME TO mark$$,
  $$DROP TABLE mallory.mark; ALTER INDEX mallory.other RENAME TO mark$$]) AS s;
SELECT is(t.broken(), '', 'and until it was refused none of her casts ran');
SELECT is(t.attempt('attack_mallory', s), '', 'allowed: ' || s) FROM unnest(ARRAY[$$ALTER TABLE mallory.mark ALTER id TYPE mallory.number$$, $$ALTER TABLE mallory.mark ALTER id TYPE bigint$$,
  $$ALTER TABLE mallory.mark ALTER id TYPE text$$, $$ALTER TABLE mallory.mark ALTER id TYPE mallory.number USING id::mallory.number$$]) AS s;
SELECT is(t.attempt('attack_vic', 'CREATE TABLE vic.unrelated (id int)'), '', 'nobody else is bothered');
SELECT col_type_is('gdpr_internal', 'mark_allowed', 'id', 'integer', 'masks have the type below her domain');
CREATE FUNCTION t.use(type text, person text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT left(t.attempt('postgres', format(s, type, person)), 5) FROM unnest(ARRAY['SELECT gdpr.record_consent(%L, %L, ''accepted'', medium => ''api'')',
    'SELECT gdpr.restrict(%L, %L)', 'SELECT * FROM gdpr.why(%L, %L, ''letter'')', 'SELECT gdpr.subject_data(%L, %L)', 'SELECT gdpr.is_frozen(%L, %L)',
    'SELECT gdpr.anonymize_subject(%L, %L, ''asked'', ''keep'')']) AS s $$;
SELECT bag_eq($$SELECT t.use('mark', '2')$$, $$SELECT ''::text FROM generate_series(1, 6)$$, 'people under her domain are served');
SELECT results_eq('SELECT id FROM gdpr.mark_frozen', 'VALUES (2)', 'and known by their number');
SELECT isnt_empty('SELECT id, purpose FROM gdpr.mark_consent', 'in both views');
CALL gdpr.protect('mark', inline => true);
SELECT gdpr.record_consent('mark', '3', 'rejected', 'letter', medium => 'api') \g /dev/null
SELECT is(t.broken(), '', 'her check saw nobody''s rights but hers');
CALL gdpr.unprotect('mark');

-- Where our event trigger did not look: what is made of keys refuses by itself, and other people's work goes on.
ALTER EVENT TRIGGER gdpr_follow_ddl DISABLE;
SELECT is(t.attempt('attack_mallory', s), '', 'unseen: ' || s) FROM unnest(ARRAY[$$ALTER TABLE mallory.mark ALTER id TYPE mallory.e USING id::int::text::mallory.e$$]) AS s;
ALTER EVENT TRIGGER gdpr_follow_ddl ENABLE;
SELECT t.start('unseen') \g /dev/null
SELECT is(t.attempt('attack_vic', 'ALTER TABLE vic.client ADD COLUMN note text'), '', 'DDL of others does not follow her');
SELECT col_type_is('gdpr_internal', 'mark_allowed', 'id', 'integer', 'the masks stay as they are');
SELECT bag_eq($$SELECT t.use('mark', '1')$$, $$VALUES ('0A000'), ('0A000'), ('0A000'), ('0A000'), ('0A000'), ('')$$, 'nothing is done with such a key, but to tell who is frozen');
SELECT isnt_empty('SELECT * FROM gdpr.mark_consent', 'the view of consents still tells');
SELECT isnt_empty('SELECT * FROM gdpr.mark_frozen', 'and that of the frozen');
SELECT t.attempt('postgres', s) FROM unnest(ARRAY['SELECT * FROM gdpr.doctor()', $$SELECT * FROM gdpr.preflight('mark')$$, $$CALL gdpr.protect('mark')$$, $$CALL gdpr.protect('mark', inline => true)$$,
  $$SELECT gdpr.set_consent_mode('mark', 'crmcom')$$, $$SELECT gdpr.require_reconsent('mark')$$, 'SELECT * FROM gdpr.consent', $$SELECT gdpr.forget_missing('mark')$$]) AS s \g /dev/null
SELECT is(t.broken(), '', 'none of her casts ran as anybody else');
SELECT is(t.attempt('attack_mallory', $$SELECT gdpr.unregister_subject('mark', true)$$), '', 'she may give the subject type up');

-- 3. Names that the owner's search_path explains do not end in our tables.
ALTER ROLE attack_mallory SET search_path = mallory, pg_catalog;
REVOKE USAGE ON SCHEMA mallory FROM PUBLIC;
SET SESSION AUTHORIZATION attack_mallory;
CREATE COLLATION mallory.plain FROM "C";
CREATE TABLE mallory.friend (id text COLLATE mallory.plain PRIMARY KEY, name text);
INSERT INTO mallory.friend VALUES ('a', 'x'), ('b', 'y');
SELECT gdpr.register_subject('friend', 'mallory.friend') \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT col_type_is('gdpr_internal', 'friend_allowed', 'valid_until', 'timestamp with time zone', 'the masks'' times are PostgreSQL''s');
SELECT gdpr.record_consent('friend', 'a', 'accepted', 'letter', medium => 'api'), gdpr.restrict('friend', 'b') \g /dev/null
SELECT is((SELECT string_agg(id || ':' || allowed, ' ' ORDER BY id) COLLATE "C" FROM gdpr_internal.friend_allowed), 'a:3 b:1', 'a decision is found under the key''s collation');
SELECT is(t.broken(), '', 'and ran nothing of hers');
CALL gdpr.protect('friend', inline => true);
SELECT is((SELECT a.atttypid::regtype FROM pg_attribute AS a WHERE a.attrelid = 'mallory.friend'::regclass AND a.attname = 'gdpr_valid_until'), 'pg_catalog.timestamptz'::regtype,
  'nor does her table get a column of hers while she has USAGE for our policies');
CALL gdpr.unprotect('friend');
ALTER ROLE attack_mallory RESET search_path;
GRANT USAGE ON SCHEMA mallory TO PUBLIC;

-- 4. A link from mallory's table to vic's people: its casts are mallory's, whoever reads.
SET SESSION AUTHORIZATION attack_mallory;
CREATE TABLE mallory.job (id int PRIMARY KEY, client_id int, title text);
INSERT INTO mallory.job SELECT i, i, 'job' FROM generate_series(1, 3) AS i;
RESET SESSION AUTHORIZATION;
SELECT gdpr.add_link('client', 'mallory.job', '{client_id}') \g /dev/null
SET SESSION AUTHORIZATION attack_mallory;
ALTER TABLE mallory.job ALTER client_id TYPE mallory.e USING client_id::text::mallory.e;
GRANT SELECT, INSERT, UPDATE, DELETE ON mallory.job TO attack_eve;
RESET SESSION AUTHORIZATION;
SELECT t.start('link') \g /dev/null
CALL gdpr.protect('client');
SELECT gdpr.grant_purpose('letter', 'attack_eve') \g /dev/null
CREATE TABLE t.seen (n bigint);
GRANT INSERT ON t.seen TO PUBLIC;
SELECT is(t.attempt('attack_eve', $$DO $do$ BEGIN SET LOCAL gdpr.purpose = 'letter'; INSERT INTO t.seen SELECT count(*) FROM mallory.job; END $do$ $$), '', 'eve reads it');
SELECT results_eq('SELECT n FROM t.seen', 'VALUES (1::bigint)', 'and sees the one who accepted');
SELECT matches(t.attempt('attack_eve', $$DO $do$ BEGIN SET LOCAL gdpr.purpose = 'letter'; UPDATE mallory.job SET title = 'x' WHERE id = 1; INSERT INTO mallory.job VALUES (9, '2', 'x'); END $do$ $$), '^PD007', 'and writes no other');
SELECT gdpr.subject_data('client', '1'), gdpr.anonymize_subject('client', '3', 'asked', 'keep') \g /dev/null
SELECT ok(t.count_of('ran', 'cast_text') > 0, 'mallory''s cast was asked');
SELECT is(t.broken(), '', 'as mallory');

SELECT * FROM finish();
