-- SPDX-License-Identifier: PostgreSQL
-- Laws of single consents: who may record what, forms by pointer, lapse without a write, children, history.
SET client_min_messages = error;
SELECT no_plan();
CREATE SCHEMA k;
CREATE TABLE k.person (id int PRIMARY KEY, name text, born date, country text);
INSERT INTO k.person SELECT i, 'name ' || i, '1980-01-01', 'DE' FROM generate_series(1, 60) AS i;
SELECT gdpr.register_subject('person', 'k.person') \g /dev/null
SELECT gdpr.classify('k.person', 'born', 'birth_date'), gdpr.classify('k.person', 'country', 'country'),
  gdpr.classify('k.person', 'name', 'full_name') \g /dev/null
SELECT gdpr.add_purpose('letters'), gdpr.add_purpose('survey', validity => '3 seconds'), gdpr.add_purpose('billing', 'contract') \g /dev/null
CREATE FUNCTION k.mask(person int, OUT letters boolean, OUT survey boolean, OUT billing boolean) LANGUAGE sql AS $$
  SELECT bool_or(x.bits & (1::bigint << p.bit) <> 0) FILTER (WHERE p.purpose = 'letters'),
    bool_or(x.bits & (1::bigint << p.bit) <> 0) FILTER (WHERE p.purpose = 'survey'),
    bool_or(x.bits & (1::bigint << p.bit) <> 0) FILTER (WHERE p.purpose = 'billing')
  FROM gdpr_internal.purpose AS p, gdpr_internal.consent_setting AS c
  LEFT JOIN gdpr_internal.person_allowed AS a ON a.id = $1
  CROSS JOIN LATERAL (SELECT coalesce(gdpr_internal.allowed_now(a.allowed, a.valid_until, a.later), c.default_allowed)) AS x(bits)
$$;

-- pending_without_a_row
SELECT is((SELECT count(*) FROM gdpr.consent WHERE state = 'pending' AND purpose = 'letters'), 60::bigint, 'everybody is pending');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state), 0::bigint, 'without a row for anybody');
SELECT is(k.mask(1)::text, '(f,f,t)', 'strict: pending is no consent, a contract needs none');

-- words
SELECT is((SELECT string_agg(gdpr.state_alias(s), ' ' ORDER BY n) FROM unnest('{pending,accepted,rejected,withdrawn}'::text[]) WITH ORDINALITY AS u(s, n)),
  'awaiting given refused refused', 'aliases go out');
SELECT lives_ok($$SELECT gdpr.record_consent('person', '2', 'given', 'letters', medium => 'email')$$, 'and come in');
SELECT is((SELECT state FROM gdpr.person_consent WHERE id = 2), 'accepted', 'as the state they mean');
SELECT throws_ok($$SELECT gdpr.record_consent('person', '3', 'GIVEN', 'letters', medium => 'email')$$, '22023', NULL, 'exact words only');
SELECT throws_ok(format('SELECT gdpr.record_consent(''person'', ''3'', ''accepted'', ''letters'', medium => %L)', m), '22023', NULL,
  'silence is no medium: ' || m) FROM unnest('{prechecked,silence,default,inactivity,pigeon,""}'::text[]) AS m;
SELECT lives_ok(format('SELECT gdpr.record_consent(''person'', %L, ''accepted'', ''letters'', medium => %L)', 10 + n, m), 'medium ' || m)
FROM unnest('{email,click,telephone,sms,paper_form,web_form,portal,mobile_app,api,import,in_person}'::text[]) WITH ORDINALITY AS u(m, n);
SELECT throws_ok($$SELECT gdpr.record_consent('person', '3', 'accepted', 'letters')$$, '22004', NULL, 'strict: a decision needs a medium');
SELECT throws_ok($$SELECT gdpr.record_consent('person', '3', 'accepted', 'nothing', medium => 'email')$$, '42704', NULL, 'unknown purpose');
SELECT throws_ok($$SELECT gdpr.record_consent('person', '3', 'accepted', 'billing', medium => 'email')$$, '22023', NULL, 'a purpose that rests on a contract asks nobody');
SELECT throws_ok($$SELECT gdpr.record_consent('person', '3', 'accepted', 'letters', medium => 'email', form => 'nothing')$$, '42704', NULL, 'unknown form');
SELECT throws_ok($$SELECT gdpr.record_consent('person', '3', 'accepted', 'letters', medium => 'email', channel => 'smoke')$$, '22023', NULL, 'unknown channel');
SELECT throws_ok($$SELECT gdpr.record_consent('person', '3', NULL, 'letters', medium => 'email')$$, '22004', NULL, 'no state');
SELECT throws_ok($$SELECT gdpr.record_consent('person', NULL, 'accepted', 'letters', medium => 'email')$$, '22004', NULL, 'no person');
SELECT throws_ok($$SELECT gdpr.record_consent('nobody', '3', 'accepted', 'letters', medium => 'email')$$, '42704', NULL, 'unknown subject type');
SELECT throws_ok($$SELECT gdpr.record_consent('person', '999', 'accepted', 'letters', medium => 'email')$$, 'P0002', NULL, 'a missing person');
SELECT throws_ok($$SELECT gdpr.record_consent('person', 'x', 'accepted', 'letters', medium => 'email')$$, '22P02', NULL, 'no key at all');
SELECT throws_ok($$SELECT gdpr.record_consent('person', '3', 'accepted', 'letters', medium => 'email', attachment => 'x', attachment_uri => 'y')$$,
  '22023', NULL, 'an attachment is here or elsewhere');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_event WHERE subject_key = '3'), 0::bigint, 'what was refused left nothing');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_attachment), 0::bigint, 'not even its scan');
SELECT lives_ok($$SELECT gdpr.record_consent('person', ' 03', 'accepted', 'letters', medium => 'email')$$, 'a key is taken in its canonical form');
SELECT is((SELECT subject_key FROM gdpr.consent_history WHERE subject_key ~ '3$' ORDER BY event DESC LIMIT 1), '3', 'which is kept');

-- a_request_changes_nothing
SELECT gdpr.record_consent('person', '4', 'pending', 'letters', medium => 'email', channel => 'email') \g /dev/null
SELECT is((SELECT kind || ' ' || state FROM gdpr.consent_history WHERE subject_key = '4'), 'request_sent pending', 'a request is an event');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state WHERE subject_key = '4') + (SELECT count(*) FROM gdpr_internal.person_allowed WHERE id = 4),
  0::bigint, 'and nothing else');

-- forms_by_pointer_write_no_row
SELECT is(gdpr.add_form('terms', 'You agree to letters.'), 1, 'a form');
SELECT is(gdpr.add_form('terms', 'You agree to letters.'), 1, 'the same text is the same version');
SELECT is(gdpr.add_form('terms', 'You agree to letters.', 'logo'), 2, 'an attachment is part of the text');
SELECT is(gdpr.add_form('terms', 'You agree to letters.', NULL, 1), 1, 'a pack loads a version twice');
SELECT throws_ok($$SELECT gdpr.add_form('terms', 'Other text', NULL, 1)$$, '42710', NULL, 'and no other text under its number');
SELECT throws_ok($$SELECT gdpr.add_form('terms', 'Other text', NULL, 9)$$, '22023', NULL, 'nor a gap');
SELECT throws_ok($$SELECT gdpr.add_form('Terms', 'text')$$, '42602', NULL, 'a plain name');
SELECT throws_ok($$SELECT gdpr.add_form('terms', '')$$, '22004', NULL, 'a text');
SELECT gdpr.record_consent('person', '5', 'accepted', 'letters', medium => 'paper_form', form => 'terms:1') \g /dev/null
CREATE TABLE k.before AS SELECT (SELECT sum(hashtext(s::text || s.ctid || s.xmin)) FROM gdpr_internal.consent_state AS s) AS state,
  (SELECT sum(hashtext(p::text || p.ctid || p.xmin)) FROM k.person AS p) AS people;
SELECT gdpr.set_consent_form('person', 'terms:1') \g /dev/null
SELECT gdpr.set_consent_form('person', 'terms') \g /dev/null
SELECT is((SELECT count(DISTINCT current_form) || ' ' || min(current_form) FROM gdpr.consent), '1 terms:2', 'everybody is asked with it');
SELECT ok((SELECT (state, people) = ((SELECT sum(hashtext(s::text || s.ctid || s.xmin)) FROM gdpr_internal.consent_state AS s),
  (SELECT sum(hashtext(p::text || p.ctid || p.xmin)) FROM k.person AS p)) FROM k.before), 'no row of anybody was touched');
SELECT is((SELECT form FROM gdpr.consent WHERE subject_key = '5' AND purpose = 'letters'), 'terms:1', 'who signed a form of his own keeps it');
SELECT gdpr.record_consent('person', '6', 'accepted', 'letters', medium => 'email') \g /dev/null
SELECT is((SELECT form FROM gdpr.consent WHERE subject_key = '6' AND purpose = 'letters'), 'terms:2', 'everybody else has the global one');
SELECT gdpr.set_consent_form('person', 'terms:1', 'survey') \g /dev/null
SELECT is((SELECT string_agg(DISTINCT coalesce(purpose, '*') || ' ' || current_form, ', ') FROM gdpr.consent), '* terms:2, letters terms:2, survey terms:1', 'a purpose may have its own');
SELECT is((SELECT current_for FROM gdpr.forms WHERE form = 'terms:1'), ARRAY['person/survey'], 'gdpr.forms says whom it is for');
SELECT gdpr.set_consent_form('person', NULL, 'survey') \g /dev/null
SELECT is((SELECT current_for FROM gdpr.forms WHERE form = 'terms:1'), '{}', 'and can be given up');

-- one_event_with_its_proof
SET gdpr.app_user = 'clerk 7';
SELECT gdpr.record_consent('person', '7', 'accepted', 'letters', medium => 'telephone', comment => 'called us', attachment => 'the scan',
  media_type => 'image/png', source_ip => '192.0.2.7') \g /dev/null
RESET gdpr.app_user;
SELECT is((SELECT concat_ws('|', kind, state, prior_state, owner = current_user, app_user, medium, comment, form, media_type, source_ip) FROM gdpr.consent_history WHERE subject_key = '7'),
  'decision|accepted|pending|t|clerk 7|telephone|called us|terms:2|image/png|192.0.2.7', 'who, whom, how, what, with which text');
SELECT is((SELECT attachment_sha256 FROM gdpr.consent_history WHERE subject_key = '7'), encode(sha256('the scan'), 'hex'), 'the scan''s digest is the scan''s');
SELECT is((SELECT form_sha256 FROM gdpr.consent_history WHERE subject_key = '7'), (SELECT sha256 FROM gdpr.forms WHERE form = 'terms:2'), 'the wording''s digest is the form''s');
SELECT ok((SELECT e.detail_digest = gdpr_internal.detail_digest(d.salt, d.comment, d.app_user, d.source_ip, d.guardian, d.attachment)
  FROM gdpr_internal.consent_event AS e JOIN gdpr_internal.consent_detail AS d USING (event) WHERE e.subject_key = '7'), 'the detail''s digest verifies');
SELECT is((SELECT count(DISTINCT salt) = count(*) FROM gdpr_internal.consent_detail), true, 'each with a salt of its own');

-- general_consent
SELECT gdpr.record_consent('person', '8', 'accepted', medium => 'web_form') \g /dev/null
SELECT is(k.mask(8)::text, '(t,t,t)', 'a general consent covers the purposes there are');
SELECT gdpr.add_purpose('later') \g /dev/null
SELECT is((SELECT string_agg(coalesce(purpose, '*') || ' ' || state, ', ' ORDER BY purpose NULLS FIRST) FROM gdpr.consent WHERE subject_key = '8'),
  '* accepted, later pending, letters accepted, survey accepted', 'not those that come later: consent is specific');
SELECT gdpr.record_consent('person', '8', 'withdrawn', 'letters', medium => 'click') \g /dev/null
SELECT is((SELECT prior_state FROM gdpr.consent_history WHERE subject_key = '8' AND purpose = 'letters'), 'accepted', 'what it covers can be withdrawn alone');
SELECT is(k.mask(8)::text, '(f,t,t)', 'and only that');

-- lapse_without_a_write
SELECT gdpr.record_consent('person', '9', 'accepted', 'survey', medium => 'click') \g /dev/null
SELECT is((SELECT state FROM gdpr.consent WHERE subject_key = '9' AND purpose = 'survey'), 'accepted', 'accepted');
SELECT is(k.mask(9)::text, '(f,t,t)', 'and open');
CREATE TABLE k.rows AS SELECT (SELECT xmin::text || ctid FROM gdpr_internal.person_allowed WHERE id = 9) AS x;
SELECT pg_sleep(3.05) \g /dev/null
SELECT is((SELECT state FROM gdpr.consent WHERE subject_key = '9' AND purpose = 'survey'), 'pending', 'three seconds later it counts as pending');
SELECT is((SELECT state FROM gdpr.person_consent WHERE id = 9), 'pending', 'in every view');
SELECT is(k.mask(9)::text || k.mask(8)::text, '(f,f,t)(f,f,t)', 'and closed, for who consented in general, too');
SELECT ok((SELECT x = (SELECT xmin::text || ctid FROM gdpr_internal.person_allowed WHERE id = 9) FROM k.rows), 'nothing was written');
SELECT lives_ok($$SELECT gdpr.record_consent('person', '9', 'pending', 'survey')$$, 'a lapsed person is asked again');
SELECT lives_ok($$SELECT gdpr.record_consent('person', '9', 'withdrawn', 'survey', medium => 'click')$$, 'and may still withdraw');
SELECT is((SELECT count(*) FROM gdpr.consent WHERE state = 'accepted' AND purpose = 'survey'), 0::bigint, 'the filter on a state agrees');

-- a_child_needs_a_guardian
INSERT INTO k.person VALUES (101, 'kid', current_date - interval '14 years', 'DE'), (102, 'kid', current_date - interval '14 years', 'GB');
SELECT throws_ok($$SELECT gdpr.record_consent('person', '101', 'accepted', 'letters', medium => 'click')$$, 'PD011', NULL, '14 in Germany is a child');
SELECT lives_ok($$SELECT gdpr.record_consent('person', '101', 'rejected', 'letters', medium => 'click')$$, 'who may say no');
SELECT lives_ok($$SELECT gdpr.record_consent('person', '101', 'accepted', 'letters', medium => 'click', guardian => 'her mother')$$, 'and yes with her mother');
SELECT is((SELECT guardian FROM gdpr.consent_history WHERE subject_key = '101' ORDER BY event DESC LIMIT 1), 'her mother', 'who is named');
SELECT lives_ok($$SELECT gdpr.record_consent('person', '102', 'accepted', 'letters', medium => 'click')$$, '14 in Britain is not');

-- no_default_yields_accepted
SELECT is((SELECT count(*) FROM pg_attrdef AS d WHERE d.adrelid::regclass::text ~ '^gdpr_internal\.' AND pg_get_expr(d.adbin, d.adrelid) ~* 'accepted'), 0::bigint,
  'no column default says accepted');
INSERT INTO k.person SELECT i FROM generate_series(200, 220) AS i;
SELECT is((SELECT count(*) FROM gdpr.consent WHERE subject_key::int BETWEEN 200 AND 220 AND state <> 'pending'), 0::bigint, 'whoever is inserted is pending');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state AS c WHERE NOT EXISTS (SELECT FROM gdpr_internal.consent_event AS e
  WHERE e.event = c.event AND e.state = c.state AND e.medium IS NOT NULL)), 0::bigint, 'each state has its affirmative event');

-- history_is_refused_to_everybody
SELECT throws_ok(format('%s %s', role, statement), '42501', NULL, role || ' ' || statement)
FROM unnest('{"","SET ROLE gdpr_owner;"}'::text[]) AS role, unnest(ARRAY[
  'UPDATE gdpr_internal.consent_event SET state = ''accepted''', 'DELETE FROM gdpr_internal.consent_event', 'TRUNCATE gdpr_internal.consent_event',
  'UPDATE gdpr_internal.consent_detail SET comment = ''x''', 'DELETE FROM gdpr_internal.consent_detail', 'TRUNCATE gdpr_internal.consent_detail',
  'DELETE FROM gdpr_internal.consent_attachment', 'UPDATE gdpr_internal.form SET body = ''x''', 'DELETE FROM gdpr_internal.form', 'TRUNCATE gdpr_internal.form']) AS statement;
RESET ROLE;
-- one_decision_one_event
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state AS c WHERE NOT EXISTS (SELECT FROM gdpr_internal.consent_event AS e WHERE e.event = c.event
  AND (e.subject_type, e.subject_key, e.purpose) = (c.subject_type, c.subject_key, c.purpose))), 0::bigint, 'every state points to its event');
SELECT * FROM finish();
