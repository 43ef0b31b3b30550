-- SPDX-License-Identifier: PostgreSQL
-- The night: what gdpr-batch nightly asks and writes down. One at a time in each database: the session
-- that does it holds an advisory lock.

--| Takes the session's lock on the night, or says who has it.
CREATE OR REPLACE FUNCTION gdpr_internal.night_lock() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  other int;
BEGIN
  -- The session of a client that was killed needs a moment to notice.
  FOR try IN 1 .. 20 LOOP
    IF pg_try_advisory_lock(1734635634, hashtext('night')) THEN
      RETURN;
    END IF;
    PERFORM pg_sleep(0.1);
  END LOOP;
  other := gdpr_internal.night_session();
  RAISE EXCEPTION 'another night is at work'
    USING ERRCODE = 'object_in_use',
          DETAIL = format('It is held by the session with process ID %s.', coalesce(other::text, 'unknown')),
          HINT = 'Wait for it to finish; gdpr.nights shows what it has done.';
END
$$;
COMMENT ON FUNCTION gdpr_internal.night_lock() IS 'Takes the session''s advisory lock on the night; an error if another session has it';

--| The session that does a night now.
CREATE OR REPLACE FUNCTION gdpr_internal.night_session() RETURNS int
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.pid FROM pg_locks AS l
  WHERE l.locktype = 'advisory' AND l.classid = 1734635634 AND l.objsubid = 2 AND l.granted
    AND l.objid = (hashtext('night')::bigint & 4294967295)::oid
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
$$;
COMMENT ON FUNCTION gdpr_internal.night_session() IS 'The process ID of the session that does a night now';

--| Begins a night; with a number goes on with it on another connection.
CREATE OR REPLACE FUNCTION gdpr.night_begin(program text DEFAULT 'gdpr-batch', night bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result bigint := night_begin.night;
BEGIN
  PERFORM gdpr_internal.night_lock();
  IF result IS NULL THEN
    DELETE FROM gdpr_internal.night AS n WHERE n.started_at < now() - interval '1 year';
    INSERT INTO gdpr_internal.night AS n (program, started_by)
    VALUES (night_begin.program, pg_get_userbyid(gdpr_internal.caller())) RETURNING n.night INTO result;
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr.night_begin(text, bigint) IS
  'Begins a night and takes its lock for this session; its number. With a number: takes the lock of that night again';

--| Writes down what a step did.
CREATE OR REPLACE FUNCTION gdpr.night_note(night bigint, step jsonb) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE gdpr_internal.night AS n SET steps = n.steps || $2 WHERE n.night = $1 AND n.finished_at IS NULL
$$;
COMMENT ON FUNCTION gdpr.night_note(bigint, jsonb) IS 'Writes down what a step of a night did';

--| Ends a night; said again, it ended otherwise. The lock is the session's as long as it lives.
CREATE OR REPLACE FUNCTION gdpr.night_end(night bigint, exit_code int) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE gdpr_internal.night AS n SET finished_at = clock_timestamp(), exit_code = $2 WHERE n.night = $1
$$;
COMMENT ON FUNCTION gdpr.night_end(bigint, int) IS 'Ends a night with its exit code';

--| What a step of the night finds to do.
CREATE OR REPLACE FUNCTION gdpr.night_work(step text)
RETURNS TABLE (subject_type text, run bigint, people bigint, state text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF night_work.step NOT IN ('retention', 'anonymize', 'reconsent') THEN
    RAISE invalid_parameter_value USING MESSAGE = format('there is no step "%s"', night_work.step),
      HINT = 'Use retention, anonymize or reconsent.';
  END IF;
  -- What was begun comes first: an unfinished run keeps new ones of its subject type out.
  RETURN QUERY
    SELECT r.subject_type, r.run, (r.people - r.done)::bigint,
           CASE WHEN r.active THEN 'active' WHEN r.state = 'paused' THEN 'paused' ELSE 'resume' END
    FROM gdpr.runs AS r WHERE r.job = night_work.step AND r.state IN ('running', 'paused') ORDER BY r.subject_type, r.run;
  IF night_work.step = 'retention' THEN
    RETURN QUERY SELECT DISTINCT p.subject_type, NULL::bigint, NULL::bigint, 'new' FROM gdpr_internal.retention AS p ORDER BY 1;
  ELSIF night_work.step = 'anonymize' THEN
    RETURN QUERY
      SELECT q.subject_type, NULL::bigint, count(*), 'new' FROM gdpr_internal.erasure_queue AS q
      WHERE q.state IN ('due', 'held', 'failed') AND q.due_at <= now() GROUP BY q.subject_type ORDER BY q.subject_type;
  ELSE
    RETURN QUERY
      SELECT c.subject_type, c.run, r.people, 'approved' FROM gdpr.campaign_plans AS c JOIN gdpr_internal.run AS r USING (run)
      WHERE r.state = 'planned' AND c.approved_by IS NOT NULL ORDER BY c.subject_type, c.run;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.night_work(text) IS
  'What a step of the night (retention, anonymize, reconsent) finds: runs to resume, runs that are paused or active, new work, approved campaigns';

--| Holds the audit log to its seals, from the newest one that a former night has verified on. What a night found sound is
--| remembered with its digest, so that a log that was cut and sealed anew shows.
CREATE OR REPLACE FUNCTION gdpr.night_verify(
  night bigint, whole boolean DEFAULT false,
  OUT from_seal bigint, OUT to_seal bigint, OUT bad bigint, OUT finding text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known record;
BEGIN
  SELECT n.verified_seal, n.verified_digest INTO known FROM gdpr_internal.night AS n
  WHERE n.verified_seal IS NOT NULL ORDER BY n.night DESC LIMIT 1;
  from_seal := CASE WHEN night_verify.whole THEN 1 ELSE coalesce(known.verified_seal, 1) END;
  SELECT max(v.seal), count(*) FILTER (WHERE v.status <> 'ok'),
         (array_agg(concat('seal ' || v.seal || ': ', v.status)) FILTER (WHERE v.status <> 'ok'))[1]
  INTO to_seal, bad, finding
  FROM gdpr_internal.audit_identity() AS i,
    gdpr_internal.verify_audit(NULL, i.instance::text, i.key_id, i.public_key, night_verify.from_seal) AS v;
  IF known.verified_seal IS NOT NULL AND NOT EXISTS (
    SELECT FROM gdpr_internal.audit_seal AS s WHERE s.seal = known.verified_seal AND s.digest = known.verified_digest)
  THEN
    bad := bad + 1;
    finding := format('seal %s is not the one that a former night verified', known.verified_seal);
  ELSIF bad = 0 THEN
    UPDATE gdpr_internal.night AS n SET verified_at = clock_timestamp(), verified_seal = s.seal, verified_digest = s.digest
    FROM gdpr_internal.audit_seal AS s
    WHERE n.night = night_verify.night AND s.seal = night_verify.to_seal;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.night_verify(bigint, boolean) IS
  'Holds the audit log to its seals, from the newest that a former night verified on, or all of it: how many findings, and the first';

--| What the nights did.
CREATE OR REPLACE VIEW gdpr.nights AS
SELECT n.night, n.program,
       CASE WHEN n.finished_at IS NOT NULL THEN 'finished'
            WHEN n.night = max(n.night) OVER () AND s.pid IS NOT NULL THEN 'running' ELSE 'interrupted' END AS state,
       n.exit_code, n.started_at, n.finished_at, n.started_by, n.verified_seal, n.verified_at, n.steps
FROM gdpr_internal.night AS n, (SELECT gdpr_internal.night_session() AS pid) AS s;
COMMENT ON VIEW gdpr.nights IS 'What gdpr-batch nightly and gdpr.night() did: one row for each night, with what each step did';

--| That nights go on: work that has been waiting for two days, and no night since.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_night()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE plpgsql ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  patience CONSTANT timestamptz := now() - interval '48 hours';
  newest CONSTANT timestamptz := (SELECT max(n.started_at) FROM gdpr_internal.night AS n);
  since CONSTANT text := CASE WHEN newest IS NULL THEN 'no night has ever run'
    ELSE format('no night has run for %s hours', floor(extract(epoch FROM now() - newest) / 3600)) END;
  n bigint;
BEGIN
  IF newest > patience THEN
    RETURN;
  END IF;
  severity := 'warning';
  object := 'night';
  hint := 'Run gdpr-batch nightly every night (batch/systemd, cron), or CALL gdpr.night() by pg_cron: doc/batch.md.';
  -- A cron job of its own may try them: then they were tried lately.
  SELECT count(*) INTO n FROM gdpr_internal.erasure_queue AS q
  WHERE q.state IN ('due', 'held', 'failed') AND q.due_at < patience AND coalesce(q.settled_at, '-infinity') < patience;
  IF n > 0 THEN
    finding := format('%s, and %s people should have been anonymized more than 48 hours ago', since, n);
    RETURN NEXT;
  END IF;
  SELECT count(*) INTO n FROM (SELECT r.subject_type, min(r.set_at) AS set_at FROM gdpr_internal.retention AS r GROUP BY 1) AS p
  WHERE p.set_at < patience AND NOT EXISTS (
    SELECT FROM gdpr_internal.run AS r WHERE r.job = 'retention' AND r.subject_type = p.subject_type AND r.started_at >= patience);
  IF n > 0 THEN
    finding := format('%s, and %s subject types have retention policies', since, n);
    RETURN NEXT;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_night() IS 'doctor: work that is due, and no night for 48 hours';
