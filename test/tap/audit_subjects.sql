-- SPDX-License-Identifier: PostgreSQL
-- Whose row a changed row is. Law: an event belongs to the people whom plain SQL over the declared links finds, before
-- and after the change, whatever the links' length, types and order of cascades.
SET client_min_messages = error;
SELECT plan(38);
\o /dev/null
CREATE SCHEMA s;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TABLE s.person (id int PRIMARY KEY, mail citext UNIQUE, name text, boss int REFERENCES s.person);
CREATE TABLE s.member (club text, no bigint, name text, PRIMARY KEY (club, no));
CREATE TABLE s.orders (id uuid PRIMARY KEY, person_id bigint, club text, no int, note text);
CREATE TABLE s.item (id int PRIMARY KEY, order_id uuid REFERENCES s.orders ON DELETE CASCADE, what text);
CREATE TABLE s.part (id int PRIMARY KEY, item_id int REFERENCES s.item ON DELETE CASCADE ON UPDATE CASCADE, what text);
CREATE TABLE s.letter (id int PRIMARY KEY, sender text, recipient text, body text);
CREATE TABLE s.note (id int PRIMARY KEY, of_type text, of_id text, body text);
CREATE TABLE s.log (at int, who int, PRIMARY KEY (at, who)) PARTITION BY RANGE (at);
CREATE TABLE s.log_1 PARTITION OF s.log FOR VALUES FROM (0) TO (100);
CREATE TABLE s.log_2 PARTITION OF s.log FOR VALUES FROM (100) TO (200);
CREATE TABLE s.visit (id int PRIMARY KEY, person_id int);
CREATE TABLE s.long_visit (hours int) INHERITS (s.visit);
CREATE TABLE s.thing (id int PRIMARY KEY, what text);
ALTER TABLE s.orders ADD FOREIGN KEY (club, no) REFERENCES s.member ON DELETE CASCADE;
SELECT gdpr.register_subject('person', 's.person'), gdpr.register_subject('member', 's.member');
SELECT gdpr.add_link('person', 's.orders', '{person_id}'), gdpr.add_link('member', 's.orders', '{club,no}'),
  gdpr.add_link('person', 's.item', '{order_id}', 's.orders', '{id}'), gdpr.add_link('member', 's.item', '{order_id}', 's.orders', '{id}'),
  gdpr.add_link('person', 's.part', '{item_id}', 's.item', '{id}'),
  gdpr.add_link('person', 's.letter', '{sender}', 's.person', '{mail}'),
  gdpr.add_link('person', 's.letter', '{recipient}', 's.person', '{mail}'),
  gdpr.add_link('person', 's.note', '{of_id}', discriminator => 'of_type', discriminator_value => 'Person'),
  gdpr.add_link('member', 's.note', '{of_id}', 's.member', '{no}', discriminator => 'of_type', discriminator_value => 'Member'),
  gdpr.add_link('person', 's.log', '{who}'), gdpr.add_link('person', 's.visit', '{person_id}'),
  gdpr.add_link('person', 's.thing', '{id}', scope => 'shared');
SELECT gdpr.audit(r) FROM unnest('{s.person,s.member,s.orders,s.item,s.part,s.letter,s.note,s.log,s.visit,s.thing}'::regclass[]) AS r;

-- The newest n events: operation and all people, in order.
CREATE FUNCTION s.people(events int DEFAULT 1) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(e.line, '; ' ORDER BY e.statement, e.n) FROM (
    SELECT c.statement, c.n, concat_ws(' ', s.operation, CASE WHEN c.subject_type <> '' THEN c.subject_type || ':' || c.subject_key
      ELSE 'nobody:' || coalesce(c.subject_key, '-') END, (
        SELECT string_agg(p.subject_type || ':' || p.subject_key, ' ' ORDER BY p.place) FROM gdpr_internal.audit_subject AS p
        WHERE p.statement = c.statement AND p.n = c.n)) AS line
    FROM gdpr_internal.audit_change AS c JOIN gdpr_internal.audit_statement AS s USING (statement)
    ORDER BY c.statement DESC, c.n DESC LIMIT people.events) AS e
$$;
\o
INSERT INTO s.person VALUES (1, 'Ann@x.example', 'Ann'), (2, 'bob@x.example', 'Bob'), (3, NULL, 'Cid');
SELECT is(s.people(3), 'I person:1; I person:2; I person:3', 'a row of the table of people is its own person''s');
UPDATE s.person SET name = 'Anna' WHERE id = 1;
SELECT is(s.people(), 'U person:1', 'an update of it as well');
UPDATE s.person SET id = 30 WHERE id = 3;
SELECT is(s.people(), 'U person:3 person:30', 'a key that changes names both: who it was and who it is');
INSERT INTO s.member VALUES ('chess', 7, 'Mia'), ('a "b", c', 8, 'Max');
SELECT is(s.people(2), $$I member:(chess,7); I member:("a ""b"", c",8)$$, 'a key of several columns is a row literal');
SELECT is((SELECT array_agg(ROW(club, no)::text ORDER BY no) FROM s.member),
  (SELECT array_agg(subject_key ORDER BY n) FROM gdpr_internal.audit_change WHERE subject_type = 'member'), 'as PostgreSQL writes it');
INSERT INTO s.orders VALUES ('00000000-0000-0000-0000-000000000001', 1, NULL, NULL, 'x');
SELECT is(s.people(), 'I person:1', 'a link to the key, of another integer type');
INSERT INTO s.orders VALUES ('00000000-0000-0000-0000-000000000002', 2, 'chess', 7, 'y');
SELECT is(s.people(), 'I person:2 member:(chess,7)', 'a row may belong to people of several types');
INSERT INTO s.orders VALUES ('00000000-0000-0000-0000-000000000003', NULL, 'a "b", c', 8, 'z');
SELECT is(s.people(), $$I member:("a ""b"", c",8)$$, 'a null link is nobody''s');
UPDATE s.orders SET note = 'x2' WHERE person_id = 1;
SELECT is(s.people(), 'U person:1', 'a row that stays is told once');
UPDATE s.orders SET person_id = 2 WHERE id = '00000000-0000-0000-0000-000000000001';
SELECT is(s.people(), 'U person:1 person:2', 'a row that moves is told to both');
UPDATE s.orders SET person_id = NULL WHERE id = '00000000-0000-0000-0000-000000000001';
SELECT is(s.people(), 'U person:2', 'a row that leaves is told to whom it left');
UPDATE s.orders SET note = 'nobody' WHERE id = '00000000-0000-0000-0000-000000000001';
SELECT is(s.people(), 'U nobody:00000000-0000-0000-0000-000000000001', 'nobody''s row is known by its own key');
UPDATE s.orders SET person_id = 1 WHERE id = '00000000-0000-0000-0000-000000000001';

INSERT INTO s.item VALUES (1, '00000000-0000-0000-0000-000000000001', 'a'), (2, '00000000-0000-0000-0000-000000000002', 'b'), (3, NULL, 'c');
SELECT is(s.people(3), 'I person:1; I person:2 member:(chess,7); I nobody:3', 'links by way of another table');
INSERT INTO s.part VALUES (1, 1, 'a'), (2, 2, 'b');
SELECT is(s.people(2), 'I person:1; I person:2', 'links by way of two');
WITH o AS (INSERT INTO s.orders VALUES ('00000000-0000-0000-0000-000000000004', 1, NULL, NULL, 'w') RETURNING id)
INSERT INTO s.item SELECT 4, id, 'd' FROM o;
SELECT is(s.people(2), 'I person:1; I person:1', 'a parent that the same statement wrote is found');
UPDATE s.item SET order_id = '00000000-0000-0000-0000-000000000002' WHERE id = 1;
SELECT is(s.people(), 'U person:1 person:2 member:(chess,7)', 'a row that moves to another parent');
UPDATE s.item SET id = 20 WHERE id = 2;
SELECT is(s.people(2), 'U person:2 member:(chess,7); U person:2', 'a cascade of a key that changes');

-- The parent goes first.
BEGIN;
DELETE FROM s.orders WHERE id = '00000000-0000-0000-0000-000000000002';
SELECT is(s.people(5), 'D person:2 member:(chess,7); D person:2 member:(chess,7); D person:2 member:(chess,7); D person:2; D person:2',
  'rows that a cascade deletes are found by parents that are gone already');
ROLLBACK;
BEGIN;
DELETE FROM s.member WHERE no = 7;
SELECT is(s.people(6), 'D member:(chess,7); D person:2 member:(chess,7); D person:2 member:(chess,7); D person:2 member:(chess,7); D person:2; D person:2',
  'over two tables as well');
ROLLBACK;
BEGIN;
INSERT INTO s.orders VALUES ('00000000-0000-0000-0000-000000000009', 1);
INSERT INTO s.item VALUES (9, '00000000-0000-0000-0000-000000000009', 'made here');
DELETE FROM s.orders WHERE id = '00000000-0000-0000-0000-000000000009';
SELECT is(s.people(2), 'D person:1; D person:1', 'and where the same transaction made the parent');
ROLLBACK;
BEGIN;
SAVEPOINT a;
INSERT INTO s.orders VALUES ('00000000-0000-0000-0000-000000000009', 2);
INSERT INTO s.item VALUES (9, '00000000-0000-0000-0000-000000000009', 'made here');
ROLLBACK TO a;
INSERT INTO s.orders VALUES ('00000000-0000-0000-0000-000000000009', 1);
INSERT INTO s.item VALUES (9, '00000000-0000-0000-0000-000000000009', 'made here');
SELECT is(s.people(2), 'I person:1; I person:1', 'what was rolled back is not remembered');
ROLLBACK;

-- By value, with another spelling, two links of one row.
INSERT INTO s.letter VALUES (1, 'ANN@x.example', 'bob@x.example', 'hello'), (2, 'stranger@y.example', 'stranger@z.example', 'spam'),
  (3, 'ann@X.example', 'ANN@x.example', 'to myself');
SELECT is(s.people(3), 'I person:1 person:2; I nobody:2; I person:1', 'links by value, in any spelling, each person once');
UPDATE s.person SET mail = 'ann@new.example' WHERE id = 1;
UPDATE s.letter SET body = 'hi' WHERE id = 1;
SELECT is(s.people(), 'U person:2', 'a value that nobody has any more leads to nobody');

-- Polymorphic.
INSERT INTO s.note VALUES (1, 'Person', '1', 'x'), (2, 'Member', '7', 'y'), (3, 'Order', '1', 'z'), (4, 'Person', 'none', 'w'), (5, NULL, '1', 'v'),
  (6, 'Person', '99999999999999', 'u');
SELECT is(s.people(6), 'I person:1; I member:(chess,7); I nobody:3; I nobody:4; I nobody:5; I nobody:6',
  'the discriminator decides; a text that is no key is nobody''s');
UPDATE s.note SET of_type = 'Member', of_id = '8' WHERE id = 1;
SELECT is(s.people(), $$U person:1 member:("a ""b"", c",8)$$, 'a row that changes its type is told to both');

-- Partitions, inheritance, shared.
INSERT INTO s.log VALUES (1, 1), (101, 2);
INSERT INTO s.log_1 VALUES (2, 2);
SELECT is(s.people(3), 'I person:1; I person:2; I person:2', 'partitions have their root''s links');
UPDATE s.log SET at = 150 WHERE at = 1;
SELECT is(s.people(), 'U person:1', 'a row that moves to another partition stays the same person''s');
INSERT INTO s.visit VALUES (1, 1);
INSERT INTO s.long_visit VALUES (2, 2, 8);
UPDATE s.visit SET person_id = 2 WHERE id = 1;
SELECT is(s.people(3), 'I person:1; I person:2; U person:1 person:2', 'children have their parents'' links');
INSERT INTO s.thing VALUES (1, 'house');
SELECT is(s.people(), 'I nobody:1', 'shared rows are nobody''s');

-- Declarations that change while sessions remember them.
SELECT gdpr.drop_link('person', 's.visit', '{person_id}') \g /dev/null
UPDATE s.visit SET person_id = 1 WHERE id = 1;
SELECT is(s.people(), 'U nobody:1', 'a link that was dropped is not followed');
SELECT gdpr.add_link('person', 's.visit', '{person_id}') \g /dev/null
UPDATE s.visit SET person_id = 2 WHERE id = 1;
SELECT is(s.people(), 'U person:1 person:2', 'one that was added is');
ALTER TABLE s.orders RENAME COLUMN person_id TO customer;
ALTER TABLE s.orders RENAME TO purchase;
UPDATE s.part SET what = 'renamed' WHERE id = 2;
SELECT is(s.people(), 'U person:2', 'a way goes on over renamed tables and columns');
UPDATE s.purchase SET note = 'renamed' WHERE customer = 2;
SELECT is(s.people(), 'U person:2 member:(chess,7)', 'as does a table that was renamed itself');
SELECT gdpr.add_link('member', 's.part', '{item_id}', 's.item', '{id}') \g /dev/null
UPDATE s.part SET what = 'n' WHERE id = 2;
SELECT is(s.people(), 'U person:2 member:(chess,7)', 'a link that is added leads on over those that are there');
INSERT INTO s.person VALUES (7);
SELECT gdpr.add_link('person', 's.purchase', '{no}') \g /dev/null
UPDATE s.part SET what = 'm' WHERE id = 2;
SELECT is(s.people(), 'U person:2 person:7 member:(chess,7)', 'and a link further on is followed as soon as it is there');

-- Many rows, one statement: what links lead to is asked once for each value.
INSERT INTO s.person SELECT i, NULL, 'p' FROM generate_series(1000, 1999) AS i;
INSERT INTO s.purchase SELECT lpad(i::text, 32, '0')::uuid, i FROM generate_series(1000, 1999) AS i;
INSERT INTO s.item SELECT 10000 + i, lpad((1000 + i % 1000)::text, 32, '0')::uuid, 'x' FROM generate_series(0, 19999) AS i;
SELECT is((SELECT count(*) FROM gdpr_internal.audit_change AS c JOIN gdpr_internal.audit_statement AS s USING (statement)
    WHERE s.changes = 20000 AND c.subject_type = 'person' AND c.subject_key = (1000 + (c.n - 1) % 1000)::text),
  20000::bigint, 'each of many rows has its own person');
DELETE FROM s.purchase WHERE customer BETWEEN 1000 AND 1999;
SELECT is((SELECT count(*) FROM gdpr_internal.audit_change AS c JOIN gdpr_internal.audit_statement AS s USING (statement)
    WHERE s.operation = 'D' AND c.subject_type = 'person' AND c.subject_key ~ '^1\d\d\d$'), 21000::bigint,
  'also where a cascade takes them');
SELECT is((SELECT count(*) FROM gdpr_internal.audit_change AS c JOIN gdpr_internal.audit_statement AS s USING (statement)
    WHERE s.operation = 'D' AND c.subject_type = ''), 0::bigint, 'nobody''s are none of them');
SELECT * FROM finish();
