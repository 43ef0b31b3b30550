-- SPDX-License-Identifier: PostgreSQL
-- gdpr.doctor(): what a DBA should look at. This part: the tables, their policies and their indexes.

--| Tables that are protected and exist.
CREATE OR REPLACE FUNCTION gdpr_internal.guarded_tables() RETURNS TABLE(relation regclass, relid oid, subject_types text[])
LANGUAGE sql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.relation, r.relation::oid, p.subject_types
  FROM gdpr_internal.protection AS p, LATERAL (SELECT gdpr_internal.resolve(p.relation_schema, p.relation_name)) AS r(relation)
  WHERE r.relation IS NOT NULL
$$;
COMMENT ON FUNCTION gdpr_internal.guarded_tables() IS 'Tables that are protected and exist';

--| Subject types without policies, and tables that came after the last protect.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_coverage()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE plpgsql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type;
BEGIN
  FOR s IN SELECT t.* FROM gdpr_internal.subject_type AS t ORDER BY t.subject_type LOOP
    object := s.subject_type;
    IF NOT EXISTS (SELECT FROM gdpr_internal.protection AS p WHERE s.subject_type = ANY (p.subject_types)) THEN
      severity := 'warning';
      finding := 'no table of this subject type is protected: consent is recorded, not enforced';
      hint := format('CALL gdpr.protect(%L, enforce => false); counts what that would hide; CALL gdpr.protect(%1$L); does it.', s.subject_type);
      RETURN NEXT;
      CONTINUE;
    END IF;
    BEGIN
      RETURN QUERY
      SELECT 'error', gdpr_internal.sql_name(r.relation),
        CASE WHEN EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = r.relation)
          THEN 'it is a partition or child of a protected table and has no policies: a SELECT from it shows everybody'
          ELSE format('it holds data of subject type "%s" and has no policies', s.subject_type) END,
        format('CALL gdpr.protect(%L);', s.subject_type)
      FROM gdpr_internal.protected_relations(s.subject_type) AS r
      WHERE NOT EXISTS (SELECT FROM gdpr_internal.guarded_tables() AS g WHERE g.relation = r.relation AND s.subject_type = ANY (g.subject_types))
      ORDER BY r.place;
      RETURN QUERY
      SELECT DISTINCT 'error', gdpr_internal.sql_name(f), 'it is a foreign table below a protected table, and cannot have policies',
        'Take SELECT on it away from everybody, or detach it.'
      FROM gdpr_internal.guarded_tables() AS g, gdpr_internal.family(g.relation) AS f JOIN pg_class AS c ON c.oid = f AND c.relkind = 'f'
      WHERE s.subject_type = ANY (g.subject_types);
    EXCEPTION WHEN undefined_table OR undefined_column OR insufficient_privilege THEN
      severity := 'error';
      finding := 'its declarations cannot be followed: ' || SQLERRM;
      hint := format('Create it again, or run SELECT gdpr.drop_missing(%L).', s.subject_type);
      RETURN NEXT;
    END;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_coverage() IS
  'doctor: subject types and tables without policies';

--| What was taken off protected tables since, or does not follow from today's declarations any more.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_policies()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE plpgsql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  g record;
  p gdpr_internal.protection;
  wanted text[];
  tenant name;
BEGIN
  FOR g IN
    SELECT t.relation, t.subject_types, c.relrowsecurity, c.relforcerowsecurity
    FROM gdpr_internal.guarded_tables() AS t JOIN pg_class AS c ON c.oid = t.relid ORDER BY t.relid
  LOOP
    severity := 'error';
    object := gdpr_internal.sql_name(g.relation);
    hint := format('CALL gdpr.protect(%L);', g.subject_types[1]);
    p := gdpr_internal.protection_of(g.relation);
    tenant := gdpr_internal.tenant_column_of(g.subject_types);
    IF p.relation_name IS NOT NULL THEN
      wanted := gdpr_internal.statements_of(g.relation, p, tenant);
    END IF;
    finding := CASE
      WHEN p.relation_name IS NULL THEN 'it was made again since it was protected, or its policy was dropped'
      WHEN NOT g.relrowsecurity THEN 'row level security was switched off since it was protected'
      WHEN NOT g.relforcerowsecurity THEN 'row level security is not forced any more: its owner sees everybody'
      WHEN NOT gdpr_internal.is_intact(g.relation, wanted) THEN 'policies or guards were dropped, changed or disabled since it was protected'
      WHEN p.definition <> md5(array_to_string(wanted, ';')) THEN 'its policies are not those that follow from today''s declarations' END;
    IF finding IS NOT NULL THEN
      RETURN NEXT;
      CONTINUE;
    END IF;
    severity := 'warning';
    IF tenant IS NOT NULL AND gdpr_internal.column_type(g.relation, tenant) IS NULL THEN
      finding := format('it has no column "%s": its rows are not kept apart by tenant', tenant);
      hint := format('ALTER TABLE %s ADD COLUMN %I …, then CALL gdpr.protect(%L);', object, tenant, g.subject_types[1]);
      RETURN NEXT;
    END IF;
    IF p.fill IS NOT NULL THEN
      finding := 'its column gdpr_allowed is not filled yet: reads look people up one by one';
      hint := format('CALL gdpr.protect(%L); goes on with it.', g.subject_types[1]);
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_policies() IS
  'doctor: row security switched off, policies and guards lost or out of date';

--| What an index column looks up by that is not leakproof; NULL where everything is.
CREATE OR REPLACE FUNCTION gdpr_internal.leaking_lookup(index oid, place int) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(
    -- functions and operators inside an expression, read from its tree
    (SELECT min(f.oid::regprocedure::text) FROM regexp_matches(i.indexprs::text, ':(?:op)?funcid (\d+)', 'g') AS m(id)
     JOIN pg_proc AS f ON f.oid = m.id[1]::oid WHERE i.indkey[$2 - 1] = 0 AND NOT f.proleakproof),
    (SELECT CASE WHEN o.opcname LIKE '%pattern_ops' THEN 'LIKE' END FROM pg_opclass AS o WHERE o.oid = i.indclass[$2 - 1]),
    (SELECT min(a.amopopr::regoperator::text)
     FROM pg_opclass AS o JOIN pg_amop AS a ON a.amopfamily = o.opcfamily AND a.amoppurpose = 's' AND a.amoplefttype = o.opcintype
     JOIN pg_operator AS p ON p.oid = a.amopopr JOIN pg_proc AS f ON f.oid = p.oprcode
     WHERE o.oid = i.indclass[$2 - 1] AND NOT f.proleakproof))
  FROM pg_index AS i WHERE i.indexrelid = $1
$$;
COMMENT ON FUNCTION gdpr_internal.leaking_lookup(oid, int) IS
  'What an index column looks up by that is not leakproof; NULL where everything is';

--| Indexes that filters cannot use under policies: row security lets only leakproof operators go first.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_indexes()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  SELECT 'info', gdpr_internal.sql_name(i.indexrelid::regclass),
    format('under the policies of %s filters by %s cannot use it: %s is not leakproof', gdpr_internal.sql_name(g.relation),
      pg_get_indexdef(i.indexrelid, n, false), l.lookup),
    'Index a generated column and compare that with =; it is leakproof for integers, uuid, text, dates and timestamps. Or accept the sequential scan.'
  FROM gdpr_internal.guarded_tables() AS g JOIN pg_index AS i ON i.indrelid = g.relid AND i.indisvalid,
    generate_series(1, i.indnkeyatts) AS n, LATERAL (SELECT gdpr_internal.leaking_lookup(i.indexrelid, n)) AS l(lookup)
  WHERE l.lookup IS NOT NULL
  ORDER BY g.relid, i.indexrelid, n
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_indexes() IS
  'doctor: indexes that filters cannot use under row security';

--| Masked views that would be made otherwise today.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_views()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE plpgsql ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v gdpr_internal.masked_view;
  relation regclass;
BEGIN
  FOR v IN SELECT m.* FROM gdpr_internal.masked_view AS m ORDER BY m.view_schema, m.view_name LOOP
    relation := gdpr_internal.resolve(v.relation_schema, v.relation_name);
    CONTINUE WHEN relation IS NULL OR gdpr_internal.resolve(v.view_schema, v.view_name) IS NULL;
    object := format('%I.%I', v.view_schema, v.view_name);
    hint := format('SELECT gdpr.create_masked_view(%L, %L, %L); makes it anew and keeps its readers.', object,
      gdpr_internal.sql_name(relation), v.profile);
    BEGIN
      finding := CASE WHEN md5(gdpr_internal.masked_sql(relation, v.profile)) <> v.definition
        THEN 'columns, links or classifications of its table changed since the view was made' END;
      PERFORM gdpr_internal.require_maskable_policies(relation);
    EXCEPTION WHEN SQLSTATE 'PD003' OR insufficient_privilege OR object_not_in_prerequisite_state THEN
      finding := 'it could not be made anew: ' || SQLERRM;
    END;
    IF finding IS NOT NULL THEN
      severity := 'warning';
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_views() IS 'doctor: masked views that are out of date';
