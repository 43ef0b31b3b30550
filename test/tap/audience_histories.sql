-- SPDX-License-Identifier: PostgreSQL
-- The audience of every purpose and channel, the masks and gdpr.why() against an oracle of plain SQL that
-- knows nothing but a log of what was said and done: random histories of a few hundred people.
SET client_min_messages = error;
\set ON_ERROR_STOP on
\if :{?seed}
\else
SELECT (random() * 100000)::int AS seed \gset
\endif
\echo '#' seed :seed, repeat with: psql -v seed=:seed
SELECT setseed(:seed / 100000.0);
SELECT plan(10);

CREATE SCHEMA t;
CREATE TABLE t.person (id int PRIMARY KEY, name text, email text, phone text, country text, born date);
INSERT INTO t.person
SELECT i, 'Person ' || i, CASE WHEN random() < 0.9 THEN format('house%s@example.org', i / 2) END,
  CASE WHEN random() < 0.8 THEN format('+49 (0) 30 %s', 1000 + i / 3) END,
  (ARRAY['DE', 'FR', 'GB', 'US', NULL, 'Germany'])[1 + i % 6],
  CASE WHEN random() < 0.3 THEN current_date - (12 * 365 + floor(random() * 6 * 365))::int
       WHEN random() < 0.9 THEN '1970-01-01'::date + i END
FROM generate_series(1, 240) AS i;
SELECT gdpr.classify('t.person', c, k) FROM (VALUES ('name', 'full_name'), ('email', 'email'), ('phone', 'phone'),
  ('country', 'country'), ('born', 'birth_date')) AS v(c, k) \g /dev/null
SELECT gdpr.register_subject('person', 't.person') \g /dev/null

CREATE TABLE t.log (n bigserial PRIMARY KEY, key text, op text, purpose text DEFAULT '', channel text DEFAULT '', word text,
  flag boolean, since timestamptz, until timestamptz, address text, id bigint, at timestamptz DEFAULT clock_timestamp());
CREATE TABLE t.purpose (purpose text PRIMARY KEY, basis text, marketing boolean, validity interval);
INSERT INTO t.purpose VALUES ('news', 'consent', true, NULL), ('offers', 'consent', true, '40 milliseconds'),
  ('survey', 'consent', false, '1 year'), ('insight', 'legitimate_interests', false, NULL),
  ('letters', 'legitimate_interests', true, NULL), ('billing', 'contract', false, NULL);
INSERT INTO t.log (op, word) VALUES ('mode', 'strict');

-- Does one thing; what is refused is not in the log. An address goes on the list when its owner leaves.
CREATE FUNCTION t.act(op text, key text, purpose text, channel text, word text, flag boolean, since timestamptz, until timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  p text := nullif(purpose, '');
  c text := nullif(channel, '');
  who t.person;
  address text;
  id bigint;
BEGIN
  -- Most of what needs something before it is aimed at somebody who has it.
  IF flag OR flag IS NULL THEN
    NULL;
  ELSIF op IN ('overrule', 'unobject') THEN
    SELECT o.key, o.purpose INTO key, p FROM t.objects AS o ORDER BY random() LIMIT 1;
  ELSIF op = 'opt_in' THEN
    SELECT o.key, nullif(o.purpose, ''), nullif(o.channel, '') INTO key, p, c FROM t.opted AS o ORDER BY random() LIMIT 1;
  ELSIF op = 'decide' AND word = 'withdrawn' THEN
    SELECT d.key, nullif(d.purpose, '') INTO key, p FROM t.decided AS d WHERE d.word = 'accepted' ORDER BY random() LIMIT 1;
  ELSIF op = 'younger' THEN
    SELECT d.key INTO key FROM t.decided AS d WHERE d.word = 'accepted' AND NOT d.flag ORDER BY random() LIMIT 1;
  ELSIF op = 'unbasis' THEN
    SELECT l.key INTO key FROM t.log AS l WHERE l.op = 'basis' ORDER BY random() LIMIT 1;
  END IF;
  who := (SELECT x FROM t.person AS x WHERE x.id::text = key);
  address := CASE channel WHEN 'email' THEN lower(who.email) WHEN 'sms' THEN regexp_replace(who.phone, '\D', '', 'g') END;
  CASE op
    WHEN 'declare' THEN PERFORM gdpr.add_purpose(q.purpose, q.basis, validity => q.validity, marketing => q.marketing)
      FROM t.purpose AS q WHERE q.purpose = p;
      PERFORM gdpr.grant_purpose(p, current_user::regrole, campaign => true);
    WHEN 'drop' THEN PERFORM gdpr.drop_purpose(p);
    WHEN 'decide' THEN PERFORM gdpr.record_consent('person', key, word, p, 'click', guardian => CASE WHEN flag THEN 'mother' END);
    WHEN 'opt_out' THEN PERFORM gdpr.opt_out('person', key, c, p);
    WHEN 'opt_in' THEN id := gdpr.opt_in('person', key, c, p); IF id IS NULL THEN RETURN; END IF;
    WHEN 'suppress' THEN PERFORM gdpr.suppress(c, CASE c WHEN 'email' THEN upper(who.email) ELSE who.phone END, 'asked for it');
    WHEN 'lift' THEN PERFORM gdpr.lift_suppression(c, CASE c WHEN 'email' THEN ' ' || who.email ELSE replace(who.phone, '+', '00') END, 'asked for it');
    WHEN 'object' THEN PERFORM gdpr.record_objection('person', key, p);
    WHEN 'overrule' THEN IF gdpr.overrule_objection('person', key, p, 'compelling') IS NULL THEN RETURN; END IF;
    WHEN 'unobject' THEN IF gdpr.withdraw_objection('person', key, p) IS NULL THEN RETURN; END IF;
    WHEN 'younger' THEN UPDATE t.person AS x SET born = current_date - (10 * 365 + x.id % 900) WHERE x.id::text = key;
    WHEN 'restrict' THEN PERFORM gdpr.restrict('person', key);
    WHEN 'unrestrict' THEN PERFORM gdpr.lift_restriction('person', key);
    WHEN 'basis' THEN id := gdpr.add_basis('person', key, p, word, since, until);
    WHEN 'unbasis' THEN SELECT l.id INTO id FROM t.log AS l WHERE l.op = 'basis' AND l.key = act.key ORDER BY random() LIMIT 1;
      IF id IS NULL OR gdpr.end_basis(id) IS NULL THEN RETURN; END IF;
    WHEN 'erase' THEN
      INSERT INTO t.log (op, channel, address)
      SELECT 'suppress', a.channel, a.address FROM t.leaving(key) AS w(channel)
      JOIN (VALUES ('email', lower(who.email)), ('sms', regexp_replace(who.phone, '\D', '', 'g'))) AS a(channel, address)
        ON w.channel IN ('', a.channel) WHERE a.address IS NOT NULL;
      PERFORM gdpr.anonymize_subject('person', key, 'test', unclassified => 'keep');
    WHEN 'mode' THEN PERFORM gdpr.set_consent_mode('person', word);
    WHEN 'action' THEN PERFORM gdpr.set_consent_action('person', channel, word, p);
  END CASE;
  INSERT INTO t.log (op, key, purpose, channel, word, flag, since, until, address, id)
  VALUES (op, key, coalesce(p, ''), coalesce(c, ''), word, flag, since, until, address, id);
EXCEPTION WHEN OTHERS THEN
  -- illegal steps, missing purposes and the like; anything of ours that is broken shows
  IF SQLSTATE NOT IN ('PD001', 'PD002', 'PD006', 'PD011', '22023', '42704', '22004', '55000') THEN
    RAISE WARNING 'unexpected % %', SQLSTATE, SQLERRM;
    INSERT INTO t.unexpected VALUES (op, SQLSTATE, SQLERRM);
  END IF;
END
$$;
CREATE TABLE t.unexpected (op text, code text, message text);

-- The oracle: the last thing said about each question.
CREATE VIEW t.opted AS  -- every opt-out that no later opt-in of the same or more takes back
  SELECT o.key, o.purpose, o.channel FROM t.log AS o WHERE o.op = 'opt_out' AND NOT EXISTS (
    SELECT FROM t.log AS i WHERE i.op = 'opt_in' AND i.key = o.key AND i.n > o.n
      AND (i.purpose = '' OR i.purpose = o.purpose) AND (i.channel = '' OR i.channel = o.channel));
CREATE VIEW t.listed AS
  SELECT channel, address FROM (
    SELECT DISTINCT ON (channel, address) channel, address, op FROM t.log
    WHERE op IN ('suppress', 'lift') AND address IS NOT NULL ORDER BY channel, address, n DESC) AS l WHERE op = 'suppress';
CREATE VIEW t.objects AS
  SELECT key, purpose FROM (
    SELECT DISTINCT ON (key, purpose) key, purpose, op FROM t.log
    WHERE op IN ('object', 'overrule', 'unobject') ORDER BY key, purpose, n DESC) AS l WHERE op = 'object';
CREATE VIEW t.decided AS  -- a purpose that was dropped forgets acceptances
  SELECT * FROM (SELECT DISTINCT ON (key, purpose) * FROM t.log WHERE op = 'decide' ORDER BY key, purpose, n DESC) AS d
  WHERE d.word <> 'accepted' OR NOT EXISTS (SELECT FROM t.log AS x WHERE x.op = 'drop' AND x.purpose = d.purpose AND x.n > d.n);
CREATE FUNCTION t.leaving(text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT channel FROM t.opted WHERE key = $1
  UNION SELECT '' FROM t.objects AS o JOIN t.purpose AS p USING (purpose) WHERE o.key = $1 AND p.marketing
  UNION SELECT '' FROM t.decided AS d LEFT JOIN t.purpose AS p USING (purpose)
    WHERE d.key = $1 AND d.word = 'withdrawn' AND (d.purpose = '' OR p.marketing)
$$;
CREATE FUNCTION t.action_of(state text, purpose text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT word FROM t.log WHERE op = 'action' AND channel = $1 AND purpose = $2 AND $2 <> ''
       AND n > coalesce((SELECT max(n) FROM t.log WHERE op = 'drop' AND purpose = $2), 0) ORDER BY n DESC LIMIT 1),
    (SELECT word FROM t.log WHERE op = 'action' AND channel = $1 AND purpose = '' ORDER BY n DESC LIMIT 1), 'full')
$$;
CREATE VIEW t.verdict AS
  WITH mode AS (SELECT word FROM t.log WHERE op = 'mode' ORDER BY n DESC LIMIT 1),
  q AS (
    SELECT x.id::text AS key, p.*, x.born, x.email, x.phone, x.country, d.n AS declared, m.word AS mode
    FROM t.person AS x CROSS JOIN mode AS m
    CROSS JOIN t.purpose AS p JOIN (SELECT purpose, max(n) AS n FROM t.log WHERE op = 'declare' GROUP BY 1) AS d USING (purpose)
    WHERE NOT EXISTS (SELECT FROM t.log AS z WHERE z.op = 'drop' AND z.purpose = p.purpose AND z.n > d.n)
  ), counted AS (
    SELECT q.*, own.word AS own_word, own.at AS own_at, own.flag AS own_flag, gen.word AS gen_word, gen.at AS gen_at,
      gen.flag AS gen_flag, gen.n AS gen_n, least(gen.at + nullif(q.validity, '1 year'), 'infinity') AS gen_until
    FROM q LEFT JOIN t.decided AS own ON own.key = q.key AND own.purpose = q.purpose
    LEFT JOIN t.decided AS gen ON gen.key = q.key AND gen.purpose = ''
  ), consent AS (
    SELECT c.*, CASE
      WHEN c.basis <> 'consent' THEN NULL
      WHEN c.mode = 'strict' THEN CASE
        WHEN c.own_word IS NOT NULL THEN c.own_word = 'accepted' AND c.validity IS DISTINCT FROM '40 milliseconds'
        ELSE coalesce(c.gen_word = 'accepted' AND c.gen_n > c.declared AND c.validity IS DISTINCT FROM '40 milliseconds', false) END
      ELSE NOT EXISTS (
          SELECT FROM t.decided AS r LEFT JOIN t.purpose AS rp USING (purpose)
          WHERE r.key = c.key AND t.action_of(r.word, r.purpose) <> 'full' AND (r.purpose = '' OR rp.basis = 'consent')
            AND (r.purpose = '' OR EXISTS (SELECT FROM q WHERE q.purpose = r.purpose)))
        AND t.action_of(coalesce(c.own_word, c.gen_word, 'pending'), c.purpose) = 'full' END AS given
    FROM counted AS c
  )
  SELECT c.*, NOT EXISTS (SELECT FROM t.log AS e WHERE e.op = 'erase' AND e.key = c.key) AS here,
    NOT coalesce((SELECT l.op = 'restrict' FROM t.log AS l WHERE l.key = c.key AND l.op IN ('restrict', 'unrestrict') ORDER BY n DESC LIMIT 1), false)
    AND CASE WHEN EXISTS (
          SELECT FROM t.log AS b WHERE b.op = 'basis' AND b.key = c.key AND b.purpose = c.purpose
            AND b.since <= now() AND b.until > now()
            AND NOT EXISTS (SELECT FROM t.log AS u WHERE u.op = 'unbasis' AND u.id = b.id)
            AND NOT EXISTS (SELECT FROM t.log AS x WHERE x.op = 'drop' AND x.purpose = b.purpose AND x.n > b.n)
            AND NOT (EXISTS (SELECT FROM t.objects AS o WHERE o.key = c.key AND o.purpose = c.purpose)
                     AND (c.marketing OR b.word IN ('legitimate_interests', 'public_task')))) THEN true
        WHEN EXISTS (SELECT FROM t.objects AS o WHERE o.key = c.key AND o.purpose = c.purpose) THEN false
        ELSE coalesce(c.given, true) END AS allowed,
    c.born + make_interval(years => CASE c.country WHEN 'FR' THEN 15 WHEN 'GB' THEN 13 ELSE 16 END) > current_date AS child,
    CASE WHEN c.own_word IS NOT NULL THEN c.own_word = 'accepted' AND c.own_flag AND c.validity IS DISTINCT FROM '40 milliseconds'
         ELSE coalesce(c.gen_word = 'accepted' AND c.gen_flag AND c.validity IS DISTINCT FROM '40 milliseconds', false) END AS guarded
  FROM consent AS c;
CREATE VIEW t.expected AS
  SELECT v.purpose, ch.channel, v.key FROM t.verdict AS v, (VALUES ('email'), ('sms'), ('post')) AS ch(channel)
  WHERE v.here AND v.allowed AND (v.child IS NOT TRUE OR v.guarded)
    AND NOT EXISTS (SELECT FROM t.opted AS o WHERE o.key = v.key AND o.purpose IN ('', v.purpose) AND o.channel IN ('', ch.channel))
    AND NOT EXISTS (SELECT FROM t.listed AS l WHERE l.channel = ch.channel
      AND l.address = CASE ch.channel WHEN 'email' THEN lower(v.email) WHEN 'sms' THEN regexp_replace(v.phone, '\D', '', 'g') END);
CREATE FUNCTION t.differences() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMP TABLE got AS
    SELECT p.purpose, ch.channel, a.key FROM gdpr.purposes AS p, (VALUES ('email'), ('sms'), ('post')) AS ch(channel),
      LATERAL gdpr.audience('person', p.purpose, ch.channel) AS a(key) WHERE p.purpose <> 'administration';
  CREATE TEMP TABLE want AS SELECT * FROM t.expected;
  RETURN (SELECT format('%s missing, %s too many of %s%s', count(*) FILTER (WHERE side = 'missing'), count(*) FILTER (WHERE side = 'too many'),
      (SELECT count(*) FROM want), coalesce(': ' || (array_agg(format('%s/%s/%s %s', d.purpose, d.channel, d.key, gdpr.why('person', d.key, d.purpose))))[1], ''))
    FROM ((SELECT 'missing' AS side, w.* FROM (TABLE want EXCEPT ALL TABLE got) AS w)
          UNION ALL (SELECT 'too many', g.* FROM (TABLE got EXCEPT ALL TABLE want) AS g)) AS d);
END
$$;
-- why and the mask say what the oracle says
CREATE FUNCTION t.disagreements() RETURNS text LANGUAGE sql AS $$
  WITH w AS (
    SELECT v.key, v.purpose, v.allowed AND v.here AS wanted, gdpr.why('person', v.key, v.purpose) AS why,
      (SELECT gdpr_internal.allowed_now(coalesce(n.allowed, c.default_allowed), coalesce(n.valid_until, 'infinity'), n.later) >> k.bit & 1 = 1
       FROM gdpr_internal.consent_setting AS c JOIN gdpr_internal.purpose AS k ON k.purpose = v.purpose
       LEFT JOIN gdpr_internal.person_allowed AS n ON n.id = v.key::int WHERE c.subject_type = 'person') AS mask, v.here
    FROM t.verdict AS v)
  SELECT format('%s of why, %s of masks%s', count(*) FILTER (WHERE (why LIKE 'open: %') <> wanted OR why NOT SIMILAR TO '(open|closed): _%'),
    count(*) FILTER (WHERE here AND mask <> wanted),
    coalesce(': ' || min(key || ' ' || purpose || ' ' || why) FILTER (WHERE (why LIKE 'open: %') <> wanted OR here AND mask <> wanted), '')) FROM w
$$;

CREATE FUNCTION t.ops(count int) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT format('SELECT t.act(%L, %L, %L, %L, %L, %L, %s, %s)', op, k, CASE WHEN op IN ('declare', 'drop') THEN 'offers' ELSE p END,
    CASE op WHEN 'action' THEN (ARRAY['rejected', 'withdrawn'])[1 + floor(r4 * 2)] WHEN 'suppress' THEN c2 WHEN 'lift' THEN c2 ELSE c END,
    CASE op WHEN 'decide' THEN (ARRAY['accepted', 'accepted', 'rejected', 'withdrawn'])[1 + floor(r4 * 4)]
      WHEN 'basis' THEN (ARRAY['contract', 'legitimate_interests', 'public_task'])[1 + floor(r4 * 3)]
      WHEN 'action' THEN (ARRAY['full', 'none'])[1 + floor(r3 * 2)] END,
    r3 < 0.4, CASE WHEN r3 < 0.8 THEN 'now() - interval ''1 hour''' ELSE 'now() + interval ''1 day''' END,
    CASE WHEN r2 < 0.3 THEN 'clock_timestamp() + interval ''20 milliseconds''' WHEN r2 < 0.6 THEN '''infinity''' ELSE 'now() + interval ''1 year''' END)
  FROM (
    SELECT i, (1 + floor(random() * 240))::int::text AS k,
      (ARRAY['', 'news', 'news', 'offers', 'survey', 'insight', 'letters', 'billing'])[1 + floor(random() * 8)] AS p,
      (ARRAY['', 'email', 'sms', 'post'])[1 + floor(random() * 4)] AS c, (ARRAY['email', 'sms'])[1 + floor(random() * 2)] AS c2,
      random() AS r2, random() AS r3, random() AS r4, CASE
        WHEN r < 0.40 THEN 'decide' WHEN r < 0.52 THEN 'opt_out' WHEN r < 0.60 THEN 'opt_in' WHEN r < 0.66 THEN 'suppress'
        WHEN r < 0.69 THEN 'lift' WHEN r < 0.77 THEN 'object' WHEN r < 0.80 THEN 'overrule' WHEN r < 0.83 THEN 'unobject'
        WHEN r < 0.85 THEN 'restrict' WHEN r < 0.88 THEN 'unrestrict' WHEN r < 0.945 THEN 'basis' WHEN r < 0.96 THEN 'unbasis'
        WHEN r < 0.968 THEN 'erase' WHEN r < 0.979 THEN 'younger' WHEN r < 0.985 THEN 'action' WHEN r < 0.99 THEN 'drop' ELSE 'declare' END AS op
    FROM (SELECT i, random() AS r FROM generate_series(1, $1) AS i) AS s) AS o ORDER BY i
$$;

SELECT t.act('declare', NULL, purpose, '', NULL, NULL, NULL, NULL) FROM t.purpose ORDER BY purpose \g /dev/null
\o /dev/null
SELECT t.ops(1500) \gexec
\o
SELECT pg_sleep(0.1) \g /dev/null
SELECT is(split_part(t.differences(), ' of', 1), '0 missing, 0 too many', 'strict: the audience is who may be written to, nobody else, nobody less');
DROP TABLE got;
SELECT cmp_ok((SELECT count(*) FROM want), '>', 200::bigint, 'and there are such people');
DROP TABLE want;
SELECT is(t.disagreements(), '0 of why, 0 of masks', 'strict: gdpr.why() and the masks agree with the history');
SELECT t.act('mode', NULL, '', '', 'crmcom', NULL, NULL, NULL) \g /dev/null
SELECT is(split_part(t.differences(), ' of', 1), '0 missing, 0 too many', 'crmcom: the same people under the other rules');
DROP TABLE got, want;
SELECT is(t.disagreements(), '0 of why, 0 of masks', 'crmcom: gdpr.why() and the masks agree with the history');
\o /dev/null
SELECT t.ops(1500) \gexec
\o
SELECT pg_sleep(0.1) \g /dev/null
SELECT is(split_part(t.differences(), ' of', 1), '0 missing, 0 too many', 'crmcom after more history');
DROP TABLE got, want;
SELECT is(t.disagreements(), '0 of why, 0 of masks', 'gdpr.why() and the masks still agree');
SELECT t.act('mode', NULL, '', '', 'strict', NULL, NULL, NULL) \g /dev/null
SELECT is(split_part(t.differences(), ' of', 1), '0 missing, 0 too many', 'strict again, with the history of both');
SELECT ok((SELECT bool_and(n > 0) FROM (SELECT count(l.op) AS n FROM unnest('{decide,opt_out,opt_in,suppress,lift,object,overrule,unobject,restrict,unrestrict,basis,unbasis,younger,erase,drop,declare}'::text[])
  AS o(op) LEFT JOIN t.log AS l USING (op) GROUP BY o.op) AS x), 'everything that can happen happened');
SELECT is((SELECT string_agg(DISTINCT concat_ws(' ', op, code, message), '; ') FROM t.unexpected), NULL, 'and nothing failed that should not');
SELECT * FROM finish();
