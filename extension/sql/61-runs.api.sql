-- SPDX-License-Identifier: PostgreSQL
-- What gdpr-batch calls to start, take up, pause, end and give up a run. One run of a job at a time for
-- each subject type: the session that works on it holds an advisory lock.

--| The number under which a session locks a job on a subject type.
CREATE OR REPLACE FUNCTION gdpr_internal.run_lock_number(subject_type text, job text) RETURNS int
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT hashtext($2 || ' ' || $1)
$$;
COMMENT ON FUNCTION gdpr_internal.run_lock_number(text, text) IS
  'The number under which a session locks a job on a subject type';

--| The process that holds the lock of a job on a subject type; NULL: nobody.
CREATE OR REPLACE FUNCTION gdpr_internal.run_session(subject_type text, job text) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.pid FROM pg_locks AS l
  WHERE l.locktype = 'advisory' AND l.classid = 1734635634 AND l.objsubid = 2 AND l.granted
    AND l.objid = (gdpr_internal.run_lock_number($1, $2)::bigint & 4294967295)::oid
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
$$;
COMMENT ON FUNCTION gdpr_internal.run_session(text, text) IS
  'The process that holds the lock of a job on a subject type; NULL: nobody';

--| Takes the session's lock on a job of a subject type, or says who has it.
CREATE OR REPLACE FUNCTION gdpr_internal.run_lock(subject_type text, job text DEFAULT 'anonymize') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- The session of a client that was killed needs a moment to notice.
  FOR try IN 1 .. 20 LOOP
    IF pg_try_advisory_lock(1734635634, gdpr_internal.run_lock_number(run_lock.subject_type, run_lock.job)) THEN
      RETURN;
    END IF;
    PERFORM pg_sleep(0.1);
  END LOOP;
  RAISE EXCEPTION 'another run of job "%" for subject type "%" is at work', run_lock.job, run_lock.subject_type
    USING ERRCODE = 'object_in_use',
          DETAIL = format('It is held by the session with process ID %s.', gdpr_internal.run_session(run_lock.subject_type, run_lock.job)),
          HINT = 'Wait for it to finish; gdpr.runs shows how far it is.';
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_lock(text, text) IS
  'Takes the session''s advisory lock on a job of a subject type; an error if another session has it';

--| Whether the keys of a subject type are personal themselves, by its newest plan.
CREATE OR REPLACE FUNCTION gdpr_internal.run_key_is_personal(subject_type text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce((SELECT (p.body->>'key_is_personal')::boolean FROM gdpr_internal.erasure_plan AS p
                   WHERE p.subject_type = $1 ORDER BY p.plan DESC LIMIT 1), false)
$$;
COMMENT ON FUNCTION gdpr_internal.run_key_is_personal(text) IS
  'Whether the keys of a subject type are personal themselves';

--| What gdpr-batch compares with itself before it does anything.
CREATE OR REPLACE FUNCTION gdpr.run_handshake(
  OUT extension_version text, OUT key_fingerprint text, OUT superuser boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'pg_gdpr'),
         (SELECT f.fingerprint FROM gdpr_internal.key_fingerprint AS f ORDER BY f.key_id DESC LIMIT 1),
         EXISTS (SELECT FROM pg_roles AS r WHERE r.rolsuper
                   AND (r.rolname = session_user OR r.oid = gdpr_internal.caller()))
$$;
COMMENT ON FUNCTION gdpr.run_handshake() IS
  'Version of the extension, fingerprint of its key and whether the caller is a superuser, for gdpr-batch';

--| Starts a run of any job and takes the lock of job and subject type for this session. The options of most jobs say what
--| is written in whose name: only the job's own function may choose them.
CREATE OR REPLACE FUNCTION gdpr_internal.run_begin(
  subject_type text, reason text, unclassified text, job text, options jsonb) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  subject gdpr_internal.subject_type := gdpr_internal.subject(run_begin.subject_type);
  old gdpr_internal.run;
  result bigint;
BEGIN
  IF run_begin.job = 'anonymize' AND NOT (subject).anonymization THEN
    RAISE EXCEPTION 'anonymization is not enabled for subject type "%"', run_begin.subject_type
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Register the subject type with anonymization => true.';
  END IF;
  IF coalesce(run_begin.reason, '') = '' THEN
    RAISE EXCEPTION 'a run needs a reason'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Say why these people are anonymized; the certificates name it.';
  END IF;
  PERFORM gdpr_internal.run_lock(run_begin.subject_type, run_begin.job);
  SELECT * INTO old FROM gdpr_internal.run AS r
  WHERE r.subject_type = run_begin.subject_type AND r.job = run_begin.job AND r.state IN ('planning', 'running', 'paused');
  IF old.state = 'planning' THEN
    -- Its planner is gone (we have the lock) and nothing has happened to anybody.
    PERFORM gdpr.run_cancel(old.run);
  ELSIF old.run IS NOT NULL THEN
    PERFORM pg_advisory_unlock(1734635634, gdpr_internal.run_lock_number(run_begin.subject_type, run_begin.job));
    RAISE EXCEPTION 'run % of subject type "%" is unfinished', old.run, run_begin.subject_type
      USING ERRCODE = 'object_in_use',
            DETAIL = format('%s of its %s chunks are not done.',
              (SELECT count(*) FROM gdpr_internal.chunk AS c
               WHERE c.run = old.run AND c.state = 'pending'), old.chunks),
            HINT = format('Finish it with gdpr-batch %s --resume %s, or give it up with SELECT gdpr.run_cancel(%s).',
              old.job, old.run, old.run);
  END IF;
  INSERT INTO gdpr_internal.run (job, subject_type, reason, unclassified, options, started_by)
  VALUES (run_begin.job, run_begin.subject_type, run_begin.reason, run_begin.unclassified,
          run_begin.options, pg_get_userbyid(gdpr_internal.caller()))
  RETURNING run INTO result;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_begin(text, text, text, text, jsonb) IS
  'Starts a run of any job and takes the lock of job and subject type for this session; its number';

--| Starts a run whose list of people gdpr-batch makes.
CREATE OR REPLACE FUNCTION gdpr.run_start(
  subject_type text, reason text, unclassified text DEFAULT 'error', job text DEFAULT 'anonymize',
  options jsonb DEFAULT '{}') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF run_start.job IS NULL OR run_start.job NOT IN ('anonymize', 'retention') THEN
    RAISE EXCEPTION 'a run of this job is not started like this' USING ERRCODE = '22023',
      HINT = 'Jobs are anonymize and retention; others have gdpr.run_start_mark(), gdpr.plan_campaign() and gdpr.import_optouts_start().';
  END IF;
  RETURN gdpr_internal.run_begin(run_start.subject_type, run_start.reason, run_start.unclassified, run_start.job, run_start.options);
END
$$;
COMMENT ON FUNCTION gdpr.run_start(text, text, text, text, jsonb) IS
  'Starts a run (job anonymize or retention) and takes the lock of job and subject type for this session; its number';

--| The run's row; an error unless it is in the state asked for. Not locked: run_cancel() waits for the
--| chunks that are leased, and workers must not queue behind each other.
CREATE OR REPLACE FUNCTION gdpr_internal.run_in_state(run bigint, state text)
RETURNS gdpr_internal.run
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result gdpr_internal.run;
BEGIN
  SELECT * INTO result FROM gdpr_internal.run AS r WHERE r.run = run_in_state.run;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'run % does not exist', run_in_state.run
      USING ERRCODE = 'undefined_object', HINT = 'gdpr.runs lists the runs.';
  ELSIF result.state <> run_in_state.state THEN
    RAISE EXCEPTION 'run % is %, not %', run_in_state.run, result.state, run_in_state.state
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'gdpr.runs lists the runs.';
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_in_state(bigint, text) IS
  'The row of a run; an error unless it is in the state asked for';

--| Adds one chunk of people to a run that is being planned.
CREATE OR REPLACE FUNCTION gdpr.run_add_keys(run bigint, subject_keys text[], stage int DEFAULT 0) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target gdpr_internal.run := gdpr_internal.run_in_state(run_add_keys.run, 'planning');
  wanted text[] := ARRAY(SELECT DISTINCT k FROM unnest(
    gdpr_internal.canonical_keys(target.subject_type, run_add_keys.subject_keys)) AS k ORDER BY k);
BEGIN
  IF cardinality(wanted) > 0 THEN
    INSERT INTO gdpr_internal.chunk (run, chunk, keys, people, stage)
    SELECT target.run, coalesce(max(c.chunk), 0) + 1, wanted, cardinality(wanted), run_add_keys.stage
    FROM gdpr_internal.chunk AS c WHERE c.run = target.run;
  END IF;
  RETURN cardinality(wanted);
END
$$;
COMMENT ON FUNCTION gdpr.run_add_keys(bigint, text[], int) IS
  'Adds one chunk of people to a run that is being planned; how many';

--| Ends planning: chunks may now be leased, or (planned) the list waits until the run is resumed.
CREATE OR REPLACE FUNCTION gdpr.run_ready(run bigint, planned boolean DEFAULT false, OUT people bigint, OUT chunks int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.run_in_state(run_ready.run, 'planning');
  SELECT coalesce(sum(c.people), 0), count(*) INTO people, chunks
  FROM gdpr_internal.chunk AS c WHERE c.run = run_ready.run;
  UPDATE gdpr_internal.run AS r
  SET state = CASE WHEN planned THEN 'planned' ELSE 'running' END, people = run_ready.people, chunks = run_ready.chunks,
      -- compiled here, so that the first chunk does not make the others wait for it
      plan_fingerprint = CASE WHEN r.job = 'anonymize' THEN (gdpr_internal.current_plan(r.subject_type)).fingerprint END
  WHERE r.run = run_ready.run;
END
$$;
COMMENT ON FUNCTION gdpr.run_ready(bigint, boolean) IS
  'Ends the planning of a run: its chunks may now be leased; planned: not before it is resumed';

--| Takes up a run of a job: the one named (planned, running or paused), or the one that has begun.
CREATE OR REPLACE FUNCTION gdpr.run_resume(
  subject_type text, INOUT run bigint DEFAULT NULL, job text DEFAULT 'anonymize',
  OUT people bigint, OUT chunks int, OUT chunks_done int, OUT same_plan boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target gdpr_internal.run;
BEGIN
  PERFORM gdpr_internal.subject(run_resume.subject_type);
  SELECT r.* INTO target FROM gdpr_internal.run AS r
  WHERE r.subject_type = run_resume.subject_type AND r.job = run_resume.job
    AND CASE WHEN run_resume.run IS NULL THEN r.state IN ('running', 'paused') ELSE r.run = run_resume.run END;
  IF NOT FOUND AND run_resume.run IS NULL THEN
    RETURN;
  ELSIF NOT FOUND THEN
    RAISE EXCEPTION 'run % of job "%" for subject type "%" does not exist', run_resume.run, run_resume.job, run_resume.subject_type
      USING ERRCODE = 'undefined_object', HINT = 'gdpr.runs lists the runs.';
  ELSIF target.state = 'planning' THEN
    RAISE EXCEPTION 'run % was never planned to its end', target.run
      USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Nothing has happened to anybody in it.', HINT = 'Start it again.';
  ELSIF target.state NOT IN ('planned', 'running', 'paused') THEN
    RAISE EXCEPTION 'run % is %', target.run, target.state
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'gdpr.runs lists the runs.';
  END IF;
  PERFORM gdpr_internal.run_lock(run_resume.subject_type, run_resume.job);
  IF target.job = 'reconsent' THEN
    -- raises unless it may go on, and opens the stage that comes now
    PERFORM gdpr_internal.campaign_resume(target);
  END IF;
  UPDATE gdpr_internal.run AS r SET state = 'running', paused_reason = NULL
  WHERE r.run = target.run AND r.state IN ('planned', 'running', 'paused');
  IF NOT FOUND THEN
    RAISE EXCEPTION 'run % is %', target.run, (SELECT r.state FROM gdpr_internal.run AS r WHERE r.run = target.run)
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'gdpr.runs lists the runs.';
  END IF;
  run := target.run;
  people := target.people;
  chunks := target.chunks;
  same_plan := target.job <> 'anonymize' OR target.plan_fingerprint = gdpr_internal.plan_fingerprint(target.subject_type);
  SELECT count(*) INTO chunks_done FROM gdpr_internal.chunk AS c
  WHERE c.run = target.run AND c.state = 'done';
END
$$;
COMMENT ON FUNCTION gdpr.run_resume(text, bigint, text) IS
  'Takes up a run of a job and its lock: the one named, or the one that has begun and not ended; NULL if there is none. same_plan: the schema is as it was when the run began';

--| Stops a run until it is resumed. A session that works on it finishes its slices and ends.
CREATE OR REPLACE FUNCTION gdpr.run_pause(run bigint, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE gdpr_internal.run AS r SET state = 'paused', paused_reason = nullif(run_pause.reason, '')
  WHERE r.run = run_pause.run AND r.state IN ('running', 'paused');
  IF NOT FOUND THEN
    PERFORM gdpr_internal.run_in_state(run_pause.run, 'running');
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.run_pause(bigint, text) IS
  'Stops a run until it is resumed: a session that works on it finishes its slices and ends';

--| Gives up an unfinished run, also while a session works on it: that one finishes its slices and ends.
--| What is done stays done; the list of the others is deleted, and so is a run that was still being planned.
CREATE OR REPLACE FUNCTION gdpr.run_cancel(run bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target gdpr_internal.run;
BEGIN
  -- NO KEY: a slice that is being booked looks whether its run is there, and we wait for the slice
  SELECT * INTO target FROM gdpr_internal.run AS r WHERE r.run = run_cancel.run FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'run % does not exist', run_cancel.run
      USING ERRCODE = 'undefined_object', HINT = 'gdpr.runs lists the runs.';
  ELSIF target.state NOT IN ('planning', 'planned', 'running', 'paused') THEN
    RAISE EXCEPTION 'run % is already %', run_cancel.run, target.state
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'gdpr.runs lists the runs.';
  END IF;
  IF target.state = 'planning' THEN
    -- Nothing has happened in it: it never was.
    DELETE FROM gdpr_internal.run AS r WHERE r.run = target.run;
    RETURN;
  ELSIF target.job = 'import-optouts' THEN
    PERFORM gdpr_internal.optouts_end(target, 'cancelled');
    RETURN;
  ELSIF target.job = 'mark' THEN
    PERFORM gdpr_internal.mark_finish(target);
  END IF;
  UPDATE gdpr_internal.run AS r
  SET state = 'cancelled', paused_reason = NULL, finished_at = clock_timestamp()
  WHERE r.run = target.run;
  -- First what nobody is at, or we would wait for one slice after another while others are begun ahead of us.
  DELETE FROM gdpr_internal.chunk AS c
  WHERE c.run = target.run AND c.chunk IN (
    SELECT x.chunk FROM gdpr_internal.chunk AS x
    WHERE x.run = target.run AND x.state = 'pending' AND x.upto = 0 FOR UPDATE SKIP LOCKED);
  -- These wait for a slice that is being done. Of a chunk that was begun, what is done remains.
  UPDATE gdpr_internal.chunk AS c SET state = 'done', people = c.upto, keys = '{}'
  WHERE c.run = target.run AND c.state = 'pending' AND c.upto > 0;
  DELETE FROM gdpr_internal.chunk AS c WHERE c.run = target.run AND c.state = 'pending' AND c.upto = 0;
  UPDATE gdpr_internal.chunk AS c SET state = 'done', people = c.upto, keys = '{}'
  WHERE c.run = target.run AND c.state = 'pending' AND c.upto > 0;
END
$$;
COMMENT ON FUNCTION gdpr.run_cancel(bigint) IS
  'Gives up an unfinished run: what is done stays done, the list of the others is deleted';

--| Rebuilds the statistics of a table that a run changed, so that pg_statistic keeps no old values.
CREATE OR REPLACE FUNCTION gdpr.run_analyze(run bigint, relation text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target oid;
BEGIN
  PERFORM gdpr_internal.run_in_state(run_analyze.run, 'running');
  -- By name and not as regclass: the operator has no rights on the schema to look it up in.
  SELECT t.oid INTO target FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace
  WHERE format('%I.%I', n.nspname, t.relname) = run_analyze.relation AND t.relkind IN ('r', 'p')
    AND EXISTS (SELECT FROM gdpr_internal.chunk AS c
                WHERE c.run = run_analyze.run AND c.rows ? run_analyze.relation);
  IF target IS NULL THEN
    RAISE EXCEPTION 'run % has not changed relation %', run_analyze.run, run_analyze.relation
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- A partitioned table takes its partitions along, an inheritance parent does not take its
  -- children; and whatever the table is a child of samples its rows too.
  PERFORM gdpr_internal.execute_as_owner(r.relid, 'ANALYZE ' || gdpr_internal.sql_name(r.relid))
  FROM (SELECT t.relid FROM gdpr_internal.tree(target) AS t(relid)
        WHERE t.relid = target OR NOT EXISTS (SELECT FROM pg_class AS p WHERE p.oid = t.relid AND p.relispartition)
        UNION
        SELECT a FROM gdpr_internal.self_and_ancestors(target) AS a) AS r;
END
$$;
COMMENT ON FUNCTION gdpr.run_analyze(bigint, text) IS
  'Rebuilds the statistics of a table that a run changed, as its owner, so that pg_statistic keeps no old values';

--| Ends a run whose chunks are all done, or pauses it where later stages are left; the state it has then.
CREATE OR REPLACE FUNCTION gdpr.run_finish(run bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target gdpr_internal.run := gdpr_internal.run_in_state(run_finish.run, 'running');
  waiting bigint;
  later bigint;
  stages int;
  stages_done int;
BEGIN
  SELECT count(*) FILTER (WHERE c.state = 'pending' AND c.stage <= target.stage),
         count(*) FILTER (WHERE c.state = 'pending' AND c.stage > target.stage),
         count(DISTINCT c.stage), count(DISTINCT c.stage) FILTER (WHERE c.stage <= target.stage)
  INTO waiting, later, stages, stages_done
  FROM gdpr_internal.chunk AS c WHERE c.run = target.run;
  IF waiting > 0 THEN
    RAISE EXCEPTION 'run % is not done', target.run
      USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('%s of its %s chunks are pending.', waiting, target.chunks);
  END IF;
  IF target.job = 'anonymize'
      AND EXISTS (SELECT FROM gdpr_internal.erasure AS e WHERE e.run = target.run AND e.key_digest) THEN
    PERFORM gdpr_internal.analyze_consent(target.subject_type);
  ELSIF target.job = 'mark' THEN
    PERFORM gdpr_internal.mark_finish(target);
  ELSIF target.job = 'retention' THEN
    PERFORM gdpr_internal.retention_finish(target);
  END IF;
  UPDATE gdpr_internal.run AS r
  SET state = CASE WHEN later > 0 THEN 'paused' ELSE 'finished' END,
      paused_reason = CASE WHEN later > 0 THEN format('stage %s of %s done', stages_done, stages) END,
      finished_at = CASE WHEN later = 0 THEN clock_timestamp() END
  WHERE r.run = target.run AND r.state = 'running';
  RETURN (SELECT r.state FROM gdpr_internal.run AS r WHERE r.run = target.run);
END
$$;
COMMENT ON FUNCTION gdpr.run_finish(bigint) IS
  'Ends a run whose chunks are all done, or pauses it where later stages are left; its state then';
