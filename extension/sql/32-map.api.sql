-- SPDX-License-Identifier: PostgreSQL
-- The map of a person: what is declared, what it would cost to find, and what the catalog proposes.

--| The links of a subject type so that each parent comes before its children, gone tables included.
CREATE OR REPLACE FUNCTION gdpr_internal.ordered_links(subject_type text) RETURNS SETOF gdpr_internal.link
LANGUAGE plpgsql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  l gdpr_internal.link;
  given int[] := '{}';
  reached text[];
  before int := -1;
BEGIN
  SELECT ARRAY[format('%I.%I', s.relation_schema, s.relation_name)] INTO reached
  FROM gdpr_internal.subject_type AS s WHERE s.subject_type = ordered_links.subject_type;
  WHILE cardinality(given) > before LOOP
    before := cardinality(given);
    FOR l IN
      SELECT k.* FROM gdpr_internal.link AS k
      WHERE k.subject_type = ordered_links.subject_type AND k.link <> ALL (given)
        AND format('%I.%I', k.parent_schema, k.parent_name) = ANY (reached)
      ORDER BY k.scope = 'stop', k.link
    LOOP
      given := given || l.link;
      IF l.scope <> 'stop' THEN
        reached := reached || format('%I.%I', l.relation_schema, l.relation_name);
      END IF;
      RETURN NEXT l;
    END LOOP;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.ordered_links(text) IS
  'The links of a subject type, each parent before its children';

--| A runnable call of gdpr.add_link(); defaults are left out.
CREATE OR REPLACE FUNCTION gdpr_internal.link_statement(l gdpr_internal.link) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('SELECT gdpr.add_link(%L, %L, %L', $1.subject_type,
      format('%I.%I', $1.relation_schema, $1.relation_name), $1.columns)
    || CASE WHEN ($1.parent_schema, $1.parent_name) IS DISTINCT FROM (s.relation_schema, s.relation_name)
         THEN format(', parent => %L', format('%I.%I', $1.parent_schema, $1.parent_name)) ELSE '' END
    || CASE WHEN ($1.parent_schema, $1.parent_name, $1.parent_columns) IS DISTINCT FROM (s.relation_schema, s.relation_name, s.key)
         THEN format(', parent_columns => %L', $1.parent_columns) ELSE '' END
    || CASE WHEN $1.discriminator IS NOT NULL
         THEN format(', discriminator => %L, discriminator_value => %L', $1.discriminator, $1.discriminator_value) ELSE '' END
    || CASE WHEN $1.scope <> 'owned' THEN format(', scope => %L', $1.scope) ELSE '' END
    || CASE WHEN $1.on_erase <> 'anonymize' THEN format(', on_erase => %L', $1.on_erase) ELSE '' END || ');'
  FROM gdpr_internal.subject_type AS s WHERE s.subject_type = $1.subject_type
$$;
COMMENT ON FUNCTION gdpr_internal.link_statement(gdpr_internal.link) IS
  'A runnable call of gdpr.add_link()';

--| A table with its partitions and inheritance children.
CREATE OR REPLACE FUNCTION gdpr_internal.family(relation regclass) RETURNS SETOF regclass
LANGUAGE sql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE down(relid) AS (
    SELECT $1::oid
    UNION
    SELECT i.inhrelid FROM down AS d JOIN pg_inherits AS i ON i.inhparent = d.relid
  )
  SELECT d.relid::regclass FROM down AS d WHERE d.relid IS NOT NULL
$$;
COMMENT ON FUNCTION gdpr_internal.family(regclass) IS 'A table with its partitions and inheritance children';

--| Rows by the planner's statistics, NULL if never analyzed.
CREATE OR REPLACE FUNCTION gdpr_internal.rows_estimate(relation regclass) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT sum(nullif(c.reltuples, -1))::bigint
  FROM gdpr_internal.family($1) AS f JOIN pg_class AS c ON c.oid = f WHERE c.relkind <> 'p'
$$;
COMMENT ON FUNCTION gdpr_internal.rows_estimate(regclass) IS
  'Rows by the planner''s statistics, NULL if never analyzed';

--| Classified columns that are personal, children's own columns included.
CREATE OR REPLACE FUNCTION gdpr_internal.personal_columns(relation regclass) RETURNS name[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT DISTINCT c.column_name FROM gdpr.classification AS c
    WHERE c.relation IN (SELECT gdpr_internal.family(personal_columns.relation)) AND c.kind <> 'not_personal'
    ORDER BY c.column_name);
END
$$;
COMMENT ON FUNCTION gdpr_internal.personal_columns(regclass) IS
  'Classified columns that are personal';

--| The tables of a family without an index that finds rows by these columns.
CREATE OR REPLACE FUNCTION gdpr_internal.unindexed(relation regclass, columns name[], discriminator name DEFAULT NULL)
RETURNS SETOF regclass
LANGUAGE sql STABLE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
  SELECT f FROM gdpr_internal.family($1) AS f JOIN pg_class AS c ON c.oid = f
  WHERE c.relkind IN ('r', 'p') AND NOT EXISTS (
    SELECT FROM pg_index AS i
    JOIN pg_class AS x ON x.oid = i.indexrelid JOIN pg_am AS m ON m.oid = x.relam AND m.amname IN ('btree', 'hash'),
      LATERAL (
        SELECT array_agg(a.attname ORDER BY k.n)
        FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(attnum, n)
        LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE a.attname IS DISTINCT FROM $3 OR $3 = ANY ($2)
      ) AS y(names)
    WHERE i.indrelid = f AND i.indisvalid AND i.indpred IS NULL
      AND y.names[1:cardinality($2)] @> $2)
  ORDER BY c.relkind = 'p', f::text
$$;
COMMENT ON FUNCTION gdpr_internal.unindexed(regclass, name[], name) IS
  'The tables of a family without an index that finds rows by these columns';

--| CREATE INDEX for every table that lacks it. A partitioned table cannot be indexed CONCURRENTLY:
--| its partitions are, one by one, and the root takes their indexes over without building anything.
CREATE OR REPLACE FUNCTION gdpr_internal.index_statement(relation regclass, columns name[], discriminator name DEFAULT NULL)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(format('CREATE INDEX %sON %s (%s);', CASE c.relkind WHEN 'p' THEN '' ELSE 'CONCURRENTLY ' END,
    gdpr_internal.sql_name(u.r), (SELECT string_agg(quote_ident(k), ', ') FROM unnest($2) AS k)), ' ' ORDER BY u.n)
  FROM gdpr_internal.unindexed($1, $2, $3) WITH ORDINALITY AS u(r, n) JOIN pg_class AS c ON c.oid = u.r
$$;
COMMENT ON FUNCTION gdpr_internal.index_statement(regclass, name[], name) IS
  'CREATE INDEX for every table of a family that lacks it, NULL if none does';

--| One foreign key as a link in the direction that is not declared, NULL relation if there is nothing to propose.
CREATE OR REPLACE FUNCTION gdpr_internal.propose_link(s gdpr_internal.subject_type, fk pg_constraint, reached oid[])
RETURNS gdpr_internal.link
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p gdpr_internal.link;
  child oid := fk.conrelid;
  above oid;
  ours name[];
  theirs name[];
BEGIN
  SELECT array_agg(a.attname ORDER BY k.n) INTO ours FROM unnest(fk.conkey) WITH ORDINALITY AS k(attnum, n)
  JOIN pg_attribute AS a ON a.attrelid = fk.conrelid AND a.attnum = k.attnum;
  SELECT array_agg(a.attname ORDER BY k.n) INTO theirs FROM unnest(fk.confkey) WITH ORDINALITY AS k(attnum, n)
  JOIN pg_attribute AS a ON a.attrelid = fk.confrelid AND a.attnum = k.attnum;
  -- Children repeat their parent's foreign keys one by one; the proposal is for the whole family.
  LOOP
    SELECT i.inhparent INTO above FROM pg_inherits AS i
    WHERE i.inhrelid = child AND NOT EXISTS (
      SELECT FROM unnest(ours) AS c WHERE gdpr_internal.column_type(i.inhparent, c) IS NULL);
    EXIT WHEN NOT FOUND;
    child := above;
  END LOOP;
  IF EXISTS (
    SELECT FROM gdpr_internal.link AS l,
      LATERAL (SELECT gdpr_internal.resolve(l.relation_schema, l.relation_name)::oid, gdpr_internal.resolve(l.parent_schema, l.parent_name)::oid) AS r(rel, par)
    WHERE l.subject_type = s.subject_type
      AND (r.rel = child AND r.par = fk.confrelid AND l.columns @> ours AND ours @> l.columns
        OR r.rel = fk.confrelid AND r.par = child AND l.columns @> theirs AND theirs @> l.columns)) THEN
    RETURN NULL;
  END IF;
  p.subject_type := s.subject_type;
  p.on_erase := 'anonymize';
  IF fk.confrelid = ANY (reached) THEN
    p.relation_oid := child;
    p.columns := ours;
    p.parent_oid := fk.confrelid;
    p.parent_columns := theirs;
    -- A shared row is no single person's, and what leads back up would go in circles.
    p.scope := CASE WHEN gdpr_internal.is_below(s.subject_type, child, fk.confrelid) OR EXISTS (
        SELECT FROM gdpr_internal.link AS l WHERE l.subject_type = s.subject_type AND l.scope = 'shared'
          AND gdpr_internal.resolve(l.relation_schema, l.relation_name) = child)
      THEN 'stop' ELSE 'owned' END;
  ELSE
    p.relation_oid := fk.confrelid;
    p.columns := theirs;
    p.parent_oid := child;
    p.parent_columns := ours;
    -- A table of countries or products is nobody's; one that looks personal may be shared.
    p.scope := CASE WHEN EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = fk.confrelid AND a.attnum > 0 AND NOT a.attisdropped
          AND gdpr_internal.guess_kind(a.attname, a.atttypid) NOT IN ('not_personal', 'free_text'))
      THEN 'shared' ELSE 'stop' END;
  END IF;
  SELECT n.nspname, c.relname INTO p.relation_schema, p.relation_name
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = p.relation_oid;
  SELECT n.nspname, c.relname INTO p.parent_schema, p.parent_name
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = p.parent_oid;
  RETURN p;
END
$$;
COMMENT ON FUNCTION gdpr_internal.propose_link(gdpr_internal.subject_type, pg_constraint, oid[]) IS
  'One foreign key as a proposed link; NULL if it is declared in either direction';

--| Foreign keys that touch reached tables and are not declared: proposed, never followed.
CREATE OR REPLACE FUNCTION gdpr_internal.proposed_links(subject_type text) RETURNS SETOF gdpr_internal.link
LANGUAGE plpgsql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(proposed_links.subject_type);
  reached oid[];
  touched oid[];
  fk pg_constraint;
  p gdpr_internal.link;
  given gdpr_internal.link[] := '{}';
BEGIN
  SELECT array_agg(r.rel::oid) INTO reached FROM (
    SELECT gdpr_internal.resolve(s.relation_schema, s.relation_name)
    UNION
    SELECT gdpr_internal.resolve(l.relation_schema, l.relation_name) FROM gdpr_internal.link AS l
    WHERE l.subject_type = s.subject_type AND l.scope <> 'stop') AS r(rel) WHERE r.rel IS NOT NULL;
  SELECT array_agg(f::oid) INTO touched FROM unnest(reached) AS r, gdpr_internal.family(r::regclass) AS f;
  FOR fk IN
    SELECT c.* FROM pg_constraint AS c
    WHERE c.contype = 'f' AND c.conparentid = 0 AND (c.conrelid = ANY (touched) OR c.confrelid = ANY (reached))
    ORDER BY c.conrelid, c.conname
  LOOP
    p := gdpr_internal.propose_link(s, fk, reached);
    IF p.subject_type IS NOT NULL AND NOT EXISTS (SELECT FROM unnest(given) AS g WHERE g IS NOT DISTINCT FROM p) THEN
      given := given || p;
      RETURN NEXT p;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.proposed_links(text) IS
  'Foreign keys that touch reached tables and are not declared, as links to propose';

--| One hop of a path: the table and which columns are equal.
CREATE OR REPLACE FUNCTION gdpr_internal.hop(l gdpr_internal.link) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format(' → %I.%I (%s%s)', $1.relation_schema, $1.relation_name,
    (SELECT string_agg(format('%I = %I', c, p), ', ') FROM unnest($1.columns, $1.parent_columns) AS u(c, p)),
    coalesce(', ' || quote_ident($1.discriminator) || ' = ' || quote_literal($1.discriminator_value), ''))
$$;
COMMENT ON FUNCTION gdpr_internal.hop(gdpr_internal.link) IS
  'One hop of a path: the table and which columns are equal';

--| The map: the subject, its links in order, then what foreign keys propose.
CREATE OR REPLACE FUNCTION gdpr.subject_map(subject_type text)
RETURNS TABLE(relation regclass, scope text, path text, rows_estimate bigint, personal_columns name[], indexed boolean, statement text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(subject_map.subject_type);
  l gdpr_internal.link;
  paths jsonb;
  parent text;
BEGIN
  relation := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
  parent := format('%I.%I', s.relation_schema, s.relation_name);
  paths := jsonb_build_object(parent, parent);
  scope := 'subject';
  path := parent;
  rows_estimate := gdpr_internal.rows_estimate(relation);
  personal_columns := gdpr_internal.personal_columns(relation);
  statement := gdpr_internal.index_statement(relation, s.key);
  indexed := statement IS NULL;
  RETURN NEXT;
  FOR l IN
    SELECT o.* FROM gdpr_internal.ordered_links(s.subject_type) AS o
    UNION ALL
    SELECT p.* FROM (SELECT q.* FROM gdpr_internal.proposed_links(s.subject_type) AS q
                     ORDER BY q.scope, q.relation_schema, q.relation_name, q.columns) AS p
  LOOP
    relation := gdpr_internal.resolve(l.relation_schema, l.relation_name);
    scope := CASE WHEN l.link IS NULL THEN 'proposed' ELSE l.scope END;
    path := (paths->>format('%I.%I', l.parent_schema, l.parent_name)) || gdpr_internal.hop(l);
    IF l.link IS NOT NULL AND NOT paths ? format('%I.%I', l.relation_schema, l.relation_name) THEN
      paths := paths || jsonb_build_object(format('%I.%I', l.relation_schema, l.relation_name), path);
    END IF;
    rows_estimate := gdpr_internal.rows_estimate(relation);
    personal_columns := gdpr_internal.personal_columns(relation);
    statement := gdpr_internal.index_statement(relation, l.columns, l.discriminator);
    indexed := CASE WHEN relation IS NOT NULL THEN statement IS NULL END;
    statement := CASE
      WHEN l.link IS NULL THEN gdpr_internal.link_statement(l)
      WHEN relation IS NULL THEN format('SELECT gdpr.drop_missing(%L);', s.subject_type)
      WHEN l.scope <> 'stop' THEN statement END;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr.subject_map(text) IS
  'Where a person''s data lies: the table of people, the links in order, then links that foreign keys propose';
