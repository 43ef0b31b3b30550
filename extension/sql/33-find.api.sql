-- SPDX-License-Identifier: PostgreSQL
-- Which rows are a person's: the one place that erase, subject_data and preflight ask.
-- The statements made here run as the owner of the table they read, so they call
-- nothing outside pg_catalog and never compare through anybody's search_path.

--| SQL condition: column equals a value given as text. Never raises, and can use the column's index.
CREATE OR REPLACE FUNCTION gdpr_internal.match_sql(
  column_sql text, column_type oid, value_sql text, value_type oid)
RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  base oid := gdpr_internal.base_type(column_type);
  ours text := gdpr_internal.compare_class(column_type);
  theirs text := gdpr_internal.compare_class(value_type);
  same boolean := base = gdpr_internal.base_type(value_type);
  operator text := gdpr_internal.equality_operator(base);
  value text;
BEGIN
  IF ours = 'int' THEN
    value := format('(%s)::pg_catalog.int8', value_sql);
    IF theirs IS DISTINCT FROM 'int' THEN
      value := format('CASE WHEN %1$s OPERATOR(pg_catalog.~) ''^[+-]?[0-9]{1,19}$'' THEN CASE WHEN '
        '(%1$s)::pg_catalog.numeric OPERATOR(pg_catalog.>=) ''-9223372036854775808''::pg_catalog.numeric AND '
        '(%1$s)::pg_catalog.numeric OPERATOR(pg_catalog.<=) ''9223372036854775807''::pg_catalog.numeric '
        'THEN %2$s END END', value_sql, value);
    END IF;
    RETURN format('%s OPERATOR(pg_catalog.=) %s', column_sql, value);
  ELSIF ours = 'numeric' AND NOT same AND theirs IS DISTINCT FROM 'int' THEN
    RETURN format('%1$s OPERATOR(pg_catalog.=) CASE WHEN %2$s OPERATOR(pg_catalog.~) '
      '''^[+-]?[0-9]{1,500}([.][0-9]{1,500})?$'' THEN (%2$s)::pg_catalog.numeric END', column_sql, value_sql);
  ELSIF ours = 'uuid' AND NOT same THEN
    RETURN format('%1$s OPERATOR(pg_catalog.=) CASE WHEN %2$s OPERATOR(pg_catalog.~) '
      '''^([0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}$'' THEN (%2$s)::pg_catalog.uuid END', column_sql, value_sql);
  ELSIF base IN ('text'::regtype, 'varchar'::regtype) AND theirs = 'uuid' THEN
    -- Text that holds a uuid need not be spelled as PostgreSQL does.
    RETURN format('%1$s OPERATOR(pg_catalog.=) ANY (ARRAY[%2$s, pg_catalog.upper(%2$s), '
      'pg_catalog.replace(%2$s, ''-'', ''''), pg_catalog.upper(pg_catalog.replace(%2$s, ''-'', ''''))])', column_sql, value_sql);
  ELSIF base IN ('text'::regtype, 'varchar'::regtype, 'name'::regtype) THEN
    RETURN format('%s OPERATOR(pg_catalog.=) %s', column_sql, value_sql);
  ELSIF operator IS NOT NULL AND (same OR ours IN ('text', 'numeric')) THEN
    RETURN format('%s %s (%s)::%s', column_sql, operator, value_sql, gdpr_internal.type_name(base));
  END IF;
  RETURN format('(%s)::pg_catalog.text OPERATOR(pg_catalog.=) %s', column_sql, value_sql);
END
$$;
COMMENT ON FUNCTION gdpr_internal.match_sql(text, oid, text, oid) IS
  'SQL condition: column equals a value given as text, by the index if there is one, never raising';

--| Stops if the erase cannot follow what was declared: a table or column is gone, or is somebody else's.
CREATE OR REPLACE FUNCTION gdpr_internal.check_declared(subject_type text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  f record;
BEGIN
  FOR f IN
    SELECT s.relation_schema AS r_schema, s.relation_name AS r_name, s.key AS r_columns,
      s.relation_oid AS r_oid, s.relation_owner AS r_owner
    FROM gdpr_internal.subject_type AS s WHERE s.subject_type = check_declared.subject_type
    UNION ALL
    SELECT v.* FROM gdpr_internal.link AS l, LATERAL (VALUES
      (l.relation_schema, l.relation_name, l.columns || array_remove(ARRAY[l.discriminator], NULL), l.relation_oid, l.relation_owner),
      (l.parent_schema, l.parent_name, l.parent_columns, NULL, NULL)) AS v
    WHERE l.subject_type = check_declared.subject_type AND l.scope <> 'stop'
    UNION ALL
    SELECT b.relation_schema, b.relation_name, ARRAY[b.key_column], b.relation_oid, b.relation_owner
    FROM gdpr_internal.blocker AS b WHERE b.subject_type = check_declared.subject_type
  LOOP
    PERFORM gdpr_internal.require_same_owner(check_declared.subject_type,
      gdpr_internal.existing(check_declared.subject_type, f.r_schema, f.r_name, VARIADIC f.r_columns), f.r_oid, f.r_owner);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.check_declared(text) IS
  'Stops if a table or column that was declared for the subject type is gone, or is somebody else''s';

--| The relations reached, subject first, each after all its parents.
CREATE OR REPLACE FUNCTION gdpr_internal.steps(subject_type text)
RETURNS TABLE(step int, relation regclass, links int[], scope text, on_erase text)
LANGUAGE plpgsql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(steps.subject_type);
  done oid[];
  edges jsonb;
BEGIN
  PERFORM gdpr_internal.check_declared(s.subject_type);
  SELECT coalesce(jsonb_agg(jsonb_build_object('link', k.link, 'scope', k.scope, 'on_erase', k.on_erase,
    'relation', gdpr_internal.resolve(k.relation_schema, k.relation_name)::oid,
    'parent', gdpr_internal.resolve(k.parent_schema, k.parent_name)::oid)), '[]') INTO edges
  FROM gdpr_internal.link AS k WHERE k.subject_type = s.subject_type AND k.scope <> 'stop';
  step := 0;
  relation := gdpr_internal.resolve(s.relation_schema, s.relation_name);
  links := '{}';
  scope := 'owned';
  on_erase := 'anonymize';
  done := ARRAY[relation::oid];
  LOOP
    step := step + 1;
    RETURN NEXT;
    -- The next relation all of whose parents are done; self-links wait for nothing.
    SELECT r.relation, r.links, r.scope, r.on_erase
    INTO steps.relation, steps.links, steps.scope, steps.on_erase
    FROM (
      SELECT l.relation, min(l.link) AS first,
        array_agg(l.link ORDER BY l.relation = l.parent, l.link) AS links,
        CASE WHEN bool_and(l.scope = 'owned') THEN 'owned' ELSE 'shared' END AS scope,
        CASE WHEN bool_and(l.on_erase = 'delete') THEN 'delete'
             WHEN bool_and(l.on_erase = 'unlink') THEN 'unlink' ELSE 'anonymize' END AS on_erase,
        bool_and(l.parent = ANY (done) OR l.parent = l.relation) AS ready
      FROM jsonb_to_recordset(edges) AS l(link int, scope text, on_erase text, relation oid, parent oid)
      GROUP BY l.relation
    ) AS r
    WHERE r.ready AND r.relation <> ALL (done)
    ORDER BY r.first LIMIT 1;
    EXIT WHEN NOT FOUND;
    done := done || relation::oid;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.steps(text) IS
  'The relations a subject type reaches, the subject first, each after all its parents';

--| Columns by which the relation's own links go on, after the key where it is the subject.
CREATE OR REPLACE FUNCTION gdpr_internal.needed_columns(subject_type text, relation regclass)
RETURNS name[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(needed_columns.subject_type);
  key name[] := '{}';
BEGIN
  IF gdpr_internal.resolve(s.relation_schema, s.relation_name) = needed_columns.relation THEN
    key := s.key;
  END IF;
  RETURN key || ARRAY(
    SELECT DISTINCT c.name FROM gdpr_internal.link AS l, unnest(l.parent_columns) AS c(name)
    WHERE l.subject_type = s.subject_type AND l.scope <> 'stop' AND c.name <> ALL (key)
      AND gdpr_internal.resolve(l.parent_schema, l.parent_name) = needed_columns.relation
    ORDER BY c.name);
END
$$;
COMMENT ON FUNCTION gdpr_internal.needed_columns(text, regclass) IS
  'Columns by which a relation''s own links go on, after the key columns where it is the subject''s';

--| The select list both statements share.
CREATE OR REPLACE FUNCTION gdpr_internal.found_sql(subject_type text, relation regclass, lock boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  -- Where no link goes on from here an erasure reads no values, and building them costs as much as the search.
  SELECT 'SELECT t.tableoid AS relid, t.ctid AS tid, p.person, '
    || CASE WHEN NOT $3 OR EXISTS (
         SELECT FROM gdpr_internal.link AS l
         WHERE l.subject_type = $1 AND l.scope <> 'stop'
           AND gdpr_internal.resolve(l.parent_schema, l.parent_name) = $2)
       THEN 'pg_catalog.jsonb_build_array(p.person'
         || coalesce(string_agg(format(', t.%I::pg_catalog.text', c), '' ORDER BY n), '') || ')'
       ELSE 'NULL::pg_catalog.jsonb' END
    || E' AS vals\nFROM '
  FROM unnest(gdpr_internal.needed_columns($1, $2)) WITH ORDINALITY AS u(c, n)
$$;
COMMENT ON FUNCTION gdpr_internal.found_sql(text, regclass, boolean) IS
  'Head of the statements that find rows: table, row, person, values for further links';

--| The people themselves as a join: table t, and p with their keys and places in $1 text[], canonical keys.
CREATE OR REPLACE FUNCTION gdpr_internal.people_join(subject_type text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(people_join.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
  source text := 'SELECT u.n::pg_catalog.int4 AS person, u.v AS key, %s FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS u(v, n)%s';
  parts text;
  conditions text;
BEGIN
  IF cardinality(s.key) = 1 THEN
    source := format(source, 'u.v AS v1', '');
  ELSE
    -- Takes the canonical row literal apart; the owner may not call our own row_fields().
    SELECT string_agg(format('f.part[%1$s] AS v%1$s', n), ', ' ORDER BY n) INTO parts
    FROM generate_series(1, cardinality(s.key)) AS n;
    source := format(source, parts, format(
      ', LATERAL (SELECT pg_catalog.array_agg(coalesce(m.p[2], pg_catalog.replace(pg_catalog.replace('
      'm.p[1], %L, %L), %L, %L)) ORDER BY m.n) FROM pg_catalog.regexp_matches('
      'pg_catalog.substr(u.v, 2, pg_catalog.length(u.v) OPERATOR(pg_catalog.-) 2), %L, ''g'') WITH ORDINALITY AS m(p, n)) AS f(part)',
      '""', '"', '\\', '\', '(?:^|,)(?:"((?:[^"\\]|""|\\\\)*)"|([^",]+))'));
  END IF;
  SELECT string_agg(gdpr_internal.match_sql(format('t.%I', k), y.t, 'p.v' || n, y.t), E'\n  AND ' ORDER BY n)
  INTO conditions
  FROM unnest(s.key) WITH ORDINALITY AS u(k, n),
    LATERAL (SELECT gdpr_internal.column_type(relation, k)) AS y(t);
  RETURN format(E'%s AS t\nJOIN (%s) AS p\nON %s', gdpr_internal.sql_name(relation), source, conditions);
END
$$;
COMMENT ON FUNCTION gdpr_internal.people_join(text) IS
  'FROM list for the rows of people by canonical keys ($1 text[]): table t joined with p(person, key, …)';

--| The rows of the people themselves. $1 text[]: canonical keys; person is the place in $1.
CREATE OR REPLACE FUNCTION gdpr_internal.find_subject_sql(subject_type text, lock boolean DEFAULT false)
RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(find_subject_sql.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
BEGIN
  RETURN gdpr_internal.found_sql(s.subject_type, relation, find_subject_sql.lock)
    || gdpr_internal.people_join(s.subject_type)
    || CASE WHEN find_subject_sql.lock THEN E'\nFOR UPDATE OF t' ELSE '' END;
END
$$;
COMMENT ON FUNCTION gdpr_internal.find_subject_sql(text, boolean) IS
  'SELECT for the rows of people by canonical keys ($1 text[]): relid, tid, person, vals';

--| The rows a link leads to as a join: table t, and p with the person and the parent's values. $1 jsonb: [[person,
--| needed columns of the parent as text…], …]; by_key, of a link that hangs on the one key column: $1 text[], as in
--| people_join().
CREATE OR REPLACE FUNCTION gdpr_internal.link_join(link int, by_key boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  l gdpr_internal.link;
  relation regclass;
  parent regclass;
  needed name[];
  source text;
  conditions text;
BEGIN
  SELECT k.* INTO STRICT l FROM gdpr_internal.link AS k WHERE k.link = link_join.link;
  relation := gdpr_internal.existing(l.subject_type, l.relation_schema, l.relation_name,
                                     VARIADIC l.columns || array_remove(ARRAY[l.discriminator], NULL));
  parent := gdpr_internal.existing(l.subject_type, l.parent_schema, l.parent_name, VARIADIC l.parent_columns);
  needed := gdpr_internal.needed_columns(l.subject_type, parent);
  SELECT string_agg(format('j.v OPERATOR(pg_catalog.->>) %s AS v%s', array_position(needed, c), n), ', ' ORDER BY n)
  INTO source FROM unnest(l.parent_columns) WITH ORDINALITY AS u(c, n);
  SELECT string_agg(gdpr_internal.match_sql(format('t.%I', l.columns[n]), gdpr_internal.column_type(relation, l.columns[n]),
           'p.v' || n, gdpr_internal.column_type(parent, l.parent_columns[n])), E'\n  AND ' ORDER BY n)
  INTO conditions FROM generate_series(1, cardinality(l.columns)) AS n;
  IF l.discriminator IS NOT NULL THEN
    conditions := conditions || E'\n  AND ' || gdpr_internal.match_sql(format('t.%I', l.discriminator), y.t,
      quote_literal(l.discriminator_value) || '::pg_catalog.text', y.t)
      FROM (SELECT gdpr_internal.column_type(relation, l.discriminator)) AS y(t);
  END IF;
  RETURN format(E'%s AS t\nJOIN (%s) AS p\nON %s', gdpr_internal.sql_name(relation), CASE WHEN link_join.by_key
    THEN 'SELECT u.n::pg_catalog.int4 AS person, u.v AS v1 FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS u(v, n)'
    ELSE format(E'SELECT DISTINCT (j.v OPERATOR(pg_catalog.->>) 0)::pg_catalog.int4 AS person, %s\n'
                '  FROM pg_catalog.jsonb_array_elements($1::pg_catalog.jsonb) AS j(v)', source) END, conditions);
END
$$;
COMMENT ON FUNCTION gdpr_internal.link_join(int, boolean) IS
  'FROM list for the rows a link leads to: table t joined with p(person, the parent''s values)';

--| The rows a link leads to. $1 jsonb: [[person, needed columns of the parent as text…], …].
CREATE OR REPLACE FUNCTION gdpr_internal.find_link_sql(link int, lock boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  l gdpr_internal.link;
BEGIN
  SELECT k.* INTO STRICT l FROM gdpr_internal.link AS k WHERE k.link = find_link_sql.link;
  RETURN gdpr_internal.found_sql(l.subject_type, gdpr_internal.existing(l.subject_type, l.relation_schema, l.relation_name), find_link_sql.lock)
    || gdpr_internal.link_join(l.link) || CASE WHEN find_link_sql.lock THEN E'\nFOR UPDATE OF t' ELSE '' END;
END
$$;
COMMENT ON FUNCTION gdpr_internal.find_link_sql(int, boolean) IS
  'SELECT for the rows a link leads to, from the parent''s values ($1 jsonb): relid, tid, person, vals';
