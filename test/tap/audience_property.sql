-- SPDX-License-Identifier: PostgreSQL
-- Mailing lists over random histories. Law: whatever happened before, a list has exactly the people whom the
-- records allow (test/consent/oracle.sql), without those who opted out, are suppressed, restricted, frozen
-- or children without a guardian's consent.
SET client_min_messages = error;
CREATE SCHEMA t;
SELECT plan(10);
CREATE TABLE t.member (id int PRIMARY KEY, email text, phone text, born date, country text);
-- every third address is shared by two people, in another spelling
INSERT INTO t.member SELECT i, CASE WHEN i % 6 = 1 THEN upper(format('m%s@example.org', i - 1)) WHEN i % 11 <> 0 THEN format('m%s@example.org', i) END,
  CASE WHEN i % 5 <> 0 THEN format('+357 22 %s', 100000 + i) END,
  CASE WHEN i % 4 = 0 THEN current_date - (11 + i % 9) * 365 WHEN i % 4 <> 3 THEN '1980-01-01'::date END, (ARRAY['DE', 'GB', 'CY', 'US', NULL])[1 + i % 5]
FROM generate_series(1, 120) AS i;
CREATE TABLE t.person AS SELECT 'member' AS subject_type, id AS n, id::text AS key FROM t.member;
\ir ../consent/oracle.sql
\o /dev/null
SELECT gdpr.register_subject('member', 't.member');
SELECT gdpr.classify('t.member', c, k) FROM (VALUES ('email', 'email'), ('phone', 'phone'), ('born', 'birth_date'), ('country', 'country')) AS v(c, k);
SELECT gdpr.add_purpose('letter', marketing => true), gdpr.add_purpose('survey'), gdpr.add_purpose('notices', 'contract');
SELECT gdpr.grant_purpose(p, 'postgres', campaign => true) FROM unnest('{letter,survey,notices}'::text[]) AS p;
CREATE FUNCTION t.any(choices text[]) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT choices[1 + floor(random() * cardinality(choices))::int]';

-- One random event; what is refused is refused.
CREATE FUNCTION t.happen() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  who text := (1 + floor(random() * 120))::int;
  purpose text := t.any('{letter,letter,survey,NULL}');
  channel text := t.any('{email,sms,NULL}');
  what text := t.any('{accept,accept,accept,accept,accept,reject,withdraw,opt_out,opt_out,opt_in,object,overrule,restrict,lift,suppress,unsuppress,basis,freeze,reconsent,mode,again}');
BEGIN
  purpose := nullif(purpose, 'NULL'); channel := nullif(channel, 'NULL');
  CASE what
  WHEN 'accept' THEN PERFORM gdpr.record_consent('member', who, 'accepted', purpose, 'email', guardian => CASE WHEN random() < 0.5 THEN 'a parent' END);
  WHEN 'reject' THEN PERFORM gdpr.record_consent('member', who, 'rejected', purpose, 'email');
  WHEN 'withdraw' THEN PERFORM gdpr.record_consent('member', who, 'withdrawn', purpose, 'email');
  WHEN 'opt_out' THEN PERFORM gdpr.opt_out('member', who, channel, purpose);
  WHEN 'opt_in' THEN PERFORM gdpr.opt_in('member', who, channel, purpose);
  WHEN 'object' THEN PERFORM gdpr.record_objection('member', who, coalesce(purpose, 'letter'), 'no');
  WHEN 'overrule' THEN PERFORM gdpr.withdraw_objection('member', who, coalesce(purpose, 'letter'));
  WHEN 'restrict' THEN PERFORM gdpr.restrict('member', who, 'x');
  WHEN 'lift' THEN PERFORM gdpr.lift_restriction('member', who);
  WHEN 'suppress' THEN PERFORM gdpr.suppress('email', format('<M%s@Example.org> ', who), 'complaint');
  WHEN 'unsuppress' THEN PERFORM gdpr.lift_suppression('email', format('m%s@example.org', who), 'asked');
  WHEN 'basis' THEN PERFORM gdpr.add_basis('member', who, coalesce(purpose, 'survey'), 'legitimate_interests', now() - interval '1 day', now() + (random() - 0.3) * interval '1 day');
  WHEN 'freeze' THEN IF random() < 0.4 THEN PERFORM gdpr.anonymize_subject('member', who, 'asked', 'keep'); END IF;
  WHEN 'reconsent' THEN PERFORM gdpr.record_consent('member', who, 'pending', purpose, 'email');
  WHEN 'mode' THEN IF random() < 0.2 THEN PERFORM gdpr.set_consent_mode('member', t.any('{strict,crmcom}')); END IF;
  WHEN 'again' THEN IF random() < 0.05 THEN PERFORM gdpr.set_consent_action('member', t.any('{rejected,withdrawn}'), t.any('{full,none}')); END IF;
  END CASE;
  RETURN what;
EXCEPTION WHEN SQLSTATE 'PD001' OR SQLSTATE 'PD002' OR SQLSTATE 'PD006' OR SQLSTATE 'PD011' OR SQLSTATE '55000' OR SQLSTATE '22023' THEN
  RETURN what || ' ' || SQLSTATE;
END
$$;

-- What was put on the suppression list, in clear, beside it.
CREATE TABLE t.suppressed (n int GENERATED ALWAYS AS IDENTITY, address text, lifted boolean);
-- Who may be on a list, without asking anything that gdpr.audience() asks.
CREATE FUNCTION t.listed(wanted text, through text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT m.id::text FROM t.member AS m
  WHERE m.id::text IN (SELECT t.allowed('member', wanted, statement_timestamp(), false))
    AND NOT EXISTS (SELECT FROM gdpr_internal.restriction AS r WHERE r.subject_type = 'member' AND r.subject_key = m.id::text)
    AND NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_type = 'member' AND f.subject_key = m.id::text)
    -- the last word of each pair of purpose and channel, from the history
    AND NOT EXISTS (SELECT FROM gdpr_internal.opt_out AS o WHERE o.subject_type = 'member' AND o.subject_key = m.id::text
      AND (o.purpose = '' OR o.purpose = wanted) AND (o.channel = '' OR o.channel = through))
    AND NOT EXISTS (SELECT FROM (SELECT DISTINCT ON (address) address, lifted FROM t.suppressed ORDER BY address, n DESC) AS s
      WHERE through = 'email' AND NOT s.lifted AND s.address = lower(m.email))
    AND NOT (coalesce(m.born > current_date - CASE WHEN m.country = 'GB' THEN interval '13 years' WHEN m.country = 'CY' THEN interval '14 years' ELSE interval '16 years' END, false)
      AND NOT coalesce((SELECT e.guardian AND s.state = 'accepted' FROM gdpr_internal.consent_state AS s JOIN gdpr_internal.consent_event AS e USING (event)
        WHERE s.subject_type = 'member' AND s.subject_key = m.id::text AND s.purpose IN (wanted, '') ORDER BY s.purpose DESC LIMIT 1), false))
$$;
CREATE FUNCTION t.watch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
  INSERT INTO t.suppressed (address, lifted) SELECT a.address, NEW.turn % 2 = 0 FROM (SELECT format('m%s@example.org', i) AS address FROM generate_series(0, 120) AS i) AS a
  WHERE left(gdpr_internal.keyed_digest('suppression email', a.address), 32)::uuid = NEW.digest; RETURN NULL; END $$;
CREATE TRIGGER watch AFTER INSERT ON gdpr_internal.suppression FOR EACH ROW EXECUTE FUNCTION t.watch();

CREATE TABLE t.happened (what text);
CREATE TABLE t.list (round int, purpose text, channel text, listed int, differences text);
\o
\if :{?seed}
\else
  SELECT random() AS seed \gset
\endif
\echo '# seed' :seed
SELECT setseed(:seed) \g /dev/null
DO $$
DECLARE
  p text; c text;
BEGIN
  FOR round IN 1 .. 40 LOOP
    INSERT INTO t.happened SELECT t.happen() FROM generate_series(1, 25);
    FOREACH p IN ARRAY '{letter,survey,notices}'::text[] LOOP
      FOREACH c IN ARRAY '{email,sms}'::text[] LOOP
        INSERT INTO t.list
        SELECT round, p, c, count(a.key), string_agg(CASE WHEN a.key IS NULL THEN 'missing ' || o.key ELSE 'too many ' || a.key END, ', ')
          FILTER (WHERE a.key IS NULL OR o.key IS NULL)
        FROM (SELECT gdpr.audience('member', p, c)) AS a(key) FULL JOIN (SELECT t.listed(p, c)) AS o(key) USING (key);
      END LOOP;
    END LOOP;
  END LOOP;
END
$$;
SELECT is_empty($$SELECT * FROM t.list WHERE differences ~ 'too many' LIMIT 5$$, 'nobody is on a list who must not be');
SELECT is_empty($$SELECT * FROM t.list WHERE differences ~ 'missing' LIMIT 5$$, 'and nobody is missing who may be');
SELECT cmp_ok((SELECT min(n) FROM (SELECT sum(listed) AS n FROM t.list GROUP BY purpose, channel) AS x), '>', 100::bigint, 'the lists are not empty');
SELECT is_empty($$SELECT purpose, channel FROM t.list GROUP BY 1, 2 HAVING count(DISTINCT listed) < 5$$, 'nor always the same');
SELECT is((SELECT count(DISTINCT what) FROM t.happened WHERE what !~ ' '), 16::bigint, 'everything happened');
SELECT cmp_ok((SELECT count(*) FROM t.happened WHERE what ~ 'PD011'), '>', 0::bigint, 'children were refused, too');
-- An address with several owners is nobody's to mail.
\o /dev/null
SELECT gdpr.suppress('email', 'shared@example.org', 'complaint');
UPDATE t.member SET email = 'Shared@Example.org' WHERE id IN (SELECT id FROM t.member WHERE id NOT IN (SELECT subject_key::int FROM gdpr_internal.frozen) ORDER BY id LIMIT 2);
\o
SELECT is_empty($$SELECT gdpr.audience('member', 'notices', 'email') INTERSECT SELECT id::text FROM t.member WHERE lower(email) = 'shared@example.org'$$,
  'a suppressed address is not written to, whoever has it now');
SELECT throws_ok($$SELECT gdpr.audience('member', 'letter', NULL)$$, '22004', NULL, 'no channel: an error');
SELECT throws_ok($$SELECT gdpr.audience('member', 'letter', 'pigeon')$$, '22023', NULL, 'an unknown channel: an error');
SELECT throws_ok($$SELECT gdpr.audience('member', 'unknown', 'email')$$, '42704', NULL, 'an unknown purpose: an error');
SELECT * FROM finish();
