-- SPDX-License-Identifier: PostgreSQL
-- How busy the server is: what gdpr-batch asks before it takes more work. What others do is shown to
-- pg_read_all_stats only. Nobody becomes a member of it: one query of ours runs as that role, which
-- owns nothing and may do nothing else (pressure.cpp).

--| Rows of a query of ours, run as pg_read_all_stats in a restricted operation.
CREATE OR REPLACE FUNCTION gdpr_internal.query_statistics(statement text) RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'gdpr_query_statistics';
COMMENT ON FUNCTION gdpr_internal.query_statistics(text) IS
  'Rows of a query run as pg_read_all_stats, which sees what every session does and may do nothing else';

--| How busy the server is: standbys that are behind, sessions that wait for locks or are active.
CREATE OR REPLACE FUNCTION gdpr.run_pressure()
RETURNS TABLE(standby text, lag_seconds double precision, lag_bytes bigint, lock_waits int, active_sessions int)
LANGUAGE sql VOLATILE SECURITY DEFINER ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
  -- A standby that has replayed everything is not late, whatever it said last. Who replays nothing
  -- (pg_receivewal, a base backup) cannot be waited for.
  SELECT p.* FROM gdpr_internal.query_statistics($query$
    SELECT r.standby, r.lag_seconds, r.lag_bytes, s.lock_waits, s.active_sessions
    FROM (SELECT count(*) FILTER (WHERE a.wait_event_type = 'Lock')::int AS lock_waits, count(*)::int AS active_sessions
          FROM pg_catalog.pg_stat_activity AS a
          WHERE a.backend_type = 'client backend' AND a.state IN ('active', 'fastpath function call')
            AND a.application_name <> 'gdpr-batch' AND a.pid <> pg_backend_pid()) AS s
    LEFT JOIN (SELECT w.application_name AS standby, greatest(l.bytes, 0)::bigint AS lag_bytes,
                 CASE WHEN l.bytes > 0 THEN coalesce(extract(epoch FROM w.replay_lag), 0) ELSE 0 END::double precision AS lag_seconds
               FROM pg_catalog.pg_stat_replication AS w,
                 LATERAL (SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                   ELSE pg_current_wal_lsn() END, w.replay_lsn) AS bytes) AS l
               WHERE w.replay_lsn IS NOT NULL) AS r ON true
    ORDER BY r.lag_seconds DESC, r.lag_bytes DESC, r.standby
  $query$) AS p(standby text, lag_seconds double precision, lag_bytes bigint, lock_waits int, active_sessions int)
$$;
COMMENT ON FUNCTION gdpr.run_pressure() IS
  'How busy the server is, for gdpr-batch: a row for each standby, latest first (at least one row), sessions that wait for locks and sessions that are active; its own do not count';

--| Notes why gdpr-batch waits before it takes more work of a run; NULL: it does not wait.
CREATE OR REPLACE FUNCTION gdpr.run_waiting(run bigint, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE gdpr_internal.run AS r SET paused_reason = run_waiting.reason
  WHERE r.run = run_waiting.run AND r.state = 'running' AND r.paused_reason IS DISTINCT FROM run_waiting.reason;
END
$$;
COMMENT ON FUNCTION gdpr.run_waiting(bigint, text) IS
  'Notes why gdpr-batch waits before it takes more work of a run; NULL: it does not wait';

--| What keeps gdpr-batch from being polite: a switch, or views that were taken away from everybody.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_manners()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE plpgsql ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (SELECT s.reset_val FROM pg_settings AS s WHERE s.name = 'track_activities') = 'off' THEN
    RETURN QUERY SELECT 'warning', 'track_activities',
      'it is off: gdpr-batch cannot see how many sessions are active or wait for locks, and does not wait for them',
      'ALTER SYSTEM SET track_activities = on; SELECT pg_reload_conf();';
  END IF;
  PERFORM FROM gdpr.run_pressure();
EXCEPTION WHEN insufficient_privilege THEN
  RETURN QUERY SELECT 'warning', 'pg_read_all_stats',
    'it may not read pg_stat_activity or pg_stat_replication: gdpr-batch cannot see how busy the server is',
    'GRANT SELECT ON pg_catalog.pg_stat_activity, pg_catalog.pg_stat_replication TO pg_read_all_stats;';
END
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_manners() IS
  'doctor: what keeps gdpr-batch from seeing how busy the server is';
