-- SPDX-License-Identifier: PostgreSQL
-- Who may draw a mailing list, who is on it, what stays of an address, and what was sent.
\ir lib/attack.sql
SELECT no_plan();
SELECT t.make_role(r) FROM unnest('{attack_sender,attack_editor}'::name[]) AS r \g /dev/null
CREATE SCHEMA vic AUTHORIZATION attack_vic;
GRANT USAGE ON SCHEMA vic TO PUBLIC;
SET SESSION AUTHORIZATION attack_vic;
CREATE TABLE vic.client (id uuid PRIMARY KEY, name text, email text, phones text[], street text, city text, zip text);
CREATE TABLE vic.address (id int PRIMARY KEY, client_id uuid REFERENCES vic.client, mail text);
INSERT INTO vic.client SELECT md5(i::text)::uuid, 'name ' || i, format('c%s@example.org', i), ARRAY[format('+49 30 %s', i + 100), format('0049/%s', i + 900)],
  'Main Street ' || i, 'Town', '1234' || i FROM generate_series(1, 9) AS i;
INSERT INTO vic.address SELECT i, md5(i::text)::uuid, format('second%s@example.org', i) FROM generate_series(1, 9) AS i;
SELECT gdpr.register_subject('client', 'vic.client'), gdpr.add_link('client', 'vic.address', '{client_id}') \g /dev/null
SELECT gdpr.classify('vic.client', c, k) FROM (VALUES ('name', 'full_name'), ('email', 'email'), ('phones', 'phone'), ('street', 'street'),
  ('city', 'city'), ('zip', 'postal_code')) AS v(c, k) \g /dev/null
SELECT gdpr.classify('vic.address', 'mail', 'email') \g /dev/null
RESET SESSION AUTHORIZATION;
CREATE FUNCTION t.key(i int) RETURNS text LANGUAGE sql AS 'SELECT md5($1::text)::uuid::text';
CREATE FUNCTION t.who(purpose text, channel text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(i::text, ',' ORDER BY i), '') FROM gdpr.audience('client', $1, $2) AS a JOIN generate_series(1, 9) AS i ON t.key(i) = a
$$;
SELECT gdpr.add_purpose('news', marketing => true), gdpr.add_purpose('letters', 'legitimate_interests', marketing => true) \g /dev/null

-- Who may. EXECUTE alone gives nobody a list.
SELECT gdpr.grant_bundle('consent_editor', r) FROM unnest('{attack_sender,attack_editor,attack_vic}'::regrole[]) AS r \g /dev/null
SELECT is(left(t.attempt('attack_eve', $$SELECT gdpr.audience('client', 'letters', 'email')$$), 5), '42501', 'anybody draws no list');
SELECT is(left(t.attempt('attack_vic', $$SELECT gdpr.audience('client', 'letters', 'email')$$), 5), '42501', 'nor does the owner of the table');
SELECT gdpr.grant_purpose('letters', 'attack_editor') \g /dev/null
SELECT matches(t.attempt('attack_editor', $$SELECT gdpr.audience('client', 'letters', 'email')$$), '^42501: role "attack_editor" may not send campaigns', 'nor who may process, but not send campaigns');
SELECT is(left(t.attempt('attack_editor', $$SELECT gdpr.record_campaign('client', '{}', 'spring', 'letters', 'email')$$), 5), '42501', 'nor does he record one');
-- a superuser needs no grant: every list below is drawn by one
SELECT gdpr.grant_purpose('letters', 'attack_sender', campaign => true) \g /dev/null
SELECT is(t.attempt('attack_sender', $$SELECT gdpr.audience('client', 'letters', 'email')$$), '', 'who may does');
SELECT is(left(t.attempt('attack_sender', $$SELECT gdpr.audience('client', 'news', 'email')$$), 5), '42501', 'but for no other purpose');
GRANT attack_sender TO attack_vic;
SELECT is(t.attempt('attack_vic', $$SELECT gdpr.audience('client', 'letters', 'email')$$), '', 'a member of the role may, too');
REVOKE attack_sender FROM attack_vic;
-- The sender's code is called by somebody else, and somebody else's by the sender: the running role counts.
SET SESSION AUTHORIZATION attack_vic;
CREATE FUNCTION vic.peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM gdpr.audience('client', 'letters', 'email') $$;
RESET SESSION AUTHORIZATION;
SELECT is(left(t.attempt('attack_sender', 'SELECT vic.peek()'), 5), '42501', 'who is called by the sender is not the sender');
SELECT throws_ok(format('SELECT gdpr.audience(%s)', arguments), code, NULL, 'no list: ' || arguments) FROM (VALUES
  ($$'client', 'nothing', 'email'$$, '42704'), ($$'nobody', 'letters', 'email'$$, '42704'), ($$'client', 'letters', 'smoke'$$, '22023'),
  ($$'client', NULL, 'email'$$, '22004'), ($$'client', 'letters', NULL$$, '22004')) AS v(arguments, code);

-- Who is on it.
SELECT is(t.who('letters', 'email'), '1,2,3,4,5,6,7,8,9', 'a legitimate interest reaches everybody');
SELECT is(t.who('news', 'email'), '', 'consent who gave it: nobody yet');
SELECT gdpr.record_consent('client', t.key(i), 'accepted', 'news', 'click') FROM generate_series(1, 3) AS i \g /dev/null
SELECT is(t.who('news', 'email'), '1,2,3', 'then three');
SELECT gdpr.opt_out('client', t.key(1), 'email', 'news', 'click'), gdpr.opt_out('client', t.key(2), 'sms'), gdpr.opt_out('client', t.key(3)) \g /dev/null
SELECT is(t.who(p, c), wanted, format('opted out: %s by %s', p, c)) FROM (VALUES ('news', 'email', '2'), ('news', 'sms', '1'), ('news', 'post', '1,2'),
  ('letters', 'email', '1,2,4,5,6,7,8,9'), ('letters', 'sms', '1,4,5,6,7,8,9'), ('letters', 'app', '1,2,4,5,6,7,8,9')) AS v(p, c, wanted);
SELECT throws_ok($$SELECT gdpr.opt_in('client', t.key(3), 'email')$$, '55000', NULL, 'an opt-in that would not help is refused');
SELECT isnt(gdpr.opt_in('client', t.key(3)), NULL, 'an opt-in to everything');
SELECT is(gdpr.opt_in('client', t.key(3)), NULL, 'once');
SELECT is(t.who('news', 'email'), '2,3', 'reaches the person again');
SELECT is((SELECT string_agg(kind, ' ' ORDER BY event) FROM gdpr_internal.consent_event WHERE subject_key = t.key(3) AND kind LIKE 'opted%'), 'opted_out opted_in', 'opting back in is an event, the opt-out stays in history');
SELECT is((SELECT medium FROM gdpr_internal.consent_event WHERE kind = 'opted_out' ORDER BY event LIMIT 1), 'click', 'with its medium');
SELECT gdpr.restrict('client', t.key(2)), gdpr.record_objection('client', t.key(3), 'news') \g /dev/null
SELECT is(t.who('news', 'email'), '', 'restricted and objecting people are not written to');
SELECT gdpr.lift_restriction('client', t.key(2)), gdpr.withdraw_objection('client', t.key(3), 'news') \g /dev/null
SELECT throws_ok(statement, code, NULL, statement) FROM (VALUES
  ($$SELECT gdpr.opt_out('client', t.key(1), 'smoke')$$, '22023'), ($$SELECT gdpr.opt_out('client', t.key(1), 'sms', 'nothing')$$, '42704'),
  ($$SELECT gdpr.opt_out('client', t.key(99))$$, 'P0002'), ($$SELECT gdpr.opt_out('client', 'x')$$, '22P02'),
  ($$SELECT gdpr.opt_out('client', t.key(1), medium => 'silence')$$, '22023'), ($$SELECT gdpr.opt_in('client', NULL)$$, '22004')) AS v(statement, code);

-- The suppression list.
SELECT isnt(gdpr.suppress('email', ' <C4@EXAMPLE.org> ', 'complaint'), NULL, 'an address in another spelling');
SELECT isnt(gdpr.suppress('email', 'second5@example.org', 'complaint'), NULL, 'an address in a table of its own');
SELECT isnt(gdpr.suppress('sms', '0049-30-106', 'complaint'), NULL, 'one phone of several, with 00 for +');
SELECT isnt(gdpr.suppress('sms', '+49 907', 'complaint'), NULL, 'the other phone of somebody else');
SELECT isnt(gdpr.suppress('post', 'main street 8, 12348 TOWN', 'returned'), NULL, 'an address as it stands on an envelope');
SELECT is(t.who('letters', 'email'), '1,2,3,6,7,8,9', 'reach the right people by e-mail');
SELECT is(t.who('letters', 'sms'), '1,3,4,5,8,9', 'by SMS');
SELECT is(t.who('letters', 'post'), '1,2,3,4,5,6,7,9', 'by post');
SELECT is(t.who('letters', 'telephone'), '1,2,3,4,5,6,7,8,9', 'and nobody through another channel');
-- The number whole: three digits of it stand in a digest or in a time by chance, in one of thirty lists.
SELECT is((SELECT count(*) FROM gdpr_internal.suppression AS s WHERE s::text ~* 'example|49.?30.?106|main'), 0::bigint, 'nothing of an address is kept but its digest');
SELECT ok((SELECT bool_or(digest = left(gdpr_internal.keyed_digest('suppression email', 'c4@example.org'), 32)::uuid)
  FROM gdpr_internal.suppression), 'which is an HMAC under the key, cut to 128 bits');
SELECT is(gdpr.suppress('email', 'c4@example.org', 'again'), NULL, 'twice is once');
SELECT isnt(gdpr.lift_suppression('email', 'c4@example.org', 'asked to be written to'), NULL, 'it is lifted by an event');
SELECT ok(NOT gdpr.is_suppressed('email', 'C4@example.org') AND gdpr.is_suppressed('sms', '4930106'), 'is_suppressed() says what holds');
SELECT is(gdpr.lift_suppression('email', 'c4@example.org', 'again'), NULL, 'once');
SELECT is((SELECT count(*) FROM gdpr_internal.suppression), 6::bigint, 'nothing is deleted');
SELECT is(t.who('letters', 'email'), '1,2,3,4,6,7,8,9', 'and the person is reached again');
SELECT throws_ok(statement, code, NULL, statement) FROM (VALUES
  ($$SELECT gdpr.suppress('smoke', 'x', 'y')$$, '22023'), ($$SELECT gdpr.suppress('email', NULL, 'y')$$, '22004'),
  ($$SELECT gdpr.suppress('email', 'x', ' ')$$, '22004'), ($$SELECT gdpr.suppress('sms', 'no digits', 'y')$$, '22023'),
  ($$SELECT gdpr.suppress(NULL, 'x', 'y')$$, '22004'), ($$SELECT gdpr.is_suppressed('smoke', 'x')$$, '22023')) AS v(statement, code);

-- An address outlives its person, and meets the next one who has it.
SELECT gdpr.record_consent('client', t.key(2), 'withdrawn', 'news', 'click'), gdpr.opt_out('client', t.key(7), 'email') \g /dev/null
SELECT gdpr.anonymize_subjects('client', ARRAY[t.key(2), t.key(7), t.key(9)], 'test', unclassified => 'keep') \g /dev/null
SELECT is(t.who('letters', 'email'), '1,3,4,6,8', 'frozen people are on no list');
SELECT ok(gdpr.is_suppressed(c, a) = wanted, format('after the erasure %s %s is%s suppressed', c, a, CASE WHEN wanted THEN '' ELSE ' not' END)) FROM (VALUES
  ('email', 'c2@example.org', true), ('email', 'second2@example.org', true), ('sms', '49902', true), ('telephone', '4930102', true), ('post', 'Main Street 2 12342 Town', true),
  ('email', 'c7@example.org', true), ('telephone', '4930107', false), ('email', 'c9@example.org', false), ('email', 'anonymized', false)) AS v(c, a, wanted);
INSERT INTO vic.client VALUES (t.key(2000)::uuid, 'back again', 'C2@example.org');
SELECT is((SELECT count(*) FROM gdpr.audience('client', 'letters', 'email') AS a WHERE a = t.key(2000)), 0::bigint, 'who comes back with the address is not written to');
SELECT is((SELECT count(*) FROM gdpr.audience('client', 'letters', 'app') AS a WHERE a = t.key(2000)), 1::bigint, 'but through channels without addresses');

-- What was sent.
SELECT is(gdpr.record_campaign('client', ARRAY(SELECT gdpr.audience('client', 'letters', 'email')), 'spring', 'letters', 'email'), 5::bigint, 'a campaign is recorded for each person');
SELECT is(gdpr.record_campaign('client', ARRAY[t.key(1), t.key(1), t.key(5), t.key(7), t.key(99)], 'spring', 'letters', 'email'), 1::bigint, 'nobody twice, nobody who is gone');
SELECT is(gdpr.record_campaign('client', ARRAY[t.key(1)], 'summer', 'letters', 'email'), 1::bigint, 'another campaign');
SELECT is((SELECT string_agg(campaign || ' ' || channel, ', ' ORDER BY event) FROM gdpr.campaigns WHERE subject_key = t.key(1)), 'spring email, summer email', 'the history of a person');
SELECT is(gdpr.record_campaign('client', '{}', 'nobody', 'letters', 'email'), 0::bigint, 'a campaign to nobody leaves nothing');
SELECT throws_ok(statement, code, NULL, statement) FROM (VALUES
  ($$SELECT gdpr.record_campaign('client', '{}', '', 'letters', 'email')$$, '22004'), ($$SELECT gdpr.record_campaign('client', '{x}', 'a', 'letters', 'email')$$, '22P02'),
  ($$SELECT gdpr.record_campaign('client', '{}', 'a', 'letters', 'smoke')$$, '22023'), ($$SELECT gdpr.record_campaign('client', NULL, 'a', 'letters', 'email')$$, '22004')) AS v(statement, code);

-- Without the key: no list that could be wrong, and an erasure goes on.
SELECT gdpr.opt_out('client', t.key(6)) \g /dev/null
SET gdpr.key_file = '/nowhere/gdpr.key';
SELECT throws_ok($$SELECT gdpr.audience('client', 'letters', 'email')$$, '55000', NULL, 'no key: no list');
SELECT lives_ok($$SELECT gdpr.audience('client', 'letters', 'app')$$, 'unless nothing is suppressed in the channel');
SELECT throws_ok($$SELECT gdpr.suppress('email', 'x@example.org', 'y')$$, '55000', NULL, 'and nothing is suppressed');
SELECT lives_ok($$SELECT gdpr.anonymize_subject('client', t.key(6), 'test', unclassified => 'keep')$$, 'an erasure goes on, with a notice');
RESET gdpr.key_file;
SELECT ok(NOT gdpr.is_suppressed('email', 'c6@example.org'), 'its address was not kept');
SELECT gdpr.revoke_bundle('consent_editor', r) FROM unnest('{attack_sender,attack_editor,attack_vic}'::regrole[]) AS r \g /dev/null
SELECT * FROM finish();
