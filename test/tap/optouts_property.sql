-- SPDX-License-Identifier: PostgreSQL
-- Random lists over random people. Laws: after an import the audience holds nobody who has a listed address (but
-- who opted in after the list was made); a preview counts what the import then does; the same list again changes
-- nothing, cut in other chunks and in another order, and neither does anything that happened to it on the way.
SET client_min_messages = error;
CREATE SCHEMA t;
SELECT plan(12);
CREATE TABLE t.member (a int, b text, mail text, spare text[], PRIMARY KEY (a, b)) PARTITION BY LIST (b);
CREATE TABLE t.member_x PARTITION OF t.member FOR VALUES IN ('x');
CREATE TABLE t.member_y PARTITION OF t.member FOR VALUES IN ('y, "z"');
CREATE TABLE t.friend (mail text PRIMARY KEY, spare text);
SELECT gdpr.register_subject('member', 't.member'), gdpr.register_subject('friend', 't.friend') \g /dev/null
SELECT gdpr.classify(r, c, k) FROM (VALUES ('t.member'::regclass, 'mail', 'email'), ('t.member', 'spare', 'email'), ('t.friend', 'mail', 'email'), ('t.friend', 'spare', 'email')) AS v(r, c, k) \g /dev/null
SELECT gdpr.add_purpose('letter', 'legitimate_interests', marketing => true), gdpr.grant_purpose('letter', 'postgres', campaign => true) \g /dev/null
\if :{?seed}
\else
  SELECT (random() * 1000000)::int AS seed \gset
\endif
\echo '# seed' :seed
SELECT setseed(:seed / 1000000.0) \g /dev/null
-- 90 addresses at 12 domains, so that people share them; in any spelling
CREATE FUNCTION t.address() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN random() < 0.3 THEN upper(a) WHEN random() < 0.3 THEN E'\t<' || a || '> ' ELSE a END
  FROM (SELECT format('m%s@%s.org', floor(random() * 90), (ARRAY['a', 'b.c', 'd.b.c', 'e'])[1 + floor(random() * 4)::int]) AS a) AS x
$$;
INSERT INTO t.member SELECT i, CASE WHEN i % 3 = 0 THEN 'x' ELSE 'y, "z"' END, CASE WHEN random() < 0.9 THEN t.address() END,
  CASE WHEN random() < 0.3 THEN ARRAY[t.address(), NULL, t.address()] END FROM generate_series(1, 100) AS i;
INSERT INTO t.friend SELECT DISTINCT ON (lower(btrim(a, E' \t<>'))) a, CASE WHEN random() < 0.2 THEN t.address() END FROM (SELECT t.address() AS a FROM generate_series(1, 60)) AS x;

-- What a list of that kind says of an address; or of any, and sometimes of none.
CREATE FUNCTION t.named(kind text, a text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  plain text := lower(btrim(a, E' \t<>'));
BEGIN
  RETURN CASE kind WHEN 'address' THEN a WHEN 'md5' THEN md5(plain) WHEN 'sha256' THEN encode(sha256(convert_to(plain, 'UTF8')), 'hex')
    ELSE (ARRAY['@', '.', ''])[1 + floor(random() * 3)::int] || split_part(plain, '@', 2) END;
END $$;
CREATE FUNCTION t.entry(kind text) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN random() < 0.1 THEN (ARRAY['rubbish', '', NULL, 'a@', '@'])[1 + floor(random() * 5)::int] ELSE t.named(kind, t.address()) END $$;
-- An address that one person alone has: of who is new in that round, and who is on no list (at a domain that is on none).
CREATE FUNCTION t.own(round int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT format('New%s@a.org', round) $$;
INSERT INTO t.member VALUES (0, 'x', 'nobody@lists.me');
-- Whether an entry means an address, without asking anything that the import asks.
CREATE FUNCTION t.means(kind text, entry text, address text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(CASE kind WHEN 'address' THEN lower(btrim(entry, E' \t<>')) = plain AND plain ~ '.@.' WHEN 'md5' THEN entry = md5(plain) WHEN 'sha256' THEN entry = encode(sha256(convert_to(plain, 'UTF8')), 'hex')
    ELSE CASE WHEN left(entry, 1) = '.' THEN ('.' || split_part(plain, '@', 2)) LIKE '%' || entry ELSE split_part(plain, '@', 2) = ltrim(entry, '@') AND ltrim(entry, '@') <> '' END END, false)
  FROM lower(btrim(address, E' \t<>')) AS plain
$$;
CREATE FUNCTION t.people(subject_type text) RETURNS TABLE(key text, address text) LANGUAGE sql AS $$
  SELECT ROW(m.a, m.b)::text, x FROM t.member AS m, unnest(m.spare || m.mail) AS x WHERE $1 = 'member' UNION ALL
  SELECT f.mail, x FROM t.friend AS f, unnest(ARRAY[f.mail, f.spare]) AS x WHERE $1 = 'friend' $$;
CREATE FUNCTION t.import(list text[], kind text, options jsonb, seed int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  run bigint := gdpr.import_optouts_start('email', NULL, kind, 'list', options => options);
  size int := 1 + seed % 40;
  place int;
  part text[];
  first record;
  again record;
  counted bigint := 0;
  done record;
BEGIN
  WHILE gdpr.import_optouts_prepare(run) > 0 LOOP END LOOP;
  -- chunks in any order, and some of them twice
  FOR place IN SELECT i FROM generate_series(0, (cardinality(list) - 1) / size) AS i ORDER BY md5(i::text || seed) LOOP
    part := list[place * size + 1 : (place + 1) * size];
    first := gdpr.import_optouts_chunk(run, place + 1, part);
    IF place % 3 = 0 THEN
      again := gdpr.import_optouts_chunk(run, place + 1, part);
      IF again IS DISTINCT FROM first THEN RAISE EXCEPTION 'chunk % was counted anew', place + 1; END IF;
    END IF;
    IF cardinality(part) <> first.matched + first.kept + first.already + first.newer + cardinality(first.invalid) THEN
      RAISE EXCEPTION 'chunk % has another sum', place + 1;
    END IF;
  END LOOP;
  done := gdpr.import_optouts_finish(run);
  RETURN done::text;
END $$;
CREATE FUNCTION t.sums() RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', (SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) FROM gdpr_internal.suppression AS x), (SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) FROM gdpr_internal.consent_event AS x),
    (SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) FROM gdpr_internal.opt_out AS x), (SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) FROM gdpr_internal.consent_batch AS x),
    (SELECT count(*) FROM gdpr_internal.optout_address), (SELECT count(*) FROM gdpr_internal.optout_page)) $$;

CREATE TABLE t.round (round int, kind text, preview text, done text, again text, changed boolean, previewed boolean, wrong bigint, listed bigint, audience bigint);
CREATE FUNCTION t.once(round int, seed int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  kind text := (ARRAY['address', 'address', 'md5', 'sha256', 'domain'])[1 + round % 5];
  -- A list names whoever is new, and the one who was new a round ago at its begin and at its end, beside whomever chance
  -- names; a domain names many.
  list text[] := CASE kind WHEN 'domain' THEN ARRAY[t.entry(kind)] ELSE t.named(kind, t.own(round - 1))
    || ARRAY(SELECT t.entry(kind) FROM generate_series(1, 22)) || t.named(kind, t.own(round)) || t.named(kind, t.own(round - 1)) END;
  made timestamptz := clock_timestamp();
  before text;
  r t.round := (SELECT x FROM (SELECT round, kind) AS y(round, kind), LATERAL (SELECT y.round, y.kind, NULL::text, NULL::text, NULL::text, NULL::boolean, NULL::boolean, NULL::bigint, NULL::bigint, NULL::bigint) AS x);
BEGIN
  -- life goes on: somebody opts in again, moves, leaves, or an address is lifted, after the list was made
  PERFORM gdpr.opt_in('member', o.subject_key) FROM (SELECT * FROM gdpr_internal.opt_out WHERE subject_type = 'member' AND random() < 0.3) AS o;
  PERFORM gdpr.lift_suppression('email', a, 'asked') FROM (SELECT t.address() AS a FROM generate_series(1, 20)) AS x WHERE gdpr.is_suppressed('email', a)
    AND NOT EXISTS (SELECT FROM gdpr_internal.suppressed_now((gdpr_internal.suppressed_digests('email', ARRAY[gdpr_internal.plain_address('email', a)], '{domain}')).digest));
  PERFORM gdpr.lift_suppression('email', d, 'asked') FROM unnest('{@a.org,.b.c.org,.c.org,@b.c.org,@d.b.c.org,.d.b.c.org,@e.org,.e.org,.a.org}'::text[]) AS d WHERE gdpr.is_suppressed('email', d);
  UPDATE t.member SET mail = t.address() WHERE a BETWEEN 1 AND 100 AND random() < 0.05;
  INSERT INTO t.member VALUES (100 + round, 'x', t.own(round));
  PERFORM gdpr.opt_in('member', ROW(m.a, m.b)::text) FROM t.member AS m WHERE m.a = 99 + round;
  IF round % 4 = 0 THEN
    PERFORM gdpr.anonymize_subject('friend', (SELECT mail FROM t.friend WHERE mail !~ 'invalid' ORDER BY random() LIMIT 1), 'asked', 'keep');
  END IF;
  made := CASE WHEN round % 2 = 0 THEN made ELSE clock_timestamp() END;
  before := t.sums();
  r.preview := t.import(list, kind, jsonb_build_object('dated', made, 'dry_run', true), seed + 7);
  r.previewed := t.sums() IS DISTINCT FROM before;
  r.done := t.import(list, kind, jsonb_build_object('dated', made), seed + 7);
  before := t.sums();
  r.again := t.import(ARRAY(SELECT x FROM unnest(list) AS x ORDER BY random()), kind, jsonb_build_object('dated', made), seed + 19);
  r.changed := t.sums() IS DISTINCT FROM before;
  -- who has a listed address and did not say anything since
  SELECT count(DISTINCT p.key) FILTER (WHERE a.key IS NOT NULL AND NOT EXISTS (
      SELECT FROM gdpr_internal.consent_event AS e WHERE e.subject_type = s AND e.subject_key = p.key AND e.kind = 'opted_in' AND e.at > made)
    AND NOT EXISTS (SELECT FROM gdpr_internal.suppression AS l WHERE l.digest = ANY ((gdpr_internal.suppressed_digests('email', ARRAY[gdpr_internal.plain_address('email', p.address)],
      '{address,md5,sha1,sha256,domain}')).digest) AND l.turn % 2 = 0 AND l.at > made)), count(DISTINCT p.key), (SELECT count(*) FROM gdpr.audience('member', 'letter', 'email') AS k WHERE k = '(0,x)')
  INTO r.wrong, r.listed, r.audience
  FROM unnest('{member,friend}'::text[]) AS s, LATERAL t.people(s) AS p LEFT JOIN LATERAL (SELECT k AS key FROM gdpr.audience(s, 'letter', 'email') AS k WHERE k = p.key) AS a ON true
  WHERE EXISTS (SELECT FROM unnest(list) AS e WHERE t.means(kind, e, p.address));
  INSERT INTO t.round SELECT r.*;
END $$;
DO $$ BEGIN FOR i IN 1 .. 10 LOOP PERFORM t.once(i, (random() * 1000)::int); END LOOP; END $$;
SELECT is_empty('SELECT * FROM t.round WHERE wrong > 0', 'an audience holds nobody whom a list names');
SELECT cmp_ok((SELECT min(listed) FROM t.round WHERE kind <> 'domain' AND round > 1), '>=', 2::bigint, 'of many who are named');
SELECT is_empty('SELECT * FROM t.round WHERE audience <> 1', 'and whom none names it always holds');
SELECT is_empty('SELECT round, preview, done FROM t.round WHERE preview <> done', 'a preview counts what the same import then does');
SELECT is_empty('SELECT * FROM t.round WHERE previewed', 'and changes nothing');
SELECT is_empty('SELECT * FROM t.round WHERE changed', 'a list again, in another order and other chunks, changes nothing');
SELECT is_empty($$SELECT again FROM t.round WHERE again !~ '^\(0,0,0,'$$, 'and says so');
SELECT is_empty($$SELECT FROM gdpr_internal.consent_event AS e WHERE kind = 'opted_out' AND (SELECT count(*) FROM gdpr_internal.consent_event AS x WHERE x.subject_type = e.subject_type
  AND x.subject_key = e.subject_key AND x.batch = e.batch) > 1$$, 'nobody is opted out twice by one list');
SELECT is_empty('SELECT FROM gdpr_internal.opt_out AS o WHERE NOT EXISTS (SELECT FROM gdpr_internal.consent_event AS e WHERE e.event = o.event AND e.subject_key = o.subject_key)', 'each opt-out has its event');
SELECT is_empty($$SELECT b.batch, b.people, count(*) FROM gdpr_internal.consent_batch AS b JOIN gdpr_internal.consent_event AS e USING (batch) GROUP BY b.batch HAVING b.people <> count(*)$$, 'each batch as many events as people');
SELECT is_empty($$SELECT round, done FROM t.round WHERE kind <> 'domain' AND done !~ '^\([1-9]'$$, 'each list of addresses matched people');
SELECT is_empty($$SELECT round, done FROM t.round WHERE round IN (2, 6, 8) AND done ~ ',0,[0-9]+\)$'$$, 'and some had opted in after it was made');
SELECT * FROM finish();
