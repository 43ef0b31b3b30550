-- SPDX-License-Identifier: PostgreSQL
-- The walk: who is warned, who waits, who is queued for erasure, who stays. It is decided anew each time from
-- what is stored, so that nothing has to be remembered when it is stopped anywhere.

--| For which purposes people may be processed now: one mask for each key, in the order given.
CREATE OR REPLACE FUNCTION gdpr_internal.masks_of(subject_type text, keys text[]) RETURNS TABLE(person int, allowed bigint)
LANGUAGE plpgsql STABLE ROWS 10000 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  k record := gdpr_internal.native_key(masks_of.subject_type, 'k.key');
BEGIN
  RETURN QUERY EXECUTE format(
    'SELECT k.n::int, coalesce(CASE WHEN n.valid_until > statement_timestamp() THEN n.allowed
         ELSE gdpr_internal.allowed_now(n.allowed, n.valid_until, n.later) END, c.default_allowed)
     FROM gdpr_internal.consent_setting AS c, unnest($1) WITH ORDINALITY AS k(key, n) LEFT JOIN %s AS n ON (%s) = (%s)
     WHERE c.subject_type = $2', gdpr_internal.allowed_table(masks_of.subject_type), k.columns, k.vals)
  USING masks_of.keys, masks_of.subject_type;
END
$$;
COMMENT ON FUNCTION gdpr_internal.masks_of(text, text[]) IS
  'The masks of people by canonical keys now; who has no row has the default';

--| Each person's policy: the one that keeps the person longest, of those that apply. No policy, no row.
CREATE OR REPLACE FUNCTION gdpr_internal.governing_policies(subject_type text, keys text[], persons int[], lasts timestamptz[])
RETURNS TABLE(person int, purpose text, day timestamptz, warn interval, grace interval, action text, channel text)
LANGUAGE plpgsql STABLE ROWS 10000 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.retention AS r WHERE r.subject_type = governing_policies.subject_type AND r.purpose <> '') THEN
    RETURN QUERY SELECT l.person, r.purpose, l.last + r.keep, r.warn, r.grace, r.action, r.channel
    FROM gdpr_internal.retention AS r, unnest(persons, lasts) AS l(person, last)
    WHERE r.subject_type = governing_policies.subject_type;
    RETURN;
  END IF;
  RETURN QUERY
  SELECT DISTINCT ON (l.person) l.person, r.purpose, l.last + r.keep, r.warn, r.grace, r.action, r.channel
  FROM unnest(persons, lasts) AS l(person, last)
  JOIN gdpr_internal.masks_of(governing_policies.subject_type, keys) AS m ON m.person = l.person
  JOIN gdpr_internal.retention AS r ON r.subject_type = governing_policies.subject_type
  LEFT JOIN gdpr_internal.purpose AS p ON p.purpose = r.purpose
  WHERE r.purpose = '' OR m.allowed & (1::bigint << p.bit) <> 0
  ORDER BY l.person, l.last + r.keep DESC, r.action, r.purpose;
END
$$;
COMMENT ON FUNCTION gdpr_internal.governing_policies(text, text[], int[], timestamptz[]) IS
  'For each person (places in keys, last interactions beside them) the policy that keeps the person longest';

--| What there is to do with people now. Outcomes: no date, no policy, nothing, to warn, in grace, due, queued. Frozen
--| people have none.
CREATE OR REPLACE FUNCTION gdpr_internal.retention_outcomes(
  subject_type text, plan jsonb, keys text[], at timestamptz, in_range boolean DEFAULT false)
RETURNS SETOF gdpr_internal.retention_outcome
LANGUAGE plpgsql ROWS 10000 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
  moment CONSTANT timestamptz := at;
  wanted CONSTANT text := retention_outcomes.subject_type;
  -- of everybody, where there are none at all
  warned boolean := EXISTS (SELECT FROM gdpr_internal.retention_warning AS w WHERE w.subject_type = wanted);
  waiting boolean := EXISTS (SELECT FROM gdpr_internal.erasure_queue AS q WHERE q.subject_type = wanted AND q.state IN ('due', 'held', 'failed'));
  persons int[];
  lasts timestamptz[];
  odds boolean[];
BEGIN
  SELECT array_agg(l.person), array_agg(l.last), array_agg(l.odd) INTO persons, lasts, odds
  FROM gdpr_internal.last_interactions(wanted, plan, keys, moment, in_range) AS l;
  RETURN QUERY
  WITH person AS (
    SELECT k.n::int AS person, k.key, l.last, coalesce(l.odd, false) AS odd, g.purpose, g.day, g.warn, g.grace, g.action, g.channel,
      w.warned_at, w.warned_at > l.last AS warning_counts, q.reason, q.action AS queued_action
    FROM unnest(keys) WITH ORDINALITY AS k(key, n)
    LEFT JOIN unnest(persons, lasts, odds) AS l(person, last, odd) ON l.person = k.n
    LEFT JOIN gdpr_internal.governing_policies(wanted, keys, persons, lasts) AS g ON g.person = k.n
    LEFT JOIN LATERAL (SELECT x.warned_at FROM gdpr_internal.retention_warning AS x
      WHERE warned AND x.subject_type = wanted AND x.subject_key = k.key OFFSET 0) AS w ON true
    LEFT JOIN LATERAL (SELECT x.reason, x.action FROM gdpr_internal.erasure_queue AS x
      WHERE waiting AND x.subject_type = wanted AND x.subject_key = k.key AND x.state IN ('due', 'held', 'failed') OFFSET 0) AS q ON true
    WHERE NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_type = wanted AND f.subject_key = k.key)
  ), judged AS (
    SELECT p.*, CASE
      WHEN p.last IS NULL THEN 'no date'
      WHEN p.day IS NULL THEN 'no policy'
      WHEN moment < p.day - coalesce(p.warn, '0') THEN 'nothing'
      WHEN p.warn IS NOT NULL AND p.warning_counts IS NOT TRUE THEN 'to warn'
      WHEN moment < greatest(p.day, CASE WHEN p.warn IS NOT NULL THEN p.warned_at + p.grace END) THEN 'in grace'
      WHEN p.reason = 'retention' AND p.queued_action = p.action OR p.reason <> 'retention' THEN 'queued'
      ELSE 'due' END AS outcome
    FROM person AS p)
  SELECT j.person, j.key, j.last, j.odd, j.outcome, j.purpose, j.warn, j.grace, j.action, j.channel,
    j.warned_at IS NOT NULL AND j.outcome NOT IN ('in grace', 'queued', 'due'),
    coalesce(j.reason = 'retention', false) AND j.outcome NOT IN ('queued', 'due')
  FROM judged AS j;
END
$$;
COMMENT ON FUNCTION gdpr_internal.retention_outcomes(text, jsonb, text[], timestamptz, boolean) IS
  'What retention has to do with people by canonical keys now: no date, no policy, nothing, to warn, in grace, due or queued';

--| Who cannot go, or be told so: blockers, lawful bases, and restrictions (Art. 18), under which data is kept.
CREATE OR REPLACE FUNCTION gdpr_internal.retention_held(subject_type text, keys text[])
RETURNS TABLE(subject_key text, blockers jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF cardinality(keys) = 0 THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT h.key, jsonb_object_agg(h.blocker, h.n) FROM (
    SELECT b.subject_key AS key, b.blocker, sum(b.row_count) AS n FROM gdpr_internal.blocked(retention_held.subject_type, keys) AS b GROUP BY 1, 2
    UNION ALL
    SELECT r.subject_key, 'restriction', 1 FROM gdpr_internal.restriction AS r
    WHERE r.subject_type = retention_held.subject_type AND r.subject_key = ANY (keys)) AS h
  GROUP BY h.key;
END
$$;
COMMENT ON FUNCTION gdpr_internal.retention_held(text, text[]) IS
  'Those of the people whom blockers, live bases or a restriction keep, with the reasons';

--| How long ago last interactions were, as the dry run counts it: names, and where each but the first begins.
CREATE OR REPLACE FUNCTION gdpr_internal.age_bands(at timestamptz, OUT names text[], OUT begins timestamptz[])
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT '{10 years or more,5 to 10 years,3 to 5 years,2 to 3 years,1 to 2 years,6 to 12 months,under 6 months}'::text[],
    ARRAY(SELECT $1 - i FROM unnest('{10 years,5 years,3 years,2 years,1 year,6 months}'::interval[]) WITH ORDINALITY AS u(i, n) ORDER BY n)
$$;
COMMENT ON FUNCTION gdpr_internal.age_bands(timestamptz) IS 'Bands of age of the last interaction: their names, oldest first, and where each but the first begins';

--| One page of everybody in key order. keys: to whom something is to be done now; counts: people by band and outcome;
--| a preview asks the blockers too. taken_back: whose earlier warning or place in the queue is not for them any more.
CREATE OR REPLACE FUNCTION gdpr.run_retention_page(
  subject_type text, after text[], max_people int, preview boolean DEFAULT false,
  OUT keys text[], OUT last text[], OUT counts jsonb, OUT blockers jsonb, OUT taken_back bigint, OUT odd bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(run_retention_page.subject_type);
  plan jsonb := gdpr_internal.retention_plan(s);
  page record := gdpr_internal.run_all_people(s, run_retention_page.after, run_retention_page.max_people);
  moment CONSTANT timestamptz := clock_timestamp();
  bands record := gdpr_internal.age_bands(moment);
  people gdpr_internal.retention_outcome[];
  doing text[];
BEGIN
  last := page.last;
  people := ARRAY(SELECT o FROM gdpr_internal.retention_outcomes(s.subject_type, plan, page.keys, moment, true) AS o);
  SELECT array_agg(o.subject_key ORDER BY o.person) FILTER (WHERE o.outcome IN ('to warn', 'due') OR o.unwarn OR o.unqueue),
    coalesce(array_agg(o.subject_key) FILTER (WHERE o.outcome IN ('to warn', 'due')), '{}'),
    count(*) FILTER (WHERE o.unwarn OR o.unqueue), count(*) FILTER (WHERE o.odd)
  INTO keys, doing, taken_back, odd FROM unnest(people) AS o;
  WITH held AS MATERIALIZED (
    SELECT h.subject_key, h.blockers FROM gdpr_internal.retention_held(s.subject_type, CASE WHEN preview THEN doing ELSE '{}' END) AS h
  )
  SELECT (SELECT coalesce(jsonb_agg(jsonb_build_array(coalesce(bands.names[c.band + 1], 'no date known'), c.outcome, c.n)), '[]')
          FROM (SELECT width_bucket(o.last, bands.begins) AS band, CASE WHEN h.subject_key IS NOT NULL THEN 'held' ELSE o.outcome END AS outcome,
                  count(*) AS n
                FROM unnest(people) AS o LEFT JOIN held AS h ON h.subject_key = o.subject_key GROUP BY 1, 2) AS c),
    (SELECT coalesce(jsonb_object_agg(b.name, b.n), '{}')
     FROM (SELECT j.name, count(*) AS n FROM held AS h, jsonb_object_keys(h.blockers) AS j(name) GROUP BY 1) AS b)
  INTO counts, blockers;
END
$$;
COMMENT ON FUNCTION gdpr.run_retention_page(text, text[], int, boolean) IS
  'One page of everybody for gdpr-batch retention: whom something is to be done to, where to go on, and counts by age and outcome; changes nothing';

--| The plan of a subject type that has a policy; stops where the walk cannot be done.
CREATE OR REPLACE FUNCTION gdpr_internal.retention_plan(s gdpr_internal.subject_type) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.retention AS r WHERE r.subject_type = (s).subject_type) THEN
    RAISE EXCEPTION 'subject type "%" has no retention policy', (s).subject_type
      USING ERRCODE = '55000', HINT = format('SELECT gdpr.set_retention(%L, keep => ''3 years'', warn => ''60 days'');', (s).subject_type);
  END IF;
  RETURN gdpr_internal.interaction_plan((s).subject_type);
END
$$;
COMMENT ON FUNCTION gdpr_internal.retention_plan(gdpr_internal.subject_type) IS
  'How last interactions are read for a subject type that has a retention policy; stops where there is none';

--| Warnings and places in the queue that are not for these people any more (NULL: for nobody of the type).
CREATE OR REPLACE FUNCTION gdpr_internal.take_back_retention(subject_type text, keys text[], unwarn boolean DEFAULT true, unqueue boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  events bigint[];
BEGIN
  IF unwarn THEN
    WITH gone AS (
      DELETE FROM gdpr_internal.retention_warning AS w
      WHERE w.subject_type = take_back_retention.subject_type AND (keys IS NULL OR w.subject_key = ANY (keys)) RETURNING w.event)
    SELECT array_agg(g.event) INTO events FROM gone AS g;
    IF events IS NOT NULL THEN
      PERFORM gdpr_internal.void_messages(events);
    END IF;
  END IF;
  IF unqueue THEN
    DELETE FROM gdpr_internal.erasure_queue AS q
    WHERE q.subject_type = take_back_retention.subject_type AND (keys IS NULL OR q.subject_key = ANY (keys))
      AND q.state IN ('due', 'held', 'failed') AND q.reason = 'retention';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.take_back_retention(text, text[], boolean, boolean) IS
  'Takes warnings (their messages become void) and queued erasures of retention back';

--| Warns people: an event, a message, and the grace begins.
CREATE OR REPLACE FUNCTION gdpr_internal.warn_people(target gdpr_internal.run, people gdpr_internal.retention_outcome[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  moment CONSTANT timestamptz := clock_timestamp();
  part record;
  events bigint[];
BEGIN
  FOR part IN
    SELECT o.purpose, o.channel, o.warn, o.grace, array_agg(o.subject_key ORDER BY o.person) AS keys
    FROM unnest(people) AS o GROUP BY o.purpose, o.channel, o.warn, o.grace ORDER BY o.purpose
  LOOP
    WITH event AS (
      INSERT INTO gdpr_internal.consent_event AS e (subject_type, subject_key, purpose, kind, channel, owner, at)
      SELECT target.subject_type, k, part.purpose, 'retention_warned', part.channel, pg_get_userbyid(gdpr_internal.caller()), moment
      FROM unnest(part.keys) AS k
      RETURNING e.event, e.subject_key
    ), warned AS (
      INSERT INTO gdpr_internal.retention_warning (subject_type, subject_key, warned_at, event)
      SELECT target.subject_type, v.subject_key, moment, v.event FROM event AS v
      RETURNING event
    )
    SELECT array_agg(w.event) INTO events FROM warned AS w;
    PERFORM gdpr_internal.add_messages(target.run, 'retention_warning', events, part.channel, greatest(part.warn, part.grace));
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.warn_people(gdpr_internal.run, gdpr_internal.retention_outcome[]) IS
  'Warns people who are idle: an event each, and a message for the mailer';

--| Who of a slice cannot go on: held with reasons, gone or not idle any more since the run was planned.
CREATE OR REPLACE FUNCTION gdpr_internal.record_retention(
  target gdpr_internal.run, chunk int, keys text[], people gdpr_internal.retention_outcome[], held jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO gdpr_internal.run_person AS p (run, chunk, subject_key, state, sqlstate, reason, blockers, settled)
  SELECT ($1).run, $2, k.key, CASE WHEN h.blockers IS NOT NULL THEN 'held' ELSE 'skipped' END, CASE WHEN h.blockers IS NOT NULL THEN 'PD002' END,
    CASE WHEN h.blockers IS NOT NULL THEN 'held back by ' || (SELECT string_agg(b, ', ' ORDER BY b) FROM jsonb_object_keys(h.blockers) AS b)
      WHEN o.subject_key IS NULL THEN 'gone since the run was planned' ELSE 'not idle any more since the run was planned' END,
    h.blockers, h.blockers IS NULL
  FROM unnest($3) AS k(key) LEFT JOIN unnest($4) AS o ON o.subject_key = k.key
  CROSS JOIN LATERAL (SELECT $5->k.key AS blockers) AS h
  WHERE h.blockers IS NOT NULL OR (o.outcome IN ('to warn', 'due') OR o.unwarn OR o.unqueue) IS NOT TRUE
$$;
COMMENT ON FUNCTION gdpr_internal.record_retention(gdpr_internal.run, int, text[], gdpr_internal.retention_outcome[], jsonb) IS
  'Writes down who of a slice of a retention run was held back or is not concerned any more';

--| A slice of a retention run: the people are locked, judged again with new snapshots, and warned, queued or taken back.
CREATE OR REPLACE FUNCTION gdpr_internal.work_retention(target gdpr_internal.run, chunk int, keys text[]) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(target.subject_type);
  plan jsonb := gdpr_internal.retention_plan(s);
  present text[];
  people gdpr_internal.retention_outcome[];
  held jsonb;
  result jsonb;
BEGIN
  -- Rows that arrive meanwhile wait for this lock, or were there before it.
  present := ARRAY(SELECT keys[p] FROM unnest((gdpr_internal.collect(gdpr_internal.resolve(s.relation_schema, s.relation_name),
    gdpr_internal.find_subject_sql(s.subject_type, true), keys)).people) AS p ORDER BY p);
  people := ARRAY(SELECT o FROM gdpr_internal.retention_outcomes(s.subject_type, plan, present, clock_timestamp()) AS o);
  SELECT coalesce(jsonb_object_agg(h.subject_key, h.blockers), '{}') INTO held
  FROM gdpr_internal.retention_held(s.subject_type,
    ARRAY(SELECT o.subject_key FROM unnest(people) AS o WHERE o.outcome IN ('to warn', 'due'))) AS h;
  PERFORM gdpr_internal.record_retention(target, chunk, keys, people, held),
    gdpr_internal.take_back_retention(s.subject_type, ARRAY(SELECT o.subject_key FROM unnest(people) AS o WHERE o.unwarn), true, false),
    gdpr_internal.take_back_retention(s.subject_type, ARRAY(SELECT o.subject_key FROM unnest(people) AS o WHERE o.unqueue), false, true);
  PERFORM gdpr_internal.warn_people(target, ARRAY(SELECT o FROM unnest(people) AS o WHERE o.outcome = 'to warn' AND NOT held ? o.subject_key));
  INSERT INTO gdpr_internal.erasure_queue AS q (subject_type, subject_key, reason, due_at, action, run, queued_by)
  SELECT s.subject_type, o.subject_key, 'retention', statement_timestamp(), o.action, target.run, pg_get_userbyid(gdpr_internal.caller())
  FROM unnest(people) AS o WHERE o.outcome = 'due' AND NOT held ? o.subject_key
  -- the policy has another action since
  ON CONFLICT (subject_type, subject_key) WHERE state IN ('due', 'held', 'failed') DO UPDATE SET action = excluded.action
  WHERE q.reason = 'retention';
  SELECT jsonb_object_agg(c.what, c.n) INTO result FROM (
    SELECT 'warned' AS what, count(*) FILTER (WHERE o.outcome = 'to warn' AND NOT held ? o.subject_key) AS n FROM unnest(people) AS o
    UNION ALL SELECT 'queued', count(*) FILTER (WHERE o.outcome = 'due' AND NOT held ? o.subject_key) FROM unnest(people) AS o
    UNION ALL SELECT 'taken back', count(*) FILTER (WHERE o.unwarn OR o.unqueue) FROM unnest(people) AS o) AS c
  WHERE c.n > 0;
  RETURN coalesce(result, '{}');
END
$$;
COMMENT ON FUNCTION gdpr_internal.work_retention(gdpr_internal.run, int, text[]) IS
  'Warns, queues or takes back people of one slice of a retention run; how many of each';

--| A walk is over: what earlier walks said about people counts no longer.
CREATE OR REPLACE FUNCTION gdpr_internal.retention_finish(target gdpr_internal.run) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE gdpr_internal.run_person AS p SET settled = true
  FROM gdpr_internal.run AS r
  WHERE r.run = p.run AND r.job = 'retention' AND r.subject_type = ($1).subject_type AND r.run < ($1).run AND NOT p.settled
$$;
COMMENT ON FUNCTION gdpr_internal.retention_finish(gdpr_internal.run) IS
  'Settles what earlier retention runs of the subject type said about people';

--| Whom retention queued and who is not due any more when the erasure comes: an interaction since, another policy, a
--| restriction. Asked once all rows are locked. Their place in the queue goes.
CREATE OR REPLACE FUNCTION gdpr_internal.retention_stayers(subject_type text, keys text[], present int[], run bigint, chunk int) RETURNS int[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted CONSTANT text := retention_stayers.subject_type;
  asked text[];
  due text[] := '{}';
  readable boolean := true;
  gone text[];
BEGIN
  SELECT array_agg(q.subject_key) INTO asked FROM gdpr_internal.erasure_queue AS q
  WHERE q.subject_type = wanted AND q.reason = 'retention' AND q.state IN ('due', 'held', 'failed')
    AND q.subject_key = ANY (ARRAY(SELECT keys[p] FROM unnest(present) AS p));
  IF asked IS NULL OR run IS NULL THEN
    RETURN '{}';
  END IF;
  BEGIN
    due := ARRAY(
      SELECT o.subject_key FROM gdpr_internal.retention_outcomes(wanted, gdpr_internal.retention_plan(gdpr_internal.subject(wanted)),
        asked, clock_timestamp()) AS o
      WHERE o.outcome IN ('queued', 'due') AND NOT EXISTS (SELECT FROM gdpr_internal.restriction AS r
        WHERE r.subject_type = wanted AND r.subject_key = o.subject_key));
  EXCEPTION WHEN syntax_error_or_access_rule_violation OR object_not_in_prerequisite_state THEN
    readable := false;  -- a table or column is gone: nobody goes by what cannot be read, and nobody leaves the queue by it
  END;
  gone := ARRAY(SELECT unnest(asked) EXCEPT SELECT unnest(due));
  IF gone = '{}' THEN
    RETURN '{}';
  END IF;
  DELETE FROM gdpr_internal.erasure_queue AS q
  WHERE readable AND q.subject_type = wanted AND q.subject_key = ANY (gone) AND q.reason = 'retention' AND q.state IN ('due', 'held', 'failed');
  INSERT INTO gdpr_internal.run_person AS p (run, chunk, subject_key, state, sqlstate, reason, settled)
  SELECT retention_stayers.run, retention_stayers.chunk, k, CASE WHEN readable THEN 'skipped' ELSE 'held' END,
    CASE WHEN NOT readable THEN '55000' END,
    CASE WHEN readable THEN 'not idle any more' ELSE 'the last interaction cannot be told' END, readable
  FROM unnest(gone) AS k ON CONFLICT DO NOTHING;
  RETURN ARRAY(SELECT k.n::int FROM unnest(keys) WITH ORDINALITY AS k(key, n) WHERE k.key = ANY (gone));
END
$$;
COMMENT ON FUNCTION gdpr_internal.retention_stayers(text, text[], int[], bigint, int) IS
  'People (places in keys) whom retention queued and who are not due any more; recorded in the run, off the queue';
