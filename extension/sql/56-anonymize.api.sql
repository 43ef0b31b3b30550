-- SPDX-License-Identifier: PostgreSQL

--| Rows that came while we worked: a history trigger that copied old rows, a row that a trigger
--| re-pointed. Searched again with the values the person had before.
CREATE OR REPLACE FUNCTION gdpr_internal.late_rows(step jsonb, hits gdpr_internal.found_rows[])
RETURNS gdpr_internal.found_rows
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  self integer := (step->>'step')::integer;
  known gdpr_internal.found_rows := late_rows.hits[self];
  again gdpr_internal.found_rows;
  result gdpr_internal.found_rows;
BEGIN
  late_rows.hits[self] := NULL;
  again := gdpr_internal.find_step(step, late_rows.hits);
  SELECT array_agg(x.relid), array_agg(x.tid), array_agg(x.person), jsonb_agg((again).vals -> (x.n::integer - 1))
  INTO result.relids, result.tids, result.people, result.vals
  FROM unnest((again).relids, (again).tids, (again).people) WITH ORDINALITY AS x(relid, tid, person, n)
  WHERE NOT EXISTS (
    SELECT FROM (SELECT k.relid, unnest(gdpr_internal.latest_tids(k.relid, array_agg(k.tid))) AS tid
                 FROM unnest((known).relids, (known).tids) AS k(relid, tid) GROUP BY k.relid) AS done
    WHERE done.relid = x.relid AND done.tid = x.tid);
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.late_rows(jsonb, gdpr_internal.found_rows[]) IS
  'Rows of these people that appeared during the erasure, written by triggers for example';

--| Late rows of every table, changed like the others, until nothing new appears.
CREATE OR REPLACE FUNCTION gdpr_internal.change_late(
  plan jsonb, INOUT hits gdpr_internal.found_rows[], own jsonb, OUT changed gdpr_internal.row_count[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  step jsonb;
  n integer;
  late gdpr_internal.found_rows;
  more boolean := true;
BEGIN
  changed := '{}';
  FOR pass IN 1..5 LOOP
    EXIT WHEN NOT more;
    more := false;
    FOR step IN
      SELECT s FROM jsonb_array_elements(plan->'steps') AS s
      WHERE s->>'scope' = 'owned' AND jsonb_array_length(s->'links') > 0 ORDER BY (s->>'step')::integer
    LOOP
      n := (step->>'step')::integer;
      late := gdpr_internal.late_rows(step, change_late.hits);
      CONTINUE WHEN (late).tids IS NULL;
      more := true;
      change_late.changed := change_late.changed || gdpr_internal.change_step(step, late, own, true);
      change_late.hits[n] := gdpr_internal.merge_rows(change_late.hits[n], late);
    END LOOP;
  END LOOP;
  IF more THEN
    RAISE EXCEPTION 'triggers keep adding rows of the person who is anonymized'
      USING ERRCODE = 'PD004', HINT = 'gdpr.preflight() names the triggers; nothing was changed.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.change_late(jsonb, gdpr_internal.found_rows[], jsonb) IS
  'Changes rows that triggers wrote during the erasure, until there are no more';

--| The last look: where triggers ran, no column with a constant answer may hold anything else.
CREATE OR REPLACE FUNCTION gdpr_internal.last_look(plan jsonb, hits gdpr_internal.found_rows[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  step jsonb;
  leaf record;
  left_over bigint;
BEGIN
  FOR step IN
    SELECT s FROM jsonb_array_elements(plan->'steps') AS s
    WHERE s->>'left' IS NOT NULL AND s->>'on_erase' <> 'delete'
  LOOP
    FOR leaf IN
      SELECT x.relid, gdpr_internal.latest_tids(x.relid, array_agg(x.tid)) AS tids
      FROM unnest((last_look.hits[(step->>'step')::integer]).relids,
                  (last_look.hits[(step->>'step')::integer]).tids) AS x(relid, tid) GROUP BY x.relid
    LOOP
      SELECT r.n INTO left_over FROM gdpr_internal.query_as_owner(leaf.relid, format(
        'SELECT pg_catalog.count(*) FROM ONLY %s AS t WHERE t.ctid OPERATOR(pg_catalog.=) ANY ($1) AND (%s)',
        leaf.relid::regclass, step->>'left'), leaf.tids) AS r(n bigint);
      IF left_over > 0 THEN
        RAISE EXCEPTION 'a trigger on table % keeps old values', leaf.relid::regclass
          USING ERRCODE = 'PD004', DETAIL = format('%s rows were changed back.', left_over),
                HINT = 'gdpr.preflight() names the triggers; nothing was changed.';
      END IF;
    END LOOP;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.last_look(jsonb, gdpr_internal.found_rows[]) IS
  'Looks at the changed rows once more; an error if a trigger put an old value back';

--| Every table once, shared rows decided while everybody still points at them; updates before
--| deletes, children deleted before parents.
CREATE OR REPLACE FUNCTION gdpr_internal.change_all(
  plan jsonb, INOUT hits gdpr_internal.found_rows[], OUT changed gdpr_internal.row_count[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own jsonb := CASE WHEN (plan->>'redacts')::boolean THEN gdpr_internal.own_values(plan, hits) END;
  triggers boolean := (plan->>'triggers')::boolean;
  moves boolean := triggers OR (plan->>'cascades')::boolean;
  step jsonb;
  n integer;
  going gdpr_internal.found_rows;
  late record;
BEGIN
  changed := '{}';
  FOR step IN SELECT s FROM jsonb_array_elements(plan->'steps') AS s WHERE s->>'scope' = 'shared' LOOP
    n := (step->>'step')::integer;
    going := gdpr_internal.without_needed(step, change_all.hits);
    changed := changed || gdpr_internal.redact_staying(step, change_all.hits[n], going, own, moves);
    change_all.hits[n] := going;
  END LOOP;
  FOR step IN
    SELECT s FROM jsonb_array_elements(plan->'steps') AS s
    ORDER BY s->>'on_erase' = 'delete',
      CASE WHEN s->>'on_erase' = 'delete' THEN -(s->>'step')::integer ELSE (s->>'step')::integer END
  LOOP
    changed := changed || gdpr_internal.change_step(step, change_all.hits[(step->>'step')::integer], own, moves);
  END LOOP;
  IF triggers THEN
    late := gdpr_internal.change_late(plan, change_all.hits, own);
    change_all.hits := late.hits;
    changed := changed || late.changed;
    PERFORM gdpr_internal.last_look(plan, change_all.hits);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.change_all(jsonb, gdpr_internal.found_rows[]) IS
  'Changes every found row, then looks for rows that triggers wrote meanwhile';

--| The keys by which people are known from now on: the old ones, unless the key itself was personal.
CREATE OR REPLACE FUNCTION gdpr_internal.keys_after(plan jsonb, keys text[], people gdpr_internal.found_rows)
RETURNS TABLE (person integer, frozen_key text, recorded_key text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  domain CONSTANT text := 'subject key';
BEGIN
  IF NOT (plan->>'key_is_personal')::boolean THEN
    RETURN QUERY SELECT p, k.key, k.key FROM unnest((keys_after.people).people) AS p
      JOIN unnest(keys) WITH ORDINALITY AS k(key, n) ON k.n = p;
  ELSE
    RETURN QUERY
    SELECT now.person, v.value, gdpr_internal.keyed_digest(domain, k.key)
    FROM (SELECT x.relid, unnest(gdpr_internal.latest_tids(x.relid, array_agg(x.tid ORDER BY x.person))) AS tid,
                 unnest(array_agg(x.person ORDER BY x.person)) AS person
          FROM unnest((keys_after.people).relids, (keys_after.people).tids, (keys_after.people).people)
            AS x(relid, tid, person)
          GROUP BY x.relid) AS now
    JOIN unnest(keys) WITH ORDINALITY AS k(key, n) ON k.n = now.person
    CROSS JOIN LATERAL gdpr_internal.values_of(ARRAY[now.relid], ARRAY[now.tid],
      ARRAY(SELECT jsonb_array_elements_text(plan->'key_columns')::name)) AS v;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.keys_after(jsonb, text[], gdpr_internal.found_rows) IS
  'For each person the key that stays valid and the key to keep in the certificate (a digest if it was personal)';

--| Freezes the people and writes their certificates.
CREATE OR REPLACE FUNCTION gdpr_internal.freeze_people(
  subject_type text, plan gdpr_internal.erasure_plan, keys text[], reason text,
  run bigint, chunk integer, hits gdpr_internal.found_rows[])
RETURNS SETOF bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH person AS MATERIALIZED (
    SELECT nextval('gdpr_internal.erasure_erasure_seq') AS erasure, k.frozen_key, k.recorded_key,
      coalesce(c.rows, 0) AS rows
    FROM gdpr_internal.keys_after((freeze_people.plan).body, keys, freeze_people.hits[1]) AS k
    LEFT JOIN (SELECT p, count(*) AS rows
               FROM unnest(freeze_people.hits) AS f, unnest((f).people) AS p GROUP BY p) AS c ON c.p = k.person
  ), frozen AS (
    INSERT INTO gdpr_internal.frozen AS f (subject_type, subject_key, erasure)
    SELECT freeze_people.subject_type, p.frozen_key, p.erasure FROM person AS p
  ), certificate AS (
    INSERT INTO gdpr_internal.erasure AS e
      (erasure, subject_type, subject_key, key_digest, reason, erased_by, run, chunk, rows_changed, plan, wal_lsn)
    OVERRIDING SYSTEM VALUE
    SELECT p.erasure, freeze_people.subject_type, p.recorded_key, p.recorded_key <> p.frozen_key,
      freeze_people.reason, who.name, freeze_people.run, freeze_people.chunk, p.rows, (freeze_people.plan).plan, who.lsn
    FROM person AS p, (SELECT gdpr_internal.caller()::text AS name, pg_current_wal_insert_lsn() AS lsn OFFSET 0) AS who
  )
  SELECT p.erasure FROM person AS p;

  INSERT INTO gdpr_internal.frozen_value AS v (link, value)
  SELECT DISTINCT (f->>'link')::integer,
    CASE WHEN jsonb_array_length(f->'columns') = 1 THEN e.vals->>((f->'columns'->>0)::integer)
    ELSE gdpr_internal.row_literal(e.vals, f->'columns') END
  FROM jsonb_array_elements((freeze_people.plan).body->'freezes') AS f,
    jsonb_array_elements((freeze_people.hits[(f->>'parent')::integer]).vals) AS e(vals)
  WHERE NOT EXISTS (SELECT FROM jsonb_array_elements_text(f->'columns') AS c
                    WHERE e.vals->>(c::integer) IS NULL)
  ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION gdpr_internal.freeze_people(text, gdpr_internal.erasure_plan, text[], text, bigint, integer, gdpr_internal.found_rows[]) IS
  'Marks people as frozen and writes one certificate each';

--| ROW(a, b)::text from the texts of a found row; positions count from 1, element 0 is the person.
CREATE OR REPLACE FUNCTION gdpr_internal.row_literal(vals jsonb, positions jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT '(' || string_agg(CASE
      WHEN v = '' OR v ~ '[",()\\[:space:]]'
        THEN '"' || replace(replace(v, '\', '\\'), '"', '""') || '"'
      ELSE v END, ',' ORDER BY n) || ')'
  FROM (SELECT $1->>(p::integer) AS v, n FROM jsonb_array_elements_text($2) WITH ORDINALITY AS u(p, n)) AS x
$$;
COMMENT ON FUNCTION gdpr_internal.row_literal(jsonb, jsonb) IS
  'Row literal of several column texts, as PostgreSQL writes it';

--| The erasure itself: one transaction, all or nothing (people of a run who cannot go are recorded
--| and left out). A trial asks no blockers and is rolled back by its caller.
CREATE OR REPLACE FUNCTION gdpr_internal.erase_people(
  subject_type text, subject_keys text[], reason text, unclassified text,
  run bigint DEFAULT NULL, chunk integer DEFAULT NULL, trial boolean DEFAULT false,
  OUT changed gdpr_internal.row_count[], OUT erasures bigint[])
-- Arrays of unknown length make costs look high, and compiling such a query takes longer than running
-- it. Nor may a plan for ten elements, which joins them in nested loops, be kept for ten thousand.
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  keys text[];
  plan gdpr_internal.erasure_plan;
  people gdpr_internal.found_rows;
  going integer[];
  hits gdpr_internal.found_rows[];
  done record;
  stale jsonb;
  audited jsonb;
BEGIN
  PERFORM gdpr_internal.check_erasable(erase_people.subject_type, erase_people.reason, erase_people.unclassified);
  keys := ARRAY(SELECT DISTINCT k FROM unnest(
    gdpr_internal.canonical_keys(erase_people.subject_type, erase_people.subject_keys)) AS k ORDER BY k);
  plan := gdpr_internal.current_plan(erase_people.subject_type);
  PERFORM gdpr_internal.refuse_unclassified(plan.body, erase_people.unclassified);

  people := gdpr_internal.collect((plan.body->'steps'->0->>'relation')::oid,
    plan.body->'steps'->0->>'find', keys);
  going := gdpr_internal.people_who_go(
    erase_people.subject_type, keys, people.people, erase_people.run, erase_people.chunk, erase_people.trial);
  IF cardinality(going) IS DISTINCT FROM cardinality(people.people) THEN
    people := gdpr_internal.rows_of(people, going);
  END IF;
  IF people.tids IS NULL THEN RETURN; END IF;

  hits := gdpr_internal.find_all(plan.body, people);
  IF erase_people.run IS NOT NULL THEN
    -- With every row locked: whoever was queued for being idle may have shown up since.
    going := gdpr_internal.retention_stayers(erase_people.subject_type, keys, people.people, erase_people.run, erase_people.chunk);
    IF going <> '{}' THEN
      going := ARRAY(SELECT unnest(people.people) EXCEPT SELECT unnest(going));
      hits := ARRAY(SELECT gdpr_internal.rows_of(h, going) FROM unnest(hits) WITH ORDINALITY AS u(relids, tids, people, vals, n),
        LATERAL (SELECT ROW(u.relids, u.tids, u.people, u.vals)::gdpr_internal.found_rows AS h) AS r ORDER BY u.n);
      people := hits[1];
      IF people.tids IS NULL THEN RETURN; END IF;
    END IF;
  END IF;
  IF erase_people.run IS NULL AND NOT erase_people.trial THEN stale := gdpr_internal.stale_statistics(plan.body, hits); END IF;
  IF NOT erase_people.trial THEN
    PERFORM gdpr_internal.suppress_leaving(erase_people.subject_type, ARRAY(SELECT keys[p] FROM unnest(people.people) AS p));
    audited := gdpr_internal.audit_before(plan.body, hits, keys);
  END IF;
  done := gdpr_internal.change_all(plan.body, hits);
  changed := done.changed;
  erasures := ARRAY(SELECT gdpr_internal.freeze_people(erase_people.subject_type, plan, keys, erase_people.reason,
                                                erase_people.run, erase_people.chunk, done.hits));
  IF erase_people.run IS NOT NULL THEN
    PERFORM gdpr_internal.delete_people(erase_people.subject_type, plan.body, done.hits, keys);
  END IF;
  PERFORM gdpr_internal.erase_consent(erase_people.subject_type, keys, erasures, erase_people.run IS NULL AND NOT erase_people.trial);
  PERFORM gdpr_internal.erase_audit(erase_people.subject_type, people.people, keys, (plan.body->>'key_is_personal')::boolean, audited);
  IF erase_people.run IS NULL THEN
    PERFORM gdpr_internal.renew_statistics(stale);
    PERFORM gdpr_internal.run_settle(erase_people.subject_type, keys);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.erase_people(text, text[], text, text, bigint, integer, boolean) IS
  'Anonymizes people everywhere in one transaction and returns rows changed per table and certificate numbers';

--| Unclassified columns stop an erasure unless they are let through by name of the parameter.
CREATE OR REPLACE FUNCTION gdpr_internal.refuse_unclassified(plan jsonb, unclassified text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF unclassified = 'error' AND jsonb_array_length(plan->'unclassified') > 0 THEN
    RAISE EXCEPTION 'columns of the subject''s tables are not classified'
      USING ERRCODE = 'PD003',
        DETAIL = format('%s columns, among them %s.', jsonb_array_length(plan->'unclassified'),
          (SELECT string_agg(c, ', ') FROM (
            SELECT c FROM jsonb_array_elements_text(plan->'unclassified') AS c LIMIT 5) AS few)),
        HINT = 'gdpr.unclassified() gives a statement for each; unclassified => ''keep'' leaves them as they are.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refuse_unclassified(jsonb, text) IS
  'Raises PD003 when columns are not classified and were not let through';

--| Columns whose statistics hold one of the values that are about to go.
CREATE OR REPLACE FUNCTION gdpr_internal.stale_statistics(plan jsonb, hits gdpr_internal.found_rows[])
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  part record;
  result jsonb := '[]';
  stale text[];
BEGIN
  FOR part IN
    SELECT x.relid, array_agg(DISTINCT x.tid) AS tids,
      (s->'columns') || coalesce(s->'children'->(x.relid::text), '[]') AS columns
    FROM jsonb_array_elements(plan->'steps') AS s,
      unnest((stale_statistics.hits[(s->>'step')::integer]).relids,
             (stale_statistics.hits[(s->>'step')::integer]).tids) AS x(relid, tid)
    GROUP BY x.relid, s
  LOOP
    SELECT array_agg(DISTINCT r.relation) INTO stale
    FROM (SELECT string_agg(format(
            'SELECT pg_catalog.to_regclass(pg_catalog.format(''%%I.%%I'', s.schemaname, s.tablename))::pg_catalog.oid
             FROM ONLY %1$s AS t, pg_catalog.pg_stats AS s
             WHERE t.ctid OPERATOR(pg_catalog.=) ANY ($1) AND s.attname OPERATOR(pg_catalog.=) %2$L
               AND pg_catalog.to_regclass(pg_catalog.format(''%%I.%%I'', s.schemaname, s.tablename))::pg_catalog.oid OPERATOR(pg_catalog.=) ANY ($2)
               AND (t.%3$I::pg_catalog.text OPERATOR(pg_catalog.=) ANY (s.most_common_vals::pg_catalog.text::pg_catalog.text[])
                 OR t.%3$I::pg_catalog.text OPERATOR(pg_catalog.=) ANY (s.histogram_bounds::pg_catalog.text::pg_catalog.text[])
                 OR s.most_common_elems IS NOT NULL)',
            part.relid::regclass, c->>'column', c->>'column'), ' UNION ') AS statement
          FROM jsonb_array_elements(part.columns) AS c WHERE c ? 'set') AS q,
      LATERAL (SELECT o.relid::text AS relation  -- by number: to look a name up takes rights on its schema
        FROM gdpr_internal.query_as_owner(part.relid, q.statement, part.tids,
          ARRAY(SELECT a FROM gdpr_internal.self_and_ancestors(part.relid) AS a)) AS o(relid oid)) AS r
    WHERE q.statement IS NOT NULL;
    result := result || coalesce(to_jsonb(stale), '[]');
  END LOOP;
  RETURN (SELECT jsonb_agg(DISTINCT r) FROM jsonb_array_elements(result) AS r);
END
$$;
COMMENT ON FUNCTION gdpr_internal.stale_statistics(jsonb, gdpr_internal.found_rows[]) IS
  'Tables whose planner statistics hold a value of the people who are about to be anonymized';

--| A table and the tables it is a partition or child of.
CREATE OR REPLACE FUNCTION gdpr_internal.self_and_ancestors(relation oid) RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE up(relid) AS (
    SELECT $1 UNION SELECT i.inhparent FROM up AS u JOIN pg_inherits AS i ON i.inhrelid = u.relid)
  SELECT relid FROM up
$$;
COMMENT ON FUNCTION gdpr_internal.self_and_ancestors(oid) IS
  'The table itself and every table it is a partition or inheritance child of';

--| pg_statistic keeps samples of the values: taken again, as the table's owner, where they hold one.
CREATE OR REPLACE FUNCTION gdpr_internal.renew_statistics(relations jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation regclass;
BEGIN
  FOR relation IN SELECT r::oid FROM jsonb_array_elements_text(coalesce(relations, '[]')) AS r LOOP
    PERFORM gdpr_internal.execute_as_owner(relation, format('ANALYZE %s', relation));
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.renew_statistics(jsonb) IS
  'ANALYZE of tables whose statistics hold values of anonymized people';
