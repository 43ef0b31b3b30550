-- SPDX-License-Identifier: PostgreSQL
--
-- Preflight, part three: other people's code that an erasure sets off, and what repeats old values.

--| gdpr_internal.firing_triggers: user triggers that an erasure fires
CREATE OR REPLACE FUNCTION gdpr_internal.firing_triggers(subject_type text)
RETURNS TABLE (relation oid, trigger_name name, function oid, source text, uses_old boolean,
               row_source text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT t.relation, g.tgname, p.oid, s.source,
         -- a statement trigger sees old rows under the name of its transition table
         s.source ~* '\mold\M' OR coalesce(strpos(s.source, g.tgoldtable) > 0, false),
         l.lanname::text
  FROM gdpr_internal.preflight_tables($1) AS t
  JOIN pg_trigger AS g ON g.tgrelid = t.relation AND NOT g.tgisinternal AND g.tgparentid = 0
                      AND g.tgenabled IN ('O', 'A')
  JOIN pg_proc AS p ON p.oid = g.tgfoid
  JOIN pg_language AS l ON l.oid = p.prolang
  -- comments would look like code
  CROSS JOIN LATERAL (SELECT regexp_replace(coalesce(p.prosrc, ''), '--[^\n]*|/\*.*?\*/', ' ', 'g'))
    AS s (source)
  WHERE p.pronamespace <> ALL (ARRAY['gdpr'::regnamespace, 'gdpr_internal'::regnamespace])
    AND (g.tgtype & CASE WHEN t.on_erase = 'delete' THEN 8 ELSE 16 END) <> 0
    AND (cardinality(g.tgattr::int2[]) = 0 OR EXISTS (
      SELECT FROM gdpr_internal.preflight_personal($1) AS c
      WHERE c.relation = t.relation AND c.attnum = ANY (g.tgattr::int2[])));
$$;
COMMENT ON FUNCTION gdpr_internal.firing_triggers(text) IS
  'user triggers that an erasure of the subject type fires, with their source';

--| gdpr_internal.insert_targets: tables into which a source text inserts
CREATE OR REPLACE FUNCTION gdpr_internal.insert_targets(source text, function oid, relation oid)
RETURNS SETOF oid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  WITH target AS (
    -- parse_ident would raise on what is no name
    SELECT CASE WHEN m.word[2] IS NULL THEN NULL ELSE n.first END AS schema_name,
           coalesce(n.second, n.first) AS name
    FROM regexp_matches($1, 'insert\s+into\s+("(?:[^"]|"")+"|[a-z_][\w$]*)(?:\s*\.\s*("(?:[^"]|"")+"|[a-z_][\w$]*))?', 'gi')
      AS m (word)
    CROSS JOIN LATERAL (
      SELECT CASE WHEN m.word[1] ~ '^"' THEN replace(btrim(m.word[1], '"'), '""', '"') ELSE lower(m.word[1]) END,
             CASE WHEN m.word[2] ~ '^"' THEN replace(btrim(m.word[2], '"'), '""', '"') ELSE lower(m.word[2]) END
    ) AS n (first, second)
  )
  SELECT DISTINCT c.oid
  FROM target AS t
  JOIN pg_class AS c ON c.relname = t.name AND c.relkind IN ('r', 'p', 'f', 'v')
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  -- without a schema: that of the table, of the function, or public
  WHERE n.nspname = t.schema_name
     OR (t.schema_name IS NULL AND (
           n.oid = (SELECT r.relnamespace FROM pg_class AS r WHERE r.oid = $3)
        OR n.oid = (SELECT p.pronamespace FROM pg_proc AS p WHERE p.oid = $2)
        OR n.nspname = 'public'));
$$;
COMMENT ON FUNCTION gdpr_internal.insert_targets(text, oid, oid) IS
  'tables into which the source of a trigger function inserts';

--| gdpr_internal.preflight_triggers: triggers that fire, copy old values or cannot run
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_triggers(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  WITH firing AS MATERIALIZED (
    SELECT * FROM gdpr_internal.firing_triggers($1)
  ), linked AS MATERIALIZED (
    SELECT gdpr_internal.resolve(l.relation_schema, l.relation_name)::oid AS relation
    FROM gdpr_internal.link AS l WHERE l.subject_type = $1
    UNION
    SELECT t.relation FROM gdpr_internal.preflight_tables($1) AS t
  )
  SELECT 'info', f.relation::regclass, NULL::name,
         format('the trigger "%s" (%s, %s) will fire', f.trigger_name, f.function::regprocedure, f.row_source),
         'Nothing to do if it may see anonymized rows.'
  FROM firing AS f
  UNION ALL
  SELECT 'warning', f.relation::regclass, NULL,
         format('the trigger "%s" seems to copy old values into %s, which is not linked',
                f.trigger_name, target.relation::regclass),
         format('SELECT gdpr.add_link(%L, %L, ARRAY[''…'']); with the columns that name the person.', $1,
                target.relation::regclass)
  FROM firing AS f
  CROSS JOIN LATERAL gdpr_internal.insert_targets(f.source, f.function, f.relation) AS target (relation)
  WHERE f.uses_old AND target.relation <> f.relation
    AND target.relation NOT IN (SELECT l.relation FROM linked AS l WHERE l.relation IS NOT NULL)
  UNION ALL
  SELECT 'warning', f.relation::regclass, NULL,
         format('the trigger "%s" seems to copy old values; into which table cannot be read from its source',
                f.trigger_name),
         format('Look at %s, and link the table it writes to with gdpr.add_link().', f.function::regprocedure)
  FROM firing AS f
  WHERE f.uses_old AND (f.source ~* '\mexecute\M.*insert\s+into' OR f.source ~* '\m(dblink_exec|pg_notify|notify)\M')
  UNION ALL
  SELECT 'error', f.relation::regclass, NULL,
         format('the trigger "%s" changes the role: that is refused while an erasure works as the owner of the table',
                f.trigger_name),
         format('Take SET ROLE and SET SESSION AUTHORIZATION out of %s.', f.function::regprocedure)
  FROM firing AS f
  WHERE f.source ~* '\mset\s+((local|session)\s+)?(role|session\s+authorization)\M|\mreset\s+(role|session\s+authorization)\M'
     OR f.source ~* '\mset_config\s*\(\s*''(role|session_authorization)'''
  UNION ALL
  SELECT 'error', f.relation::regclass, NULL,
         format('the trigger "%s" creates a temporary table: that is refused while an erasure works as the owner of the table',
                f.trigger_name),
         format('Use a transition table, an array or an ordinary table in %s.', f.function::regprocedure)
  FROM firing AS f
  WHERE f.source ~* '\mcreate\s+((global|local)\s+)?temp(orary)?\M'
  UNION ALL
  SELECT 'info', f.relation::regclass, NULL,
         format('what the trigger "%s" does cannot be read: it is written in %s', f.trigger_name, f.row_source),
         'See below whether the trial went well.'
  FROM firing AS f WHERE f.row_source IN ('c', 'internal')
  UNION ALL
  -- one that was there at the declaration made the guard look again, after all triggers
  SELECT 'warning', g.tgrelid::regclass, NULL,
         format('the trigger "%s" runs after the guard and may turn a row into a frozen person''s', g.tgname),
         format('ALTER TRIGGER %I ON %s RENAME TO %I;', g.tgname, g.tgrelid::regclass, left('before_' || g.tgname, 40))
  FROM gdpr_internal.preflight_tables($1) AS t
  JOIN pg_trigger AS g ON g.tgrelid = t.relation AND g.tgparentid = 0
  WHERE NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgname > 'zz_gdpr_guard' AND g.tgname <> 'zz_gdpr_key' AND g.tgtype & 3 = 3
    AND g.tgtype & 20 <> 0 AND t.scope = 'owned' AND NOT EXISTS (
      SELECT FROM pg_trigger AS a WHERE a.tgrelid = t.relation AND a.tgname = 'zz_gdpr_guard_after');
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_triggers(text) IS
  'preflight: user triggers that fire, that copy old values, or that cannot run in an erasure';

--| gdpr_internal.preflight_rules: rewrite rules on the tables
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_rules(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  SELECT CASE WHEN r.is_instead THEN 'error' ELSE 'warning' END, t.relation::regclass, NULL::name,
         format('the rule "%s" rewrites %s%s', r.rulename,
                CASE r.ev_type WHEN '2' THEN 'UPDATE' ELSE 'DELETE' END,
                CASE WHEN r.is_instead THEN ' into something else' ELSE ' and does more' END),
         format('ALTER TABLE %s DISABLE RULE %I; or make it a trigger.', t.relation::regclass, r.rulename)
  FROM gdpr_internal.preflight_tables($1) AS t
  JOIN pg_rewrite AS r ON r.ev_class = t.relation AND r.rulename <> '_RETURN' AND r.ev_enabled <> 'D'
   AND r.ev_type = CASE WHEN t.on_erase = 'delete' THEN '4' ELSE '2' END
  JOIN pg_class AS c ON c.oid = t.relation AND c.relkind IN ('r', 'p');
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_rules(text) IS 'preflight: rewrite rules on the tables';

--| gdpr_internal.preflight_views: views and materialized views that show personal columns
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_views(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  WITH RECURSIVE personal AS MATERIALIZED (
    SELECT p.* FROM gdpr_internal.preflight_personal($1) AS p
  ), direct (view, relation, column_name) AS (
    SELECT r.ev_class, p.relation, p.column_name
    FROM personal AS p
    JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = p.relation
     -- a whole row in a view depends on no single column
     AND d.refobjsubid IN (p.attnum, 0) AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS r ON r.oid = d.objid AND r.rulename = '_RETURN'
  ), shown (view, relation, column_name) AS (
    SELECT d.view, d.relation, d.column_name FROM direct AS d
    UNION
    SELECT r.ev_class, s.relation, s.column_name
    FROM shown AS s
    JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.view
                       AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS r ON r.oid = d.objid AND r.rulename = '_RETURN' AND r.ev_class <> s.view
  )
  SELECT CASE WHEN c.relkind = 'm' THEN 'warning' ELSE 'info' END, c.oid::regclass, NULL::name,
         format(CASE WHEN c.relkind = 'm'
                  THEN 'the materialized view may keep old values until it is refreshed (%s)'
                  ELSE 'the view shows personal columns (%s)' END,
                string_agg(DISTINCT format('%s.%I', s.relation::regclass, s.column_name), ', ')),
         CASE WHEN c.relkind = 'm' THEN format('REFRESH MATERIALIZED VIEW %s;', c.oid::regclass)
              ELSE 'Nothing to do: it shows the rows as they are.' END
  FROM shown AS s
  JOIN pg_class AS c ON c.oid = s.view
  -- our own views show keys only
  WHERE c.relnamespace <> ALL (ARRAY['gdpr'::regnamespace, 'gdpr_internal'::regnamespace])
  GROUP BY c.oid, c.relkind;
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_views(text) IS
  'preflight: views and materialized views that show personal columns';
