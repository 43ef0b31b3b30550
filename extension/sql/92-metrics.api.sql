-- SPDX-License-Identifier: PostgreSQL
-- Figures for monitoring; gdpr-batch writes them as a Prometheus text file. No personal value is among
-- them: labels are names of ours and of what was declared.

--| Runs: those that are unfinished, and the newest finished one of each job and subject type.
CREATE OR REPLACE FUNCTION gdpr_internal.run_metrics()
RETURNS TABLE (metric text, type text, help text, labels jsonb, value double precision)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH shown AS MATERIALIZED (
    SELECT r.*, jsonb_build_object('run', r.run::text, 'job', r.job, 'subject_type', r.subject_type) AS l
    FROM gdpr.runs AS r
    WHERE r.state IN ('planning', 'running', 'paused', 'planned') OR r.run IN (
      SELECT max(d.run) FROM gdpr_internal.run AS d WHERE d.state = 'finished' GROUP BY d.job, d.subject_type)
  )
  SELECT 'gdpr_batch_run_people', 'gauge', 'People of unfinished runs and of the newest finished ones, by what became of them.',
         s.l || jsonb_build_object('state', c.state), c.n::double precision
  FROM shown AS s, LATERAL (VALUES ('changed', s.changed), ('held', s.held), ('failed', s.failed), ('missing', s.missing),
    ('frozen', s.frozen), ('skipped', s.skipped), ('waiting', s.people - s.done)) AS c(state, n)
  UNION ALL
  SELECT 'gdpr_batch_run_active', 'gauge', '1: a session is at work on the run.', s.l, s.active::int FROM shown AS s WHERE s.finished_at IS NULL
  UNION ALL
  SELECT 'gdpr_batch_run_paused', 'gauge', '1: the run waits for somebody, or for the server to have room.', s.l,
         (s.paused_reason IS NOT NULL)::int FROM shown AS s WHERE s.finished_at IS NULL
  UNION ALL
  SELECT 'gdpr_batch_run_people_per_second', 'gauge', 'People per second over the last minute.', s.l, s.rate
  FROM shown AS s WHERE s.finished_at IS NULL AND s.rate IS NOT NULL
  UNION ALL
  SELECT 'gdpr_batch_run_seconds_left', 'gauge', 'Seconds that the run will take at that rate.', s.l, extract(epoch FROM s.time_left)
  FROM shown AS s WHERE s.finished_at IS NULL AND s.time_left IS NOT NULL
  UNION ALL
  SELECT 'gdpr_batch_last_success_timestamp_seconds', 'gauge', 'When a run of the job last finished.',
         jsonb_build_object('job', r.job, 'subject_type', r.subject_type), extract(epoch FROM max(r.finished_at))
  FROM gdpr_internal.run AS r WHERE r.state = 'finished' GROUP BY r.job, r.subject_type;
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_metrics() IS 'Metrics of runs';

--| Nights, seals, and what waits.
CREATE OR REPLACE FUNCTION gdpr_internal.state_metrics()
RETURNS TABLE (metric text, type text, help text, labels jsonb, value double precision)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT m.metric, 'gauge', m.help, '{}'::jsonb, m.value
  FROM (SELECT n.* FROM gdpr.nights AS n ORDER BY n.night DESC LIMIT 1) AS n,
    LATERAL (SELECT max(f.finished_at) AS finished_at, max(f.verified_at) AS verified_at, max(f.verified_seal) AS seal
             FROM gdpr_internal.night AS f) AS f,
    LATERAL (VALUES
      ('gdpr_night_running', '1: a night is at work.', (n.state = 'running')::int::double precision),
      ('gdpr_night_start_timestamp_seconds', 'When the newest night began.', extract(epoch FROM n.started_at)),
      ('gdpr_night_finish_timestamp_seconds', 'When a night last came to its end.', extract(epoch FROM f.finished_at)),
      ('gdpr_night_exit_code', 'Exit code of the newest night that has ended.', (
         SELECT e.exit_code FROM gdpr_internal.night AS e WHERE e.finished_at IS NOT NULL ORDER BY e.night DESC LIMIT 1)),
      ('gdpr_audit_verified_timestamp_seconds', 'When the audit log was last found to be as it was sealed.', extract(epoch FROM f.verified_at)),
      ('gdpr_audit_verified_seal', 'The newest seal by then.', f.seal)) AS m(metric, help, value)
  WHERE m.value IS NOT NULL;
  RETURN QUERY
  SELECT m.metric, 'gauge', m.help, '{}'::jsonb, m.value
  FROM gdpr_internal.audit_state() AS a, LATERAL (VALUES
      ('gdpr_audit_seal', 'The newest seal.', a.seals::double precision),
      ('gdpr_audit_unsealed_events', 'Changes that wait for their seal.', a.unsealed),
      ('gdpr_audit_unsealed_seconds', 'How long the oldest of them has waited.', coalesce(extract(epoch FROM a.unsealed_age), 0))
    ) AS m(metric, help, value);
  RETURN QUERY
  SELECT 'gdpr_erasure_queue_people', 'gauge', 'People who are to be anonymized, by state.',
         jsonb_build_object('subject_type', q.subject_type, 'state', q.state), count(*)::double precision
  FROM gdpr_internal.erasure_queue AS q WHERE q.state IN ('due', 'held', 'failed') GROUP BY q.subject_type, q.state
  UNION ALL
  SELECT 'gdpr_erasure_queue_overdue_seconds', 'gauge', 'How long the person who has waited longest should have been gone.',
         jsonb_build_object('subject_type', q.subject_type), greatest(0, extract(epoch FROM now() - min(q.due_at)))
  FROM gdpr_internal.erasure_queue AS q WHERE q.state IN ('due', 'held', 'failed') GROUP BY q.subject_type
  UNION ALL
  -- By blocker, and by SQLSTATE: a text could be another one for each person.
  SELECT 'gdpr_held_back_people', 'gauge', 'People with whom a run could not do what it was to do, by reason.',
         jsonb_build_object('subject_type', r.subject_type, 'state', p.state, 'reason', p.reason), count(*)::double precision
  FROM (SELECT p.run, p.state, CASE WHEN jsonb_typeof(p.blockers) = 'object'
               THEN (SELECT string_agg(b, ',' ORDER BY b) FROM jsonb_object_keys(p.blockers) AS b) ELSE coalesce(p.sqlstate, '') END AS reason
        FROM gdpr_internal.run_person AS p WHERE NOT p.settled AND p.state <> 'frozen') AS p JOIN gdpr_internal.run AS r USING (run)
  GROUP BY r.subject_type, p.state, p.reason
  UNION ALL
  SELECT 'gdpr_outbox_messages', 'gauge', 'Messages to people, by what became of them.',
         jsonb_build_object('kind', m.kind, 'state', m.state), count(*)::double precision
  FROM gdpr_internal.message AS m GROUP BY m.kind, m.state;
END
$$;
COMMENT ON FUNCTION gdpr_internal.state_metrics() IS 'Metrics of nights, seals, queue and outbox';

--| All of them.
CREATE OR REPLACE FUNCTION gdpr.metrics()
RETURNS TABLE (metric text, type text, help text, labels jsonb, value double precision)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT m.metric, m.type, m.help, m.labels, m.value
  FROM (SELECT 'gdpr_info'::text, 'gauge'::text, 'The version of the extension.'::text,
               jsonb_build_object('version', e.extversion), 1::double precision
        FROM pg_extension AS e WHERE e.extname = 'pg_gdpr'
        UNION ALL SELECT * FROM gdpr_internal.run_metrics()
        UNION ALL SELECT * FROM gdpr_internal.state_metrics()) AS m(metric, type, help, labels, value)
  ORDER BY m.metric, m.labels::text;
END
$$;
COMMENT ON FUNCTION gdpr.metrics() IS
  'Figures for monitoring: runs, nights, seals, queue, outbox; gdpr-batch status --metrics FILE writes them as a Prometheus text file';
