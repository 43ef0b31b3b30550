-- SPDX-License-Identifier: PostgreSQL
-- Laws of many consents at once: all or nothing, one event per person, the same change never twice; and
-- of asking everybody again.
SET client_min_messages = error;
SELECT no_plan();
CREATE ROLE bulk_owner; CREATE ROLE bulk_reader; CREATE ROLE bulk_clerk;
CREATE SCHEMA k;
GRANT USAGE ON SCHEMA k TO PUBLIC;
CREATE TABLE k.person (id int PRIMARY KEY, name text);
INSERT INTO k.person SELECT i, 'name ' || i FROM generate_series(1, 1000) AS i;
ALTER TABLE k.person OWNER TO bulk_owner;
GRANT ALL ON SCHEMA k TO bulk_owner;
SELECT gdpr.register_subject('person', 'k.person') \g /dev/null
SELECT gdpr.add_purpose('letters'), gdpr.add_purpose('survey', validity => '1 hour'), gdpr.add_purpose('calls') \g /dev/null
SELECT gdpr.add_form('terms', 'One.'), gdpr.add_form('terms', 'Two.') \g /dev/null
SELECT gdpr.set_consent_form('person', 'terms:1') \g /dev/null
GRANT EXECUTE ON FUNCTION gdpr.mark_all(text, regclass, text, text, text, text, bytea, text, text) TO bulk_clerk;
GRANT USAGE ON SCHEMA gdpr TO bulk_clerk;

-- N people, N events
CREATE VIEW k.first AS SELECT id FROM k.person WHERE id <= 500 UNION ALL SELECT id FROM k.person WHERE id <= 100;
SELECT is(gdpr.mark_all('person', 'k.first', 'accepted', 'letters', 'paper_form', 'trade fair', 'the list'), 500::bigint, 'duplicates count once');
SELECT is((SELECT concat_ws('|', count(*), count(DISTINCT subject_key), count(DISTINCT batch), min(kind), min(state), min(prior_state), min(medium), min(comment),
  min(form), count(attachment_sha256)) FROM gdpr.consent_history), '500|500|1|decision|accepted|pending|paper_form|trade fair|terms:1|500', 'one event for each person');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_detail), 0::bigint, 'what they have in common is kept once');
SELECT is((SELECT count(*) FROM gdpr_internal.person_allowed WHERE allowed & 2 <> 0), 500::bigint, 'and is allowed at once');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state AS c JOIN gdpr_internal.consent_event AS e USING (event) WHERE e.subject_key = c.subject_key AND e.state = c.state),
  500::bigint, 'every state points to its event');
-- the same change
SELECT is(gdpr.mark_all('person', 'k.first', 'accepted', 'letters', 'paper_form', 'trade fair', 'the list'), 0::bigint, 'the same change writes nothing');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_event) || ' ' || (SELECT count(*) FROM gdpr_internal.consent_batch) || ' ' || (SELECT count(*) FROM gdpr_internal.consent_attachment),
  '500 1 1', 'no event, no batch, no scan');
SELECT is(gdpr.mark_all('person', 'k.first', 'accepted', 'letters', 'paper_form', 'renewed'), 500::bigint, 'another one renews');
SELECT gdpr.record_consent('person', '5', 'withdrawn', 'letters', medium => 'email') \g /dev/null
CREATE VIEW k.some AS SELECT id::text AS who FROM k.person WHERE id BETWEEN 400 AND 600;
SELECT is(gdpr.mark_all('person', 'k.some', 'accepted', 'letters', 'email'), 201::bigint, 'people with and without a past at once');
SELECT is((SELECT string_agg(DISTINCT prior_state, ' ') FROM gdpr.consent_history WHERE batch = (SELECT max(batch) FROM gdpr_internal.consent_batch)), 'accepted pending', 'each from where he stood');

-- all or nothing
CREATE FUNCTION k.say(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE d text;
BEGIN
  EXECUTE statement;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
  RETURN SQLSTATE || ' ' || SQLERRM || ' ' || d;
END $$;
CREATE TABLE k.before AS SELECT count(*) AS events, max(event) AS last FROM gdpr_internal.consent_event;
CREATE TABLE k.everybody AS SELECT id FROM k.person;
SELECT matches(k.say($$SELECT gdpr.mark_all('person', 'k.everybody', 'rejected', 'letters', 'email')$$), '^PD006 .* 1 of 1000 people: 1 from "withdrawn"', 'one who withdrew stops it, with counts');
SELECT matches(k.say($$SELECT gdpr.mark_all('person', 'k.everybody', 'withdrawn', 'letters', 'email')$$), '^PD006 .* 401 of 1000 people: 400 from "pending", 1 from "withdrawn"', 'every step that is none is counted');
SELECT matches(k.say($$SELECT gdpr.mark_all('person', 'k.everybody', 'pending', 'letters', 'email')$$), '^PD006 ', 'who decided is not asked again');
INSERT INTO k.everybody VALUES (5000), (6000);
SELECT matches(k.say($$SELECT gdpr.mark_all('person', 'k.everybody', 'accepted', 'letters', 'email')$$), '^P0002 .* 2 of 1002 people are missing', 'unknown people stop it, with counts');
INSERT INTO k.everybody VALUES (NULL);
SELECT matches(k.say($$SELECT gdpr.mark_all('person', 'k.everybody', 'accepted', 'letters', 'email')$$), '^22004 ', 'rows without a key stop it');
SELECT throws_ok($$SELECT gdpr.mark_all('person', 'k.first', 'accepted', 'letters')$$, '22004', NULL, 'strict: a medium');
SELECT throws_ok($$SELECT gdpr.mark_all('person', 'k.first', 'perhaps', 'letters', 'email')$$, '22023', NULL, 'unknown state');
SELECT throws_ok($$SELECT gdpr.mark_all('person', 'k.first', 'accepted', 'nothing', 'email')$$, '42704', NULL, 'unknown purpose');
SELECT throws_ok($$SELECT gdpr.mark_all('person', 'k.first', 'accepted', 'letters', 'email', form => 'nothing')$$, '42704', NULL, 'unknown form');
SELECT throws_ok($$SELECT gdpr.mark_all('person', NULL, 'accepted', 'letters', 'email')$$, '22004', NULL, 'no selection');
CREATE TABLE k.words AS SELECT 'one' AS word;
CREATE TABLE k.wide AS SELECT 1 AS a, 2 AS b;
SELECT matches(k.say($$SELECT gdpr.mark_all('person', 'k.words', 'accepted', 'letters', 'email')$$), '^22P02 subject key number 1 ', 'a key that is none, not quoted');
SELECT unalike(k.say($$SELECT gdpr.mark_all('person', 'k.words', 'accepted', 'letters', 'email')$$), '%"one"%', 'nowhere');
SELECT throws_ok($$SELECT gdpr.mark_all('person', 'k.wide', 'accepted', 'letters', 'email')$$, '42703', NULL, 'columns that name nobody');
SELECT ok((SELECT events = count(*) AND last = max(event) FROM gdpr_internal.consent_event, k.before GROUP BY events, last), 'nothing was half done');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state WHERE subject_key::int > 600), 0::bigint, 'no state either');
SELECT is((SELECT count(*) FROM gdpr_internal.person_allowed), 600::bigint, 'no mask');
CREATE TABLE k.nobody (id int);
SELECT is(gdpr.mark_all('person', 'k.nobody', 'accepted', 'letters', 'email'), 0::bigint, 'an empty selection is no error');

-- a few people: what is said of them is theirs
CREATE VIEW k.few AS SELECT id FROM k.person WHERE id IN (701, 702);
SELECT gdpr.mark_all('person', 'k.few', 'accepted', 'letters', 'in_person', 'at the fair', 'a scan') \g /dev/null
SELECT is((SELECT count(*) || ' ' || count(DISTINCT salt) || ' ' || count(DISTINCT attachment) FROM gdpr_internal.consent_detail), '2 2 1', 'each has a detail, the scan is kept once');
SELECT is((SELECT comment FROM gdpr_internal.consent_batch ORDER BY batch DESC LIMIT 1), NULL, 'and the batch has none');

-- validity and asking
SELECT gdpr.mark_all('person', 'k.first', 'accepted', 'survey', 'email') \g /dev/null
SELECT is((SELECT count(*) FROM gdpr_internal.person_allowed WHERE valid_until < now() + interval '61 minutes' AND later[2] & 4 = 0 AND allowed & 4 <> 0), 500::bigint,
  'masks say when they lapse');
CREATE VIEW k.new AS SELECT id FROM k.person WHERE id BETWEEN 801 AND 900;
SELECT gdpr.mark_all('person', 'k.new', 'accepted', 'survey', 'email') \g /dev/null
SELECT is((SELECT count(*) FROM gdpr_internal.person_allowed WHERE id BETWEEN 801 AND 900 AND valid_until < now() + interval '61 minutes' AND later[2] & 4 = 0 AND allowed & 4 <> 0),
  100::bigint, 'of new people, too');
-- one truth: masks of bulk changes are those that are computed anew
CREATE TABLE k.masks AS TABLE gdpr_internal.person_allowed;
SELECT gdpr_internal.refresh_allowed('person', NULL) \g /dev/null
SELECT is((SELECT count(*) FROM k.masks AS a FULL JOIN gdpr_internal.person_allowed AS b USING (id) WHERE a IS DISTINCT FROM b), 0::bigint, 'masks written in bulk are the masks');
SELECT is(gdpr.mark_all('person', 'k.new', 'pending', 'calls', 'email'), 100::bigint, 'a hundred people are asked');
SELECT is((SELECT count(*) FROM gdpr.consent_history WHERE kind = 'request_sent' AND purpose = 'calls'), 100::bigint, 'as events');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_state WHERE purpose = 'calls'), 0::bigint, 'not as states');

-- selections are read as their owners, named by whoever may read them
CREATE VIEW k.secret AS SELECT id FROM k.person WHERE id = 1;
SET ROLE bulk_clerk;
SELECT throws_ok($$SELECT gdpr.mark_all('person', 'k.secret', 'accepted', 'calls', 'email')$$, '42501', NULL, 'who may not read a selection may not name it');
RESET ROLE;
GRANT SELECT ON k.secret TO bulk_clerk;
SET ROLE bulk_clerk;
SELECT lives_ok($$SELECT gdpr.mark_all('person', 'k.secret', 'accepted', 'calls', 'email')$$, 'who may read it need not read the table');
SELECT lives_ok($$CREATE TEMP TABLE mine AS SELECT 2 AS id; SELECT gdpr.mark_all('person', 'mine', 'accepted', 'calls', 'email')$$, 'a temporary table serves');
RESET ROLE;
SELECT is((SELECT string_agg(DISTINCT owner::text, ' ') FROM gdpr.consent_history WHERE purpose = 'calls' AND kind = 'decision'), 'bulk_clerk', 'events name who called');

-- R17: re-consent
SELECT gdpr.record_consent('person', '6', 'rejected', 'letters', medium => 'email') \g /dev/null
CREATE TABLE k.was AS SELECT c.*, c.ctid::text AS place, to_jsonb(v) AS shown FROM gdpr_internal.consent_state AS c
  JOIN gdpr.consent AS v ON v.subject_key = c.subject_key AND v.purpose = c.purpose WHERE c.purpose = 'letters';
CREATE TABLE k.n AS SELECT count(*) AS events FROM gdpr_internal.consent_event;
SELECT is(gdpr.require_reconsent('person', 'terms:2', 'letters'), 999::bigint, 'everybody but the one who withdrew is concerned');
SELECT is((SELECT count(*) - (SELECT events FROM k.n) FROM gdpr_internal.consent_event), (SELECT count(*) FROM k.was WHERE state <> 'withdrawn'), 'one event for each who had a row');
SELECT is((SELECT count(*) FROM k.was AS w JOIN gdpr_internal.consent_state AS c USING (subject_type, subject_key, purpose)
  WHERE w.state <> 'withdrawn' AND ROW(c.state, c.updated_at, c.form, c.form_version, c.medium, c.channel) IS DISTINCT FROM
    ROW('pending'::text, NULL::timestamptz, 'terms'::text, 2, w.medium, w.channel)), 0::bigint, 'state, date and form change, nothing else');
SELECT is((SELECT count(*) FROM k.was AS w JOIN gdpr_internal.consent_state AS c USING (subject_type, subject_key, purpose) JOIN gdpr.consent_history AS h ON h.event = c.event
  WHERE w.state <> 'withdrawn' AND (h.kind, h.prior_state, h.prior_updated_at) = ('reconsent_required', w.state, w.updated_at)), (SELECT count(*) FROM k.was WHERE state <> 'withdrawn'),
  'the event keeps what there was');
SELECT is((SELECT (w.shown - 'current_form')::text || w.place FROM k.was AS w WHERE w.state = 'withdrawn'), (SELECT (to_jsonb(v) - 'current_form')::text || c.ctid
  FROM gdpr_internal.consent_state AS c JOIN gdpr.consent AS v ON v.subject_key = c.subject_key AND v.purpose = c.purpose
  WHERE c.purpose = 'letters' AND c.state = 'withdrawn'), 'who withdrew is left byte for byte');
SELECT is((SELECT count(*) FROM gdpr_internal.person_allowed WHERE allowed & 2 <> 0), 0::bigint, 'nobody is allowed any more');
SELECT is((SELECT form || ':' || version || ' ' || (reconsent_at IS NOT NULL) FROM gdpr_internal.current_form WHERE purpose = 'letters'), 'terms:2 true', 'the pointer has moved');
SELECT lives_ok($$SELECT gdpr.record_consent('person', '7', 'accepted', 'letters', medium => 'email')$$, 'people decide anew');
SELECT throws_ok($$SELECT gdpr.require_reconsent('person', NULL)$$, '22004', NULL, 'a form is needed');
SELECT throws_ok($$SELECT gdpr.require_reconsent('person', 'terms:3')$$, '42704', NULL, 'that exists');
-- a general consent is asked again for one purpose, and only for it
SELECT gdpr.record_consent('person', '950', 'accepted', medium => 'email') \g /dev/null
SELECT gdpr.require_reconsent('person', 'terms:2', 'calls') \g /dev/null
SELECT is((SELECT string_agg(coalesce(purpose, '*') || ' ' || state, ', ' ORDER BY purpose NULLS FIRST) FROM gdpr.consent WHERE subject_key = '950'),
  '* accepted, calls pending, letters accepted, survey accepted', 'who consented in general is asked again for that purpose');

-- a million rows, duplicates included
CREATE TABLE k.crowd (id int PRIMARY KEY);
INSERT INTO k.crowd SELECT generate_series(1, 50000);
CREATE VIEW k.million AS SELECT c.id FROM k.crowd AS c, generate_series(1, 20);
SELECT gdpr.register_subject('crowd', 'k.crowd') \g /dev/null
SELECT is((SELECT count(*) FROM k.million), 1000000::bigint, 'a million rows');
SELECT is(gdpr.mark_all('crowd', 'k.million', 'accepted', 'letters', 'import'), 50000::bigint, 'of fifty thousand people');
SELECT is((SELECT count(*) FROM gdpr_internal.crowd_allowed WHERE allowed & 2 <> 0), 50000::bigint, 'each allowed');
INSERT INTO k.crowd VALUES (60000);
CREATE VIEW k.more AS SELECT id FROM k.million UNION ALL SELECT 60001;
SELECT throws_ok($$SELECT gdpr.mark_all('crowd', 'k.more', 'rejected', 'letters', 'import')$$, 'P0002', NULL, 'one who is missing stops it');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_event WHERE subject_type = 'crowd'), 50000::bigint, 'nothing half done');
SELECT * FROM finish();
DROP OWNED BY bulk_owner, bulk_reader, bulk_clerk CASCADE;
DROP ROLE bulk_owner, bulk_reader, bulk_clerk;
