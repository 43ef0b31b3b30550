-- SPDX-License-Identifier: PostgreSQL
-- Whose a row is, as gdpr-batch copy asks. Law: the seed of a row is the key of the person to whom the owned links lead
-- from it, however far; it is NULL where they lead to nobody; nothing of a user's is called for it.
SET client_min_messages = error;
SELECT plan(17);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE acct (a int, b text, PRIMARY KEY (a, b));
CREATE TABLE ord (id bigint PRIMARY KEY, a int, b text) PARTITION BY HASH (id);
CREATE TABLE ord_0 PARTITION OF ord FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE item (ord bigint, n int);
CREATE TABLE detail (item int, n int);
CREATE TABLE thread (id int PRIMARY KEY, up int, a int, b text);
CREATE TABLE note (n int, otype text, okey text);
CREATE TABLE address (id int PRIMARY KEY, acct_a int);
CREATE TABLE face (n int PRIMARY KEY, mood mood UNIQUE);
CREATE TABLE smile (n int, mood mood);
CREATE DOMAIN tone AS mood;
CREATE TABLE grin (n int, face int, how mood, why tone);
CREATE TABLE laugh (n int, tone tone);
INSERT INTO acct VALUES (1, 'x,y'), (2, 'b');
INSERT INTO ord VALUES (10, 1, 'x,y'), (11, 2, 'b'), (12, NULL, NULL), (13, 2, NULL);
INSERT INTO item VALUES (10, 1), (11, 2), (12, 3), (99, 4), (NULL, 5);
INSERT INTO detail VALUES (1, 1), (2, 2), (5, 3);
INSERT INTO thread VALUES (1, NULL, 1, 'x,y'), (2, 1, NULL, NULL), (3, 2, NULL, NULL), (4, 5, NULL, NULL), (5, 4, NULL, NULL), (6, 3, 2, 'b');
INSERT INTO note VALUES (1, 'ord', '10'), (2, 'ord', '11'), (3, 'product', '11'), (4, 'ord', 'zz'), (5, NULL, '11');
INSERT INTO address VALUES (1, 1);
INSERT INTO face VALUES (7, 'good');
INSERT INTO smile VALUES (1, 'good'), (2, 'bad'), (3, NULL);
INSERT INTO grin VALUES (1, 7, 'good', NULL), (2, 7, 'bad', 'bad'), (3, 7, NULL, NULL), (4, NULL, 'good', 'bad');
INSERT INTO laugh VALUES (1, NULL), (2, 'good'), (3, 'bad');
SELECT gdpr.register_subject('acct', 'acct') \g /dev/null
SELECT gdpr.register_subject('face', 'face') \g /dev/null
SELECT gdpr.add_link('acct', 'ord', '{a,b}') \g /dev/null
SELECT gdpr.add_link('acct', 'item', '{ord}', 'ord', '{id}') \g /dev/null
SELECT gdpr.add_link('acct', 'detail', '{item}', 'item', '{n}') \g /dev/null
SELECT gdpr.add_link('acct', 'thread', '{a,b}') \g /dev/null
SELECT gdpr.add_link('acct', 'thread', '{up}', 'thread', '{id}') \g /dev/null
SELECT gdpr.add_link('acct', 'note', '{okey}', 'ord', '{id}', discriminator => 'otype', discriminator_value => 'ord') \g /dev/null
SELECT gdpr.add_link('acct', 'address', '{acct_a}', 'acct', '{a}', scope => 'shared') \g /dev/null
SELECT gdpr.add_link('face', 'smile', '{mood}', 'face', '{mood}') \g /dev/null
SELECT gdpr.add_link('face', 'grin', '{face}', discriminator => 'how', discriminator_value => 'good') \g /dev/null
SELECT gdpr.add_link('face', 'grin', '{face}', discriminator => 'why', discriminator_value => 'bad') \g /dev/null
SELECT gdpr.add_link('face', 'laugh', '{tone}', 'face', '{mood}') \g /dev/null
-- The seeds of a table's rows by a column that tells them apart.
CREATE FUNCTION seeds(relation regclass, told_by text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE format('SELECT string_agg(concat(%1$s, ''='', %2$s), '' '' ORDER BY %1$s) FROM ONLY %3$s AS t', told_by, gdpr.copy_seed(relation), relation) INTO result;
  RETURN result;
END $$;
SELECT is(seeds('acct', 'a'), '1=(1,"x,y") 2=(2,b)', 'a person is seeded by the own key');
SELECT is(seeds('ord_0', 'id'), '10=(1,"x,y") 11=(2,b) 12= 13=', 'a partition''s row by the key it repeats, if it has all of it');
SELECT is(seeds('item', 'n'), '1=(1,"x,y") 2=(2,b) 3= 4= 5=', 'two hops away');
SELECT is(seeds('detail', 'n'), '1=(1,"x,y") 2=(2,b) 3=', 'three hops away');
SELECT is(seeds('thread', 'id'), '1=(1,"x,y") 2=(1,"x,y") 3=(1,"x,y") 4= 5= 6=(2,b)',
  'along a chain within a table, unless the row knows better; a circle has no end');
SELECT is(seeds('note', 'n'), '1=(1,"x,y") 2=(2,b) 3= 4= 5=', 'a polymorphic row by its discriminator and a value of another type');
SELECT is(gdpr.copy_seed('address'), NULL, 'what is shared has no seed');
-- Casts and operators of users are traps: whoever runs the copy would run them.
CREATE FUNCTION trap(mood) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
CREATE CAST (mood AS text) WITH FUNCTION trap(mood) AS ASSIGNMENT;
CREATE FUNCTION trap(text) RETURNS mood LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
CREATE CAST (text AS mood) WITH FUNCTION trap(text) AS IMPLICIT;
SELECT throws_ok($$SELECT 'good'::mood::text$$, 'P0001', 'ran', 'the trap works');
SELECT is(seeds('smile', 'n'), '1=7 2= 3=', 'a cast of a user''s type is not called');
SELECT is(seeds('grin', 'n'), '1=7 2=7 3= 4=', 'nor by a discriminator');
SELECT is(seeds('laugh', 'n'), '1= 2=7 3=', 'nor by a domain over a user''s type');
SELECT is((SELECT count(*) FROM gdpr.copy_links() WHERE matches IS NULL), 0::bigint, 'every link that is followed has a condition');
CREATE FUNCTION linked(child regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  result bigint;
  l record;
BEGIN
  SELECT * INTO l FROM gdpr.copy_links() WHERE relation = child AND parent <> child;
  EXECUTE format('SELECT count(*) FROM %s AS p JOIN %s AS c ON %s', l.parent, l.relation, l.matches) INTO result;
  RETURN result;
END $$;
SELECT is(linked('smile'), 1::bigint, 'nor by a link''s condition');
SELECT is(linked('note'), 2::bigint, 'a polymorphic link matches by its discriminator');
-- Who may ask.
CREATE ROLE copy_clerk;
SET ROLE copy_clerk;
SELECT throws_ok($$SELECT gdpr.copy_people()$$, '42501', NULL, 'not everybody may ask who is who');
RESET ROLE;
SELECT gdpr.grant_bundle('operator', 'copy_clerk') \g /dev/null
SET ROLE copy_clerk;
SELECT lives_ok($$SELECT gdpr.copy_people(), gdpr.copy_links(), gdpr.copy_seed('item')$$, 'an operator may');
SELECT throws_ok($$SELECT gdpr.copy_keys('acct', '{"(1,a)",secret}')$$, '22P02', 'subject key number 2 is not a valid key of subject type "acct"',
  'a key that is none is told by its number');
RESET ROLE;
SELECT * FROM finish();
DROP OWNED BY copy_clerk;
DROP ROLE copy_clerk;
