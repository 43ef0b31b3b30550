-- SPDX-License-Identifier: PostgreSQL
-- From the spool into tables. Law: what was spooled becomes rows once, whatever is rolled back in between; links are
-- followed to the people that plain SQL finds, and nothing that is gone, wrong or locked on the way loses a read.
SET client_min_messages = error;
SELECT plan(68);
\o /dev/null
SELECT gdpr.create_key();
CREATE SCHEMA d;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TABLE d.person (id int PRIMARY KEY, mail citext UNIQUE, name text);
CREATE TABLE d.member (club text, no bigint, name text, PRIMARY KEY (club, no));
CREATE TABLE d.reader (mail text PRIMARY KEY, name text);
CREATE TABLE d.orders (id uuid PRIMARY KEY, person_id bigint, club text, no int, note text);
CREATE TABLE d.item (id int PRIMARY KEY, order_id uuid, what text);
CREATE TABLE d.part (id int PRIMARY KEY, item_id int, what text);
CREATE TABLE d.letter (id int PRIMARY KEY, sender text, body text);
CREATE TABLE d.note (id int PRIMARY KEY, of_type text, of_id text, body text);
CREATE TABLE d.loan (id int PRIMARY KEY, reader text, book text);
CREATE TABLE d.thing (id int PRIMARY KEY, what text);
SELECT gdpr.classify('d.reader', 'mail', 'email'), gdpr.classify('d.reader', 'name', 'full_name'), gdpr.classify('d.loan', 'book', 'not_personal'), gdpr.classify('d.loan', 'reader', 'email');
SELECT gdpr.register_subject('person', 'd.person'), gdpr.register_subject('member', 'd.member'), gdpr.register_subject('reader', 'd.reader');
SELECT gdpr.add_link('person', 'd.orders', '{person_id}'), gdpr.add_link('member', 'd.orders', '{club,no}'),
  gdpr.add_link('person', 'd.item', '{order_id}', 'd.orders', '{id}'), gdpr.add_link('member', 'd.item', '{order_id}', 'd.orders', '{id}'),
  gdpr.add_link('person', 'd.part', '{item_id}', 'd.item', '{id}'),
  gdpr.add_link('person', 'd.letter', '{sender}', 'd.person', '{mail}'),
  gdpr.add_link('person', 'd.note', '{of_id}', discriminator => 'of_type', discriminator_value => 'Person'),
  gdpr.add_link('reader', 'd.loan', '{reader}');
-- from before the audit, which would refuse it
INSERT INTO d.loan SELECT 3, string_agg(md5(g::text), ''), 'b' FROM generate_series(1, 200) AS g;
SELECT gdpr.audit(r) FROM unnest('{d.person,d.member,d.reader,d.orders,d.item,d.part,d.letter,d.note,d.loan,d.thing}'::regclass[]) AS r;
INSERT INTO d.person SELECT g, format('P%s@x.example', g), 'n' FROM generate_series(1, 3000) AS g;
INSERT INTO d.member VALUES ('chess', 1, 'm'), ('go, "old"', 2, 'm'), ('a\b', 3, 'm');
INSERT INTO d.reader VALUES ('ann@x.example', 'Ann'), ('bo@x.example', 'Bo'), ('cy@x.example', 'Cy');
INSERT INTO d.orders VALUES (md5('1')::uuid, 1, 'chess', 1), (md5('2')::uuid, 2, 'go, "old"', 2), (md5('3')::uuid, NULL, 'a\b', 3),
  (md5('4')::uuid, NULL, NULL, NULL);
INSERT INTO d.item VALUES (1, md5('1')::uuid), (2, md5('2')::uuid), (3, md5('3')::uuid), (4, md5('4')::uuid), (5, NULL), (6, md5('gone')::uuid);
INSERT INTO d.part VALUES (1, 1), (2, 2), (3, 99);
INSERT INTO d.letter VALUES (1, 'p7@X.example'), (2, 'nobody@x.example');
INSERT INTO d.note VALUES (1, 'Person', '8'), (2, 'Person', '08'), (3, 'Dog', '8'), (4, 'Person', 'eight');
INSERT INTO d.loan VALUES (1, 'ann@x.example', 'b'), (2, 'bo@x.example', 'b');
INSERT INTO d.thing VALUES (1, 'x');

-- What one statement's record says: each entry with its relation, scope and people. While the transaction lasts nobody
-- else drains.
CREATE FUNCTION d.reached(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM gdpr_internal.lock_drain();
  PERFORM gdpr.drain_access();
  DELETE FROM d.seen;
  INSERT INTO d.seen SELECT DISTINCT r.statement FROM gdpr_internal.access_read AS r;
  EXECUTE statement;
  PERFORM gdpr.drain_access();
  RETURN (SELECT string_agg(e.line, '; ' ORDER BY e.line COLLATE "C") FROM (
    SELECT concat_ws(' ', p.relation_name, r.scope, p.subject_type, (
      SELECT string_agg(coalesce(k.subject_key, m::text), ',' ORDER BY coalesce(k.subject_key, m::text) COLLATE "C")
      FROM gdpr_internal.set_members(r.people) AS m LEFT JOIN gdpr_internal.access_person AS k ON NOT p.native AND k.person = m)) AS line
    FROM gdpr_internal.access_read AS r JOIN gdpr_internal.access_place AS p ON p.place = r.place
    WHERE p.relation_schema = 'd' AND NOT EXISTS (SELECT FROM d.seen AS s WHERE s.statement = r.statement)) AS e);
END
$$;
CREATE TABLE d.seen (statement bigint PRIMARY KEY);
\o

-- People, by every kind of link.
SELECT is(d.reached('SELECT name FROM d.person WHERE id = 3'), 'person P person 3', 'a_persons_row_is_the_persons');
SELECT is(d.reached('SELECT name FROM d.person WHERE id IN (5, 4)'), 'person P person 4,5', 'rows_of_several_are_theirs');
SELECT is(d.reached($$SELECT name FROM d.reader WHERE mail = 'ann@x.example'$$), 'reader P reader ann@x.example', 'a_text_key_is_written_as_it_is');
SELECT is(d.reached($$SELECT name FROM d.member WHERE club = 'go, "old"' AND no = 2$$), 'member P member ("go, ""old""",2)', 'a_key_of_two_columns_is_a_row_literal');
SELECT is(d.reached('SELECT note FROM d.orders WHERE person_id = 1'), 'orders P member (chess,1); orders P person 1', 'a_link_by_key_and_one_of_two_columns');
SELECT is(d.reached('SELECT what FROM d.item WHERE id = 2'), 'item P member ("go, ""old""",2); item P person 2', 'a_link_by_way_of_another_table');
SELECT is(d.reached('SELECT what FROM d.item WHERE id = 3'), 'item N person; item P member ("a\\b",3)', 'what_leads_to_nobody_is_nobodys');
SELECT is(d.reached('SELECT what FROM d.part WHERE id = 2'), 'part P person 2', 'two_tables_on_the_way');
SELECT is(d.reached('SELECT what FROM d.part WHERE id = 3'), 'part U person', 'a_parent_that_is_gone_leaves_a_read_of_unknown_people');
SELECT is(d.reached('SELECT body FROM d.letter WHERE id = 1'), 'letter P person 7', 'a_link_by_value_is_followed_by_the_columns_own_equality');
SELECT is(d.reached('SELECT body FROM d.note WHERE id = 1'), 'note P person 8', 'a_discriminator_says_whose_a_row_is');
SELECT is(d.reached('SELECT body FROM d.note WHERE id = 2'), 'note P person 8', 'another_spelling_of_a_key_is_the_same_person');
SELECT is(d.reached('SELECT body FROM d.note WHERE id = 4'), 'note U person', 'what_can_be_nobodys_key_is_unknown');
SELECT is(d.reached('SELECT book FROM d.loan WHERE id = 1'), 'loan P reader ann@x.example', 'a_link_by_a_text_key');
SELECT is(d.reached('SELECT what FROM d.thing WHERE id = 1'), 'thing N', 'rows_of_nobody_are_nobodys');
SELECT is(d.reached('SELECT book FROM d.loan WHERE id = 3'), 'loan U reader', 'a_key_that_no_index_takes_is_unknown_and_stops_nobody');
SELECT is((SELECT count(*) FROM gdpr_internal.access_person WHERE subject_type = 'reader' AND subject_key = 'ann@x.example'), 1::bigint, 'a_key_has_one_number');

-- Links that are not what they were when they were read.
BEGIN;
SELECT gdpr_internal.lock_drain() \g /dev/null
SELECT what FROM d.item WHERE id = 1 \g /dev/null
SELECT gdpr.drop_link('person', 'd.part', '{item_id}'), gdpr.drop_link('member', 'd.item', '{order_id}') \g /dev/null
SELECT cmp_ok(gdpr.drain_access(), '>=', 1::bigint, 'a_link_that_was_dropped_meanwhile_holds_nothing_up');
SELECT is((SELECT string_agg(concat_ws(' ', p.subject_type, r.scope), ', ' ORDER BY p.subject_type) FROM gdpr_internal.access_read AS r JOIN gdpr_internal.access_place AS p ON p.place = r.place
  WHERE p.relation_name = 'item' AND r.scope <> 'A' AND r.xmin = pg_current_xact_id()::xid), 'member U, person P', 'and_its_read_is_of_unknown_people');
ROLLBACK;
BEGIN;
SELECT gdpr_internal.lock_drain() \g /dev/null
SELECT book FROM d.loan WHERE id = 2 \g /dev/null
SELECT what FROM d.item WHERE id = 1 \g /dev/null
ALTER TABLE d.item RENAME COLUMN order_id TO away;
SELECT cmp_ok(gdpr.drain_access(), '>=', 2::bigint, 'a_table_on_the_way_under_another_name_holds_nothing_up');
ROLLBACK;

-- No code of users runs in the drain.
CREATE FUNCTION d.told(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RAISE WARNING 'code of users ran'; RETURN n; END$$;
CREATE FUNCTION d.followed(way text) RETURNS text LANGUAGE sql AS $$SELECT d.reached('SELECT what FROM d.item WHERE id = 1')$$;
BEGIN;
CREATE INDEX told ON d.orders ((note || d.told(1)));
SELECT is(d.followed('index'), 'item U member; item U person', 'a_link_into_a_table_with_an_index_of_a_users_function_is_not_followed');
ROLLBACK;
BEGIN;
ALTER TABLE d.orders ADD CHECK (note <> 'x' OR d.told(1) = 1) NOT VALID;
SELECT is(d.followed('check'), 'item U member; item U person', 'nor_one_with_a_check');
ROLLBACK;
BEGIN;
CREATE DOMAIN d.telling AS int CHECK (d.told(VALUE) > 0);
CREATE INDEX told ON d.orders ((1::d.telling)) WHERE false;
SELECT is(d.followed('domain'), 'item U member; item U person', 'nor_one_with_a_domain_of_such');
ROLLBACK;
SELECT is(d.followed('none'), 'item P member (chess,1); item P person 1', 'without_it_is');

-- Once. What a rolled back drain took is there for the next one.
CREATE TABLE d.tries (n int, statements bigint, reads bigint, process bigint, frames bigint);
BEGIN;
SELECT gdpr_internal.lock_drain() \g /dev/null
SELECT gdpr.drain_access() \g /dev/null
SELECT name FROM d.person WHERE id = 100 \g /dev/null
SELECT name FROM d.person WHERE id = 101 \g /dev/null
SAVEPOINT s;
SELECT gdpr.drain_access() AS first \gset
ROLLBACK TO s;
SELECT gdpr.drain_access() AS second \gset
SELECT gdpr.drain_access() AS third \gset
SELECT is(:first, 2, 'two_statements_are_drained') \g
SELECT is(:second, :first, 'what_was_rolled_back_is_drained_again');
SELECT is(:third, 0, 'and_what_was_drained_is_not');
SELECT is((SELECT count(*) FROM gdpr_internal.access_read AS r JOIN gdpr_internal.access_place AS p ON p.place = r.place
  WHERE p.relation_name = 'person' AND r.people IN (gdpr_internal.set_of('{100}'), gdpr_internal.set_of('{101}'))), 2::bigint, 'each_has_one_row');
COMMIT;
SELECT is_empty($$SELECT process, frame, place FROM gdpr_internal.access_read WHERE part = 'W' GROUP BY process, frame, place, scope HAVING count(*) > 1$$, 'no_frame_is_there_twice');
SELECT is((SELECT sum(missing) FROM gdpr_internal.access_process), 0::numeric, 'and_none_is_missing');
SELECT is_empty('SELECT kind FROM gdpr_internal.access_incident', 'nothing_went_wrong_so_far');

-- Chunks of a long statement are put together.
BEGIN;
SELECT gdpr_internal.lock_drain() \g /dev/null
SELECT gdpr.drain_access() \g /dev/null
SET LOCAL enable_seqscan = off;
DECLARE c CURSOR FOR SELECT p.name FROM d.person AS p WHERE p.id BETWEEN 1 AND 2000;
FETCH 700 FROM c \g /dev/null
FETCH ALL FROM c \g /dev/null
CLOSE c;
SELECT gdpr.drain_access() AS taken \gset
SELECT is(:taken, 1, 'a_cursor_is_one_statement');
SELECT cmp_ok(count(*), '<=', 6::bigint, 'and_few_rows') FROM gdpr_internal.access_read WHERE xmin = pg_current_xact_id()::xid;
SELECT is(count(DISTINCT m), 2000::bigint, 'with_everybody') FROM gdpr_internal.access_read AS r, gdpr_internal.set_members(r.people) AS m WHERE r.xmin = pg_current_xact_id()::xid;
SELECT is(sum(rows), 2000::numeric, 'and_all_rows') FROM gdpr_internal.access_read AS r WHERE r.xmin = pg_current_xact_id()::xid AND r.scope = 'P';
SELECT cmp_ok(sum(length(people)), '<', 200::bigint, 'neighbours_take_next_to_nothing') FROM gdpr_internal.access_read AS r WHERE r.xmin = pg_current_xact_id()::xid;
COMMIT;

-- One that cannot be written does not stop the rest. (An index that nobody should make.)
BEGIN;
SELECT gdpr_internal.lock_drain() \g /dev/null
SELECT gdpr.drain_access() \g /dev/null
SELECT format('CREATE UNIQUE INDEX poison ON %s ((1)) WHERE rows = 9', gdpr_internal.resolve('gdpr_internal', 'access_read_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMM'))) \gexec
SELECT count(name) FROM d.person WHERE id BETWEEN 1 AND 9 \g /dev/null
SELECT count(name) FROM d.person WHERE id BETWEEN 11 AND 19 \g /dev/null
SELECT name FROM d.person WHERE id = 21 \g /dev/null
SELECT throws_ok('SELECT gdpr.drain_access()', '23505', NULL, 'what_cannot_be_written_is_an_error_first');
SELECT set_config('gdpr.app_user', repeat('é', 3000), true) \g /dev/null
SELECT name FROM d.person WHERE id = 22 \g /dev/null
SELECT lives_ok('SELECT gdpr.drain_access()', 'and_passed_over_then');
SELECT is((SELECT string_agg(kind || amount, ' ') FROM gdpr_internal.access_incident), 'damaged1', 'an_incident_tells_of_it');
SELECT is(count(*), 3::bigint, 'the_others_are_there') FROM gdpr_internal.access_read AS r
  WHERE r.people IN (gdpr_internal.set_of('{1,2,3,4,5,6,7,8,9}'), gdpr_internal.set_of('{21}'), gdpr_internal.set_of('{22}')) AND r.xmin::text::bigint >= pg_current_xact_id()::text::bigint;
SELECT is(max(length(a.app_user)), 500, 'a_claim_that_is_too_long_is_cut') FROM gdpr_internal.access_actor AS a;
ROLLBACK;

-- People who left with a personal key.
BEGIN;
SELECT gdpr_internal.lock_drain() \g /dev/null
SELECT gdpr.drain_access() \g /dev/null
SELECT name FROM d.reader WHERE mail = 'cy@x.example' \g /dev/null
SELECT gdpr.anonymize_subject('reader', 'cy@x.example', 'left') \g /dev/null
SELECT gdpr.drain_access() \g /dev/null
SELECT is((SELECT count(*) FROM gdpr_internal.access_person WHERE subject_key ~ 'cy@'), 0::bigint, 'a_key_that_left_before_the_drain_is_not_written');
SELECT cmp_ok((SELECT count(*) FROM gdpr_internal.access_read AS r JOIN gdpr_internal.access_person AS k ON r.people OPERATOR(gdpr_internal.@>) k.person
  JOIN gdpr.certificates AS c ON c.subject_type = k.subject_type AND c.subject_key = k.subject_key), '>=', 1::bigint, 'its_reads_are_known_by_the_certificates_digest');
SELECT is(gdpr_internal.access_key('reader', 'bo@x.example', now(), false), 'bo@x.example', 'who_is_there_is_written_by_key');
SELECT isnt(gdpr_internal.access_key('reader', 'cy@x.example', now(), false), 'cy@x.example', 'who_left_is_not');
INSERT INTO d.reader VALUES ('cy@x.example', 'another');
SELECT is(gdpr_internal.access_key('reader', 'cy@x.example', clock_timestamp(), false), 'cy@x.example', 'somebody_who_has_the_key_again_is_written_by_key');
SELECT isnt(gdpr_internal.access_key('reader', 'cy@x.example', now() - interval '1 s', false), 'cy@x.example', 'earlier_reads_are_of_who_left');
COMMIT;

-- Many actors.
INSERT INTO gdpr_internal.access_actor (session_role, acting_role, app_user, last_used, facts)
SELECT session_user, session_user, 'user ' || g, now(), hashint8(g) FROM generate_series(1, 100000) AS g;
BEGIN;
SELECT gdpr_internal.lock_drain() \g /dev/null
SELECT gdpr.drain_access() \g /dev/null
DO $$BEGIN
  FOR g IN 1..30 LOOP
    PERFORM set_config('gdpr.app_user', 'u' || g, true);
    PERFORM name FROM d.person WHERE id = g;
  END LOOP;
END$$;
SELECT clock_timestamp() AS begun \gset
SELECT gdpr.drain_access() \g /dev/null
SELECT cmp_ok(clock_timestamp() - :'begun', '<', interval '2 s', 'many_actors_do_not_slow_the_drain_down');
COMMIT;

-- Where it may be done.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT throws_ok('SELECT gdpr.drain_access()', '25001', 'reads are drained in isolation level READ COMMITTED', 'a_snapshot_older_than_the_lock_is_refused');
ROLLBACK;
BEGIN READ ONLY;
SELECT throws_ok('SELECT gdpr.drain_access()', '25006', NULL, 'a_read_only_transaction_drains_nothing');
ROLLBACK;

-- Files that no process of this database wrote.
SELECT gdpr.drain_access() \g /dev/null
SELECT format('pgsql_tmp_gdpr/%s', oid) AS directory, oid AS database FROM pg_database WHERE datname = current_database() \gset
SELECT name FROM d.person WHERE id = 7 \g /dev/null
SELECT format('%s/%s', :'directory', min(f)) AS own FROM pg_ls_dir(:'directory') AS f WHERE f ~ format('^%s\.', pg_backend_pid()) \gset
\set copy 'COPY (SELECT) TO PROGRAM ''cat >/dev/null; cp ' :own ' ' :directory '/424242.30000000000.0; echo nonsense and more of it >' :directory '/424243.30000000000.0'''
:copy;
SELECT gdpr.drain_access() \g /dev/null
SELECT is((SELECT string_agg(kind || ' ' || file, ', ' ORDER BY kind) FROM gdpr_internal.access_incident), 'damaged 424243.30000000000.0, quarantined 424242.30000000000.0',
  'a_copy_of_a_file_and_one_of_nonsense_are_incidents');
SELECT gdpr.drain_access() \g /dev/null
SELECT gdpr.drain_access() \g /dev/null
SELECT is((SELECT count(*) FROM gdpr_internal.access_incident WHERE file IS NOT NULL), 2::bigint, 'told_once');
SELECT is((SELECT string_agg(f, ' ' ORDER BY f) FROM pg_ls_dir('pgsql_tmp_gdpr/quarantine') AS f WHERE f ~ ('^' || :'database' || '\.')),
  :'database' || '.424242.30000000000.0 ' || :'database' || '.424243.30000000000.0', 'and_put_aside');
SELECT is((SELECT count(*) FROM pg_ls_dir(:'directory') AS f WHERE f ~ '^42424'), 0::bigint, 'not_looked_at_again');
SELECT is_empty($$SELECT process, frame, place FROM gdpr_internal.access_read WHERE part = 'W' GROUP BY process, frame, place, scope HAVING count(*) > 1$$, 'nothing_of_them_is_there_twice');

-- Months, and the end of what is kept.
SELECT is((SELECT count(*) FROM pg_index AS i JOIN pg_inherits AS h ON h.inhrelid = i.indrelid WHERE h.inhparent = 'gdpr_internal.access_read'::regclass) % 5, 0::bigint,
  'each_month_of_reads_has_its_indexes');
SELECT is((SELECT count(*) FROM pg_inherits AS h JOIN pg_depend AS d ON d.objid = h.inhrelid AND d.deptype = 'e' WHERE h.inhparent = 'gdpr_internal.access_read'::regclass), 0::bigint,
  'and_is_no_member_of_the_extension_or_no_dump_would_have_it');
SET ROLE gdpr_owner;
SELECT gdpr_internal.make_access_partition(gdpr_internal.first_statement('2020-03-09')) \g /dev/null
SELECT gdpr_internal.make_access_partition(gdpr_internal.first_statement('2020-03-31')) \g /dev/null
RESET ROLE;
SELECT is((SELECT string_agg(x::text, ' ') FROM gdpr_internal.expired_reads() AS x), 'gdpr_internal.access_read_202003', 'an_old_month_that_a_late_read_needed_is_made_and_has_expired');
INSERT INTO gdpr_internal.access_actor (session_role, acting_role, app_user, last_used) VALUES ('old', 'old', 'was@x.example', '2020-03-09');
INSERT INTO gdpr_internal.access_process (node, database, pid, started, standby, ended, drained_at) VALUES (1, 1, 1, '2020-03-09', false, 'E', '2020-03-09'), (1, 1, 2, '2020-03-09', false, NULL, '2020-03-09');
INSERT INTO gdpr_internal.access_person (subject_type, subject_key) VALUES ('old', 'was@x.example');
CREATE TABLE still AS SELECT k.subject_type, k.subject_key FROM gdpr_internal.access_person AS k WHERE EXISTS (
  SELECT FROM gdpr_internal.access_read AS r WHERE r.people OPERATOR(gdpr_internal.@>) k.person AND r.place IN (SELECT p.place FROM gdpr_internal.access_place AS p WHERE NOT p.native));
SELECT count(*) AS reads FROM gdpr_internal.access_read WHERE statement >= gdpr_internal.first_statement('2021-01-01') \gset
SELECT is(gdpr.expire_access(), 1::bigint, 'it_is_dropped');
SELECT is(gdpr.expire_access(), 0::bigint, 'once');
SELECT cmp_ok((SELECT count(*) FROM gdpr_internal.access_read), '>=', :reads::bigint, 'nothing_else_goes');
SELECT is((SELECT count(*) FROM gdpr_internal.access_actor WHERE session_role = 'old'), 0::bigint, 'who_read_nothing_since_goes_with_it');
SELECT is((SELECT count(*) FROM gdpr_internal.access_person WHERE subject_type = 'old'), 0::bigint, 'and_the_key_of_who_was_read_then_and_not_since');
SELECT ok((SELECT count(*) > 0 FROM still) AND NOT EXISTS (SELECT s.subject_type, s.subject_key FROM still AS s EXCEPT SELECT k.subject_type, k.subject_key FROM gdpr_internal.access_person AS k),
  'keys_that_a_kept_month_knows_stay');
SELECT is((SELECT count(*) FROM gdpr_internal.access_process WHERE started = '2020-03-09' AND pid = 1), 0::bigint, 'and_a_process_that_ended_then');
SELECT gdpr.drain_access() \g /dev/null
SELECT is((SELECT ended FROM gdpr_internal.access_process WHERE started = '2020-03-09' AND pid = 2), 'K'::"char", 'one_that_a_dump_brought_has_ended');
SELECT throws_ok('TRUNCATE gdpr_internal.access_incident', '42501', NULL, 'incidents_are_not_emptied');
SELECT throws_ok('DELETE FROM gdpr_internal.access_incident', '42501', NULL, 'nor_taken_away');
SELECT * FROM finish();
