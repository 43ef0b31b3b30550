-- SPDX-License-Identifier: PostgreSQL
-- Whose retention ends with "delete": anonymized and certified like everybody, then the rows go as well, leaf to root.

--| The links by which rows of a table belong to people directly, of any subject type: SQL for each one's key in row t
--| (NULL in rows of others), and its subject type. Nothing where there is one such link only.
CREATE OR REPLACE FUNCTION gdpr_internal.owner_keys(relation oid, OUT keys_sql text, OUT subject_types text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT string_agg(format('CASE WHEN %s%s THEN %s END',
      (SELECT string_agg(format('t.%I IS NOT NULL', c), ' AND ') FROM unnest(l.columns) AS c),
      CASE WHEN l.discriminator IS NOT NULL THEN ' AND '
        || gdpr_internal.match_sql(format('t.%I', l.discriminator), y.t, quote_literal(l.discriminator_value) || '::pg_catalog.text', y.t) END,
      gdpr_internal.text_of(l.columns)), ', ' ORDER BY l.link), array_agg(l.subject_type ORDER BY l.link)
  INTO keys_sql, subject_types
  FROM gdpr_internal.link AS l JOIN gdpr_internal.subject_type AS s ON s.subject_type = l.subject_type
  CROSS JOIN LATERAL (SELECT gdpr_internal.column_type(owner_keys.relation, l.discriminator)) AS y(t)
  WHERE l.scope = 'owned' AND l.parent_schema = s.relation_schema AND l.parent_name = s.relation_name AND l.parent_columns = s.key
    AND gdpr_internal.resolve(l.relation_schema, l.relation_name)::oid IN (SELECT gdpr_internal.self_and_ancestors(owner_keys.relation))
  HAVING count(*) > 1;
END
$$;
COMMENT ON FUNCTION gdpr_internal.owner_keys(oid) IS
  'SQL for the keys of the people to whom row t belongs, and their types; NULL where only one link leads from people to the table';

--| Where found rows are now, without those that belong to somebody who stays as well.
CREATE OR REPLACE FUNCTION gdpr_internal.rows_of_nobody_else(hits gdpr_internal.found_rows) RETURNS gdpr_internal.found_rows
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  leaf record;
  owners record;
  kept tid[];
  going tid[];
  result gdpr_internal.found_rows;
BEGIN
  FOR leaf IN
    SELECT x.relid, gdpr_internal.latest_tids(x.relid, array_agg(DISTINCT x.tid)) AS tids
    FROM unnest((rows_of_nobody_else.hits).relids, (rows_of_nobody_else.hits).tids) AS x(relid, tid) GROUP BY x.relid
  LOOP
    owners := gdpr_internal.owner_keys(leaf.relid);
    kept := '{}';
    IF owners.keys_sql IS NOT NULL THEN
      -- A spelling of the key that no frozen person has is taken for somebody else's.
      kept := ARRAY(
        SELECT o.tid FROM gdpr_internal.query_as_owner(leaf.relid, format(
          'SELECT t.ctid, ARRAY[%s] FROM ONLY %s AS t WHERE t.ctid OPERATOR(pg_catalog.=) ANY ($1)',
          owners.keys_sql, leaf.relid::regclass), leaf.tids) AS o(tid tid, keys text[])
        WHERE EXISTS (SELECT FROM unnest(o.keys, owners.subject_types) AS k(key, subject_type)
          WHERE k.key IS NOT NULL AND NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f
            WHERE f.subject_type = k.subject_type AND f.subject_key = k.key)));
    END IF;
    going := ARRAY(SELECT t FROM unnest(leaf.tids) AS t WHERE t IS NOT NULL AND t <> ALL (kept));
    CONTINUE WHEN going = '{}';
    result.relids := result.relids || array_fill(leaf.relid, ARRAY[cardinality(going)]);
    result.tids := result.tids || going;
    result.people := result.people || array_fill(1, ARRAY[cardinality(going)]);
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.rows_of_nobody_else(gdpr_internal.found_rows) IS
  'Where found rows are now, without those that belong to somebody who stays as well';

--| Rows that are about to go let go of each other: foreign keys among these tables become NULL where they may.
CREATE OR REPLACE FUNCTION gdpr_internal.loosen_rows(relation oid, among oid[], rows gdpr_internal.found_rows) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  assignments text;
BEGIN
  SELECT string_agg(DISTINCT format('%I = NULL', a.attname), ', ') INTO assignments
  FROM pg_constraint AS c CROSS JOIN LATERAL unnest(c.conkey) AS k(number)
  JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.number
  WHERE c.contype = 'f' AND c.conrelid = loosen_rows.relation AND c.confrelid = ANY (among)
    AND NOT a.attnotnull AND a.attgenerated = '';
  IF assignments IS NOT NULL AND (loosen_rows.rows).tids IS NOT NULL THEN
    PERFORM gdpr_internal.change_rows(gdpr_internal.update_statement(false), assignments, NULL, loosen_rows.rows, NULL, false, NULL);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.loosen_rows(oid, oid[], gdpr_internal.found_rows) IS
  'Empties foreign keys of rows that are about to be deleted, so that tables which point at each other can go';

--| Deletes the rows of those people of an erasure who are queued for it: after they were anonymized and frozen, before
--| the erasure ends. What cannot go because of foreign keys goes later; what points at each other lets go first.
CREATE OR REPLACE FUNCTION gdpr_internal.delete_people(
  subject_type text, plan jsonb, hits gdpr_internal.found_rows[], keys text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  people int[];
  relations oid[] := ARRAY(SELECT (s->>'relation')::oid FROM jsonb_array_elements(plan->'steps') AS s ORDER BY (s->>'step')::int);
  steps int[];
  later int[];
  step int;
  rows gdpr_internal.found_rows;
  loosened boolean := false;
BEGIN
  SELECT array_agg(k.n) INTO people FROM gdpr_internal.erasure_queue AS q
  JOIN unnest(delete_people.keys) WITH ORDINALITY AS k(key, n) ON k.key = q.subject_key
  WHERE q.subject_type = delete_people.subject_type AND q.state IN ('due', 'held', 'failed') AND q.action = 'delete';
  IF people IS NULL THEN
    RETURN;
  END IF;
  -- Rows that links delete or unlink have left the person already.
  SELECT array_agg((s->>'step')::int ORDER BY (s->>'step')::int DESC) INTO steps FROM jsonb_array_elements(plan->'steps') AS s
  WHERE s->>'scope' = 'owned' AND s->>'on_erase' = 'anonymize';
  WHILE steps IS NOT NULL LOOP
    later := NULL;
    FOREACH step IN ARRAY steps LOOP
      rows := gdpr_internal.rows_of_nobody_else(gdpr_internal.rows_of(hits[step], people));
      CONTINUE WHEN rows.tids IS NULL;
      BEGIN
        PERFORM gdpr_internal.change_rows('DELETE FROM ONLY %1$s AS t WHERE t.ctid OPERATOR(pg_catalog.=) ANY ($1)',
          NULL, NULL, rows, NULL, false, NULL);
      EXCEPTION WHEN foreign_key_violation OR SQLSTATE 'PD001' THEN  -- PD001: a foreign key would change a frozen row
        IF loosened AND cardinality(steps) = 1 + coalesce(cardinality(later), 0) THEN
          RAISE;  -- none of them can go
        END IF;
        later := later || step;
      END;
    END LOOP;
    IF cardinality(later) = cardinality(steps) THEN
      loosened := true;
      PERFORM gdpr_internal.loosen_rows(relations[s], relations, gdpr_internal.rows_of_nobody_else(gdpr_internal.rows_of(hits[s], people)))
      FROM unnest(steps) AS s;
    END IF;
    steps := later;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.delete_people(text, jsonb, gdpr_internal.found_rows[], text[]) IS
  'Deletes the rows of people whose queued erasure says so, leaf to root, as each table''s owner; rows deleted must equal rows found';
