-- SPDX-License-Identifier: PostgreSQL
-- What is not in the log of reads (yet): the backlog of the spool, what was lost, and why nothing is captured.

--| One row: what waits, and what will never come.
CREATE OR REPLACE FUNCTION gdpr.unaudited(
  OUT backlog_files bigint, OUT backlog_bytes bigint, OUT oldest_age interval, OUT dropped bigint, OUT refused bigint, OUT missing bigint,
  OUT damaged bigint, OUT quarantined bigint, OUT capturing boolean, OUT reason text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  spool record;
BEGIN
  SELECT s.* INTO spool FROM gdpr_internal.spool_status() AS s;
  SELECT coalesce(sum(i.amount) FILTER (WHERE i.kind = 'dropped'), 0), coalesce(sum(i.amount) FILTER (WHERE i.kind = 'refused'), 0),
    coalesce(sum(i.amount) FILTER (WHERE i.kind = 'missing'), 0), coalesce(sum(i.amount) FILTER (WHERE i.kind = 'damaged'), 0),
    coalesce(sum(i.amount) FILTER (WHERE i.kind = 'quarantined'), 0)
  INTO dropped, refused, missing, damaged, quarantined FROM gdpr_internal.access_incident AS i;
  backlog_files := spool.files;
  backlog_bytes := spool.bytes;
  oldest_age := clock_timestamp() - spool.oldest;
  dropped := dropped + spool.dropped;
  refused := refused + spool.refused;
  capturing := spool.capturing;
  reason := spool.reason;
END
$$;
COMMENT ON FUNCTION gdpr.unaudited() IS
  'What the log of reads lacks: the backlog with its age, statements that went on unrecorded (dropped) or were refused, frames missing or damaged, files of another server, and whether reads are captured now';

--| Reads that are not captured, wait, or were lost.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_reads()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE plpgsql ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  u record;
  i record;
  patience CONSTANT interval := current_setting('gdpr.unsealed_warning')::interval;
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.audited AS a WHERE a.reads) AND NOT EXISTS (SELECT FROM gdpr_internal.access_process) THEN
    RETURN;
  END IF;
  SELECT x.* INTO u FROM gdpr.unaudited() AS x;
  IF NOT u.capturing THEN
    RETURN QUERY SELECT 'warning', 'reads', 'reads of audited tables are not recorded: ' || u.reason,
      'shared_preload_libraries = ''pg_gdpr'' and gdpr.audit_reads = on; or gdpr.audit(relation, reads => false), where changes are enough.';
  END IF;
  IF patience > interval '0' AND u.oldest_age > patience THEN
    RETURN QUERY SELECT 'warning', 'reads', format('%s files (%s) of reads wait in the spool, the oldest for %s', u.backlog_files,
        pg_size_pretty(u.backlog_bytes), date_trunc('second', u.oldest_age)),
      'SELECT gdpr.drain_access(); if it stays, the server''s log says why its worker does not drain.';
  END IF;
  FOR i IN
    SELECT x.kind, sum(x.amount) AS amount, max(x.noted_at) AS newest FROM gdpr_internal.access_incident AS x
    WHERE x.noted_at > now() - interval '30 days' GROUP BY x.kind ORDER BY x.kind
  LOOP
    RETURN QUERY SELECT CASE WHEN i.kind = 'refused' THEN 'info' ELSE 'warning' END, 'reads',
      format(CASE i.kind
        WHEN 'dropped' THEN '%s statements read audited tables and were not recorded (last noted %s)'
        WHEN 'refused' THEN '%s statements were refused because their reads could not be recorded (last noted %s)'
        WHEN 'missing' THEN '%s frames of the spool are missing: somebody removed them, or a disk lost them (last noted %s)'
        WHEN 'damaged' THEN '%s frames of the spool were damaged (last noted %s)'
        ELSE '%s files of another server were in the spool and are in pgsql_tmp_gdpr/quarantine (last noted %s)' END,
        i.amount, date_trunc('second', i.newest)),
      CASE i.kind
        WHEN 'dropped' THEN 'Free space or raise gdpr.spool_limit; gdpr.on_audit_failure = fail_query refuses such statements instead.'
        WHEN 'refused' THEN 'Free space or raise gdpr.spool_limit.'
        WHEN 'quarantined' THEN 'A copied data directory brought them: they belong to the server it was copied from. Remove them when you know that it drained them.'
        ELSE 'SELECT * FROM gdpr.unaudited(); look at the disk and at who can write to the data directory.' END;
  END LOOP;
  IF current_setting('gdpr.on_audit_failure', true) = 'continue_counted' THEN
    RETURN QUERY SELECT 'info', 'gdpr.on_audit_failure', 'reads that cannot be recorded are counted and go on',
      'gdpr.on_audit_failure = fail_query refuses them.';
  END IF;
  IF gdpr_internal.resolve('gdpr_internal', 'access_read_' || to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYYMM')) IS NULL THEN
    RETURN QUERY SELECT 'warning', 'reads', 'the log of reads has no partition for next month yet', 'Run gdpr-batch nightly every night.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_reads() IS
  'doctor: reads that are not captured, wait in the spool, or were lost';
