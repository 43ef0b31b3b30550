-- SPDX-License-Identifier: PostgreSQL
-- Whom a run is about: the queue, everybody, and what a run over them would meet.

--| Queues a person for gdpr-batch anonymize --due.
CREATE OR REPLACE FUNCTION gdpr.queue_erasure(
  subject_type text, subject_key text, reason text, due_at timestamptz DEFAULT now()) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  subject gdpr_internal.subject_type := gdpr_internal.subject(queue_erasure.subject_type);
  wanted text;
  result bigint;
BEGIN
  wanted := (gdpr_internal.canonical_keys((subject).subject_type, ARRAY[queue_erasure.subject_key]))[1];
  IF EXISTS (SELECT FROM gdpr_internal.frozen AS f
             WHERE f.subject_type = (subject).subject_type AND f.subject_key = wanted) THEN
    RAISE EXCEPTION 'the person is frozen'
      USING ERRCODE = 'PD001', DETAIL = format('Subject type "%s".', (subject).subject_type),
            HINT = 'Anonymized people need no second erasure.';
  ELSIF coalesce(queue_erasure.reason, '') = '' THEN
    RAISE EXCEPTION 'an erasure needs a reason'
      USING ERRCODE = 'invalid_parameter_value', HINT = 'The certificate names it.';
  END IF;
  INSERT INTO gdpr_internal.erasure_queue AS q (subject_type, subject_key, reason, due_at, queued_by)
  VALUES ((subject).subject_type, wanted, queue_erasure.reason,
          coalesce(queue_erasure.due_at, now()), pg_get_userbyid(gdpr_internal.caller()))
  ON CONFLICT (subject_type, subject_key) WHERE state IN ('due', 'held', 'failed')
  DO UPDATE SET due_at = least(q.due_at, excluded.due_at)
  RETURNING q.request INTO result;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr.queue_erasure(text, text, text, timestamptz) IS
  'Queues a person for gdpr-batch anonymize --due; the request''s number. Queued twice: the earlier day counts';

--| Takes a person off the queue.
CREATE OR REPLACE FUNCTION gdpr.unqueue_erasure(subject_type text, subject_key text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  subject gdpr_internal.subject_type := gdpr_internal.subject(unqueue_erasure.subject_type);
BEGIN
  DELETE FROM gdpr_internal.erasure_queue AS q
  WHERE q.subject_type = (subject).subject_type AND q.state IN ('due', 'held', 'failed')
    AND q.subject_key = (gdpr_internal.canonical_keys((subject).subject_type,
                                                      ARRAY[unqueue_erasure.subject_key]))[1];
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION gdpr.unqueue_erasure(text, text) IS
  'Takes a person off the queue; false if the person was not waiting';

--| The next keys of everybody who is not frozen ("all") or whose day has come ("due"), in key order.
CREATE OR REPLACE FUNCTION gdpr.run_candidates(
  subject_type text, source text, after text[], max_keys int, OUT keys text[], OUT last text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  subject gdpr_internal.subject_type := gdpr_internal.subject(run_candidates.subject_type);
BEGIN
  IF source = 'all' THEN
    SELECT r.keys, r.last INTO keys, last
    FROM gdpr_internal.run_all_people(subject, run_candidates.after, max_keys) AS r;
  ELSIF source = 'due' THEN
    SELECT array_agg(k ORDER BY k), ARRAY[max(k)] INTO keys, last
    FROM (SELECT q.subject_key AS k FROM gdpr_internal.erasure_queue AS q
          WHERE q.subject_type = run_candidates.subject_type
            AND q.state IN ('due', 'held', 'failed') AND q.due_at <= now()
            AND (run_candidates.after IS NULL OR q.subject_key > run_candidates.after[1])
          ORDER BY k LIMIT max_keys) AS d;
    IF keys IS NULL THEN
      last := NULL;
    END IF;
  ELSE
    RAISE EXCEPTION 'unknown source of people "%"', source
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use "all" or "due".';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.run_candidates(text, text, text[], int) IS
  'The next keys of everybody who is not frozen ("all") or whose day has come ("due"), and where to go on';

--| One page of a table of people in key order, without those who are frozen.
CREATE OR REPLACE FUNCTION gdpr_internal.run_all_people(
  subject gdpr_internal.subject_type, after text[], max_keys int, OUT keys text[], OUT last text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation regclass := gdpr_internal.existing((subject).subject_type, (subject).relation_schema, (subject).relation_name);
  columns text;
  texts text;
  cursor_values text;
BEGIN
  SELECT string_agg(format('t.%I', a.attname), ', ' ORDER BY k.n),
         string_agg(format('t.%I::pg_catalog.text', a.attname), ', ' ORDER BY k.n),
         string_agg(format('$1[%s]::%s', k.n, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY k.n)
  INTO columns, texts, cursor_values
  FROM unnest((subject).key) WITH ORDINALITY AS k(name, n)
  JOIN pg_attribute AS a ON a.attrelid = relation AND a.attname = k.name;
  WITH page AS MATERIALIZED (
    SELECT row_number() OVER () AS n, q.key, q.parts
    FROM gdpr_internal.query_as_owner(relation, format(
        'SELECT %s, ARRAY[%s] FROM %s AS t %s ORDER BY %s LIMIT $2',
        gdpr_internal.text_of((subject).key), texts, relation,
        CASE WHEN after IS NOT NULL THEN format('WHERE (%s) > (%s)', columns, cursor_values)
             ELSE 'WHERE $1::pg_catalog.text[] IS NULL' END, columns), after, max_keys::bigint)
      AS q(key text, parts text[])
  )
  SELECT coalesce(array_agg(p.key ORDER BY p.n) FILTER (WHERE NOT EXISTS (
           SELECT FROM gdpr_internal.frozen AS f
           WHERE f.subject_type = (subject).subject_type AND f.subject_key = p.key)), '{}'),
         (SELECT l.parts FROM page AS l ORDER BY l.n DESC LIMIT 1)
  INTO keys, last FROM page AS p;
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_all_people(gdpr_internal.subject_type, text[], int) IS
  'One page of a table of people in key order, without those who are frozen, and where to go on';

--| What a run over these people would meet; changes nothing.
CREATE OR REPLACE FUNCTION gdpr.run_preview(
  subject_type text, subject_keys text[],
  OUT people int, OUT missing int, OUT frozen int, OUT held int, OUT blockers jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  subject gdpr_internal.subject_type := gdpr_internal.subject(run_preview.subject_type);
  relation regclass := gdpr_internal.existing((subject).subject_type, (subject).relation_schema, (subject).relation_name);
  wanted text[] := ARRAY(SELECT DISTINCT k FROM unnest(
    gdpr_internal.canonical_keys(run_preview.subject_type, run_preview.subject_keys)) AS k);
  there int[] := coalesce((gdpr_internal.collect(
    relation, gdpr_internal.find_subject_sql(run_preview.subject_type), wanted)).people, '{}');
  open_people text[];
BEGIN
  SELECT array_agg(wanted[t.person]) FILTER (WHERE f.subject_key IS NULL), count(f.subject_key)
  INTO open_people, frozen
  FROM unnest(there) AS t(person) LEFT JOIN gdpr_internal.frozen AS f
    ON f.subject_type = run_preview.subject_type AND f.subject_key = wanted[t.person];
  people := cardinality(wanted);
  missing := people - cardinality(there);
  WITH b AS MATERIALIZED (
    SELECT x.subject_key, x.blocker
    FROM gdpr_internal.blocked(run_preview.subject_type, coalesce(open_people, '{}')) AS x
  )
  SELECT (SELECT count(DISTINCT b.subject_key) FROM b),
         (SELECT coalesce(jsonb_object_agg(g.blocker, g.n), '{}')
          FROM (SELECT b.blocker, count(DISTINCT b.subject_key) AS n FROM b GROUP BY 1) AS g)
  INTO held, blockers;
END
$$;
COMMENT ON FUNCTION gdpr.run_preview(text, text[]) IS
  'What a run over these people would meet: how many are missing, frozen or held back, and by which blockers';
