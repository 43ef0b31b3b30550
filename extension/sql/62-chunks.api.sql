-- SPDX-License-Identifier: PostgreSQL
-- A slice of a chunk is leased by a row lock, done and booked in one transaction. Everything is set-based:
-- the ledger costs a few statements for each slice, none for each person.

--| Leases the next people of a chunk, at most max_people, for the length of this transaction. No chunk and
--| some pending: others have them. A run that is not running has none: its state says why.
CREATE OR REPLACE FUNCTION gdpr.run_lease(
  run bigint, max_people int DEFAULT NULL, OUT chunk int, OUT first int, OUT last int, OUT pending bigint, OUT state text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target gdpr_internal.run;
BEGIN
  SELECT * INTO target FROM gdpr_internal.run AS r WHERE r.run = run_lease.run;
  IF target.run IS NULL OR target.state IN ('planning', 'planned') THEN
    PERFORM gdpr_internal.run_in_state(run_lease.run, 'running');
  END IF;
  state := target.state;
  IF target.state <> 'running' THEN
    RETURN;
  END IF;
  SELECT c.chunk, c.upto + 1, least(c.people, c.upto + greatest(coalesce(run_lease.max_people, c.people), 1))
  INTO chunk, first, last FROM gdpr_internal.chunk AS c
  WHERE c.run = run_lease.run AND c.state = 'pending' AND c.stage <= target.stage
  ORDER BY c.chunk LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF chunk IS NULL THEN
    SELECT count(*) INTO pending FROM gdpr_internal.chunk AS c
    WHERE c.run = run_lease.run AND c.state = 'pending' AND c.stage <= target.stage;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.run_lease(bigint, int) IS
  'Leases the next people (first to last) of a chunk for the length of this transaction; if none is free, how many chunks are still pending; state: of the run, which others may have paused or given up';

--| A chunk that is not done, locked.
CREATE OR REPLACE FUNCTION gdpr_internal.pending_chunk(run bigint, chunk int) RETURNS gdpr_internal.chunk
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result gdpr_internal.chunk;
BEGIN
  SELECT * INTO result FROM gdpr_internal.chunk AS c
  WHERE c.run = pending_chunk.run AND c.chunk = pending_chunk.chunk AND c.state = 'pending' FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'chunk % of run % is not pending', pending_chunk.chunk, pending_chunk.run
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.pending_chunk(bigint, int) IS 'The row of a chunk that is not done, locked';

--| Does the run's job for people number first to last (from 1) of a leased chunk, by
--| gdpr_internal.work_JOB(run, chunk, keys), which answers with counts by thing.
CREATE OR REPLACE FUNCTION gdpr.run_work(run bigint, chunk int, first int, last int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- Paused or given up since the lease: this slice is still done.
  target gdpr_internal.run := (SELECT r FROM gdpr_internal.run AS r WHERE r.run = run_work.run);
  part gdpr_internal.chunk := gdpr_internal.pending_chunk(run_work.run, run_work.chunk);
  counts jsonb;
BEGIN
  IF run_work.first <= part.upto OR run_work.last > part.people THEN
    RAISE EXCEPTION 'people % to % of chunk % of run % are not pending', run_work.first, run_work.last, run_work.chunk, run_work.run
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  EXECUTE format('SELECT gdpr_internal.%I($1, $2, $3)', 'work_' || replace(target.job, '-', '_'))
  INTO counts USING target, run_work.chunk, part.keys[run_work.first:run_work.last];
  UPDATE gdpr_internal.chunk AS c SET rows = gdpr_internal.run_sum(c.rows, counts)
  WHERE c.run = run_work.run AND c.chunk = run_work.chunk AND counts IS NOT NULL;
  RETURN (SELECT coalesce(sum(v::bigint), 0) FROM jsonb_each_text(counts) AS j(k, v));
END
$$;
COMMENT ON FUNCTION gdpr.run_work(bigint, int, int, int) IS
  'Does the run''s job for people number first to last of a leased chunk; rows changed. SET CONSTRAINTS ALL IMMEDIATE is the caller''s';

--| Anonymizes people of a run; rows by table. Whom the queue wants deleted loses the rows within the erasure.
CREATE OR REPLACE FUNCTION gdpr_internal.work_anonymize(target gdpr_internal.run, chunk int, keys text[]) RETURNS jsonb
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_object_agg(e.relation, e.rows)
  FROM (SELECT gdpr_internal.sql_name(c.relid) AS relation, sum(c.rows) AS rows
        FROM gdpr_internal.erase_people(($1).subject_type, $3, ($1).reason, ($1).unclassified, ($1).run, $2) AS r
        CROSS JOIN LATERAL unnest(r.changed) AS c(relid, rows)
        GROUP BY 1) AS e
$$;
COMMENT ON FUNCTION gdpr_internal.work_anonymize(gdpr_internal.run, int, text[]) IS
  'Anonymizes people of a run (and deletes the rows of whom the queue wants deleted); rows by table';

--| Adds two objects of counts.
CREATE OR REPLACE FUNCTION gdpr_internal.run_sum(a jsonb, b jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(jsonb_object_agg(s.k, s.n), '{}')
  FROM (SELECT x.k, sum(x.v::bigint) AS n
        FROM (SELECT * FROM jsonb_each_text($1) UNION ALL SELECT * FROM jsonb_each_text($2)) AS x(k, v)
        GROUP BY 1) AS s
$$;
COMMENT ON FUNCTION gdpr_internal.run_sum(jsonb, jsonb) IS 'Adds two objects of counts, key by key';

--| Records that the job failed for one person of a leased chunk, and why (without values).
CREATE OR REPLACE FUNCTION gdpr.run_fail(run bigint, chunk int, person int, sqlstate text, reason text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO gdpr_internal.run_person AS p (run, chunk, subject_key, state, sqlstate, reason)
  SELECT c.run, c.chunk, c.keys[run_fail.person], 'failed', run_fail.sqlstate, run_fail.reason
  FROM gdpr_internal.chunk AS c
  WHERE c.run = run_fail.run AND c.chunk = run_fail.chunk AND c.state = 'pending'
    AND run_fail.person BETWEEN c.upto + 1 AND c.people;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'chunk % of run % is not pending or has no person number %',
        run_fail.chunk, run_fail.run, run_fail.person
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.run_fail(bigint, int, int, text, text) IS
  'Records that the job failed for one person of a leased chunk: the SQLSTATE and a reason without values';

--| Books a slice: people up to number last of a leased chunk are done. In the transaction that did it.
CREATE OR REPLACE FUNCTION gdpr.run_slice_done(run bigint, chunk int, last int, attempts int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target gdpr_internal.run := (SELECT r FROM gdpr_internal.run AS r WHERE r.run = run_slice_done.run);
  part gdpr_internal.chunk := gdpr_internal.pending_chunk(run_slice_done.run, run_slice_done.chunk);
  slice text[] := part.keys[part.upto + 1:run_slice_done.last];
  changed_people int;
  whole boolean := run_slice_done.last = part.people;
BEGIN
  IF run_slice_done.last NOT BETWEEN part.upto + 1 AND part.people THEN
    RAISE EXCEPTION 'people up to % of chunk % of run % are not pending', run_slice_done.last, part.chunk, part.run
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  SELECT cardinality(slice) - count(*) INTO changed_people FROM gdpr_internal.run_person AS p
  WHERE p.run = part.run AND p.chunk = part.chunk AND p.subject_key = ANY (slice);
  IF target.job = 'anonymize' THEN
    PERFORM gdpr_internal.run_settle(target.subject_type, slice, part.run, part.chunk);
  ELSE
    PERFORM gdpr_internal.run_settle_job(target, slice);
  END IF;
  UPDATE gdpr_internal.chunk AS c
  SET state = CASE WHEN whole THEN 'done' ELSE 'pending' END, keys = CASE WHEN whole THEN '{}' ELSE c.keys END,
      upto = run_slice_done.last, changed = c.changed + changed_people, attempts = c.attempts + run_slice_done.attempts,
      begun_at = coalesce(c.begun_at, now()), done_at = clock_timestamp()
  WHERE c.run = part.run AND c.chunk = part.chunk;
  RETURN changed_people;
END
$$;
COMMENT ON FUNCTION gdpr.run_slice_done(bigint, int, int, int) IS
  'Books that people up to number last of a leased chunk are done, in the transaction that did it; for how many of the slice the job was done';

--| What an earlier run of the same job said about these people is dealt with.
CREATE OR REPLACE FUNCTION gdpr_internal.run_settle_job(target gdpr_internal.run, subject_keys text[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE gdpr_internal.run_person AS old SET settled = true
  FROM gdpr_internal.run AS r
  WHERE old.subject_key = ANY ($2) AND NOT old.settled AND old.run <> ($1).run
    AND r.run = old.run AND r.subject_type = ($1).subject_type AND r.job = ($1).job
$$;
COMMENT ON FUNCTION gdpr_internal.run_settle_job(gdpr_internal.run, text[]) IS
  'Settles what earlier runs of the same job said about these people';

--| After an erasure: brings what was known about these people up to date: older entries, the queue, personal keys.
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
      subject_key = gdpr_internal.run_key_after(q.subject_key, personal, p.state)
  FROM unnest(run_settle.subject_keys) AS k(key)
  LEFT JOIN gdpr_internal.run_person AS p
    ON p.run = run_settle.run AND p.chunk = run_settle.chunk AND p.subject_key = k.key
  WHERE q.subject_type = run_settle.subject_type AND q.subject_key = k.key
    AND q.state IN ('due', 'held', 'failed');
  -- Who stays leaves the entries of other jobs alone; who went settles all of them, and each was a place of the key.
  UPDATE gdpr_internal.run_person AS old
  SET settled = true,
      subject_key = gdpr_internal.run_key_after(old.subject_key, personal, p.state)
  FROM unnest(run_settle.subject_keys) AS k(key)
  LEFT JOIN gdpr_internal.run_person AS p
    ON p.run = run_settle.run AND p.chunk = run_settle.chunk AND p.subject_key = k.key
  WHERE old.subject_key = k.key AND old.run IS DISTINCT FROM run_settle.run
    AND (NOT old.settled OR personal)
    AND EXISTS (SELECT FROM gdpr_internal.run AS r
                WHERE r.run = old.run AND r.subject_type = run_settle.subject_type
                  AND (r.job = 'anonymize' OR p.state IS NULL OR p.state IN ('frozen', 'missing')));
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
  'After an erasure brings the queue and older entries about these people up to date; personal keys become keyed digests';

--| What the ledger calls a person from now on: held and failed people keep their key, to be tried again.
CREATE OR REPLACE FUNCTION gdpr_internal.run_key_after(subject_key text, personal boolean, state text)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN $2 AND ($3 IS NULL OR $3 IN ('frozen', 'missing'))
    THEN gdpr_internal.keyed_digest('subject key', $1) ELSE $1 END
$$;
COMMENT ON FUNCTION gdpr_internal.run_key_after(text, boolean, text) IS
  'A keyed digest of a personal key whose person is erased or missing, else the key';

--| Personal keys of erased people leave the lists of this and of unfinished runs of every job.
CREATE OR REPLACE FUNCTION gdpr_internal.run_settle_personal(
  subject_type text, subject_keys text[], run bigint, chunk int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone text[] := ARRAY(
    SELECT k FROM unnest(run_settle_personal.subject_keys) AS k
    WHERE NOT EXISTS (SELECT FROM gdpr_internal.run_person AS p
                      WHERE p.run = run_settle_personal.run AND p.chunk = run_settle_personal.chunk
                        AND p.subject_key = k AND p.state NOT IN ('frozen', 'missing')));
BEGIN
  UPDATE gdpr_internal.run_person AS p
  SET subject_key = gdpr_internal.keyed_digest('subject key', p.subject_key)
  WHERE p.run = run_settle_personal.run AND p.chunk = run_settle_personal.chunk
    AND p.state IN ('frozen', 'missing') AND p.subject_key = ANY (run_settle_personal.subject_keys);
  -- People are matched by a hash of the list: keys && gone would compare each with each.
  UPDATE gdpr_internal.chunk AS c
  SET keys = ARRAY(SELECT CASE WHEN k = ANY (gone) THEN gdpr_internal.keyed_digest('subject key', k) ELSE k END
                   FROM unnest(c.keys) WITH ORDINALITY AS u(k, n) ORDER BY u.n)
  FROM (SELECT DISTINCT o.run, o.chunk
        FROM gdpr_internal.run AS r
        JOIN gdpr_internal.chunk AS o ON o.run = r.run AND o.state = 'pending'
        CROSS JOIN LATERAL unnest(o.keys) AS u(k)
        JOIN unnest(gone) AS g(k) ON g.k = u.k
        WHERE r.subject_type = run_settle_personal.subject_type AND r.run IS DISTINCT FROM run_settle_personal.run
          AND r.state IN ('planning', 'planned', 'running', 'paused')) AS hit
  WHERE c.run = hit.run AND c.chunk = hit.chunk AND c.state = 'pending';
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_settle_personal(text, text[], bigint, int) IS
  'Replaces personal keys of erased people by keyed digests in the lists of this and of unfinished runs';

--| The truth about a slice after a COMMIT whose answer was lost: waits for whoever still has the chunk. It is
--| done if upto has come to its last person.
CREATE OR REPLACE FUNCTION gdpr.run_chunk_state(
  run bigint, chunk int, OUT state text, OUT people int, OUT changed int, OUT upto int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT c.state, c.people, c.changed, c.upto INTO state, people, changed, upto FROM gdpr_internal.chunk AS c
  WHERE c.run = run_chunk_state.run AND c.chunk = run_chunk_state.chunk FOR UPDATE;
END
$$;
COMMENT ON FUNCTION gdpr.run_chunk_state(bigint, int) IS
  'How far a chunk is done (upto); waits for a transaction that still has it (for in-doubt commits)';
