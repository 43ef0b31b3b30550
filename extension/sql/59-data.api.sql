-- SPDX-License-Identifier: PostgreSQL
-- Everything held on one person, without what belongs to others.

--| The rows of one link, given what was found above it; a link of a table to itself until nothing new comes.
CREATE OR REPLACE FUNCTION gdpr_internal.find_link(link int, relation regclass, above gdpr_internal.found_rows, to_itself boolean)
RETURNS gdpr_internal.found_rows
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  statement text := gdpr_internal.find_link_sql(find_link.link, false);
  result gdpr_internal.found_rows;
  all_rows gdpr_internal.found_rows := above;
  before int := -1;
BEGIN
  IF (above).vals IS NULL THEN
    RETURN NULL;
  END IF;
  LOOP
    result := gdpr_internal.collect(find_link.relation, statement, (all_rows).vals);
    EXIT WHEN NOT to_itself;
    before := cardinality((all_rows).tids);
    all_rows := gdpr_internal.merge_rows(all_rows, result);
    EXIT WHEN cardinality((all_rows).tids) = before;
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.find_link(int, regclass, gdpr_internal.found_rows, boolean) IS
  'The rows of one link, given what was found above it';

--| Columns of a table that name people: link columns and foreign keys onto the table of people.
CREATE OR REPLACE FUNCTION gdpr_internal.naming_columns(s gdpr_internal.subject_type, relation regclass)
RETURNS TABLE(link int, columns name[])
LANGUAGE sql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.link, l.columns || array_remove(ARRAY[l.discriminator], NULL)
  FROM gdpr_internal.link AS l
  WHERE l.subject_type = $1.subject_type AND gdpr_internal.resolve(l.relation_schema, l.relation_name) = $2 AND l.scope <> 'shared'
  UNION ALL
  SELECT NULL, ARRAY(SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey))
  FROM pg_constraint AS c
  WHERE c.contype = 'f' AND c.conrelid = $2
    AND c.confrelid = gdpr_internal.resolve($1.relation_schema, $1.relation_name)
$$;
COMMENT ON FUNCTION gdpr_internal.naming_columns(gdpr_internal.subject_type, regclass) IS
  'Columns of a table that name people';

--| Columns of a table by the category of their kind.
CREATE OR REPLACE FUNCTION gdpr_internal.columns_of_category(relation regclass, category text) RETURNS name[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT DISTINCT a.attname FROM gdpr_internal.family(columns_of_category.relation) AS f
    JOIN pg_seclabel AS b ON b.objoid = f AND b.classoid = 'pg_class'::regclass AND b.provider = 'gdpr'
    JOIN pg_attribute AS a ON a.attrelid = b.objoid AND a.attnum = b.objsubid
    JOIN gdpr.kinds AS k ON k.kind = substring(b.label FROM '^\s*(\w+)')
    WHERE k.category = columns_of_category.category);
END
$$;
COMMENT ON FUNCTION gdpr_internal.columns_of_category(regclass, text) IS
  'Columns of a table by the category of their kind';

--| Rows as JSON, read as each table's owner, without the columns named for each row.
CREATE OR REPLACE FUNCTION gdpr_internal.rows_as_json(relids oid[], tids tid[], omit jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  leaf record;
  result jsonb := '[]';
BEGIN
  FOR leaf IN
    SELECT x.relid, x.omit, gdpr_internal.latest_tids(x.relid, array_agg(x.tid ORDER BY x.tid)) AS tids
    FROM (SELECT u.relid, u.tid, rows_as_json.omit -> (u.n::int - 1) AS omit
          FROM unnest(rows_as_json.relids, rows_as_json.tids) WITH ORDINALITY AS u(relid, tid, n)) AS x
    GROUP BY x.relid, x.omit ORDER BY x.relid
  LOOP
    SELECT result || coalesce(jsonb_agg(r.data ORDER BY r.tid), '[]') INTO result
    FROM gdpr_internal.query_as_owner(leaf.relid, format(
      'SELECT t.ctid, pg_catalog.to_jsonb(t) OPERATOR(pg_catalog.-) $2::pg_catalog.text[] FROM ONLY %s AS t WHERE t.ctid OPERATOR(pg_catalog.=) ANY ($1)',
      gdpr_internal.sql_name(leaf.relid)), leaf.tids,
      ARRAY(SELECT jsonb_array_elements_text(leaf.omit))) AS r(tid tid, data jsonb);
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.rows_as_json(oid[], tid[], jsonb) IS
  'Rows as JSON, read as each table''s owner, without the columns named for each row';

--| What to leave out of each row: credentials, other people's keys, and in a row that others share, its content.
CREATE OR REPLACE FUNCTION gdpr_internal.omitted(
  s gdpr_internal.subject_type, relation regclass, held gdpr_internal.found_rows,
  alone gdpr_internal.found_rows, by_link jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  secret name[] := gdpr_internal.columns_of_category(omitted.relation, 'credentials');
  content name[] := gdpr_internal.columns_of_category(omitted.relation, 'content');
  key name[] := CASE WHEN omitted.relation = gdpr_internal.resolve(s.relation_schema, s.relation_name) THEN s.key ELSE '{}' END;
BEGIN
  RETURN (
    WITH naming AS MATERIALIZED (
      SELECT n.link, c AS name FROM gdpr_internal.naming_columns(s, omitted.relation) AS n, unnest(n.columns) AS c
    )
    SELECT jsonb_agg(to_jsonb(o.names) ORDER BY u.n)
    FROM unnest((held).relids, (held).tids) WITH ORDINALITY AS u(relid, tid, n),
      LATERAL (SELECT ARRAY(
        SELECT c FROM unnest(secret) AS c
        UNION
        SELECT c FROM unnest(content) AS c
        WHERE NOT EXISTS (SELECT FROM unnest((alone).relids, (alone).tids) AS a(relid, tid) WHERE a.relid = u.relid AND a.tid = u.tid)
        UNION
        -- A column that names people stays where the person was found by it.
        SELECT c.name FROM naming AS c WHERE c.name <> ALL (key) AND NOT EXISTS (
          SELECT FROM naming AS f WHERE f.name = c.name AND by_link -> (f.link::text) ? (u.relid || ' ' || u.tid))
        ORDER BY 1) AS names) AS o);
END
$$;
COMMENT ON FUNCTION gdpr_internal.omitted(gdpr_internal.subject_type, regclass, gdpr_internal.found_rows, gdpr_internal.found_rows, jsonb) IS
  'What to leave out of each row: credentials, other people''s keys, content that others share';

--| Everything held on one person, found and read. JIT would take ten times as long as the work.
--| {"subject_type", "subject_key", "relations": [{"relation", "scope", "rows", "withheld"}], "consent": {…}}.
CREATE OR REPLACE FUNCTION gdpr_internal.subject_data(subject_type text, subject_key text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(subject_data.subject_type);
  keys text[] := gdpr_internal.canonical_keys(s.subject_type, ARRAY[subject_data.subject_key]);
  held gdpr_internal.found_rows[] := '{}';
  rows gdpr_internal.found_rows;
  alone gdpr_internal.found_rows;
  step record;
  l record;
  by_link jsonb;
  relations jsonb := '[]';
  done regclass[] := '{}';
BEGIN
  FOR step IN SELECT * FROM gdpr_internal.steps(s.subject_type) LOOP
    by_link := '{}';
    held[step.step] := NULL;
    done := done || step.relation;
    IF step.step = 1 THEN
      held[1] := gdpr_internal.collect(step.relation, gdpr_internal.find_subject_sql(s.subject_type, false), keys);
      IF (held[1]).tids IS NULL THEN
        RAISE EXCEPTION '"%" does not exist', s.subject_type USING ERRCODE = 'P0002', HINT = 'Check the key.';
      END IF;
    END IF;
    FOR l IN
      SELECT k.link, array_position(done, gdpr_internal.resolve(k.parent_schema, k.parent_name)) AS parent
      FROM gdpr_internal.link AS k WHERE k.link = ANY (step.links) ORDER BY 2 = step.step, 1
    LOOP
      rows := gdpr_internal.find_link(l.link, step.relation, held[l.parent], l.parent = step.step);
      CONTINUE WHEN (rows).tids IS NULL;
      by_link := by_link || jsonb_build_object(l.link, (
        SELECT jsonb_object_agg(u.relid || ' ' || u.tid, true) FROM unnest((rows).relids, (rows).tids) AS u(relid, tid)));
      held[step.step] := gdpr_internal.merge_rows(held[step.step], rows);
    END LOOP;
    CONTINUE WHEN (held[step.step]).tids IS NULL;
    alone := held[step.step];
    IF step.scope = 'shared' THEN
      alone := gdpr_internal.without_needed(jsonb_build_object('step', step.step,
        'relation', step.relation::oid, 'referrers', gdpr_internal.plan_referrers(s.subject_type, step.relation)), held);
    END IF;
    relations := relations || jsonb_build_array(jsonb_build_object(
      'relation', gdpr_internal.sql_name(step.relation), 'scope', step.scope,
      'withheld', to_jsonb(gdpr_internal.columns_of_category(step.relation, 'credentials')),
      'rows', gdpr_internal.rows_as_json((held[step.step]).relids, (held[step.step]).tids,
        gdpr_internal.omitted(s, step.relation, held[step.step], alone, by_link))));
  END LOOP;
  RETURN jsonb_build_object('subject_type', s.subject_type, 'subject_key', keys[1], 'relations', relations,
    'consent', gdpr_internal.consent_data(s.subject_type, keys[1]));
END
$$;
COMMENT ON FUNCTION gdpr_internal.subject_data(text, text) IS
  'Everything held on one person as JSON, found and read as each table''s owner';

--| Everything held on one person, without credentials and without what belongs to others.
CREATE OR REPLACE FUNCTION gdpr.subject_data(subject_type text, subject_key text) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.subject_data($1, $2)
$$;
COMMENT ON FUNCTION gdpr.subject_data(text, text) IS
  'Everything held on one person as JSON, without credentials and without what belongs to others';

--| Freezes rows of a link declared after people were frozen: the parent values they have now are noted.
CREATE OR REPLACE FUNCTION gdpr_internal.freeze_later_link(link int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  l gdpr_internal.link := (SELECT k FROM gdpr_internal.link AS k WHERE k.link = freeze_later_link.link);
  parent regclass := gdpr_internal.existing(l.subject_type, l.parent_schema, l.parent_name);
  needed name[] := gdpr_internal.needed_columns(l.subject_type, parent);
  positions jsonb := (SELECT jsonb_agg(array_position(needed, c) ORDER BY n)
                      FROM unnest(l.parent_columns) WITH ORDINALITY AS u(c, n));
  keys text[];
  held gdpr_internal.found_rows[];
  done regclass[];
  step record;
  k record;
BEGIN
  LOOP
    -- In pieces: there may be millions of frozen people.
    keys := ARRAY(SELECT f.subject_key FROM gdpr_internal.frozen AS f
      WHERE f.subject_type = l.subject_type AND f.subject_key > coalesce(keys[cardinality(keys)], '')
      ORDER BY f.subject_key LIMIT 2000);
    EXIT WHEN keys = '{}';
    held := '{}';
    done := '{}';
    FOR step IN SELECT * FROM gdpr_internal.steps(l.subject_type) LOOP
      done := done || step.relation;
      held[step.step] := CASE WHEN step.step = 1 THEN
        gdpr_internal.collect(step.relation, gdpr_internal.find_subject_sql(l.subject_type, false), keys) END;
      FOR k IN
        SELECT o.link, array_position(done, gdpr_internal.resolve(o.parent_schema, o.parent_name)) AS parent
        FROM gdpr_internal.link AS o WHERE o.link = ANY (step.links) AND o.scope = 'owned' ORDER BY 2 = step.step, 1
      LOOP
        held[step.step] := gdpr_internal.merge_rows(held[step.step],
          gdpr_internal.find_link(k.link, step.relation, held[k.parent], k.parent = step.step));
      END LOOP;
      IF step.relation = parent THEN
        INSERT INTO gdpr_internal.frozen_value AS v (link, value)
        SELECT DISTINCT l.link, CASE WHEN jsonb_array_length(positions) = 1 THEN e->>((positions->>0)::int)
                                     ELSE gdpr_internal.row_literal(e, positions) END
        FROM jsonb_array_elements((held[step.step]).vals) AS e
        WHERE NOT EXISTS (SELECT FROM jsonb_array_elements_text(positions) AS c WHERE e->>(c::int) IS NULL)
        ON CONFLICT DO NOTHING;
        EXIT;
      END IF;
    END LOOP;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.freeze_later_link(int) IS
  'Makes a link declared later guard the people who are frozen already';
