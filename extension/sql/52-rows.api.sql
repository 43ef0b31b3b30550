-- SPDX-License-Identifier: PostgreSQL
-- Whose rows are these? Every search runs as the owner of the table it looks into, hop by hop.

--| Runs one search as the table's owner and packs its rows.
CREATE OR REPLACE FUNCTION gdpr_internal.collect(relation oid, statement text, argument anyelement)
RETURNS gdpr_internal.found_rows
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result gdpr_internal.found_rows;
BEGIN
  SELECT array_agg(r.relid), array_agg(r.tid), array_agg(r.person),
    jsonb_agg(r.vals) FILTER (WHERE r.vals IS NOT NULL)
  INTO result.relids, result.tids, result.people, result.vals
  FROM gdpr_internal.query_as_owner(collect.relation, collect.statement, collect.argument)
    AS r(relid oid, tid tid, person integer, vals jsonb);
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.collect(oid, text, anyelement) IS
  'Runs one search as the owner of the table and packs the rows found';

--| Rows of two searches, each (row, person) pair once.
CREATE OR REPLACE FUNCTION gdpr_internal.merge_rows(
  a gdpr_internal.found_rows, b gdpr_internal.found_rows)
RETURNS gdpr_internal.found_rows
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result gdpr_internal.found_rows;
BEGIN
  IF (a).tids IS NULL THEN RETURN b; END IF;
  IF (b).tids IS NULL THEN RETURN a; END IF;
  SELECT array_agg(u.relid), array_agg(u.tid), array_agg(u.person), jsonb_agg(u.vals) FILTER (WHERE u.vals IS NOT NULL)
  INTO result.relids, result.tids, result.people, result.vals
  FROM (
    SELECT DISTINCT ON (r.relid, r.tid, r.person) r.relid, r.tid, r.person, r.vals
    FROM (
      SELECT x.relid, x.tid, x.person, (a).vals -> (x.n::integer - 1) AS vals
      FROM unnest((a).relids, (a).tids, (a).people) WITH ORDINALITY AS x(relid, tid, person, n)
      UNION ALL
      SELECT x.relid, x.tid, x.person, (b).vals -> (x.n::integer - 1)
      FROM unnest((b).relids, (b).tids, (b).people) WITH ORDINALITY AS x(relid, tid, person, n)
    ) AS r ORDER BY r.relid, r.tid, r.person) AS u;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.merge_rows(gdpr_internal.found_rows, gdpr_internal.found_rows) IS
  'Union of two sets of rows, each row once for each person';

--| Only the rows of these people.
CREATE OR REPLACE FUNCTION gdpr_internal.rows_of(
  hits gdpr_internal.found_rows, people integer[])
RETURNS gdpr_internal.found_rows
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result gdpr_internal.found_rows;
BEGIN
  SELECT array_agg(x.relid), array_agg(x.tid), array_agg(x.person), jsonb_agg(v.vals) FILTER (WHERE v.vals IS NOT NULL)
  INTO result.relids, result.tids, result.people, result.vals
  FROM unnest((hits).relids, (hits).tids, (hits).people)
    WITH ORDINALITY AS x(relid, tid, person, n)
  JOIN unnest(rows_of.people) AS p ON p = x.person
  LEFT JOIN jsonb_array_elements((hits).vals) WITH ORDINALITY AS v(vals, n) ON v.n = x.n;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.rows_of(gdpr_internal.found_rows, integer[]) IS
  'The rows of some of the people';

--| The rows that one table of the plan holds, given what was found in the tables above it.
--| A link of a table to itself (reports_to, parent ticket) is followed until nothing new comes.
CREATE OR REPLACE FUNCTION gdpr_internal.find_step(
  step jsonb, hits gdpr_internal.found_rows[])
RETURNS gdpr_internal.found_rows
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  self integer := (step->>'step')::integer;
  relation oid := (step->>'relation')::oid;
  result gdpr_internal.found_rows := hits[self];
  link record;
  before integer;
BEGIN
  FOR link IN
    SELECT l->>'find' AS find, (l->>'parent')::integer AS parent
    FROM jsonb_array_elements(step->'links') AS l ORDER BY (l->>'parent')::integer = self
  LOOP
    IF link.parent <> self THEN
      IF (hits[link.parent]).vals IS NOT NULL THEN
        result := gdpr_internal.merge_rows(result, gdpr_internal.collect(relation,
          link.find, (hits[link.parent]).vals));
      END IF;
    ELSE
      before := 0;
      WHILE coalesce(cardinality((result).tids), 0) > before LOOP
        before := cardinality((result).tids);
        result := gdpr_internal.merge_rows(result, gdpr_internal.collect(relation,
          link.find, (result).vals));
      END LOOP;
    END IF;
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.find_step(jsonb, gdpr_internal.found_rows[]) IS
  'The rows of one table that belong to the people found so far';

--| All rows of these people, table by table in link order, locked.
CREATE OR REPLACE FUNCTION gdpr_internal.find_all(plan jsonb, people gdpr_internal.found_rows)
RETURNS gdpr_internal.found_rows[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  hits gdpr_internal.found_rows[] := ARRAY[people];
  step jsonb;
BEGIN
  FOR step IN SELECT s FROM jsonb_array_elements(plan->'steps') AS s ORDER BY (s->>'step')::integer
  LOOP
    hits[(step->>'step')::integer] := gdpr_internal.find_step(step, hits);
  END LOOP;
  RETURN hits;
END
$$;
COMMENT ON FUNCTION gdpr_internal.find_all(jsonb, gdpr_internal.found_rows) IS
  'All rows of the people found, locked, one element for each step of the plan';

--| The values of some columns of found rows, read as each table's owner: one text per row,
--| a composite as its row literal.
CREATE OR REPLACE FUNCTION gdpr_internal.values_of(
  relids oid[], tids tid[], columns name[])
RETURNS TABLE (relid oid, tid tid, value text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  expression text := gdpr_internal.text_of(values_of.columns);
  leaf record;
BEGIN
  FOR leaf IN
    SELECT x.relid, array_agg(DISTINCT x.tid) AS tids
    FROM unnest(values_of.relids, values_of.tids) AS x(relid, tid) GROUP BY x.relid
  LOOP
    RETURN QUERY SELECT leaf.relid, r.tid, r.value
    FROM gdpr_internal.query_as_owner(leaf.relid, format(
      'SELECT t.ctid, %s FROM ONLY %s AS t WHERE t.ctid OPERATOR(pg_catalog.=) ANY ($1)', expression, leaf.relid::regclass),
      leaf.tids) AS r(tid tid, value text);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.values_of(oid[], tid[], name[]) IS
  'Column values of found rows as text, read as the owner of each table';

--| Values of shared rows that a referring table still needs: rows of it that are neither found
--| in this erasure nor a frozen person's.
CREATE OR REPLACE FUNCTION gdpr_internal.needed_values(
  shared regclass, referrer jsonb, vals text[], mine gdpr_internal.found_rows)
RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  columns name[] := ARRAY(SELECT jsonb_array_elements_text(referrer->'columns'));
  shared_columns name[] := ARRAY(SELECT jsonb_array_elements_text(referrer->'shared_columns'));
  relation regclass := (referrer->>'relation')::oid::regclass;
  tied text := coalesce((SELECT ', ' || string_agg(gdpr_internal.text_of(
      ARRAY(SELECT jsonb_array_elements_text(t->'columns')::name)), ', ' ORDER BY n)
    FROM jsonb_array_elements(referrer->'ties') WITH ORDINALITY AS u(t, n)), '');
  -- One column is compared in its own type, so that its index serves; a composite by its literal.
  condition text := CASE WHEN cardinality(columns) = 1
    THEN gdpr_internal.match_sql(format('t.%I', columns[1]), gdpr_internal.column_type(relation, columns[1]),
                                 'p.v', gdpr_internal.column_type(shared, shared_columns[1]))
    ELSE gdpr_internal.text_of(columns) || ' OPERATOR(pg_catalog.=) p.v' END;
BEGIN
  RETURN QUERY
  SELECT DISTINCT r.value
  FROM gdpr_internal.query_as_owner(relation, format(
      'SELECT t.tableoid, t.ctid, p.v, ARRAY[NULL::pg_catalog.text%s]
       FROM pg_catalog.unnest($1) AS p(v) JOIN %s AS t ON %s',
      tied, gdpr_internal.sql_name(relation), condition), needed_values.vals)
    AS r(relid oid, tid tid, value text, ties text[])
  WHERE NOT EXISTS (SELECT FROM unnest((mine).relids, (mine).tids) AS m(relid, tid)
                    WHERE m.relid = r.relid AND m.tid = r.tid)
    AND NOT EXISTS (
      SELECT FROM jsonb_array_elements(referrer->'ties') WITH ORDINALITY AS u(tie, n)
      WHERE CASE WHEN u.tie->>'link' IS NULL
        -- LIMIT: looked up by index, never hashed whole
        THEN (SELECT true FROM gdpr_internal.frozen AS f
              WHERE f.subject_type = u.tie->>'type' AND f.subject_key = r.ties[u.n + 1] LIMIT 1)
        ELSE (SELECT true FROM gdpr_internal.frozen_value AS f
              WHERE f.link = (u.tie->>'link')::integer AND f.value = r.ties[u.n + 1] LIMIT 1) END);
END
$$;
COMMENT ON FUNCTION gdpr_internal.needed_values(regclass, jsonb, text[], gdpr_internal.found_rows) IS
  'Values of shared rows that somebody outside this erasure still refers to';

--| SQL text: the columns of row t as one text value, a composite as its row literal.
CREATE OR REPLACE FUNCTION gdpr_internal.text_of(columns name[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN cardinality($1) = 1 THEN string_agg(format('t.%I::pg_catalog.text', c), '')
    ELSE 'ROW(' || string_agg(format('t.%I', c), ', ' ORDER BY n) || ')::pg_catalog.text' END
  FROM unnest($1) WITH ORDINALITY AS u(c, n)
$$;
COMMENT ON FUNCTION gdpr_internal.text_of(name[]) IS
  'SQL expression: columns of row t as one text value';

--| Shared rows that nobody else needs any more: an address goes only with the last who lives there.
CREATE OR REPLACE FUNCTION gdpr_internal.without_needed(
  step jsonb, hits gdpr_internal.found_rows[])
RETURNS gdpr_internal.found_rows
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rows gdpr_internal.found_rows := hits[(step->>'step')::integer];
  result gdpr_internal.found_rows := rows;
  referrer jsonb;
  kept_relids oid[];
  kept_tids tid[];
BEGIN
  FOR referrer IN SELECT r FROM jsonb_array_elements(step->'referrers') AS r LOOP
    EXIT WHEN (result).tids IS NULL;
    WITH value_of AS MATERIALIZED (
      SELECT v.relid, v.tid, v.value
      FROM gdpr_internal.values_of((result).relids, (result).tids,
        ARRAY(SELECT jsonb_array_elements_text(referrer->'shared_columns')::name)) AS v
    ), needed AS MATERIALIZED (
      SELECT n FROM gdpr_internal.needed_values(
        (step->>'relation')::oid::regclass, referrer,
        ARRAY(SELECT DISTINCT value FROM value_of),
        hits[(referrer->>'step')::integer]) AS n
    )
    SELECT array_agg(v.relid), array_agg(v.tid) INTO kept_relids, kept_tids
    FROM value_of AS v JOIN needed ON needed.n = v.value;
    IF kept_tids IS NOT NULL THEN
      SELECT array_agg(x.relid), array_agg(x.tid), array_agg(x.person), NULL::jsonb
      INTO result.relids, result.tids, result.people, result.vals
      FROM unnest((result).relids, (result).tids, (result).people) AS x(relid, tid, person)
      WHERE NOT EXISTS (SELECT FROM unnest(kept_relids, kept_tids) AS k(relid, tid)
                        WHERE k.relid = x.relid AND k.tid = x.tid);
    END IF;
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.without_needed(jsonb, gdpr_internal.found_rows[]) IS
  'Shared rows that belong to nobody outside this erasure';
