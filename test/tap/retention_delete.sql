-- SPDX-License-Identifier: PostgreSQL
-- Retention that ends with "delete": anonymized and certified like everybody, then the rows go, leaf to root; nobody
-- else's do.
SET client_min_messages = error;
SELECT no_plan();
SELECT gdpr.create_key() \g /dev/null
\ir lib/retention.sql
CREATE SCHEMA k;
CREATE TABLE k.contact (id int PRIMARY KEY, email text UNIQUE, name text, seen date, best_note int);
CREATE TABLE k.note (id int PRIMARY KEY, contact_id int NOT NULL REFERENCES k.contact, body text, answers int REFERENCES k.note);
-- a circle of foreign keys: the contact points back
ALTER TABLE k.contact ADD FOREIGN KEY (best_note) REFERENCES k.note DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE k.file (id int PRIMARY KEY, note_id int NOT NULL REFERENCES k.note, name text) PARTITION BY RANGE (id);
CREATE TABLE k.file_low PARTITION OF k.file FOR VALUES FROM (0) TO (100);
CREATE TABLE k.file_high PARTITION OF k.file FOR VALUES FROM (100) TO (1000);
CREATE TABLE k.mail (id int PRIMARY KEY, address text, body text);
CREATE TABLE k.message (id int PRIMARY KEY, sender int, receiver int, body text);
CREATE TABLE k.vote (id int PRIMARY KEY, contact_id int REFERENCES k.contact, stars int);
CREATE TABLE k.consumer (contact_id int REFERENCES k.contact, what text);
CREATE TABLE k.address (id int PRIMARY KEY, street text);
ALTER TABLE k.contact ADD address_id int REFERENCES k.address;
INSERT INTO k.address SELECT n, 'Street ' || n FROM generate_series(1, 20) AS n;
INSERT INTO k.contact SELECT n, 'p' || n || '@x.example', 'Name ' || n, current_date - CASE WHEN n <= 12 THEN 500 ELSE 5 END, NULL, n FROM generate_series(1, 20) AS n;
INSERT INTO k.note SELECT n * 10 + m, n, 'about Name ' || n, CASE WHEN m > 1 THEN n * 10 + 1 END FROM generate_series(1, 20) AS n, generate_series(1, 3) AS m;
UPDATE k.contact SET best_note = id * 10 + 1;
INSERT INTO k.file SELECT n, (n / 10 + 1) * 10 + 1, 'file ' || n FROM generate_series(0, 190, 5) AS n;
INSERT INTO k.mail SELECT n, 'p' || n || '@x.example', 'Dear Name ' || n FROM generate_series(1, 20) AS n;
-- 1 to 2: both leave; 3 to 15: one stays
INSERT INTO k.message VALUES (1, 1, 2, 'hello'), (2, 3, 15, 'hello'), (3, 4, NULL, 'to nobody'), (4, 5, 5, 'to myself'), (5, 16, 17, 'hello');
INSERT INTO k.vote SELECT n, n, 5 FROM generate_series(1, 20) AS n;
SELECT gdpr.classify('k.contact', 'email', 'email'), gdpr.classify('k.contact', 'name', 'full_name'), gdpr.classify('k.contact', 'seen', 'not_personal'),
  gdpr.classify('k.contact', 'best_note', 'not_personal'), gdpr.classify('k.contact', 'address_id', 'not_personal'), gdpr.classify('k.note', 'body', 'free_text'),
  gdpr.classify('k.file', 'name', 'file_name'), gdpr.classify('k.mail', 'address', 'email'), gdpr.classify('k.mail', 'body', 'free_text'), gdpr.classify('k.file', 'id', 'not_personal'),
  gdpr.classify('k.message', 'body', 'free_text'), gdpr.classify('k.vote', 'stars', 'not_personal'), gdpr.classify('k.address', 'street', 'street') \g /dev/null
SELECT gdpr.register_subject('contact', 'k.contact'), gdpr.add_link('contact', 'k.note', '{contact_id}'),
  gdpr.add_link('contact', 'k.note', '{answers}', 'k.note', '{id}'), gdpr.add_link('contact', 'k.file', '{note_id}', 'k.note'),
  gdpr.add_link('contact', 'k.mail', '{address}', 'k.contact', '{email}'), gdpr.add_link('contact', 'k.message', '{sender}'),
  gdpr.add_link('contact', 'k.message', '{receiver}'), gdpr.add_link('contact', 'k.vote', '{contact_id}', on_erase => 'unlink'),
  gdpr.add_link('contact', 'k.address', '{id}', 'k.contact', '{address_id}', scope => 'shared'),
  gdpr.add_interaction('contact', 'k.contact', 'seen') \g /dev/null
UPDATE k.contact SET address_id = 13 WHERE id = 6;  -- a household with 13, who stays
SELECT gdpr.audit('k.contact'), gdpr.audit('k.note') \g /dev/null
UPDATE k.contact SET name = name || ' x' WHERE id IN (1, 14);
UPDATE k.note SET body = body || ' x' WHERE contact_id IN (1, 14);
SELECT gdpr.record_consent('contact', n::text, 'rejected', NULL, medium => 'email', comment => 'Name ' || n) FROM unnest('{1,14}'::int[]) AS n \g /dev/null
CALL gdpr.protect('contact');

-- preflight
SELECT is((SELECT count(*) FROM gdpr.preflight('contact') WHERE finding ~ 'retention'), 0::bigint, 'while nothing is deleted foreign keys of others say nothing');
SELECT gdpr.set_retention('contact', '1 year', action => 'delete') \g /dev/null
SELECT is((SELECT string_agg(severity || ' ' || relation || ': ' || finding, '; ') FROM gdpr.preflight('contact') WHERE finding ~ 'retention'),
  'warning k.consumer: foreign key consumer_contact_id_fkey: people fail who have rows here when rows of k.contact are deleted at the end of their retention',
  'preflight names foreign keys that stand in the way');
INSERT INTO k.consumer VALUES (7, 'coffee');

CREATE TEMP TABLE before AS
  SELECT 'contact' AS t, id, to_jsonb(c) AS row FROM k.contact AS c UNION ALL SELECT 'note', id, to_jsonb(c) FROM k.note AS c
  UNION ALL SELECT 'file', id, to_jsonb(c) FROM k.file AS c UNION ALL SELECT 'mail', id, to_jsonb(c) FROM k.mail AS c
  UNION ALL SELECT 'message', id, to_jsonb(c) FROM k.message AS c UNION ALL SELECT 'vote', id, to_jsonb(c) FROM k.vote AS c
  UNION ALL SELECT 'address', id, to_jsonb(c) FROM k.address AS c;
SELECT is(walk.go('contact'), 'queued 12', 'who is idle is queued');
SELECT is((SELECT count(*) FROM gdpr.erasure_queue WHERE action = 'delete'), 12::bigint, 'to be deleted');
SELECT gdpr.run_start('contact', 'queued erasure was due', options => '{"source": "due"}') AS run \gset
SELECT gdpr.run_add_keys(:run, (gdpr.run_candidates('contact', 'due', NULL, 100)).keys) \g /dev/null
SELECT gdpr.run_ready(:run) \g /dev/null
-- the worker's way: together, or one by one where somebody fails
CREATE FUNCTION k.work(run bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  lease record;
  p int;
  state text;
BEGIN
  PERFORM gdpr_internal.immediate_constraints();
  SELECT * INTO lease FROM gdpr.run_lease(work.run, 1000);
  BEGIN
    PERFORM gdpr.run_work(work.run, lease.chunk, lease.first, lease.last);
  EXCEPTION WHEN OTHERS THEN
    FOR p IN lease.first .. lease.last LOOP
      BEGIN
        PERFORM gdpr.run_work(work.run, lease.chunk, p, p);
      EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE;
        PERFORM gdpr.run_fail(work.run, lease.chunk, p, state, 'no');
      END;
    END LOOP;
  END;
  PERFORM gdpr.run_slice_done(work.run, lease.chunk, lease.last, 1);
  PERFORM gdpr.run_finish(work.run);
END
$$;
SELECT k.work(:run) \g /dev/null
SELECT is((SELECT string_agg(subject_key || ' ' || sqlstate, ', ') FROM gdpr.run_people WHERE run = :run), '7 23503', 'a foreign key of another table is a person who failed');
SELECT is((SELECT changed FROM gdpr.runs WHERE run = :run), 11::bigint, 'the rest go on');
SELECT is((SELECT row FROM before WHERE t = 'contact' AND id = 7), (SELECT to_jsonb(c) FROM k.contact AS c WHERE id = 7), 'who failed is as before');
SELECT is((SELECT array_agg(id ORDER BY id) FROM k.contact)::text, '{7,13,14,15,16,17,18,19,20}', 'the people are gone');
SELECT is((SELECT count(*) FROM k.note WHERE contact_id <= 12 AND contact_id <> 7), 0::bigint, 'and their notes');
SELECT is((SELECT count(*) FROM k.file AS f WHERE NOT EXISTS (SELECT FROM k.note AS n WHERE n.id = f.note_id)), 0::bigint, 'and what hangs on those, in every partition');
SELECT is((SELECT count(*) FROM k.mail WHERE id <= 12 AND id <> 7), 0::bigint, 'and what was found by an address that is not there any more');
SELECT is((SELECT string_agg(id || ':' || coalesce(sender::text, '') || ':' || coalesce(receiver::text, ''), ', ' ORDER BY id) FROM k.message), '2:3:15, 5:16:17',
  'rows that belong to somebody who stays as well are not deleted');
SELECT is((SELECT count(*) FROM k.vote WHERE contact_id IS NULL), 11::bigint, 'rows that were unlinked stay, and are nobody''s');
SELECT is((SELECT count(*) FROM k.address), 20::bigint, 'shared rows stay');
SELECT is((SELECT count(*) FROM before AS b JOIN LATERAL (
    SELECT to_jsonb(c) AS row FROM k.contact AS c WHERE b.t = 'contact' AND c.id = b.id UNION ALL SELECT to_jsonb(c) FROM k.note AS c WHERE b.t = 'note' AND c.id = b.id
    UNION ALL SELECT to_jsonb(c) FROM k.file AS c WHERE b.t = 'file' AND c.id = b.id UNION ALL SELECT to_jsonb(c) FROM k.mail AS c WHERE b.t = 'mail' AND c.id = b.id
    UNION ALL SELECT to_jsonb(c) FROM k.vote AS c WHERE b.t = 'vote' AND c.id = b.id UNION ALL SELECT to_jsonb(c) FROM k.message AS c WHERE b.t = 'message' AND c.id = b.id
    UNION ALL SELECT to_jsonb(c) FROM k.address AS c WHERE b.t = 'address' AND c.id = b.id) AS a ON true
  WHERE a.row <> b.row AND NOT (b.t = 'vote' AND b.id <= 12) AND NOT (b.t = 'address' AND b.id <= 12 AND b.id <> 6) AND NOT (b.t = 'message' AND b.id = 2)), 0::bigint, 'other people''s rows are as before');
SELECT is((SELECT count(*) FROM gdpr.certificates WHERE run = :run), 11::bigint, 'each has a certificate, and only one');
SELECT is((SELECT count(*) FROM gdpr.certificates), 11::bigint, 'whatever the triggers of protected tables make of a DELETE');
SELECT is((SELECT count(*) FROM gdpr.contact_frozen), 11::bigint, 'each is frozen');
SELECT throws_ok($$INSERT INTO k.contact VALUES (1, 'back@x.example', 'Name 1')$$, 'PD001', NULL, 'nobody comes back under such a key');
SELECT is((SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM (SELECT state, count(*) AS n FROM gdpr.erasure_queue GROUP BY 1) AS q), 'done 11, failed 1', 'the queue says what became of them');
SELECT is((SELECT count(*) FROM gdpr.consent_history WHERE subject_key = '1' AND kind = 'decision' AND comment IS NULL), 1::bigint, 'the proof of consent stays, without what describes the person');
SELECT is((SELECT count(*) FROM gdpr.consent_history WHERE comment = 'Name 14'), 1::bigint, 'other people''s comments stay');
SELECT is((SELECT count(*) FROM gdpr.doctor() WHERE finding ~ 'deleted by hand'), 0::bigint, 'the doctor does not take them for people who were deleted by hand');
SELECT is(gdpr.forget_missing('contact'), 0::bigint, 'nor does anybody');
SELECT gdpr.seal_audit() \g /dev/null
SELECT is((SELECT count(*) FROM gdpr.verify_audit() WHERE status <> 'ok'), 0::bigint, 'the audit verifies');
SELECT is((SELECT count(*) FROM gdpr.audit_log WHERE concat(from_values, to_values) ~ 'Name ([1-6]|[89]|1[0-2])\M'), 0::bigint, 'and holds none of their values');
SELECT ok((SELECT count(*) FROM gdpr.audit_log WHERE concat(from_values, to_values) ~ 'Name 14') > 0, 'but those of others');

-- the foreign key is settled
DELETE FROM k.consumer;
SELECT walk.erase('contact') AS run \gset
SELECT is((SELECT changed FROM gdpr.runs WHERE run = :run), 1::bigint, 'who failed is tried again');
SELECT is((SELECT count(*) FROM k.contact), 8::bigint, 'and goes');

-- triggers
CREATE FUNCTION k.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE DELETE ON k.note FOR EACH ROW WHEN (OLD.contact_id = 15) EXECUTE FUNCTION k.keep();
UPDATE k.contact SET seen = current_date - 500 WHERE id IN (15, 16);
SELECT walk.go('contact') \g /dev/null
SELECT gdpr.run_start('contact', 'queued erasure was due', options => '{"source": "due"}') AS run \gset
SELECT gdpr.run_add_keys(:run, (gdpr.run_candidates('contact', 'due', NULL, 100)).keys) \g /dev/null
SELECT gdpr.run_ready(:run) \g /dev/null
SELECT k.work(:run) \g /dev/null
SELECT is((SELECT string_agg(subject_key || ' ' || sqlstate, ', ') FROM gdpr.run_people WHERE run = :run), '15 PD004', 'rows deleted must equal rows found');
SELECT is((SELECT count(*) FROM k.contact WHERE id IN (15, 16)), 1::bigint, 'the others go');
-- without a policy that deletes nothing is deleted
SELECT gdpr.anonymize_subject('contact', '18', 'request 8') \g /dev/null
SELECT is((SELECT count(*) FROM k.contact WHERE id = 18), 1::bigint, 'who asks to be anonymized keeps the row');
SELECT * FROM finish();
