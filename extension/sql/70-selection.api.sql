-- SPDX-License-Identifier: PostgreSQL
-- The people that a table or view names: for bulk changes of any kind.

--| How the people are read whom a table or view names: a statement for its owner. direct: what it gives are
--| canonical keys, each once; else they must be made so.
CREATE OR REPLACE FUNCTION gdpr_internal.selection_sql(subject_type text, selection regclass, OUT statement text, OUT direct boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(selection_sql.subject_type);
  people regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  columns name[];
BEGIN
  IF selection_sql.selection IS NULL THEN
    RAISE EXCEPTION 'the selection must not be null' USING ERRCODE = '22004', HINT = 'Name a table or view with the people''s keys.';
  ELSIF NOT has_table_privilege(gdpr_internal.caller(), selection_sql.selection, 'SELECT') THEN
    RAISE EXCEPTION 'permission denied for relation %', gdpr_internal.sql_name(selection_sql.selection)
      USING ERRCODE = '42501', HINT = 'Whoever names a selection needs SELECT on it.';
  END IF;
  SELECT array_agg(a.attname ORDER BY a.attnum) INTO columns FROM pg_attribute AS a
  WHERE a.attrelid = selection_sql.selection AND a.attnum > 0 AND NOT a.attisdropped;
  IF columns @> s.key THEN
    columns := s.key;
  ELSIF coalesce(cardinality(columns), 0) <> 1 THEN
    RAISE EXCEPTION 'relation % does not name people', gdpr_internal.sql_name(selection_sql.selection)
      USING ERRCODE = '42703', DETAIL = format('The key of subject type "%s" is (%s).', s.subject_type, array_to_string(s.key, ', ')),
            HINT = 'Give it columns of these names, or one column only: the key as text.';
  END IF;
  -- An integer is its own canonical form in every integer type, and so is a value of the key's own type.
  SELECT cardinality(columns) = cardinality(s.key) AND bool_and(gdpr_internal.base_type(y.ours) = gdpr_internal.base_type(y.theirs)
      AND gdpr_internal.base_type(y.ours) <> 'bpchar'::regtype AND (SELECT t.typname FROM pg_type AS t WHERE t.oid = gdpr_internal.base_type(y.ours)) <> 'citext'
    OR gdpr_internal.compare_class(y.ours) = 'int' AND gdpr_internal.compare_class(y.theirs) = 'int')
  INTO direct
  FROM unnest(columns, s.key) AS u(c, k), LATERAL (SELECT gdpr_internal.column_type(people, u.k) AS ours,
    gdpr_internal.column_type(selection_sql.selection, u.c) AS theirs) AS y;
  -- In the order of the keys: people are locked, and mostly lie on disk, in this order.
  statement := format('SELECT %s FROM (SELECT DISTINCT %s FROM %s AS s ORDER BY %2$s) AS t',
    CASE WHEN cardinality(columns) = 1 THEN format('t.%I::pg_catalog.text', columns[1])
      ELSE format('CASE WHEN ROW(%s) IS NOT NULL THEN %s END', (SELECT string_agg(format('t.%I', c), ', ') FROM unnest(columns) AS c),
                  gdpr_internal.text_of(columns)) END,
    (SELECT string_agg(format('s.%I', c), ', ') FROM unnest(columns) AS c), gdpr_internal.sql_name(selection_sql.selection));
END
$$;
COMMENT ON FUNCTION gdpr_internal.selection_sql(text, regclass) IS
  'A statement for the owner of a table or view that gives the keys of the people it names, and whether they are canonical and each there once';

--| A selection must name everybody.
CREATE OR REPLACE FUNCTION gdpr_internal.refuse_nameless(nameless boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF nameless THEN
    RAISE EXCEPTION 'the selection has rows without a key' USING ERRCODE = '22004',
      HINT = 'A person without a key cannot be named; leave such rows out.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refuse_nameless(boolean) IS 'Stops at a selection with rows that name nobody';

--| The people that a table or view names, each once, read as its owner.
CREATE OR REPLACE FUNCTION gdpr_internal.selected_keys(subject_type text, selection regclass) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  q record := gdpr_internal.selection_sql(selected_keys.subject_type, selected_keys.selection);
  keys text[];
  nameless bigint;
BEGIN
  SELECT array_agg(r.key) FILTER (WHERE r.key IS NOT NULL), count(*) FILTER (WHERE r.key IS NULL) INTO keys, nameless
  FROM gdpr_internal.query_as_owner(selected_keys.selection, q.statement) AS r(key text);
  PERFORM gdpr_internal.refuse_nameless(nameless > 0);
  IF NOT q.direct THEN
    keys := ARRAY(SELECT DISTINCT k FROM unnest(gdpr_internal.canonical_keys(
      selected_keys.subject_type, coalesce(keys, '{}'))) AS k ORDER BY k);
  END IF;
  RETURN coalesce(keys, '{}');
END
$$;
COMMENT ON FUNCTION gdpr_internal.selected_keys(text, regclass) IS
  'Canonical keys of the people that a table or view names, each once, read as its owner';
