-- SPDX-License-Identifier: PostgreSQL
-- Double opt-in: nobody is a contact before the link was followed, what waited in vain is emptied, and the
-- consent has the times and the words of the sign-up.
\ir lib/attack.sql
SELECT no_plan();
SELECT t.make_role('attack_web') \g /dev/null
CREATE TABLE t.client (id int PRIMARY KEY, email text, born date);
INSERT INTO t.client VALUES (1, 'ada@example.org', NULL), (2, 'bob@example.org', NULL), (3, 'kid@example.org', current_date - 4000), (4, 'dee@example.org', NULL);
SELECT gdpr.register_subject('client', 't.client'), gdpr.classify('t.client', 'born', 'birth_date') \g /dev/null
SELECT gdpr.add_purpose('news', marketing => true, validity => '1 year'), gdpr.add_purpose('billing', 'contract'),
  gdpr.add_form('terms', 'first text'), gdpr.add_form('terms', 'second text'), gdpr.set_consent_form('client', 'terms:1', 'news') \g /dev/null
SELECT gdpr.grant_bundle('web', 'attack_web') \g /dev/null

-- The web server has two calls and sees nothing.
SELECT is(t.attempt('attack_web', $$SELECT gdpr.sign_up('client', 'news', '{"email": "x@example.org"}', channel => 'email', source_ip => '192.0.2.7')$$), '', 'the web server signs somebody up');
SELECT is(left(t.attempt('attack_web', statement), 5), '42501', 'and may not: ' || statement) FROM (VALUES
  ('SELECT * FROM gdpr.sign_ups'), ('SELECT * FROM gdpr_internal.sign_up'), ($$SELECT gdpr.attach_sign_up(1, '1')$$),
  ('SELECT gdpr.expire_sign_ups()'), ($$SELECT gdpr.record_consent('client', '1', 'accepted', 'news', 'click')$$)) AS v(statement);
SELECT is(left(t.attempt('attack_web', $$SELECT gdpr.confirm_sign_up('guessed')$$), 5), 'PD009', 'a guessed secret confirms nothing');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_event), 0::bigint, 'a sign-up is no consent');

SELECT gdpr.sign_up('client', 'news', '{"email": "ada@example.org", "name": "Ada"}', channel => 'email', source_ip => '192.0.2.8') AS ada \gset
SELECT ok(:'ada' ~ '^[A-Za-z0-9_-]{43}$', 'a secret has 43 letters that a link carries');
SELECT isnt(gdpr.sign_up('client', 'news', '{}'), :'ada', 'and is another one each time');
SELECT is((SELECT count(*) FROM gdpr_internal.sign_up AS u WHERE u::text LIKE '%' || :'ada' || '%'), 0::bigint, 'it is not stored');
SELECT sign_up AS number FROM gdpr.sign_ups WHERE data->>'name' = 'Ada' \gset
SELECT is((SELECT format('%s %s', state, form) FROM gdpr.sign_ups WHERE sign_up = :number), 'waiting terms:1', 'it waits, with the form of today');
SELECT gdpr.set_consent_form('client', 'terms:2', 'news') \g /dev/null
SELECT throws_ok(format('SELECT gdpr.attach_sign_up(%s, ''1'')', :number), '55000', NULL, 'what is not confirmed is no consent');
SELECT is(t.attempt('attack_web', format('SELECT gdpr.confirm_sign_up(%L)', :'ada')), '', 'the link was followed');
SELECT is(gdpr.confirm_sign_up(:'ada'), :number::bigint, 'a second click answers the same');
SELECT throws_ok(format('SELECT gdpr.attach_sign_up(%s, ''99'')', :number), 'P0002', NULL, 'a contact that does not exist');
SELECT gdpr.attach_sign_up(:number, '1') AS event \gset
SELECT results_eq(format($$SELECT kind, state, medium, channel, form || ':' || form_version FROM gdpr_internal.consent_event WHERE event = %s$$, :event),
  $$VALUES ('decision', 'accepted', 'click', 'email', 'terms:1')$$, 'the consent is an event with the words of the sign-up');
SELECT is((SELECT s.updated_at FROM gdpr_internal.consent_state AS s), (SELECT u.confirmed_at FROM gdpr_internal.sign_up AS u WHERE u.sign_up = :number), 'as of the confirmation');
SELECT is((SELECT s.valid_until - s.updated_at FROM gdpr_internal.consent_state AS s), (SELECT u.confirmed_at + '1 year'::interval - u.confirmed_at FROM gdpr_internal.sign_up AS u WHERE u.sign_up = :number), 'from when it holds');
SELECT matches((SELECT d.comment || ' ' || d.source_ip FROM gdpr_internal.consent_detail AS d WHERE d.event = :event), '^sign-up \d+ of .* 192.0.2.8', 'where it came from is kept with it');
SELECT ok((SELECT data IS NULL AND source_ip IS NULL FROM gdpr.sign_ups WHERE sign_up = :number), 'and no longer with the sign-up');
SELECT is(gdpr.attach_sign_up(:number, '1'), :event::bigint, 'attached twice is once');
SELECT throws_ok(format('SELECT gdpr.attach_sign_up(%s, ''2'')', :number), '42710', NULL, 'and is one person''s');
SELECT ok(gdpr.why('client', '1', 'news') LIKE 'open: consent accepted on % by click (event %)', 'the purpose is open');

-- Who decided later is not overruled; a child needs a guardian.
SELECT gdpr.confirm_sign_up(gdpr.sign_up('client', 'news', '{}')) AS bob \gset
SELECT gdpr.record_consent('client', '2', 'rejected', 'news', 'telephone') \g /dev/null
SELECT throws_ok(format('SELECT gdpr.attach_sign_up(%s, ''2'')', :bob), '55000', NULL, 'who rejected after signing up stays rejected');
SELECT gdpr.confirm_sign_up(gdpr.sign_up('client', 'news', '{}')) AS kid \gset
SELECT throws_ok(format('SELECT gdpr.attach_sign_up(%s, ''3'')', :kid), 'PD011', NULL, 'a child does not sign up alone');
SELECT isnt(gdpr.attach_sign_up(:kid, '3', guardian => 'mother'), NULL, 'but with a guardian');
SELECT gdpr.confirm_sign_up(gdpr.sign_up('client', NULL, '{}')) AS general \gset
SELECT isnt(gdpr.attach_sign_up(:general, '4'), NULL, 'without a purpose it is the general consent');
SELECT is((SELECT purpose FROM gdpr_internal.consent_state WHERE subject_key = '4'), '', 'and nothing else');

-- What waits in vain.
SELECT gdpr.sign_up('client', 'news', '{"email": "late@example.org"}', valid_for => '1 millisecond', source_ip => '192.0.2.9') AS late \gset
SELECT pg_sleep(0.01) \g /dev/null
SELECT throws_ok(format('SELECT gdpr.confirm_sign_up(%L)', :'late'), 'PD010', NULL, 'an expired link confirms nothing');
SELECT ok(gdpr.expire_sign_ups() >= 1, 'what expired is emptied');
SELECT is((SELECT count(*) FROM gdpr.sign_ups WHERE state = 'expired' AND (data IS NOT NULL OR source_ip IS NOT NULL)), 0::bigint, 'wholly');
SELECT is(gdpr.expire_sign_ups(), 0::bigint, 'once');
UPDATE gdpr_internal.sign_up SET expires_at = now() - interval '31 days' WHERE confirmed_at IS NULL;
SELECT ok(gdpr.expire_sign_ups() >= 1, 'a month later');
SELECT is((SELECT count(*) FROM gdpr.sign_ups WHERE confirmed_at IS NULL), 0::bigint, 'it is gone');
SELECT throws_ok(format('SELECT gdpr.confirm_sign_up(%L)', :'late'), 'PD009', NULL, 'and its link is like any other');

SELECT throws_ok(statement, code, NULL, left(statement, 90)) FROM (VALUES
  ($$SELECT gdpr.sign_up('nobody', 'news', '{}')$$, '42704'), ($$SELECT gdpr.sign_up('client', 'nothing', '{}')$$, '42704'),
  ($$SELECT gdpr.sign_up('client', 'billing', '{}')$$, '22023'), ($$SELECT gdpr.sign_up('client', 'news', NULL)$$, '22004'),
  ($$SELECT gdpr.sign_up('client', 'news', '[1]')$$, '22023'), ($$SELECT gdpr.sign_up('client', 'news', '{}', 'nothing')$$, '42704'),
  ($$SELECT gdpr.sign_up('client', 'news', '{}', channel => 'smoke')$$, '22023'), ($$SELECT gdpr.sign_up('client', 'news', '{}', valid_for => '0')$$, '22023'),
  ($$SELECT gdpr.sign_up('client', 'news', '{}', valid_for => '1 year')$$, '22023'),
  ($$SELECT gdpr.sign_up('client', 'news', jsonb_build_object('x', repeat('x', 70000)))$$, '22023'),
  ($$SELECT gdpr.confirm_sign_up(NULL)$$, 'PD009'), ($$SELECT gdpr.confirm_sign_up(repeat('x', 1000000))$$, 'PD009'),
  ($$SELECT gdpr.attach_sign_up(999, '1')$$, '42704'), ($$SELECT gdpr.attach_sign_up(NULL, '1')$$, '42704')) AS v(statement, code);
SELECT gdpr.revoke_bundle('web', 'attack_web') \g /dev/null
SELECT * FROM finish();
