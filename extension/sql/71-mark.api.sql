-- SPDX-License-Identifier: PostgreSQL
-- gdpr-batch mark: one decision of everybody whom a table or view names, in slices. What gdpr.mark_all()
-- does in one transaction, by the same functions; who cannot take the step is left out and recorded.

--| The people that a table or view names become the chunks of a run, in the order of their keys: read once,
--| as its owner.
CREATE OR REPLACE FUNCTION gdpr_internal.run_add_selection(target gdpr_internal.run, selection regclass, chunk_rows int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  q record := gdpr_internal.selection_sql(target.subject_type, selection);
BEGIN
  EXECUTE format(
    'INSERT INTO gdpr_internal.chunk (run, chunk, keys, people)
     SELECT $1, (x.n - 1) / $5 + 1, array_agg(x.key ORDER BY x.n), count(*) FROM (%s) AS x(key, n) GROUP BY 2',
    CASE WHEN q.direct THEN 'SELECT r.key, row_number() OVER () FROM gdpr_internal.query_as_owner($2, $3) AS r(key text)'
    ELSE 'SELECT c.key, row_number() OVER (ORDER BY c.key) FROM (
            SELECT DISTINCT k AS key FROM (
              SELECT gdpr_internal.canonical_keys($4, array_agg(r.key)) AS keys
              FROM (SELECT r.key, row_number() OVER () / 10000 AS page FROM gdpr_internal.query_as_owner($2, $3) AS r(key text)) AS r
              GROUP BY r.page) AS p, unnest(p.keys) AS k) AS c' END)
  USING target.run, selection, q.statement, target.subject_type, chunk_rows;
  PERFORM gdpr_internal.refuse_nameless(EXISTS (
    SELECT FROM gdpr_internal.chunk AS c WHERE c.run = target.run AND array_position(c.keys, NULL) IS NOT NULL));
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_add_selection(gdpr_internal.run, regclass, int) IS
  'Makes chunks of a run of the people that a table or view names, read once, as its owner';

--| Starts gdpr-batch mark: reads the selection into a run that may be worked on. NULL: it is empty, or
--| everybody is there already by the same change.
CREATE OR REPLACE FUNCTION gdpr_internal.run_start_mark(
  subject_type text, selection regclass, state text, purpose text DEFAULT NULL, medium text DEFAULT NULL,
  comment text DEFAULT NULL, attachment bytea DEFAULT NULL, channel text DEFAULT NULL, form text DEFAULT NULL,
  chunk_rows int DEFAULT 1000, options jsonb DEFAULT '{}') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  d gdpr_internal.consent_state;
  b gdpr_internal.consent_batch;
  target gdpr_internal.run;
BEGIN
  d := gdpr_internal.bulk_decision(run_start_mark.subject_type, run_start_mark.state, run_start_mark.purpose,
    run_start_mark.medium, run_start_mark.channel, run_start_mark.form);
  target.run := gdpr_internal.run_begin(run_start_mark.subject_type, 'mark as ' || d.state, 'error', 'mark', '{}');
  target.subject_type := run_start_mark.subject_type;
  PERFORM gdpr_internal.run_add_selection(target, run_start_mark.selection, run_start_mark.chunk_rows);
  b := gdpr_internal.bulk_facts(target.subject_type, run_start_mark.selection, d, run_start_mark.comment,
    gdpr_internal.add_attachment(run_start_mark.attachment, NULL, NULL));
  SELECT count(*), gdpr_internal.selection_digest(b, d, count(*), sum(x.h), bit_xor(x.h)) INTO b.people, b.selection_digest
  FROM (SELECT hashtextextended(k, 1) AS h FROM gdpr_internal.chunk AS c, unnest(c.keys) AS k WHERE c.run = target.run OFFSET 0) AS x;
  IF b.people = 0 OR gdpr_internal.mark_is_done(target.run, b) THEN
    RAISE NOTICE '%', CASE b.people WHEN 0 THEN 'the selection is empty'
      ELSE 'everybody is there already by the same change; nothing was written' END;
    PERFORM gdpr.run_cancel(target.run);
    PERFORM gdpr_internal.rewrite_history('attachments', ARRAY[b.attachment]) WHERE b.attachment IS NOT NULL;
    RETURN NULL;
  END IF;
  UPDATE gdpr_internal.run AS r
  SET options = run_start_mark.options || jsonb_strip_nulls(jsonb_build_object('batch', b.batch, 'selection', b.selection, 'state', d.state,
    'purpose', d.purpose, 'medium', d.medium, 'channel', d.channel, 'form', d.form || ':' || d.form_version))
    -- a few people's comment and scan are theirs: here until the events are written
    || CASE WHEN b.people <= gdpr_internal.bulk_few() THEN jsonb_strip_nulls(jsonb_build_object('comment', b.comment, 'attachment', b.attachment,
      'app_user', b.app_user)) ELSE '{}' END
  WHERE r.run = target.run;
  IF b.people <= gdpr_internal.bulk_few() THEN
    b.comment := NULL;
    b.attachment := NULL;
    b.app_user := NULL;
  END IF;
  INSERT INTO gdpr_internal.consent_batch SELECT b.*;
  PERFORM gdpr.run_ready(target.run);
  RETURN target.run;
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_start_mark(text, regclass, text, text, text, text, bytea, text, text, int, jsonb) IS
  'Starts gdpr-batch mark: reads the selection into a run; NULL: it is empty, or everybody is there already by the same change';

--| Starts gdpr-batch mark.
CREATE OR REPLACE FUNCTION gdpr.run_start_mark(
  subject_type text, selection regclass, state text, purpose text DEFAULT NULL, medium text DEFAULT NULL,
  comment text DEFAULT NULL, attachment bytea DEFAULT NULL, channel text DEFAULT NULL, form text DEFAULT NULL,
  chunk_rows int DEFAULT 1000, options jsonb DEFAULT '{}') RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.run_start_mark(text, regclass, text, text, text, text, bytea, text, text, int, jsonb) IS
  'Starts gdpr-batch mark: reads the selection into a run that may be worked on, and takes its lock; NULL: it is empty, or everybody is there already by the same change';

--| Whether an earlier bulk change with the same facts has brought everybody of a run there. A request can be
--| sent again, so it never is.
CREATE OR REPLACE FUNCTION gdpr_internal.mark_is_done(run bigint, b gdpr_internal.consent_batch) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  same bigint[] := ARRAY(SELECT x.batch FROM gdpr_internal.consent_batch AS x WHERE x.selection_digest = b.selection_digest);
  result boolean;
BEGIN
  IF b.action = 'pending' OR same = '{}' THEN
    RETURN false;
  END IF;
  -- planned for as many people as there are
  EXECUTE 'SELECT NOT EXISTS (
      SELECT FROM gdpr_internal.chunk AS c CROSS JOIN LATERAL unnest(c.keys) AS u(key)
      LEFT JOIN (gdpr_internal.consent_state AS o JOIN gdpr_internal.consent_event AS e ON e.event = o.event AND e.batch = ANY ($4))
        ON o.subject_type = $2 AND o.purpose = $3 AND o.subject_key = u.key COLLATE "C"
      WHERE c.run = $1 AND o.event IS NULL)'
  INTO result USING mark_is_done.run, b.subject_type, b.purpose, same;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.mark_is_done(bigint, gdpr_internal.consent_batch) IS
  'Whether an earlier bulk change with the same facts has brought everybody of a run there';

--| What a slice of gdpr-batch mark writes: the batch, the decision, and what belongs to each event.
CREATE OR REPLACE FUNCTION gdpr_internal.mark_facts(
  target gdpr_internal.run, OUT b gdpr_internal.consent_batch, OUT d gdpr_internal.consent_state, OUT detailed boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  o jsonb := target.options;
BEGIN
  SELECT x.* INTO b FROM gdpr_internal.consent_batch AS x WHERE x.batch = (o->>'batch')::bigint;
  d := gdpr_internal.bulk_decision(target.subject_type, o->>'state', nullif(o->>'purpose', ''), o->>'medium', o->>'channel', o->>'form');
  -- Each slice decides when it is done: nobody's decision gets an older date than what it follows.
  b.at := clock_timestamp();
  IF b.people <= gdpr_internal.bulk_few() THEN
    b.comment := o->>'comment';
    b.attachment := (o->>'attachment')::bigint;
    b.app_user := o->>'app_user';
  END IF;
  detailed := b.people <= gdpr_internal.bulk_few() AND coalesce(b.comment, b.app_user, b.attachment::text) IS NOT NULL;
END
$$;
COMMENT ON FUNCTION gdpr_internal.mark_facts(gdpr_internal.run) IS
  'What a slice of gdpr-batch mark writes: batch, decision, and whether each event has details of its own';

--| Who of these people is not there, or may not decide this: missing, anonymized, children.
CREATE OR REPLACE FUNCTION gdpr_internal.mark_absent(target gdpr_internal.run, keys text[])
RETURNS TABLE(subject_key text, state text, sqlstate text, reason text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(target.subject_type);
  there int[] := (gdpr_internal.collect(gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name),
    gdpr_internal.find_subject_sql(s.subject_type), keys)).people;
BEGIN
  RETURN QUERY
  SELECT k.key, CASE WHEN f.subject_key IS NOT NULL THEN 'frozen' WHEN p IS NULL THEN 'missing' ELSE 'failed' END,
    CASE WHEN f.subject_key IS NULL AND p IS NOT NULL THEN 'PD011' END,
    CASE WHEN f.subject_key IS NULL AND p IS NOT NULL THEN 'a child cannot consent alone' END
  FROM unnest(keys) WITH ORDINALITY AS k(key, n)
  LEFT JOIN unnest(there) AS p ON p = k.n
  LEFT JOIN gdpr_internal.frozen AS f ON f.subject_type = s.subject_type AND f.subject_key = k.key
  LEFT JOIN gdpr_internal.minors(s.subject_type, keys, clock_timestamp()) AS m
    ON m.subject_key = k.key AND target.options->>'state' = 'accepted'
  WHERE p IS NULL OR f.subject_key IS NOT NULL OR m.subject_key IS NOT NULL;
END
$$;
COMMENT ON FUNCTION gdpr_internal.mark_absent(gdpr_internal.run, text[]) IS
  'Who of these people is missing, anonymized, or a child that cannot decide this';

--| Who of these people cannot take the step, from where they stand now: already there by the same change,
--| decided since the run began, or the step is not legal.
CREATE OR REPLACE FUNCTION gdpr_internal.mark_stayers(target gdpr_internal.run, keys text[], b gdpr_internal.consent_batch)
RETURNS TABLE(subject_key text, state text, sqlstate text, reason text)
LANGUAGE sql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  SELECT x.subject_key, CASE WHEN x.done OR e.since THEN 'skipped' ELSE 'failed' END,
    CASE WHEN NOT x.done AND e.since IS NOT TRUE THEN 'PD006' END,
    CASE WHEN x.done THEN 'is there already by the same change' WHEN e.since THEN 'decided since the run began'
         ELSE format('consent cannot go from "%s" to "%s"', e.start, ($3).action) END
  FROM gdpr_internal.standings($2, $3) AS x
  CROSS JOIN LATERAL (
    SELECT CASE WHEN x.lapsed AND ($3).action <> 'withdrawn' THEN 'pending' ELSE x.state END AS start,
      (SELECT bool_or(v.at > ($1).started_at AND v.batch IS DISTINCT FROM ($3).batch) FROM gdpr_internal.consent_state AS c
       JOIN gdpr_internal.consent_event AS v ON v.event = c.event
       WHERE c.subject_type = ($1).subject_type AND c.subject_key = x.subject_key AND c.purpose IN (($3).purpose, '')) AS since OFFSET 0) AS e
  WHERE x.done AND ($3).action <> 'pending' OR e.since OR NOT gdpr_internal.may_follow(e.start, ($3).action)
$$;
COMMENT ON FUNCTION gdpr_internal.mark_stayers(gdpr_internal.run, text[], gdpr_internal.consent_batch) IS
  'Who of these people cannot take the step now, or has taken it by the same change';

--| Notes people of a slice who are left out.
CREATE OR REPLACE FUNCTION gdpr_internal.mark_note(run bigint, chunk int, left_out jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO gdpr_internal.run_person (run, chunk, subject_key, state, sqlstate, reason, settled)
  SELECT $1, $2, x.subject_key, x.state, x.sqlstate, x.reason, x.state IN ('skipped', 'frozen')
  FROM jsonb_to_recordset($3) AS x(subject_key text, state text, sqlstate text, reason text)
$$;
COMMENT ON FUNCTION gdpr_internal.mark_note(bigint, int, jsonb) IS 'Notes people of a slice who are left out, and why';

--| A slice of gdpr-batch mark: an event for each person who can take the step.
CREATE OR REPLACE FUNCTION gdpr_internal.work_mark(target gdpr_internal.run, chunk int, keys text[]) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  f record;
  left_out jsonb;
  others text[];
  new record;
  written bigint := 0;
BEGIN
  PERFORM gdpr_internal.hold_settings(target.subject_type);
  f := gdpr_internal.mark_facts(target);
  SELECT jsonb_agg(to_jsonb(a)) INTO left_out FROM gdpr_internal.mark_absent(target, keys) AS a;
  IF left_out IS NOT NULL THEN
    PERFORM gdpr_internal.mark_note(target.run, work_mark.chunk, left_out);
    keys := ARRAY(SELECT unnest(keys) EXCEPT SELECT a->>'subject_key' FROM jsonb_array_elements(left_out) AS a);
  END IF;
  others := keys;
  PERFORM gdpr_internal.require_people(target.subject_type, keys);
  IF (f.b).action <> 'pending' THEN
    IF gdpr_internal.may_follow('pending', (f.b).action) THEN
      new := gdpr_internal.mark_new(keys, f.b, f.d, f.detailed);
      written := new.written;
      others := coalesce(new.others, '{}');
      keys := ARRAY(SELECT unnest(keys) EXCEPT SELECT unnest(others));
      PERFORM gdpr_internal.queue_leaving(target.subject_type, keys, (f.b).action, (f.b).purpose),
              gdpr_internal.write_inline(target.subject_type, keys)
      WHERE keys <> '{}';
    END IF;
    PERFORM gdpr_internal.lock_masks(target.subject_type, others) WHERE others <> '{}';
  END IF;
  IF others <> '{}' THEN
    SELECT jsonb_agg(to_jsonb(a)) INTO left_out FROM gdpr_internal.mark_stayers(target, others, f.b) AS a;
    IF left_out IS NOT NULL THEN
      PERFORM gdpr_internal.mark_note(target.run, work_mark.chunk, left_out);
      others := ARRAY(SELECT unnest(others) EXCEPT SELECT a->>'subject_key' FROM jsonb_array_elements(left_out) AS a);
    END IF;
  END IF;
  IF others <> '{}' THEN
    written := written + CASE WHEN (f.b).action = 'pending' THEN gdpr_internal.mark_asked(others, f.b, f.d, f.detailed)
                              ELSE gdpr_internal.mark_known(others, f.b, f.d, f.detailed) END;
  END IF;
  RETURN jsonb_build_object('events', written);
END
$$;
COMMENT ON FUNCTION gdpr_internal.work_mark(gdpr_internal.run, int, text[]) IS
  'A slice of gdpr-batch mark: an event for each person who can take the step; the others are noted';

--| What gdpr-batch mark would meet in one chunk; changes nothing. NULL: there is no such chunk.
CREATE OR REPLACE FUNCTION gdpr.run_preview_mark(run bigint, chunk int) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  target gdpr_internal.run := gdpr_internal.run_in_state(run_preview_mark.run, 'running');
  f record := gdpr_internal.mark_facts(target);
  keys text[] := (SELECT c.keys FROM gdpr_internal.chunk AS c WHERE c.run = target.run AND c.chunk = run_preview_mark.chunk);
  absent text[];
  result jsonb;
BEGIN
  IF keys IS NULL THEN
    RETURN NULL;
  END IF;
  SELECT array_agg(a.subject_key), jsonb_object_agg(a.what, a.n) INTO absent, result
  FROM (SELECT unnest(array_agg(x.subject_key)) AS subject_key, coalesce(x.reason, x.state) AS what, count(*) AS n
        FROM gdpr_internal.mark_absent(target, keys) AS x GROUP BY 2) AS a;
  keys := ARRAY(SELECT unnest(keys) EXCEPT SELECT unnest(absent));
  SELECT gdpr_internal.run_sum(coalesce(result, '{}'), jsonb_object_agg(coalesce(s.reason, 'marked'), s.n)) INTO result
  FROM (SELECT x.reason, count(*) AS n FROM unnest(keys) AS k(key)
        LEFT JOIN gdpr_internal.mark_stayers(target, keys, f.b) AS x ON x.subject_key = k.key GROUP BY 1) AS s;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr.run_preview_mark(bigint, int) IS
  'What gdpr-batch mark would meet in one chunk: people by what would become of them; NULL: there is no such chunk';

--| Somebody leaves whom an unfinished run marks, with a comment or a scan that is a few people's own: nobody gets it any more.
CREATE OR REPLACE FUNCTION gdpr_internal.forget_mark_facts(subject_type text, keys text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  r gdpr_internal.run;
BEGIN
  FOR r IN
    SELECT x.* FROM gdpr_internal.run AS x
    WHERE x.job = 'mark' AND x.subject_type = forget_mark_facts.subject_type AND x.state IN ('running', 'paused')
      AND x.options ?| '{comment,attachment,app_user}'
      AND (EXISTS (SELECT FROM gdpr_internal.chunk AS c WHERE c.run = x.run AND c.keys && forget_mark_facts.keys)
        OR EXISTS (SELECT FROM gdpr_internal.consent_event AS e
                   WHERE e.subject_type = x.subject_type AND e.subject_key = ANY (forget_mark_facts.keys) AND e.batch = (x.options->>'batch')::bigint))
  LOOP
    PERFORM gdpr_internal.mark_finish(r);
    PERFORM gdpr_internal.rewrite_history('attachments', ARRAY[(r.options->>'attachment')::bigint])
    WHERE r.options ? 'attachment'
      AND NOT EXISTS (SELECT FROM gdpr_internal.consent_detail AS d WHERE d.attachment = (r.options->>'attachment')::bigint);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.forget_mark_facts(text, text[]) IS
  'Takes comment, attachment and user of the application out of unfinished runs that mark people who leave';

--| The end of gdpr-batch mark: what belonged to a few people is in their events now.
CREATE OR REPLACE FUNCTION gdpr_internal.mark_finish(target gdpr_internal.run) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE gdpr_internal.run AS r SET options = r.options - '{comment,attachment,app_user}'::text[] WHERE r.run = ($1).run
$$;
COMMENT ON FUNCTION gdpr_internal.mark_finish(gdpr_internal.run) IS
  'The end of gdpr-batch mark: what belonged to a few people leaves the ledger';
