-- SPDX-License-Identifier: PostgreSQL
-- What gdpr-batch copy asks of the map: whose a row is, and what goes along with a sampled person. All of it is
-- SQL text for the copy's own session, which may read the tables; nothing here reads them.

--| A column's value in its type's own text form. A cast of a user's type could be somebody's function; concat()
--| calls the type's output function.
CREATE OR REPLACE FUNCTION gdpr_internal.copy_text(alias text, relation regclass, column_name name) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  base oid := gdpr_internal.base_type(gdpr_internal.column_type(relation, column_name));
BEGIN
  RETURN format(CASE WHEN base < 16384 THEN '(%1$s.%2$I)::pg_catalog.text'
    ELSE 'CASE WHEN %1$s.%2$I IS NOT NULL THEN pg_catalog.concat(%1$s.%2$I) END' END, alias, column_name);
END
$$;
COMMENT ON FUNCTION gdpr_internal.copy_text(text, regclass, name) IS 'SQL: a column''s value in its type''s own text form';

--| SQL: the canonical key of a row of the table of people.
CREATE OR REPLACE FUNCTION gdpr_internal.copy_key(alias text, relation regclass, key name[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN cardinality($3) = 1 THEN gdpr_internal.copy_text($1, $2, $3[1])
    ELSE format('(ROW(%s))::pg_catalog.text', (SELECT string_agg(format('%s.%I', $1, k), ', ' ORDER BY n)
      FROM unnest($3) WITH ORDINALITY AS u(k, n))) END
$$;
COMMENT ON FUNCTION gdpr_internal.copy_key(text, regclass, name[]) IS 'SQL: the canonical key of a row of the table of people';

--| Types that somebody made: a cast from or to one can be a function of its owner's, at any time. citext is none: its
--| casts are there, and its own.
CREATE OR REPLACE FUNCTION gdpr_internal.is_users_type(data_type oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.base_type($1) >= 16384 AND gdpr_internal.compare_class($1) IS DISTINCT FROM 'text'
$$;
COMMENT ON FUNCTION gdpr_internal.is_users_type(oid) IS
  'A type whose casts to and from text can be its owner''s functions';

--| SQL condition: a row has a value, given as text, in a column.
CREATE OR REPLACE FUNCTION gdpr_internal.copy_has(alias text, relation regclass, column_name name, value_sql text, value_type oid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  data_type oid := gdpr_internal.column_type(relation, column_name);
BEGIN
  IF gdpr_internal.is_users_type(data_type) THEN
    RETURN format('%s OPERATOR(pg_catalog.=) %s', gdpr_internal.copy_text(alias, relation, column_name), value_sql);
  END IF;
  RETURN gdpr_internal.match_sql(format('%s.%I', alias, column_name), data_type, value_sql, value_type);
END
$$;
COMMENT ON FUNCTION gdpr_internal.copy_has(text, regclass, name, text, oid) IS
  'SQL condition: a column has a value given as text; by the index if the type is not somebody''s own';

--| SQL condition: a row "one" has in its columns what a row "other" has in those. Equal types are compared as they are: on the
--| way through text a cast could be somebody's function.
CREATE OR REPLACE FUNCTION gdpr_internal.copy_match(
  one text, one_relation regclass, one_columns name[], other text, other_relation regclass, other_columns name[])
RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT string_agg(CASE
      WHEN y.operator IS NOT NULL THEN format('%s.%I %s %s.%I', one, u.c, y.operator, other, u.o)
      ELSE gdpr_internal.copy_has(one, one_relation, u.c, gdpr_internal.copy_text(other, other_relation, u.o), t.theirs) END,
      ' AND ' ORDER BY u.n)
    FROM unnest(one_columns, other_columns) WITH ORDINALITY AS u(c, o, n),
      LATERAL (SELECT gdpr_internal.column_type(one_relation, u.c), gdpr_internal.column_type(other_relation, u.o)) AS t(ours, theirs),
      LATERAL (SELECT CASE
        WHEN gdpr_internal.compare_class(t.ours) = 'int' AND gdpr_internal.compare_class(t.theirs) = 'int' THEN 'OPERATOR(pg_catalog.=)'
        -- Domains over an enum are no enums to its operators.
        WHEN gdpr_internal.base_type(t.ours) = gdpr_internal.base_type(t.theirs)
          AND (t.ours = t.theirs AND t.ours = gdpr_internal.base_type(t.ours) OR NOT gdpr_internal.is_users_type(t.ours))
          THEN gdpr_internal.equality_operator(t.ours) END) AS y(operator));
END
$$;
COMMENT ON FUNCTION gdpr_internal.copy_match(text, regclass, name[], text, regclass, name[]) IS
  'SQL condition: columns of two rows are equal, by the index of the first if there is one';

--| SQL condition: the row says by a link that it is somebody's; whose is not asked.
CREATE OR REPLACE FUNCTION gdpr_internal.copy_applies(alias text, l gdpr_internal.link, relation regclass) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT string_agg(format('%s.%I IS NOT NULL', alias, c), ' AND ' ORDER BY n) FROM unnest(l.columns) WITH ORDINALITY AS u(c, n))
    || CASE WHEN l.discriminator IS NULL THEN '' ELSE ' AND coalesce(' || gdpr_internal.copy_has(alias, relation, l.discriminator,
         quote_literal(l.discriminator_value) || '::pg_catalog.text', gdpr_internal.column_type(relation, l.discriminator)) || ', false)' END;
END
$$;
COMMENT ON FUNCTION gdpr_internal.copy_applies(text, gdpr_internal.link, regclass) IS
  'SQL condition: the row says by a link that it is somebody''s';

--| The people of a database: their tables, their canonical keys (of row p), and how they are found by such keys ($1 text[]).
CREATE OR REPLACE FUNCTION gdpr.copy_people()
RETURNS TABLE(subject_type text, relation regclass, key_sql text, find_sql text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type;
BEGIN
  FOR s IN SELECT x.* FROM gdpr_internal.subject_type AS x ORDER BY x.subject_type COLLATE "C" LOOP
    PERFORM gdpr_internal.check_declared(s.subject_type);
    subject_type := s.subject_type;
    relation := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
    key_sql := gdpr_internal.copy_key('p', relation, s.key);
    find_sql := 'SELECT t.tableoid, t.ctid, p.person FROM ' || gdpr_internal.people_join(s.subject_type);
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr.copy_people() IS 'For gdpr-batch copy: the tables of people, and SQL to find people by their keys';

--| Keys of people in canonical form; a bad one is told by its place, never quoted.
CREATE OR REPLACE FUNCTION gdpr.copy_keys(subject_type text, keys text[]) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.canonical_keys($1, $2)
$$;
COMMENT ON FUNCTION gdpr.copy_keys(text, text[]) IS 'For gdpr-batch copy: keys of people in canonical form';

--| What goes along with a person: rows c of relation that match a row p of the parent. Links with scope stop have no condition.
CREATE OR REPLACE FUNCTION gdpr.copy_links()
RETURNS TABLE(link int, subject_type text, scope text, relation regclass, parent regclass, matches text, applies text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  l gdpr_internal.link;
BEGIN
  FOR l IN SELECT x.* FROM gdpr_internal.link AS x ORDER BY x.link LOOP
    link := l.link;
    subject_type := l.subject_type;
    scope := l.scope;
    relation := gdpr_internal.resolve(l.relation_schema, l.relation_name);
    parent := gdpr_internal.resolve(l.parent_schema, l.parent_name);
    applies := NULL;
    matches := NULL;
    CONTINUE WHEN relation IS NULL OR parent IS NULL;  -- scope stop only: check_declared() saw the others
    IF scope <> 'stop' THEN
      applies := gdpr_internal.copy_applies('c', l, relation);
      matches := gdpr_internal.copy_match('c', relation, l.columns, 'p', parent, l.parent_columns) || ' AND ' || applies;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr.copy_links() IS 'For gdpr-batch copy: which rows go along with a person''s';

--| SQL: the key of the person a row belongs to by one link, NULL if it belongs to nobody by it.
CREATE OR REPLACE FUNCTION gdpr_internal.copy_seed_by(alias text, l gdpr_internal.link) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(l.subject_type);
  relation regclass := gdpr_internal.existing(l.subject_type, l.relation_schema, l.relation_name, VARIADIC l.columns);
  parent regclass := gdpr_internal.existing(l.subject_type, l.parent_schema, l.parent_name, VARIADIC l.parent_columns);
  above text := alias || '_' || l.link;
  rows_sql text;
  value text;
BEGIN
  -- The key itself is in the row: whether the types write it alike decides whether the person must be looked up.
  IF parent = gdpr_internal.resolve(s.relation_schema, s.relation_name) AND l.parent_columns = s.key AND NOT EXISTS (
    SELECT FROM unnest(l.columns, s.key) AS u(c, k),
      LATERAL (SELECT gdpr_internal.base_type(gdpr_internal.column_type(relation, u.c)),
                      gdpr_internal.base_type(gdpr_internal.column_type(parent, u.k))) AS b(ours, theirs)
    WHERE NOT (b.ours = b.theirs AND b.ours IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype, 'text'::regtype, 'varchar'::regtype)
      OR b.ours IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AND b.theirs IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype))) THEN
    value := gdpr_internal.copy_key(alias, relation, l.columns);
  ELSIF relation = parent THEN
    -- A chain within the table, walked to its ends; UNION stops where it goes in circles.
    rows_sql := format('WITH RECURSIVE up(r, i) AS (SELECT y.tableoid, y.ctid FROM %1$s AS y WHERE %2$s UNION '
      'SELECT y.tableoid, y.ctid FROM up JOIN %1$s AS x ON x.ctid = up.i AND x.tableoid = up.r JOIN %1$s AS y ON %3$s WHERE %4$s) ',
      gdpr_internal.sql_name(parent), gdpr_internal.copy_match('y', parent, l.parent_columns, alias, relation, l.columns),
      gdpr_internal.copy_match('y', parent, l.parent_columns, 'x', relation, l.columns), gdpr_internal.copy_applies('x', l, relation));
    value := format('(%sSELECT pg_catalog.min((%s) COLLATE pg_catalog."C") FROM up JOIN %s AS %s ON %4$s.ctid = up.i AND %4$s.tableoid = up.r)',
      rows_sql, gdpr_internal.copy_seed_of(above, parent, l.subject_type, false), gdpr_internal.sql_name(parent), above);
  ELSE
    value := format('(SELECT pg_catalog.min((%s) COLLATE pg_catalog."C") FROM %s AS %s WHERE %s)',
      gdpr_internal.copy_seed_of(above, parent, l.subject_type, true), gdpr_internal.sql_name(parent), above,
      gdpr_internal.copy_match(above, parent, l.parent_columns, alias, relation, l.columns));
  END IF;
  RETURN format('CASE WHEN %s THEN %s END', gdpr_internal.copy_applies(alias, l, relation), value);
END
$$;
COMMENT ON FUNCTION gdpr_internal.copy_seed_by(text, gdpr_internal.link) IS
  'SQL: the key of the person a row belongs to by one link';

--| SQL: the key of the person a row of a table belongs to: its own if it is one, else by the first link that knows.
CREATE OR REPLACE FUNCTION gdpr_internal.copy_seed_of(alias text, relation regclass, subject_type text, through_itself boolean) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(subject_type);
  subject regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
BEGIN
  IF relation IN (SELECT gdpr_internal.family(subject)) THEN
    RETURN gdpr_internal.copy_key(alias, subject, s.key);
  END IF;
  RETURN coalesce((
    SELECT 'coalesce(' || string_agg(gdpr_internal.copy_seed_by(alias, l), ', ' ORDER BY r.relation = r.parent, l.link) || ')'
    FROM gdpr_internal.link AS l,
      LATERAL (SELECT gdpr_internal.resolve(l.relation_schema, l.relation_name), gdpr_internal.resolve(l.parent_schema, l.parent_name)) AS r(relation, parent)
    WHERE l.subject_type = copy_seed_of.subject_type AND l.scope = 'owned' AND (through_itself OR r.relation <> r.parent)
      AND copy_seed_of.relation IN (SELECT gdpr_internal.family(r.relation))), 'NULL::pg_catalog.text');
END
$$;
COMMENT ON FUNCTION gdpr_internal.copy_seed_of(text, regclass, text, boolean) IS
  'SQL: the key of the person a row of a table belongs to';

--| SQL: the key of the person a row t of a table belongs to, NULL for a table that is nobody's or shared.
CREATE OR REPLACE FUNCTION gdpr.copy_seed(relation regclass) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  seeds text[];
BEGIN
  PERFORM gdpr_internal.check_declared(s.subject_type) FROM gdpr_internal.subject_type AS s;
  SELECT array_agg(x.seed ORDER BY NOT x.subject, x.subject_type COLLATE "C") INTO seeds FROM (
    SELECT s.subject_type, copy_seed.relation IN (SELECT gdpr_internal.family(gdpr_internal.resolve(s.relation_schema, s.relation_name))) AS subject,
      gdpr_internal.copy_seed_of('t', copy_seed.relation, s.subject_type, true) AS seed
    FROM gdpr_internal.subject_type AS s) AS x
  WHERE x.seed <> 'NULL::pg_catalog.text';
  RETURN CASE WHEN cardinality(seeds) > 1 THEN format('coalesce(%s)', array_to_string(seeds, ', ')) ELSE seeds[1] END;
END
$$;
COMMENT ON FUNCTION gdpr.copy_seed(regclass) IS
  'For gdpr-batch copy --by-person: SQL that gives the key of the person a row t of a table belongs to';
