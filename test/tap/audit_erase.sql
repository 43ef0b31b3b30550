-- SPDX-License-Identifier: PostgreSQL
-- A person leaves the audit log. Law: none of the person's values is left in any table of pg_gdpr, what belongs to
-- others stays, every event is still there, and seals from before and after verify.
SET client_min_messages = error;
SELECT plan(50);
\o /dev/null
SELECT gdpr.create_key();
SELECT setseed(0.4);
CREATE SCHEMA e;
CREATE TABLE e.person (id int PRIMARY KEY, mail text, login text, name text, city text, note text);
CREATE TABLE e.orders (id int PRIMARY KEY, person_id int, receiver int, amount numeric, note text);
CREATE TABLE e.item (id int PRIMARY KEY, order_id int REFERENCES e.orders ON DELETE CASCADE, what text);
CREATE TABLE e.log (at int, who int, said text, PRIMARY KEY (at, who)) PARTITION BY RANGE (at);
CREATE TABLE e.log_1 PARTITION OF e.log FOR VALUES FROM (0) TO (100000);
CREATE TABLE e.log_2 PARTITION OF e.log DEFAULT;
-- a personal key
CREATE TABLE e.reader (mail text PRIMARY KEY, name text);
CREATE TABLE e.loan (mail text REFERENCES e.reader ON UPDATE CASCADE, no int, book text, PRIMARY KEY (mail, no));
-- All was audited before the first link was declared.
SELECT gdpr.audit(r) FROM unnest('{e.person,e.orders,e.item,e.log,e.reader,e.loan}'::regclass[]) AS r;
INSERT INTO e.person VALUES (1, 'early-mail-1', 'early-login-1', 'early-name-1', 'early-city-1', 'early-note-1');
INSERT INTO e.orders VALUES (1, 1, NULL, 1, 'early-order-1');
INSERT INTO e.log VALUES (1, 1, 'early-said-1');
UPDATE e.person SET name = 'early-name-2' WHERE id = 1;
SELECT gdpr.register_subject('person', 'e.person'), gdpr.register_subject('reader', 'e.reader');
SELECT gdpr.add_link('person', 'e.orders', '{person_id}'), gdpr.add_link('person', 'e.orders', '{receiver}'),
  gdpr.add_link('person', 'e.item', '{order_id}', 'e.orders', '{id}'), gdpr.add_link('person', 'e.log', '{who}'),
  gdpr.add_link('reader', 'e.loan', '{mail}');
SELECT gdpr.classify('e.person', c, k) FROM (VALUES ('mail', 'email'), ('login', 'username'), ('name', 'full_name'), ('city', 'not_personal'),
  ('note', 'free_text')) AS v(c, k);
SELECT gdpr.classify('e.orders', 'note', 'free_text'), gdpr.classify('e.orders', 'amount', 'not_personal'),
  gdpr.classify('e.item', 'what', 'free_text'), gdpr.classify('e.log', 'said', 'free_text'),
  gdpr.classify('e.reader', 'mail', 'email'), gdpr.classify('e.reader', 'name', 'full_name'), gdpr.classify('e.loan', 'book', 'not_personal');

-- How many rows of all our tables hold the text; the months' tables included.
CREATE FUNCTION e.traces(pattern text) RETURNS TABLE(place text, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
  FOR place IN SELECT c.oid::regclass FROM pg_class AS c
    WHERE c.relnamespace IN ('gdpr_internal'::regnamespace, 'gdpr'::regnamespace) AND c.relkind = 'r' LOOP
    EXECUTE format('SELECT count(*) FROM %s AS t WHERE t::text ~* $1 OR EXISTS (
      SELECT FROM jsonb_each_text(to_jsonb(t)) AS v WHERE v.value ~ ''^\\x'' AND encode(v.value::bytea, ''escape'') ~* $1)', place)
    INTO rows USING pattern;
    IF rows > 0 THEN RETURN NEXT; END IF;
  END LOOP;
END $$;
CREATE FUNCTION e.bad() RETURNS TABLE(seal bigint, status text) LANGUAGE sql AS
  $$SELECT v.seal, v.status FROM gdpr.verify_audit() AS v WHERE v.status <> 'ok'$$;
CREATE FUNCTION e.seal() RETURNS void LANGUAGE plpgsql AS $$BEGIN PERFORM gdpr.seal_audit(); END$$;

-- A workload in which every personal value names its person: word-<id>-…
INSERT INTO e.person SELECT i, format('mail-%s-a@x.example', i), format('login-%s-a', i), format('name-%s-a', i), 'city ' || i % 5, format('note-%s-a', i)
FROM generate_series(2, 200) AS i;
INSERT INTO e.orders SELECT i, 2 + i % 199, CASE WHEN i % 7 = 0 THEN 2 + (i * 13) % 199 END, i, format('order-%s-a', 2 + i % 199) FROM generate_series(10, 1000) AS i;
INSERT INTO e.item SELECT i, 10 + i % 991, 'item-' || (SELECT person_id FROM e.orders WHERE id = 10 + i % 991) || '-a' FROM generate_series(1, 2000) AS i;
INSERT INTO e.log SELECT i * 300, 2 + i % 199, format('said-%s-a', 2 + i % 199) FROM generate_series(1, 600) AS i;
UPDATE e.person SET mail = format('mail-%s-b@x.example', id), note = format('note-%s-b', id) WHERE id > 1 AND id % 2 = 0;
UPDATE e.orders SET note = format('order-%s-b', person_id), amount = amount + 1 WHERE id % 3 = 0 AND id > 1;
DELETE FROM e.orders WHERE id % 11 = 0;
DELETE FROM e.log WHERE at % 900 = 0;
INSERT INTO e.reader SELECT format('reader-%s-@y.example', i), format('bookworm-%s-', i) FROM generate_series(1, 50) AS i;
INSERT INTO e.loan SELECT format('reader-%s-@y.example', 1 + i % 50), i, 'book ' || i FROM generate_series(1, 200) AS i;
UPDATE e.loan SET mail = 'reader-2-@y.example' WHERE mail = 'reader-1-@y.example' AND no % 4 = 0;
SELECT e.seal();
\o
SELECT is_empty('SELECT * FROM e.bad()', 'all is sealed and verifies before anybody leaves');
CREATE TABLE e.before AS SELECT statement, n, subject_type, subject_key, row_key, body FROM gdpr_internal.audit_change;

-- Nobody's events: written before the links were.
SELECT isnt_empty($$SELECT * FROM e.traces('early-')$$, 'the search finds what is there');
SELECT gdpr.anonymize_subject('person', '1', 'test') \g /dev/null
SELECT is_empty($$SELECT * FROM e.traces('early-(mail|login|name|note|order|said)')$$, 'events of the time before the links lose their values as well');
SELECT is((SELECT count(*) FROM e.traces('early-city')), 1::bigint, 'what is classified as not personal stays readable');
SELECT is_empty('SELECT * FROM e.bad()', 'sealed before, erased after: it verifies');

-- Ten people at once, among them some who share orders with others.
CREATE TABLE e.leaving AS SELECT id FROM e.person WHERE id > 1 AND id % 20 = 4;
SELECT gdpr.anonymize_subjects('person', (SELECT array_agg(id::text) FROM e.leaving), 'test') \g /dev/null
SELECT is_empty($$SELECT t.* FROM e.leaving AS l, e.traces(format('(mail|login|name|note|order|item|said)-%s-', l.id)) AS t$$,
  'none of their values is left in any table of ours');
SELECT is_empty('SELECT * FROM e.bad()', 'every seal verifies');
SELECT e.seal() \g /dev/null
SELECT is_empty('SELECT * FROM e.bad()', 'tombstones are sealed like all events');
SELECT is((SELECT count(*) FROM e.before AS b LEFT JOIN gdpr_internal.audit_change AS c USING (statement, n) WHERE c.n IS NULL), 0::bigint,
  'no event is gone');
SELECT is_empty($$SELECT b.statement, b.n FROM e.before AS b JOIN gdpr_internal.audit_change AS c USING (statement, n)
  WHERE c.tombstone IS NULL AND (b.subject_type, b.subject_key, b.row_key, b.body) IS DISTINCT FROM (c.subject_type, c.subject_key, c.row_key, c.body)$$,
  'events of others are untouched');
SELECT is_empty($$SELECT c.statement, c.n FROM gdpr_internal.audit_change AS c WHERE c.tombstone IS NOT NULL AND c.subject_type = 'person' AND c.subject_key <> '1'
  AND NOT EXISTS (SELECT FROM e.leaving AS l WHERE l.id::text = c.subject_key) AND NOT EXISTS (
    SELECT FROM gdpr_internal.audit_subject AS p JOIN e.leaving AS l ON l.id::text = p.subject_key WHERE p.statement = c.statement AND p.n = c.n)$$,
  'only events that belong to those who left have a tombstone');
SELECT is((SELECT count(*) FROM gdpr_internal.audit_change AS c WHERE c.tombstone IS NULL AND c.seed IS NULL), 0::bigint, 'nobody else''s salts went');
SELECT is_empty($$SELECT s.statement FROM gdpr_internal.audit_statement AS s
  CROSS JOIN LATERAL (SELECT sum(split_part(c.row_key, ' ', 1)::int) AS said, sum(split_part(c.row_key, ' ', 2)::int) AS actors
                      FROM gdpr_internal.audit_change AS c WHERE c.statement = s.statement) AS t
  WHERE s.operation = 'E' AND (t.said, t.actors) IS DISTINCT FROM (
    (SELECT count(*) FROM gdpr_internal.audit_change AS c WHERE c.tombstone = s.statement),
    (SELECT count(*) FROM gdpr_internal.audit_statement AS a WHERE a.tombstone = s.statement))$$, 'tombstones count what they stand for');
SELECT is((SELECT count(*) FROM gdpr.audit_log WHERE operation = 'erased'), 1 + (SELECT count(*) FROM e.leaving), 'one for each person');
SELECT is((SELECT count(DISTINCT to_values->>'amount') FROM gdpr.audit_log AS l JOIN e.leaving AS v ON v.id::text = l.subject_key
    WHERE relation = 'e.orders' AND erased AND operation = 'insert') > 10, true, 'amounts stay readable in their events');
SELECT is((SELECT count(*) FROM gdpr.audit_log AS l JOIN e.leaving AS v ON v.id::text = l.subject_key WHERE erased AND to_values ?| '{name,mail,note}'), 0::bigint,
  'values do not');
SELECT is((SELECT count(*) FROM gdpr.audit_log AS l JOIN e.leaving AS v ON v.id::text = l.subject_key
    WHERE NOT erased AND operation = 'update' AND from_values IS NULL AND to_values IS NULL) > 0, true, 'the erasure itself left names of columns only');
SELECT throws_ok($$SELECT gdpr.anonymize_subject('person', (SELECT min(id)::text FROM e.leaving), 'again')$$, 'PD001', NULL, 'nobody leaves twice');

-- Who shared an order with one who left: the event is erased already, and is counted once.
CREATE TABLE e.shared AS SELECT DISTINCT p.subject_key AS id FROM gdpr_internal.audit_subject AS p JOIN gdpr_internal.audit_change AS c USING (statement, n)
  WHERE c.tombstone IS NOT NULL AND p.subject_key NOT IN (SELECT id::text FROM e.leaving);
SELECT is((SELECT count(*) > 3 FROM e.shared), true, 'some shared one');
SELECT gdpr.anonymize_subjects('person', (SELECT array_agg(id) FROM e.shared), 'test') \g /dev/null
SELECT is_empty($$SELECT t.* FROM e.shared AS l, e.traces(format('(mail|login|name|note|item|said)-%s-', l.id)) AS t$$, 'they leave as well');
SELECT is_empty('SELECT * FROM e.bad()', 'and all verifies');

-- A personal key.
SELECT isnt_empty($$SELECT * FROM e.traces('reader-2-')$$, 'a key that is an address is in the log');
SELECT gdpr.anonymize_subjects('reader', '{reader-2-@y.example,reader-7-@y.example}', 'test') \g /dev/null
SELECT is_empty($$SELECT * FROM e.traces('(reader|bookworm)-(2|7)-')$$, 'and is gone with the person, from rows'' keys and from second places');
SELECT isnt_empty($$SELECT * FROM e.traces('reader-1-')$$, 'others'' are still there');
SELECT is_empty('SELECT * FROM e.bad()', 'and all verifies');
SELECT is((SELECT count(*) > 4 FROM gdpr_internal.audit_change AS c JOIN gdpr_internal.erasure AS x ON x.subject_key = c.subject_key AND x.key_digest
    WHERE c.tombstone IS NOT NULL AND c.subject_type = 'reader'), true, 'events are found under the digest that the certificate has');
SELECT gdpr.anonymize_subject('reader', 'reader-1-@y.example', 'test') \g /dev/null
SELECT is_empty($$SELECT * FROM e.traces('(reader|bookworm)-1-')$$, 'who handed a row on to one who left before leaves it too');
SELECT is_empty('SELECT * FROM e.bad()', 'and all verifies');

-- Keys that were handed on.
INSERT INTO e.reader VALUES ('reader-301-@y.example', 'bookworm-301-'), ('reader-302-@y.example', 'bookworm-302-');
UPDATE e.reader SET mail = 'reader-303-@y.example' WHERE mail = 'reader-302-@y.example';
UPDATE e.reader SET mail = 'reader-302-@y.example' WHERE mail = 'reader-301-@y.example';
INSERT INTO e.reader VALUES ('reader-301-@y.example', 'bookworm-304-');
UPDATE e.reader SET name = name || 'b' WHERE mail ~ '-30[123]-';
SELECT e.seal() \g /dev/null
SELECT gdpr.anonymize_subject('reader', 'reader-303-@y.example', 'test') \g /dev/null
SELECT is_empty($$SELECT * FROM e.traces('bookworm-302-|reader-303-')$$, 'who had another key before leaves the events of that time');
SELECT is((SELECT count(*) FROM gdpr.audit_log WHERE to_values->>'name' ~ 'bookworm-30[14]-'), 4::bigint, 'others who have it now do not');
SELECT gdpr.anonymize_subject('reader', 'reader-302-@y.example', 'test') \g /dev/null
SELECT is_empty($$SELECT * FROM e.traces('bookworm-30[12]-|reader-30[23]-')$$, 'they leave theirs');
SELECT is((SELECT count(*) FROM gdpr.audit_log WHERE to_values->>'name' ~ 'bookworm-304-'), 2::bigint, 'and only theirs');
SELECT is_empty('SELECT * FROM e.bad()', 'and all verifies');

-- People whose rows an application deleted.
DELETE FROM e.person WHERE id IN (15, 35);
DELETE FROM e.loan WHERE mail = 'reader-9-@y.example';
DELETE FROM e.reader WHERE mail = 'reader-9-@y.example';
SELECT isnt_empty($$SELECT * FROM e.traces('(mail|login|name|note)-(15|35)-')$$, 'who was deleted is still in the log');
SELECT throws_ok($$SELECT gdpr.erase_audit('person', '{15,55}', 'asked')$$, '55000', NULL, 'who is still there is to be anonymized');
SELECT throws_ok($$SELECT gdpr.erase_audit('person', '{15}', '')$$, '22004', NULL, 'without a reason nobody is');
SELECT is(gdpr.erase_audit('person', '{15,35}', 'asked') > 4, true, 'people who were deleted can be erased from the log');
SELECT is(gdpr.erase_audit('reader', '{reader-9-@y.example}', 'asked') > 4, true, 'by personal keys as well');
SELECT is_empty($$SELECT * FROM e.traces('(mail|login|\mname|note|order|item|said)-(15|35)-|reader-9-|bookworm-9-')$$, 'then nothing of theirs is left');
SELECT is(gdpr.erase_audit('person', '{15,35}', 'asked'), 0::bigint, 'twice is once');
SELECT is((SELECT count(*) FROM gdpr.certificates WHERE reason = 'asked'), 3::bigint, 'each has a certificate');
SELECT e.seal() \g /dev/null
SELECT is_empty('SELECT * FROM e.bad()', 'and all verifies');

-- Application users.
SET gdpr.app_user = 'LOGIN-9-a';
UPDATE e.person SET city = 'x' WHERE id = 10;
SET gdpr.app_user = 'clerk';
UPDATE e.person SET city = 'y' WHERE id = 10;
SET gdpr.app_user = 'Mail-9-A@x.example';
SELECT e.seal() \g /dev/null
SELECT gdpr.anonymize_subject('person', '9', 'by herself') \g /dev/null
RESET gdpr.app_user;
SELECT is_empty($$SELECT * FROM e.traces('(mail|login|name|note|order|item|said)-9-')$$, 'who the application said it was goes as well, the tombstone''s own actor too');
SELECT is((SELECT count(*) FROM gdpr_internal.audit_statement WHERE app_user = 'clerk'), 1::bigint, 'other actors stay');
SELECT isnt((SELECT to_values FROM gdpr.audit_log WHERE subject_key = '10' AND to_values->>'city' = 'x'), NULL, 'as does what she did to others');
SELECT e.seal() \g /dev/null
SELECT is_empty('SELECT * FROM e.bad()', 'and all verifies');

-- The log refuses every other change.
SELECT throws_ok(format('UPDATE gdpr_internal.audit_change SET %s', x), '42501', NULL, 'nobody edits events: ' || x) FROM unnest('{seed = NULL,tombstone = NULL}'::text[]) AS x;
SELECT throws_ok('DELETE FROM ' || t, '42501', NULL, 'nor deletes them: ' || t) FROM unnest('{gdpr_internal.audit_statement,gdpr_internal.audit_seal}'::text[]) AS t;
SELECT * FROM finish();
