-- SPDX-License-Identifier: PostgreSQL
-- What gdpr-batch report shows of the work: runs, people held back, the queue, the audit, reads, what is open.
-- Counts only, as in 93-dpo_report. Reasons that somebody typed in are not shown: they could name a person.

--| Runs of the last days.
CREATE OR REPLACE FUNCTION gdpr.report_runs(for_type text DEFAULT NULL, days int DEFAULT 90)
RETURNS TABLE(run bigint, job text, subject_type text, state text, started_at timestamptz, took interval, people bigint, done bigint,
  changed bigint, held bigint, failed bigint, per_second numeric, paused_reason text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT r.run, r.job, r.subject_type,
    CASE WHEN r.state IN ('planning', 'running') AND NOT r.active THEN 'interrupted' ELSE r.state END, r.started_at,
    coalesce(r.finished_at, r.last_done_at) - r.started_at, r.people, r.done::bigint, r.changed::bigint, r.held, r.failed,
    round(r.done / nullif(extract(epoch FROM r.last_done_at - r.started_at), 0), 0), r.paused_reason
  FROM gdpr.runs AS r
  WHERE (for_type IS NULL OR r.subject_type = for_type)
    AND (r.started_at > statement_timestamp() - make_interval(days => days) OR r.state NOT IN ('finished', 'cancelled'))
  ORDER BY r.run DESC LIMIT 50;
END
$$;
COMMENT ON FUNCTION gdpr.report_runs(text, int) IS 'Runs of the last days, at most fifty, and all that are unfinished';

--| People who should be gone and are not, by what keeps them.
CREATE OR REPLACE FUNCTION gdpr.report_held(for_type text DEFAULT NULL)
RETURNS TABLE(subject_type text, state text, reason text, people bigint, since timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
  SELECT h.subject_type, h.state, coalesce(nullif(h.names, ''), 'unknown'), count(*), min(h.noted_at)
  FROM (
    SELECT b.subject_type, b.state, b.noted_at,
      (SELECT string_agg(regexp_replace(x, ' \(\d+\)$', ''), ', ') FROM unnest(b.reasons) AS x) AS names
    FROM gdpr.held_back AS b WHERE $1 IS NULL OR b.subject_type = $1) AS h
  GROUP BY 1, 2, 3 ORDER BY count(*) DESC, 1, 2, 3 LIMIT 100
$$;
COMMENT ON FUNCTION gdpr.report_held(text) IS 'People who should have been anonymized and were not, by state and reason, and since when';

--| Who waits to be anonymized. A month is what Art. 12(3) allows for an answer.
CREATE OR REPLACE FUNCTION gdpr.report_queue(for_type text DEFAULT NULL)
RETURNS TABLE(subject_type text, state text, people bigint, due bigint, overdue bigint, first_due timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
  SELECT q.subject_type, q.state, count(*), count(*) FILTER (WHERE q.due_at <= statement_timestamp()),
    count(*) FILTER (WHERE q.due_at <= statement_timestamp() - interval '1 month'), min(q.due_at)
  FROM gdpr_internal.erasure_queue AS q
  WHERE q.state IN ('due', 'held', 'failed') AND ($1 IS NULL OR q.subject_type = $1)
  GROUP BY q.subject_type, q.state ORDER BY q.subject_type, q.state
$$;
COMMENT ON FUNCTION gdpr.report_queue(text) IS 'People who wait to be anonymized, how many of them are due, and for more than a month';

--| The audit of changes: seals, what waits for one, and what the last check of a night found.
CREATE OR REPLACE FUNCTION gdpr.report_audit()
RETURNS TABLE(audited_tables bigint, seals bigint, sealed_at timestamptz, unsealed bigint, unsealed_age interval, held_back_by text,
  anchor boolean, key boolean, kept_since timestamptz, verified_seal bigint, verified_at timestamptz, trouble text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT a.seals, a.sealed_at, a.unsealed, a.unsealed_age, a.held_back_by, a.anchor, a.key, a.dropped_before
  INTO seals, sealed_at, unsealed, unsealed_age, held_back_by, anchor, key, kept_since FROM gdpr_internal.audit_state() AS a;
  audited_tables := (SELECT count(*) FROM gdpr_internal.audited);
  SELECT n.verified_seal, n.verified_at INTO verified_seal, verified_at FROM gdpr.nights AS n
  WHERE n.verified_at IS NOT NULL ORDER BY n.verified_at DESC LIMIT 1;
  trouble := (
    SELECT CASE WHEN (x.step->>'failed')::numeric > 0 THEN coalesce(x.step->>'note', 'findings') END
    FROM gdpr.nights AS n CROSS JOIN LATERAL jsonb_array_elements(n.steps) AS x(step)
    WHERE x.step->>'step' = 'verify' ORDER BY n.night DESC LIMIT 1);
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION gdpr.report_audit() IS
  'One row: audited tables, the newest seal, changes that wait for theirs, anchor and key, until when nights have verified the log, and what the newest check found';

--| Reads of audited tables by day, without those of pg_gdpr itself.
CREATE OR REPLACE FUNCTION gdpr.report_reads(days int DEFAULT 30)
RETURNS TABLE(day date, reads bigint, whole_tables bigint)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 30 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  SELECT d.day::date, coalesce(r.reads, 0), coalesce(r.whole_tables, 0)
  FROM generate_series(date_trunc('day', statement_timestamp()) - make_interval(days => greatest($1, 1) - 1),
    date_trunc('day', statement_timestamp()), interval '1 day') AS d(day)
  LEFT JOIN (
    SELECT date_trunc('day', a.at) AS day, count(DISTINCT a.statement) AS reads,
      count(DISTINCT a.statement) FILTER (WHERE a.scope = 'A') AS whole_tables
    FROM gdpr_internal.access_read AS a
    WHERE a.statement >= (extract(epoch FROM date_trunc('day', statement_timestamp()) - make_interval(days => greatest($1, 1) - 1)
        - timestamptz '2000-01-01 00:00:00+00')::bigint << 30)
      AND a.part IN ('W', 'B') AND a.engine IS NOT true
    GROUP BY 1) AS r ON r.day = d.day
  ORDER BY d.day
$$;
COMMENT ON FUNCTION gdpr.report_reads(int) IS 'Statements that read audited tables by day, and those that read whole tables';

--| Who read, by role and the purpose that was named.
CREATE OR REPLACE FUNCTION gdpr.report_readers(days int DEFAULT 30)
RETURNS TABLE(role text, purpose text, reads bigint, whole_tables bigint, rows bigint, last_read timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  SELECT a.acting_role::text, a.purpose, count(DISTINCT r.statement), count(DISTINCT r.statement) FILTER (WHERE r.scope = 'A'),
    sum(r.rows)::bigint, max(r.at)
  FROM gdpr_internal.access_read AS r JOIN gdpr_internal.access_actor AS a ON a.actor = r.actor
  WHERE r.statement >= (extract(epoch FROM date_trunc('day', statement_timestamp()) - make_interval(days => greatest($1, 1) - 1)
      - timestamptz '2000-01-01 00:00:00+00')::bigint << 30)
    AND r.part IN ('W', 'B') AND r.engine IS NOT true
  GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 20
$$;
COMMENT ON FUNCTION gdpr.report_readers(int) IS 'Who read audited tables most: roles with the purpose that they named, rows of all people together';

--| Columns of people's tables that nobody has classified.
CREATE OR REPLACE FUNCTION gdpr.report_unclassified(for_type text DEFAULT NULL)
RETURNS TABLE(subject_type text, relation text, columns bigint, names text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t record;
BEGIN
  FOR t IN SELECT y.* FROM gdpr_internal.report_types(for_type) AS y WHERE y.relation IS NOT NULL LOOP
    BEGIN
      RETURN QUERY
      SELECT t.subject_type, gdpr_internal.sql_name(u.relation), count(*), string_agg(u.column_name::text, ', ' ORDER BY u.column_name)
      FROM gdpr.unclassified(t.subject_type) AS u GROUP BY u.relation ORDER BY 2;
    EXCEPTION WHEN undefined_table OR undefined_column OR insufficient_privilege THEN
      NULL;  -- gdpr.doctor() says it
    END;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr.report_unclassified(text) IS 'Columns of tables with people''s data that have no classification, by table';

--| What gdpr.doctor() found, for whoever may read the report.
CREATE OR REPLACE FUNCTION gdpr.report_findings()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE sql SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
  SELECT d.severity, d.object, d.finding, d.hint FROM gdpr.doctor() AS d
$$;
COMMENT ON FUNCTION gdpr.report_findings() IS 'Roads past the policies and whatever else gdpr.doctor() has found';

--| How long people are kept, and how far the walk of retention is.
CREATE OR REPLACE FUNCTION gdpr.report_retention(for_type text DEFAULT NULL)
RETURNS TABLE(subject_type text, purpose text, keep text, warn text, grace text, action text, warned bigint, queued bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT r.subject_type, r.purpose::text, r.keep::text, r.warn::text, r.grace::text, r.action,
    (SELECT count(*) FROM gdpr_internal.retention_warning AS w WHERE w.subject_type = r.subject_type),
    (SELECT count(*) FROM gdpr_internal.erasure_queue AS q
     WHERE q.subject_type = r.subject_type AND q.reason = 'retention' AND q.state IN ('due', 'held', 'failed'))
  FROM gdpr.retention_policies AS r WHERE for_type IS NULL OR r.subject_type = for_type
  ORDER BY r.subject_type, r.purpose NULLS FIRST;
END
$$;
COMMENT ON FUNCTION gdpr.report_retention(text) IS 'Retention policies; people of the type who were warned, and who are queued for erasure by it';

--| Who does not want to be written to.
CREATE OR REPLACE FUNCTION gdpr.report_opt_outs(for_type text DEFAULT NULL)
RETURNS TABLE(subject_type text, purpose text, channel text, people bigint)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
  SELECT o.subject_type COLLATE "default", nullif(o.purpose, '') COLLATE "default", nullif(o.channel, '') COLLATE "default", count(*)
  FROM gdpr_internal.opt_out AS o WHERE $1 IS NULL OR o.subject_type = $1 GROUP BY 1, 2, 3 ORDER BY 1, 2 NULLS FIRST, 3 NULLS FIRST
$$;
COMMENT ON FUNCTION gdpr.report_opt_outs(text) IS 'People who opted out, by purpose and channel; NULL stands for every one';

--| Addresses that nobody may use.
CREATE OR REPLACE FUNCTION gdpr.report_suppression() RETURNS TABLE(channel text, kind text, addresses bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  RETURN QUERY SELECT s.channel, s.kind, s.addresses FROM gdpr_internal.suppression_counts() AS s WHERE s.addresses > 0 ORDER BY 1, 2;
END
$$;
COMMENT ON FUNCTION gdpr.report_suppression() IS 'Entries of the suppression list in force, by channel and by what is known of the address';

--| Campaigns of the last days, and those that are not finished.
CREATE OR REPLACE FUNCTION gdpr.report_campaigns(for_type text DEFAULT NULL, days int DEFAULT 90)
RETURNS TABLE(run bigint, subject_type text, purpose text, form text, state text, eligible bigint, excluded bigint, asked bigint,
  planned_by text, planned_at timestamptz, approved_by text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  RETURN QUERY
  SELECT c.run, c.subject_type::text, c.purpose::text, c.form, c.state, c.eligible, c.people - c.eligible, c.asked, c.planned_by::text, c.planned_at,
    c.approved_by::text
  FROM gdpr.campaign_plans AS c
  WHERE (for_type IS NULL OR c.subject_type = for_type)
    AND (c.planned_at > statement_timestamp() - make_interval(days => days) OR c.state NOT IN ('finished', 'cancelled'))
  ORDER BY c.run DESC LIMIT 30;
END
$$;
COMMENT ON FUNCTION gdpr.report_campaigns(text, int) IS 'Campaigns of the last days and those that are unfinished: who planned and who approved them, how many people were left out and asked';

--| What mailers have to send and have sent.
CREATE OR REPLACE FUNCTION gdpr.report_outbox() RETURNS TABLE(kind text, channel text, state text, messages bigint, oldest timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  RETURN QUERY
  SELECT m.kind, m.channel::text, m.state, count(*), min(r.started_at)
  FROM gdpr_internal.message AS m JOIN gdpr_internal.run AS r ON r.run = m.run
  GROUP BY m.kind, m.channel, m.state ORDER BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION gdpr.report_outbox() IS 'Messages of the outbox by state, and when the run of the oldest began';
