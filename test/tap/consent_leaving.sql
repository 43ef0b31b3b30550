-- SPDX-License-Identifier: PostgreSQL
-- Laws of leaving: refused people are queued, and held while something allows to keep them; what described
-- a person goes with the person, the proof stays for gdpr.proof_retention.
SET client_min_messages = error;
SELECT no_plan();
CREATE SCHEMA k;
CREATE TABLE k.person (id int PRIMARY KEY, name text);
INSERT INTO k.person SELECT i, 'name ' || i FROM generate_series(1, 300) AS i;
CREATE TABLE k.client (email text PRIMARY KEY, name text);
INSERT INTO k.client SELECT 'canary' || i || '@example.org', 'name ' || i FROM generate_series(1, 200) AS i;
SELECT gdpr.classify('k.person', 'name', 'full_name'), gdpr.classify('k.client', 'email', 'email'), gdpr.classify('k.client', 'name', 'full_name') \g /dev/null
SELECT gdpr.register_subject('person', 'k.person'), gdpr.register_subject('client', 'k.client') \g /dev/null
SELECT gdpr.add_purpose('letters', marketing => true), gdpr.add_purpose('survey', validity => '1 second'), gdpr.add_purpose('calls'), gdpr.add_purpose('billing', 'contract') \g /dev/null
SELECT gdpr.add_form('terms', 'One.') \g /dev/null
SELECT gdpr.set_consent_form('person', 'terms'), gdpr.set_consent_form('client', 'terms') \g /dev/null
CREATE FUNCTION k.queue(key text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(reason || ' ' || state, ', ') FROM gdpr.erasure_queue WHERE subject_key = $1 AND state IN ('due', 'held', 'failed')
$$;

-- action anonymize
SELECT gdpr.set_consent_action('person', 'withdrawn', 'anonymize'), gdpr.set_consent_action('person', 'rejected', 'anonymize', 'letters') \g /dev/null
SELECT gdpr.record_consent('person', '1', 'rejected', 'letters', medium => 'email') \g /dev/null
SELECT is(k.queue('1'), 'consent rejected due', 'who refused is queued');
SELECT is((SELECT name FROM k.person WHERE id = 1), 'name 1', 'and not anonymized in the user''s transaction');
SELECT gdpr.record_consent('person', '2', 'rejected', 'calls', medium => 'email') \g /dev/null
SELECT is(k.queue('2'), NULL, 'not where the action is another');
SELECT gdpr.record_consent('person', '1', 'accepted', 'letters', medium => 'email') \g /dev/null
SELECT is(k.queue('1'), NULL, 'who accepts is taken off again');
SELECT gdpr.record_consent('person', '1', 'accepted', 'calls', medium => 'email'), gdpr.record_consent('person', '1', 'withdrawn', 'letters', medium => 'email') \g /dev/null
SELECT is(k.queue('1'), 'consent withdrawn held', 'who still consents to something is held');
SELECT is((SELECT string_agg(blocker, ', ') FROM gdpr.blockers('person', '1')), 'basis: consent', 'and the blocker says why');
SELECT throws_ok($$SELECT gdpr.anonymize_subject('person', '1', 'too early')$$, 'PD002', NULL, 'the engine holds back, too');
SELECT gdpr.record_consent('person', '1', 'withdrawn', 'calls', medium => 'email') \g /dev/null
SELECT is(k.queue('1'), 'consent withdrawn due', 'until that is withdrawn');
SELECT is((SELECT count(*) FROM gdpr.blockers('person', '1')), 0::bigint, 'then nothing holds back');
SELECT gdpr.record_consent('person', '3', 'accepted', 'letters', medium => 'email'), gdpr.add_basis('person', '3', 'billing', 'contract') \g /dev/null
SELECT gdpr.record_consent('person', '3', 'withdrawn', 'letters', medium => 'email') \g /dev/null
SELECT is(k.queue('3'), 'consent withdrawn held', 'a contract holds');
SELECT is((SELECT string_agg(blocker, ', ') FROM gdpr.blockers('person', '3')), 'basis: contract', 'basis: contract');
SELECT gdpr.record_consent('person', '4', 'accepted', 'survey', medium => 'email'), gdpr.record_consent('person', '4', 'accepted', 'letters', medium => 'email') \g /dev/null
SELECT pg_sleep(1.01) \g /dev/null
SELECT gdpr.record_consent('person', '4', 'withdrawn', 'letters', medium => 'email') \g /dev/null
SELECT is(k.queue('4'), 'consent withdrawn due', 'a lapsed consent holds nobody');
SELECT gdpr.queue_erasure('person', '5', 'request 7') \g /dev/null
SELECT gdpr.record_consent('person', '5', 'accepted', 'letters', medium => 'email') \g /dev/null
SELECT is(k.queue('5'), 'request 7 due', 'who asked to be erased stays queued whatever is accepted');
SELECT is((SELECT count(*) FROM gdpr.blockers('person', '5')), 0::bigint, 'and no consent holds an erasure that was asked for');
SELECT gdpr.record_consent('person', '6', 'rejected', 'letters', medium => 'email') \g /dev/null
SELECT gdpr.require_reconsent('person', 'terms', 'letters') \g /dev/null
SELECT is(k.queue('6'), NULL, 'who is asked again is taken off');
SELECT is(k.queue('4'), 'consent withdrawn due', 'who withdrew is not');
CREATE VIEW k.some AS SELECT id FROM k.person WHERE id BETWEEN 101 AND 200;
SELECT gdpr.mark_all('person', 'k.some', 'rejected', 'letters', 'import') \g /dev/null
SELECT is((SELECT count(*) FROM gdpr.erasure_queue WHERE subject_key::int BETWEEN 101 AND 200 AND state = 'due'), 100::bigint, 'a bulk change queues as well');
SELECT gdpr.mark_all('person', 'k.some', 'accepted', 'letters', 'import') \g /dev/null
SELECT is((SELECT count(*) FROM gdpr.erasure_queue WHERE subject_key::int BETWEEN 101 AND 200 AND state = 'due'), 0::bigint, 'and takes off');
-- who accepts after a run over the queue was planned is not anonymized by it
SELECT gdpr.record_consent('person', i::text, 'rejected', 'letters', medium => 'email') FROM generate_series(30, 31) AS i \g /dev/null
INSERT INTO gdpr_internal.run (job, subject_type, reason, options, state, started_by) VALUES ('anonymize', 'person', 'night', '{"source": "due"}', 'running', 'night') RETURNING run \gset
SELECT gdpr.record_consent('person', '31', 'accepted', 'letters', medium => 'email') \g /dev/null
SELECT gdpr_internal.erase_people('person', '{30,31}', 'night', 'keep', :run, 1) \g /dev/null
SELECT is((SELECT string_agg(gdpr.is_frozen('person', i::text)::text, ' ' ORDER BY i) FROM generate_series(30, 31) AS i), 'true false', 'who accepted after the run was planned stays');
SELECT is((SELECT subject_key || ' ' || state || ': ' || reason FROM gdpr_internal.run_person WHERE run = :run), '31 held: taken off the queue', 'and the ledger says why');
SELECT is((SELECT count(*) FROM gdpr.held_back WHERE subject_key = '31'), 0::bigint, 'nobody has to look after it');
SELECT gdpr.register_subject('kept', 'k.client', anonymization => false) \g /dev/null
SELECT throws_ok($$SELECT gdpr.set_consent_action('kept', 'withdrawn', 'anonymize')$$, '55000', NULL, 'not where nobody is anonymized');
SELECT gdpr.unregister_subject('kept') \g /dev/null

-- who leaves takes along what described him; the proof stays
SET gdpr.app_user = 'clerk';
SELECT gdpr.record_consent('person', '10', 'accepted', 'letters', medium => 'paper_form', channel => 'post', comment => 'canary comment', attachment => 'canary scan',
  source_ip => '192.0.2.10', guardian => 'canary guardian') \g /dev/null
RESET gdpr.app_user;
SELECT gdpr.restrict('person', '10', 'canary reason'), gdpr.record_objection('person', '10', 'letters', 'canary why'), gdpr.opt_out('person', '10', 'email') \g /dev/null
CREATE TABLE k.proof AS SELECT to_jsonb(e) AS event FROM gdpr_internal.consent_event AS e WHERE subject_key = '10';
CREATE TABLE k.state AS SELECT to_jsonb(c) AS state FROM gdpr_internal.consent_state AS c WHERE subject_key = '10';
SELECT gdpr.anonymize_subject('person', '10', 'left') \g /dev/null
SELECT is((SELECT jsonb_agg(to_jsonb(e) ORDER BY e.event) FROM gdpr_internal.consent_event AS e WHERE subject_key = '10'), (SELECT jsonb_agg(event ORDER BY event->'event') FROM k.proof),
  'events stay as they were');
SELECT is((SELECT jsonb_agg(to_jsonb(c)) FROM gdpr_internal.consent_state AS c WHERE subject_key = '10'), (SELECT jsonb_agg(state) FROM k.state), 'and so does the state');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_detail AS d JOIN gdpr_internal.consent_event AS e USING (event) WHERE e.subject_key = '10'), 0::bigint, 'comments, users and addresses are gone');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_attachment), 0::bigint, 'scans are gone');
SELECT is((SELECT count(*) FROM gdpr_internal.restriction) + (SELECT count(*) FROM gdpr_internal.objection) + (SELECT count(*) FROM gdpr_internal.opt_out), 0::bigint, 'rights are gone');
SELECT is((SELECT count(*) FROM gdpr_internal.person_allowed WHERE id = 10), 0::bigint, 'the mask is gone');
SELECT throws_ok($$SELECT gdpr.record_consent('person', '10', 'withdrawn', 'letters', medium => 'email')$$, 'PD001', NULL, 'nothing more happens to the person');
CREATE VIEW k.everybody AS SELECT id FROM k.person;
SELECT throws_ok($$SELECT gdpr.mark_all('person', 'k.everybody', 'accepted', 'calls', 'email')$$, 'PD001', NULL, 'in no bulk change either');

-- personal keys: the digest of the certificate
SELECT gdpr.record_consent('client', 'canary' || i || '@example.org', 'accepted', 'letters', medium => 'email', comment => 'canary comment ' || i) FROM generate_series(1, 20) AS i \g /dev/null
SELECT gdpr.anonymize_subjects('client', ARRAY(SELECT 'canary' || i || '@example.org' FROM generate_series(1, 10) AS i), 'left') \g /dev/null
SELECT is((SELECT count(*) FROM gdpr.consent_history AS h JOIN gdpr.certificates AS c ON c.subject_type = h.subject_type AND c.subject_key = h.subject_key WHERE c.key_digest), 10::bigint,
  'events point to the certificates');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state AS s JOIN gdpr.certificates AS c ON c.subject_type = s.subject_type AND c.subject_key = s.subject_key WHERE c.key_digest), 10::bigint,
  'states, too');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_event WHERE subject_key ~ '^canary([1-9]|10)@') + (SELECT count(*) FROM gdpr_internal.consent_state WHERE subject_key ~ '^canary([1-9]|10)@')
  + (SELECT count(*) FROM gdpr_internal.client_allowed WHERE email ~ '^canary([1-9]|10)@') + (SELECT count(*) FROM gdpr_internal.consent_detail WHERE comment ~ 'canary comment ([1-9]|10)$'), 0::bigint,
  'no key of theirs is left');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_detail WHERE comment ~ '^canary comment'), 10::bigint, 'the others'' comments are still there');
SELECT is((SELECT count(*) FROM pg_stats WHERE schemaname = 'gdpr_internal' AND (most_common_vals::text ~ 'canary[1-9]@' OR histogram_bounds::text ~ 'canary[1-9]@')), 0::bigint,
  'nor in the statistics');

-- proof_retention
SET gdpr.proof_retention = '1 hour';
SELECT is(gdpr.expire_proofs(), 0::bigint, 'nothing expires early');
SET gdpr.proof_retention = '0';
SELECT gdpr.mark_all('person', 'k.some', 'rejected', 'calls', 'import', 'canary of the batch') \g /dev/null
SELECT gdpr.anonymize_subjects('person', ARRAY(SELECT i::text FROM generate_series(101, 200) AS i), 'left') \g /dev/null
SELECT is(gdpr.expire_proofs() > 0, true, 'proofs expire after gdpr.proof_retention');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_event AS e JOIN gdpr_internal.erasure AS c USING (subject_type, subject_key)), 0::bigint, 'events of who left are gone');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state AS e JOIN gdpr_internal.erasure AS c USING (subject_type, subject_key)), 0::bigint, 'states, too');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_batch WHERE comment ~ 'canary'), 0::bigint, 'and what a bulk change said about nobody who is left');
SELECT isnt((SELECT count(*) FROM gdpr_internal.consent_event WHERE subject_key = '3'), 0::bigint, 'everybody else''s stay');
RESET gdpr.proof_retention;

-- everything held on a person
SELECT gdpr.record_consent('person', '20', 'accepted', 'letters', medium => 'paper_form', comment => 'by hand', attachment => 'scan') \g /dev/null
SELECT is((SELECT concat_ws('|', d#>>'{consent,states,0,state}', d#>>'{consent,history,0,comment}', d#>>'{consent,history,0,attachment,body}') FROM gdpr.subject_data('person', '20') AS d),
  'accepted|by hand|' || encode('scan', 'base64'), 'a person''s data shows the consents, with comment and scan');

-- a subject type that is given up and registered again finds what was decided
SELECT gdpr.unregister_subject('person', forget_frozen => true) \g /dev/null
SELECT hasnt_table('gdpr_internal'::name, 'person_allowed'::name);
SELECT hasnt_view('gdpr'::name, 'person_consent'::name);
SELECT throws_ok($$SELECT gdpr.record_consent('person', '20', 'accepted')$$, '42704', NULL, 'nobody consents meanwhile');
SELECT gdpr.register_subject('person', 'k.person') \g /dev/null
SELECT is((SELECT allowed & 2 FROM gdpr_internal.person_allowed WHERE id = 20), 2::bigint, 'who accepted has accepted');
SELECT is((SELECT state FROM gdpr.consent WHERE subject_type = 'person' AND subject_key = '4' AND purpose = 'letters'), 'withdrawn', 'who withdrew has withdrawn');
SELECT is((SELECT mode FROM gdpr_internal.consent_setting WHERE subject_type = 'person'), 'strict', 'settings are made anew');

-- the pack is a fixed point
SELECT gdpr.set_consent_mode('person', 'crmcom'), gdpr.set_consent_action('person', 'withdrawn', 'none'), gdpr.set_consent_action('person', 'rejected', 'none', 'letters'),
  gdpr.add_form('terms', 'Two, it''s "longer".', '\x00ff'), gdpr.add_form('terms', 'One.'), gdpr.set_consent_form('person', 'terms:2', 'letters') \g /dev/null
CREATE TABLE k.pack AS SELECT * FROM gdpr.export_rules() WITH ORDINALITY AS p(line, n);
DO $$ DECLARE l text; BEGIN FOR l IN SELECT line FROM k.pack ORDER BY n LOOP EXECUTE l; END LOOP; END $$;
SELECT is((SELECT string_agg(line, E'\n' ORDER BY n) FROM gdpr.export_rules() WITH ORDINALITY AS p(line, n)), (SELECT string_agg(line, E'\n' ORDER BY n) FROM k.pack), 'load, export: the same');
SELECT is((SELECT count(*) FROM k.pack WHERE line ~ 'consent_mode|consent_action|add_form|consent_form'), 8::bigint, 'with modes, actions, forms and pointers');
SELECT gdpr.unregister_subject('person'), gdpr.unregister_subject('client', true) \g /dev/null
SELECT lives_ok(line, 'loads again: ' || left(line, 40)) FROM (SELECT line FROM k.pack ORDER BY n) AS p;
SELECT is((SELECT string_agg(line, E'\n' ORDER BY n) FROM gdpr.export_rules() WITH ORDINALITY AS p(line, n)), (SELECT string_agg(line, E'\n' ORDER BY n) FROM k.pack), 'load, export, load: the same');
SELECT * FROM finish();
