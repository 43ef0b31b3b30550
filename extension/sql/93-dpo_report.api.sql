-- SPDX-License-Identifier: PostgreSQL
-- What gdpr-batch report shows the data protection officer: people and their consent, now and over time.
-- Counts only: no key, no value of a person. A subject type of NULL stands for every one.

--| Subject types asked for, with their tables; NULL where the table is gone or another one.
CREATE OR REPLACE FUNCTION gdpr_internal.report_types(for_type text)
RETURNS TABLE(subject_type text, relation regclass, key name[])
LANGUAGE plpgsql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type;
BEGIN
  IF for_type IS NOT NULL THEN
    PERFORM gdpr_internal.subject(for_type);
  END IF;
  FOR s IN
    SELECT t.* FROM gdpr_internal.subject_type AS t
    WHERE for_type IS NULL OR t.subject_type = for_type ORDER BY t.subject_type
  LOOP
    subject_type := s.subject_type;
    key := s.key;
    BEGIN
      relation := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
      PERFORM gdpr_internal.require_same_owner(s.subject_type, relation, s.relation_oid, s.relation_owner);
    EXCEPTION WHEN undefined_table OR undefined_column OR insufficient_privilege THEN
      relation := NULL;  -- gdpr.doctor() says it
    END;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.report_types(text) IS 'Subject types with their tables and keys, for the report';

--| How many people of a type are not anonymized, counted as the owner of their table.
CREATE OR REPLACE FUNCTION gdpr_internal.people_count(subject_type text, relation regclass, key name[]) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  gone text[] := ARRAY(SELECT f.subject_key FROM gdpr_internal.frozen AS f WHERE f.subject_type = people_count.subject_type);
BEGIN
  IF relation IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN (
    -- a join, not "= ANY ($1)": that is hashed for constants only, and a plan of query_as_owner knows none
    SELECT n.people FROM gdpr_internal.query_as_owner(relation, format(
      'SELECT pg_catalog.count(*) FROM %s AS t WHERE NOT EXISTS (
         SELECT FROM pg_catalog.unnest($1) AS g(key) WHERE g.key OPERATOR(pg_catalog.=) %s)',
      gdpr_internal.sql_name(relation), gdpr_internal.text_of(key)), gone) AS n(people bigint));
END
$$;
COMMENT ON FUNCTION gdpr_internal.people_count(text, regclass, name[]) IS 'How many people of a type there are who are not anonymized';

--| People by type.
CREATE OR REPLACE FUNCTION gdpr.report_people(for_type text DEFAULT NULL)
RETURNS TABLE(subject_type text, people bigint, anonymized bigint, restricted bigint, objected bigint, opted_out bigint,
  protected_tables bigint, consent_mode text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  RETURN QUERY
  SELECT t.subject_type, gdpr_internal.people_count(t.subject_type, t.relation, t.key),
    (SELECT count(*) FROM gdpr_internal.erasure AS e WHERE e.subject_type = t.subject_type),
    (SELECT count(*) FROM gdpr_internal.restriction AS r WHERE r.subject_type = t.subject_type),
    (SELECT count(DISTINCT o.subject_key) FROM gdpr_internal.objection AS o WHERE o.subject_type = t.subject_type AND NOT o.overruled),
    (SELECT count(DISTINCT o.subject_key) FROM gdpr_internal.opt_out AS o WHERE o.subject_type = t.subject_type),
    (SELECT count(*) FROM gdpr_internal.protection AS p WHERE t.subject_type = ANY (p.subject_types)),
    (SELECT c.mode FROM gdpr_internal.consent_setting AS c WHERE c.subject_type = t.subject_type)
  FROM gdpr_internal.report_types(for_type) AS t ORDER BY t.subject_type;
END
$$;
COMMENT ON FUNCTION gdpr.report_people(text) IS
  'People by subject type: how many there are, were anonymized, are restricted, object, opted out; tables under policies, mode of consent';

--| For which purposes how many people may be processed now, by the masks that the policies read.
CREATE OR REPLACE FUNCTION gdpr_internal.report_allowed(subject_type text, people bigint)
RETURNS TABLE(purpose text, allowed bigint)
LANGUAGE plpgsql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  -- By mask first: there are few of them. Whoever has no row has the type's default.
  RETURN QUERY EXECUTE format(
    'WITH mask AS MATERIALIZED (
       SELECT CASE WHEN n.valid_until > statement_timestamp() THEN n.allowed
                ELSE gdpr_internal.allowed_now(n.allowed, n.valid_until, n.later) END AS allowed, count(*) AS people
       FROM %s AS n GROUP BY 1
     ), everybody AS (
       SELECT m.allowed, m.people FROM mask AS m
       UNION ALL
       SELECT c.default_allowed, greatest($2 - (SELECT coalesce(sum(m.people), 0)::bigint FROM mask AS m), 0)
       FROM gdpr_internal.consent_setting AS c WHERE c.subject_type = $1
     )
     SELECT p.purpose COLLATE "default", coalesce(sum(e.people) FILTER (WHERE e.allowed >> p.bit & 1 = 1), 0)::bigint
     FROM gdpr_internal.purpose AS p CROSS JOIN everybody AS e GROUP BY p.purpose',
    gdpr_internal.allowed_table(report_allowed.subject_type)) USING report_allowed.subject_type, report_allowed.people;
END
$$;
COMMENT ON FUNCTION gdpr_internal.report_allowed(text, bigint) IS 'How many people may be processed for each purpose now';

--| Consent of people who are not anonymized, by purpose; NULL: in general.
CREATE OR REPLACE FUNCTION gdpr.report_consent(for_type text DEFAULT NULL)
RETURNS TABLE(subject_type text, purpose text, lawful_basis text, people bigint, accepted bigint, lapsed bigint, rejected bigint,
  withdrawn bigint, pending bigint, undecided bigint, may_be_processed bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  t record;
  n bigint;
BEGIN
  FOR t IN SELECT y.* FROM gdpr_internal.report_types(for_type) AS y LOOP
    n := gdpr_internal.people_count(t.subject_type, t.relation, t.key);
    RETURN QUERY
    WITH recorded AS MATERIALIZED (
      SELECT c.purpose, count(*) AS people,
        count(*) FILTER (WHERE c.state = 'accepted' AND NOT coalesce(c.valid_until <= statement_timestamp(), false)) AS accepted,
        count(*) FILTER (WHERE c.state = 'accepted' AND c.valid_until <= statement_timestamp()) AS lapsed,
        count(*) FILTER (WHERE c.state = 'rejected') AS rejected,
        count(*) FILTER (WHERE c.state = 'withdrawn') AS withdrawn,
        count(*) FILTER (WHERE c.state = 'pending') AS pending
      FROM gdpr_internal.consent_state AS c
      WHERE c.subject_type = t.subject_type AND NOT EXISTS (
        SELECT FROM gdpr_internal.erasure AS e WHERE e.subject_type = c.subject_type AND e.subject_key = c.subject_key)
      GROUP BY c.purpose)
    SELECT t.subject_type, nullif(w.purpose, '') COLLATE "default", w.lawful_basis, n, coalesce(r.accepted, 0), coalesce(r.lapsed, 0),
      coalesce(r.rejected, 0), coalesce(r.withdrawn, 0), coalesce(r.pending, 0), greatest(n - coalesce(r.people, 0), 0), a.allowed
    FROM (SELECT p.purpose, p.lawful_basis FROM gdpr_internal.purpose AS p WHERE p.purpose <> 'administration'
          UNION ALL SELECT '', NULL WHERE EXISTS (SELECT FROM recorded AS x WHERE x.purpose = '')) AS w
    LEFT JOIN recorded AS r ON r.purpose = w.purpose
    LEFT JOIN gdpr_internal.report_allowed(t.subject_type, n) AS a ON a.purpose COLLATE "C" = w.purpose
    ORDER BY w.purpose;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr.report_consent(text) IS
  'Consent of people who are not anonymized by purpose (NULL: in general, for every purpose without a decision of its own): states, acceptances that have lapsed, people about whom nothing is recorded, and how many may be processed now by whatever basis';

--| The days of the report and how long each of its steps is: a year of days would not fit on paper.
CREATE OR REPLACE FUNCTION gdpr_internal.report_days(days int)
RETURNS TABLE(day timestamptz, until timestamptz)
LANGUAGE sql STABLE ROWS 90 SET search_path = pg_catalog, pg_temp AS $$
  WITH step AS (
    SELECT CASE WHEN $1 <= 100 THEN 'day' WHEN $1 <= 730 THEN 'week' ELSE 'month' END AS unit
  ), bound AS (
    SELECT s.unit, ('1 ' || s.unit)::interval AS size,
      date_trunc(s.unit, statement_timestamp() - make_interval(days => greatest($1, 1))) AS first
    FROM step AS s
  )
  SELECT g, least(g + b.size, statement_timestamp()) FROM bound AS b, generate_series(b.first, statement_timestamp(), b.size) AS g
$$;
COMMENT ON FUNCTION gdpr_internal.report_days(int) IS 'Days, weeks or months up to now, each with its end';

--| Decisions on record at the end of each day: every event holds until the next about the same person and purpose, an
--| acceptance until it lapses, and all until the person is anonymized. One pass over the history.
CREATE OR REPLACE FUNCTION gdpr.report_consent_history(for_type text DEFAULT NULL, days int DEFAULT 90)
RETURNS TABLE(subject_type text, purpose text, until timestamptz, accepted bigint, rejected bigint, withdrawn bigint, pending bigint)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1000 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  WITH day AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY d.day)::int AS n, d.day, d.until FROM gdpr_internal.report_days($2) AS d
  ), span AS (
    SELECT e.subject_type, e.subject_key, e.purpose, e.state, e.at, e.valid_until,
      lead(e.at) OVER (PARTITION BY e.subject_type, e.subject_key, e.purpose ORDER BY e.event) AS next
    FROM gdpr_internal.consent_event AS e
    WHERE e.state IS NOT NULL AND e.kind IN ('decision', 'reconsent_required') AND ($1 IS NULL OR e.subject_type = $1)
  ), held AS (
    SELECT s.subject_type, s.purpose, s.state, s.at, least(s.next, x.erased_at) AS ended,
      CASE WHEN s.state = 'accepted' AND s.valid_until < coalesce(least(s.next, x.erased_at), statement_timestamp()) THEN s.valid_until END AS lapsed
    FROM span AS s
    LEFT JOIN gdpr_internal.erasure AS x ON x.subject_type = s.subject_type AND x.subject_key = s.subject_key
  ), bound AS (
    SELECT array_agg(d.day ORDER BY d.n) AS days FROM day AS d
  ), together AS (
    -- Whoever came and went on the same days is counted once, before a decision becomes up to four changes.
    SELECT h.subject_type, h.purpose, h.state, width_bucket(h.at, b.days) AS at, width_bucket(h.ended, b.days) AS ended,
      width_bucket(h.lapsed, b.days) AS lapsed, count(*) AS people
    FROM held AS h CROSS JOIN bound AS b GROUP BY 1, 2, 3, 4, 5, 6
  ), change AS (
    SELECT t.subject_type, t.purpose, v.state, v.n, sum(v.people) AS people
    FROM together AS t CROSS JOIN LATERAL (VALUES
      (t.state, t.at, t.people), (CASE WHEN t.lapsed IS NULL THEN t.state ELSE 'pending' END, t.ended, -t.people),
      ('accepted', t.lapsed, -t.people), ('pending', t.lapsed, t.people)) AS v(state, n, people)
    WHERE v.n IS NOT NULL GROUP BY t.subject_type, t.purpose, v.state, v.n
  ), what AS (
    SELECT DISTINCT c.subject_type, c.purpose FROM change AS c
  )
  SELECT w.subject_type, nullif(w.purpose, '') COLLATE "default", d.until,
    (sum(sum(c.people) FILTER (WHERE c.state = 'accepted')) OVER line)::bigint,
    (sum(sum(c.people) FILTER (WHERE c.state = 'rejected')) OVER line)::bigint,
    (sum(sum(c.people) FILTER (WHERE c.state = 'withdrawn')) OVER line)::bigint,
    (sum(sum(c.people) FILTER (WHERE c.state = 'pending')) OVER line)::bigint
  FROM what AS w CROSS JOIN (SELECT 0 AS n, NULL::timestamptz AS until UNION ALL SELECT y.n, y.until FROM day AS y) AS d
  LEFT JOIN change AS c ON c.subject_type = w.subject_type AND c.purpose = w.purpose AND c.n = d.n
  GROUP BY w.subject_type, w.purpose, d.n, d.until
  WINDOW line AS (PARTITION BY w.subject_type, w.purpose ORDER BY d.n)
  ORDER BY w.subject_type, w.purpose, d.n
$$;
COMMENT ON FUNCTION gdpr.report_consent_history(text, int) IS
  'Decisions on record at the end of each day (week, month) by purpose, of people who were not anonymized then; the row without a day is what was before';

--| Certificates by month.
CREATE OR REPLACE FUNCTION gdpr.report_erasures(for_type text DEFAULT NULL, months int DEFAULT 12)
RETURNS TABLE(month date, subject_type text, people bigint, rows bigint)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  SELECT g::date, t.subject_type, coalesce(c.people, 0), coalesce(c.rows, 0)
  FROM generate_series(date_trunc('month', statement_timestamp()) - make_interval(months => greatest($2, 1) - 1),
    date_trunc('month', statement_timestamp()), interval '1 month') AS g
  CROSS JOIN gdpr_internal.report_types($1) AS t
  LEFT JOIN (
    SELECT date_trunc('month', e.erased_at) AS month, e.subject_type, count(*) AS people, sum(e.rows_changed)::bigint AS rows
    FROM gdpr_internal.erasure AS e GROUP BY 1, 2) AS c ON c.month = g AND c.subject_type = t.subject_type
  ORDER BY g, t.subject_type
$$;
COMMENT ON FUNCTION gdpr.report_erasures(text, int) IS 'People anonymized in each month, and rows that were changed for it';
