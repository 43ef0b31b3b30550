-- SPDX-License-Identifier: PostgreSQL
-- One chunk of an opt-out list, in one transaction: whom it matches, who is opted out, what is suppressed.

--| People of one type whom a list names: locked against erasure; who is gone or frozen is left out.
CREATE OR REPLACE FUNCTION gdpr_internal.optout_people(subject_type text, keys text[]) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(optout_people.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  there text[];
BEGIN
  PERFORM gdpr_internal.hold_settings(s.subject_type);
  PERFORM gdpr_internal.require_same_owner(s.subject_type, relation, s.relation_oid, s.relation_owner);
  SELECT array_agg(r.key ORDER BY r.key) INTO there
  FROM gdpr_internal.query_as_owner(relation, 'SELECT p.key FROM ' || gdpr_internal.people_join(s.subject_type)
    || ' ORDER BY p.person FOR KEY SHARE OF t', optout_people.keys) AS r(key text);
  -- a new statement: who was anonymized while we waited is frozen now
  IF EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_type = s.subject_type) THEN
    EXECUTE 'SELECT array_agg(k.key ORDER BY k.key) FROM unnest($1) AS k(key)
             WHERE NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_type = $2 AND f.subject_key = k.key)'
    INTO there USING there, s.subject_type;
  END IF;
  RETURN coalesce(there, '{}');
END
$$;
COMMENT ON FUNCTION gdpr_internal.optout_people(text, text[]) IS
  'Those of these people who are there and not frozen, locked against deletion and anonymization';

--| Opts people of one type out. newer: opted in to something that the list speaks of, or accepted its purpose,
--| after the list was made; opted: opted out now; the others had opted out before.
CREATE OR REPLACE FUNCTION gdpr_internal.optout_write(
  target gdpr_internal.run, subject_type text, keys text[], OUT newer text[], OUT opted text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  its_purpose text := (target).options->>'purpose';
  its_channel text := (target).options->>'channel';
  wanted text[];
BEGIN
  EXECUTE
   'SELECT array_agg(k.key) FROM unnest($1) AS k(key)
    WHERE NOT EXISTS (SELECT FROM gdpr_internal.opt_out AS o
      WHERE o.subject_type = $2 AND o.subject_key = k.key AND o.purpose = $3 AND o.channel = $4)'
  INTO wanted USING keys, optout_write.subject_type, its_purpose, its_channel;
  -- OFFSET 0: by index, key for key
  SELECT array_agg(k.key) FILTER (WHERE l.later), array_agg(k.key ORDER BY k.key) FILTER (WHERE NOT l.later) INTO newer, wanted
  FROM unnest(wanted) AS k(key), LATERAL (SELECT EXISTS (
    SELECT FROM gdpr_internal.consent_event AS e
    WHERE e.subject_type = optout_write.subject_type AND e.subject_key = k.key AND e.at > ((target).options->>'dated')::timestamptz
      AND (e.kind = 'opted_in' AND (e.purpose IN ('', its_purpose) OR its_purpose = '')
             AND coalesce(e.channel, its_channel) = its_channel
           OR e.kind = 'decision' AND e.state = 'accepted' AND e.purpose = its_purpose)) AS later OFFSET 0) AS l;
  IF wanted IS NULL OR ((target).options->>'dry_run')::boolean THEN
    opted := wanted;
    RETURN;
  END IF;
  WITH ins AS (
    INSERT INTO gdpr_internal.opt_out AS o (subject_type, subject_key, purpose, channel, since, event)
    SELECT optout_write.subject_type, k.key, its_purpose, its_channel, statement_timestamp(), nextval('gdpr_internal.consent_event_event_seq')
    FROM unnest(wanted) AS k(key)
    ON CONFLICT DO NOTHING RETURNING o.subject_key, o.event
  ), ev AS (
    INSERT INTO gdpr_internal.consent_event (event, subject_type, subject_key, purpose, kind, medium, channel, owner, at, batch)
    SELECT i.event, optout_write.subject_type, i.subject_key, its_purpose, 'opted_out', 'import', its_channel, pg_get_userbyid(gdpr_internal.caller()),
      clock_timestamp(), ((target).options->'batches'->>optout_write.subject_type)::bigint
    FROM ins AS i
  )
  SELECT array_agg(i.subject_key) INTO opted FROM ins AS i;
END
$$;
COMMENT ON FUNCTION gdpr_internal.optout_write(gdpr_internal.run, text, text[]) IS
  'Opts people out as a list says, one event each; who opted in after the list was made is left alone';

--| Adds entries of a list, in order, unless they are there; those that were added.
CREATE OR REPLACE FUNCTION gdpr_internal.optout_add(target gdpr_internal.run, digests uuid[], turns int[]) RETURNS uuid[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  result uuid[];
BEGIN
  WITH ins AS (
    INSERT INTO gdpr_internal.suppression AS s (digest, turn, run, at, key_id, channel, kind)
    SELECT x.digest, x.turn, (target).run, statement_timestamp(), (SELECT max(k.key_id) FROM gdpr_internal.key_fingerprint AS k),
      (target).options->>'channel', (target).options->>'kind'
    FROM unnest(digests, turns) AS x(digest, turn)
    ON CONFLICT DO NOTHING RETURNING s.digest
  )
  SELECT coalesce(array_agg(i.digest), '{}') INTO result FROM ins AS i;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.optout_add(gdpr_internal.run, uuid[], int[]) IS
  'Puts digests of an imported list on the suppression list, unless they are there; those that were added';

--| Suppresses what belongs to nobody we know. An entry that was lifted after the list was made stays lifted.
CREATE OR REPLACE FUNCTION gdpr_internal.optout_suppress(
  target gdpr_internal.run, digests uuid[], OUT kept bigint, OUT already bigint, OUT newer bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  dated timestamptz := (target).options->>'dated';
  preview boolean := ((target).options->>'dry_run')::boolean;
  new uuid[] := '{}';
  rest record;
BEGIN
  -- Most lines of most lists are new: they are put there without asking first.
  IF NOT preview THEN
    new := gdpr_internal.optout_add(target, digests, array_fill(1, ARRAY[cardinality(digests)]));
  END IF;
  kept := cardinality(new);
  already := 0;
  newer := 0;
  IF kept < cardinality(digests) THEN
    -- LIMIT 1: by index, digest for digest
    SELECT array_agg(x.digest ORDER BY x.digest) FILTER (WHERE NOT x.stays) AS digests,
      array_agg(x.last + 1 ORDER BY x.digest) FILTER (WHERE NOT x.stays) AS turns,
      count(*) FILTER (WHERE x.stays AND x.last % 2 = 1) AS already, count(*) FILTER (WHERE x.stays AND x.last % 2 = 0) AS newer
    INTO rest
    FROM (SELECT u.digest, coalesce(s.turn, 0) AS last, s.turn IS NOT NULL AND (s.turn % 2 = 1 OR s.at > dated) AS stays
          FROM (SELECT unnest(digests) AS digest EXCEPT SELECT unnest(new)) AS u LEFT JOIN LATERAL (
            SELECT n.turn, n.at FROM gdpr_internal.suppression AS n WHERE n.digest = u.digest ORDER BY n.turn DESC LIMIT 1) AS s ON true) AS x;
    already := rest.already;
    newer := rest.newer;
    IF rest.digests IS NOT NULL THEN
      -- lifted before the list was made, or a preview; where somebody else was quicker, it is theirs
      new := CASE WHEN preview THEN gdpr_internal.optout_unseen((target).run, rest.digests)
        ELSE gdpr_internal.optout_add(target, rest.digests, rest.turns) END;
      kept := kept + cardinality(new);
      already := already + cardinality(rest.digests) - cardinality(new);
    END IF;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.optout_suppress(gdpr_internal.run, uuid[]) IS
  'Puts digests of an imported list on the suppression list, each once';

--| What a preview has counted before, by marks among the digests of its run: only what is new is left.
CREATE OR REPLACE FUNCTION gdpr_internal.optout_unseen(run bigint, marks uuid[]) RETURNS uuid[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  unseen uuid[];
BEGIN
  -- one chunk of a preview at a time: what they count depends on each other
  PERFORM pg_advisory_xact_lock(hashtextextended('gdpr preview of opt-outs ' || optout_unseen.run, 0));
  EXECUTE
   'WITH new AS (SELECT m FROM unnest($1) AS u(m) WHERE NOT EXISTS (SELECT FROM gdpr_internal.optout_address AS a
       WHERE a.digest = u.m AND a.run = $2 AND a.subject_type = '''' OFFSET 0)),
     ins AS (INSERT INTO gdpr_internal.optout_address (digest, run, subject_type, subject_key) SELECT n.m, $2, '''', '''' FROM new AS n)
    SELECT array_agg(n.m) FROM new AS n' INTO unseen USING marks, optout_unseen.run;
  RETURN coalesce(unseen, '{}');
END
$$;
COMMENT ON FUNCTION gdpr_internal.optout_unseen(bigint, uuid[]) IS 'Marks that a preview of an import has not met yet; it has then';

--| The people behind digests, opted out; of each digest its fate: opted, newer or before. The others belong to nobody.
CREATE OR REPLACE FUNCTION gdpr_internal.optout_match(
  target gdpr_internal.run, digests uuid[], OUT fates jsonb, OUT known uuid[], OUT people bigint, OUT by_type jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  dry boolean := ((target).options->>'dry_run')::boolean;
  part record;
  there text[];
  done record;
  opted text[];
  marks uuid[];
  fate jsonb;
BEGIN
  fates := '{}';
  known := '{}';
  people := 0;
  by_type := '{}';
  FOR part IN
    -- OFFSET 0: by index, digest for digest
    SELECT a.subject_type, array_agg(x.digest) AS digests, array_agg(a.subject_key) AS keys
    FROM unnest(optout_match.digests) AS x(digest), LATERAL (
      SELECT o.subject_type, o.subject_key FROM gdpr_internal.optout_address AS o
      WHERE o.digest = x.digest AND o.run = (target).run AND o.subject_type <> '' OFFSET 0) AS a
    GROUP BY a.subject_type ORDER BY a.subject_type
  LOOP
    there := gdpr_internal.optout_people(part.subject_type, ARRAY(SELECT DISTINCT k FROM unnest(part.keys) AS k ORDER BY k));
    CONTINUE WHEN there = '{}';
    done := gdpr_internal.optout_write(target, part.subject_type, there);
    opted := coalesce(done.opted, '{}');
    IF dry THEN
      marks := gdpr_internal.optout_unseen((target).run, ARRAY(SELECT md5(part.subject_type || ' ' || k)::uuid FROM unnest(opted) AS k));
      opted := ARRAY(SELECT k FROM unnest(opted) AS k WHERE md5(part.subject_type || ' ' || k)::uuid = ANY (marks));
    END IF;
    people := people + cardinality(opted);
    by_type := by_type || jsonb_build_object('people of ' || part.subject_type, cardinality(opted));
    -- 2: somebody was opted out, 1: somebody opted in later, 0: all had opted out before
    SELECT jsonb_object_agg(m.digest, m.fate) INTO fate
    FROM (SELECT x.digest, max(CASE WHEN o.key IS NOT NULL THEN 2 WHEN n.key IS NOT NULL THEN 1 ELSE 0 END) AS fate
      FROM unnest(part.digests, part.keys) AS x(digest, key) JOIN unnest(there) AS t(key) USING (key)
      LEFT JOIN unnest(opted) AS o(key) USING (key) LEFT JOIN unnest(done.newer) AS n(key) USING (key) GROUP BY x.digest) AS m;
    SELECT jsonb_object_agg(f.key, greatest(f.value::int, (fates->>f.key)::int)) INTO fate FROM jsonb_each_text(fate) AS f;
    fates := fates || fate;
  END LOOP;
  known := ARRAY(SELECT k::uuid FROM jsonb_object_keys(fates) AS k);
END
$$;
COMMENT ON FUNCTION gdpr_internal.optout_match(gdpr_internal.run, uuid[]) IS
  'Opts out the people whose addresses have these digests; what became of each digest that belongs to somebody';

--| Stops unless the digests of everybody are there.
CREATE OR REPLACE FUNCTION gdpr_internal.require_prepared(run bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.optout_page AS p WHERE p.run = require_prepared.run AND p.page = 0)
    OR EXISTS (SELECT FROM gdpr_internal.optout_page AS p WHERE p.run = require_prepared.run AND NOT p.done) THEN
    RAISE EXCEPTION 'run % must be prepared again', require_prepared.run USING ERRCODE = '55000',
      DETAIL = 'The digests that people are found by are not complete; after a crash of the server they are gone.',
      HINT = 'Call gdpr.import_optouts_prepare() until it returns 0, then this chunk again.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_prepared(bigint) IS 'Stops unless an import has read everybody''s addresses';

--| What a chunk of a list does, counted by value.
CREATE OR REPLACE FUNCTION gdpr_internal.optout_do(target gdpr_internal.run, digests uuid[]) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  valid bigint := cardinality(array_remove(digests, NULL));
  wanted uuid[] := ARRAY(SELECT DISTINCT d FROM unnest(digests) AS d WHERE d IS NOT NULL ORDER BY d);
  met record;
  rest record;
  fate int[];
BEGIN
  met := gdpr_internal.optout_match(target, wanted);
  rest := gdpr_internal.optout_suppress(target, CASE WHEN met.known = '{}' THEN wanted
    ELSE ARRAY(SELECT unnest(wanted) EXCEPT SELECT unnest(met.known)) END);
  fate := ARRAY(SELECT v::int FROM jsonb_each_text(met.fates) AS f(k, v));
  RETURN jsonb_build_object('matched', cardinality(array_positions(fate, 2)), 'people', met.people, 'kept', rest.kept,
    'newer', cardinality(array_positions(fate, 1)) + rest.newer,
    'already', valid - cardinality(array_positions(fate, 2)) - cardinality(array_positions(fate, 1)) - rest.newer - rest.kept,
    'invalid', cardinality(digests) - valid) || met.by_type;
END
$$;
COMMENT ON FUNCTION gdpr_internal.optout_do(gdpr_internal.run, uuid[]) IS 'Opts out and suppresses what a chunk of a list names; counts by value';

--| One chunk of a list, exactly once: in the transaction that does it, it stands in the ledger.
CREATE OR REPLACE FUNCTION gdpr.import_optouts_chunk(
  run bigint, chunk int, "values" text[], OUT matched bigint, OUT people bigint, OUT kept bigint, OUT already bigint, OUT newer bigint, OUT invalid int[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  target gdpr_internal.run := gdpr_internal.optout_run(import_optouts_chunk.run);
  digests uuid[];
  counts jsonb;
BEGIN
  IF import_optouts_chunk."values" IS NULL OR import_optouts_chunk.chunk IS NULL THEN
    RAISE EXCEPTION 'a chunk of an opt-out list needs its number and its values' USING ERRCODE = '22004';
  END IF;
  digests := gdpr_internal.entry_digests(target.options->>'channel', target.options->>'kind', import_optouts_chunk."values");
  -- whoever does the same chunk at the same time waits here
  INSERT INTO gdpr_internal.chunk AS c (run, chunk, state, keys, people, upto, attempts, begun_at, done_at)
  VALUES (target.run, import_optouts_chunk.chunk, 'done', '{}', cardinality(digests), cardinality(digests), 1, clock_timestamp(), clock_timestamp())
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    SELECT c.rows INTO counts FROM gdpr_internal.chunk AS c WHERE c.run = target.run AND c.chunk = import_optouts_chunk.chunk;
  ELSE
    PERFORM gdpr_internal.require_prepared(target.run);
    counts := gdpr_internal.optout_do(target, digests);
    UPDATE gdpr_internal.chunk AS c SET rows = counts, changed = (counts->>'people')::int, done_at = clock_timestamp()
    WHERE c.run = target.run AND c.chunk = import_optouts_chunk.chunk;
  END IF;
  matched := (counts->>'matched')::bigint;
  people := (counts->>'people')::bigint;
  kept := (counts->>'kept')::bigint;
  already := (counts->>'already')::bigint;
  newer := (counts->>'newer')::bigint;
  invalid := array_positions(digests, NULL);
END
$$;
COMMENT ON FUNCTION gdpr.import_optouts_chunk(bigint, int, text[]) IS
  'Imports one numbered chunk of an opt-out list: values that opted somebody out, people opted out, values newly suppressed, '
  'values that changed nothing, values left alone because of a later opt-in, places of values that are none. Done before: the same counts';

--| What an import has done so far.
CREATE OR REPLACE FUNCTION gdpr_internal.optout_totals(
  run bigint, OUT matched bigint, OUT people bigint, OUT kept bigint, OUT already bigint, OUT newer bigint, OUT invalid bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(sum((c.rows->>'matched')::bigint), 0), coalesce(sum((c.rows->>'people')::bigint), 0),
    coalesce(sum((c.rows->>'kept')::bigint), 0), coalesce(sum((c.rows->>'already')::bigint), 0),
    coalesce(sum((c.rows->>'newer')::bigint), 0), coalesce(sum((c.rows->>'invalid')::bigint), 0)
  FROM gdpr_internal.chunk AS c WHERE c.run = $1
$$;
COMMENT ON FUNCTION gdpr_internal.optout_totals(bigint) IS 'Totals of the chunks of an import, by value';

--| Ends an import, in the one way or the other: one row for each bulk change, and its digests of people go.
CREATE OR REPLACE FUNCTION gdpr_internal.optouts_end(target gdpr_internal.run, state text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO gdpr_internal.consent_batch AS b (batch, subject_type, action, purpose, selection, people, comment, app_user, owner, at)
  SELECT (t.batch)::bigint, t.subject_type, 'opted_out', (target).options->>'purpose', (target).options->>'source', n.people,
    (target).reason, nullif(current_setting('gdpr.app_user', true), ''), (target).started_by, clock_timestamp()
  FROM jsonb_each_text((target).options->'batches') AS t(subject_type, batch)
  CROSS JOIN LATERAL (SELECT sum((c.rows->>('people of ' || t.subject_type))::bigint) AS people
                      FROM gdpr_internal.chunk AS c WHERE c.run = (target).run) AS n
  WHERE n.people > 0 AND NOT ((target).options->>'dry_run')::boolean;
  IF EXISTS (SELECT FROM gdpr_internal.optout_page AS p WHERE p.run <> (target).run) THEN
    DELETE FROM gdpr_internal.optout_address AS a WHERE a.run = (target).run;
    DELETE FROM gdpr_internal.optout_page AS p WHERE p.run = (target).run;
  ELSE
    TRUNCATE gdpr_internal.optout_address, gdpr_internal.optout_page;
  END IF;
  IF ((target).options->>'dry_run')::boolean THEN
    DELETE FROM gdpr_internal.run AS r WHERE r.run = (target).run;
  ELSE
    UPDATE gdpr_internal.run AS r
    SET state = optouts_end.state, finished_at = clock_timestamp(), (people, chunks) = (
      SELECT coalesce(sum(c.people), 0), count(*) FROM gdpr_internal.chunk AS c WHERE c.run = r.run)
    WHERE r.run = (target).run;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.optouts_end(gdpr_internal.run, text) IS
  'Ends an import of opt-outs, whose row is locked: finished or cancelled; a preview leaves nothing';

--| Ends an import whose list has been read.
CREATE OR REPLACE FUNCTION gdpr.import_optouts_finish(
  run bigint, OUT matched bigint, OUT people bigint, OUT kept bigint, OUT already bigint, OUT newer bigint, OUT invalid bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target gdpr_internal.run := gdpr_internal.optout_run(import_optouts_finish.run);
BEGIN
  -- waits for chunks that are being done: each refers to this row
  PERFORM FROM gdpr_internal.run AS r WHERE r.run = target.run FOR UPDATE;
  SELECT t.* INTO matched, people, kept, already, newer, invalid FROM gdpr_internal.optout_totals(target.run) AS t;
  PERFORM gdpr_internal.optouts_end(target, 'finished');
END
$$;
COMMENT ON FUNCTION gdpr.import_optouts_finish(bigint) IS
  'Ends an import of opt-outs and returns its totals, as import_optouts_chunk() counts; a preview leaves nothing';
