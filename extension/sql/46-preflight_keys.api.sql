-- SPDX-License-Identifier: PostgreSQL
--
-- Preflight, part two: foreign keys, indexes, partition keys, uniqueness.

--| gdpr_internal.cascading: the statement that makes a foreign key follow updates
CREATE OR REPLACE FUNCTION gdpr_internal.cascading(foreign_key oid)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s;', c.conrelid::regclass,
    c.conname, c.conname, regexp_replace(
      regexp_replace(pg_get_constraintdef(c.oid), ' ON UPDATE (RESTRICT|SET NULL|SET DEFAULT|NO ACTION)', ''),
      '( REFERENCES (?:"(?:[^"]|"")*"|[^"(])+\((?:"(?:[^"]|"")*"|[^")])+\)(?: MATCH \w+)?)',
      '\1 ON UPDATE CASCADE'))
  FROM pg_constraint AS c WHERE c.oid = $1;
$$;
COMMENT ON FUNCTION gdpr_internal.cascading(oid) IS
  'the statement that makes a foreign key ON UPDATE CASCADE';

--| gdpr_internal.link_statement: the call that would link a foreign key
CREATE OR REPLACE FUNCTION gdpr_internal.link_statement(
  subject_type text, foreign_key oid, on_erase text DEFAULT NULL)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format('SELECT gdpr.add_link(%L, %L, %L%s%s);', s.subject_type, c.conrelid::regclass, k.columns,
    CASE WHEN c.confrelid = gdpr_internal.resolve(s.relation_schema, s.relation_name)
           AND k.parent_columns = s.key THEN ''
         ELSE format(', parent => %L, parent_columns => %L', c.confrelid::regclass, k.parent_columns) END,
    CASE WHEN $3 IS NOT NULL THEN format(', on_erase => %L', $3) ELSE '' END)
  FROM pg_constraint AS c
  CROSS JOIN LATERAL (
    SELECT array_agg(a.attname ORDER BY n.n), array_agg(f.attname ORDER BY n.n)
    FROM unnest(c.conkey, c.confkey) WITH ORDINALITY AS n (attnum, fattnum, n)
    JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = n.attnum
    JOIN pg_attribute AS f ON f.attrelid = c.confrelid AND f.attnum = n.fattnum
  ) AS k (columns, parent_columns)
  JOIN gdpr_internal.subject_type AS s ON s.subject_type = $1
  WHERE c.oid = $2;
$$;
COMMENT ON FUNCTION gdpr_internal.link_statement(text, oid, text) IS
  'the add_link call for a foreign key';

--| gdpr_internal.preflight_foreign_keys: foreign keys onto what changes, or onto rows that go
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_foreign_keys(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  WITH tables AS MATERIALIZED (
    SELECT * FROM gdpr_internal.preflight_tables($1)
  ), links AS MATERIALIZED (
    SELECT gdpr_internal.resolve(l.relation_schema, l.relation_name)::oid AS relation,
           gdpr_internal.resolve(l.parent_schema, l.parent_name)::oid AS parent, l.on_erase
    FROM gdpr_internal.link AS l WHERE l.subject_type = $1
  ), keys AS MATERIALIZED (
    SELECT c.*, t.on_erase, t.scope FROM tables AS t
    JOIN pg_constraint AS c ON c.confrelid = t.relation AND c.contype = 'f' AND c.conparentid = 0
  )
  SELECT CASE WHEN k.confupdtype IN ('a', 'r') THEN CASE WHEN child.on_erase = 'delete' THEN 'warning' ELSE 'error' END
              WHEN k.confupdtype = 'c' THEN 'info' ELSE 'warning' END,
         k.confrelid::regclass, p.column_name,
         format('the foreign key "%s" of %s refers to the column, ON UPDATE %s', k.conname,
                k.conrelid::regclass,
                CASE k.confupdtype WHEN 'a' THEN 'NO ACTION: it stops the erasure while rows refer to the old value'
                  WHEN 'r' THEN 'RESTRICT: it stops the erasure while rows refer to the old value'
                  WHEN 'c' THEN 'CASCADE: its rows follow'
                  ELSE 'SET NULL or SET DEFAULT: its rows lose their reference' END),
         CASE WHEN k.confupdtype = 'c' THEN 'Nothing to do.' ELSE gdpr_internal.cascading(k.oid) END
  FROM keys AS k
  JOIN gdpr_internal.preflight_personal($1) AS p
    ON p.relation = k.confrelid AND p.attnum = ANY (k.confkey)
  LEFT JOIN tables AS child ON child.relation = k.conrelid
  UNION ALL
  SELECT CASE WHEN k.confdeltype IN ('a', 'r') THEN 'error' ELSE 'warning' END,
         k.confrelid::regclass, NULL,
         format('on_erase is delete, and the foreign key "%s" of %s refers to the rows, ON DELETE %s',
                k.conname, k.conrelid::regclass,
                CASE k.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT'
                  WHEN 'c' THEN 'CASCADE: its rows go too, unseen' ELSE 'SET NULL or SET DEFAULT' END),
         gdpr_internal.link_statement($1, k.oid, 'delete')
  FROM keys AS k
  LEFT JOIN tables AS child ON child.relation = k.conrelid
  WHERE k.on_erase = 'delete' AND k.conrelid <> k.confrelid
    AND (k.confdeltype IN ('a', 'r', 'c') OR child.relation IS NULL)
    AND coalesce(child.on_erase NOT IN ('delete', 'unlink'), true)
    AND NOT (k.confdeltype = 'c' AND child.relation IS NOT NULL)
  UNION ALL
  SELECT 'info', k.conrelid::regclass, NULL,
         format('the table refers to %s by the foreign key "%s" and is not linked',
                k.confrelid::regclass, k.conname),
         format('If its rows are the person''s: %s If not: %s', gdpr_internal.link_statement($1, k.oid),
                replace(gdpr_internal.link_statement($1, k.oid), ');', ', scope => ''stop'');'))
  FROM keys AS k
  WHERE k.scope = 'owned' AND k.on_erase <> 'delete' AND k.conrelid <> k.confrelid
    AND NOT EXISTS (SELECT FROM links AS l WHERE l.relation = k.conrelid AND l.parent = k.confrelid)
    AND NOT EXISTS (SELECT FROM tables AS t WHERE t.relation = k.conrelid AND t.is_subject);
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_foreign_keys(text) IS
  'preflight: foreign keys onto personal columns and onto deleted rows, and unlinked ones';

--| gdpr_internal.has_index: whether an index finds rows by these columns
CREATE OR REPLACE FUNCTION gdpr_internal.has_index(
  relation oid, columns name[], discriminator name DEFAULT NULL)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT EXISTS (
    SELECT FROM pg_index AS i
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = $1 AND i.indisvalid
      AND (a.attname = ANY ($2) OR a.attname = $3)
      -- a partial index serves if its condition is about the discriminator
      AND (i.indpred IS NULL OR i.indpred::text ~ (
        SELECT ':varattno ' || d.attnum || ' ' FROM pg_attribute AS d
        WHERE d.attrelid = $1 AND d.attname = $3)));
$$;
COMMENT ON FUNCTION gdpr_internal.has_index(oid, name[], name) IS
  'whether an index of the relation starts with one of the columns';

--| gdpr_internal.preflight_indexes: links that are followed by reading whole tables
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_indexes(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  WITH looked_up AS (
    SELECT gdpr_internal.resolve(l.relation_schema, l.relation_name)::oid AS root, l.columns,
           l.discriminator, 'the link' AS purpose
    FROM gdpr_internal.link AS l WHERE l.subject_type = $1 AND l.scope <> 'stop'
    UNION
    -- whoever else refers to a shared row is counted by the parent's columns
    SELECT gdpr_internal.resolve(l.parent_schema, l.parent_name)::oid, l.parent_columns, NULL,
           'counting who shares ' || l.relation_name
    FROM gdpr_internal.link AS l WHERE l.subject_type = $1 AND l.scope = 'shared'
    UNION
    SELECT gdpr_internal.resolve(b.relation_schema, b.relation_name)::oid, ARRAY[b.key_column], NULL,
           format('the blocker "%s"', b.name)
    FROM gdpr_internal.blocker AS b WHERE b.subject_type = $1
    UNION
    -- deleting a row looks for the rows that refer to it
    SELECT c.conrelid, ARRAY(SELECT a.attname FROM pg_attribute AS a
                             WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)), NULL,
           format('the foreign key "%s" when rows of %s are deleted', c.conname, c.confrelid::regclass)
    FROM gdpr_internal.preflight_tables($1) AS t
    JOIN pg_constraint AS c ON c.confrelid = t.relation AND c.contype = 'f' AND c.conparentid = 0
    WHERE t.on_erase = 'delete'
  )
  SELECT 'warning', c.oid::regclass, NULL::name,
         format('no index serves %s (%s)', k.purpose,
                (SELECT string_agg(quote_ident(name), ', ') FROM unnest(k.columns) AS name)),
         format('CREATE INDEX %sON %s (%s);', CASE WHEN c.relkind = 'r' THEN 'CONCURRENTLY ' END,
                c.oid::regclass,
                (SELECT string_agg(quote_ident(name), ', ') FROM unnest(k.columns || k.discriminator) AS name
                 WHERE name IS NOT NULL))
  FROM looked_up AS k
  CROSS JOIN LATERAL gdpr_internal.tree(k.root) AS t (relid)
  -- an index on a partitioned table covers its partitions; inheritance children need their own
  JOIN pg_class AS c ON c.oid = t.relid AND c.relkind IN ('r', 'p')
                    AND (t.relid = k.root OR NOT c.relispartition)
  WHERE NOT gdpr_internal.has_index(t.relid, k.columns, k.discriminator)
    AND NOT EXISTS (SELECT FROM unnest(k.columns) AS name
                    WHERE gdpr_internal.column_type(t.relid, name) IS NULL);
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_indexes(text) IS
  'preflight: link, blocker and foreign key columns without an index, each with its CREATE INDEX';

--| gdpr_internal.random_bits: how many random bits a surrogate of a column carries
CREATE OR REPLACE FUNCTION gdpr_internal.random_bits(base_type oid, rule text)
RETURNS double precision
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE
    -- numbers: 1 to what the type and its digits hold
    WHEN $1 IN (20, 21, 23, 700, 701, 1700) THEN least(
      CASE $1 WHEN 21 THEN 15 WHEN 23 THEN 31 WHEN 700 THEN 24 WHEN 701 THEN 53 ELSE 18 * log(2, 10) END,
      p.length * log(2, 10))
    WHEN $1 = 1082 THEN log(2, 365 * 1899)               -- the days of the years 1 to 1899
    WHEN $1 IN (1114, 1184) THEN log(2, 900 * 31536000.) -- the years 1000 to 1899, by the second at least
    WHEN $1 IN (650, 869) THEN 28                        -- 240.0.0.0/4
    WHEN $1 = 829 THEN 46 WHEN $1 = 774 THEN 62 WHEN $1 = 2950 THEN 122 WHEN $1 = 17 THEN 128
    WHEN t.typcategory <> 'S' THEN NULL
    -- the first digit is never 0
    WHEN p.treatment = 'surrogate(digits)' THEN log(2, 9) + (least(coalesce(p.length, 19), 19) - 1) * log(2, 10)
    WHEN p.treatment IN ('surrogate(lower)', 'surrogate(upper)') THEN least(coalesce(p.length, 16), 16) * log(2, 26)
    WHEN p.treatment = 'surrogate(uuid)' THEN 4 * least(coalesce(p.length, 36), 30)
    -- a short e-mail keeps 10 characters for its domain, the shortest none
    WHEN (p.treatment = 'surrogate(email)' OR p.kind = 'email') AND coalesce(p.length, 60) > 13
      THEN 5 * least(16, coalesce(p.length, 60) - 10)
    WHEN p.length < 24 THEN 5 * least(16, p.length)
    ELSE 65
  END::double precision
  FROM pg_type AS t CROSS JOIN LATERAL gdpr_internal.rule_parts($2) AS p
  WHERE t.oid = $1;
$$;
COMMENT ON FUNCTION gdpr_internal.random_bits(oid, text) IS
  'random bits in a unique surrogate of a type, or a few less; NULL where it is not random';

--| gdpr_internal.rows_about: how many rows a table has; counted where the statistics do not know
CREATE OR REPLACE FUNCTION gdpr_internal.rows_about(relation oid)
RETURNS double precision
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rows double precision;
BEGIN
  -- 0 is what an analyzed empty table has, even when it has been filled since
  SELECT sum(c.reltuples) INTO rows
  FROM gdpr_internal.tree(rows_about.relation) AS leaf (relid)
  JOIN pg_class AS c ON c.oid = leaf.relid AND c.relkind = 'r'
  WHERE pg_relation_size(c.oid) > 0
  HAVING min(c.reltuples) > 0;
  IF rows IS NULL THEN
    SELECT q.n INTO rows FROM gdpr_internal.query_as_owner(rows_about.relation, format(
      'SELECT pg_catalog.count(*) FROM %s', gdpr_internal.sql_name(rows_about.relation))) AS q (n bigint);
  END IF;
  RETURN rows;
END
$$;
COMMENT ON FUNCTION gdpr_internal.rows_about(oid) IS
  'rows of a table and its children by the statistics; counted where there are none';

--| gdpr_internal.preflight_unique: how far random surrogates stay apart, and partition keys
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_unique(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  WITH random AS (
    SELECT t.relation, n.column_name, n.column_type, n.index_name,
           gdpr_internal.random_bits(n.base_type, f.rule) AS bits,
           gdpr_internal.rows_about(t.relation) AS estimate
    FROM gdpr_internal.preflight_tables($1) AS t
    CROSS JOIN LATERAL gdpr_internal.column_needs(t.relation) AS n
    JOIN LATERAL gdpr_internal.fit(t.relation, n.column_name) AS f ON f.rule IS NOT NULL
    WHERE t.relation = t.root AND t.on_erase <> 'delete' AND n.is_unique AND NOT n.keeps
      AND n.index_name IS NOT NULL
      AND coalesce(gdpr_internal.rule_treatment(f.rule), 'surrogate') ~ '^surrogate'
  ), bound AS (
    -- the birthday bound: n people, 2^bits values
    SELECT r.*, least(1, r.estimate * r.estimate / power(2, r.bits + 1)) AS chance FROM random AS r
    WHERE r.bits IS NOT NULL
  )
  SELECT CASE WHEN b.estimate > power(2, b.bits) / 2 THEN 'error'
              WHEN b.chance > 0.001 THEN 'warning' ELSE 'info' END,
         b.relation::regclass, b.column_name,
         format('its surrogates stay unique by %s random bits (index "%s"): that any two among %s rows are equal has a chance below %s',
                floor(b.bits), b.index_name, b.estimate::bigint,
                CASE WHEN b.chance >= 1 THEN '1: expect it'
                     WHEN b.chance >= 0.001 THEN round(ceil(b.chance::numeric * 1000) / 1000, 3)::text
                     WHEN b.chance > 0 THEN '10^' || ceil(log(b.chance)) ELSE '10^-9' END),
         CASE WHEN b.chance > 0.001 THEN concat_ws(' ',
           'Equal ones are drawn again. A wider column avoids it:',
           format('ALTER TABLE %s ALTER COLUMN %I TYPE %s;', b.relation::regclass, b.column_name,
                  CASE WHEN b.column_type IN ('smallint', 'integer', 'bigint') THEN 'bigint' ELSE 'varchar(24)' END))
           ELSE 'Nothing to do.' END
  FROM bound AS b
  UNION ALL
  SELECT CASE WHEN p.partstrat = 'h' THEN 'info' ELSE 'warning' END, c.relation::regclass,
         c.column_name,
         'the column is part of the partition key: anonymized rows move to the partition of their surrogate',
         'Nothing to do if row movement is acceptable; else partition by a column that is not personal.'
  FROM pg_partitioned_table AS p
  JOIN gdpr_internal.preflight_personal($1) AS c ON c.relation = p.partrelid
   AND (c.attnum = ANY (p.partattrs::int2[]) OR p.partexprs::text ~ (':varattno ' || c.attnum || ' '));
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_unique(text) IS
  'preflight: random bits and collision bound of unique surrogates, and personal partition keys';

--| gdpr_internal.preflight_deferrable: checks that an erasure makes immediate
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_deferrable(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  SELECT 'info', c.conrelid::regclass, NULL::name,
         format('the constraint "%s" is deferrable: an erasure checks it at once', c.conname),
         'Nothing to do.'
  FROM gdpr_internal.preflight_tables($1) AS t
  JOIN pg_constraint AS c ON t.relation IN (c.conrelid, c.confrelid)
  WHERE c.condeferrable AND c.contype IN ('p', 'u', 'x', 'f') AND c.conparentid = 0
  GROUP BY c.oid, c.conrelid, c.conname
  UNION ALL
  SELECT 'warning', g.tgrelid::regclass, NULL,
         format('the constraint trigger "%s" is deferred: an erasure fires it at once, not at commit', g.tgname),
         format('Check that %s can run before the other tables are done.', g.tgfoid::regprocedure)
  FROM gdpr_internal.preflight_tables($1) AS t
  JOIN pg_trigger AS g ON g.tgrelid = t.relation
  WHERE g.tginitdeferred AND NOT g.tgisinternal AND g.tgparentid = 0;
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_deferrable(text) IS
  'preflight: deferrable constraints and deferred constraint triggers';
