-- SPDX-License-Identifier: PostgreSQL
-- A chunk is leased by a row lock, erased and marked done in one transaction. Everything is set-based:
-- the ledger costs a few statements for each chunk, none for each person.

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
  FROM (SELECT gdpr_internal.sql_name(c.relid) AS relation, sum(c.rows) AS rows
        FROM gdpr_internal.erase_people(target.subject_type, wanted, target.reason, target.unclassified,
                                 target.run, run_erase.chunk) AS r
        CROSS JOIN LATERAL unnest(r.changed) AS c(relid, rows)
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
      subject_key = gdpr_internal.run_key_after(q.subject_key, personal, p.state)
  FROM unnest(run_settle.subject_keys) AS k(key)
  LEFT JOIN gdpr_internal.run_person AS p
    ON p.run = run_settle.run AND p.chunk = run_settle.chunk AND p.subject_key = k.key
  WHERE q.subject_type = run_settle.subject_type AND q.subject_key = k.key
    AND q.state IN ('due', 'held', 'failed');
  UPDATE gdpr_internal.run_person AS old
  SET settled = true,
      subject_key = gdpr_internal.run_key_after(old.subject_key, personal, p.state)
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
CREATE OR REPLACE FUNCTION gdpr_internal.run_key_after(subject_key text, personal boolean, state text)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN $2 AND ($3 IS NULL OR $3 IN ('frozen', 'missing'))
    THEN gdpr_internal.keyed_digest('subject key', $1) ELSE $1 END
$$;
COMMENT ON FUNCTION gdpr_internal.run_key_after(text, boolean, text) IS
  'A keyed digest of a personal key whose person is erased or missing, else the key';

--| Personal keys of erased people leave the lists of this and of unfinished runs.
CREATE OR REPLACE FUNCTION gdpr_internal.run_settle_personal(
  subject_type text, subject_keys text[], run bigint, chunk int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE gdpr_internal.run_person AS p
  SET subject_key = gdpr_internal.keyed_digest('subject key', p.subject_key)
  WHERE p.run = run_settle_personal.run AND p.chunk = run_settle_personal.chunk
    AND p.state IN ('frozen', 'missing');
  IF run_settle_personal.run IS NULL THEN
    UPDATE gdpr_internal.chunk AS c
    SET keys = ARRAY(SELECT CASE WHEN k = ANY (run_settle_personal.subject_keys)
                       THEN gdpr_internal.keyed_digest('subject key', k) ELSE k END
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
