-- SPDX-License-Identifier: PostgreSQL
--
-- Preflight, part four: rights, row level security, publications, and how the server is set up.

--| gdpr_internal.preload_setting: the setting that loads the library at connection
CREATE OR REPLACE FUNCTION gdpr_internal.preload_setting()
RETURNS text
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'gdpr_preload_setting';
COMMENT ON FUNCTION gdpr_internal.preload_setting() IS
  'the preload setting that names the library; NULL if it is loaded on first use only';

--| gdpr_internal.preflight_owners: rights that owners lack on their own tables and types
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_owners(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  WITH tables AS MATERIALIZED (
    SELECT c.oid, c.relowner, c.relnamespace, t.on_erase, o.rolname AS owner
    FROM gdpr_internal.preflight_tables($1) AS t
    JOIN pg_class AS c ON c.oid = t.relation AND c.relkind IN ('r', 'p')
    JOIN pg_roles AS o ON o.oid = c.relowner
  ), wanted (oid, privilege) AS (
    SELECT t.oid, p.privilege FROM tables AS t
    CROSS JOIN LATERAL unnest(ARRAY['SELECT', 'UPDATE',
      CASE WHEN t.on_erase = 'delete' THEN 'DELETE' END]) AS p (privilege)
    WHERE p.privilege IS NOT NULL
  )
  SELECT 'error', t.oid::regclass, NULL::name,
         format('its owner "%s" has no USAGE on the schema "%s"', t.owner, n.nspname),
         format('GRANT USAGE ON SCHEMA %I TO %I;', n.nspname, t.owner)
  FROM tables AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace
  WHERE NOT has_schema_privilege(t.relowner, n.oid, 'USAGE')
  UNION ALL
  SELECT 'error', t.oid::regclass, NULL,
         format('its owner "%s" has no %s on it', t.owner, string_agg(w.privilege, ', ')),
         format('GRANT %s ON %s TO %I;', string_agg(w.privilege, ', '), t.oid::regclass, t.owner)
  FROM tables AS t JOIN wanted AS w ON w.oid = t.oid
  WHERE NOT has_table_privilege(t.relowner, t.oid, w.privilege)
  GROUP BY t.oid, t.owner
  UNION ALL
  SELECT DISTINCT 'error', t.oid::regclass, a.attname,
         format('its owner "%s" has no USAGE on the schema "%s" of the type %s', t.owner, n.nspname,
                format_type(y.oid, NULL)),
         format('GRANT USAGE ON SCHEMA %I TO %I;', n.nspname, t.owner)
  FROM tables AS t
  JOIN gdpr_internal.preflight_personal($1) AS p ON p.relation = t.oid
  JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = p.attnum
  JOIN pg_type AS y ON y.oid IN (a.atttypid, gdpr_internal.base_type(a.atttypid))
  JOIN pg_namespace AS n ON n.oid = y.typnamespace
  WHERE NOT has_schema_privilege(t.relowner, n.oid, 'USAGE')
  UNION ALL
  -- checks, generated columns and expression indexes call functions as the owner
  SELECT DISTINCT 'error', t.oid::regclass, NULL::name,
         format('its owner "%s" may not execute %s, which the table calls', t.owner, d.refobjid::regprocedure),
         format('GRANT EXECUTE ON FUNCTION %s TO %I;', d.refobjid::regprocedure, t.owner)
  FROM tables AS t
  JOIN LATERAL (
    SELECT 'pg_constraint'::regclass, c.oid FROM pg_constraint AS c WHERE c.conrelid = t.oid
    UNION ALL SELECT 'pg_attrdef'::regclass, a.oid FROM pg_attrdef AS a
      JOIN pg_attribute AS g ON g.attrelid = a.adrelid AND g.attnum = a.adnum AND g.attgenerated <> ''
      WHERE a.adrelid = t.oid
    UNION ALL SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index AS i WHERE i.indrelid = t.oid
  ) AS o (class, oid) ON true
  JOIN pg_depend AS d ON d.classid = o.class AND d.objid = o.oid AND d.refclassid = 'pg_proc'::regclass
  WHERE NOT has_function_privilege(t.relowner, d.refobjid, 'EXECUTE');
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_owners(text) IS
  'preflight: rights that the owners of the tables lack, each with its GRANT';

--| gdpr_internal.preflight_blockers: rights that the owners of blocker views lack
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_blockers(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  WITH RECURSIVE blocker AS (
    SELECT DISTINCT c.oid, c.relowner
    FROM gdpr_internal.blocker AS b
    JOIN pg_class AS c ON c.oid = gdpr_internal.resolve(b.relation_schema, b.relation_name)
    WHERE b.subject_type = $1
  ), reader (view, relowner) AS (
    SELECT b.oid, b.relowner FROM blocker AS b
    UNION
    -- a view reads as its own owner
    SELECT v.oid, v.relowner
    FROM reader AS r
    JOIN pg_rewrite AS w ON w.ev_class = r.view AND w.rulename = '_RETURN'
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                       AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.view
    JOIN pg_class AS v ON v.oid = d.refobjid AND v.relkind = 'v'
  ), reads AS (
    SELECT DISTINCT r.view, r.relowner, d.refclassid, d.refobjid
    FROM reader AS r
    JOIN pg_rewrite AS w ON w.ev_class = r.view AND w.rulename = '_RETURN'
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                       AND d.refobjid <> r.view
  )
  SELECT 'error', b.oid::regclass, NULL::name,
         format('the blocker''s owner "%s" has no USAGE on its schema', pg_get_userbyid(b.relowner)),
         format('GRANT USAGE ON SCHEMA %I TO %I;', n.nspname, pg_get_userbyid(b.relowner))
  FROM blocker AS b JOIN pg_class AS c ON c.oid = b.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE NOT has_schema_privilege(b.relowner, n.oid, 'USAGE')
  UNION ALL
  SELECT 'error', b.oid::regclass, NULL,
         format('the blocker''s owner "%s" has no SELECT on it', pg_get_userbyid(b.relowner)),
         format('GRANT SELECT ON %s TO %I;', b.oid::regclass, pg_get_userbyid(b.relowner))
  FROM blocker AS b WHERE NOT has_table_privilege(b.relowner, b.oid, 'SELECT')
  UNION ALL
  SELECT 'error', r.view::regclass, NULL,
         format('the owner "%s" of the view has no SELECT on %s, which it reads',
                pg_get_userbyid(r.relowner), c.oid::regclass),
         format('GRANT SELECT ON %s TO %I;', c.oid::regclass, pg_get_userbyid(r.relowner))
  FROM reads AS r
  JOIN pg_class AS c ON r.refclassid = 'pg_class'::regclass AND c.oid = r.refobjid
                    AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  WHERE NOT has_table_privilege(r.relowner, c.oid, 'SELECT')
    AND NOT has_any_column_privilege(r.relowner, c.oid, 'SELECT')
  UNION ALL
  SELECT 'error', r.view::regclass, NULL,
         format('the owner "%s" of the view may not execute %s, which it calls',
                pg_get_userbyid(r.relowner), p.oid::regprocedure),
         format('GRANT EXECUTE ON FUNCTION %s TO %I;', p.oid::regprocedure, pg_get_userbyid(r.relowner))
  FROM reads AS r
  JOIN pg_proc AS p ON r.refclassid = 'pg_proc'::regclass AND p.oid = r.refobjid
  WHERE NOT has_function_privilege(r.relowner, p.oid, 'EXECUTE');
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_blockers(text) IS
  'preflight: rights that the owners of blocker tables and views lack, each with its GRANT';

--| gdpr_internal.preflight_publications: published tables, and those that cannot be updated
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_publications(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  WITH published AS (
    SELECT DISTINCT leaf.relid, p.pubname
    FROM gdpr_internal.preflight_tables($1) AS t
    JOIN pg_class AS c ON c.oid = t.relation
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_publication_tables AS v ON v.schemaname = n.nspname AND v.tablename = c.relname
    JOIN pg_publication AS p ON p.pubname = v.pubname
     AND CASE WHEN t.on_erase = 'delete' THEN p.pubdelete ELSE p.pubupdate END
    -- what is published by its root is identified by its leaves
    CROSS JOIN LATERAL gdpr_internal.tree(t.relation) AS leaf (relid)
    WHERE leaf.relid = t.relation OR c.relkind = 'p'
  ), identified AS (
    SELECT p.relid, string_agg(format('"%s"', p.pubname), ', ' ORDER BY p.pubname) AS publications,
           CASE c.relreplident WHEN 'f' THEN true WHEN 'n' THEN false
             ELSE EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate
                          AND CASE c.relreplident WHEN 'i' THEN i.indisreplident ELSE i.indisprimary END)
           END AS identity
    FROM published AS p JOIN pg_class AS c ON c.oid = p.relid AND c.relkind = 'r'
    GROUP BY p.relid, c.oid, c.relreplident
  )
  SELECT CASE WHEN i.identity THEN 'info' ELSE 'error' END, i.relid::regclass, NULL::name,
         CASE WHEN i.identity
           THEN format('it is published (%s): subscribers receive the anonymized rows', i.publications)
           ELSE format('it is published (%s) without a replica identity: PostgreSQL refuses the change', i.publications) END,
         CASE WHEN i.identity THEN 'Anonymize what subscribers keep beside it, such as history, where it is.'
              ELSE format('ALTER TABLE %s REPLICA IDENTITY FULL; or give it a primary key.', i.relid::regclass) END
  FROM identified AS i;
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_publications(text) IS
  'preflight: publications, and tables without the replica identity that an UPDATE needs';

--| gdpr_internal.preflight_server: row level security, guards, the extension's own state, the caller
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_server(subject_type text, caller regrole)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  SELECT 'info', c.oid::regclass, NULL::name,
         CASE WHEN c.relforcerowsecurity
           THEN 'row level security is forced on its owner; an erasure sees all rows nevertheless'
           ELSE 'row level security applies to others than its owner; an erasure sees all rows' END,
         'Nothing to do.'
  FROM gdpr_internal.preflight_tables($1) AS t JOIN pg_class AS c ON c.oid = t.relation
  WHERE c.relrowsecurity
  UNION ALL
  -- a table's owner can take the guard off, or put another trigger in its place
  SELECT 'error', t.relation::regclass, NULL,
         CASE WHEN g.oid IS NULL THEN 'the guard of frozen people is missing'
           WHEN g.tgfoid <> 'gdpr.guard()'::regprocedure THEN 'the trigger "zz_gdpr_guard" is not the guard of frozen people'
           ELSE 'the guard of frozen people is disabled' END,
         CASE WHEN g.tgfoid = 'gdpr.guard()'::regprocedure
           THEN format('ALTER TABLE %s ENABLE TRIGGER zz_gdpr_guard;', t.relation::regclass)
           ELSE format('CREATE OR REPLACE TRIGGER zz_gdpr_guard BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION gdpr.guard();',
                       t.relation::regclass) END
  FROM gdpr_internal.preflight_tables($1) AS t
  JOIN pg_class AS c ON c.oid = t.relation AND c.relkind IN ('r', 'p')
  LEFT JOIN pg_trigger AS g ON g.tgrelid = t.relation AND g.tgname = 'zz_gdpr_guard'
  WHERE (g.oid IS NULL OR g.tgenabled IN ('D', 'R') OR g.tgfoid <> 'gdpr.guard()'::regprocedure)
    AND EXISTS (SELECT FROM gdpr_internal.guard_targets(t.relation))
  UNION ALL
  SELECT 'warning', NULL, NULL,
         format('the role "%s" is a member of "%s", who can do anything to every declared table', m.member::regrole, o.rolname),
         format('REVOKE %I FROM %s;', o.rolname, m.member::regrole)
  FROM pg_auth_members AS m
  JOIN pg_namespace AS n ON n.nspname = 'gdpr_internal' AND n.nspowner = m.roleid
  JOIN pg_roles AS o ON o.oid = m.roleid
  UNION ALL
  SELECT 'warning', NULL, NULL, format('the event trigger "%s" is disabled', e.evtname),
         format('ALTER EVENT TRIGGER %I ENABLE; else renames and new partitions are not followed.', e.evtname)
  FROM pg_event_trigger AS e
  JOIN pg_proc AS p ON p.oid = e.evtfoid
   AND p.pronamespace = ANY (ARRAY['gdpr'::regnamespace, 'gdpr_internal'::regnamespace])
  WHERE e.evtenabled = 'D'
  UNION ALL
  SELECT 'info', NULL, NULL,
         'the library is not preloaded: SECURITY LABEL works only in sessions that have called pg_gdpr before',
         format('ALTER DATABASE %I SET session_preload_libraries = ''pg_gdpr''; or use gdpr.classify(), which needs no preloading.',
                current_database())
  WHERE gdpr_internal.preload_setting() IS NULL
  UNION ALL
  SELECT 'warning', NULL, NULL,
         format('transactions of "%s" are %s by default: an erasure works in READ COMMITTED only', $2,
                current_setting('default_transaction_isolation')),
         format('ALTER ROLE %s SET default_transaction_isolation = ''read committed'';', $2)
  WHERE current_setting('default_transaction_isolation') NOT IN ('read committed', 'read uncommitted')
  UNION ALL
  SELECT 'warning', NULL, NULL,
         format('the role "%s" may look but not anonymize', $2),
         format('SELECT gdpr.grant_bundle(''operator'', %L);', $2)
  WHERE NOT has_function_privilege($2, 'gdpr.anonymize_subjects(text, text[], text, text)', 'EXECUTE');
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_server(text, regrole) IS
  'preflight: row level security, guards, event triggers, preloading, and the rights of the caller';
