-- SPDX-License-Identifier: PostgreSQL
-- The reports on reads, on rows made by hand as the drain writes them. Law: what any row says reached a person is in that
-- person's report, once; sums are of people, not of reads; nothing that did not close is shown as closed.
SET client_min_messages = error;
SET gdpr.audit_reads = off;  -- rows are made by hand
SELECT plan(73);
\o /dev/null
SELECT gdpr.create_key();
CREATE SCHEMA r;
CREATE TABLE r.client (id int PRIMARY KEY, name text, country text);
CREATE TABLE r.deal (id int PRIMARY KEY, client_id int, note text, price numeric, extra text);
CREATE TABLE r.reader (mail text PRIMARY KEY, name text);
CREATE TABLE r.citizen (number bigint PRIMARY KEY, name text);
SELECT gdpr.classify('r.client', 'name', 'full_name'), gdpr.classify('r.client', 'country', 'country'), gdpr.classify('r.deal', 'note', 'free_text'),
  gdpr.classify('r.deal', 'price', 'not_personal'), gdpr.classify('r.reader', 'mail', 'email'), gdpr.classify('r.reader', 'name', 'full_name'),
  gdpr.classify('r.citizen', 'number', 'national_id'), gdpr.classify('r.citizen', 'name', 'full_name');
SELECT gdpr.register_subject('client', 'r.client'), gdpr.register_subject('reader', 'r.reader'), gdpr.register_subject('citizen', 'r.citizen'),
  gdpr.add_link('client', 'r.deal', '{client_id}');
INSERT INTO r.client VALUES (1, 'Ann', 'DE'), (2, 'Bo', 'fr'), (3, 'Cy', NULL), (4, 'Di', 'Germany'), (5, 'Ed', 'DE');
SELECT gdpr.audit(t) FROM unnest('{r.client,r.deal,r.reader,r.citizen}'::regclass[]) AS t;
INSERT INTO r.reader VALUES ('a@x.example', 'A'), ('b@x.example', 'B'), ('c@x.example', 'C'), ('d@x.example', 'D');
INSERT INTO r.citizen VALUES (900001, 'X'), (900002, 'Y');

-- Places, actors and processes as the drain numbers them.
INSERT INTO gdpr_internal.access_place (place, relation_schema, relation_name, columns, subject_type, link, native) VALUES
  (1, 'r', 'client', '{id,name}', 'client', NULL, true), (2, 'r', 'deal', '{id,note,extra}', 'client', 1, true), (3, 'r', 'reader', '{mail}', 'reader', NULL, false),
  (4, 'r', 'citizen', '{name}', 'citizen', NULL, true), (5, 'gdpr_internal', 'audit_change', '{body}', NULL, NULL, false), (6, 'r', 'client', '{}', 'client', NULL, true),
  (7, 'r', 'gone', '{mail}', 'gone', NULL, false);
INSERT INTO gdpr_internal.access_actor (actor, session_role, acting_role, purpose, app_user, client_address, application, last_used) VALUES
  (1, 'desk', 'desk', 'service', 'mary', NULL, 'crm', now()), (2, 'web', 'web', 'letters', 'a@x.example', '10.0.0.7', 'shop', now()),
  (3, 'web', 'boss', NULL, NULL, NULL, NULL, now());
INSERT INTO gdpr_internal.access_process (process, node, database, pid, started, standby, ended, drained_at) VALUES
  (1, 1, 1, pg_backend_pid(), (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()), false, NULL, now()), (2, 1, 1, 102, now(), false, 'K', now()), (3, 1, 1, 103, now(), false, 'E', now());
INSERT INTO gdpr_internal.access_person (person, subject_type, subject_key) VALUES
  (1, 'reader', 'a@x.example'), (2, 'reader', 'b@x.example'), (3, 'reader', 'c@x.example'), (4, 'gone', 'z@x.example');
SELECT setval('gdpr_internal.access_place_place_seq', 100), setval('gdpr_internal.access_person_person_seq', 100);

-- Compares rows as text: literals and columns that came from names have different collations.
CREATE FUNCTION r.same(have text, want text, law text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  rows text[][] := '{}';
BEGIN
  EXECUTE format('SELECT ARRAY[(SELECT coalesce(string_agg(x::text, E''\n''), '''') FROM (%s) AS x), (SELECT coalesce(string_agg(x::text, E''\n''), '''') FROM (%s) AS x)]',
    have, want) INTO rows;
  RETURN is(rows[1], rows[2], law);
END $$;
-- Statement n began n seconds after the test's.
CREATE TABLE r.base AS SELECT date_trunc('second', now()) AS t;
CREATE FUNCTION r.number(n int) RETURNS bigint STABLE LANGUAGE sql AS
  $$SELECT ((extract(epoch FROM (SELECT t FROM r.base))::bigint - 946684800 + n) << 30) + 7$$;
CREATE FUNCTION r.row(n int, part "char", actor int, place int, scope "char", people bigint[], rows bigint, status "char" DEFAULT NULL,
  process int DEFAULT 1, noted int DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
  INSERT INTO gdpr_internal.access_read (statement, at, frame, process, actor, query, snapshot, rows, place, part, command, engine, status, scope, people)
  SELECT r.number(n), (SELECT t FROM r.base) + make_interval(secs => coalesce(noted, n)), n, process, CASE WHEN part IN ('W', 'B') THEN actor END,
    CASE WHEN part IN ('W', 'B') THEN -n END, CASE WHEN part IN ('W', 'B') THEN pg_snapshot_xmax(pg_current_snapshot()) END, rows, place, part,
    CASE WHEN part IN ('W', 'B') THEN 's'::"char" END, CASE WHEN part IN ('W', 'B') THEN false END, status, scope, gdpr_internal.set_of(people)
$$;
\o

-- Short statements.
SELECT r.row(10, 'W', 1, 1, 'P', '{1,2}', 2, 'C') \g /dev/null
SELECT r.row(11, 'W', 1, 1, 'P', '{1}', 1, 'A'), r.row(11, 'W', 1, 2, 'P', '{1,3}', 5, 'A') \g /dev/null
SELECT r.row(12, 'W', 2, 3, 'P', '{1,2}', 2, 'C') \g /dev/null
SELECT r.same($$SELECT subject_key, relation, status, session_role::text, purpose, command, scope, row_count, query FROM gdpr.access_log WHERE statement IN (r.number(10), r.number(11), r.number(12))
    ORDER BY statement, relation, subject_key$$,
  $$VALUES ('1', 'r.client', 'complete', 'desk', 'service', 'select', 'people', 2::bigint, 'fffffffffffffff6'), ('2', 'r.client', 'complete', 'desk', 'service', 'select', 'people', 2, 'fffffffffffffff6'),
    ('1', 'r.client', 'failed', 'desk', 'service', 'select', 'people', 1, 'fffffffffffffff5'), ('1', 'r.deal', 'failed', 'desk', 'service', 'select', 'people', 5, 'fffffffffffffff5'),
    ('3', 'r.deal', 'failed', 'desk', 'service', 'select', 'people', 5, 'fffffffffffffff5'),
    ('a@x.example', 'r.reader', 'complete', 'web', 'letters', 'select', 'people', 2, 'fffffffffffffff4'), ('b@x.example', 'r.reader', 'complete', 'web', 'letters', 'select', 'people', 2, 'fffffffffffffff4')$$,
  'one row for each read and person, by key whether numbers are keys or not');
SELECT r.same($$SELECT relation, people, row_count, scope FROM gdpr.access_statements WHERE statement IN (r.number(10), r.number(11), r.number(12)) ORDER BY statement, relation$$,
  $$VALUES ('r.client', 2::bigint, 2::bigint, 'people'), ('r.client', 1, 1, 'people'), ('r.deal', 2, 5, 'people'), ('r.reader', 2, 2, 'people')$$, 'one row for each statement and relation');

-- Longer ones: pieces overlap, and a person shows once.
SELECT r.row(20, 'B', 1, NULL, NULL, NULL, 0), r.row(20, 'S', NULL, 1, 'P', '{1,2,3}', 3), r.row(20, 'S', NULL, 1, 'P', '{3,4}', 2, NULL, 3), r.row(20, 'E', NULL, 1, 'P', '{4}', 1, 'C', 1, 25) \g /dev/null
SELECT r.same($$SELECT subject_key, status, row_count, session_role::text FROM gdpr.access_log WHERE statement = r.number(20) ORDER BY 1$$,
  $$VALUES ('1', 'complete', 6::bigint, 'desk'), ('2', 'complete', 6, 'desk'), ('3', 'complete', 6, 'desk'), ('4', 'complete', 6, 'desk')$$, 'pieces are put together, each person once, by whom it began');
SELECT r.same($$SELECT people, row_count, status FROM gdpr.access_statements WHERE statement = r.number(20)$$, $$VALUES (4::bigint, 6::bigint, 'complete')$$, 'and are counted once');
-- A leader that had nearly nothing to do wrote it whole; its workers went on.
SELECT r.row(21, 'W', 1, 1, 'P', '{1,2}', 2, 'C'), r.row(21, 'S', NULL, 1, 'P', '{2,5}', 2, NULL, 3) \g /dev/null
SELECT r.same($$SELECT subject_key, session_role::text, status FROM gdpr.access_log WHERE statement = r.number(21) ORDER BY 1$$,
  $$VALUES ('1', 'desk', 'complete'), ('2', 'desk', 'complete'), ('5', 'desk', 'complete')$$, 'what parallel workers reached belongs to the leader''s statement, each person once');
SELECT is((SELECT people FROM gdpr.access_statements WHERE statement = r.number(21)), 3::bigint, 'and is counted with it');

-- What did not close.
SELECT r.row(30, 'B', 1, 1, 'P', '{2}', 1), r.row(31, 'B', 1, 1, 'P', '{2}', 1, NULL, 2), r.row(31, 'S', NULL, 1, 'P', '{5}', 1, NULL, 2) \g /dev/null
BEGIN;
-- a drain that came by has found no file of this process
UPDATE gdpr_internal.access_process SET ended = NULL WHERE process = 1;
SELECT is((SELECT string_agg(DISTINCT status, ',') FROM gdpr.access_log WHERE statement = r.number(30)), 'running', 'without an end, while its process lives: running');
COMMIT;
SELECT is((SELECT string_agg(DISTINCT status, ',') FROM gdpr.access_log WHERE statement = r.number(31)), 'unclosed', 'without an end, its process gone: unclosed');
SELECT is((SELECT count(*) FROM gdpr.access_log WHERE statement = r.number(31)), 2::bigint, 'with whom it had reached');
SELECT r.row(32, 'W', 1, 1, 'P', '{5}', 1, 'L') \g /dev/null
SELECT is((SELECT status FROM gdpr.access_log WHERE statement = r.number(32)), 'left open', 'a cursor that was not read to its end is left open');
SELECT r.row(33, 'S', NULL, 1, 'P', '{5}', 1, NULL, 2) \g /dev/null
SELECT r.same($$SELECT subject_key, session_role::text, status FROM gdpr.access_log WHERE statement = r.number(33)$$, $$VALUES ('5', NULL::text, 'unclosed')$$,
  'whose beginning was lost is shown all the same');
-- "may reach all" counts while there is no end.
SELECT r.row(34, 'B', 1, 1, 'A', NULL, 0), r.row(34, 'E', NULL, 1, 'P', '{5}', 1, 'C'), r.row(35, 'B', 1, 1, 'A', NULL, 0, NULL, 2), r.row(36, 'B', 1, 1, 'A', NULL, 0), r.row(36, 'E', NULL, 1, 'A', NULL, 9, 'C') \g /dev/null
SELECT r.same($$SELECT scope, subject_key, status FROM gdpr.access_log WHERE statement = r.number(34)$$, $$VALUES ('people', '5', 'complete')$$, 'what might have reached all and ended says whom it reached');
SELECT r.same($$SELECT scope, subject_key, status FROM gdpr.access_log WHERE statement = r.number(35)$$, $$VALUES ('all', NULL::text, 'unclosed')$$, 'what might have reached all and did not end reached all');
SELECT r.same($$SELECT scope, subject_key, row_count FROM gdpr.access_log WHERE statement = r.number(36)$$, $$VALUES ('all', NULL::text, 9::bigint)$$, 'what reached all is one row');
SELECT r.row(37, 'B', 1, NULL, NULL, NULL, 0), r.row(37, 'S', NULL, 1, 'P', '{1,2}', 2), r.row(37, 'E', NULL, 1, 'A', NULL, 8, 'C') \g /dev/null
SELECT r.same($$SELECT scope, people, row_count FROM gdpr.access_statements WHERE statement = r.number(37)$$, $$VALUES ('all', NULL::bigint, 10::bigint)$$, 'all speaks for the statement');
SELECT r.row(38, 'W', 1, NULL, 'U', NULL, 3, 'C'), r.row(39, 'W', 1, 5, 'U', NULL, 4, 'C') \g /dev/null
SELECT r.same($$SELECT scope, relation, subject_type FROM gdpr.access_log WHERE statement IN (r.number(38), r.number(39)) ORDER BY statement$$,
  $$VALUES ('unknown', NULL::text, NULL::text), ('unknown', 'gdpr.audit_log', NULL)$$, 'reads of unknown people, and of the audit itself, are there');

-- Who read this person.
SELECT r.same($$SELECT statement, scope, status FROM gdpr.subject_access('client', '5')$$,
  $$SELECT r.number(n), s, t FROM (VALUES (21, 'people', 'complete'), (31, 'people', 'unclosed'), (32, 'people', 'left open'), (33, 'people', 'unclosed'), (34, 'people', 'complete'),
      (35, 'all', 'unclosed'), (36, 'all', 'complete'), (37, 'all', 'complete')) AS v(n, s, t)$$, 'a person''s reads, oldest first, with those of whole relations');
SELECT r.same($$SELECT count(*) FROM gdpr.subject_access('client', '1') WHERE statement = r.number(20)$$, $$VALUES (1::bigint)$$, 'a read in pieces once');
SELECT r.same($$SELECT statement FROM gdpr.subject_access('reader', 'b@x.example')$$, $$VALUES (r.number(12))$$, 'keys that are no numbers too');
SELECT is_empty($$SELECT * FROM gdpr.subject_access('reader', 'd@x.example')$$, 'who was not read has no reads');
SELECT is_empty($$SELECT 1 FROM gdpr.subject_access('citizen', '1')$$, 'the same number in another type is somebody else');
SELECT throws_ok($$SELECT * FROM gdpr.subject_access('clint', '1')$$, '42704', NULL, 'a subject type that does not exist is an error');
SELECT is_empty($$SELECT l.statement, l.relation FROM gdpr.access_log AS l WHERE l.subject_key IS NOT NULL AND l.subject_type <> 'gone' AND NOT EXISTS (
  SELECT FROM gdpr.subject_access(l.subject_type, l.subject_key) AS s WHERE s = l)
  AND NOT EXISTS (SELECT FROM gdpr_internal.access_read AS x WHERE x.statement = l.statement AND x.part = 'S')$$, 'the log and the person''s report say the same');

-- Since there is the person: made by another role than the one that read.
SELECT r.row(-100, 'W', 3, 1, 'A', NULL, 5, 'C') \g /dev/null
INSERT INTO r.client VALUES (6, 'Fi', 'IT');
SELECT r.row(40, 'W', 3, 1, 'A', NULL, 6, 'C') \g /dev/null
SELECT ok(r.number(-100) NOT IN (SELECT statement FROM gdpr.subject_access('client', '6')), 'a whole relation read before there was the person is not the person''s');
SELECT ok(r.number(40) IN (SELECT statement FROM gdpr.subject_access('client', '6')), 'one read afterwards is');
SELECT ok(r.number(-100) IN (SELECT statement FROM gdpr.subject_access('client', '5')), 'of whom it is not known since when, all are');

-- What did this account reach.
SELECT r.same($$SELECT subject_type, people, whole_relations, kinds, countries, statements, unknown_relations FROM gdpr.blast_radius('web', app_user => 'A@X.example')$$,
  $$VALUES ('reader', 2::bigint, NULL::text[], '{email}'::text[], NULL::jsonb, 1::bigint, NULL::text[])$$, 'a user''s: two people in one statement');
SELECT r.row(50, 'W', 2, 1, 'P', '{1,2,3}', 3, 'C'), r.row(51, 'W', 2, 1, 'P', '{2,4,77}', 3, 'C'), r.row(52, 'W', 2, 2, 'P', '{1}', 3, 'C') \g /dev/null
SELECT r.same($$SELECT subject_type, people, kinds, countries, statements FROM gdpr.blast_radius('web', from_time => (SELECT t FROM r.base) + interval '50 s')$$,
  $$VALUES ('client', 5::bigint, '{free_text,full_name,unclassified}'::text[], '{"DE": 2, "FR": 1, "unknown": 2}'::jsonb, 3::bigint)$$,
  'people, not the sum over reads; kinds of the columns that were read; countries, those of people who are gone unknown');
SELECT r.same($$SELECT people, statements FROM gdpr.blast_radius('web', from_time => (SELECT t FROM r.base) + interval '51 s', to_time => (SELECT t FROM r.base) + interval '52 s')$$,
  $$VALUES (3::bigint, 1::bigint)$$, 'only of that time');
SELECT r.same($$SELECT people, whole_relations, countries FROM gdpr.blast_radius('boss')$$,
  $$VALUES (6::bigint, '{r.client}'::text[], '{"DE": 3, "FR": 1, "IT": 1, "unknown": 1}'::jsonb)$$, 'who read the whole relation reached everybody');
SELECT r.same($$SELECT subject_type, unknown_relations FROM gdpr.blast_radius('desk') WHERE subject_type IS NULL$$,
  $$VALUES (NULL::text, '{gdpr.audit_log,unknown}'::text[])$$, 'what reached unknown people is named');
SELECT is((SELECT whole_relations FROM gdpr.blast_radius('desk', from_time => (SELECT t FROM r.base) + interval '60 s')), '{r.client}', 'what began before and may still have reached all counts');
SELECT is_empty($$SELECT * FROM gdpr.blast_radius('nobody')$$, 'who read nothing reached nobody');
SELECT r.row(53, 'W', 3, 7, 'P', '{4}', 1, 'C') \g /dev/null
SELECT r.same($$SELECT people, kinds, countries FROM gdpr.blast_radius('boss') WHERE subject_type = 'gone'$$, $$VALUES (1::bigint, NULL::text[], NULL::jsonb)$$, 'of a type that is gone, how many');

-- After a withdrawal.
SELECT gdpr.add_purpose('letters', 'consent'), gdpr.add_purpose('news', 'consent') \g /dev/null
SELECT gdpr.record_consent('reader', 'a@x.example', 'accepted', 'letters', medium => 'email'), gdpr.record_consent('reader', 'a@x.example', 'withdrawn', 'letters', medium => 'email'),
  gdpr.record_consent('reader', 'b@x.example', 'accepted', 'letters', medium => 'email'), gdpr.record_consent('reader', 'c@x.example', 'accepted', NULL, medium => 'email') ,
  gdpr.record_consent('reader', 'c@x.example', 'withdrawn', NULL, medium => 'email') \g /dev/null
SELECT is_empty($$SELECT * FROM gdpr.access_after_withdrawal('reader') WHERE at < now()$$, 'reads before a withdrawal are none after it');
SELECT r.row(60, 'W', 2, 3, 'P', '{1,2}', 2, 'C'), r.row(61, 'W', 1, 3, 'P', '{1}', 2, 'C'), r.row(62, 'W', 2, 3, 'P', '{3}', 1, 'C') \g /dev/null
SELECT r.same($$SELECT subject_key, claimed_purpose, statement, session_role::text FROM gdpr.access_after_withdrawal('reader', 'letters') WHERE statement >= r.number(60) ORDER BY 1$$,
  $$VALUES ('a@x.example', 'letters', r.number(60), 'web'), ('c@x.example', 'letters', r.number(62), 'web')$$,
  'who withdrew and was read for it afterwards; the general consent too, for purposes without a decision');
SELECT is_empty($$SELECT * FROM gdpr.access_after_withdrawal('reader', 'news')$$, 'for what nobody claimed, nothing');
SELECT r.row(63, 'W', 2, 3, 'A', NULL, 4, 'C') \g /dev/null
SELECT r.same($$SELECT subject_key, scope FROM gdpr.access_after_withdrawal('reader') WHERE statement = r.number(63)$$, $$VALUES (NULL::text, 'all')$$, 'a whole relation once, without a key');
SELECT gdpr.record_consent('reader', 'a@x.example', 'accepted', 'letters', medium => 'email') \g /dev/null
SELECT is_empty($$SELECT * FROM gdpr.access_after_withdrawal('reader', 'letters') WHERE subject_key = 'a@x.example' AND at > clock_timestamp() + interval '20 s'$$, 'who agreed again may be read again');

-- Erasure.
CREATE FUNCTION r.traces(pattern text) RETURNS TABLE(place text, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
  FOR place IN SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace = 'gdpr_internal'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^access_' LOOP
    EXECUTE format('SELECT count(*) FROM %s AS t WHERE t::text ~* $1', place) INTO rows USING pattern;
    IF rows > 0 THEN RETURN NEXT; END IF;
  END LOOP;
END $$;
SELECT isnt_empty($$SELECT * FROM r.traces('a@x')$$, 'the search finds what is there');
SELECT is((SELECT count(*) FROM gdpr.subject_access('reader', 'a@x.example')), 4::bigint, 'with four reads');
SELECT gdpr.anonymize_subject('reader', 'a@x.example', 'asked') \g /dev/null
SELECT is_empty($$SELECT * FROM r.traces('a@x')$$, 'a personal key, and who an application said its user was, are gone');
SELECT isnt_empty($$SELECT * FROM r.traces('b@x')$$, 'others'' stay');
SELECT is((SELECT count(*) FROM gdpr.subject_access('reader', (SELECT subject_key FROM gdpr.certificates WHERE subject_type = 'reader' ORDER BY erasure DESC LIMIT 1))), 4::bigint,
  'who read the person stays, under the certificate''s digest');
SELECT is((SELECT (app_user, client_address, session_role)::text FROM gdpr_internal.access_actor WHERE actor = 2), '(,,web)', 'the role that read stays');
SELECT is((SELECT app_user FROM gdpr_internal.access_actor WHERE actor = 1), 'mary', 'other users stay');
SELECT ok(gdpr_internal.is_erased_claim('A@x.example', now() - interval '1 minute'), 'what still waits in the spool loses the claim when it is drained');
SELECT ok(NOT gdpr_internal.is_erased_claim('mary', now() - interval '1 minute'), 'others'' does not');
-- A personal key that is a number stands in the sets themselves.
SELECT r.row(70, 'W', 1, 4, 'P', '{900001,900002}', 2, 'C'), r.row(71, 'W', 1, 4, 'P', '{900001}', 1, 'C') \g /dev/null
SELECT gdpr.anonymize_subject('citizen', '900001', 'asked') \g /dev/null
SELECT is_empty($$SELECT * FROM gdpr.access_log WHERE subject_key = '900001'$$, 'a personal number leaves the sets');
SELECT is((SELECT count(*) FROM gdpr.access_log WHERE subject_key = '900002'), 1::bigint, 'others'' do not');
SELECT r.same($$SELECT statement, session_role::text, status FROM gdpr.subject_access('citizen', (SELECT subject_key FROM gdpr.certificates WHERE subject_type = 'citizen'))$$,
  $$VALUES (r.number(70), 'desk', 'complete'), (r.number(71), 'desk', 'complete')$$, 'and is found under the digest');
-- Keys that were changed and handed on.
INSERT INTO r.reader VALUES ('k1@x.example', 'K') \g /dev/null
INSERT INTO gdpr_internal.access_person (person, subject_type, subject_key) VALUES (50, 'reader', 'k1@x.example'), (51, 'reader', 'k2@x.example') \g /dev/null
SELECT r.row(-10, 'W', 1, 3, 'P', '{50}', 1, 'C') \g /dev/null
UPDATE r.reader SET mail = 'k2@x.example' WHERE mail = 'k1@x.example' \g /dev/null
SELECT r.row(80, 'W', 1, 3, 'P', '{51}', 1, 'C'), r.row(81, 'W', 1, 3, 'P', '{50}', 1, 'C') \g /dev/null
SELECT r.same($$SELECT statement FROM gdpr.subject_access('reader', 'k2@x.example') WHERE scope = 'people'$$, $$VALUES (r.number(-10)), (r.number(80))$$,
  'reads under a former key are the person''s, those of who has that key now are not');
SELECT gdpr.anonymize_subject('reader', 'k2@x.example', 'asked') \g /dev/null
SELECT r.same($$SELECT statement FROM gdpr.subject_access('reader', (SELECT subject_key FROM gdpr.certificates WHERE subject_type = 'reader' ORDER BY erasure DESC LIMIT 1)) WHERE scope = 'people'$$,
  $$VALUES (r.number(-10)), (r.number(80))$$, 'both keys become one digest');
SELECT is_empty($$SELECT * FROM r.traces('k2@x')$$, 'the key of today is gone');
SELECT r.same($$SELECT subject_key FROM gdpr.access_log WHERE statement = r.number(81)$$, $$VALUES ('k1@x.example')$$, 'who has the former key now keeps it');
DELETE FROM gdpr_internal.access_read WHERE statement = r.number(81) \g /dev/null
SELECT gdpr.anonymize_subject('client', '1', 'asked', unclassified => 'keep') \g /dev/null
SELECT ok((SELECT count(*) > 3 FROM gdpr.subject_access('client', '1')), 'a key that is a number without meaning stays');

-- Statistics would keep names of users that an erasure takes.
ANALYZE gdpr_internal.access_actor;
SELECT is_empty($$SELECT s.tablename, s.attname FROM pg_stats AS s WHERE s.schemaname = 'gdpr_internal' AND s.tablename ~ 'app_user|_lower_'$$, 'no statistics on users of applications');
SELECT is_empty($$SELECT i.indexrelid::regclass FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_attribute AS a ON a.attrelid = c.oid
  WHERE c.relnamespace = 'gdpr_internal'::regnamespace AND i.indexprs IS NOT NULL AND a.attstattarget <> 0$$, 'nor on any expression that is indexed here');

-- What is lost is said.
SELECT is((SELECT dropped FROM gdpr.unaudited()), 0::bigint, 'nothing is lost');
SET gdpr.audit_reads = on;
SELECT is_empty($$SELECT * FROM gdpr_internal.doctor_reads() WHERE severity <> 'info'$$, 'and the doctor has nothing to say');
INSERT INTO gdpr_internal.access_incident (kind, amount) VALUES ('dropped', 3), ('dropped', 4), ('damaged', 1) \g /dev/null
SELECT r.same('SELECT dropped, damaged, refused FROM gdpr.unaudited()', 'VALUES (7, 1, 0)', 'what is lost is counted');
SELECT is((SELECT string_agg(substring(finding, '^\d+ \w+'), ', ' ORDER BY finding) FROM gdpr.doctor() WHERE object = 'reads' AND severity = 'warning'),
  '1 frames, 7 statements', 'and the doctor names it');
SELECT ok((SELECT capturing FROM gdpr.unaudited()), 'reads are recorded');
SET gdpr.audit_reads = off;
SELECT r.same('SELECT capturing, reason IS NOT NULL FROM gdpr.unaudited()', 'VALUES (false, true)', 'that nothing is recorded is said, with the reason');
SELECT isnt_empty($$SELECT * FROM gdpr.doctor() WHERE object = 'reads' AND finding ~ 'not recorded'$$, 'by the doctor, too');

-- Rights.
\o /dev/null
CREATE ROLE tap_auditor; CREATE ROLE tap_dpo; CREATE ROLE tap_night; CREATE ROLE tap_none;
SELECT gdpr.grant_bundle('auditor', 'tap_auditor'), gdpr.grant_bundle('dpo', 'tap_dpo'), gdpr.grant_bundle('operator', 'tap_night');
GRANT USAGE ON SCHEMA r, gdpr TO tap_auditor, tap_dpo, tap_night, tap_none;
\o
SET ROLE tap_auditor;
SELECT lives_ok($$SELECT count(*) FROM gdpr.access_log$$, 'an auditor reads the log');
SELECT lives_ok($$SELECT * FROM gdpr.access_statements$$, 'and its statements');
SELECT lives_ok($$SELECT gdpr.subject_access('client', '1'), gdpr.blast_radius('web'), gdpr.access_after_withdrawal('reader'), gdpr.unaudited()$$, 'and every report');
SET ROLE tap_dpo;
SELECT lives_ok($$SELECT gdpr.subject_access('client', '1'), gdpr.blast_radius('web'), gdpr.access_after_withdrawal('reader'), gdpr.unaudited() FROM gdpr.access_log LIMIT 1$$, 'a DPO too');
SET ROLE tap_night;
SELECT throws_ok($$SELECT * FROM gdpr.access_log$$, '42501', NULL, 'the night''s role does not');
SELECT lives_ok($$SELECT gdpr.unaudited()$$, 'but sees what waits');
SET ROLE tap_none;
SELECT throws_ok($$SELECT gdpr.subject_access('client', '1')$$, '42501', NULL, 'others see nothing');
SELECT throws_ok($$SELECT gdpr.unaudited()$$, '42501', NULL, 'nothing at all');
RESET ROLE;
\o /dev/null
DROP OWNED BY tap_auditor, tap_dpo, tap_night, tap_none; DROP ROLE tap_auditor, tap_dpo, tap_night, tap_none;
\o
SELECT * FROM finish();
