-- SPDX-License-Identifier: PostgreSQL
-- Laws of re-consent campaigns: everybody is counted once, a second role says yes, who may not be asked is not
-- touched, what was asked has one event and one message, and a message is made when it is taken.
SET client_min_messages = error;
SELECT no_plan();
SELECT 'CREATE ROLE ' || r || ' LOGIN' FROM unnest('{plan_night,plan_other,plan_dpo,plan_owner}'::text[]) AS r WHERE to_regrole(r) IS NULL \gexec
CREATE SCHEMA k AUTHORIZATION plan_owner;
CREATE TABLE k.person (id int PRIMARY KEY, first_name text, title text, email text, phone text, born date, note text);
CREATE TABLE k.card (person int, email text);
INSERT INTO k.person SELECT i, 'Name ' || i, 'Dr', CASE WHEN i NOT IN (91, 92, 93) THEN ' P' || i || '@Example.org' END, '+49 30 ' || i, date '1980-01-01', 'secret ' || i
FROM generate_series(1, 100) AS i;
INSERT INTO k.card VALUES (91, 'card91@example.org'), (92, '  ');
ALTER TABLE k.person OWNER TO plan_owner;
ALTER TABLE k.card OWNER TO plan_owner;
SELECT gdpr.classify('k.person', c, kind) FROM (VALUES ('first_name', 'first_name'), ('title', 'title'), ('email', 'email'), ('phone', 'phone'), ('born', 'birth_date'),
  ('note', 'free_text')) AS v(c, kind) \g /dev/null
SELECT gdpr.classify('k.card', 'email', 'email') \g /dev/null
SELECT gdpr.register_subject('person', 'k.person'), gdpr.add_link('person', 'k.card', '{person}') \g /dev/null
SELECT gdpr.add_purpose('letters', validity => '2 years', marketing => true), gdpr.add_purpose('survey', kinds => '{email,first_name}'), gdpr.add_purpose('billing', 'contract') \g /dev/null
SELECT gdpr.add_form('terms', 'One.'), gdpr.add_form('terms', 'Two.'), gdpr.add_form('terms', 'Three.') \g /dev/null
SELECT gdpr.set_consent_form('person', 'terms:1'), gdpr.set_consent_action('person', 'rejected', 'anonymize') \g /dev/null
SELECT gdpr.grant_bundle('operator', 'plan_night'), gdpr.grant_bundle('operator', 'plan_other'), gdpr.grant_bundle('dpo', 'plan_dpo') \g /dev/null
SELECT gdpr.grant_purpose('letters', 'plan_night', campaign => true), gdpr.grant_purpose('letters', 'plan_other') \g /dev/null

-- 1-40 accepted, 41-50 rejected, 51-55 withdrawn, 56-60 pending again, the others say nothing; 61-64 in general
CREATE FUNCTION k.mark(first int, last int, state text, purpose text DEFAULT 'letters') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE VIEW k.these AS SELECT id FROM k.person WHERE id BETWEEN %s AND %s', first, last);
  PERFORM gdpr.mark_all('person', 'k.these', state, purpose, 'email');
  DROP VIEW k.these;
END $$;
SELECT k.mark(1, 40, 'accepted'), k.mark(41, 50, 'rejected'), k.mark(51, 55, 'accepted'), k.mark(61, 64, 'accepted', NULL), k.mark(64, 64, 'withdrawn', NULL) \g /dev/null
SELECT k.mark(51, 55, 'withdrawn') \g /dev/null
SELECT gdpr.anonymize_subject('person', '70', 'asked', 'keep') \g /dev/null
SELECT gdpr.record_objection('person', '1', 'letters'), gdpr.restrict('person', '2'), gdpr.opt_out('person', '3'), gdpr.opt_out('person', '4', 'email'), gdpr.opt_out('person', '5', 'sms'),
  gdpr.opt_out('person', '6', purpose => 'survey'), gdpr.suppress('email', 'p7@example.ORG', 'complaint'), gdpr.queue_erasure('person', '8', 'wrote to us'),
  gdpr.suppress('email', 'p93@example.org', 'complaint') \g /dev/null
UPDATE k.person SET born = current_date - 3000 WHERE id IN (9, 10);
SELECT gdpr.record_consent('person', '10', 'accepted', 'letters', 'email', guardian => 'the mother') \g /dev/null
SELECT is((SELECT count(*) FROM gdpr_internal.erasure_queue WHERE reason = 'consent rejected'), 10::bigint, 'who rejected waits for anonymization');

-- the plan
SET SESSION AUTHORIZATION plan_other;
SELECT throws_ok($$SELECT * FROM gdpr.plan_campaign('person', 'letters', 'terms:2')$$, '42501', NULL, 'who may not send campaigns plans none');
SELECT throws_ok($$SELECT * FROM gdpr.plan_campaign('person', 'letters', 'terms:2', dry_run => true)$$, '42501', NULL, 'nor a dry run: it tells how many');
SELECT throws_ok($$SELECT gdpr.approve_campaign(1)$$, '42501', NULL, 'an operator approves nothing');
SET SESSION AUTHORIZATION plan_night;
CREATE TEMP TABLE said AS SELECT * FROM gdpr.plan_campaign('person', 'letters', 'terms:2', dry_run => true);
SELECT is((SELECT excluded::text FROM said), (SELECT jsonb_build_object('withdrawn', 6, 'frozen', 1, 'objected', 1, 'restricted', 1, 'opted_out', 2, 'suppressed', 1, 'leaving', 1,
  'child', 1, 'no_address', 2)::text), 'who is not asked, and why, each under one reason');
SELECT is((SELECT people FROM said), 100::bigint, 'people: everybody');
SELECT is((SELECT eligible + (SELECT sum(v::bigint) FROM jsonb_each_text(excluded) AS e(k, v)) FROM said), 100::numeric, 'asked and not asked are everybody');
SELECT is((SELECT run FROM said), NULL, 'a dry run has no number');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM gdpr_internal.run) + (SELECT count(*) FROM gdpr_internal.campaign), 0::bigint, 'and stores nothing');
SELECT is((SELECT audience_before FROM said), (SELECT count(*) FROM gdpr.audience('person', 'letters', 'email')), 'the audience before is that of now');
SELECT is((SELECT eligible FROM gdpr.plan_campaign('person', 'letters', 'terms:2', '{"accepted_before": "2001-01-01"}', dry_run => true)), 0::bigint, 'nobody accepted in the last century');
SELECT is((SELECT eligible FROM gdpr.plan_campaign('person', 'letters', 'terms:2', '{"accepted_before": "2999-01-01"}', dry_run => true)), 36::bigint, 'accepted before a day: by themselves or in general');
SELECT is((SELECT eligible FROM gdpr.plan_campaign('person', 'letters', 'terms:2', '{"form_older_than": 2}', dry_run => true)), 36::bigint, 'on an older version');
SELECT is((SELECT eligible FROM gdpr.plan_campaign('person', 'letters', 'terms:2', '{"form_older_than": 1}', dry_run => true)), 0::bigint, 'on no older version');
SELECT is((SELECT eligible FROM gdpr.plan_campaign('person', 'letters', 'terms:2', '{"no_proof": true}', dry_run => true)), 0::bigint, 'all have proofs');
SELECT throws_ok(format('SELECT gdpr.plan_campaign(%s)', a), c, NULL, w) FROM (VALUES
  ($$'person', 'letters', 'terms:2', '{"accepted_before": "2001-01-01", "no_proof": true}'$$, '22023', 'one criterion'),
  ($$'person', 'letters', 'terms:2', '{"someone": 1}'$$, '22023', 'one that is known'),
  ($$'person', 'letters', 'terms:2', '[]'$$, '22023', 'an object'),
  ($$'person', 'letters', 'terms:2', '{"form_older_than": "x"}'$$, '22023', 'a number'),
  ($$'person', 'letters', 'terms:9'$$, '42704', 'a form that exists'),
  ($$'person', 'billing', 'terms:2'$$, '22023', 'a purpose that rests on consent'),
  ($$'person', 'nothing', 'terms:2'$$, '42704', 'a purpose that exists'),
  ($$'person', NULL, 'terms:2'$$, '22004', 'a purpose'),
  ($$'person', 'letters', NULL$$, '22004', 'a form'),
  ($$'person', 'letters', 'terms:2', stages => '{10,50}'$$, '22023', 'stages come to 100 per cent'),
  ($$'person', 'letters', 'terms:2', stages => '{50,10,100}'$$, '22023', 'and rise'),
  ($$'person', 'letters', 'terms:2', stages => '{0,100}'$$, '22023', 'from something'),
  ($$'person', 'letters', 'terms:2', channel => 'pigeon'$$, '22023', 'a channel that exists'),
  ($$'person', 'letters', 'terms:2', valid_for => '-1 day'$$, '22023', 'links that accept for a while'),
  ($$'nobody', 'letters', 'terms:2'$$, '42704', 'a subject type that exists')) AS v(a, c, w);

-- stored, in stages, approved
SET SESSION AUTHORIZATION plan_night;
SELECT is((SELECT run FROM gdpr.plan_campaign('person', 'letters', 'terms:2', stages => '{10,50,100}', chunk_rows => 7)), 1::bigint, 'a plan has the number of its run');
SELECT is((SELECT concat_ws('|', state, stage, last_stage, eligible, asked, planned_by, approved_by) FROM gdpr.campaign_plans), 'planned|0|3|84|0|plan_night', 'the plan can be read');
SELECT throws_ok($$SELECT * FROM gdpr.run_resume('person', 1, 'reconsent')$$, '42501', 'campaign 1 is not approved', 'nobody is asked before a second role says yes');
SELECT throws_ok($$SELECT * FROM gdpr.run_lease(1, 10)$$, '55000', NULL, 'nor by way of the ledger');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT string_agg(n::text, ' ' ORDER BY stage) FROM (SELECT stage, sum(people) AS n FROM gdpr_internal.chunk GROUP BY 1) AS s), '9 33 42', 'stages are 10, 50 and 100 per cent');
SELECT is((SELECT count(DISTINCT x.key) FROM gdpr_internal.chunk AS c, unnest(c.keys) AS x(key)), 84::bigint, 'each person is in one of them');
SELECT gdpr.grant_bundle('dpo', 'plan_night') \g /dev/null
SET SESSION AUTHORIZATION plan_night;
SELECT throws_ok($$SELECT gdpr.approve_campaign(1)$$, '42501', 'campaign 1 must be approved by another role', 'not by its planner, bundle or not');
RESET SESSION AUTHORIZATION;
GRANT plan_night TO plan_dpo;
SET SESSION AUTHORIZATION plan_dpo;
SET ROLE plan_night;
SELECT throws_ok($$SELECT gdpr.approve_campaign(1)$$, '42501', NULL, 'not in the planner''s name');
RESET SESSION AUTHORIZATION;
REVOKE plan_night FROM plan_dpo; GRANT plan_dpo TO plan_night;
SET SESSION AUTHORIZATION plan_night;
SET ROLE plan_dpo;
SELECT throws_ok($$SELECT gdpr.approve_campaign(1)$$, '42501', NULL, 'not by the planner in another name');
SET SESSION AUTHORIZATION plan_dpo;
SELECT throws_ok($$SELECT gdpr.approve_campaign(77)$$, '42704', NULL, 'a campaign that exists');
SELECT lives_ok($$SELECT gdpr.approve_campaign(1)$$, 'a second role approves');
RESET SESSION AUTHORIZATION;
REVOKE plan_dpo FROM plan_night;
SELECT gdpr.revoke_bundle('dpo', 'plan_night') \g /dev/null

-- what the ledger does, as gdpr-batch does it
CREATE FUNCTION k.work(r bigint, slice int DEFAULT 5) RETURNS text LANGUAGE plpgsql AS $$
DECLARE l record;
BEGIN
  PERFORM gdpr.run_resume((SELECT subject_type FROM gdpr.campaign_plans WHERE run = r), r, 'reconsent');
  LOOP
    l := gdpr.run_lease(r, slice);
    EXIT WHEN l.chunk IS NULL;
    PERFORM gdpr.run_work(r, l.chunk, l.first, l.last);
    PERFORM gdpr.run_slice_done(r, l.chunk, l.last, 1);
  END LOOP;
  PERFORM gdpr.run_finish(r);
  RETURN (SELECT concat_ws(': ', state, paused_reason) FROM gdpr.runs WHERE run = r);
END $$;
GRANT USAGE ON SCHEMA k TO PUBLIC;
-- changes of mind between plan and work
SELECT gdpr.record_consent('person', '11', 'withdrawn', 'letters', 'email'), gdpr.opt_out('person', '12'), gdpr.restrict('person', '71'), gdpr.record_objection('person', '72', 'letters'),
  gdpr.suppress('email', 'p73@example.org', 'complaint'), gdpr.anonymize_subject('person', '13', 'asked', 'keep'), gdpr.anonymize_subject('person', '74', 'asked', 'keep'),
  gdpr.record_consent('person', '75', 'accepted', 'letters', 'email', form => 'terms:2') \g /dev/null
DELETE FROM k.person WHERE id = 76;
UPDATE k.person SET email = NULL WHERE id = 77;
CREATE TABLE k.before AS SELECT * FROM gdpr_internal.consent_state;
CREATE TABLE k.planned AS SELECT x.key, c.stage FROM gdpr_internal.chunk AS c, unnest(c.keys) AS x(key);
SELECT gdpr.consent_token('person', '14', 'letters') AS old_token \gset
SET SESSION AUTHORIZATION plan_night;
SELECT is(k.work(1), 'paused: stage 1 of 3 done', 'a stage ends with a pause');
SELECT is((SELECT asked + (SELECT coalesce(sum(v::int), 0) FROM jsonb_each_text(left_out) AS e(w, v)) FROM gdpr.campaign_plans), 9::bigint, 'with the people of that stage asked');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM gdpr_internal.consent_event AS e JOIN k.planned AS p ON p.key = e.subject_key WHERE e.kind = 'reconsent_required' AND p.stage > 1), 0::bigint, 'and nobody else');
SELECT throws_ok(format('SELECT gdpr.redeem_token(%L, %L)', :'old_token', 'accepted'), 'PD010', NULL, 'links to the old form accept nothing from then on');
SELECT is(k.work(1), 'paused: stage 2 of 3 done', 'resumed, it does the next stage');
-- in the middle of the last stage
SELECT gdpr.run_resume('person', 1, 'reconsent') \g /dev/null
SELECT gdpr.run_pause(1, 'a storm') \g /dev/null
SELECT is((SELECT concat_ws('|', chunk, state) FROM gdpr.run_lease(1, 5)), 'paused', 'a paused campaign gives nobody work');
SELECT is(k.work(1), 'finished', 'and goes on where it was');
SELECT is((SELECT left_out::text FROM gdpr.campaign_plans), jsonb_build_object('withdrawn', 1, 'opted_out', 1, 'restricted', 1, 'objected', 1, 'suppressed', 1, 'frozen', 2, 'asked', 1,
  'missing', 1, 'no_address', 1)::text, 'who changed his mind since the plan is left out, with the reason');

-- R17: three fields, and nobody else
CREATE VIEW k.asked AS SELECT subject_key, event, prior_state, prior_updated_at FROM gdpr_internal.consent_event WHERE kind = 'reconsent_required';
SELECT is((SELECT count(*) FROM k.asked), 74::bigint, 'one event for each');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state AS a JOIN k.before AS b USING (subject_type, subject_key, purpose)
  WHERE (a.*) IS DISTINCT FROM (b.*) AND NOT (purpose = 'letters' AND subject_key IN (SELECT subject_key FROM k.asked))), 0::bigint, 'nobody else''s row was touched');
SELECT is((SELECT count(*) FROM k.before AS b WHERE NOT EXISTS (SELECT FROM gdpr_internal.consent_state AS a WHERE (a.subject_key, a.purpose) = (b.subject_key, b.purpose))), 0::bigint, 'none is gone');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state AS a JOIN k.before AS b USING (subject_type, subject_key, purpose) JOIN k.asked AS k ON k.subject_key = a.subject_key AND k.event = a.event
  WHERE (a.state, a.form, a.form_version) = ('pending', 'terms', 2) AND a.updated_at IS NULL
    AND (a.valid_until, a.medium, a.channel) IS NOT DISTINCT FROM (b.valid_until, b.medium, b.channel)
    AND (k.prior_state, k.prior_updated_at) IS NOT DISTINCT FROM (b.state, b.updated_at)), (SELECT count(*) FROM k.before AS b JOIN k.asked AS k ON k.subject_key = b.subject_key AND b.purpose = 'letters'),
  'state, date and form; the event keeps what was before');
SELECT is((SELECT string_agg(DISTINCT prior_state, ' ' ORDER BY prior_state) FROM k.asked), 'accepted pending rejected', 'accepted, pending and rejected people are asked');
SELECT is((SELECT array_agg(subject_key::int ORDER BY subject_key::int) FROM k.asked WHERE subject_key::int BETWEEN 61 AND 64), '{61,62,63}', 'so is who consented in general; not who withdrew in general');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state AS s JOIN gdpr_internal.consent_event AS e USING (event) WHERE (s.subject_key, s.state) = (e.subject_key, e.state) AND e.kind = 'reconsent_required'),
  74::bigint, 'every state points to its event');
CREATE TABLE k.masks AS TABLE gdpr_internal.person_allowed;
SELECT gdpr_internal.refresh_allowed('person', NULL) \g /dev/null
SELECT is_empty('(TABLE k.masks EXCEPT TABLE gdpr_internal.person_allowed) UNION ALL (TABLE gdpr_internal.person_allowed EXCEPT TABLE k.masks)', 'masks are those that are computed anew');
SELECT is((SELECT count(*) FROM gdpr_internal.person_allowed AS m JOIN gdpr_internal.frozen AS f ON f.subject_key = m.id::text), 0::bigint, 'anonymized people have none');
SELECT is((SELECT array_agg(subject_key) FROM gdpr_internal.erasure_queue WHERE reason = 'consent rejected'), NULL, 'who waited for a rejection that is gone stays');
SELECT is((SELECT count(*) FROM gdpr.audience('person', 'letters', 'email')), (SELECT audience_after + 1 FROM said), 'the audience is as the plan said, and who accepted the new text');
SELECT is((SELECT concat_ws('|', state, asked) FROM gdpr.campaign_plans), 'finished|74', 'asked: so many');
SELECT throws_ok($$SELECT gdpr.run_resume('person', 1, 'reconsent')$$, '55000', NULL, 'a campaign that is over stays over');
SELECT is((SELECT excluded->>'asked' FROM gdpr.plan_campaign('person', 'letters', 'terms:2', dry_run => true)), '74', 'nobody is asked twice with the same text');

-- the outbox
SET SESSION AUTHORIZATION plan_other;
SELECT is_empty($$SELECT * FROM gdpr.take_messages(10)$$, 'who may not send campaigns takes none of their messages');
SELECT throws_ok($$SELECT * FROM gdpr.take_messages(10, of_run => 1)$$, '42501', NULL, 'nor by their number');
SELECT throws_ok($$SELECT * FROM gdpr.run_export(1, 10)$$, '42501', NULL, 'nor for a file');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM gdpr.outbox WHERE state = 'waiting'), 74::bigint, 'one message for each');
-- before they are taken: a withdrawal, an answer, an erasure, an opt-out, a suppression, a new address
SELECT gdpr.opt_out('person', '15', 'email'), gdpr.record_consent('person', '16', 'accepted', 'letters', 'telephone'), gdpr.record_consent('person', '17', 'rejected', 'letters', 'telephone'),
  gdpr.anonymize_subject('person', '18', 'asked', 'keep'), gdpr.suppress('email', 'p19@example.org', 'complaint'), gdpr.record_objection('person', '20', 'letters'), gdpr.restrict('person', '21') \g /dev/null
UPDATE k.person SET email = '<New22@Example.org> ', first_name = 'O''Neil, "Jr"' WHERE id = 22;
SELECT is((SELECT state FROM gdpr.outbox WHERE subject_key = '18' AND kind = 'reconsent'), 'void', 'an erasure voids what waits');
SET SESSION AUTHORIZATION plan_night;
CREATE TEMP TABLE taken AS SELECT * FROM gdpr.take_messages(10);
SELECT is((SELECT count(*) FROM taken), 10::bigint, 'a mailer takes as many as it wants');
INSERT INTO taken SELECT * FROM gdpr.take_messages(1000);
SELECT is((SELECT count(*) || ' ' || count(DISTINCT message) || ' ' || count(DISTINCT token) FROM taken), '67 67 67', 'each once, with a token');
SELECT is((SELECT array_agg(subject_key) FROM taken WHERE subject_key IN ('15', '16', '17', '18', '19', '20', '21')), NULL, 'who may not be asked any more, or has answered, gets none');
SELECT is((SELECT concat_ws('|', address, merge) FROM taken WHERE subject_key = '22'), 'New22@Example.org|{"email": "<New22@Example.org> ", "title": "Dr", "first_name": "O''Neil, \"Jr\""}', 'address and fields are those of now');
SELECT is((SELECT address FROM taken WHERE subject_key = '91'), 'card91@example.org', 'an address in another table is one');
SELECT is((SELECT string_agg(DISTINCT k, ' ' ORDER BY k) FROM taken, jsonb_object_keys(merge) AS k), 'email first_name title', 'fields are names, titles and the like');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM (SELECT state, count(*) AS n FROM gdpr.outbox GROUP BY 1) AS s), 'taken 67, void 7', 'the others are void');
SELECT is(gdpr.redeem_token((SELECT token FROM taken WHERE subject_key = '23'), 'accepted'), 'recorded', 'the token is good');
SELECT is((SELECT form FROM gdpr.consent WHERE subject_key = '23' AND purpose = 'letters'), 'terms:2', 'for the form of the campaign');
SELECT is(gdpr.redeem_token((SELECT token FROM taken WHERE subject_key = '24'), 'rejected'), 'recorded', 'and refuses');
SELECT gdpr.anonymize_subject('person', '25', 'asked', 'keep') \g /dev/null
SET SESSION AUTHORIZATION plan_night;
SELECT is(gdpr.message_failed(ARRAY(SELECT message FROM taken WHERE subject_key = '26')), 1::bigint, 'what could not be sent waits again');
SELECT is(gdpr.message_sent(ARRAY(SELECT message FROM taken)), 65::bigint, 'what was sent is recorded, but for who is gone');
SELECT is(gdpr.message_sent(ARRAY(SELECT message FROM taken)), 0::bigint, 'once');
SELECT is((SELECT count(*) FROM gdpr.take_messages(10)), 1::bigint, 'and the one that waited is taken again');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT string_agg(kind || coalesce(' ' || state, ''), ', ' ORDER BY event) FROM gdpr.consent_history WHERE subject_key = '23' AND form = 'terms:2'),
  'reconsent_required pending, decision accepted, request_sent pending', 'the request is in the log beside the decision');
SELECT is((SELECT count(*) FROM gdpr.consent_history WHERE kind = 'request_sent'), 65::bigint, 'one for each that was sent');
SELECT is((SELECT count(*) FROM gdpr.consent_history WHERE kind = 'request_sent' AND subject_key = '25'), 0::bigint, 'none for who is gone');
SELECT is_empty($$SELECT FROM gdpr_internal.message AS m WHERE m::text ~* 'example|name|secret'$$, 'no message holds an address');

-- a purpose shows some kinds only
SELECT gdpr.grant_purpose('survey', 'plan_night', campaign => true) \g /dev/null
SET SESSION AUTHORIZATION plan_night;
SELECT gdpr.plan_campaign('person', 'survey', 'terms:3', '{}', 'sms', '{50,100}') \g /dev/null
SET SESSION AUTHORIZATION plan_dpo;
SELECT gdpr.approve_campaign(max(run)) FROM gdpr.campaign_plans \g /dev/null
SET SESSION AUTHORIZATION plan_night;
SELECT max(run) AS second FROM gdpr.campaign_plans \gset
SELECT is(k.work(:second), 'paused: stage 1 of 2 done', 'another campaign, by text message');
SELECT is((SELECT string_agg(DISTINCT k, ' ' ORDER BY k) FROM gdpr.take_messages(5, 'reconsent', :second) AS t, jsonb_object_keys(merge) AS k), 'email first_name', 'quotes only what the purpose shows');
SELECT gdpr.plan_campaign('person', 'letters', 'terms:3') \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT max(run) AS third FROM gdpr.campaign_plans \gset
SET SESSION AUTHORIZATION plan_dpo;
SELECT gdpr.approve_campaign(:third) \g /dev/null
SET SESSION AUTHORIZATION plan_night;
SELECT throws_ok(format('SELECT gdpr.run_resume(%L, %s, %L)', 'person', :third, 'reconsent'), '55006', NULL, 'one campaign of a subject type at a time');
-- given up in the middle
RESET SESSION AUTHORIZATION;
CREATE TABLE k.rest AS SELECT s.* FROM gdpr_internal.consent_state AS s;
SET SESSION AUTHORIZATION plan_night;
SELECT lives_ok(format('SELECT gdpr.run_cancel(%s)', :second), 'a campaign can be given up');
RESET SESSION AUTHORIZATION;
SELECT is_empty('(TABLE k.rest EXCEPT TABLE gdpr_internal.consent_state) UNION ALL (TABLE gdpr_internal.consent_state EXCEPT TABLE k.rest)', 'nobody is touched by that');
SELECT is((SELECT concat_ws('|', state, asked = (SELECT count(*) FROM gdpr_internal.consent_event WHERE kind = 'reconsent_required' AND purpose = 'survey')) FROM gdpr.campaign_plans WHERE run = :second), 'cancelled|t', 'who was asked stays asked');
SELECT is((SELECT count(*) FROM gdpr_internal.chunk WHERE run = :second AND keys <> '{}'), 0::bigint, 'the list of the others is gone');
-- a form that is not the one any more
SELECT gdpr.run_resume('person', :third, 'reconsent') \g /dev/null
SELECT gdpr.set_consent_form('person', 'terms:1', 'letters') \g /dev/null
SELECT throws_ok(format('SELECT gdpr.run_work(%s, 1, 1, 1)', :third), '55000', NULL, 'nobody is asked with a text that is out of date');
SELECT is((SELECT count(*) FROM gdpr.take_messages(10, of_run => 1)), 0::bigint, 'nor are its messages taken');
SELECT gdpr.set_consent_form('person', 'terms:3', 'letters') \g /dev/null
SELECT is(k.work(:third), 'finished', 'with its form again it goes on');
-- the purpose goes
SELECT gdpr.drop_purpose('letters') \g /dev/null
SELECT is((SELECT count(*) FROM gdpr.take_messages(1000, of_run => :third)), 0::bigint, 'messages of a purpose that is gone are not taken');
-- nobody asks without a campaign
INSERT INTO gdpr_internal.run (job, subject_type, reason, state, stage, started_by) VALUES ('reconsent', 'person', 'planted', 'running', 1, 'x') RETURNING run AS planted \gset
INSERT INTO gdpr_internal.chunk (run, chunk, keys, people, stage) VALUES (:planted, 1, '{30}', 1, 1);
SELECT throws_ok(format('SELECT gdpr.run_work(%s, 1, 1, 1)', :planted), '42501', NULL, 'a run without an approved campaign asks nobody');
SELECT * FROM finish();
DROP SCHEMA k CASCADE;
