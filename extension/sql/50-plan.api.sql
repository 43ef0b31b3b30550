-- SPDX-License-Identifier: PostgreSQL
-- From links, labels and catalogs to a plan: for each table the exact SET list of its one UPDATE.

--| The relations a subject type reaches, with their partitions and inheritance children.
CREATE OR REPLACE FUNCTION gdpr_internal.reached_relations(subject_type text) RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE reached(relid) AS (
    SELECT s.relation::oid FROM gdpr_internal.steps($1) AS s
    UNION
    SELECT i.inhrelid FROM reached AS r JOIN pg_inherits AS i ON i.inhparent = r.relid
  )
  SELECT relid FROM reached
$$;
COMMENT ON FUNCTION gdpr_internal.reached_relations(text) IS
  'Every table that a subject type reaches, partitions and inheritance children included';

--| A digest of all that a plan is made from; equal digest, equal plan. Row versions (xmin) of
--| the catalogs stand for their contents, so that one cheap pass notices every DDL.
CREATE OR REPLACE FUNCTION gdpr_internal.plan_fingerprint(subject_type text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH reached AS MATERIALIZED (SELECT r AS relid FROM gdpr_internal.reached_relations($1) AS r),
  columns AS MATERIALIZED (
    SELECT a.attrelid, a.attnum, a.atttypid, a.xmin AS version
    FROM reached AS r JOIN pg_attribute AS a ON a.attrelid = r.relid AND a.attnum > 0
  ),
  parts(part) AS (
    SELECT 'v' || e.extversion FROM pg_extension AS e WHERE e.extname = 'pg_gdpr'
    UNION ALL
    SELECT 's' || pg_catalog.row_to_json(s)::text FROM gdpr_internal.subject_type AS s
    WHERE s.subject_type = $1
    UNION ALL
    SELECT 'l' || pg_catalog.row_to_json(l)::text FROM gdpr_internal.link AS l
    WHERE l.subject_type = $1
    UNION ALL
    SELECT 'r' || c.oid || ':' || c.xmin FROM reached AS r JOIN pg_class AS c ON c.oid = r.relid
    UNION ALL
    SELECT 'a' || attrelid || '.' || attnum || ':' || version FROM columns
    UNION ALL
    SELECT 'c' || c.oid || ':' || c.xmin
    FROM pg_constraint AS c
    WHERE c.conrelid IN (SELECT relid FROM reached) OR c.confrelid IN (SELECT relid FROM reached)
       OR (c.contypid <> 0 AND c.contypid IN (SELECT atttypid FROM columns))
    UNION ALL
    SELECT 'i' || i.indexrelid || ':' || i.xmin
    FROM pg_index AS i WHERE i.indrelid IN (SELECT relid FROM reached)
    UNION ALL
    SELECT 't' || t.oid || ':' || t.xmin
    FROM pg_trigger AS t WHERE t.tgrelid IN (SELECT relid FROM reached)
    UNION ALL
    SELECT 'e' || e.oid || ':' || e.xmin
    FROM pg_enum AS e WHERE e.enumtypid IN (SELECT atttypid FROM columns)
    UNION ALL
    SELECT 'b' || b.objoid || '.' || b.objsubid || ':' || b.label
    FROM pg_seclabel AS b
    WHERE b.provider = 'gdpr' AND b.classoid = 'pg_catalog.pg_class'::regclass
      AND b.objoid IN (SELECT relid FROM reached)
  )
  SELECT pg_catalog.md5(pg_catalog.string_agg(part, E'\n' ORDER BY part)) FROM parts
$$;
COMMENT ON FUNCTION gdpr_internal.plan_fingerprint(text) IS
  'Digest of everything an erasure plan is made from: links, labels, columns, constraints, triggers';

--| True for columns whose values travel as text (text, varchar, char, name, citext, domains).
CREATE OR REPLACE FUNCTION gdpr_internal.is_string_type(data_type oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE base(oid, typtype, typbasetype, typcategory) AS (
    SELECT oid, typtype, typbasetype, typcategory FROM pg_type WHERE oid = $1
    UNION ALL
    SELECT t.oid, t.typtype, t.typbasetype, t.typcategory
    FROM base AS b JOIN pg_type AS t ON b.typtype = 'd' AND t.oid = b.typbasetype
  )
  SELECT typcategory = 'S' FROM base WHERE typtype <> 'd'
$$;
COMMENT ON FUNCTION gdpr_internal.is_string_type(oid) IS
  'True for string types and domains over them';

--| One column's part of the plan: how it is assigned, and how it is recognised afterwards.
--| A constant result can be checked after triggers have run; a random one cannot.
CREATE OR REPLACE FUNCTION gdpr_internal.plan_column(column_name name, data_type oid, rule text)
RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
    'column', $1,
    'rule', $3,
    'redact', CASE WHEN $3 ~ '\merase=redact\M' THEN true END,
    'set', CASE
      WHEN $3 ~ '^not_personal\M|\merase=keep\M' THEN NULL
      WHEN $3 ~ '\merase=redact\M' THEN
        pg_catalog.format('%1$I = gdpr.redact(t.%1$I::pg_catalog.text, %2$L, f.own)', $1, $3)
      WHEN gdpr_internal.is_string_type($2) THEN
        pg_catalog.format('%1$I = gdpr.anonymize(t.%1$I::pg_catalog.text, %2$L)', $1, $3)
      ELSE pg_catalog.format('%1$I = gdpr.anonymize(t.%1$I, %2$L)', $1, $3) END,
    'left', CASE
      WHEN $3 ~ '^not_personal\M|\merase=(keep|redact|surrogate)\M|\munique\M'
        OR gdpr_internal.base_type($2) IN ('uuid'::regtype, 'uuid[]'::regtype) THEN NULL
      WHEN gdpr_internal.is_string_type($2) THEN
        -- a trigger's upper-case copy is as good
        pg_catalog.format('pg_catalog.lower(t.%1$I::pg_catalog.text) OPERATOR(pg_catalog.<>) '
          'pg_catalog.lower(gdpr.anonymize(t.%1$I::pg_catalog.text, %2$L))', $1, $3)
      ELSE pg_catalog.format('t.%1$I::pg_catalog.text OPERATOR(pg_catalog.<>) gdpr.anonymize(t.%1$I, %2$L)::pg_catalog.text', $1, $3)
      END))
$$;
COMMENT ON FUNCTION gdpr_internal.plan_column(name, oid, text) IS
  'Plan of one column: its assignment, and a condition that is true while an old value is left';

--| All classified columns of one table, ready to assign. Stops at the first that cannot be.
CREATE OR REPLACE FUNCTION gdpr_internal.plan_columns(relation regclass) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  f record;
  columns jsonb := '[]';
BEGIN
  FOR f IN
    SELECT x.*, a.atttypid FROM gdpr_internal.fit(plan_columns.relation) AS x
    JOIN pg_attribute AS a ON a.attrelid = plan_columns.relation AND a.attname = x.column_name
    ORDER BY a.attnum
  LOOP
    IF f.problem IS NOT NULL THEN
      RAISE EXCEPTION 'column "%" of table % cannot take its treatment', f.column_name, plan_columns.relation
        USING ERRCODE = coalesce(f.sqlstate, 'PD005'), DETAIL = f.problem,
              HINT = coalesce(f.hint, 'Run gdpr.preflight() for all findings.');
    END IF;
    IF f.writable THEN
      columns := columns || gdpr_internal.plan_column(f.column_name, f.atttypid, f.rule);
    END IF;
  END LOOP;
  RETURN columns;
END
$$;
COMMENT ON FUNCTION gdpr_internal.plan_columns(regclass) IS
  'The classified, writable columns of a table with their assignments';

--| Columns that only inheritance children have, by child: {"16400": [columns]}.
CREATE OR REPLACE FUNCTION gdpr_internal.plan_children(relation regclass) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_catalog.jsonb_object_agg(c.relid, c.own)
  FROM (
    SELECT t.relid, pg_catalog.jsonb_agg(k) AS own
    FROM gdpr_internal.tree($1) AS t(relid)
    JOIN pg_class AS p ON p.oid = t.relid AND NOT p.relispartition AND p.oid <> $1
    CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(gdpr_internal.plan_columns(t.relid)) AS k
    WHERE gdpr_internal.column_type($1, (k->>'column')::name) IS NULL
    GROUP BY t.relid
  ) AS c
$$;
COMMENT ON FUNCTION gdpr_internal.plan_children(regclass) IS
  'The classified columns that only inheritance children of a table have';

--| Unique indexes over surrogates that may be equal by chance, by table: {"16400": ["16410"]}. A table has 2^40
--| rows at most, and of 2^60 values the next one is then taken once in a million; an expression may leave fewer.
CREATE OR REPLACE FUNCTION gdpr_internal.plan_small(relation regclass, columns jsonb, children jsonb) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_catalog.jsonb_object_agg(s.relid, s.indexes)
  FROM (
    SELECT t.relid, pg_catalog.jsonb_agg(DISTINCT i.indexrelid) AS indexes
    FROM gdpr_internal.tree($1) AS t(relid)
    JOIN pg_index AS i ON i.indrelid = t.relid AND i.indislive AND (i.indisunique OR i.indisexclusion)
    JOIN pg_attribute AS a ON a.attrelid = t.relid AND a.attnum > 0 AND NOT a.attisdropped
     AND (a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
          OR i.indexprs::text ~ (':varattno ' || a.attnum || ' '))
    JOIN pg_catalog.jsonb_array_elements($2 || coalesce($3->(t.relid::text), '[]')) AS c
      ON c->>'column' = a.attname AND c ? 'set'
    CROSS JOIN LATERAL gdpr_internal.rule_parts(c->>'rule') AS p
    WHERE p.is_unique AND coalesce(p.treatment, 'surrogate') ~ '^surrogate'
      AND (i.indexprs IS NOT NULL
           OR coalesce(gdpr_internal.random_bits(gdpr_internal.base_type(a.atttypid), c->>'rule'), 0) < 60)
    GROUP BY t.relid
  ) AS s
$$;
COMMENT ON FUNCTION gdpr_internal.plan_small(regclass, jsonb, jsonb) IS
  'Unique indexes of a table and its children over surrogates from a small space';

--| Who else may point at a shared row: the links into it and every foreign key onto it.
CREATE OR REPLACE FUNCTION gdpr_internal.plan_referrers(subject_type text, shared regclass)
RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH referrer(relation, columns, shared_columns) AS (
    SELECT gdpr_internal.resolve(l.parent_schema, l.parent_name), l.parent_columns, l.columns
    FROM gdpr_internal.link AS l
    WHERE l.subject_type = $1 AND l.scope = 'shared'
      AND gdpr_internal.resolve(l.relation_schema, l.relation_name) = $2
    UNION
    SELECT c.conrelid::regclass,
      ARRAY(SELECT a.attname FROM pg_catalog.unnest(c.conkey) WITH ORDINALITY AS k(attnum, n)
            JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.attnum ORDER BY k.n),
      ARRAY(SELECT a.attname FROM pg_catalog.unnest(c.confkey) WITH ORDINALITY AS k(attnum, n)
            JOIN pg_attribute AS a ON a.attrelid = c.confrelid AND a.attnum = k.attnum ORDER BY k.n)
    FROM pg_constraint AS c
    WHERE c.contype = 'f' AND c.confrelid = $2 AND c.conparentid = 0
  )
  SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'relation', r.relation::oid, 'columns', pg_catalog.to_jsonb(r.columns),
    'shared_columns', pg_catalog.to_jsonb(r.shared_columns),
    'step', (SELECT s.step FROM gdpr_internal.steps($1) AS s WHERE s.relation = r.relation),
    -- Whose rows these are, by every subject type: a frozen clerk keeps no customer's address.
    'ties', (SELECT coalesce(pg_catalog.jsonb_agg(t.tie), '[]') FROM (
        SELECT pg_catalog.jsonb_build_object('type', y.subject_type, 'link', NULL,
                                             'columns', pg_catalog.to_jsonb(y.key)) AS tie
        FROM gdpr_internal.subject_type AS y
        WHERE gdpr_internal.resolve(y.relation_schema, y.relation_name) = r.relation
        UNION ALL
        SELECT pg_catalog.jsonb_build_object('type', y.subject_type, 'columns', pg_catalog.to_jsonb(l.columns),
          'link', CASE WHEN l.parent_schema = y.relation_schema AND l.parent_name = y.relation_name
                        AND l.parent_columns = y.key THEN NULL ELSE l.link END)
        FROM gdpr_internal.link AS l
        JOIN gdpr_internal.subject_type AS y ON y.subject_type = l.subject_type
        WHERE l.scope = 'owned'
          AND gdpr_internal.resolve(l.relation_schema, l.relation_name) = r.relation
      ) AS t))), '[]')
  FROM referrer AS r
$$;
COMMENT ON FUNCTION gdpr_internal.plan_referrers(text, regclass) IS
  'Tables whose rows keep a shared row alive, and by which links their rows belong to people';

--| One table's part of the plan.
CREATE OR REPLACE FUNCTION gdpr_internal.plan_step(
  subject_type text, step integer, relation regclass, links integer[], scope text, on_erase text)
RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  columns jsonb := gdpr_internal.plan_columns(plan_step.relation);
  children jsonb := gdpr_internal.plan_children(plan_step.relation);
  unlinked text;
BEGIN
  IF plan_step.on_erase = 'unlink' THEN
    SELECT pg_catalog.string_agg(DISTINCT pg_catalog.format('%I = NULL', c), ', ') INTO unlinked
    FROM gdpr_internal.link AS l, pg_catalog.unnest(l.columns) AS c
    WHERE l.link = ANY (plan_step.links);
  END IF;
  RETURN pg_catalog.jsonb_build_object(
    'step', plan_step.step, 'relation', plan_step.relation::oid, 'name', plan_step.relation::text,
    'find', CASE WHEN plan_step.step = 1 THEN gdpr_internal.find_subject_sql(plan_step.subject_type, true) END,
    'scope', plan_step.scope, 'on_erase', plan_step.on_erase, 'columns', columns,
    'links', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'link', l.link, 'parent', p.step, 'find', gdpr_internal.find_link_sql(l.link, true))), '[]')
      FROM gdpr_internal.link AS l
      JOIN gdpr_internal.steps(plan_step.subject_type) AS p
        ON p.relation = gdpr_internal.resolve(l.parent_schema, l.parent_name)
      WHERE l.link = ANY (plan_step.links)),
    'children', children,
    'small', CASE WHEN plan_step.on_erase <> 'delete'
      THEN gdpr_internal.plan_small(plan_step.relation, columns, children) END,
    'redacting', pg_catalog.jsonb_path_exists(pg_catalog.jsonb_build_array(columns, children), '$.**.redact'),
    'set', (SELECT pg_catalog.concat_ws(', ', pg_catalog.string_agg(c->>'set', ', '), unlinked)
      FROM pg_catalog.jsonb_array_elements(columns) AS c),
    'redacts', (SELECT pg_catalog.string_agg(c->>'set', ', ')
      FROM pg_catalog.jsonb_array_elements(columns) AS c WHERE c ? 'redact'),
    'left', (SELECT pg_catalog.string_agg(c->>'left', ' OR ')
      FROM pg_catalog.jsonb_array_elements(columns) AS c),
    'referrers', CASE WHEN plan_step.scope = 'shared'
      THEN gdpr_internal.plan_referrers(plan_step.subject_type, plan_step.relation) END);
END
$$;
COMMENT ON FUNCTION gdpr_internal.plan_step(text, integer, regclass, integer[], text, text) IS
  'Plan of one table: its SET list, its links, and who keeps its shared rows alive';

--| Links below the first hop: the values by which their rows will be known as a frozen person's.
CREATE OR REPLACE FUNCTION gdpr_internal.plan_freezes(subject_type text, steps jsonb) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'link', l.link, 'parent', p.step,
    'columns', (SELECT pg_catalog.jsonb_agg(pg_catalog.array_position(n.columns, c) ORDER BY k)
                FROM pg_catalog.unnest(l.parent_columns) WITH ORDINALITY AS u(c, k)))), '[]')
  FROM gdpr_internal.link AS l
  JOIN gdpr_internal.subject_type AS y ON y.subject_type = l.subject_type
  JOIN gdpr_internal.steps($1) AS p
    ON p.relation = gdpr_internal.resolve(l.parent_schema, l.parent_name)
  CROSS JOIN LATERAL (SELECT gdpr_internal.needed_columns($1, p.relation)) AS n(columns)
  WHERE l.subject_type = $1 AND l.scope = 'owned'
    AND NOT (l.parent_schema = y.relation_schema AND l.parent_name = y.relation_name
             AND l.parent_columns = y.key)
    -- A value that the erasure replaces names nobody any more.
    AND NOT EXISTS (SELECT FROM pg_catalog.jsonb_array_elements($2->(p.step - 1)->'columns') AS c
                    WHERE c->>'column' = ANY (l.parent_columns) AND c ? 'set')
$$;
COMMENT ON FUNCTION gdpr_internal.plan_freezes(text, jsonb) IS
  'Links whose parent values are remembered, so that the guard knows rows of frozen people below the first hop';

--| The whole plan, compiled anew.
CREATE OR REPLACE FUNCTION gdpr_internal.compile_plan(subject_type text) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  subject gdpr_internal.subject_type;
  steps jsonb;
BEGIN
  SELECT y.* INTO subject FROM gdpr_internal.subject_type AS y
  WHERE y.subject_type = compile_plan.subject_type;
  SELECT pg_catalog.jsonb_agg(gdpr_internal.plan_step(
           compile_plan.subject_type, s.step, s.relation, s.links, s.scope, s.on_erase)
         ORDER BY s.step) INTO steps
  FROM gdpr_internal.steps(compile_plan.subject_type) AS s;
  RETURN pg_catalog.jsonb_build_object(
    'steps', steps,
    'freezes', gdpr_internal.plan_freezes(compile_plan.subject_type, steps),
    'redacts', EXISTS (SELECT FROM pg_catalog.jsonb_array_elements(steps) AS s WHERE (s->>'redacting')::boolean),
    'key_columns', pg_catalog.to_jsonb(subject.key),
    'key_is_personal', EXISTS (
      SELECT FROM pg_catalog.jsonb_array_elements(steps->0->'columns') AS c
      WHERE c->>'column' = ANY (subject.key) AND c ? 'set'),
    -- Other people's triggers and cascades may move or copy rows while we work.
    'triggers', EXISTS (
      SELECT FROM pg_trigger AS t
      JOIN gdpr_internal.reached_relations(compile_plan.subject_type) AS r ON r = t.tgrelid
      JOIN pg_proc AS f ON f.oid = t.tgfoid
      WHERE NOT t.tgisinternal AND f.pronamespace NOT IN ('gdpr'::regnamespace, 'gdpr_internal'::regnamespace) AND t.tgenabled <> 'D'),
    'cascades', EXISTS (
      SELECT FROM pg_constraint AS c
      JOIN gdpr_internal.reached_relations(compile_plan.subject_type) AS r ON r = c.confrelid
      WHERE c.contype = 'f' AND c.confupdtype IN ('c', 'n', 'd')),
    'unclassified', (SELECT coalesce(pg_catalog.jsonb_agg(
        u.relation::text || '.' || pg_catalog.quote_ident(u.column_name)), '[]')
      FROM gdpr.unclassified(compile_plan.subject_type) AS u));
END
$$;
COMMENT ON FUNCTION gdpr_internal.compile_plan(text) IS
  'Compiles the erasure plan of a subject type from the current catalogs';

--| The plan for the schema as it is now: compiled once, found again by its fingerprint.
CREATE OR REPLACE FUNCTION gdpr_internal.current_plan(subject_type text)
RETURNS gdpr_internal.erasure_plan
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted text := gdpr_internal.plan_fingerprint(current_plan.subject_type);
  result gdpr_internal.erasure_plan;
BEGIN
  SELECT p.* INTO result FROM gdpr_internal.erasure_plan AS p
  WHERE p.subject_type = current_plan.subject_type AND p.fingerprint = wanted;
  IF NOT FOUND THEN
    INSERT INTO gdpr_internal.erasure_plan AS p (subject_type, fingerprint, body)
    VALUES (current_plan.subject_type, wanted, gdpr_internal.compile_plan(current_plan.subject_type))
    ON CONFLICT ON CONSTRAINT erasure_plan_subject_type_fingerprint_key
      DO UPDATE SET fingerprint = excluded.fingerprint
    RETURNING p.* INTO result;
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.current_plan(text) IS
  'The erasure plan that belongs to the schema as it is now';
