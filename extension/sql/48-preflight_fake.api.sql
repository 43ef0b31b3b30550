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

--| gdpr_internal.preflight_fake: how profile fake keeps unique columns unique
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_fake(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  WITH columns AS (
    SELECT t.relation, n.column_name, n.rule, n.kind, r.how, r.bits,
           CASE WHEN r.how = 'bits' THEN gdpr_internal.rows_about(t.relation) END AS estimate
    FROM gdpr_internal.preflight_tables($1) AS t
    CROSS JOIN LATERAL gdpr_internal.column_needs(t.relation) AS n
    CROSS JOIN LATERAL gdpr_internal.fake_room(n.rule, n.base_type, n.base_typmod) AS r
    WHERE t.relation = t.root AND n.is_unique AND n.alone AND n.kind <> 'not_personal'
      AND n.index_name IS NOT NULL
  )
  SELECT CASE WHEN c.how IN ('permutation', 'bits') THEN 'info' ELSE 'warning' END,
         c.relation::regclass, c.column_name,
         CASE c.how
           WHEN 'permutation' THEN 'a copy with profile fake keeps it unique: its values are permuted'
           WHEN 'bits' THEN format(
             'a copy with profile fake keeps it unique by %s digest bits: that any two among %s rows are equal has a chance below %s',
             floor(c.bits), c.estimate::bigint,
             gdpr_internal.chance_text(least(1, c.estimate * c.estimate / power(2, c.bits + 1))))
           WHEN 'too small' THEN 'a copy with profile fake is refused: the column is unique and too short for values that stay so'
           ELSE 'a copy with profile fake is refused: the column is unique and one value would stand for many' END,
         CASE WHEN c.how IN ('permutation', 'bits') THEN 'Nothing to do.'
              WHEN c.how = 'too small' THEN format('For copies: a wider column, or SELECT gdpr.classify(%L, %L, %L);',
                c.relation::regclass, c.column_name, c.kind || ' fake=null')
              ELSE format('For copies: SELECT gdpr.classify(%L, %L, %L);', c.relation::regclass, c.column_name,
                c.kind || ' fake=null') END
  FROM columns AS c;
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_fake(text) IS
  'preflight: whether profile fake keeps unique columns unique, and the collision bound';
