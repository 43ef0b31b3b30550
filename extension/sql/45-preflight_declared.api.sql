-- SPDX-License-Identifier: PostgreSQL
--
-- Preflight, part one: what was declared is there, and every column has a treatment that fits.
-- Each part answers (severity, relation, column_name, finding, hint); 49-preflight puts them together.

--| gdpr_internal.preflight_tables: tables an erasure touches, partitions and children included
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_tables(subject_type text)
RETURNS TABLE (relation oid, root oid, scope text, on_erase text, is_subject boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  WITH declared AS (
    SELECT gdpr_internal.resolve(s.relation_schema, s.relation_name)::oid AS root,
           'owned' AS scope, 'anonymize' AS on_erase, true AS is_subject
    FROM gdpr_internal.subject_type AS s WHERE s.subject_type = $1
    UNION ALL
    SELECT gdpr_internal.resolve(l.relation_schema, l.relation_name)::oid, l.scope, l.on_erase, false
    FROM gdpr_internal.link AS l WHERE l.subject_type = $1 AND l.scope <> 'stop'
  ), roots AS (
    -- several links to one table: it is deleted or unlinked only if all of them say so
    SELECT d.root, CASE WHEN bool_and(d.scope = 'owned') THEN 'owned' ELSE 'shared' END AS scope,
           CASE WHEN min(d.on_erase) = max(d.on_erase) THEN min(d.on_erase) ELSE 'anonymize' END
             AS on_erase,
           bool_or(d.is_subject) AS is_subject
    FROM declared AS d WHERE d.root IS NOT NULL GROUP BY d.root
  )
  SELECT DISTINCT ON (t.relid) t.relid, r.root, r.scope, r.on_erase, r.is_subject
  FROM roots AS r CROSS JOIN LATERAL gdpr_internal.tree(r.root) AS t (relid)
  ORDER BY t.relid, t.relid = r.root DESC;
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_tables(text) IS
  'tables that an erasure of the subject type touches, with their partitions and children';

--| gdpr_internal.preflight_personal: columns that an erasure changes
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_personal(subject_type text)
RETURNS TABLE (relation oid, root oid, attnum int2, column_name name, rule text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  SELECT t.relation, t.root, r.attnum, r.column_name, r.rule
  FROM gdpr_internal.preflight_tables($1) AS t
  CROSS JOIN LATERAL gdpr_internal.column_rules(t.relation) AS r
  CROSS JOIN LATERAL gdpr_internal.rule_parts(r.rule) AS p
  WHERE t.on_erase <> 'delete' AND p.kind <> 'not_personal'
    AND p.treatment IS DISTINCT FROM 'keep';
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_personal(text) IS
  'classified columns of the reached tables that an erasure changes';

--| gdpr_internal.preflight_names: everything named by a subject type, with its part in it
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_names(subject_type text)
RETURNS TABLE (part text, relation_schema name, relation_name name, columns name[])
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  SELECT 'the table of people', s.relation_schema, s.relation_name, s.key
  FROM gdpr_internal.subject_type AS s WHERE s.subject_type = $1
  UNION
  SELECT 'a link', l.relation_schema, l.relation_name,
         l.columns || array_remove(ARRAY[l.discriminator], NULL)
  FROM gdpr_internal.link AS l WHERE l.subject_type = $1 AND l.scope <> 'stop'
  UNION
  SELECT 'the parent of a link', l.parent_schema, l.parent_name, l.parent_columns
  FROM gdpr_internal.link AS l WHERE l.subject_type = $1 AND l.scope <> 'stop'
  UNION
  SELECT format('the blocker "%s"', b.name), b.relation_schema, b.relation_name,
         ARRAY[b.key_column]
  FROM gdpr_internal.blocker AS b WHERE b.subject_type = $1
  UNION
  SELECT 'a redirect', r.relation_schema, r.relation_name, ARRAY[r.column_name]
  FROM gdpr_internal.redirect AS r WHERE r.subject_type = $1;
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_names(text) IS
  'every relation and column that a subject type names';

--| gdpr_internal.preflight_missing: named relations and columns that are gone or no tables
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_missing(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  WITH named AS MATERIALIZED (
    SELECT n.*, gdpr_internal.resolve(n.relation_schema, n.relation_name) AS found
    FROM gdpr_internal.preflight_names($1) AS n
  )
  SELECT 'error', NULL::regclass, NULL::name,
         format('%I.%I, %s, does not exist', n.relation_schema, n.relation_name, n.part),
         format('Create it again, or give up what was declared on it: SELECT gdpr.drop_missing(%L);', $1)
  FROM named AS n WHERE n.found IS NULL
  UNION ALL
  SELECT 'error', n.found, c.name,
         format('the column, named by %s, does not exist', n.part),
         format('Create it again, or give up what was declared on it: SELECT gdpr.drop_missing(%L);', $1)
  FROM named AS n CROSS JOIN LATERAL unnest(n.columns) AS c (name)
  WHERE n.found IS NOT NULL AND gdpr_internal.column_type(n.found, c.name) IS NULL
  UNION ALL
  SELECT 'error', t.relation::regclass, NULL,
         CASE c.relkind WHEN 'f' THEN 'it is a foreign table: its rows are out of reach'
                        ELSE 'it is a view: an erasure needs the tables behind it' END,
         CASE WHEN t.relation <> t.root
           THEN format('Detach it: ALTER TABLE %s NO INHERIT %s; (or DETACH PARTITION), and anonymize it where it is.',
                       t.relation::regclass, t.root::regclass)
           ELSE 'Link the tables themselves with gdpr.add_link(), and drop this link with gdpr.drop_link().' END
  FROM gdpr_internal.preflight_tables($1) AS t JOIN pg_class AS c ON c.oid = t.relation
  WHERE c.relkind NOT IN ('r', 'p');
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_missing(text) IS
  'preflight: relations and columns that were declared and are gone, or are no tables';

--| gdpr_internal.preflight_declared: declarations that cannot be carried out
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_declared(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  SELECT 'error', gdpr_internal.resolve(l.relation_schema, l.relation_name), a.attname,
         'on_erase is unlink, and the column is NOT NULL',
         format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL; or declare the link with on_erase delete or anonymize.',
                gdpr_internal.resolve(l.relation_schema, l.relation_name), a.attname)
  FROM gdpr_internal.link AS l
  JOIN pg_attribute AS a
    ON a.attrelid = gdpr_internal.resolve(l.relation_schema, l.relation_name)
   AND a.attname = ANY (l.columns) AND a.attnum > 0
  JOIN gdpr_internal.column_types(a.attrelid) AS t ON t.attnum = a.attnum
  WHERE l.subject_type = $1 AND l.on_erase = 'unlink' AND l.scope <> 'stop'
    AND (a.attnotnull OR t.not_null)
  UNION ALL
  SELECT 'error', gdpr_internal.resolve(s.relation_schema, s.relation_name), NULL,
         format('anonymization is switched off for the subject type "%s"', s.subject_type),
         format('Keep the output of gdpr.export_rules(), then: SELECT gdpr.unregister_subject(%L); and register it again with anonymization => true.',
                s.subject_type)
  FROM gdpr_internal.subject_type AS s WHERE s.subject_type = $1 AND NOT s.anonymization;
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_declared(text) IS
  'preflight: declarations that cannot be carried out';

--| gdpr_internal.preflight_fit: columns without a treatment that fits
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_fit(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  -- what is tried on the root covers its whole tree; a child adds the columns that only it has
  SELECT 'error', t.relation::regclass, f.column_name,
         'the column cannot take its treatment. ' || f.problem, f.hint
  FROM gdpr_internal.preflight_tables($1) AS t
  JOIN pg_class AS c ON c.oid = t.relation AND c.relkind IN ('r', 'p')
  CROSS JOIN LATERAL gdpr_internal.fit(t.relation) AS f
  WHERE t.on_erase <> 'delete' AND f.problem IS NOT NULL
    AND (t.relation = t.root OR (NOT c.relispartition
         AND gdpr_internal.column_type(t.root, f.column_name) IS NULL))
  UNION ALL
  SELECT 'error', u.relation, u.column_name,
         format('the column (%s) has no classification', u.data_type), u.statement
  FROM gdpr.unclassified($1) AS u;
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_fit(text) IS
  'preflight: columns that have no classification, or none whose treatment fits';

--| gdpr_internal.preflight_columns: columns that cannot be written, and large objects
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_columns(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  WITH personal AS MATERIALIZED (
    SELECT p.*, a.attgenerated, a.attidentity, gdpr_internal.base_type(a.atttypid) AS base_type
    FROM gdpr_internal.preflight_personal($1) AS p
    JOIN pg_attribute AS a ON a.attrelid = p.relation AND a.attnum = p.attnum
    JOIN pg_class AS c ON c.oid = p.relation AND NOT c.relispartition
  ), generated AS (
    SELECT p.*, EXISTS (SELECT FROM pg_attrdef AS d, personal AS base
                        WHERE d.adrelid = p.relation AND d.adnum = p.attnum
                          AND base.relation = p.relation AND base.attnum <> p.attnum
                          AND d.adbin::text ~ (':varattno ' || base.attnum || ' ')) AS follows
    FROM personal AS p WHERE p.attgenerated <> ''
  )
  SELECT CASE WHEN g.follows THEN 'info' ELSE 'error' END, g.relation::regclass, g.column_name,
         CASE WHEN g.follows THEN 'the column is generated: it follows the columns it is made from'
              ELSE 'the column is generated, and no column it is made from is anonymized' END,
         CASE WHEN NOT g.follows THEN format(
           'Classify the columns it is made from, or this one as not personal: SELECT gdpr.classify(%L, %L, ''not_personal'');',
           g.relation::regclass, g.column_name)
           ELSE 'Nothing to do.' END
  FROM generated AS g
  UNION ALL
  SELECT 'error', p.relation::regclass, p.column_name,
         'the column is GENERATED ALWAYS AS IDENTITY: no other value can be assigned',
         format('ALTER TABLE %s ALTER COLUMN %I SET GENERATED BY DEFAULT; or, if it is not personal: SELECT gdpr.classify(%L, %L, ''not_personal'');',
                p.relation::regclass, p.column_name, p.relation::regclass, p.column_name)
  FROM personal AS p WHERE p.attidentity = 'a'
  UNION ALL
  SELECT 'warning', p.relation::regclass, p.column_name,
         'the column holds the number of a large object, which stays',
         format('Remove the large objects of the people who leave with lo_unlink(%I), or move them into a bytea column.',
                p.column_name)
  FROM personal AS p WHERE p.base_type = 'oid'::regtype;
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_columns(text) IS
  'preflight: generated and identity columns, large objects';
