-- SPDX-License-Identifier: PostgreSQL
-- Laws of one decision of very many people (gdpr-batch mark): what gdpr.mark_all() does, in slices; who
-- cannot take the step is left out and named, and the others go on.
SET client_min_messages = error;
SELECT no_plan();
CREATE ROLE mark_owner; CREATE ROLE mark_night; CREATE ROLE mark_stranger;
CREATE SCHEMA k;
GRANT USAGE ON SCHEMA k TO PUBLIC;
CREATE TABLE k.person (id int PRIMARY KEY, name text, born date);
INSERT INTO k.person SELECT i, 'name ' || i, '1980-01-01' FROM generate_series(1, 1000) AS i;
ALTER TABLE k.person OWNER TO mark_owner;
GRANT ALL ON SCHEMA k TO mark_owner;
SELECT gdpr.classify('k.person', 'name', 'full_name'), gdpr.classify('k.person', 'born', 'birth_date') \g /dev/null
SELECT gdpr.register_subject('person', 'k.person') \g /dev/null
SELECT gdpr.add_purpose('letters'), gdpr.add_purpose('survey', validity => '1 hour') \g /dev/null
SELECT gdpr.add_form('terms', 'One.') \g /dev/null
SELECT gdpr.set_consent_form('person', 'terms:1') \g /dev/null
SELECT gdpr.grant_bundle('operator', 'mark_night'), gdpr.grant_bundle('operator', 'mark_stranger') \g /dev/null
CREATE FUNCTION k.work(run bigint, slice int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l record;
  slices int := 0;
BEGIN
  LOOP
    l := gdpr.run_lease(run, slice);
    EXIT WHEN l.chunk IS NULL;
    PERFORM gdpr.run_work(run, l.chunk, l.first, l.last), gdpr.run_slice_done(run, l.chunk, l.last, 1);
    slices := slices + 1;
  END LOOP;
  RETURN CASE WHEN l.state = 'running' THEN gdpr.run_finish(run) ELSE l.state END || ' ' || slices;
END $$;
CREATE FUNCTION k.say(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE d text;
BEGIN
  EXECUTE statement;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
  RETURN SQLSTATE || ' ' || SQLERRM || ' ' || d;
END $$;
CREATE VIEW k.outcome AS SELECT r.run, concat_ws(' ', r.state, r.people, r.changed, r.failed, r.skipped, r.missing, r.frozen,
  (SELECT count(*) FROM gdpr_internal.consent_event AS e WHERE e.batch = (SELECT (o.options->>'batch')::bigint FROM gdpr_internal.run AS o WHERE o.run = r.run))) AS was
FROM gdpr.runs AS r;

-- N events for N people
CREATE VIEW k.first AS SELECT id FROM k.person WHERE id <= 500 UNION ALL SELECT id FROM k.person WHERE id <= 100;
GRANT SELECT ON k.first TO mark_night;
SET ROLE mark_night;
SELECT gdpr.run_start_mark('person', 'k.first', 'accepted', 'letters', 'paper_form', 'trade fair', 'the list', chunk_rows => 120) AS run \gset
RESET ROLE;
SELECT is((SELECT concat_ws(' ', job, state, started_by, people, chunks) FROM gdpr.runs WHERE run = :run), 'mark running mark_night 500 5', 'the selection becomes chunks, each person once');
SELECT is((SELECT string_agg(people::text, ' ' ORDER BY chunk) FROM gdpr_internal.chunk WHERE run = :run), '120 120 120 120 20', 'of the size asked for');
SELECT is((SELECT keys[1:3]::text || keys[120] FROM gdpr_internal.chunk WHERE run = :run AND chunk = 1), '{1,2,3}120', 'in the order of the keys');
SELECT is(gdpr.run_preview_mark(:run, 1), '{"marked": 120}', 'the preview says what would come of them');
SELECT is(k.work(:run, 50), 'finished 13', 'in slices of a chunk');
SELECT is((SELECT was FROM k.outcome WHERE run = :run), 'finished 500 500 0 0 0 0 500', 'N people, N events');
SELECT is((SELECT concat_ws('|', count(*), count(DISTINCT subject_key), count(DISTINCT batch), min(kind), min(state), min(medium), min(comment), min(form),
  count(attachment_sha256), min(owner)) FROM gdpr.consent_history), '500|500|1|decision|accepted|paper_form|trade fair|terms:1|500|mark_night', 'as mark_all writes them');
SELECT is((SELECT count(*) FROM gdpr_internal.person_allowed WHERE allowed & 2 <> 0), 500::bigint, 'and they are allowed');
SELECT is((SELECT count(*) FROM gdpr_internal.chunk WHERE keys <> '{}'), 0::bigint, 'no key stays in a list that is done');

-- the same facts about the same people
SELECT is(gdpr.run_start_mark('person', 'k.first', 'accepted', 'letters', 'paper_form', 'trade fair', 'the list'), NULL, 'the same change is no run');
SELECT is(gdpr.mark_all('person', 'k.first', 'accepted', 'letters', 'paper_form', 'trade fair', 'the list'), 0::bigint, 'and mark_all knows it too');
SELECT is((SELECT concat_ws(' ', (SELECT count(*) FROM gdpr_internal.consent_event), (SELECT count(*) FROM gdpr_internal.consent_batch),
  (SELECT count(*) FROM gdpr_internal.consent_attachment), (SELECT count(*) FROM gdpr.runs))), '500 1 1 1', 'nothing was written');
SELECT gdpr.mark_all('person', 'k.first', 'accepted', 'survey', 'email', 'by hand') \g /dev/null
SELECT is(gdpr.run_start_mark('person', 'k.first', 'accepted', 'survey', 'email', 'by hand'), NULL, 'nor after mark_all');
SELECT gdpr.record_consent('person', '5', 'withdrawn', 'letters', medium => 'email') \g /dev/null
SELECT gdpr.run_start_mark('person', 'k.first', 'accepted', 'letters', 'paper_form', 'trade fair', 'the list') AS run \gset
SELECT is(gdpr.run_preview_mark(:run, 1), '{"marked": 1, "is there already by the same change": 499}', 'who was brought away since is brought back');
SELECT is(k.work(:run, 1000), 'finished 1', 'by one slice');
SELECT is((SELECT was FROM k.outcome WHERE run = :run), 'finished 500 1 0 499 0 0 1', 'the others are left alone');

-- people who cannot
CREATE TABLE k.everybody AS SELECT id::text AS who FROM k.person;
INSERT INTO k.everybody VALUES ('0007'), ('5000'), ('6000');
UPDATE k.person SET born = current_date - interval '5 years' WHERE id = 900;
SELECT gdpr.record_consent('person', '6', 'withdrawn', 'letters', medium => 'email') \g /dev/null
SELECT gdpr.anonymize_subject('person', '700', 'left') \g /dev/null
SELECT gdpr.run_start_mark('person', 'k.everybody', 'rejected', 'letters', 'email', chunk_rows => 400) AS run \gset
SELECT is((SELECT people FROM gdpr.runs WHERE run = :run), 1002::bigint, 'keys that are written otherwise are the same people');
SELECT is((SELECT jsonb_object_agg(o.k, o.n) FROM (SELECT j.key AS k, sum(j.value::int) AS n FROM generate_series(1, 3) AS c, jsonb_each_text(gdpr.run_preview_mark(:run, c)) AS j GROUP BY 1) AS o),
  '{"marked": 998, "frozen": 1, "missing": 2, "consent cannot go from \"withdrawn\" to \"rejected\"": 1}', 'the preview tells everybody apart');
SELECT is(gdpr.run_preview_mark(:run, 4), NULL, 'there is no fourth chunk');
SELECT is(k.work(:run, 1000), 'finished 3', 'the run goes on');
SELECT is((SELECT was FROM k.outcome WHERE run = :run), 'finished 1002 998 1 0 2 1 998', 'and does what the preview said');
SELECT is((SELECT string_agg(concat_ws(' ', subject_key, state, sqlstate, reason), ', ' ORDER BY subject_key) FROM gdpr.run_people WHERE run = :run),
  '5000 missing, 6 failed PD006 consent cannot go from "withdrawn" to "rejected", 6000 missing, 700 frozen', 'it names them');
SELECT is((SELECT count(*) FROM gdpr.held_back), 0::bigint, 'they are not held back from an erasure');
SELECT gdpr.run_start_mark('person', 'k.everybody', 'accepted', 'letters', 'email') AS run \gset
SELECT is(k.work(:run, 1000), 'finished 2', 'an acceptance of everybody');
SELECT is((SELECT string_agg(concat_ws(' ', subject_key, state, sqlstate), ', ' ORDER BY subject_key) FROM gdpr.run_people WHERE run = :run),
  '5000 missing, 6000 missing, 700 frozen, 900 failed PD011', 'a child does not consent alone');
SELECT is((SELECT count(*) FROM gdpr.run_people WHERE subject_key = '6' AND NOT settled), 0::bigint, 'what an earlier run could not do is settled');
SELECT is(k.say($$SELECT gdpr.run_start_mark('person', 'k.everybody', 'perhaps', 'letters', 'email')$$) ~ '^22023 ', true, 'a word that is no state stops it at once');
INSERT INTO k.everybody VALUES (NULL);
SELECT matches(k.say($$SELECT gdpr.run_start_mark('person', 'k.everybody', 'accepted', 'letters', 'email')$$), '^22004 ', 'rows without a key stop it');
CREATE TABLE k.noone (id int);
INSERT INTO k.noone VALUES (1), (NULL);
SELECT matches(k.say($$SELECT gdpr.run_start_mark('person', 'k.noone', 'accepted', 'letters', 'email')$$), '^22004 .*rows without a key', 'also of the key''s own type');
DELETE FROM k.noone;
SELECT is(gdpr.run_start_mark('person', 'k.noone', 'accepted', 'letters', 'email'), NULL, 'an empty selection is no run');
SET ROLE mark_stranger;
SELECT matches(k.say($$SELECT gdpr.run_start_mark('person', 'k.first', 'accepted', 'letters', 'email')$$), '^42501 ', 'who may not read the selection may not use it');
RESET ROLE;

-- others decide while it works
CREATE TABLE k.some AS SELECT id FROM k.person WHERE id BETWEEN 101 AND 350;
SELECT gdpr.run_start_mark('person', 'k.some', 'accepted', 'survey', 'email', 'phone call', chunk_rows => 100) AS run \gset
SELECT l.chunk, l.last FROM gdpr.run_lease(:run, 60) AS l \gset
SELECT gdpr.run_work(:run, :chunk, 1, :last), gdpr.run_slice_done(:run, :chunk, :last, 1) \g /dev/null
SELECT gdpr.record_consent('person', k, 'withdrawn', 'survey', medium => 'click') FROM unnest('{110,330}'::text[]) AS k \g /dev/null
DELETE FROM k.person WHERE id = 340;
SELECT is(k.work(:run, 1000), 'finished 3', 'it goes on');
SELECT is((SELECT was FROM k.outcome WHERE run = :run), 'finished 250 248 0 1 1 0 248', 'who decided since it began is skipped');
SELECT is((SELECT string_agg(subject_key || ' ' || state, ', ' ORDER BY subject_key) FROM gdpr.consent WHERE purpose = 'survey' AND subject_key IN ('110', '330')),
  '110 withdrawn, 330 withdrawn', 'a list that is older than a withdrawal does not undo it');

-- pause and cancel
SELECT gdpr.run_start_mark('person', 'k.some', 'rejected', 'survey', 'email', chunk_rows => 100) AS run \gset
SELECT matches(k.say($$SELECT gdpr.run_start_mark('person', 'k.first', 'accepted', 'letters', 'telephone')$$), '^55006 run .* is unfinished', 'one run of the job at a time');
SELECT gdpr.run_pause(:run, 'lunch') \g /dev/null
SELECT is(k.work(:run, 30), 'paused 0', 'a paused run has no work');
SELECT is((SELECT paused_reason FROM gdpr.runs WHERE run = :run), 'lunch', 'and says why');
SELECT is((SELECT concat_ws(' ', run = :run, people, chunks_done, same_plan) FROM gdpr.run_resume('person', job => 'mark')), 't 250 0 t', 'the newest is resumed');
SELECT l.chunk, l.last FROM gdpr.run_lease(:run, 30) AS l \gset
SELECT gdpr.run_work(:run, :chunk, 1, :last), gdpr.run_slice_done(:run, :chunk, :last, 1) \g /dev/null
SELECT matches(k.say(format('SELECT gdpr.run_work(%s, 1, 1, 30)', :run)), '^55000 people 1 to 30 .* not pending', 'what is done is not done again');
SELECT matches(k.say(format('SELECT gdpr.run_slice_done(%s, 1, 30, 1)', :run)), '^55000 ', 'nor booked again');
SELECT is((SELECT concat_ws(' ', state, people, changed, upto) FROM gdpr.run_chunk_state(:run, 1)), 'pending 100 29 30', 'a chunk knows how far it is');
SELECT gdpr.run_cancel(:run) \g /dev/null
SELECT is((SELECT was FROM k.outcome WHERE run = :run), 'cancelled 250 29 1 0 0 0 29', 'what is done stays');
SELECT is((SELECT string_agg(concat_ws(' ', chunk, state, people, upto, keys), ', ') FROM gdpr_internal.chunk WHERE run = :run), '1 done 30 30 {}', 'the list of the others is gone');
SELECT is(k.work(:run, 30), 'cancelled 0', 'who works on it sees that it ended');

-- a few people's comment is theirs
CREATE TABLE k.few AS SELECT id FROM k.person WHERE id IN (951, 952, 953);
SELECT gdpr.run_start_mark('person', 'k.few', 'accepted', 'letters', 'email', 'said at the door', 'scan') AS run \gset
SELECT is(k.work(:run, 2), 'finished 2', 'a few people');
SELECT is((SELECT concat_ws('|', count(*), min(comment), count(attachment_sha256)) FROM gdpr.consent_history WHERE batch = (SELECT max(batch) FROM gdpr_internal.consent_batch)),
  '3|said at the door|3', 'their events say it');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_batch WHERE comment = 'said at the door') || ' ' || (SELECT count(*) FROM gdpr_internal.run WHERE options ? 'comment'),
  '0 0', 'and nothing else does');

-- who leaves meanwhile takes it along
CREATE TABLE k.leaving AS SELECT id FROM k.person WHERE id IN (954, 955, 956);
SELECT gdpr.run_start_mark('person', 'k.leaving', 'accepted', 'letters', 'email', 'said on the phone', 'a letter') AS run \gset
SELECT gdpr.run_lease(:run, 1), gdpr.run_work(:run, 1, 1, 1), gdpr.run_slice_done(:run, 1, 1, 1) \g /dev/null
SELECT gdpr.anonymize_subject('person', '955', 'left', 'keep') \g /dev/null
SELECT is((SELECT options ?| '{comment,attachment,app_user}' FROM gdpr_internal.run WHERE run = :run), false,
  'an unfinished run keeps no comment on somebody who has left');
SELECT is((SELECT string_agg(subject_key, ',' ORDER BY subject_key) FROM gdpr.consent_history WHERE comment = 'said on the phone'),
  '954', 'who was marked before has it still');
SELECT gdpr.run_cancel(:run) \g /dev/null
CREATE TABLE k.marked AS SELECT id FROM k.person WHERE id IN (957, 958);
SELECT gdpr.run_start_mark('person', 'k.marked', 'accepted', 'letters', 'email', 'said at a fair', chunk_rows => 1) AS run \gset
SELECT gdpr.run_lease(:run, 1), gdpr.run_work(:run, 1, 1, 1), gdpr.run_slice_done(:run, 1, 1, 1) \g /dev/null
SELECT gdpr.anonymize_subject('person', '957', 'left', 'keep') \g /dev/null
SELECT is((SELECT options ? 'comment' FROM gdpr_internal.run WHERE run = :run), false, 'nor if the person was marked before, in a chunk that is done');
SELECT gdpr.run_cancel(:run) \g /dev/null
SELECT matches(k.say($$SELECT gdpr.run_start('person', 'x', job => 'mark', options => '{"batch": 1, "state": "accepted", "medium": "email"}')$$), '^22023 ',
  'nobody chooses in whose batch a run writes');

-- being asked is an event, not a state
CREATE TABLE k.new AS SELECT id FROM k.person WHERE id IN (961, 962);
SELECT gdpr.run_start_mark('person', 'k.new', 'pending', 'survey', channel => 'email') AS run \gset
SELECT k.work(:run, 2) \g /dev/null
SELECT is((SELECT string_agg(DISTINCT concat_ws(' ', kind, state, channel), ', ') FROM gdpr.consent_history WHERE batch = (SELECT max(batch) FROM gdpr_internal.consent_batch)),
  'request_sent pending email', 'people are asked');
SELECT isnt(gdpr.run_start_mark('person', 'k.new', 'pending', 'survey', channel => 'email'), NULL, 'and may be asked again');

SELECT * FROM finish();
DROP OWNED BY mark_owner, mark_night, mark_stranger CASCADE;
DROP ROLE mark_owner, mark_night, mark_stranger;
