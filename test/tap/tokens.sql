-- SPDX-License-Identifier: PostgreSQL
-- Links in letters. The laws are on the first lines of 76-tokens.api.sql; each is tried, then attacked.
\set ECHO none
SET client_min_messages = error;
CREATE SCHEMA t;
GRANT USAGE ON SCHEMA t TO PUBLIC;
SELECT no_plan();

CREATE TABLE person (id int PRIMARY KEY, name text, born date, country text);
INSERT INTO person SELECT i, 'name ' || i, '1980-01-01', 'DE' FROM generate_series(1, 60) AS i;
SELECT gdpr.register_subject('person', 'person') \g /dev/null
SELECT gdpr.classify('person', c, k) FROM (VALUES ('name', 'full_name'), ('born', 'birth_date'), ('country', 'country')) AS v(c, k) \g /dev/null
SELECT gdpr.add_form('terms', 'We write to you.'), gdpr.add_form('other', 'We write to you, too.') \g /dev/null
SELECT gdpr.set_consent_form('person', 'terms') \g /dev/null
SELECT gdpr.add_purpose('letter'), gdpr.add_purpose('news'), gdpr.add_purpose('offers', 'legitimate_interests', marketing => true),
  gdpr.add_purpose('billing', 'contract') \g /dev/null
UPDATE gdpr_internal.purpose SET declared_at = declared_at - interval '1 year';

-- What a redemption answers: its word, or the error without its context.
CREATE FUNCTION t.redeem(token text, state text, VARIADIC more text[] DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text; message text; detail text; hint text;
BEGIN
  EXECUTE format('SELECT gdpr.redeem_token($1, $2 %s)', (SELECT string_agg(', ' || m, '') FROM unnest(more) AS m)) INTO result USING token, state;
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''), nullif(hint, ''));
END
$$;
CREATE FUNCTION t.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN '';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE FUNCTION t.state(key text, purpose text) RETURNS text LANGUAGE sql AS $$
  SELECT s.state FROM gdpr_internal.standing('person', key, purpose) AS s
$$;
CREATE FUNCTION t.events(key text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(concat_ws(' ', kind, nullif(purpose, ''), state, medium, channel), ', ' ORDER BY event), '')
  FROM gdpr_internal.consent_event WHERE subject_type = 'person' AND subject_key = key
$$;
-- A genuine token that was made before now.
CREATE FUNCTION t.old_token(key text, purpose text, issued interval, valid_for interval) RETURNS text LANGUAGE sql AS $$
  SELECT gdpr_internal.make_token('person', key, purpose, 'terms', 1, clock_timestamp() - issued, clock_timestamp() - issued + valid_for)
$$;

-- 1. Accepting.
SELECT gdpr.consent_token('person', '1', 'letter') AS one \gset
SELECT matches(:'one'::text, '^[A-Za-z0-9_-]{60,200}$', 'a token can stand in a URL');
SELECT is(t.redeem(:'one', 'accepted', 'source_ip => ''203.0.113.9''', 'channel => ''email''', 'comment => ''blue button'''), 'recorded', 'a token accepts');
SELECT is(t.events('1'), 'decision letter accepted click email', 'by a click');
SELECT is((SELECT concat_ws(' ', e.form, e.form_version, d.source_ip, d.comment) FROM gdpr_internal.consent_event AS e JOIN gdpr_internal.consent_detail AS d USING (event)
  WHERE e.subject_key = '1'), 'terms 1 203.0.113.9 blue button', 'with form, address and comment');
SELECT matches(t.redeem(:'one', 'accepted'), '^PD010 .*It was used', 'once');
SELECT is(t.redeem(:'one', 'withdrawn'), 'recorded', 'a used token withdraws');
SELECT is(t.redeem(:'one', 'withdrawn'), 'already done', 'the second time there is nothing to do');
SELECT matches(t.redeem(:'one', 'accepted'), '^PD010 ', 'a used token does not accept again after the withdrawal');
SELECT is(t.redeem(gdpr.consent_token('person', '1', 'letter'), 'given'), 'recorded', 'a new one does, and the other words are understood');
SELECT is(t.redeem(:'one', 'refused'), 'recorded', 'the old one withdraws that, too');
SELECT is(t.events('1'), 'decision letter accepted click email, decision letter withdrawn click, decision letter accepted click, decision letter withdrawn click',
  'four decisions, four events');
SELECT matches(t.redeem(t.old_token('2', 'letter', '31 days', '30 days'), 'accepted'), '^PD010 .*expired', 'an expired token accepts nothing');
SELECT is(t.redeem(t.old_token('2', 'letter', '29 days', '30 days'), 'accepted'), 'recorded', 'one that has not expired does');
SELECT is(t.events('2'), 'decision letter accepted click', 'and only that was recorded');
SELECT is(t.redeem(gdpr.consent_token('person', '3'), 'accepted', 'medium => ''web_form'''), 'recorded', 'without a purpose: the general consent');
SELECT is(t.events('3'), 'decision accepted web_form', 'with the medium that was said');
BEGIN;
SELECT gdpr.consent_token('person', '4', 'letter') AS four \gset
SELECT is(t.redeem(:'four', 'accepted'), 'recorded', 'in a transaction');
ROLLBACK;
SELECT is(t.redeem(:'four', 'accepted'), 'recorded', 'that is rolled back: the token was not used');

-- 2. Refusing: for ever.
SELECT t.old_token('5', 'letter', '10 years', '30 days') AS five \gset
SELECT is(t.redeem(:'five', 'withdrawn'), 'recorded', 'a token of ten years ago withdraws');
SELECT is(t.state('5', 'letter'), 'rejected', 'before an acceptance a withdrawal is a rejection');
SELECT is(t.redeem(:'five', s), 'already done', 'which needs no second one: ' || s) FROM unnest('{withdrawn,rejected,refused}'::text[]) AS s;
SELECT gdpr.record_consent('person', '5', 'accepted', 'letter', medium => 'telephone') \g /dev/null
SELECT is(t.redeem(:'five', 'rejected'), 'recorded', 'after an acceptance');
SELECT is(t.state('5', 'letter'), 'withdrawn', 'a rejection is a withdrawal');
SELECT gdpr.record_consent('person', '6', 'accepted', 'letter', medium => 'telephone') \g /dev/null
UPDATE gdpr_internal.consent_state SET valid_until = now() - interval '1 day' WHERE subject_key = '6';
SELECT is(t.redeem(t.old_token('6', 'letter', '1 year', '1 day'), 'withdrawn'), 'recorded', 'a lapsed acceptance can be withdrawn');
SELECT is(t.state('6', 'letter'), 'withdrawn', 'and is');
SELECT gdpr.record_consent('person', '7', 'accepted', medium => 'telephone') \g /dev/null
SELECT is(t.redeem(gdpr.consent_token('person', '7', 'letter'), 'withdrawn'), 'recorded', 'a purpose is withdrawn from a general consent');
SELECT is(t.state('7', 'letter') || ' ' || t.state('7', ''), 'withdrawn accepted', 'and from that alone');
SELECT gdpr.record_consent('person', '8', 'rejected', medium => 'telephone') \g /dev/null
SELECT gdpr.consent_token('person', '8', 'letter') AS eight \gset
SELECT is(t.redeem(:'eight', 'withdrawn'), 'recorded', 'who refused in general may refuse by name');
SELECT is(t.redeem(:'eight', 'withdrawn'), 'already done', 'once');
SELECT gdpr.record_consent('person', '8', 'accepted', medium => 'telephone') \g /dev/null
SELECT is(t.state('8', 'letter'), 'rejected', 'so that a general acceptance does not cover it');

-- 3. Re-consent.
SELECT gdpr.consent_token('person', '10', 'letter') AS ten, gdpr.consent_token('person', '11', 'letter') AS eleven, gdpr.consent_token('person', '12', 'letter') AS twelve \gset
SELECT gdpr.redeem_token(:'ten', 'accepted') \g /dev/null
SELECT gdpr.require_reconsent('person', 'terms', 'letter') \g /dev/null
SELECT matches(t.redeem(:'eleven', 'accepted'), '^PD010 .*asked again', 'after re-consent with the same form old tokens do not accept');
SELECT is(t.redeem(:'ten', 'withdrawn'), 'recorded', 'but withdraw');
SELECT is(t.state('10', 'letter'), 'rejected', 'what is pending again by a rejection');
SELECT is(t.redeem(gdpr.consent_token('person', '11', 'letter'), 'accepted'), 'recorded', 'new tokens accept');
SELECT is(t.redeem(:'twelve', 'unsubscribed'), 'recorded', 'old ones unsubscribe');
SELECT gdpr.consent_token('person', '13', 'letter') AS thirteen \gset
SELECT gdpr.add_form('terms', 'We write to you often.') \g /dev/null
SELECT is(t.redeem(:'thirteen', 'accepted'), 'recorded', 'a new version that nobody is asked with changes nothing');
SELECT gdpr.consent_token('person', '14', 'letter') AS fourteen \gset
SELECT gdpr.set_consent_form('person', 'terms', 'letter') \g /dev/null
SELECT matches(t.redeem(:'fourteen', 'accepted'), '^PD010 .*another form', 'whoever saw the old wording cannot accept the new one');
SELECT is((SELECT form_version FROM gdpr_internal.consent_state WHERE subject_key = '13' AND purpose = 'letter'), 1, 'and what was accepted is the version in the letter');
SELECT gdpr.set_consent_form('person', NULL, 'letter') \g /dev/null
SELECT gdpr.consent_token('person', '15', 'news') AS fifteen \gset
SELECT gdpr.require_reconsent('person', 'other', 'letter') \g /dev/null
SELECT is(t.redeem(:'fifteen', 'accepted'), 'recorded', 're-consent to one purpose leaves the tokens of others');

-- 4. Unsubscribing.
SELECT gdpr.record_consent('person', '20', 'accepted', 'news', medium => 'telephone') \g /dev/null
SELECT t.old_token('20', 'news', '5 years', '1 day') AS twenty \gset
SELECT is(t.redeem(:'twenty', 'unsubscribed', 'channel => ''sms''', 'comment => ''stop'''), 'recorded', 'no more text messages');
SELECT is(t.state('20', 'news'), 'accepted', 'says nothing about letters');
SELECT is(t.redeem(:'twenty', 'unsubscribed', 'channel => ''sms'''), 'already done', 'and needs no second time');
SELECT is(t.redeem(:'twenty', 'unsubscribed'), 'recorded', 'no more of it at all');
SELECT is(t.state('20', 'news'), 'withdrawn', 'withdraws');
SELECT is((SELECT string_agg(concat_ws('/', purpose, channel), ' ' ORDER BY channel) FROM gdpr_internal.opt_out WHERE subject_key = '20'), 'news/ news/sms', 'and opts out of every channel');
SELECT is(t.redeem(:'twenty', 'unsubscribed', 'channel => ''post'''), 'already done', 'of which a channel is a part');
SELECT is(t.events('20'), 'decision news accepted telephone, opted_out news click sms, opted_out news click, decision news withdrawn click', 'three clicks, three events');
SELECT gdpr.opt_in('person', '20', purpose => 'news') \g /dev/null
SELECT is(t.redeem(:'twenty', 'unsubscribed'), 'recorded', 'who opted in again can unsubscribe again');
SELECT is(t.redeem(gdpr.consent_token('person', '21', 'news'), 'unsubscribed'), 'recorded', 'before an acceptance');
SELECT is(t.state('21', 'news'), 'pending', 'unsubscribing decides nothing else');
SELECT is(t.redeem(gdpr.consent_token('person', '22'), 'unsubscribed'), 'recorded', 'without a purpose');
SELECT is((SELECT purpose || '/' || channel FROM gdpr_internal.opt_out WHERE subject_key = '22'), '/', 'from everything');
SELECT is(t.redeem(gdpr.consent_token('person', '22', 'news'), 'unsubscribed'), 'already done', 'of which a purpose is a part');

-- 5. Purposes that do not rest on consent, and those that are gone.
SELECT gdpr.consent_token('person', '25', 'offers') AS offers \gset
SELECT is(t.redeem(:'offers', 'withdrawn'), 'recorded', 'where nobody was asked a refusal');
SELECT is(t.events('25'), 'objected offers', 'is an objection');
SELECT is(t.redeem(:'offers', 'rejected'), 'already done', 'once');
SELECT is(t.redeem(:'offers', 'unsubscribed'), 'recorded', 'unsubscribing is an opt-out');
SELECT matches(t.redeem(:'offers', 'accepted'), '^PD010 ', 'and there is nothing to accept');
SELECT gdpr.record_consent('person', '26', 'accepted', medium => 'telephone') \g /dev/null
SELECT is(t.redeem(gdpr.consent_token('person', '26', 'offers'), 'unsubscribed'), 'recorded', 'a general consent');
SELECT is(t.events('26'), 'decision accepted telephone, opted_out offers click', 'is not concerned');
SELECT matches(t.attempt($$SELECT gdpr.consent_token('person', '25', $$ || quote_literal(p) || ')'), '^22023 ', 'no token where there is nothing to decide: ' || p)
FROM unnest('{billing,administration}'::text[]) AS p;
SELECT gdpr.add_purpose('gone') \g /dev/null
SELECT gdpr.consent_token('person', '27', 'gone') AS gone \gset
SELECT gdpr.redeem_token(gdpr.consent_token('person', '27', 'gone'), 'accepted') \g /dev/null
SELECT gdpr.drop_purpose('gone') \g /dev/null
SELECT is(t.redeem(:'gone', 'withdrawn'), 'already done', 'a purpose that was dropped is withdrawn already');
SELECT is(t.redeem(:'gone', 'unsubscribed'), 'recorded', 'but unsubscribed from');
SELECT matches(t.redeem(:'gone', 'accepted'), '^PD010 ', 'and cannot be accepted');
SELECT gdpr.add_purpose('gone') \g /dev/null
SELECT matches(t.redeem(:'gone', 'accepted'), '^PD010 .*declared anew', 'nor can another purpose of its name');

-- 6. People who have left.
SELECT gdpr.consent_token('person', '30', 'letter') AS erased, gdpr.consent_token('person', '31', 'letter') AS deleted \gset
SELECT gdpr.anonymize_subject('person', '30', 'asked for it') \g /dev/null
DELETE FROM person WHERE id = 31;
SELECT is(t.redeem(token, s), 'already done', s || ' by somebody who has left')
FROM unnest(ARRAY[:'erased', :'deleted']) AS token, unnest('{withdrawn,rejected,unsubscribed}'::text[]) AS s;
SELECT matches(t.redeem(token, 'accepted'), '^PD010 .*left', 'who cannot accept') FROM unnest(ARRAY[:'erased', :'deleted']) AS token;
SELECT is((SELECT count(*) FROM gdpr_internal.consent_event WHERE subject_key IN ('30', '31')), 0::bigint, 'and of whom nothing is recorded');
SELECT matches(t.attempt($$SELECT gdpr.consent_token('person', '30', 'letter')$$), '^PD001 ', 'no token for the frozen');
SELECT matches(t.attempt($$SELECT gdpr.consent_token('person', '31', 'letter')$$), '^P0002 ', 'nor for the missing');
SELECT matches(t.attempt($$SELECT * FROM gdpr.consent_tokens('person', '{1,30,2}')$$), '^PD001 ', 'nor for one among others');
SELECT matches(t.attempt($$SELECT * FROM gdpr.consent_tokens('person', '{1,31,2}')$$), '^P0002 ', 'who is missing');

-- 7. Children.
UPDATE person SET born = current_date - interval '10 years' WHERE id = 33;
SELECT gdpr.consent_token('person', '33', 'letter') AS child \gset
SELECT matches(t.redeem(:'child', 'accepted'), '^PD011 ', 'a child does not accept alone');
SELECT is(t.redeem(:'child', 'accepted', 'guardian => ''Eva Example'''), 'recorded', 'but with a guardian, the token is not used up');
SELECT is(t.redeem(:'child', 'withdrawn'), 'recorded', 'and withdraws alone');

-- 8. Words.
SELECT is(left(t.redeem(token, state, VARIADIC more), 5), code, format('%s: %s %s', code, state, more)) FROM (VALUES
  ('pending', '{}'::text[], '22023'), ('awaiting', '{}', '22023'), ('ACCEPTED', '{}', '22023'), ('', '{}', '22023'), (NULL, '{}', '22004'),
  ('accepted', '{medium => NULL}', '22004'), ('accepted', '{"medium => ''prechecked''"}', '22023'), ('withdrawn', '{"medium => ''pigeon''"}', '22023'),
  ('unsubscribed', '{"channel => ''pigeon''"}', '22023')) AS v(state, more, code),
  unnest(ARRAY[gdpr.consent_token('person', '35', 'letter'), 'forged']) AS token;
SELECT is(t.events('35'), '', 'and nothing was recorded');
SELECT is(left(t.attempt(statement), 5), code, code || ': ' || statement) FROM (VALUES
  ($$SELECT gdpr.consent_token('nobody', '1', 'letter')$$, '42704'), ($$SELECT gdpr.consent_token(NULL, '1', 'letter')$$, '22004'),
  ($$SELECT gdpr.consent_token('person', NULL, 'letter')$$, '22004'), ($$SELECT gdpr.consent_token('person', '1', 'nothing')$$, '42704'),
  ($$SELECT gdpr.consent_token('person', 'one', 'letter')$$, '22P02'), ($$SELECT gdpr.consent_token('person', '1', 'letter', NULL)$$, '22004'),
  ($$SELECT gdpr.consent_token('person', '1', 'letter', '0')$$, '22023'), ($$SELECT gdpr.consent_token('person', '1', 'letter', '-1 day')$$, '22023'),
  ($$SELECT gdpr.consent_token('person', '1', 'letter', '200000000 years')$$, '22008'), ($$SELECT gdpr.consent_tokens('person', NULL)$$, '22004'),
  ($$SELECT gdpr.consent_tokens('person', '{1,NULL}')$$, '22004')) AS v(statement, code);

-- 9. Whatever this database did not make.
SELECT gdpr.consent_token('person', '40', 'letter') AS genuine, gdpr.consent_token('person', '41', 'letter') AS neighbour \gset
CREATE TABLE t.forged (token text);
INSERT INTO t.forged
  SELECT overlay(:'genuine' PLACING d FROM i FOR 1) FROM generate_series(1, length(:'genuine')) AS i, unnest('{A,B,_}'::text[]) AS d WHERE substr(:'genuine', i, 1) <> d
  UNION ALL SELECT left(:'genuine', i) FROM generate_series(0, length(:'genuine') - 1) AS i
  UNION ALL SELECT left(:'genuine', i) || substr(:'neighbour', i + 1) FROM generate_series(9, length(:'genuine') - 2) AS i
    WHERE substr(:'genuine', i + 1) <> substr(:'neighbour', i + 1)  -- the last few may be equal by chance
  UNION ALL SELECT x || :'genuine' FROM unnest(ARRAY['A', ' ', E'\n', 'é', '"', '%41']) AS x
  UNION ALL SELECT :'genuine' || x FROM unnest(ARRAY['A', 'AAAA', ' ', '=', E'\n', 'é', '''; DROP TABLE person; --', :'neighbour']) AS x
  UNION ALL SELECT upper(:'genuine') UNION ALL SELECT reverse(:'genuine') UNION ALL SELECT translate(:'genuine', '-_', '+/') || '='
  UNION ALL SELECT repeat('A', n) FROM unnest('{1,100,1023,1024,1025,1000000}'::int[]) AS n UNION ALL SELECT NULL UNION ALL SELECT '\x00';
CREATE TABLE t.answer AS SELECT t.redeem(token, s) AS said FROM t.forged, unnest('{accepted,withdrawn,unsubscribed}'::text[]) AS s;
SELECT cmp_ok((SELECT count(*) FROM t.answer), '>', 900::bigint, 'hundreds of forgeries');
SELECT results_eq('SELECT DISTINCT said FROM t.answer', $$SELECT 'PD009 | this token is not valid | Use the token as it stands in the letter, in the database that made it.'$$,
  'are answered with one error, to the letter');
SELECT is(t.events('40') || t.events('41'), '', 'and nothing is recorded');
SELECT is(t.redeem(:'genuine', 'accepted'), 'recorded', 'the genuine one is still good');
SELECT is((SELECT count(*) FROM t.forged WHERE length(token) = 1000000 AND clock_timestamp() - now() < interval '5 seconds'), 1::bigint, 'a megabyte is refused unread');
CREATE TABLE t.watch AS SELECT clock_timestamp() AS at;
SELECT t.redeem(repeat('A', 1000000), 'accepted') FROM generate_series(1, 200) \g /dev/null
SELECT cmp_ok(clock_timestamp() - (SELECT at FROM t.watch), '<', interval '3 seconds', 'two hundred megabytes, too');

-- 10. Databases. The other one has the same key file, as every database of the server.
SELECT current_database() AS db \gset
\setenv TOKENS_DB :db
\! psql -Xq -d postgres -c 'SET client_min_messages = error' -c 'DROP DATABASE IF EXISTS tokens_other' -c 'DROP DATABASE IF EXISTS tokens_copy' -c 'CREATE DATABASE tokens_other' -c 'CREATE DATABASE tokens_copy'
\set other `psql -XqtA -d tokens_other -c 'SET client_min_messages = error' -c 'CREATE EXTENSION pg_gdpr' -c 'SELECT gdpr.create_key()' -c 'CREATE TABLE person (id int PRIMARY KEY)' -c 'INSERT INTO person VALUES (42)' -c "SELECT gdpr.register_subject('person', 'person'), gdpr.add_purpose('letter')" -o /dev/null; psql -XqtA -d tokens_other -c "SELECT gdpr.consent_token('person', '42', 'letter')"`
SELECT matches(:'other'::text, '^[A-Za-z0-9_-]{60,200}$', 'another database makes a token for a person of the same number');
SELECT results_eq(format('SELECT t.redeem(%L, s) FROM unnest(''{accepted,withdrawn,unsubscribed}''::text[]) AS s', :'other'), 'SELECT said FROM t.answer LIMIT 3', 'here it is none, with the same words');
SELECT gdpr.consent_token('person', '43', 'news') AS dumped, gdpr.consent_token('person', '44', 'news') AS used \gset
SELECT gdpr.redeem_token(:'used', 'accepted') \g /dev/null
\setenv DUMPED :dumped
\setenv USED :used
\! pg_dump -Fc -d "$TOKENS_DB" -N t -f /tmp/tokens_dump.$$ && pg_restore -d tokens_copy /tmp/tokens_dump.$$ 2>&1 | grep -v pgtap; rm -f /tmp/tokens_dump.*
\set copied `psql -XqtA -d tokens_copy -c "SELECT gdpr.redeem_token('$DUMPED', 'withdrawn')" -c "SELECT gdpr.redeem_token('$USED', 'withdrawn')" -c "SELECT gdpr.redeem_token('$USED', 'withdrawn')" -c "SELECT gdpr.redeem_token('$USED', 'accepted')" 2>&1 | grep -o 'recorded\|already done\|cannot be used' | tr '\n' ,`
SELECT is(:'copied'::text, 'recorded,recorded,already done,cannot be used,', 'a database restored from a dump takes its tokens, and knows which were used');
UPDATE gdpr_internal.key_fingerprint SET instance = gen_random_uuid();
SELECT matches(t.redeem(:'dumped', 'withdrawn'), '^PD009 ', 'without its name a database does not know its tokens');
SELECT instance AS copied FROM gdpr_internal.key_fingerprint \gset
SET gdpr.key_file = '/nonexistent/key';
SELECT matches(t.redeem(:'dumped', 'withdrawn'), '^55000 ', 'without its key it says so');
SELECT matches(t.attempt($$SELECT gdpr.consent_token('person', '43', 'news')$$), '^55000 ', 'and makes none');
RESET gdpr.key_file;
\! psql -Xq -d postgres -c 'DROP DATABASE tokens_other' -c 'DROP DATABASE tokens_copy'

-- 11. At once.
CREATE TABLE t.race (person int, token text);
INSERT INTO t.race SELECT i, gdpr.consent_token('person', i::text, 'news') FROM generate_series(50, 59) AS i;
CREATE TABLE t.won (person int, state text, said text);
\! for p in 50 51 52 53 54 55 56 57 58 59; do for s in accepted accepted accepted withdrawn withdrawn unsubscribed unsubscribed; do psql -Xq -d "$TOKENS_DB" -c "INSERT INTO t.won SELECT person, '$s', gdpr.redeem_token(token, '$s') FROM t.race WHERE person = $p" 2>&1 & done; wait; done | grep -v 'cannot be used\|It was used\|HINT\|CONTEXT\|SQL statement\|PL/pgSQL\|^ *$'
SELECT is((SELECT count(*) FROM t.won WHERE state = 'accepted'), 10::bigint, 'of three acceptances at once one is recorded, ten times');
SELECT is((SELECT count(*) FROM t.won WHERE state = 'withdrawn'), 20::bigint, 'withdrawals are never an error');
SELECT is((SELECT count(*) FROM gdpr_internal.opt_out WHERE subject_key ~ '^5[0-9]$'), 10::bigint, 'of two unsubscriptions one is recorded');
SELECT is((SELECT count(*) FROM gdpr_internal.consent_event WHERE subject_key ~ '^5[0-9]$' AND kind = 'decision' AND state = 'accepted'), 10::bigint, 'one event for each acceptance');
SELECT is_empty($$SELECT * FROM (SELECT state, lag(state) OVER (PARTITION BY subject_key ORDER BY event) AS before FROM gdpr_internal.consent_event
  WHERE subject_key ~ '^5[0-9]$' AND kind = 'decision') AS e WHERE NOT gdpr_internal.may_follow(coalesce(before, 'pending'), state) OR state <> 'accepted' AND before <> 'accepted'$$,
  'nobody refuses twice in a row, and every step is legal');

-- 12. Who may.
DO $$ BEGIN CREATE ROLE tokens_web LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
SELECT gdpr.grant_bundle('web', 'tokens_web') \g /dev/null
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA t TO PUBLIC;
SELECT gdpr.consent_token('person', '46', 'news') AS web \gset
SET SESSION AUTHORIZATION tokens_web;
SELECT matches(t.attempt($$SELECT gdpr.consent_token('person', '1', 'news')$$), '^42501 ', 'the web server makes no tokens');
SELECT matches(t.attempt(s), '^42501 ', 'and calls nothing inside: ' || s) FROM unnest(ARRAY[$$SELECT gdpr_internal.open_token('x')$$,
  $$SELECT gdpr_internal.make_token('person', '1', '', '', 0, now(), now())$$, $$SELECT gdpr_internal.redeem_token('x', 'accepted')$$, 'TABLE gdpr_internal.redeemed', 'TABLE gdpr_internal.key_fingerprint']) AS s;
SELECT is(t.redeem(:'web', 'accepted'), 'recorded', 'it redeems them');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT owner::text FROM gdpr_internal.consent_event WHERE subject_key = '46'), 'tokens_web'::text, 'as itself');
SELECT is((SELECT string_agg(DISTINCT r.grantee::regrole::text, ' ') FROM pg_proc AS p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS r
  WHERE p.pronamespace = 'gdpr_internal'::regnamespace AND p.proname ~ 'token' AND r.grantee <> p.proowner), NULL, 'what is behind them belongs to nobody else');
BEGIN READ ONLY;
SELECT matches(gdpr.consent_token('person', '46', 'news'), '^[A-Za-z0-9_-]+$', 'a standby makes tokens');
ROLLBACK;

-- 13. Keys of every type.
CREATE TABLE by_uuid (id uuid PRIMARY KEY); CREATE TABLE by_text (id text PRIMARY KEY); CREATE TABLE by_two (a int, b text, PRIMARY KEY (a, b));
INSERT INTO by_uuid VALUES ('0b4f1a1e-0000-4000-8000-00000000abcd');
INSERT INTO by_text VALUES ('zoë@bücher.example'), (repeat('k', 500)), (repeat('k', 800)), (''), (E'line\nbreak');
INSERT INTO by_two VALUES (1, 'x,"y)');
SELECT gdpr.register_subject(s, s::regclass) FROM unnest('{by_uuid,by_text,by_two}'::text[]) AS s \g /dev/null
SELECT is(t.redeem(gdpr.consent_token(subject_type, key, 'news'), 'accepted'), 'recorded', format('a key of %s bytes in %s', octet_length(key), subject_type)) FROM (VALUES
  ('by_uuid', '{0B4F1A1E-0000-4000-8000-00000000ABCD}'), ('by_text', 'zoë@bücher.example'), ('by_text', repeat('k', 500)), ('by_text', ''), ('by_text', E'line\nbreak'),
  ('by_two', '(1,"x,""y)")')) AS v(subject_type, key);
SELECT matches(t.attempt(format('SELECT gdpr.consent_token(''by_text'', %L, ''news'')', repeat('k', 800))), '^54000 .*longer than 1024', 'a key that makes a token too long is refused');
SELECT gdpr.consent_token('by_text', 'zoë@bücher.example', 'news') AS zoe \gset
SELECT gdpr.classify('by_text', 'id', 'email') \g /dev/null
SELECT gdpr.anonymize_subject('by_text', 'zoë@bücher.example', 'asked for it') \g /dev/null
SELECT is(t.redeem(:'zoe', 'withdrawn'), 'already done', 'a personal key that was erased');
SELECT matches(t.redeem(:'zoe', 'accepted'), '^PD010 ', 'does not come back');

-- 14. Many.
CREATE TABLE t.many AS SELECT * FROM gdpr.consent_tokens('person', ARRAY(SELECT id::text FROM person WHERE id < 30) || '{5,005}'::text[], 'news');
SELECT is((SELECT count(*) || ' ' || count(DISTINCT token) FROM t.many), '31 29', 'tokens for many, doubles and other spellings are the same person');
SELECT is(gdpr_internal.expire_tokens(), 0::bigint, 'a used token is remembered until it expires');
UPDATE gdpr_internal.redeemed SET expires_at = now() - interval '1 day' WHERE token_digest IN (SELECT token_digest FROM gdpr_internal.redeemed LIMIT 2);
SELECT is(gdpr_internal.expire_tokens(), 2::bigint, 'and forgotten then');
SELECT * FROM finish();
