-- SPDX-License-Identifier: PostgreSQL
--
-- Preflight of copies: what keeps the fakes of a unique column apart.

--| gdpr_internal.chance_text: a collision bound as people read it
CREATE OR REPLACE FUNCTION gdpr_internal.chance_text(chance double precision)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE WHEN $1 >= 1 THEN '1: expect it'
              WHEN $1 >= 0.001 THEN round(ceil($1::numeric * 1000) / 1000, 3)::text
              WHEN $1 > 0 THEN '10^' || ceil(log($1)) ELSE '10^-9' END;
$$;
COMMENT ON FUNCTION gdpr_internal.chance_text(double precision) IS
  'a probability rounded up: a power of ten where it is small';

--| gdpr_internal.misfits: how many values of a unique column have no room for what the profile makes of them
CREATE OR REPLACE FUNCTION gdpr_internal.misfits(relation oid, column_name name, rule text, profile text, most bigint DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF rule !~ '\munique\M' OR rule !~ '\mlength=' OR NOT gdpr_internal.is_string_type(gdpr_internal.column_type(relation::regclass, column_name)) THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT q.n FROM gdpr_internal.query_as_owner(relation, format(
    'SELECT count(*) FROM (SELECT %1$I AS v FROM %2$s WHERE %1$I IS NOT NULL%3$s) AS t WHERE NOT gdpr.fits(t.v::pg_catalog.text, %4$L, %5$L)',
    column_name, gdpr_internal.sql_name(relation), ' LIMIT ' || most, rule, profile)) AS q(n bigint));
END
$$;
COMMENT ON FUNCTION gdpr_internal.misfits(oid, name, text, text, bigint) IS
  'Counts values of a unique column that are too short for what a keyed profile makes of them, among the first rows or all';

--| gdpr_internal.preflight_fake: how profile fake keeps unique columns unique
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_fake(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  WITH columns AS MATERIALIZED (
    SELECT t.relation, n.column_name, n.kind, n.not_null, r.how, r.bits,
           CASE WHEN r.how = 'bits' THEN gdpr_internal.rows_about(t.relation) END AS estimate,
           -- What is not well-formed is not permuted and takes more room: ask the values themselves.
           CASE WHEN r.how = 'permutation' THEN gdpr_internal.misfits(t.relation, n.column_name, n.rule, 'fake', 100000) END AS misfits
    FROM gdpr_internal.preflight_tables($1) AS t
    CROSS JOIN LATERAL gdpr_internal.column_needs(t.relation) AS n
    CROSS JOIN LATERAL gdpr_internal.fake_room(n.rule, n.base_type, n.base_typmod) AS r
    WHERE t.relation = t.root AND n.is_unique AND n.alone AND n.kind <> 'not_personal'
      AND n.index_name IS NOT NULL
  )
  SELECT CASE WHEN c.how IN ('permutation', 'bits') AND coalesce(c.misfits, 0) = 0 THEN 'info' ELSE 'warning' END,
         c.relation::regclass, c.column_name,
         CASE
           WHEN c.misfits > 0 THEN format(
             'a copy with profile fake stops at this table: the column is unique, and too short for fakes of %s of its first 100,000 values',
             c.misfits)
           WHEN c.how = 'permutation' THEN 'a copy with profile fake keeps it unique: its values are permuted'
           WHEN c.how = 'bits' THEN format(
             'a copy with profile fake keeps it unique by %s digest bits: that any two among %s rows are equal has a chance below %s',
             floor(c.bits), c.estimate::bigint,
             gdpr_internal.chance_text(least(1, c.estimate * c.estimate / power(2, c.bits + 1))))
           WHEN c.how = 'too small' THEN 'a copy with profile fake is refused: the column is unique and too short for values that stay so'
           ELSE 'a copy with profile fake is refused: the column is unique and one value would stand for many' END,
         CASE WHEN c.how IN ('permutation', 'bits') AND coalesce(c.misfits, 0) = 0 THEN 'Nothing to do.'
              ELSE concat_ws(' ', 'For copies:',
                CASE WHEN c.misfits > 0 THEN 'letters beyond ASCII and other unusual forms take 16 characters, IPv6 39;' END,
                CASE WHEN c.how <> 'not unique' THEN 'a wider column, or' END,
                CASE WHEN c.not_null THEN 'without NOT NULL' END,
                format('SELECT gdpr.classify(%L, %L, %L);', c.relation::regclass, c.column_name, c.kind || ' fake=null')) END
  FROM columns AS c;
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_fake(text) IS
  'preflight: whether profile fake keeps unique columns unique, and the collision bound';
