-- SPDX-License-Identifier: PostgreSQL
-- What gdpr-batch calls. One run at a time for each subject type; a chunk is leased by a row lock,
-- erased and marked done in one transaction. Everything is set-based: the ledger costs a few
-- statements for each chunk, none for each person.

--| The subject type's row, or an error that says how to register it.
CREATE OR REPLACE FUNCTION gdpr_internal.run_subject(subject_type text)
RETURNS gdpr_internal.subject_type
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_type gdpr_internal.subject_type;
BEGIN
  SELECT * INTO found_type FROM gdpr_internal.subject_type AS t
  WHERE t.subject_type = run_subject.subject_type;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'subject type "%" does not exist', run_subject.subject_type
      USING ERRCODE = 'undefined_object',
            HINT = 'Register it with gdpr.register_subject(subject_type, relation).';
  END IF;
  RETURN found_type;
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_subject(text) IS
  'The row of a subject type; an error if it is not registered';

--| Takes the session's lock on a subject type, or says who has it.
CREATE OR REPLACE FUNCTION gdpr_internal.run_lock(subject_type text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  other int;
BEGIN
  IF NOT pg_try_advisory_lock(1734635634, hashtext(run_lock.subject_type)) THEN
    SELECT l.pid INTO other FROM pg_locks AS l
    WHERE l.locktype = 'advisory' AND l.classid = 1734635634 AND l.objsubid = 2 AND l.granted
      AND l.objid = (hashtext(run_lock.subject_type)::bigint & 4294967295)::oid
      AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database());
    RAISE EXCEPTION 'another run of subject type "%" is at work', run_lock.subject_type
      USING ERRCODE = 'object_in_use',
            DETAIL = format('It is held by the session with process ID %s.', other),
            HINT = 'Wait for it to finish; gdpr.runs shows how far it is.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_lock(text) IS
  'Takes the session''s advisory lock on a subject type; an error if another session has it';

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
         (SELECT f.fingerprint FROM gdpr_internal.key_fingerprint AS f),
         EXISTS (SELECT FROM pg_roles AS r WHERE r.rolsuper
                   AND r.rolname = ANY (ARRAY[session_user, gdpr_internal.caller()::oid::regrole::text]))
$$;
COMMENT ON FUNCTION gdpr.run_handshake() IS
  'Version of the extension, fingerprint of its key and whether the caller is a superuser, for gdpr-batch';

--| The next keys of everybody who is not frozen ("all") or whose day has come ("due"), in key order.
CREATE OR REPLACE FUNCTION gdpr.run_candidates(
  subject_type text, source text, after text[], max_keys int, OUT keys text[], OUT last text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  subject gdpr_internal.subject_type := gdpr_internal.run_subject(run_candidates.subject_type);
BEGIN
  IF source = 'all' THEN
    SELECT r.keys, r.last INTO keys, last
    FROM gdpr_internal.run_all_people(subject, run_candidates.after, max_keys) AS r;
  ELSIF source = 'due' THEN
    SELECT array_agg(k ORDER BY k), ARRAY[max(k)] INTO keys, last
    FROM (SELECT q.subject_key COLLATE "C" AS k FROM gdpr_internal.erasure_queue AS q
          WHERE q.subject_type = run_candidates.subject_type
            AND q.state IN ('due', 'held', 'failed') AND q.due_at <= now()
            AND (run_candidates.after IS NULL OR q.subject_key COLLATE "C" > run_candidates.after[1])
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
  relation regclass := gdpr_internal.resolve((subject).relation_schema, (subject).relation_name);
  columns text;
  texts text;
  cursor_values text;
BEGIN
  IF relation IS NULL THEN
    RAISE EXCEPTION 'relation "%.%" does not exist', (subject).relation_schema, (subject).relation_name
      USING ERRCODE = 'undefined_table';
  END IF;
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
  subject gdpr_internal.subject_type := gdpr_internal.run_subject(run_preview.subject_type);
  relation regclass := gdpr_internal.resolve((subject).relation_schema, (subject).relation_name);
  wanted text[] := ARRAY(SELECT DISTINCT k FROM unnest(
    gdpr_internal.canonical_keys(run_preview.subject_type, run_preview.subject_keys)) AS k);
  there text[] := ARRAY(SELECT q.key FROM gdpr_internal.query_as_owner(relation, format(
      'SELECT %s FROM %s AS t WHERE %s', gdpr_internal.text_of((subject).key), relation,
      gdpr_internal.matches_any(relation, (subject).key)), wanted) AS q(key text));
  open_people text[];
BEGIN
  SELECT array_agg(t.k) FILTER (WHERE f.subject_key IS NULL), count(f.subject_key)
  INTO open_people, frozen
  FROM unnest(there) AS t(k) LEFT JOIN gdpr_internal.frozen AS f
    ON f.subject_type = run_preview.subject_type AND f.subject_key = t.k;
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

--| Starts a run and takes the subject type's lock for this session.
CREATE OR REPLACE FUNCTION gdpr.run_start(
  subject_type text, reason text, unclassified text DEFAULT 'error', job text DEFAULT 'anonymize',
  options jsonb DEFAULT '{}') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  subject gdpr_internal.subject_type := gdpr_internal.run_subject(run_start.subject_type);
  old gdpr_internal.run;
  result bigint;
BEGIN
  IF NOT (subject).anonymization THEN
    RAISE EXCEPTION 'anonymization is not enabled for subject type "%"', run_start.subject_type
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Register the subject type with anonymization => true.';
  END IF;
  IF coalesce(run_start.reason, '') = '' THEN
    RAISE EXCEPTION 'a run needs a reason'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Say why these people are anonymized; the certificates name it.';
  END IF;
  PERFORM gdpr_internal.run_lock(run_start.subject_type);
  SELECT * INTO old FROM gdpr_internal.run AS r
  WHERE r.subject_type = run_start.subject_type AND r.state IN ('planning', 'running');
  IF old.state = 'running' THEN
    PERFORM pg_advisory_unlock(1734635634, hashtext(run_start.subject_type));
    RAISE EXCEPTION 'run % of subject type "%" is unfinished', old.run, run_start.subject_type
      USING ERRCODE = 'object_in_use',
            DETAIL = format('%s of its %s chunks are not done.',
              (SELECT count(*) FROM gdpr_internal.chunk AS c
               WHERE c.run = old.run AND c.state = 'pending'), old.chunks),
            HINT = format('Finish it with gdpr-batch anonymize --resume %s, or give it up with SELECT gdpr.run_cancel(%s).',
              old.run, old.run);
  ELSIF old.state = 'planning' THEN
    -- Its planner is gone (we have the lock) and nothing has happened to anybody.
    PERFORM gdpr.run_cancel(old.run);
  END IF;
  INSERT INTO gdpr_internal.run (job, subject_type, reason, unclassified, options, started_by)
  VALUES (run_start.job, run_start.subject_type, run_start.reason, run_start.unclassified,
          run_start.options, pg_get_userbyid(gdpr_internal.caller()))
  RETURNING run INTO result;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr.run_start(text, text, text, text, jsonb) IS
  'Starts a run and takes the subject type''s lock for this session; its number';

--| The run's row, locked against changes; an error unless it is in the state asked for.
CREATE OR REPLACE FUNCTION gdpr_internal.run_in_state(run bigint, state text)
RETURNS gdpr_internal.run
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result gdpr_internal.run;
BEGIN
  -- FOR KEY SHARE, so that workers do not queue behind each other.
  SELECT * INTO result FROM gdpr_internal.run AS r WHERE r.run = run_in_state.run FOR KEY SHARE;
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
CREATE OR REPLACE FUNCTION gdpr.run_add_keys(run bigint, subject_keys text[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target gdpr_internal.run := gdpr_internal.run_in_state(run_add_keys.run, 'planning');
  wanted text[] := ARRAY(SELECT DISTINCT k FROM unnest(
    gdpr_internal.canonical_keys(target.subject_type, run_add_keys.subject_keys)) AS k ORDER BY k);
BEGIN
  IF cardinality(wanted) > 0 THEN
    INSERT INTO gdpr_internal.chunk (run, chunk, keys, people)
    SELECT target.run, coalesce(max(c.chunk), 0) + 1, wanted, cardinality(wanted)
    FROM gdpr_internal.chunk AS c WHERE c.run = target.run;
  END IF;
  RETURN cardinality(wanted);
END
$$;
COMMENT ON FUNCTION gdpr.run_add_keys(bigint, text[]) IS
  'Adds one chunk of people to a run that is being planned; how many';

--| Ends planning: chunks may now be leased.
CREATE OR REPLACE FUNCTION gdpr.run_ready(run bigint, OUT people bigint, OUT chunks int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.run_in_state(run_ready.run, 'planning');
  SELECT coalesce(sum(c.people), 0), count(*) INTO people, chunks
  FROM gdpr_internal.chunk AS c WHERE c.run = run_ready.run;
  UPDATE gdpr_internal.run AS r
  SET state = 'running', people = run_ready.people, chunks = run_ready.chunks
  WHERE r.run = run_ready.run;
END
$$;
COMMENT ON FUNCTION gdpr.run_ready(bigint) IS 'Ends the planning of a run: its chunks may now be leased';

--| Takes up an unfinished run: the one named, or the newest of the subject type.
CREATE OR REPLACE FUNCTION gdpr.run_resume(
  subject_type text, INOUT run bigint DEFAULT NULL,
  OUT people bigint, OUT chunks int, OUT chunks_done int, OUT unclassified text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target gdpr_internal.run;
BEGIN
  PERFORM gdpr_internal.run_subject(run_resume.subject_type);
  SELECT r.* INTO target FROM gdpr_internal.run AS r
  WHERE r.subject_type = run_resume.subject_type
    AND CASE WHEN run_resume.run IS NULL THEN r.state = 'running' ELSE r.run = run_resume.run END;
  IF NOT FOUND AND run_resume.run IS NULL THEN
    RETURN;
  ELSIF NOT FOUND THEN
    RAISE EXCEPTION 'run % of subject type "%" does not exist', run_resume.run, run_resume.subject_type
      USING ERRCODE = 'undefined_object', HINT = 'gdpr.runs lists the runs.';
  ELSIF target.state = 'planning' THEN
    RAISE EXCEPTION 'run % was never planned to its end', target.run
      USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Nothing has happened to anybody in it.', HINT = 'Start it again.';
  ELSIF target.state <> 'running' THEN
    RAISE EXCEPTION 'run % is %', target.run, target.state
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'gdpr.runs lists the runs.';
  END IF;
  PERFORM gdpr_internal.run_lock(run_resume.subject_type);
  run := target.run;
  people := target.people;
  chunks := target.chunks;
  unclassified := target.unclassified;
  SELECT count(*) INTO chunks_done FROM gdpr_internal.chunk AS c
  WHERE c.run = target.run AND c.state = 'done';
END
$$;
COMMENT ON FUNCTION gdpr.run_resume(text, bigint) IS
  'Takes up an unfinished run and its lock: the one named, or the newest of the subject type; NULL if there is none';

--| Gives up an unfinished run. What is done stays done; the list of the others is deleted.
CREATE OR REPLACE FUNCTION gdpr.run_cancel(run bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target gdpr_internal.run;
BEGIN
  SELECT * INTO target FROM gdpr_internal.run AS r WHERE r.run = run_cancel.run FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'run % does not exist', run_cancel.run
      USING ERRCODE = 'undefined_object', HINT = 'gdpr.runs lists the runs.';
  ELSIF target.state NOT IN ('planning', 'running') THEN
    RAISE EXCEPTION 'run % is already %', run_cancel.run, target.state
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'gdpr.runs lists the runs.';
  END IF;
  PERFORM gdpr_internal.run_lock(target.subject_type);
  DELETE FROM gdpr_internal.chunk AS c WHERE c.run = target.run AND c.state = 'pending';
  UPDATE gdpr_internal.run AS r SET state = 'cancelled', finished_at = clock_timestamp()
  WHERE r.run = target.run;
  PERFORM pg_advisory_unlock(1734635634, hashtext(target.subject_type));
END
$$;
COMMENT ON FUNCTION gdpr.run_cancel(bigint) IS
  'Gives up an unfinished run: what is done stays done, the list of the others is deleted';

--| Leases a chunk for the length of this transaction. No chunk and some pending: others have them.
CREATE OR REPLACE FUNCTION gdpr.run_lease(run bigint, OUT chunk int, OUT people int, OUT pending bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.run_in_state(run_lease.run, 'running');
  SELECT c.chunk, c.people INTO chunk, people FROM gdpr_internal.chunk AS c
  WHERE c.run = run_lease.run AND c.state = 'pending'
  ORDER BY c.chunk LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF chunk IS NULL THEN
    SELECT count(*) INTO pending FROM gdpr_internal.chunk AS c
    WHERE c.run = run_lease.run AND c.state = 'pending';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.run_lease(bigint) IS
  'Leases a chunk for the length of this transaction; if none is free, how many are still pending';

--| Erases people number first to last (from 1) of a leased chunk.
CREATE OR REPLACE FUNCTION gdpr.run_erase(run bigint, chunk int, first int, last int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target gdpr_internal.run := gdpr_internal.run_in_state(run_erase.run, 'running');
  wanted text[];
  changed jsonb;
BEGIN
  SELECT c.keys[run_erase.first:run_erase.last] INTO wanted FROM gdpr_internal.chunk AS c
  WHERE c.run = run_erase.run AND c.chunk = run_erase.chunk AND c.state = 'pending' FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'chunk % of run % is not pending', run_erase.chunk, run_erase.run
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  SELECT jsonb_object_agg(e.relation, e.rows) INTO changed
  FROM (SELECT r.relation::text AS relation, sum(r.rows) AS rows
        FROM gdpr_internal.erase(target.subject_type, wanted, target.reason, target.unclassified,
                                 target.run, run_erase.chunk) AS r(relation, rows)
        GROUP BY 1) AS e;
  UPDATE gdpr_internal.chunk AS c SET rows = gdpr_internal.run_sum(c.rows, changed)
  WHERE c.run = run_erase.run AND c.chunk = run_erase.chunk AND changed IS NOT NULL;
  RETURN (SELECT coalesce(sum(v::bigint), 0) FROM jsonb_each_text(changed) AS j(k, v));
END
$$;
COMMENT ON FUNCTION gdpr.run_erase(bigint, int, int, int) IS
  'Erases people number first to last of a leased chunk; rows changed. SET CONSTRAINTS ALL IMMEDIATE is the caller''s';

--| Adds two objects of counts.
CREATE OR REPLACE FUNCTION gdpr_internal.run_sum(a jsonb, b jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(jsonb_object_agg(s.k, s.n), '{}')
  FROM (SELECT x.k, sum(x.v::bigint) AS n
        FROM (SELECT * FROM jsonb_each_text($1) UNION ALL SELECT * FROM jsonb_each_text($2)) AS x(k, v)
        GROUP BY 1) AS s
$$;
COMMENT ON FUNCTION gdpr_internal.run_sum(jsonb, jsonb) IS 'Adds two objects of counts, key by key';

--| Records that one person of a leased chunk could not be anonymized, and why (without values).
CREATE OR REPLACE FUNCTION gdpr.run_fail(run bigint, chunk int, person int, sqlstate text, reason text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO gdpr_internal.run_person AS p (run, chunk, subject_key, state, sqlstate, reason)
  SELECT c.run, c.chunk, c.keys[run_fail.person], 'failed', run_fail.sqlstate, run_fail.reason
  FROM gdpr_internal.chunk AS c
  WHERE c.run = run_fail.run AND c.chunk = run_fail.chunk AND c.state = 'pending'
    AND run_fail.person BETWEEN 1 AND c.people;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'chunk % of run % is not pending or has no person number %',
        run_fail.chunk, run_fail.run, run_fail.person
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.run_fail(bigint, int, int, text, text) IS
  'Records that one person of a leased chunk could not be anonymized: the SQLSTATE and a reason without values';

--| Marks a leased chunk done: in the transaction that did it.
CREATE OR REPLACE FUNCTION gdpr.run_chunk_done(run bigint, chunk int, attempts int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target gdpr_internal.run := gdpr_internal.run_in_state(run_chunk_done.run, 'running');
  part gdpr_internal.chunk;
  erased_people int;
BEGIN
  SELECT * INTO part FROM gdpr_internal.chunk AS c
  WHERE c.run = run_chunk_done.run AND c.chunk = run_chunk_done.chunk AND c.state = 'pending' FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'chunk % of run % is not pending', run_chunk_done.chunk, run_chunk_done.run
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  SELECT part.people - count(*) INTO erased_people FROM gdpr_internal.run_person AS p
  WHERE p.run = part.run AND p.chunk = part.chunk;
  PERFORM gdpr_internal.run_settle(target.subject_type, part.keys, part.run, part.chunk);
  UPDATE gdpr_internal.chunk AS c
  SET state = 'done', keys = '{}', erased = erased_people, attempts = run_chunk_done.attempts,
      done_at = clock_timestamp()
  WHERE c.run = part.run AND c.chunk = part.chunk;
  RETURN erased_people;
END
$$;
COMMENT ON FUNCTION gdpr.run_chunk_done(bigint, int, int) IS
  'Marks a leased chunk done, in the transaction that did it; how many people were erased';

--| Brings what was known about these people up to date: older entries, the queue, personal keys.
CREATE OR REPLACE FUNCTION gdpr_internal.run_settle(
  subject_type text, subject_keys text[], run bigint DEFAULT NULL, chunk int DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  personal boolean := gdpr_internal.run_key_is_personal(run_settle.subject_type);
BEGIN
  UPDATE gdpr_internal.erasure_queue AS q
  SET state = coalesce(nullif(p.state, 'frozen'), 'done'), run = run_settle.run,
      settled_at = clock_timestamp(),
      subject_key = gdpr_internal.run_key_after(run_settle.subject_type, q.subject_key, personal, p.state)
  FROM unnest(run_settle.subject_keys) AS k(key)
  LEFT JOIN gdpr_internal.run_person AS p
    ON p.run = run_settle.run AND p.chunk = run_settle.chunk AND p.subject_key = k.key
  WHERE q.subject_type = run_settle.subject_type AND q.subject_key = k.key
    AND q.state IN ('due', 'held', 'failed');
  UPDATE gdpr_internal.run_person AS old
  SET settled = true,
      subject_key = gdpr_internal.run_key_after(run_settle.subject_type, old.subject_key, personal, p.state)
  FROM unnest(run_settle.subject_keys) AS k(key)
  LEFT JOIN gdpr_internal.run_person AS p
    ON p.run = run_settle.run AND p.chunk = run_settle.chunk AND p.subject_key = k.key
  WHERE old.subject_key = k.key AND NOT old.settled AND old.run IS DISTINCT FROM run_settle.run
    AND EXISTS (SELECT FROM gdpr_internal.run AS r
                WHERE r.run = old.run AND r.subject_type = run_settle.subject_type);
  IF personal THEN
    PERFORM gdpr_internal.run_settle_personal(
      run_settle.subject_type, run_settle.subject_keys, run_settle.run, run_settle.chunk);
  END IF;
  -- The same person twice in one list is nobody's problem.
  DELETE FROM gdpr_internal.run_person AS p
  USING gdpr_internal.erasure AS e
  WHERE p.run = run_settle.run AND p.chunk = run_settle.chunk AND p.state IN ('frozen', 'missing')
    AND e.subject_type = run_settle.subject_type AND e.subject_key = p.subject_key
    AND e.run = run_settle.run;
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_settle(text, text[], bigint, int) IS
  'Brings the queue and older entries about these people up to date; personal keys become keyed digests';

--| What the ledger calls a person from now on: held and failed people keep their key, to be tried again.
CREATE OR REPLACE FUNCTION gdpr_internal.run_key_after(
  subject_type text, subject_key text, personal boolean, state text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN $3 AND ($4 IS NULL OR $4 IN ('frozen', 'missing'))
    THEN gdpr_internal.keyed_digest($1, $2) ELSE $2 END
$$;
COMMENT ON FUNCTION gdpr_internal.run_key_after(text, text, boolean, text) IS
  'A keyed digest of a personal key whose person is erased or missing, else the key';

--| Personal keys of erased people leave the lists of this and of unfinished runs.
CREATE OR REPLACE FUNCTION gdpr_internal.run_settle_personal(
  subject_type text, subject_keys text[], run bigint, chunk int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE gdpr_internal.run_person AS p
  SET subject_key = gdpr_internal.keyed_digest(run_settle_personal.subject_type, p.subject_key)
  WHERE p.run = run_settle_personal.run AND p.chunk = run_settle_personal.chunk
    AND p.state IN ('frozen', 'missing');
  IF run_settle_personal.run IS NULL THEN
    UPDATE gdpr_internal.chunk AS c
    SET keys = ARRAY(SELECT CASE WHEN k = ANY (run_settle_personal.subject_keys)
                       THEN gdpr_internal.keyed_digest(run_settle_personal.subject_type, k) ELSE k END
                     FROM unnest(c.keys) WITH ORDINALITY AS u(k, n) ORDER BY u.n)
    FROM gdpr_internal.run AS r
    WHERE r.subject_type = run_settle_personal.subject_type AND r.state IN ('planning', 'running')
      AND c.run = r.run AND c.state = 'pending' AND c.keys && run_settle_personal.subject_keys;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_settle_personal(text, text[], bigint, int) IS
  'Replaces personal keys of erased people by keyed digests in the lists of this and of unfinished runs';

--| The truth about a chunk after a COMMIT whose answer was lost: waits for whoever still has it.
CREATE OR REPLACE FUNCTION gdpr.run_chunk_state(
  run bigint, chunk int, OUT state text, OUT people int, OUT erased int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT c.state, c.people, c.erased INTO state, people, erased FROM gdpr_internal.chunk AS c
  WHERE c.run = run_chunk_state.run AND c.chunk = run_chunk_state.chunk FOR UPDATE;
END
$$;
COMMENT ON FUNCTION gdpr.run_chunk_state(bigint, int) IS
  'Whether a chunk is done; waits for a transaction that still has it (for in-doubt commits)';

--| Rebuilds the statistics of a table that a run changed, so that pg_statistic keeps no old values.
CREATE OR REPLACE FUNCTION gdpr.run_analyze(run bigint, relation regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.run_in_state(run_analyze.run, 'running');
  IF NOT EXISTS (SELECT FROM gdpr_internal.chunk AS c
                 WHERE c.run = run_analyze.run AND c.rows ? run_analyze.relation::text) THEN
    RAISE EXCEPTION 'run % has not changed relation "%"', run_analyze.run, run_analyze.relation
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM gdpr_internal.execute_as_owner(run_analyze.relation,
    format('ANALYZE %s', run_analyze.relation));
END
$$;
COMMENT ON FUNCTION gdpr.run_analyze(bigint, regclass) IS
  'Rebuilds the statistics of a table that a run changed, as its owner, so that pg_statistic keeps no old values';

--| Ends a run whose chunks are all done.
CREATE OR REPLACE FUNCTION gdpr.run_finish(run bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target gdpr_internal.run := gdpr_internal.run_in_state(run_finish.run, 'running');
  waiting bigint;
BEGIN
  SELECT count(*) INTO waiting FROM gdpr_internal.chunk AS c
  WHERE c.run = target.run AND c.state = 'pending';
  IF waiting > 0 THEN
    RAISE EXCEPTION 'run % is not done', target.run
      USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('%s of its %s chunks are pending.', waiting, target.chunks);
  END IF;
  UPDATE gdpr_internal.run AS r SET state = 'finished', finished_at = clock_timestamp()
  WHERE r.run = target.run;
END
$$;
COMMENT ON FUNCTION gdpr.run_finish(bigint) IS 'Ends a run whose chunks are all done';

--| Queues a person for gdpr-batch anonymize --due.
CREATE OR REPLACE FUNCTION gdpr.queue_erasure(
  subject_type text, subject_key text, reason text, due_at timestamptz DEFAULT now()) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  subject gdpr_internal.subject_type := gdpr_internal.run_subject(queue_erasure.subject_type);
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
  subject gdpr_internal.subject_type := gdpr_internal.run_subject(unqueue_erasure.subject_type);
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

--| Every run with its counts. active: a session is at work on it (or holds its lock).
CREATE OR REPLACE VIEW gdpr.runs AS
SELECT r.run, r.job, r.subject_type, r.reason, r.unclassified, r.state,
       r.state IN ('planning', 'running') AND EXISTS (
         SELECT FROM pg_locks AS l
         WHERE l.locktype = 'advisory' AND l.classid = 1734635634 AND l.objsubid = 2 AND l.granted
           AND l.objid = (hashtext(r.subject_type)::bigint & 4294967295)::oid
           AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))
         AS active,
       r.people, c.done, c.anonymized, p.held, p.failed, p.missing, p.frozen,
       r.chunks, c.chunks_done, r.started_at, r.started_by, c.last_done_at, r.finished_at
FROM gdpr_internal.run AS r
CROSS JOIN LATERAL (
  SELECT coalesce(sum(c.people) FILTER (WHERE c.state = 'done'), 0) AS done,
         coalesce(sum(c.erased), 0) AS anonymized,
         count(*) FILTER (WHERE c.state = 'done') AS chunks_done, max(c.done_at) AS last_done_at
  FROM gdpr_internal.chunk AS c WHERE c.run = r.run) AS c
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE p.state = 'held') AS held,
         count(*) FILTER (WHERE p.state = 'failed') AS failed,
         count(*) FILTER (WHERE p.state = 'missing') AS missing,
         count(*) FILTER (WHERE p.state = 'frozen') AS frozen
  FROM gdpr_internal.run_person AS p WHERE p.run = r.run) AS p;
COMMENT ON VIEW gdpr.runs IS
  'Runs of gdpr-batch: done counts people of finished chunks, anonymized those who were erased in them';

--| What each run changed, by table.
CREATE OR REPLACE VIEW gdpr.run_rows AS
SELECT c.run, j.relation, sum(j.n::bigint)::bigint AS rows
FROM gdpr_internal.chunk AS c CROSS JOIN LATERAL jsonb_each_text(c.rows) AS j(relation, n)
GROUP BY c.run, j.relation;
COMMENT ON VIEW gdpr.run_rows IS 'Rows that each run changed, by table';

--| People who should have been anonymized and were not, by the last run that tried.
CREATE OR REPLACE VIEW gdpr.held_back AS
SELECT r.subject_type, p.subject_key, p.run, p.state,
       CASE WHEN jsonb_typeof(p.blockers) = 'object' THEN
         (SELECT array_agg(b.name || ' (' || b.n || ')' ORDER BY b.name)
          FROM jsonb_each_text(p.blockers) AS b(name, n))
       ELSE array_remove(ARRAY[coalesce(p.reason, p.sqlstate)], NULL) END AS reasons,
       p.sqlstate, p.noted_at
FROM gdpr_internal.run_person AS p JOIN gdpr_internal.run AS r USING (run)
WHERE NOT p.settled AND p.state <> 'frozen';
COMMENT ON VIEW gdpr.held_back IS
  'People who should have been anonymized and were not (held, failed, missing), by the last run that tried, with the reasons';

--| Who waits for gdpr-batch anonymize --due, and what became of the others.
CREATE OR REPLACE VIEW gdpr.erasure_queue AS
SELECT q.request, q.subject_type, q.subject_key, q.reason, q.due_at, q.state, q.run,
       q.queued_at, q.queued_by, q.settled_at
FROM gdpr_internal.erasure_queue AS q;
COMMENT ON VIEW gdpr.erasure_queue IS
  'Who waits for gdpr-batch anonymize --due, and what became of the others';
