-- SPDX-License-Identifier: PostgreSQL
-- Rights of single people: bases, objections, restrictions, notices, children and scope; why() names the
-- record that decides, and says the same as the mask.
\ir lib/attack.sql
SELECT no_plan();
SELECT t.make_role('attack_editor') \g /dev/null
CREATE SCHEMA vic AUTHORIZATION attack_vic;
GRANT USAGE ON SCHEMA vic TO PUBLIC;
SET SESSION AUTHORIZATION attack_vic;
CREATE TABLE vic.client (id int PRIMARY KEY, name text, country text, born date);
INSERT INTO vic.client VALUES (1, 'Ada', 'DE', '1980-05-05'), (2, 'Bob', 'FR', '1981-05-05'), (3, 'Cyd', 'US', '1982-05-05'),
  (4, 'Kid', 'DE', current_date - interval '15 years 6 months'), (5, 'Kit', 'uk', current_date - interval '15 years 6 months'),
  (6, 'Kim', NULL, current_date - interval '15 years 6 months'), (7, 'Leo', 'Greece', current_date - interval '15 years'),
  (8, 'Lea', 'FRA', current_date - interval '15 years' + interval '1 day'), (9, 'Nob', 'Narnia', NULL), (10, 'Inf', 'DE', 'infinity');
SELECT gdpr.register_subject('client', 'vic.client') \g /dev/null
SELECT gdpr.classify('vic.client', c, k) FROM (VALUES ('name', 'full_name'), ('country', 'country'), ('born', 'birth_date')) AS v(c, k) \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT gdpr.grant_bundle('consent_editor', 'attack_editor') \g /dev/null
SELECT gdpr.add_purpose('news', marketing => true, validity => '2 years'), gdpr.add_purpose('letters', 'legitimate_interests', marketing => true),
  gdpr.add_purpose('insight', 'legitimate_interests'), gdpr.add_purpose('billing', 'contract'), gdpr.add_form('privacy', 'what we do') \g /dev/null
-- why() of a person and purpose, and that the mask says the same: '!' where it does not
CREATE FUNCTION t.why(key text, purpose text) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN (w LIKE 'open: %') <> (coalesce((SELECT gdpr_internal.allowed_now(n.allowed, n.valid_until, n.later)
    FROM gdpr_internal.client_allowed AS n WHERE n.id = $1::int), c.default_allowed) >> p.bit & 1 = 1) THEN '! ' ELSE '' END
    || regexp_replace(regexp_replace(w, '\d{4}-\d\d-\d\d', 'DAY', 'g'), '(event|erasure) \d+', '\1 N', 'g')
  FROM gdpr.why('client', $1, $2) AS w, gdpr_internal.consent_setting AS c, gdpr_internal.purpose AS p
  WHERE c.subject_type = 'client' AND p.purpose = $2
$$;

-- Bases.
SELECT is(t.why('1', 'news'), 'closed: consent is pending, nothing was recorded', 'nothing recorded is no consent');
SELECT is(t.why('1', 'billing'), 'open: purpose "billing" rests on contract', 'a purpose with a basis of its own');
SELECT is(t.why('1', 'administration'), 'open: administration is open whatever people consented to', 'administration');
SELECT is(t.attempt('attack_editor', $$SELECT gdpr.add_basis('client', '1', 'news', 'contract')$$), '', 'an editor records a basis of a person');
SELECT is(t.why('1', 'news'), 'open: contract of this person since DAY (event N)', 'which opens the purpose');
SELECT is((SELECT string_agg(blocker, ' ') FROM gdpr.blockers('client', '1')), 'basis: contract', 'and holds the person back');
SELECT throws_ok($$SELECT gdpr.anonymize_subject('client', '1', 'test', unclassified => 'keep')$$, 'PD002', NULL, 'from being anonymized');
SELECT is((SELECT e.owner::text FROM gdpr_internal.consent_event AS e WHERE e.kind = 'basis_added'), 'attack_editor', 'the event names who did it');
SELECT lives_ok($$SELECT gdpr.end_basis(b.basis) FROM gdpr_internal.basis AS b$$, 'a basis ends');
SELECT is(t.why('1', 'news'), 'closed: consent is pending, nothing was recorded', 'and with it what it opened');
SELECT is((SELECT count(*) FROM gdpr.blockers('client', '1')), 0::bigint, 'nobody is held back by what is over');
-- asked in the statement that records it, so that it is the same moment however slow the machine is
SELECT is(t.why('1', 'news'), 'closed: consent is pending, nothing was recorded', 'a period that has not begun')
FROM gdpr.add_basis('client', '1', 'news', 'contract', now() + interval '200 milliseconds', now() + interval '1 day');
SELECT pg_sleep(0.25) \g /dev/null
SELECT is(t.why('1', 'news'), 'open: contract of this person since DAY until DAY (event N)', 'begins without a write');
SELECT gdpr.end_basis(b.basis) FROM gdpr_internal.basis AS b WHERE b.valid_until > now() \g /dev/null
SELECT is(t.why('1', 'news'), 'open: contract of this person since DAY until DAY (event N)', 'another has begun')
FROM gdpr.add_basis('client', '1', 'news', 'contract', now() - interval '1 day', now() + interval '200 milliseconds');
SELECT pg_sleep(0.25) \g /dev/null
SELECT is(t.why('1', 'news'), 'closed: consent is pending, nothing was recorded', 'and ends without a write');
SELECT throws_ok(format('SELECT gdpr.add_basis(%s)', arguments), code, NULL, 'no basis: ' || arguments) FROM (VALUES
  ($$'client', '1', 'news', 'consent'$$, '22023'), ($$'client', '1', 'news', 'because'$$, '22023'), ($$'client', '1', 'news', NULL$$, '22004'),
  ($$'client', '1', 'nothing', 'contract'$$, '42704'), ($$'client', '99', 'news', 'contract'$$, 'P0002'), ($$'client', 'x', 'news', 'contract'$$, '22P02'),
  ($$'nobody', '1', 'news', 'contract'$$, '42704'), ($$'client', NULL, 'news', 'contract'$$, '22004'),
  ($$'client', '1', 'news', 'contract', now(), now()$$, '22023'), ($$'client', '1', 'news', 'contract', NULL$$, '22004')) AS v(arguments, code);
SELECT throws_ok('SELECT gdpr.end_basis(999)', '42704', NULL, 'a basis that does not exist');

-- Objections.
SELECT gdpr.record_consent('client', '2', 'accepted', 'news', 'paper_form') \g /dev/null
SELECT is(t.why('2', 'news'), 'open: consent accepted on DAY by paper form (event N)', 'consent opens');
SELECT isnt(gdpr.record_objection('client', '2', purpose), NULL, 'an objection to ' || purpose) FROM unnest('{news,letters,insight}'::text[]) AS purpose;
SELECT is(t.why('2', purpose), 'closed: objection of DAY (event N)', 'closes ' || purpose) FROM unnest('{news,letters,insight}'::text[]) AS purpose;
SELECT throws_ok($$SELECT gdpr.overrule_objection('client', '2', 'letters', 'we would like to')$$, '22023', NULL, 'an objection to marketing is unconditional');
SELECT throws_ok($$SELECT gdpr.overrule_objection('client', '2', 'insight', ' ')$$, '22004', NULL, 'overruling needs grounds');
SELECT throws_ok($$SELECT gdpr.overrule_objection('client', '1', 'insight', 'claims')$$, '55000', NULL, 'and an objection');
SELECT isnt(gdpr.overrule_objection('client', '2', 'insight', 'a claim before the court'), NULL, 'compelling grounds');
SELECT is(t.why('2', 'insight'), 'open: purpose "insight" rests on legitimate interests', 'open the purpose again');
SELECT isnt(gdpr.record_objection('client', '2', 'insight', 'other reasons'), NULL, 'the person may object again');
SELECT is(t.why('2', 'insight'), 'closed: objection of DAY (event N)', 'which closes it again');
SELECT gdpr.add_basis('client', '2', 'insight', 'public_task') \g /dev/null
SELECT is(t.why('2', 'insight'), 'closed: objection of DAY (event N)', 'an objection reaches a public task');
SELECT gdpr.add_basis('client', '2', 'insight', 'legal_obligation'), gdpr.add_basis('client', '2', 'letters', 'contract') \g /dev/null
SELECT is(t.why('2', 'insight'), 'open: legal obligation of this person since DAY (event N); the objection of DAY does not reach it', 'and no legal obligation');
SELECT is(t.why('2', 'letters'), 'closed: objection of DAY (event N)', 'and in marketing everything');
SELECT isnt(gdpr.withdraw_objection('client', '2', 'news'), NULL, 'the person takes it back');
SELECT is(t.why('2', 'news'), 'open: consent accepted on DAY by paper form (event N)', 'and the consent counts again');
SELECT is(gdpr.withdraw_objection('client', '2', 'news'), NULL, 'once');
SELECT throws_ok($$SELECT gdpr.record_objection('client', '2', 'billing')$$, '22023', NULL, 'nobody objects to a contract');
SELECT throws_ok($$SELECT gdpr.record_objection('client', '2', 'administration')$$, '22023', NULL, 'nor to administration');

-- Restriction, notices.
SELECT isnt(gdpr.restrict('client', '2', 'accuracy contested'), NULL, 'a restriction');
SELECT is(t.why('2', purpose), 'closed: restricted on DAY (event N)', 'closes ' || purpose) FROM unnest('{news,letters,insight,billing}'::text[]) AS purpose;
SELECT is(t.why('2', 'administration'), 'open: administration is open whatever people consented to', 'but administration');
SELECT is(gdpr.restrict('client', '2'), (SELECT event FROM gdpr_internal.restriction), 'once');
SELECT isnt(gdpr.record_notice('client', '2', 'privacy', 'email'), NULL, 'a restricted person is informed');
SELECT results_eq($$SELECT form || ':' || form_version, channel, form_digest IS NOT NULL FROM gdpr_internal.consent_event WHERE kind = 'informed'$$,
  $$VALUES ('privacy:1', 'email', true)$$, 'of what, through which channel, in what words');
SELECT throws_ok($$SELECT gdpr.record_notice('client', '2', 'nothing')$$, '42704', NULL, 'of a form that exists');
SELECT throws_ok($$SELECT gdpr.record_notice('client', '2', 'privacy', 'smoke')$$, '22023', NULL, 'through a channel that exists');
SELECT isnt(gdpr.lift_restriction('client', '2'), NULL, 'it is lifted');
SELECT is(t.why('2', 'billing'), 'open: purpose "billing" rests on contract', 'and all is as before');
SELECT is(gdpr.lift_restriction('client', '2'), NULL, 'once');

-- States in words.
SELECT gdpr.record_consent('client', '3', 'rejected', 'news', 'telephone') \g /dev/null
SELECT is(t.why('3', 'news'), 'closed: consent rejected on DAY by telephone (event N)', 'a rejection');
SELECT gdpr.record_consent('client', '3', 'accepted', 'news', 'in_person'), gdpr.record_consent('client', '3', 'withdrawn', 'news', 'email') \g /dev/null
SELECT is(gdpr.why('client', '3', 'news'), format('closed: consent withdrawn on %s by e-mail (event %s)', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
  (SELECT max(event) FROM gdpr_internal.consent_event)), 'a withdrawal: day, medium and event');
SELECT gdpr.record_consent('client', '1', 'accepted', medium => 'sms') \g /dev/null
SELECT is(t.why('1', 'news'), 'open: general consent accepted on DAY by SMS (event N)', 'the general consent');
SELECT gdpr.add_purpose('later') \g /dev/null
SELECT is(t.why('1', 'later'), 'closed: consent is pending; the general consent accepted on DAY by SMS (event N) is older than the purpose', 'does not cover what was declared later');
SELECT gdpr.set_consent_mode('client', 'crmcom'), gdpr.set_consent_action('client', 'withdrawn', 'none') \g /dev/null
SELECT is(t.why('6', 'news'), 'open: consent is pending, nothing was recorded; pending is full functionality in mode crmcom', 'pending in crmcom');
SELECT is(t.why('3', 'later'), 'closed: news: consent withdrawn on DAY by e-mail (event N), action none', 'a withdrawal with action none closes all consent');
SELECT is(t.why('3', 'billing'), 'open: purpose "billing" rests on contract', 'and nothing else');
SELECT gdpr.set_consent_action('client', 'withdrawn', 'full') \g /dev/null
SELECT is(t.why('3', 'news'), 'open: consent withdrawn on DAY by e-mail (event N), action full', 'with action full it closes nothing');
SELECT gdpr.set_consent_mode('client', 'strict') \g /dev/null

-- Children and scope.
SELECT results_eq($$SELECT subject_key, age, consent_age FROM gdpr.children('client') ORDER BY subject_key::int$$,
  $$VALUES ('4', 15, 16), ('6', 15, 16), ('8', 14, 15)$$, 'who is a child where: 16, unknown 16, one day before 15');
SELECT throws_ok($$SELECT gdpr.record_consent('client', '4', 'accepted', 'news', 'click')$$, 'PD011', NULL, 'a child cannot consent alone');
SELECT lives_ok($$SELECT gdpr.record_consent('client', '5', 'accepted', 'news', 'click')$$, 'in the United Kingdom at 15 it can');
SELECT gdpr.set_country('UK', 16, true) \g /dev/null
SELECT throws_ok($$SELECT gdpr.record_consent('client', '5', 'accepted', 'news', 'click')$$, 'PD011', NULL, 'unless that is set otherwise');
SELECT is((SELECT format('%s %s', consent_age, source) FROM gdpr.countries WHERE country = 'GB'), '16 set', 'gdpr.countries says so');
SELECT gdpr.set_country('GB', NULL, NULL) \g /dev/null
SELECT is((SELECT format('%s %s', consent_age, source) FROM gdpr.countries WHERE country = 'GB'), '13 law', 'and the law again');
SELECT is((SELECT count(*) FROM gdpr.countries WHERE consent_age NOT BETWEEN 13 AND 16 OR country !~ '^[A-Z]{2}$'), 0::bigint, 'no age outside Art. 8(1)');
SELECT ok((SELECT count(*) FROM gdpr.countries WHERE country = ANY ('{AT,BE,BG,CY,CZ,DE,DK,EE,ES,FI,FR,GR,HR,HU,IE,IT,LT,LU,LV,MT,NL,PL,PT,RO,SE,SI,SK,IS,LI,NO,GB}')) = 31, 'every state of the EEA and the UK');
SELECT throws_ok(statement, code, NULL, 'refused: ' || statement) FROM (VALUES
  ($$SELECT gdpr.set_country('DE', 12, true)$$, '22023'), ($$SELECT gdpr.set_country('Narnia', 13, true)$$, '22023'),
  ($$SELECT gdpr.set_country('DE', 13, NULL)$$, '22004'), ($$SELECT gdpr.set_country(NULL, 13, true)$$, '22004'),
  ($$SELECT gdpr.set_person_columns('client', 'born')$$, '42804'), ($$SELECT gdpr.set_person_columns('client', 'country', 'name')$$, '42804'),
  ($$SELECT gdpr.set_person_columns('client', 'nothing')$$, '42703'), ($$SELECT gdpr.set_person_columns('nobody')$$, '42704'),
  ($$SELECT gdpr.why('client', '99', 'news')$$, 'P0002'), ($$SELECT gdpr.why('client', '1', 'nothing')$$, '42704'),
  ($$SELECT gdpr.why('client', '1', NULL)$$, '22004'), ($$SELECT gdpr.consent_record('client', '99')$$, 'P0002')) AS v(statement, code);
SELECT set_eq($$SELECT gdpr.in_scope('client')$$, '{1,2,4,5,6,7,8,9,10}'::text[], 'in scope: Europe, and who says nothing that is known');
SELECT gdpr.set_country('US', 13, true) \g /dev/null
SELECT ok('3' IN (SELECT gdpr.in_scope('client')), 'a country can be brought into scope');
ALTER TABLE vic.client ADD COLUMN first_seen date;
SELECT gdpr.classify('vic.client', 'first_seen', 'birth_date') \g /dev/null
SELECT is((SELECT count(*) FROM gdpr.children('client')), 0::bigint, 'two columns that could be the birth date: none is');
SELECT gdpr.set_person_columns('client', birth_date_column => 'born') \g /dev/null
SELECT is((SELECT count(*) FROM gdpr.children('client')), 3::bigint, 'until one is named');
SELECT is(gdpr_internal.years_old('2008-02-29', day), age, format('born on 29 February, on %s', day)) FROM (VALUES ('2021-02-28'::date, 12), ('2021-03-01', 13), ('2024-02-29', 16)) AS v(day, age);

-- The record for others.
SELECT is((SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(gdpr.consent_record('client', '2', 'news')) AS k),
  '{jurisdiction,pii_principal_id,purposes,record_id,schema_version}'::text[], 'field names of ISO/IEC TS 27560');
SELECT is(gdpr.consent_record('client', '3', 'news') #>> '{purposes,0,events,2,event_state}', 'withdrawn', 'every event in its words');
SELECT is(gdpr.consent_record('client', '3', 'news') #>> '{purposes,0,events,0,collection_method}', 'telephone', 'and how it was said');
SELECT is(jsonb_array_length(gdpr.consent_record('client', '3') -> 'purposes'), 3, 'without a purpose: the general consent and all that rest on consent');
SELECT ok(gdpr.consent_record('client', '3')::text NOT LIKE '%Cyd%', 'nothing else of the person is in it');

-- Who left.
SELECT gdpr.anonymize_subject('client', '3', 'test', unclassified => 'keep') \g /dev/null
SELECT is(regexp_replace(gdpr.why('client', '3', 'news'), '\d+', 'N'), 'closed: anonymized (erasure N)', 'who was anonymized');
SELECT throws_ok(statement, 'PD001', NULL, 'nothing more happens to a frozen person: ' || statement) FROM (VALUES
  ($$SELECT gdpr.add_basis('client', '3', 'news', 'contract')$$), ($$SELECT gdpr.record_objection('client', '3', 'news')$$),
  ($$SELECT gdpr.restrict('client', '3')$$), ($$SELECT gdpr.record_notice('client', '3', 'privacy')$$),
  ($$SELECT gdpr.opt_out('client', '3')$$), ($$SELECT gdpr.opt_in('client', '3')$$)) AS v(statement);
SELECT gdpr.revoke_bundle('consent_editor', 'attack_editor') \g /dev/null
SELECT * FROM finish();
