-- SPDX-License-Identifier: PostgreSQL
-- Import of opt-out lists. Laws: people whom we know get one event each; of addresses that belong to nobody the
-- digest is kept; a chunk happens once; a list again changes nothing; what was said after the list was made stays.
SET client_min_messages = error;
CREATE SCHEMA t;
SELECT plan(71);
CREATE TABLE t.client (id int PRIMARY KEY, mail text, phone text);
CREATE TABLE t.mailbox (id int PRIMARY KEY, client int NOT NULL REFERENCES t.client, address text);
CREATE TABLE t.lead (mail text PRIMARY KEY, note text);
INSERT INTO t.client SELECT i, CASE WHEN i <> 9 THEN format('C%s@example.org', i) END, '+49 30 ' || 55500 + i FROM generate_series(1, 20) AS i;
INSERT INTO t.mailbox VALUES (1, 3, 'three@work.example.net'), (2, 4, 'C5@example.org');
INSERT INTO t.lead VALUES ('c1@example.org'), ('lead@example.org'), ('gone@example.org');
SELECT gdpr.register_subject('client', 't.client'), gdpr.register_subject('lead', 't.lead'), gdpr.add_link('client', 't.mailbox', '{client}') \g /dev/null
SELECT gdpr.classify(r, c, k) FROM (VALUES ('t.client'::regclass, 'mail', 'email'), ('t.client', 'phone', 'phone'), ('t.mailbox', 'address', 'email'),
  ('t.lead', 'mail', 'email'), ('t.lead', 'note', 'free_text')) AS v(r, c, k) \g /dev/null
SELECT gdpr.add_purpose('letter', 'legitimate_interests', marketing => true), gdpr.add_purpose('survey', 'legitimate_interests'),
  gdpr.grant_purpose('letter', 'postgres', campaign => true), gdpr.grant_purpose('survey', 'postgres', campaign => true) \g /dev/null

-- A whole import. NULL kinds: as they are asked for one after the other.
CREATE FUNCTION t.prepare(run bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
  WHILE gdpr.import_optouts_prepare(run) > 0 LOOP END LOOP; RETURN run; END $$;
CREATE FUNCTION t.import(list text[], kind text DEFAULT 'address', channel text DEFAULT 'email', purpose text DEFAULT NULL, options jsonb DEFAULT '{}',
  types text[] DEFAULT NULL, rows_each int DEFAULT 3) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  run bigint := t.prepare(gdpr.import_optouts_start(channel, purpose, kind, 'test list', types, options));
  done record;
BEGIN
  FOR i IN 0 .. (cardinality(list) - 1) / rows_each LOOP
    PERFORM gdpr.import_optouts_chunk(run, i + 1, list[i * rows_each + 1 : (i + 1) * rows_each]);
  END LOOP;
  done := gdpr.import_optouts_finish(run);
  RETURN format('%s matched, %s people, %s kept, %s already, %s newer, %s invalid', done.matched, done.people, done.kept, done.already, done.newer, done.invalid);
END $$;
CREATE FUNCTION t.who(subject_type text, purpose text, channel text) RETURNS text LANGUAGE sql AS
  $$SELECT coalesce(string_agg(a, ',' ORDER BY length(a), a), '') FROM gdpr.audience($1, $2, $3) AS a$$;
-- Everything that an import could change.
CREATE FUNCTION t.sums() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  name text; n bigint; sum text; result text := '';
BEGIN
  FOREACH name IN ARRAY '{suppression,suppression_kind,consent_event,consent_detail,consent_state,opt_out,consent_batch,client_allowed,lead_allowed,optout_address,optout_page}'::text[] LOOP
    EXECUTE format('SELECT count(*), md5(string_agg(x::text, '','' ORDER BY x::text)) FROM gdpr_internal.%I AS x', name) INTO n, sum;
    result := result || format('%s %s %s; ', name, n, sum);
  END LOOP;
  RETURN result;
END $$;
CREATE TABLE t.kept (step text, sums text);

-- A preview counts the same and changes nothing.
INSERT INTO t.kept SELECT 'start', t.sums();
SELECT is(t.import(list, options => '{"dry_run": true}'), '5 matched, 7 people, 2 kept, 4 already, 0 newer, 3 invalid', 'a preview counts') FROM
  (SELECT ARRAY['c1@EXAMPLE.org', ' three@work.example.net', 'nobody@example.org', 'not-an-address', 'C2@example.org', 'c2@example.org',
     '', 'c5@example.org', 'nobody@Example.org', 'other@example.org', 'c3@example.org', NULL, 'c1@example.org', 'lead@example.org'] AS list) AS l;
SELECT is(t.sums(), (SELECT sums FROM t.kept WHERE step = 'start'), 'a preview changes nothing');
SELECT is_empty('SELECT FROM gdpr_internal.run', 'and is in no ledger');
-- The import: client 5 and mailbox of client 4 share an address, client 1 and a lead, too.
CREATE TABLE t.list AS SELECT ARRAY['c1@EXAMPLE.org', ' three@work.example.net', 'nobody@example.org', 'not-an-address', 'C2@example.org', 'c2@example.org',
     '', 'c5@example.org', 'nobody@Example.org', 'other@example.org', 'c3@example.org', NULL, 'c1@example.org', 'lead@example.org'] AS list;
SELECT is(t.import(list), '5 matched, 7 people, 2 kept, 4 already, 0 newer, 3 invalid', 'the import counts like its preview') FROM t.list;
SELECT results_eq($$SELECT (subject_type || ' ' || subject_key) COLLATE "default" FROM gdpr.opt_outs ORDER BY 1$$, $$VALUES ('client 1'), ('client 2'), ('client 3'), ('client 4'), ('client 5'),
  ('lead c1@example.org'), ('lead lead@example.org')$$, 'whoever has a listed address is opted out');
SELECT results_eq($$SELECT DISTINCT kind, medium, channel, purpose COLLATE "default", owner::text COLLATE "default", batch IS NOT NULL, detail_digest IS NULL FROM gdpr_internal.consent_event$$,
  $$VALUES ('opted_out', 'import', 'email', '', 'postgres', true, true)$$, 'by an event with medium import');
SELECT results_eq($$SELECT subject_type, action, selection, people, comment, owner::text COLLATE "default" FROM gdpr_internal.consent_batch ORDER BY 1$$,
  $$VALUES ('client', 'opted_out', 'test list', 5::bigint, 'opt-out list: test list', 'postgres'), ('lead', 'opted_out', 'test list', 2, 'opt-out list: test list', 'postgres')$$, 'and one batch for each type');
SELECT is_empty('SELECT event FROM gdpr_internal.opt_out EXCEPT SELECT event FROM gdpr_internal.consent_event', 'each opt-out has its event');
SELECT is_empty('SELECT batch FROM gdpr_internal.consent_event EXCEPT SELECT batch FROM gdpr_internal.consent_batch', 'each event its batch');
SELECT results_eq($$SELECT kind COLLATE "default", turn, run IS NOT NULL, reason IS NULL, count(*) FROM gdpr_internal.suppression GROUP BY 1, 2, 3, 4$$,
  $$VALUES ('address', 1, true, true, 2::bigint)$$, 'what belongs to nobody is kept, with its run');
SELECT ok(gdpr.is_suppressed('email', 'Nobody@example.org') AND gdpr.is_suppressed('email', 'other@example.org') AND NOT gdpr.is_suppressed('email', 'c1@example.org'),
  'suppressed, as a digest; people''s addresses are not');
SELECT is_empty($$SELECT s FROM gdpr_internal.suppression AS s WHERE s::text ~* 'example|nobody'$$, 'nothing personal is kept of unknown addresses');
SELECT is_empty($$SELECT c FROM gdpr_internal.chunk AS c WHERE c::text ~* 'example|nobody|c1@'$$, 'nor in the ledger');
SELECT is_empty('SELECT FROM gdpr_internal.optout_address UNION ALL SELECT FROM gdpr_internal.optout_page', 'nor what people were found by');
SELECT results_eq($$SELECT job, subject_type, state, people, chunks, (SELECT sum(changed) FROM gdpr_internal.chunk AS c WHERE c.run = r.run) FROM gdpr_internal.run AS r$$,
  $$VALUES ('import-optouts', '*', 'finished', 14::bigint, 5, 7::bigint)$$, 'the ledger has the run');
SELECT is(t.who('client', 'letter', 'email'), '6,7,8,9,10,11,12,13,14,15,16,17,18,19,20', 'no matched person is in an audience');
SELECT is(t.who('client', 'survey', 'email'), '6,7,8,9,10,11,12,13,14,15,16,17,18,19,20', 'for any purpose');
SELECT is(t.who('client', 'letter', 'sms'), '1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20', 'through this channel');
-- Again.
INSERT INTO t.kept SELECT 'imported', t.sums();
SELECT is(t.import(list), '0 matched, 0 people, 0 kept, 11 already, 0 newer, 3 invalid', 'the same list again') FROM t.list;
SELECT is(t.sums(), (SELECT sums FROM t.kept WHERE step = 'imported'), 'changes nothing');
SELECT is(t.import(list, rows_each => 100), '0 matched, 0 people, 0 kept, 11 already, 0 newer, 3 invalid', 'however it is cut') FROM t.list;
SELECT is(t.sums(), (SELECT sums FROM t.kept WHERE step = 'imported'), 'nothing');

-- Types, purposes, channels.
SELECT is(t.import('{c6@example.org,C1@example.org}', types => '{lead}'), '0 matched, 0 people, 1 kept, 1 already, 0 newer, 0 invalid', 'people of other types are nobody');
SELECT is(t.who('client', 'letter', 'email'), '7,8,9,10,11,12,13,14,15,16,17,18,19,20', 'and are not written to, either');
SELECT is(t.import('{c7@example.org}', purpose => 'letter', types => '{client}'), '1 matched, 1 people, 0 kept, 0 already, 0 newer, 0 invalid', 'a list for one purpose');
SELECT is(t.who('client', 'survey', 'email'), '7,8,9,10,11,12,13,14,15,16,17,18,19,20', 'leaves the others');
SELECT is(t.who('client', 'letter', 'email'), '8,9,10,11,12,13,14,15,16,17,18,19,20', 'and closes this one');
SELECT is(t.import('{0049 30 55508,+49 30/55520,call me}', channel => 'sms'), '2 matched, 2 people, 0 kept, 0 already, 0 newer, 1 invalid', 'a list of phone numbers');
SELECT is(t.who('client', 'letter', 'sms'), '1,2,3,4,5,6,7,9,10,11,12,13,14,15,16,17,18,19', 'closes the channel');
-- Digests and domains.
SELECT is(t.import(ARRAY[md5('c8@example.org'), upper(md5('unknown@example.org')), 'xyz'], kind => 'md5'), '1 matched, 1 people, 1 kept, 0 already, 0 newer, 1 invalid', 'a list of MD5 digests');
SELECT ok(gdpr.is_suppressed('email', 'Unknown@example.org') AND NOT gdpr.is_suppressed('email', 'c8@example.org'), 'suppresses unknown addresses by them');
INSERT INTO t.client VALUES (21, 'unknown@example.org', NULL), (22, 'nobody@example.org', NULL);
SELECT is(t.who('client', 'letter', 'email'), '9,10,11,12,13,14,15,16,17,18,19,20', 'whoever turns up with them');
SELECT is(t.import(ARRAY[encode(sha256('c10@example.org'), 'hex')], kind => 'sha256'), '1 matched, 1 people, 0 kept, 0 already, 0 newer, 0 invalid', 'a list of SHA-256 digests');
SELECT is(t.import('{@example.org,work.example.net,.example.fr,com}', kind => 'domain'), '0 matched, 0 people, 3 kept, 0 already, 0 newer, 1 invalid', 'a list of domains is nobody''s wish');
SELECT is(t.who('client', 'letter', 'email'), '9', 'and closes them all');
SELECT gdpr.lift_suppression('email', '@example.org', 'test') \g /dev/null

-- What was said later stays: here between two lists, and during one.
CREATE TABLE t.day AS SELECT clock_timestamp() AS made;
SELECT gdpr.opt_in('client', '2', 'email'), gdpr.opt_in('client', '7', 'email', 'letter'), gdpr.lift_suppression('email', 'other@example.org', 'asked') \g /dev/null
INSERT INTO t.kept SELECT 'opted in', t.sums();
SELECT is(t.import('{c2@example.org,other@example.org,c1@example.org}', options => jsonb_build_object('dated', made)), '0 matched, 0 people, 0 kept, 1 already, 2 newer, 0 invalid',
  'who opted in, or was lifted, after the list was made stays') FROM t.day;
SELECT is(t.import('{c7@example.org}', purpose => 'letter', options => jsonb_build_object('dated', made)), '0 matched, 0 people, 0 kept, 0 already, 1 newer, 0 invalid', 'for its purpose, too') FROM t.day;
SELECT is(t.sums(), (SELECT sums FROM t.kept WHERE step = 'opted in'), 'nothing is changed by it');
SELECT is(t.import('{c2@example.org,other@example.org,c1@example.org}'), '1 matched, 1 people, 1 kept, 1 already, 0 newer, 0 invalid', 'a list of today takes it back');
SELECT ok(gdpr.is_suppressed('email', 'other@example.org'), 'and suppresses again');
SELECT gdpr.record_consent('client', '11', 'accepted', 'survey2', 'email') FROM gdpr.add_purpose('survey2') \g /dev/null
SELECT is(t.import('{c11@example.org}', purpose => 'survey2', options => jsonb_build_object('dated', made)), '0 matched, 0 people, 0 kept, 0 already, 1 newer, 0 invalid',
  'who accepted the purpose since then stays') FROM t.day;
SELECT is(t.import('{c11@example.org}', purpose => 'survey', options => jsonb_build_object('dated', made)), '1 matched, 1 people, 0 kept, 0 already, 0 newer, 0 invalid', 'for this purpose only') FROM t.day;

-- A chunk happens once; out of order; after run_cancel() never.
CREATE TABLE t.run AS SELECT t.prepare(gdpr.import_optouts_start('email', NULL, 'address', 'odd list')) AS run;
SELECT results_eq($$SELECT c.* FROM t.run, gdpr.import_optouts_chunk(run, 7, '{c12@example.org,once@example.org,"",x}') AS c$$, $$VALUES (1::bigint, 1::bigint, 1::bigint, 0::bigint, 0::bigint, '{3,4}'::int[])$$, 'a chunk');
INSERT INTO t.kept SELECT 'chunk', t.sums();
SELECT results_eq($$SELECT c.* FROM t.run, gdpr.import_optouts_chunk(run, 7, '{c12@example.org,once@example.org,"",x}') AS c$$, $$VALUES (1::bigint, 1::bigint, 1::bigint, 0::bigint, 0::bigint, '{3,4}'::int[])$$, 'again gives the same');
SELECT is(t.sums(), (SELECT sums FROM t.kept WHERE step = 'chunk'), 'and changes nothing');
SELECT results_eq($$SELECT c.* FROM t.run, gdpr.import_optouts_chunk(run, 2, '{}') AS c$$, $$VALUES (0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, '{}'::int[])$$, 'an empty chunk');

-- An erasure meanwhile: the address is nobody's then, and stays suppressed; the digests forget the person.
SELECT gdpr.anonymize_subject('client', '13', 'asked', 'keep'), gdpr.anonymize_subject('lead', 'gone@example.org', 'asked', 'keep') \g /dev/null
CALL gdpr.protect('client');
DELETE FROM t.client WHERE id IN (12, 14);
CALL gdpr.unprotect('client');
SELECT is_empty($$SELECT FROM gdpr_internal.optout_address WHERE subject_key IN ('12', '13', 'gone@example.org')$$, 'who leaves meanwhile leaves the digests');
SELECT results_eq($$SELECT c.matched, c.people, c.kept FROM t.run, gdpr.import_optouts_chunk(run, 8, '{c13@example.org,gone@example.org,c14@example.org}') AS c$$, $$VALUES (0::bigint, 0::bigint, 3::bigint)$$, 'and is nobody');
SELECT ok(gdpr.is_suppressed('email', 'C13@example.org') AND gdpr.is_suppressed('email', 'gone@example.org') AND gdpr.is_suppressed('email', 'c14@example.org'), 'whose address is suppressed');
-- A new person, or address, meanwhile.
UPDATE t.client SET mail = 'new15@example.org' WHERE id = 15;
SELECT results_eq($$SELECT c.matched, c.kept FROM t.run, gdpr.import_optouts_chunk(run, 9, '{new15@example.org}') AS c$$, $$VALUES (0::bigint, 1::bigint)$$, 'an address that came meanwhile is suppressed');
SELECT ok(t.who('client', 'letter', 'email') !~ '\m(12|13|14|15)\M', 'and none of them is in an audience');
-- The server crashed: unlogged tables are empty.
TRUNCATE gdpr_internal.optout_address, gdpr_internal.optout_page;
SELECT throws_ok($$SELECT gdpr.import_optouts_chunk(run, 10, '{c16@example.org}') FROM t.run$$, '55000', NULL, 'after a crash the digests must be made again');
SELECT t.prepare(run) FROM t.run \g /dev/null
SELECT results_eq($$SELECT c.matched FROM t.run, gdpr.import_optouts_chunk(run, 10, '{c16@example.org}') AS c$$, $$VALUES (1::bigint)$$, 'then it goes on');
SELECT gdpr.run_cancel(run) FROM t.run \g /dev/null
SELECT results_eq('SELECT state, people, chunks FROM gdpr_internal.run JOIN t.run USING (run)', $$VALUES ('cancelled', 9::bigint, 5)$$, 'what was done before it was given up stays');
SELECT is((SELECT sum(people) FROM gdpr_internal.consent_batch WHERE selection = 'odd list'), 2::numeric, 'with its batch');
SELECT throws_ok($$SELECT gdpr.import_optouts_chunk(run, 11, '{c17@example.org}') FROM t.run$$, '55000', NULL, 'and nothing more happens in it');
SELECT throws_ok($$SELECT gdpr.import_optouts_chunk(run, 7, '{c17@example.org}') FROM t.run$$, '55000', NULL, 'nor twice');
SELECT is_empty('SELECT FROM gdpr_internal.optout_address UNION ALL SELECT FROM gdpr_internal.optout_page', 'and nothing is left of what people were found by');
-- A killed one is given up by the next.
SELECT gdpr.import_optouts_start('email', NULL, 'address', 'killed list') \g /dev/null
SELECT is(t.import('{c18@example.org}'), '1 matched, 1 people, 0 kept, 0 already, 0 newer, 0 invalid', 'the next import');
SELECT is((SELECT state FROM gdpr_internal.run WHERE options->>'source' = 'killed list'), 'cancelled', 'gives up the one that was killed');

-- Without the key nothing begins and nothing is half done.
CREATE TABLE t.last AS SELECT t.prepare(gdpr.import_optouts_start('email', NULL, 'address', 'last list')) AS run;
INSERT INTO t.kept SELECT 'key', t.sums();
SET gdpr.key_file = '/nonexistent/gdpr.key';
SELECT throws_ok($$SELECT gdpr.import_optouts_start('email', NULL, 'address', 'x')$$, '55000', NULL, 'no start without the key');
SELECT throws_ok($$SELECT gdpr.import_optouts_chunk(run, 1, '{c19@example.org,z@example.org}') FROM t.last$$, '55000', NULL, 'no chunk without the key');
RESET gdpr.key_file;
SELECT is(t.sums(), (SELECT sums FROM t.kept WHERE step = 'key'), 'nothing half done');
SELECT throws_ok(statement, code, NULL, statement) FROM (VALUES
  ($$SELECT gdpr.import_optouts_start(NULL, NULL, 'address', 'x')$$, '22004'), ($$SELECT gdpr.import_optouts_start('email', NULL, 'crc', 'x')$$, '22023'),
  ($$SELECT gdpr.import_optouts_start('email', NULL, 'address', ' ')$$, '22004'), ($$SELECT gdpr.import_optouts_start('sms', NULL, 'domain', 'x')$$, '22023'),
  ($$SELECT gdpr.import_optouts_start('email', 'nothing', 'address', 'x')$$, '42704'), ($$SELECT gdpr.import_optouts_start('email', NULL, 'address', 'x', '{nobody}')$$, '42704'),
  ($$SELECT gdpr.import_optouts_start('email', NULL, 'address', 'x', options => '{"dated": "2999-01-01"}')$$, '22023'),
  ($$SELECT gdpr.import_optouts_chunk(0, 1, '{a@b.org}')$$, '42704')) AS v(statement, code);
SELECT * FROM finish();
