-- SPDX-License-Identifier: PostgreSQL
--
-- Fit, part one: what the catalogs say about the columns of a relation. Everything is asked once per
-- relation, for all its columns together; 41-fit_trial.api.sql tries treatments against it.

--| gdpr_internal.tree: a relation and everything that inherits from it
CREATE OR REPLACE FUNCTION gdpr_internal.tree(relation oid)
RETURNS SETOF oid
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH RECURSIVE tree (relid) AS (
    SELECT $1
    UNION
    SELECT i.inhrelid FROM tree AS t JOIN pg_inherits AS i ON i.inhparent = t.relid
  )
  SELECT relid FROM tree;
END
$$;
COMMENT ON FUNCTION gdpr_internal.tree(oid) IS
  'the relation, its partitions and its inheritance children, at every depth';

--| gdpr_internal.column_rules: the label that applies to each column, inherited ones included
CREATE OR REPLACE FUNCTION gdpr_internal.column_rules(relation oid)
RETURNS TABLE (attnum int2, column_name name, rule text)
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH RECURSIVE ancestor (relid, depth) AS (
    SELECT $1, 0
    UNION
    SELECT i.inhparent, a.depth + 1
    FROM ancestor AS a JOIN pg_inherits AS i ON i.inhrelid = a.relid
  )
  SELECT DISTINCT ON (c.attnum) c.attnum, c.attname, s.label
  FROM ancestor AS a
  JOIN pg_seclabel AS s
    ON s.objoid = a.relid AND s.classoid = 'pg_class'::regclass AND s.provider = 'gdpr'
  JOIN pg_attribute AS p ON p.attrelid = a.relid AND p.attnum = s.objsubid AND p.attnum > 0
  JOIN pg_attribute AS c ON c.attrelid = $1 AND c.attname = p.attname AND NOT c.attisdropped
  ORDER BY c.attnum, a.depth, a.relid;
END
$$;
COMMENT ON FUNCTION gdpr_internal.column_rules(oid) IS
  'the rule of each classified column: its own label, else that of the nearest ancestor';

--| gdpr_internal.column_rule: the same for one column
CREATE OR REPLACE FUNCTION gdpr_internal.column_rule(relation oid, column_name name)
RETURNS text
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT r.rule FROM gdpr_internal.column_rules($1) AS r WHERE r.column_name = $2;
$$;
COMMENT ON FUNCTION gdpr_internal.column_rule(oid, name) IS
  'the rule of one column: its own label, else that of the nearest ancestor; NULL if it has none';

--| gdpr_internal.column_types: every column's type with its domains looked through
CREATE OR REPLACE FUNCTION gdpr_internal.column_types(relation oid)
RETURNS TABLE (attnum int2, base_type oid, base_typmod int, not_null boolean, has_domain boolean,
               category "char", length int)
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH RECURSIVE chain (attnum, typid, typmod, not_null, has_domain) AS (
    SELECT a.attnum, a.atttypid, a.atttypmod, false, false
    FROM pg_attribute AS a
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT c.attnum, t.typbasetype, CASE WHEN c.typmod >= 0 THEN c.typmod ELSE t.typtypmod END,
           c.not_null OR t.typnotnull, true
    FROM chain AS c JOIN pg_type AS t ON t.oid = c.typid
    WHERE t.typtype = 'd'
  )
  SELECT c.attnum, c.typid, c.typmod, c.not_null, c.has_domain OR coalesce(e.typtype = 'd', false),
         t.typcategory,
         CASE WHEN c.typid IN (1042, 1043, 1014, 1015) AND c.typmod > 4 THEN c.typmod - 4
              -- numeric(p,s): the digits before the point, as the rule counts them
              WHEN c.typid IN (1700, 1231) AND c.typmod > 4 THEN nullif(greatest(
                (((c.typmod - 4) >> 16) & 65535) - (((c.typmod - 4) & 2047) # 1024) + 1024, 0), 0) END
  FROM chain AS c
  JOIN pg_type AS t ON t.oid = c.typid AND t.typtype <> 'd'
  LEFT JOIN pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A';
END
$$;
COMMENT ON FUNCTION gdpr_internal.column_types(oid) IS
  'base type, type modifier, domain NOT NULL and length (characters, or digits before the point) of each column';

--| gdpr_internal.unique_columns: which columns have to stay unique, and whether they do it alone
CREATE OR REPLACE FUNCTION gdpr_internal.unique_columns(relation oid)
RETURNS TABLE (column_name name, alone boolean, one_null boolean, index_name name)
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT a.attname, bool_or(i.indnkeyatts = 1),
         -- PostgreSQL 14 does not know NULLS NOT DISTINCT
         bool_or(coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false)),
         min(c.relname::text)::name
  FROM gdpr_internal.tree($1) AS t (relid)
  JOIN pg_index AS i ON i.indrelid = t.relid AND i.indislive
                    AND (i.indisunique OR i.indisexclusion)
  JOIN pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_attribute AS a ON a.attrelid = t.relid AND a.attnum > 0 AND NOT a.attisdropped
   -- key columns only (INCLUDE columns are free), and columns inside key expressions
   AND (a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
        OR i.indexprs::text ~ (':varattno ' || a.attnum || ' '))
  GROUP BY a.attname;
END
$$;
COMMENT ON FUNCTION gdpr_internal.unique_columns(oid) IS
  'columns of any unique, primary key or exclusion index of the tree, partial and expression ones included';

--| gdpr_internal.column_checks: single-column CHECKs, and what a partition demands of its key
CREATE OR REPLACE FUNCTION gdpr_internal.column_checks(relation oid)
RETURNS TABLE (column_name name, check_name text, expression text)
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT a.attname, min(c.conname::text), e.expression
  FROM gdpr_internal.tree($1) AS t (relid)
  JOIN pg_constraint AS c ON c.conrelid = t.relid AND c.contype = 'c'
                         AND array_length(c.conkey, 1) = 1
  JOIN pg_attribute AS a ON a.attrelid = t.relid AND a.attnum = c.conkey[1]
  CROSS JOIN LATERAL pg_get_expr(c.conbin, c.conrelid) AS e (expression)
  GROUP BY a.attname, e.expression
  UNION ALL
  -- a partitioned table takes a value that one of its partitions takes
  SELECT a.attname, 'the partitions of ' || p.partrelid::regclass::text,
         string_agg('(' || pg_get_partition_constraintdef(i.inhrelid) || ')', ' OR ')
  FROM pg_partitioned_table AS p
  JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
  JOIN pg_inherits AS i ON i.inhparent = p.partrelid
  WHERE p.partrelid = $1 AND p.partnatts = 1 AND p.partstrat <> 'h'
  GROUP BY a.attname, p.partrelid
  HAVING bool_and(pg_get_partition_constraintdef(i.inhrelid) IS NOT NULL)
  UNION ALL
  -- a partition changed by its own name does not hand rows over to its siblings
  SELECT a.attname, 'the bounds of ' || $1::regclass::text, pg_get_partition_constraintdef($1)
  FROM pg_inherits AS i
  JOIN pg_partitioned_table AS p ON p.partrelid = i.inhparent AND p.partnatts = 1
                                AND p.partstrat <> 'h'
  JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
  WHERE i.inhrelid = $1 AND pg_get_partition_constraintdef($1) IS NOT NULL;
END
$$;
COMMENT ON FUNCTION gdpr_internal.column_checks(oid) IS
  'the CHECK expressions over one column of the relation or of anything that inherits from it';

--| gdpr_internal.column_references: foreign keys out of a column
CREATE OR REPLACE FUNCTION gdpr_internal.column_references(relation oid)
RETURNS TABLE (column_name name, constraint_name text, referenced oid, referenced_column name,
               alone boolean, follows boolean)
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT DISTINCT ON (a.attname, c.conname)
         a.attname, c.conname::text, c.confrelid, f.attname, array_length(c.conkey, 1) = 1,
         -- ON UPDATE CASCADE from a classified column: the value changes with its origin
         array_length(c.conkey, 1) = 1 AND c.confupdtype = 'c'
           AND gdpr_internal.column_rule(c.confrelid, f.attname) !~ '^not_personal\M'
  FROM gdpr_internal.tree($1) AS t (relid)
  JOIN pg_constraint AS c ON c.conrelid = t.relid AND c.contype = 'f'
  CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (attnum, fattnum)
  JOIN pg_attribute AS a ON a.attrelid = t.relid AND a.attnum = k.attnum
  JOIN pg_attribute AS f ON f.attrelid = c.confrelid AND f.attnum = k.fattnum
  -- a reference to a partitioned table is repeated for each of its partitions
  ORDER BY a.attname, c.conname, c.conparentid;
END
$$;
COMMENT ON FUNCTION gdpr_internal.column_references(oid) IS
  'foreign keys out of each column, and whether ON UPDATE CASCADE brings the new value by itself';

--| gdpr_internal.column_facts: one row for each classified column, everything above together
CREATE OR REPLACE FUNCTION gdpr_internal.column_facts(relation oid)
RETURNS TABLE (
  attnum int2, column_name name, label text, column_type text, base_type oid, base_typmod int,
  sample_type text, category "char", length int, not_null boolean, is_unique boolean,
  alone boolean, one_null boolean, index_name name, has_domain boolean, generated boolean,
  identity_always boolean, refers boolean, follows boolean, check_names text[],
  check_expressions text[])
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH checks AS (
    SELECT c.column_name, array_agg(c.check_name ORDER BY c.check_name) AS names,
           array_agg(c.expression ORDER BY c.check_name) AS expressions
    FROM gdpr_internal.column_checks($1) AS c GROUP BY c.column_name
  ),
  refs AS (
    SELECT r.column_name, bool_or(r.follows) AS follows
    FROM gdpr_internal.column_references($1) AS r GROUP BY r.column_name
  ),
  required AS (
    -- a child may forbid NULL where its parent does not
    SELECT a.attname FROM gdpr_internal.tree($1) AS t (relid)
    JOIN pg_attribute AS a ON a.attrelid = t.relid AND a.attnum > 0 AND a.attnotnull
    GROUP BY a.attname
  )
  SELECT a.attnum, a.attname, r.rule, format_type(a.atttypid, a.atttypmod), t.base_type,
         t.base_typmod,
         CASE WHEN t.base_type IN (1042, 1043) THEN 'text' ELSE format_type(t.base_type, -1) END,
         t.category, t.length, t.not_null OR n.attname IS NOT NULL, u.column_name IS NOT NULL,
         coalesce(u.alone, false), coalesce(u.one_null, false), u.index_name, t.has_domain,
         a.attgenerated <> '', a.attidentity = 'a', r2.column_name IS NOT NULL,
         coalesce(r2.follows, false), coalesce(c.names, '{}'), coalesce(c.expressions, '{}')
  FROM gdpr_internal.column_rules($1) AS r
  JOIN pg_attribute AS a ON a.attrelid = $1 AND a.attnum = r.attnum
  JOIN gdpr_internal.column_types($1) AS t ON t.attnum = a.attnum
  LEFT JOIN gdpr_internal.unique_columns($1) AS u ON u.column_name = a.attname
  LEFT JOIN checks AS c ON c.column_name = a.attname
  LEFT JOIN refs AS r2 ON r2.column_name = a.attname
  LEFT JOIN required AS n ON n.attname = a.attname
  ORDER BY a.attnum;
END
$$;
COMMENT ON FUNCTION gdpr_internal.column_facts(oid) IS
  'everything the catalogs say about each classified column of a relation';
