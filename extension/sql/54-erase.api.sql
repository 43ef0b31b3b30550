-- SPDX-License-Identifier: PostgreSQL
-- A person leaves: lock, ask the blockers again, find everything, change it, look again, freeze.

--| What must hold before anybody is touched.
CREATE OR REPLACE FUNCTION gdpr_internal.check_erasable(subject_type text, reason text, unclassified text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF coalesce(check_erasable.reason, '') = '' THEN
    RAISE EXCEPTION 'an erasure needs a reason'
      USING ERRCODE = 'null_value_not_allowed',
            HINT = 'The reason is kept in the certificate; write for example ''request 2024-17''.';
  END IF;
  IF check_erasable.unclassified IS NULL OR check_erasable.unclassified NOT IN ('error', 'keep') THEN
    RAISE EXCEPTION 'unknown treatment of unclassified columns'
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use unclassified => ''error'' or ''keep''.';
  END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'people can only be anonymized in a READ COMMITTED transaction'
      USING ERRCODE = 'active_sql_transaction',
            DETAIL = format('The isolation level is %s; blockers would be checked with an old snapshot.',
                            current_setting('transaction_isolation')),
            HINT = 'Start the transaction with BEGIN ISOLATION LEVEL READ COMMITTED.';
  END IF;
  IF NOT (gdpr_internal.subject(check_erasable.subject_type)).anonymization THEN
    RAISE EXCEPTION 'anonymization is not enabled for subject type "%"', check_erasable.subject_type
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Unregister it and register it again with anonymization => true.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.check_erasable(text, text, text) IS
  'Refuses an erasure that cannot be done as asked: arguments, isolation level, subject type';

--| People who cannot go: missing, frozen before, or held back by a blocker (asked with a new
--| snapshot, under the row locks).
CREATE OR REPLACE FUNCTION gdpr_internal.people_who_stay(
  subject_type text, keys text[], present integer[], ask_blockers boolean)
RETURNS TABLE (person integer, state text, sqlstate text, reason text, blockers jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT k.person::integer, 'missing', 'P0002', 'no such person', NULL::jsonb
  FROM unnest(keys) WITH ORDINALITY AS k(key, person)
  WHERE NOT EXISTS (SELECT FROM unnest(present) AS p WHERE p = k.person)
  UNION ALL
  SELECT k.person::integer, 'frozen', 'PD001', 'anonymized before', NULL
  FROM unnest(keys) WITH ORDINALITY AS k(key, person)
  -- OFFSET 0: by index, key for key; a join would read everybody who was ever frozen
  CROSS JOIN LATERAL (SELECT FROM gdpr_internal.frozen AS f
                      WHERE f.subject_type = people_who_stay.subject_type AND f.subject_key = k.key OFFSET 0) AS f;
  IF ask_blockers THEN
    RETURN QUERY
    SELECT k.person::integer, 'held', 'PD002', 'held back by ' || string_agg(b.blocker, ', ' ORDER BY b.blocker),
           jsonb_object_agg(b.blocker, b.row_count)
    FROM gdpr_internal.blocked(people_who_stay.subject_type, keys) AS b
    JOIN unnest(keys) WITH ORDINALITY AS k(key, person) ON k.key = b.subject_key
    JOIN unnest(present) AS p ON p = k.person
    GROUP BY k.person;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.people_who_stay(text, text[], integer[], boolean) IS
  'People who cannot be anonymized now, each with state, SQLSTATE and reason';

--| Without a run nobody may stay: one clear error, nothing changed.
CREATE OR REPLACE FUNCTION gdpr_internal.refuse_stayers(
  subject_type text, people integer, stayers jsonb)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  first jsonb := stayers->0;
  counts text := (SELECT string_agg(format('%s: %s', reason, n), '; ' ORDER BY reason)
    FROM (SELECT s->>'reason' AS reason, count(*) AS n
          FROM jsonb_array_elements(stayers) AS s GROUP BY 1) AS c);
BEGIN
  RAISE EXCEPTION USING
    ERRCODE = first->>'sqlstate',
    MESSAGE = format(CASE first->>'state'
      WHEN 'missing' THEN 'no person of subject type "%s" has this key'
      WHEN 'frozen' THEN 'person of subject type "%s" is already anonymized'
      ELSE 'person of subject type "%s" cannot be anonymized yet' END, refuse_stayers.subject_type),
    DETAIL = format('%s of %s people stay: %s.', jsonb_array_length(stayers), people, counts),
    HINT = CASE first->>'state'
      WHEN 'missing' THEN 'Check the key; nothing was changed.'
      WHEN 'frozen' THEN 'gdpr.certificates shows when and why.'
      ELSE 'gdpr.blockers() lists what holds a person back; gdpr-batch anonymize skips and reports such people.' END;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refuse_stayers(text, integer, jsonb) IS
  'Raises the error of an erasure some of whose people cannot go';

--| Sorts out who goes. In a run the others are written to its ledger, otherwise they are an error.
CREATE OR REPLACE FUNCTION gdpr_internal.people_who_go(
  subject_type text, keys text[], present integer[], run bigint, chunk integer, trial boolean)
RETURNS integer[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stayers jsonb;
BEGIN
  SELECT jsonb_agg(to_jsonb(s) ORDER BY s.state DESC, s.person) INTO stayers
  FROM gdpr_internal.people_who_stay(people_who_go.subject_type, keys, coalesce(present, '{}'), NOT trial) AS s;
  IF EXISTS (SELECT FROM gdpr_internal.run AS r WHERE r.run = people_who_go.run AND r.options->>'source' = 'due') THEN
    -- Whoever accepted again since the run was planned is not on the queue any more.
    SELECT nullif(coalesce(stayers, '[]') || coalesce(jsonb_agg(jsonb_build_object('person', k.person,
      'state', 'held', 'sqlstate', 'PD002', 'reason', 'taken off the queue')), '[]'), '[]') INTO stayers
    FROM unnest(keys) WITH ORDINALITY AS k(key, person) JOIN unnest(present) AS p ON p = k.person
    WHERE NOT EXISTS (SELECT FROM gdpr_internal.erasure_queue AS q
      WHERE q.subject_type = people_who_go.subject_type AND q.subject_key = k.key AND q.state IN ('due', 'held', 'failed'));
  END IF;
  IF stayers IS NULL THEN
    RETURN present;
  ELSIF trial THEN
    NULL;
  ELSIF people_who_go.run IS NULL THEN
    PERFORM gdpr_internal.refuse_stayers(people_who_go.subject_type, cardinality(keys), stayers);
  ELSE
    INSERT INTO gdpr_internal.run_person AS p (run, chunk, subject_key, state, sqlstate, reason, blockers, settled)
    SELECT DISTINCT ON (s.person) people_who_go.run, people_who_go.chunk, k.key, s.state, s.sqlstate,
      s.reason, nullif(s.blockers, 'null'), s.reason = 'taken off the queue'
    FROM jsonb_to_recordset(stayers) AS s(person bigint, state text, sqlstate text, reason text, blockers jsonb)
    JOIN unnest(keys) WITH ORDINALITY AS k(key, person) ON k.person = s.person
    ORDER BY s.person, s.state
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN ARRAY(SELECT unnest(present) EXCEPT
               SELECT (s->>'person')::integer FROM jsonb_array_elements(stayers) AS s);
END
$$;
COMMENT ON FUNCTION gdpr_internal.people_who_go(text, text[], integer[], bigint, integer, boolean) IS
  'The people who can be anonymized now; the others are recorded in the run or refused';

--| One statement on rows of one table, as its owner. Rows go by where they are now, if others may move them.
CREATE OR REPLACE FUNCTION gdpr_internal.change_piece(
  relation oid, command text, tids tid[], people integer[], own jsonb, moves boolean)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF change_piece.moves THEN
    change_piece.tids := gdpr_internal.latest_tids(change_piece.relation, change_piece.tids);
  END IF;
  IF change_piece.own IS NULL THEN
    RETURN gdpr_internal.execute_as_owner(change_piece.relation, command, change_piece.tids);
  END IF;
  RETURN gdpr_internal.execute_as_owner(change_piece.relation, command, change_piece.tids, people, change_piece.own);
END
$$;
COMMENT ON FUNCTION gdpr_internal.change_piece(oid, text, tid[], integer[], jsonb, boolean) IS
  'Runs one UPDATE or DELETE on rows of one table as its owner; the number of rows changed';

--| Whether an error names one of the table's own indexes whose surrogates are few. A RAISE of a user's names none.
CREATE OR REPLACE FUNCTION gdpr_internal.is_small_index(
  relation oid, indexes jsonb, schema_name text, table_name text, constraint_name text)
RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (
    SELECT FROM pg_index AS i
    JOIN pg_class AS x ON x.oid = i.indexrelid
    JOIN pg_class AS c ON c.oid = i.indrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE i.indrelid = $1 AND $2 ? i.indexrelid::text
      AND n.nspname = $3 AND c.relname = $4 AND x.relname = $5)
$$;
COMMENT ON FUNCTION gdpr_internal.is_small_index(oid, jsonb, text, text, text) IS
  'Whether the constraint of an error is one of these indexes of the table';

--| The same statement where surrogates are few and may be equal by chance, or taken: what collides is rolled
--| back and drawn again in halves, at last row by row. Without a collision it stays one statement.
CREATE OR REPLACE FUNCTION gdpr_internal.change_by_halves(
  relation oid, command text, once tid[], tids tid[], people integer[], own jsonb, moves boolean, indexes jsonb)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- Preflight refuses a column that has more rows than half its surrogates, so a single row collides at most
  -- every second time, and this often running once in 2^40.
  most_misses CONSTANT integer := 40;
  size integer := cardinality(change_by_halves.once);
  done integer := 0;
  misses integer := 0;
  rows bigint := 0;
  piece record;
  schema_name text;
  table_name text;
  constraint_name text;
BEGIN
  WHILE done < cardinality(change_by_halves.once) LOOP
    IF change_by_halves.own IS NULL THEN
      SELECT change_by_halves.once[done + 1:done + size] AS tids, NULL::integer[] AS people INTO piece;
    ELSE
      SELECT array_agg(x.tid) AS tids, array_agg(x.person) AS people INTO piece
      FROM unnest(change_by_halves.once[done + 1:done + size]) AS o(tid)
      JOIN unnest(change_by_halves.tids, change_by_halves.people) AS x(tid, person) ON x.tid = o.tid;
    END IF;
    BEGIN
      rows := rows + gdpr_internal.change_piece(
        change_by_halves.relation, command, piece.tids, piece.people, own, moves);
      done := done + size;
      size := size * 2;
      misses := 0;
    EXCEPTION WHEN unique_violation OR exclusion_violation THEN
      GET STACKED DIAGNOSTICS schema_name = SCHEMA_NAME, table_name = TABLE_NAME, constraint_name = CONSTRAINT_NAME;
      IF misses = most_misses OR NOT gdpr_internal.is_small_index(
           change_by_halves.relation, indexes, schema_name, table_name, constraint_name) THEN
        RAISE;
      ELSIF size = 1 THEN
        misses := misses + 1;
      END IF;
      size := greatest(size / 2, 1);
    END;
  END LOOP;
  RETURN rows;
END
$$;
COMMENT ON FUNCTION gdpr_internal.change_by_halves(oid, text, tid[], tid[], integer[], jsonb, boolean, jsonb) IS
  'change_piece() that draws new surrogates for rows whose small unique column collided by chance, a bounded number of times';

--| Changes found rows of one table as its owner and insists that every one was changed. In the
--| statement $1 is the array of rows, %1$s the table (a partition or child), %2$s the assignments.
CREATE OR REPLACE FUNCTION gdpr_internal.change_rows(
  statement text, assignments text, children jsonb, hits gdpr_internal.found_rows, own jsonb, moves boolean,
  small jsonb)
RETURNS gdpr_internal.row_count[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  leaf record;
  command text;
  rows bigint;
  result gdpr_internal.row_count[] := '{}';
BEGIN
  FOR leaf IN
    SELECT x.relid, array_agg(DISTINCT x.tid) AS once, array_agg(x.tid) AS tids, array_agg(x.person) AS people,
      concat_ws(', ', nullif(change_rows.assignments, ''), (
        SELECT string_agg(c->>'set', ', ') FROM jsonb_array_elements(children->(x.relid::text)) AS c)) AS assignments
    FROM unnest((change_rows.hits).relids, (change_rows.hits).tids, (change_rows.hits).people) AS x(relid, tid, person)
    GROUP BY x.relid ORDER BY x.relid
  LOOP
    CONTINUE WHEN leaf.assignments = '' AND change_rows.assignments IS NOT NULL;
    command := format(change_rows.statement, gdpr_internal.sql_name(leaf.relid), leaf.assignments);
    IF change_rows.small ? leaf.relid::text THEN
      rows := gdpr_internal.change_by_halves(leaf.relid, command, leaf.once, leaf.tids, leaf.people,
        change_rows.own, change_rows.moves, change_rows.small->(leaf.relid::text));
    ELSE
      rows := gdpr_internal.change_piece(leaf.relid, command,
        CASE WHEN change_rows.own IS NULL THEN leaf.once ELSE leaf.tids END,
        leaf.people, change_rows.own, change_rows.moves);
    END IF;
    IF rows <> cardinality(leaf.once) THEN
      RAISE EXCEPTION 'rows changed in table % differ from the rows found', leaf.relid::regclass
        USING ERRCODE = 'PD004',
              DETAIL = format('%s rows were found and %s changed.', cardinality(leaf.once), rows),
              HINT = 'Look for triggers or rules on the table that skip or redirect rows; nothing was changed.';
    END IF;
    result := result || ROW(leaf.relid, rows)::gdpr_internal.row_count;
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.change_rows(text, text, jsonb, gdpr_internal.found_rows, jsonb, boolean, jsonb) IS
  'Runs one set-based UPDATE or DELETE per table as its owner; an error if rows changed differ from rows found';

--| SQL text: the one UPDATE of a table. With own values (redaction) rows are joined to them.
CREATE OR REPLACE FUNCTION gdpr_internal.update_statement(redacts boolean)
RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN $1 THEN
    'UPDATE ONLY %1$s AS t SET %2$s FROM (
       SELECT x.tid, pg_catalog.array_agg(v.value) AS own
       FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS x(tid, person)
       LEFT JOIN LATERAL pg_catalog.jsonb_array_elements_text(
         $3 OPERATOR(pg_catalog.->) x.person::pg_catalog.text) AS v(value) ON true
       GROUP BY x.tid) AS f WHERE t.ctid OPERATOR(pg_catalog.=) f.tid'
  ELSE 'UPDATE ONLY %1$s AS t SET %2$s WHERE t.ctid OPERATOR(pg_catalog.=) ANY ($1)' END
$$;
COMMENT ON FUNCTION gdpr_internal.update_statement(boolean) IS
  'The UPDATE statement of one table of the plan; %1$s stands for the table, %2$s for the assignments';

--| Applies the plan to the rows of one table: one UPDATE, or one DELETE.
CREATE OR REPLACE FUNCTION gdpr_internal.change_step(
  step jsonb, hits gdpr_internal.found_rows, own jsonb, moves boolean)
RETURNS gdpr_internal.row_count[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  redacting boolean := (step->>'redacting')::boolean;
BEGIN
  IF (change_step.hits).tids IS NULL THEN
    RETURN '{}';
  ELSIF step->>'on_erase' = 'delete' THEN
    RETURN gdpr_internal.change_rows('DELETE FROM ONLY %1$s AS t WHERE t.ctid OPERATOR(pg_catalog.=) ANY ($1)',
      NULL, NULL, change_step.hits, NULL, change_step.moves, NULL);
  END IF;
  RETURN gdpr_internal.change_rows(gdpr_internal.update_statement(redacting), coalesce(step->>'set', ''),
    step->'children', change_step.hits, CASE WHEN redacting THEN coalesce(change_step.own, '{}') END, change_step.moves,
    step->'small');
END
$$;
COMMENT ON FUNCTION gdpr_internal.change_step(jsonb, gdpr_internal.found_rows, jsonb, boolean) IS
  'Anonymizes, unlinks or deletes the found rows of one table';

--| A shared row that stays still loses this person's own names and numbers from its free text.
CREATE OR REPLACE FUNCTION gdpr_internal.redact_staying(
  step jsonb, hits gdpr_internal.found_rows, going gdpr_internal.found_rows, own jsonb, moves boolean)
RETURNS gdpr_internal.row_count[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stay gdpr_internal.found_rows;
BEGIN
  SELECT array_agg(x.relid), array_agg(x.tid), array_agg(x.person)
  INTO stay.relids, stay.tids, stay.people
  FROM unnest((redact_staying.hits).relids, (redact_staying.hits).tids, (redact_staying.hits).people)
    AS x(relid, tid, person)
  WHERE NOT EXISTS (SELECT FROM unnest((going).relids, (going).tids) AS g(relid, tid)
                    WHERE g.relid = x.relid AND g.tid = x.tid);
  IF step->>'redacts' IS NULL OR stay.tids IS NULL THEN RETURN '{}'; END IF;
  RETURN gdpr_internal.change_rows(gdpr_internal.update_statement(true), step->>'redacts', NULL, stay,
    coalesce(redact_staying.own, '{}'), redact_staying.moves, NULL);
END
$$;
COMMENT ON FUNCTION gdpr_internal.redact_staying(jsonb, gdpr_internal.found_rows, gdpr_internal.found_rows, jsonb, boolean) IS
  'Redacts this person''s own values in shared rows that other people still need';

--| The person's own distinctive values, for redaction: {"person number": [values]}.
CREATE OR REPLACE FUNCTION gdpr_internal.own_values(plan jsonb, hits gdpr_internal.found_rows[])
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  distinctive CONSTANT text := '^(first_name|middle_name|last_name|full_name|email|phone|username|url'
    '|social_handle|street|address_line|national_id|passport|tax_id|vat_id|driver_licence|health_id'
    '|licence_plate|iban|account_number|card_number|mandate_ref|external_id|device_id)\M';
  step jsonb;
  name text;
  pairs jsonb := '[]';
BEGIN
  FOR step, name IN
    SELECT s, c->>'column' FROM jsonb_array_elements(plan->'steps') AS s, jsonb_array_elements(s->'columns') AS c
    WHERE s->>'scope' = 'owned' AND c->>'rule' ~ distinctive
  LOOP
    CONTINUE WHEN (hits[(step->>'step')::integer]).tids IS NULL;
    SELECT pairs || coalesce(jsonb_agg(jsonb_build_array(x.person, v.value)), '[]') INTO pairs
    FROM unnest((hits[(step->>'step')::integer]).relids, (hits[(step->>'step')::integer]).tids,
                (hits[(step->>'step')::integer]).people) AS x(relid, tid, person)
    JOIN gdpr_internal.values_of((hits[(step->>'step')::integer]).relids,
           (hits[(step->>'step')::integer]).tids, ARRAY[name]::name[]) AS v
      ON v.relid = x.relid AND v.tid = x.tid
    WHERE length(v.value) >= 2;
  END LOOP;
  RETURN (SELECT jsonb_object_agg(person, vals) FROM (
    SELECT p->>0 AS person, jsonb_agg(DISTINCT p->>1) AS vals FROM jsonb_array_elements(pairs) AS p GROUP BY 1) AS o);
END
$$;
COMMENT ON FUNCTION gdpr_internal.own_values(jsonb, gdpr_internal.found_rows[]) IS
  'The own names, addresses and numbers of each person, which redaction looks for in free text';

--| Deferred triggers cannot fire while we work as a table's owner; those that wait fire now, as the caller.
CREATE OR REPLACE FUNCTION gdpr_internal.immediate_constraints() RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_immediate_constraints';
COMMENT ON FUNCTION gdpr_internal.immediate_constraints() IS
  'SET CONSTRAINTS ALL IMMEDIATE with the rights of the caller';
