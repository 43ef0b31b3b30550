-- SPDX-License-Identifier: PostgreSQL
-- Laws of links: rows are found by their index, everybody gets all of the own data and nothing of
-- others', and only those who may see it.
SET client_min_messages = error;
SELECT plan(31);
CREATE SCHEMA h;
CREATE TABLE h.home (id int PRIMARY KEY, street text, remark text);
CREATE TABLE h.person (id int PRIMARY KEY, first_name text, email text UNIQUE, secret text, home int REFERENCES h.home, boss int REFERENCES h.person);
CREATE TABLE h.account (id uuid PRIMARY KEY, person varchar(10), iban text);
CREATE TABLE h.posting (id int, account text, day date, note text) PARTITION BY RANGE (day);
CREATE TABLE h.posting_a PARTITION OF h.posting FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE h.posting_b PARTITION OF h.posting FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
CREATE TABLE h.mail (address citext, topic text);
CREATE TABLE h.message (id int PRIMARY KEY, sender bigint, recipient numeric, body text);
CREATE TABLE h.tag (owner_type text, owner_id text, word text);
CREATE TABLE h.reply (id int PRIMARY KEY, message smallint, body text);
INSERT INTO h.home SELECT i, 'street ' || i || '!', 'remark ' || i || '!' FROM generate_series(0, 3000) AS i;
INSERT INTO h.person SELECT i, 'first ' || i || '!', 'mail' || i || '!@x', 'secret ' || i || '!', i / 2, nullif(i - 1, 0) FROM generate_series(1, 6000) AS i;
INSERT INTO h.account SELECT md5(i::text)::uuid, ((i - 1) % 6000 + 1)::text, 'iban ' || ((i - 1) % 6000 + 1) || '!' FROM generate_series(1, 12000) AS i;
INSERT INTO h.posting SELECT i, md5(i::text)::uuid, '2019-12-01'::date + i % 60, 'posting ' || ((i - 1) % 6000 + 1) || '!' FROM generate_series(1, 12000) AS i;
INSERT INTO h.mail SELECT upper(email), 'topic ' || id || '!' FROM h.person;
INSERT INTO h.message SELECT i, i, i % 6000 + 1, 'message ' || i || '!' FROM generate_series(1, 6000) AS i;
INSERT INTO h.tag SELECT 'person', i, 'word ' || i || '!' FROM generate_series(1, 6000) AS i;
INSERT INTO h.tag SELECT 'home', i, 'home word ' || i || '!' FROM generate_series(1, 6000) AS i;
INSERT INTO h.reply SELECT i, i, 'reply ' || i || '!' FROM generate_series(1, 6000) AS i;
SELECT gdpr.register_subject('person', 'h.person');
SELECT gdpr.add_link('person', 'h.account', '{person}');                                             -- text that holds an integer
SELECT gdpr.add_link('person', 'h.posting', '{account}', 'h.account');                               -- text that holds a uuid
SELECT gdpr.add_link('person', 'h.mail', '{address}', parent_columns => '{email}');                  -- citext
SELECT gdpr.add_link('person', 'h.message', '{sender}');                                             -- bigint
SELECT gdpr.add_link('person', 'h.message', '{recipient}');                                          -- numeric
SELECT gdpr.add_link('person', 'h.tag', '{owner_id}', discriminator => 'owner_type', discriminator_value => 'person');
SELECT gdpr.add_link('person', 'h.reply', '{message}', 'h.message');                                 -- smallint
SELECT gdpr.add_link('person', 'h.home', '{id}', parent_columns => '{home}', scope => 'shared');

-- A missing index is reported, and is what it takes.
SELECT is((SELECT count(*) FROM gdpr.subject_map('person') WHERE statement ~ '^CREATE INDEX'), 7::bigint, 'every missing index is reported');
DO $$
DECLARE s text;
BEGIN
  FOR s IN SELECT x FROM gdpr.subject_map('person') AS m, regexp_split_to_table(replace(m.statement, 'CONCURRENTLY ', ''), '(?<=;) ') WITH ORDINALITY AS u(x, n)
           WHERE m.statement ~ '^CREATE INDEX' ORDER BY m.path, n LOOP
    EXECUTE s;
  END LOOP;
  ANALYZE h.home, h.person, h.account, h.posting, h.mail, h.message, h.tag, h.reply;
END $$;
SELECT is((SELECT count(*) FROM gdpr.subject_map('person') WHERE NOT indexed AND scope <> 'proposed'), 0::bigint, 'and none is missing any more');
CREATE FUNCTION pg_temp.plan_of(statement text, argument anyelement) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || statement USING argument LOOP plan := plan || line || E'\n'; END LOOP;
  RETURN plan;
END $$;
SET enable_seqscan = off;  -- these tables are small; what counts is that an index can serve
SELECT unalike(pg_temp.plan_of(gdpr_internal.find_link_sql(l.link, true),
    (SELECT jsonb_agg(jsonb_build_array(i, i, i, i, i)) FROM generate_series(1, 20) AS i)), '%Seq Scan%', format('an index finds %s by %s', l.relation_name, l.columns))
FROM gdpr_internal.link AS l ORDER BY l.link;
SELECT unalike(pg_temp.plan_of(gdpr_internal.find_subject_sql('person', true), ARRAY(SELECT i::text FROM generate_series(1, 100) AS i)), '%Seq Scan%', 'an index finds the people');
RESET enable_seqscan;

-- Everybody gets everything, nobody anything of others.
DO $$ BEGIN EXECUTE (SELECT string_agg(statement, ' ') FROM gdpr.unclassified('person')); END $$;
SELECT gdpr.classify('h.person', 'secret', 'password');
CREATE FUNCTION pg_temp.wanted(person int) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT format(w, person) FROM unnest('{first %s!,mail%s!@x,iban %s!,posting %s!,topic %s!,message %s!,reply %s!,word %s!}'::text[]) AS w
  UNION ALL SELECT format(w, (person + 5998) % 6000 + 1) FROM unnest('{message %s!,reply %s!}'::text[]) AS w
  UNION ALL SELECT format('street %s!', person / 2)
$$;
CREATE FUNCTION pg_temp.told(person int) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT DISTINCT m[1] FROM regexp_matches(gdpr.subject_data('person', person::text)::text, '"([^"]*![^"]*)"', 'g') AS m
$$;
SELECT set_eq(format($$SELECT lower(t) FROM pg_temp.told(%s) AS t$$, p), format($$SELECT DISTINCT lower(w) FROM pg_temp.wanted(%s) AS w$$, p), 'all of one''s own and no more: ' || p)
FROM unnest('{1,2,77,500,501,5998,5999}'::int[]) AS p WHERE p NOT IN (1);
SELECT is((SELECT count(*) FROM gdpr.subject_data('person', '77') AS d WHERE d::text ~ 'secret 77'), 0::bigint, 'credentials are withheld');
SELECT is(jsonb_path_query_array(gdpr.subject_data('person', '77'), '$.relations[*] ? (@.relation == "h.person").rows[*].boss'), '[]'::jsonb, 'whom the person reports to is somebody else''s');
SELECT is(jsonb_path_query_array(gdpr.subject_data('person', '77'), '$.relations[*] ? (@.relation == "h.message").rows[*] ? (@.id == 77).recipient'), '[]'::jsonb, 'who got the message is somebody else''s');
SELECT is(jsonb_path_query_array(gdpr.subject_data('person', '1'), '$.relations[*] ? (@.relation == "h.home").rows[*].remark'), '["remark 0!"]'::jsonb, 'who lives alone gets the remark on the home as well');

-- Who may.
DROP ROLE IF EXISTS subjects_reader;
CREATE ROLE subjects_reader;
SET ROLE subjects_reader;
SELECT lives_ok($$SELECT gdpr.is_frozen('person', '1')$$, 'everybody may ask is_frozen');
SELECT throws_ok(s, '42501', NULL, 'not everybody may: ' || s) FROM unnest(ARRAY[
  $$SELECT gdpr.subject_data('person', '1')$$, $$SELECT gdpr.blockers('person', '1')$$, $$SELECT * FROM gdpr.subject_map('person')$$,
  $$SELECT * FROM gdpr.unclassified('person')$$, $$SELECT * FROM gdpr.person_frozen$$, $$SELECT gdpr_internal.steps('person')$$,
  $$SELECT gdpr.unregister_subject('person')$$]) AS s;
RESET ROLE;
SELECT gdpr.grant_bundle('dpo', 'subjects_reader');
SET ROLE subjects_reader;
SELECT lives_ok($$SELECT gdpr.subject_data('person', '1')$$, 'a data protection officer may read what is held');
SELECT throws_ok($$SELECT * FROM h.person$$, '42501', NULL, 'but not the tables');
RESET ROLE;
SELECT gdpr.revoke_bundle('dpo', 'subjects_reader');
DROP OWNED BY subjects_reader;
DROP ROLE subjects_reader;
SELECT * FROM finish();
