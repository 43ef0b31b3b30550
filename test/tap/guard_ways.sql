-- SPDX-License-Identifier: PostgreSQL
-- Every way to write a row about a frozen person. Law: none of them gets through, however the row is
-- spelled and whichever door it comes by.
SET client_min_messages = error;
SELECT plan(55);
CREATE SCHEMA w;
CREATE TABLE w.person (id int PRIMARY KEY, uid uuid UNIQUE NOT NULL, code text UNIQUE NOT NULL, name text);
INSERT INTO w.person SELECT i, ('6f0a3c5e-0d5c-4d1e-9f57-1f0f5a2b7c1' || i)::uuid, 'P' || i, 'name ' || i FROM generate_series(1, 4) AS i;
CREATE TABLE w.note (id int PRIMARY KEY, person_id bigint DEFAULT 1, body text);
CREATE TABLE w.doc (id int PRIMARY KEY, owner_type text, owner_id varchar(20), body text);
CREATE TABLE w.badge (id int PRIMARY KEY, uid text, body text);
CREATE TABLE w.price (id int PRIMARY KEY, person_id numeric, body text);
CREATE TABLE w.event (id int PRIMARY KEY, data jsonb, person_id int GENERATED ALWAYS AS ((data->>'person')::int) STORED);
CREATE TABLE w.alias (id int PRIMARY KEY);
INSERT INTO w.alias VALUES (2), (3);
CREATE TABLE w.visit (id int PRIMARY KEY, person_id int REFERENCES w.alias ON UPDATE CASCADE, body text);
CREATE TABLE w.part (id int, person_id int, body text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE w.part_1 PARTITION OF w.part FOR VALUES FROM (0) TO (100);
CREATE TABLE w.base (id int PRIMARY KEY, person_id int, body text);
CREATE TABLE w.child (extra text) INHERITS (w.base);
CREATE TABLE w.booking (day date, nr int, person_id int, body text, PRIMARY KEY (day, nr));
CREATE TABLE w.line (id int PRIMARY KEY, day date, nr int, body text);
CREATE TABLE w.lately (id int PRIMARY KEY, person_id int, body text);
INSERT INTO w.note VALUES (1, 1, 'x'), (2, 2, 'x');
INSERT INTO w.doc VALUES (1, 'person', '1', 'x'), (2, 'firm', '1', 'x'), (3, 'person', '2', 'x');
INSERT INTO w.visit VALUES (1, 2, 'x'), (2, 3, 'x');
INSERT INTO w.booking VALUES ('2024-02-03', 1, 1, 'x'), ('2024-02-03', 2, 2, 'x');
INSERT INTO w.line VALUES (1, '2024-02-03', 1, 'x');
CREATE VIEW w.note_view AS SELECT id, person_id, body FROM w.note;
CREATE TABLE w.inbox (person_id int, body text);
CREATE RULE deliver AS ON INSERT TO w.inbox DO INSTEAD INSERT INTO w.note VALUES (77, NEW.person_id, NEW.body);

\o /dev/null
-- There before the declaration: the guard looks again after it.
CREATE FUNCTION w.late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.person_id := 1; RETURN NEW; END';
CREATE TRIGGER zzz_late BEFORE INSERT ON w.lately FOR EACH ROW EXECUTE FUNCTION w.late();
SELECT gdpr.register_subject('person', 'w.person');
SELECT gdpr.add_link('person', ('w.' || t)::regclass, '{person_id}') FROM unnest('{note,price,event,visit,part,base,booking,lately}'::text[]) AS t;
SELECT gdpr.add_link('person', 'w.doc', '{owner_id}', discriminator => 'owner_type', discriminator_value => 'person');
SELECT gdpr.add_link('person', 'w.badge', '{uid}', 'w.person', '{uid}');
SELECT gdpr.add_link('person', 'w.line', '{day,nr}', 'w.booking', '{day,nr}');
SELECT gdpr.classify(('w.' || t)::regclass, 'body', 'free_text') FROM unnest('{note,price,visit,part,base,booking,doc,badge,line,lately}'::text[]) AS t;
SELECT gdpr.classify(r::regclass, c, k) FROM (VALUES ('w.person', 'name', 'full_name'), ('w.person', 'uid', 'not_personal'), ('w.person', 'code', 'not_personal'),
  ('w.badge', 'uid', 'not_personal'), ('w.event', 'data', 'profile_json erase=keep'), ('w.child', 'extra', 'not_personal')) AS v(r, c, k);
SELECT gdpr.anonymize_subject('person', '1', 'asked', 'keep');
\o

CREATE TABLE w.way (n int GENERATED ALWAYS AS IDENTITY, statement text);
INSERT INTO w.way (statement) VALUES
  ($$INSERT INTO w.note VALUES (9, 1, 'x')$$),
  ($$INSERT INTO w.note (id, body) VALUES (9, 'by default')$$),
  ($$INSERT INTO w.note SELECT 9, 1, 'x'$$),
  ($$COPY w.note FROM PROGRAM 'printf "9\t1\tx\n"'$$),
  ($$INSERT INTO w.note VALUES (2, 1, 'x') ON CONFLICT (id) DO UPDATE SET person_id = 1$$),
  ($$INSERT INTO w.note VALUES (1, 2, 'x') ON CONFLICT (id) DO UPDATE SET body = 'y'$$),
  ($$INSERT INTO w.note_view VALUES (9, 1, 'x')$$),
  ($$UPDATE w.note_view SET person_id = 1 WHERE id = 2$$),
  ($$UPDATE w.note_view SET body = 'y' WHERE id = 1$$),
  ($$DELETE FROM w.note_view WHERE id = 1$$),
  ($$INSERT INTO w.inbox VALUES (1, 'by a rule')$$),
  ($$WITH x AS (INSERT INTO w.note VALUES (9, 1, 'x') RETURNING 1) SELECT * FROM x$$),
  ($$TRUNCATE w.note$$),
  ($$TRUNCATE w.person CASCADE$$),
  ($$DELETE FROM w.person WHERE id = 1$$),
  ($$UPDATE w.person SET id = 1 WHERE id = 2$$),
  ($$UPDATE w.person SET id = 99 WHERE id = 1$$),
  ($$INSERT INTO w.person VALUES (1, gen_random_uuid(), 'P9', 'x') ON CONFLICT (id) DO UPDATE SET name = 'y'$$),
  ($$INSERT INTO w.doc VALUES (9, 'person', '01', 'x')$$),
  ($$INSERT INTO w.doc VALUES (9, 'person', ' 1', 'x')$$),
  ($$INSERT INTO w.doc VALUES (9, 'person', '+1', 'x')$$),
  ($$INSERT INTO w.doc VALUES (9, 'person', E'1\n', 'x')$$),
  ($$UPDATE w.doc SET owner_type = 'person' WHERE id = 2$$),
  ($$UPDATE w.doc SET owner_id = '1' WHERE id = 3$$),
  ($$UPDATE w.doc SET owner_type = 'firm' WHERE id = 1$$),
  ($$INSERT INTO w.badge VALUES (9, '6F0A3C5E-0D5C-4D1E-9F57-1F0F5A2B7C11', 'x')$$),
  ($$INSERT INTO w.badge VALUES (9, '{6f0a3c5e0d5c4d1e9f571f0f5a2b7c11}', 'x')$$),
  ($$INSERT INTO w.price VALUES (9, 1.00, 'x')$$),
  ($$INSERT INTO w.event (id, data) VALUES (9, '{"person": 1}')$$),
  ($$UPDATE w.alias SET id = 1 WHERE id = 2$$),
  ($$INSERT INTO w.lately VALUES (9, 2, 'x')$$),
  ($$INSERT INTO w.part VALUES (9, 1, 'x')$$),
  ($$INSERT INTO w.part_1 VALUES (9, 1, 'x')$$),
  ($$INSERT INTO w.child VALUES (9, 1, 'x', 'x')$$),
  ($w$DO $d$ BEGIN CREATE TABLE w.child_2 () INHERITS (w.base); INSERT INTO w.child_2 VALUES (9, 1, 'x'); END $d$$w$),
  ($w$DO $d$ BEGIN CREATE TABLE w.part_2 PARTITION OF w.part FOR VALUES FROM (100) TO (200); INSERT INTO w.part_2 VALUES (109, 1, 'x'); END $d$$w$),
  ($w$DO $d$ BEGIN SET LOCAL datestyle = 'German'; INSERT INTO w.line VALUES (9, '03.02.2024', 1, 'x'); END $d$$w$);
SELECT throws_ok(statement, 'PD001', NULL, statement) FROM w.way ORDER BY n;
SELECT lives_ok($$INSERT INTO w.note VALUES (10, 2, 'x')$$, 'others are written about');
SELECT lives_ok($$INSERT INTO w.event (id, data) VALUES (10, '{"person": 2}')$$, 'also where the link is generated');
SELECT lives_ok($$INSERT INTO w.doc VALUES (10, 'person', 'nobody', 'x')$$, 'a value that no key can have belongs to nobody');
SELECT lives_ok($$INSERT INTO w.line VALUES (10, '2024-02-03', 2, 'x')$$, 'another booking''s line');
-- A collation by which Ada and ADA are one key.
\o /dev/null
CREATE COLLATION w.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE w.nick (nick text COLLATE w.any_case PRIMARY KEY, name text);
CREATE TABLE w.nick_note (id int PRIMARY KEY, nick text COLLATE w.any_case, body text);
INSERT INTO w.nick VALUES ('Ada', 'Ada'), ('Bob', 'Bob');
INSERT INTO w.nick_note VALUES (1, 'ADA', 'x');
SELECT gdpr.register_subject('nick', 'w.nick'), gdpr.add_link('nick', 'w.nick_note', '{nick}'),
  gdpr.classify('w.nick', 'name', 'full_name'), gdpr.classify('w.nick_note', 'body', 'free_text');
SELECT gdpr.anonymize_subject('nick', 'Ada', 'asked');
\o
SELECT is((SELECT body FROM w.nick_note WHERE id = 1), 'Anonymized', 'equal by the collation is erased');
SELECT throws_ok($$INSERT INTO w.nick_note VALUES (2, 'aDa', 'x')$$, 'PD001', NULL, 'and refused afterwards');
SELECT lives_ok($$INSERT INTO w.nick_note VALUES (3, 'BOB', 'x')$$, 'others are not');

-- The owner of a table can take the guard off; preflight says so, and how to put it back.
CREATE FUNCTION pg_temp.guard_hint() RETURNS text LANGUAGE sql AS $$
  SELECT hint FROM gdpr.preflight('person') WHERE severity = 'error' AND relation = 'w.badge'::regclass AND finding ~ 'guard' $$;
SELECT is(pg_temp.guard_hint(), NULL, 'the guard stands');
ALTER TABLE w.badge DISABLE TRIGGER zz_gdpr_guard;
SELECT is(pg_temp.guard_hint(), 'ALTER TABLE w.badge ENABLE TRIGGER zz_gdpr_guard;', 'a disabled guard is a finding');
SELECT lives_ok(pg_temp.guard_hint(), 'its hint can be run');
SELECT is(pg_temp.guard_hint(), NULL, 'and settles it');
DROP TRIGGER zz_gdpr_guard ON w.badge;
CREATE FUNCTION w.sham() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER zz_gdpr_guard BEFORE INSERT OR UPDATE OR DELETE ON w.badge FOR EACH ROW EXECUTE FUNCTION w.sham();
SELECT lives_ok(pg_temp.guard_hint(), 'a sham guard is a finding, whose hint can be run');
SELECT is(pg_temp.guard_hint(), NULL, 'and settles it');
DROP TRIGGER zz_gdpr_guard ON w.badge;
SELECT lives_ok(pg_temp.guard_hint(), 'a missing guard is a finding, whose hint can be run');
SELECT throws_ok($$INSERT INTO w.badge VALUES (9, '6f0a3c5e-0d5c-4d1e-9f57-1f0f5a2b7c11', 'x')$$, 'PD001', NULL, 'and the guard stands again');

-- Made later, it is a finding of preflight, whose hint can be run.
CREATE TRIGGER zzz_later BEFORE UPDATE ON w.note FOR EACH ROW EXECUTE FUNCTION w.late();
SELECT is((SELECT hint FROM gdpr.preflight('person') WHERE finding ~ 'zzz_later.*runs after the guard'),
  'ALTER TRIGGER zzz_later ON w.note RENAME TO before_zzz_later;', 'a trigger that runs after the guard is a finding');
SELECT lives_ok(hint, 'which can be settled') FROM gdpr.preflight('person') WHERE finding ~ 'runs after the guard';
SELECT throws_ok($$UPDATE w.note SET body = 'y' WHERE id = 2$$, 'PD001', NULL, 'and then the guard sees what it does');
SELECT finish();
