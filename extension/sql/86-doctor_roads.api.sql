-- SPDX-License-Identifier: PostgreSQL
-- gdpr.doctor(): roads past the policies, and sessions that the policies would stop.

--| Roles to whom row security does not apply.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_roles()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  SELECT CASE WHEN r.oid = 10 THEN 'info' ELSE 'warning' END, 'role ' || quote_ident(r.rolname),
    CASE WHEN r.rolsuper THEN 'it is a superuser: no policy binds it, it sees everybody, and it can edit the audit log'
         ELSE format('it has BYPASSRLS and may read %s: no policy binds it', x.tables) END,
    CASE WHEN r.oid = 10 THEN 'Let nobody work as this role from day to day.'
         WHEN r.rolsuper THEN format('ALTER ROLE %I NOSUPERUSER; unless it must be one.', r.rolname)
         ELSE format('ALTER ROLE %I NOBYPASSRLS;', r.rolname) END
  FROM pg_roles AS r,
    LATERAL (SELECT string_agg(gdpr_internal.sql_name(g.relation), ', ' ORDER BY g.relid) FROM gdpr_internal.guarded_tables() AS g
             WHERE has_table_privilege(r.oid, g.relid, 'SELECT') OR has_any_column_privilege(r.oid, g.relid, 'SELECT')) AS x(tables)
  WHERE r.rolcanlogin AND (r.rolsuper OR r.rolbypassrls)
    AND (x.tables IS NOT NULL OR r.rolsuper AND EXISTS (SELECT FROM gdpr_internal.audited))
  UNION ALL
  SELECT 'info', 'role ' || quote_ident(r.rolname), 'it may replicate: a base backup or a slot carries every row past the policies',
    'Keep its password for standbys and backups alone.'
  FROM pg_roles AS r WHERE r.rolreplication AND NOT r.rolsuper AND r.rolcanlogin AND EXISTS (SELECT FROM gdpr_internal.guarded_tables())
  UNION ALL
  SELECT 'warning', 'role ' || quote_ident(r.rolname),
    format('it may TRUNCATE %s: TRUNCATE asks no policy', string_agg(gdpr_internal.sql_name(g.relation), ', ' ORDER BY g.relid)),
    format('REVOKE TRUNCATE ON %s FROM %I;', string_agg(gdpr_internal.sql_name(g.relation), ', ' ORDER BY g.relid), r.rolname)
  FROM gdpr_internal.guarded_tables() AS g JOIN pg_class AS c ON c.oid = g.relid
  CROSS JOIN LATERAL aclexplode(c.relacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
  WHERE a.privilege_type = 'TRUNCATE' AND a.grantee <> c.relowner
  GROUP BY r.rolname
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_roles() IS 'doctor: roles to whom row security does not apply';

--| Views, directly or through other views, over protected tables.
CREATE OR REPLACE FUNCTION gdpr_internal.views_over() RETURNS TABLE(view oid, relation regclass)
LANGUAGE sql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE over(view, relation) AS (
    SELECT w.ev_class, g.relation
    FROM gdpr_internal.guarded_tables() AS g
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = g.relid
    JOIN pg_rewrite AS w ON w.oid = d.objid AND w.ev_class <> g.relid
    UNION
    SELECT w.ev_class, o.relation
    FROM over AS o
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = o.view
    JOIN pg_rewrite AS w ON w.oid = d.objid AND w.ev_class <> o.view
  )
  SELECT o.view, min(o.relation::oid)::regclass FROM over AS o
  WHERE NOT EXISTS (SELECT FROM gdpr_internal.masked_view AS m WHERE gdpr_internal.resolve(m.view_schema, m.view_name) = o.view)
  GROUP BY o.view
$$;
COMMENT ON FUNCTION gdpr_internal.views_over() IS 'Views over protected tables, our own left out';

--| Objects through which data goes round the policies.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_escapes()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  SELECT 'warning', gdpr_internal.sql_name(c.oid::regclass),
    CASE c.relkind
      WHEN 'm' THEN format('this materialized view keeps rows of %s: whoever may read it sees what its last refresh saw', gdpr_internal.sql_name(v.relation))
      ELSE format('this view reads %s as "%s", whom no policy binds', gdpr_internal.sql_name(v.relation), r.rolname) END,
    CASE c.relkind WHEN 'm' THEN 'Refresh it as a role with the purpose its readers have, or make it a view.'
      ELSE format('ALTER VIEW %s SET (security_invoker = true); (PostgreSQL 15 and later), or give it to another owner.', gdpr_internal.sql_name(c.oid::regclass)) END
  FROM gdpr_internal.views_over() AS v JOIN pg_class AS c ON c.oid = v.view JOIN pg_roles AS r ON r.oid = c.relowner
  WHERE c.relkind = 'm' OR c.relkind = 'v' AND (r.rolsuper OR r.rolbypassrls)
    AND NOT EXISTS (SELECT FROM pg_options_to_table(c.reloptions) AS o WHERE o.option_name = 'security_invoker' AND o.option_value::boolean)
  UNION ALL
  SELECT 'warning', f.oid::regprocedure::text,
    format('this SECURITY DEFINER function names %s and runs as "%s", %s', gdpr_internal.sql_name(min(g.relid)::regclass), r.rolname,
      CASE WHEN r.rolsuper OR r.rolbypassrls THEN 'whom no policy binds' ELSE 'for whose purposes it reads' END),
    format('Look at what it returns to whom; ALTER FUNCTION %s SECURITY INVOKER; closes it.', f.oid::regprocedure)
  FROM gdpr_internal.guarded_tables() AS g JOIN pg_class AS c ON c.oid = g.relid
  JOIN pg_proc AS f ON f.prosecdef AND f.pronamespace <> ALL (ARRAY['pg_catalog', 'information_schema', 'gdpr', 'gdpr_internal']::regnamespace[])
  JOIN pg_roles AS r ON r.oid = f.proowner
  WHERE (strpos(lower(f.prosrc), lower(c.relname::text)) > 0
         OR EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid
                    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = g.relid))
    AND (r.rolsuper OR r.rolbypassrls OR EXISTS (
      SELECT FROM gdpr_internal.purpose_grant AS p JOIN pg_roles AS m ON m.rolname = p.role WHERE pg_has_role(r.oid, m.oid, 'USAGE')))
  GROUP BY f.oid, r.rolname, r.rolsuper, r.rolbypassrls
  UNION ALL
  SELECT 'warning', 'publication ' || quote_ident(p.pubname),
    format('it carries every row of %s to its subscribers', string_agg(gdpr_internal.sql_name(g.relation), ', ' ORDER BY g.relid)),
    'Protect the subscriber''s tables as well, or leave them out of the publication.'
  FROM gdpr_internal.guarded_tables() AS g JOIN pg_class AS c ON c.oid = g.relid JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_publication_tables AS p ON p.schemaname = n.nspname AND p.tablename = c.relname
  GROUP BY p.pubname
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_escapes() IS
  'doctor: views, functions, materialized views and publications that go round the policies';

--| Sessions that the policies would stop, and purposes that nobody can name.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_purposes()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  SELECT 'warning', 'role ' || quote_ident(x.role),
    format('it may read %s and has no purpose: every statement is an error', string_agg(x.name, ', ' ORDER BY x.name)),
    format('SELECT gdpr.grant_purpose(<purpose>, %L); and ALTER ROLE %1$I SET gdpr.purpose = <purpose>; or take SELECT away.', x.role)
  FROM (SELECT r.role, gdpr_internal.sql_name(g.relation) AS name
        FROM gdpr_internal.guarded_tables() AS g, gdpr_internal.readers(g.relation) AS r
        WHERE r.outcome = 'error' AND NOT (SELECT c.relispartition FROM pg_class AS c WHERE c.oid = g.relid)) AS x
  GROUP BY x.role
  UNION ALL
  SELECT 'info', 'role ' || quote_ident(x.role),
    format('it may process for %s, and neither role nor database sets gdpr.purpose: an error until the session names one',
      string_agg(DISTINCT x.purpose, ', ')),
    format('ALTER ROLE %I SET gdpr.purpose = %L; unless the application sets it itself.', x.role, min(x.purpose))
  FROM (SELECT r.role, r.purpose, r.outcome FROM gdpr_internal.guarded_tables() AS g, gdpr_internal.readers(g.relation) AS r) AS x
  GROUP BY x.role
  HAVING bool_or(x.outcome = 'filtered once named') AND NOT bool_or(x.outcome = 'filtered')
  UNION ALL
  SELECT 'info', 'purpose ' || p.purpose, 'nobody may process for it',
    format('SELECT gdpr.grant_purpose(%L, <role>); or gdpr.drop_purpose(%1$L).', p.purpose)
  FROM gdpr_internal.purpose AS p
  WHERE p.bit <> 0 AND NOT EXISTS (SELECT FROM gdpr_internal.purpose_grant AS g JOIN pg_roles AS r ON r.rolname = g.role WHERE g.purpose = p.purpose)
  UNION ALL
  SELECT 'info', 'role ' || quote_ident(g.role), format('purpose "%s" is granted to it, and it does not exist', g.purpose),
    'Create the role; the grant is by name.'
  FROM gdpr_internal.purpose_grant AS g WHERE NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = g.role)
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_purposes() IS
  'doctor: roles without purpose, purposes without role';

--| The machinery: event triggers, key, retention.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_server()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE plpgsql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT 'error', 'event trigger ' || w.name, CASE WHEN e.oid IS NULL THEN 'it is missing' ELSE 'it is disabled' END
      || ': renames, new partitions, changed policies and triggers of the audit are not followed',
    CASE WHEN e.oid IS NULL THEN 'ALTER EXTENSION pg_gdpr UPDATE; brings it back.' ELSE format('ALTER EVENT TRIGGER %I ENABLE;', w.name) END
  FROM unnest('{gdpr_follow_ddl,gdpr_follow_policies,gdpr_point_out_drops,gdpr_follow_audit,gdpr_keep_audit}'::name[]) AS w(name)
  LEFT JOIN pg_event_trigger AS e ON e.evtname = w.name
  WHERE e.oid IS NULL OR e.evtenabled IN ('D', 'R');
  BEGIN
    PERFORM gdpr_internal.keyed_digest('doctor', 'doctor');
  EXCEPTION WHEN object_not_in_prerequisite_state THEN
    severity := 'error';
    object := 'key';
    finding := SQLERRM || ': no tokens, no suppression list, no seals, no erasure of people whose key is personal';
    hint := 'Bring the key file back; only for a new database: SELECT gdpr.create_key().';
    RETURN NEXT;
  END;
  IF coalesce(nullif(current_setting('gdpr.proof_retention', true), ''), '3 years')::interval < interval '1 year' THEN
    severity := 'warning';
    object := 'gdpr.proof_retention';
    finding := format('the proof of an erased person''s consent is kept for %s only', current_setting('gdpr.proof_retention'));
    hint := 'Claims may come for years (three in many countries); ask the DPO.';
    RETURN NEXT;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_server() IS 'doctor: event triggers, key, retention of proofs';

--| The records: consent of people who are gone, acceptances that do not cover what they seem to.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_records()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE plpgsql ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type;
  n bigint;
BEGIN
  FOR s IN SELECT t.* FROM gdpr_internal.subject_type AS t ORDER BY t.subject_type LOOP
    CONTINUE WHEN gdpr_internal.is_missing(s.relation_schema, s.relation_name, VARIADIC s.key);
    object := s.subject_type;
    n := cardinality(gdpr_internal.gone_people(s.subject_type));
    IF n > 0 THEN
      severity := 'warning';
      finding := format('%s people have consent on record and no row: they were deleted by hand', n);
      hint := format('SELECT gdpr.forget_missing(%L); forgets their comments, scans and addresses.', s.subject_type);
      RETURN NEXT;
    END IF;
    SELECT count(*) INTO n FROM gdpr_internal.consent_state AS c JOIN gdpr_internal.consent_setting AS x ON x.subject_type = c.subject_type
    WHERE c.subject_type = s.subject_type AND x.mode = 'strict' AND c.purpose = '' AND c.state = 'accepted' AND EXISTS (
      SELECT FROM gdpr_internal.purpose AS p WHERE p.lawful_basis = 'consent' AND p.declared_at > c.updated_at);
    IF n > 0 THEN
      severity := 'info';
      finding := format('%s general acceptances are older than a purpose: consent is specific, they do not cover it', n);
      hint := 'Ask again, per purpose: gdpr.set_consent_form() and gdpr.require_reconsent().';
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_records() IS
  'doctor: consent of people who are gone, general acceptances that cover less than they seem to';

--| Everything at once.
CREATE OR REPLACE FUNCTION gdpr.doctor() RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 30 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  RETURN QUERY
  SELECT d.* FROM (
    SELECT 1, c.* FROM gdpr_internal.doctor_coverage() AS c
    UNION ALL SELECT 2, p.* FROM gdpr_internal.doctor_policies() AS p
    UNION ALL SELECT 3, s.* FROM gdpr_internal.doctor_server() AS s
    UNION ALL SELECT 4, r.* FROM gdpr_internal.doctor_roles() AS r
    UNION ALL SELECT 5, e.* FROM gdpr_internal.doctor_escapes() AS e
    UNION ALL SELECT 6, u.* FROM gdpr_internal.doctor_purposes() AS u
    UNION ALL SELECT 7, v.* FROM gdpr_internal.doctor_views() AS v
    UNION ALL SELECT 8, o.* FROM gdpr_internal.doctor_records() AS o
    UNION ALL SELECT 9, i.* FROM gdpr_internal.doctor_indexes() AS i
    UNION ALL SELECT 10, a.* FROM gdpr_internal.doctor_audited() AS a
    UNION ALL SELECT 11, l.* FROM gdpr_internal.doctor_seals() AS l
    UNION ALL SELECT 12, a.* FROM gdpr_internal.doctor_reads() AS a
    UNION ALL SELECT 13, m.* FROM gdpr_internal.doctor_manners() AS m
    UNION ALL SELECT 15, n.* FROM gdpr_internal.doctor_night() AS n
    UNION ALL SELECT 14, r.* FROM gdpr_internal.doctor_retention() AS r
  ) AS x(part, severity, object, finding, hint), LATERAL (SELECT x.severity, x.object, x.finding, x.hint) AS d
  ORDER BY array_position('{error,warning,info}'::text[], x.severity), x.part, x.object, x.finding;
END
$$;
COMMENT ON FUNCTION gdpr.doctor() IS
  'What a DBA should look at: tables without policies, roads past them, sessions they would stop, keys, records, indexes, audit, what gdpr-batch cannot see';
