-- SPDX-License-Identifier: PostgreSQL
-- Property of retention over random histories: what the dry run counts is what the run does, and neither is told by
-- itself: an oracle in plain SQL knows each person's newest date. -v seed=N repeats one.
SET client_min_messages = error;
SELECT no_plan();
SELECT gdpr.create_key() \g /dev/null
\ir lib/retention.sql
\if :{?seed}
\else
SELECT (random() * 1000000)::int AS seed \gset
\endif
\echo '# seed' :seed
SELECT setseed((:'seed'::bigint % 1000000) / 1000000.0) \g /dev/null
CREATE SCHEMA k;
CREATE TABLE k.person (id bigint PRIMARY KEY, code text UNIQUE, created date, note text);
CREATE TABLE k.visit (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person_id bigint, at timestamptz);
CREATE TABLE k.item (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, visit_id int, sold timestamp);
CREATE TABLE k.letter (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code varchar(20), sent date, answered date);
CREATE TABLE k.lawsuit (person_id bigint);
SELECT gdpr.classify('k.person', 'code', 'external_id'), gdpr.classify('k.person', 'created', 'not_personal'), gdpr.classify('k.person', 'note', 'free_text'),
  gdpr.classify('k.visit', 'at', 'not_personal'), gdpr.classify('k.item', 'sold', 'not_personal'), gdpr.classify('k.letter', 'code', 'external_id'),
  gdpr.classify('k.letter', 'sent', 'not_personal'), gdpr.classify('k.letter', 'answered', 'not_personal') \g /dev/null
SELECT gdpr.register_subject('person', 'k.person'), gdpr.add_link('person', 'k.visit', '{person_id}'), gdpr.add_link('person', 'k.item', '{visit_id}', 'k.visit', '{id}'),
  gdpr.add_link('person', 'k.letter', '{code}', 'k.person', '{code}'), gdpr.add_blocker('person', 'lawsuit', 'k.lawsuit', 'person_id'),
  gdpr.add_interaction('person', 'k.person', 'created'), gdpr.add_interaction('person', 'k.visit', 'at'), gdpr.add_interaction('person', 'k.item', 'sold'),
  gdpr.add_interaction('person', 'k.letter', 'sent'), gdpr.add_interaction('person', 'k.letter', 'answered') \g /dev/null
SELECT gdpr.add_purpose('news') \g /dev/null

-- A time between now and eight years ago, mostly round the edges of the policies; sometimes one that cannot be.
CREATE FUNCTION k.some_time() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
  SELECT CASE (random() * 40)::int WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' WHEN 2 THEN '9999-12-31' WHEN 3 THEN '1970-01-01'
    WHEN 4 THEN now() + make_interval(days => (random() * 300)::int) WHEN 5 THEN NULL
    ELSE now() - make_interval(days => (CASE WHEN random() < 0.5 THEN 300 + random() * 130 ELSE random() * 2900 END)::int, secs => random() * 80000) END
$$;
CREATE FUNCTION k.history(people int) RETURNS void LANGUAGE sql AS $$
  INSERT INTO k.person SELECT n, 'code ' || n, k.some_time(), 'x' FROM generate_series(1, $1) AS n;
  INSERT INTO k.visit (person_id, at) SELECT (random() * $1)::int, k.some_time() FROM generate_series(1, $1);
  INSERT INTO k.item (visit_id, sold) SELECT (random() * $1)::int, k.some_time() FROM generate_series(1, $1 / 2);
  INSERT INTO k.letter (code, sent, answered) SELECT 'code ' || (random() * $1)::int, k.some_time(), k.some_time() FROM generate_series(1, $1 / 2);
  INSERT INTO k.lawsuit SELECT n FROM generate_series(1, $1) AS n WHERE random() < 0.1;
$$;
-- The oracle: everybody's dates, one by one.
CREATE VIEW k.dates AS
  SELECT id AS person, created + 1 AS at, created::timestamptz AS raw FROM k.person WHERE isfinite(created) UNION ALL
  SELECT person_id, at, at FROM k.visit UNION ALL
  SELECT v.person_id, i.sold, i.sold FROM k.item AS i JOIN k.visit AS v ON v.id = i.visit_id UNION ALL
  SELECT p.id, l.sent + 1, l.sent FROM k.letter AS l JOIN k.person AS p ON p.code = l.code WHERE isfinite(l.sent) UNION ALL
  SELECT p.id, l.answered + 1, l.answered FROM k.letter AS l JOIN k.person AS p ON p.code = l.code WHERE isfinite(l.answered) UNION ALL
  SELECT subject_key::bigint, at, at FROM gdpr_internal.consent_event AS e WHERE subject_type = 'person' AND kind = 'decision' AND state = 'accepted'
    AND NOT EXISTS (SELECT FROM gdpr_internal.consent_state AS s WHERE (s.subject_type, s.subject_key, s.purpose, s.state) = ('person', e.subject_key, e.purpose, 'withdrawn'));
CREATE VIEW k.newest AS SELECT p.id, least(max(d.at) FILTER (WHERE isfinite(d.raw)), now()) AS at
  FROM k.person AS p LEFT JOIN k.dates AS d ON d.person = p.id AND d.raw > '1970-01-02' AND d.raw < now() + interval '1 year'
  WHERE NOT gdpr.is_frozen('person', p.id::text) GROUP BY p.id HAVING max(d.at) IS NOT NULL;

-- One night: the dry run, then the run; what happens in between is the day's.
CREATE TABLE k.night (night int, would jsonb, did jsonb, wrong_queue bigint, wrong_warning bigint, held_queued bigint, people bigint, counted bigint);
CREATE FUNCTION k.night(n int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  would jsonb := (SELECT jsonb_object_agg(outcome, p) FROM (SELECT outcome, sum(people) AS p FROM walk.preview('person') GROUP BY 1) AS o);
  counted bigint := (SELECT sum(value::bigint) FROM jsonb_each_text(would) WHERE key <> 'taken back');
  before bigint[] := ARRAY(SELECT request FROM gdpr.erasure_queue);
  this_run bigint := walk.plan('person');
  did jsonb;
BEGIN
  PERFORM walk.work(this_run);
  did := (SELECT coalesce(jsonb_object_agg(relation, rows), '{}') FROM gdpr.run_rows WHERE run = this_run)
    || (SELECT coalesce(jsonb_object_agg(state, p), '{}') FROM (SELECT state, count(*) AS p FROM gdpr.run_people WHERE run = this_run GROUP BY 1) AS s);
  INSERT INTO k.night SELECT n,
    jsonb_build_object('warned', coalesce(would->'to warn', '0'), 'queued', coalesce(would->'due', '0'), 'taken back', coalesce(would->'taken back', '0'), 'held', coalesce(would->'held', '0')),
    jsonb_build_object('warned', coalesce(did->'warned', '0'), 'queued', coalesce(did->'queued', '0'), 'taken back', coalesce(did->'taken back', '0'), 'held', coalesce(did->'held', '0')),
    -- nobody is queued who has a date within the shortest policy, or none
    (SELECT count(*) FROM gdpr.erasure_queue AS q LEFT JOIN k.newest AS w ON w.id = q.subject_key::bigint
     WHERE q.request <> ALL (before) AND (w.at IS NULL OR w.at > now() - interval '1 year')),
    (SELECT count(*) FROM gdpr_internal.retention_warning AS x LEFT JOIN k.newest AS w ON w.id = x.subject_key::bigint
     WHERE w.at IS NULL OR w.at > now() - interval '1 year' + interval '60 days'),
    (SELECT count(*) FROM gdpr.erasure_queue AS q JOIN k.lawsuit AS l ON l.person_id = q.subject_key::bigint WHERE q.request <> ALL (before)),
    (SELECT count(*) FROM k.person WHERE NOT gdpr.is_frozen('person', id::text)), counted;
END
$$;
CREATE VIEW k.living AS SELECT * FROM k.person WHERE NOT gdpr.is_frozen('person', id::text);
CREATE FUNCTION k.day() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- days go by: for warnings only, the histories are random enough
  UPDATE gdpr_internal.retention_warning SET warned_at = warned_at - make_interval(days => (random() * 40)::int);
  INSERT INTO k.visit (person_id, at) SELECT id, CASE WHEN random() < 0.5 THEN now() ELSE k.some_time() END FROM k.living WHERE random() < 0.05;
  INSERT INTO k.letter (code, sent) SELECT code, k.some_time() FROM k.living WHERE random() < 0.03;
  -- of those who were warned and are not queued, one at least is back
  INSERT INTO k.visit (person_id, at) SELECT w.subject_key::bigint, now() FROM gdpr_internal.retention_warning AS w
  WHERE NOT EXISTS (SELECT FROM gdpr.erasure_queue AS q WHERE q.subject_key = w.subject_key) ORDER BY random() LIMIT 1;
  INSERT INTO k.lawsuit SELECT id FROM k.living WHERE random() < 0.03;
  DELETE FROM k.lawsuit WHERE random() < 0.1;
  PERFORM gdpr.record_consent('person', id::text, CASE WHEN random() < 0.7 THEN 'accepted' ELSE 'rejected' END, 'news', medium => 'email')
  FROM k.living AS p WHERE random() < 0.05 AND NOT EXISTS (SELECT FROM gdpr.person_consent AS c WHERE c.id = p.id);
  PERFORM gdpr.queue_erasure('person', id::text, 'request') FROM k.living WHERE random() < 0.01;
  IF random() < 0.3 THEN
    PERFORM gdpr.set_retention('person', '3 years', purpose => 'news');
  END IF;
END
$$;
SELECT k.history(90) \g /dev/null
SELECT gdpr.set_retention('person', '1 year', warn => '60 days', grace => '20 days') \g /dev/null
SELECT k.night(1), k.day(), k.night(2) \g /dev/null
SELECT walk.erase('person') \g /dev/null
SELECT k.day(), k.night(3), k.day(), k.night(4) \g /dev/null
SELECT walk.erase('person') \g /dev/null
SELECT k.day(), k.night(5) \g /dev/null
SELECT is(did, would, 'night ' || night || ': the run does what the dry run counted: ' || would) FROM k.night ORDER BY night;
SELECT is(counted, people, 'night ' || night || ': everybody counts once') FROM k.night ORDER BY night;
SELECT is(wrong_queue, 0::bigint, 'night ' || night || ': nobody with a younger interaction anywhere, or without a date, is queued') FROM k.night ORDER BY night;
SELECT is(wrong_warning, 0::bigint, 'night ' || night || ': nor warned') FROM k.night ORDER BY night;
SELECT is(held_queued, 0::bigint, 'night ' || night || ': nobody with a blocker is queued') FROM k.night ORDER BY night;
SELECT is((SELECT count(*) FROM k.newest AS w WHERE gdpr.last_interaction('person', w.id::text) <> w.at AND w.at < now() - interval '1 second'), 0::bigint,
  'last_interaction() is what the oracle says');
SELECT ok((SELECT bool_or((did->>'queued')::int > 0) AND bool_or((did->>'warned')::int > 0) AND bool_or((did->>'taken back')::int > 0) FROM k.night), 'all of it happened');
SELECT * FROM finish();
