-- SPDX-License-Identifier: PostgreSQL
--
-- Preflight: everything that would stop or spoil an erasure, found before the night.

--| gdpr_internal.preflight_usable: what stands in the way before anything can be tried
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_usable(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_missing($1);
  IF NOT FOUND THEN
    PERFORM gdpr_internal.check_declared($1);
  END IF;
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
  severity := 'error';
  finding := SQLERRM;
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_usable(text) IS
  'preflight: declared tables that are gone, are no tables, or were made again by somebody else';

--| gdpr_internal.preflight_static: all findings that the catalogs and trials of values give
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_static(subject_type text, caller regrole)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_usable($1);
  IF NOT FOUND THEN
    -- columns are tried on ground that holds
    RETURN QUERY SELECT * FROM gdpr_internal.preflight_fit($1);
    RETURN QUERY SELECT * FROM gdpr_internal.preflight_unique($1);
    RETURN QUERY SELECT * FROM gdpr_internal.preflight_fake($1);
  END IF;
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_declared($1);
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_columns($1);
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_foreign_keys($1);
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_indexes($1);
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_deferrable($1);
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_triggers($1);
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_rules($1);
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_views($1);
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_owners($1);
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_blockers($1);
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_publications($1);
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_retention($1);
  RETURN QUERY SELECT * FROM gdpr_internal.preflight_server($1, caller);
END
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_static(text, regrole) IS
  'preflight: all findings that the catalogs and trials of values give';

--| gdpr_internal.sets_off_code: whether an erasure runs functions that users wrote
CREATE OR REPLACE FUNCTION gdpr_internal.sets_off_code(subject_type text)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  WITH objects (classid, objid) AS (
    SELECT 'pg_constraint'::regclass, c.oid
    FROM gdpr_internal.preflight_tables($1) AS t
    JOIN pg_constraint AS c ON c.conrelid = t.relation
      OR c.contypid IN (SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = t.relation)
    UNION ALL
    SELECT 'pg_attrdef'::regclass, d.oid
    FROM gdpr_internal.preflight_tables($1) AS t JOIN pg_attrdef AS d ON d.adrelid = t.relation
    UNION ALL
    SELECT 'pg_class'::regclass, i.indexrelid
    FROM gdpr_internal.preflight_tables($1) AS t JOIN pg_index AS i ON i.indrelid = t.relation
  )
  SELECT EXISTS (SELECT FROM gdpr_internal.firing_triggers($1))
      -- what comes with the server is pinned and leaves no dependency
      OR EXISTS (SELECT FROM objects AS o
                 JOIN pg_depend AS d ON d.classid = o.classid AND d.objid = o.objid
                 WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass));
$$;
COMMENT ON FUNCTION gdpr_internal.sets_off_code(text) IS
  'whether an erasure of the subject type runs triggers or functions that users wrote';

--| gdpr_internal.is_transient: whether a transaction met another one and may simply be tried again
CREATE OR REPLACE FUNCTION gdpr_internal.is_transient(sqlstate text)
RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT $1 IN ('40001', '40P01', '55P03');
$$;
COMMENT ON FUNCTION gdpr_internal.is_transient(text) IS
  'whether an SQLSTATE says that a transaction met another one (serialization failure, deadlock, lock not available) and may be tried again';

--| gdpr_internal.preflight_trial: one sampled chunk, rolled back
CREATE OR REPLACE FUNCTION gdpr_internal.preflight_trial(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
  SELECT CASE WHEN gdpr_internal.is_transient(t.state) THEN 'warning' ELSE 'error' END, NULL::regclass, NULL::name,
         format('a trial erasure of a few people, rolled back, ended with SQLSTATE %s: %s', t.state,
           CASE WHEN gdpr_internal.is_transient(t.state) THEN 'other sessions were in the way, five times'
             WHEN t.state ~ '^23' THEN 'a constraint over several columns, or one that a trigger breaks'
             WHEN t.state ~ '^22' THEN 'a value that a trigger or an expression does not take'
             -- what users wrote may quote a person, under any SQLSTATE
             WHEN gdpr_internal.sets_off_code($1) THEN 'raised by a trigger, a function, or what they set off'
             ELSE t.message END),
         CASE WHEN gdpr_internal.is_transient(t.state) THEN 'Run preflight again when fewer sessions write to these tables; nothing is known to be wrong with them. If it stays so, a trigger raises it.'
         ELSE format('To see it, anonymize one person in a transaction that you roll back: BEGIN; SELECT gdpr.anonymize_subject(%L, ''…'', ''trial''); ROLLBACK;', $1) END
  FROM gdpr_internal.trial($1, 20) AS t (state, message, detail)
  WHERE t.state IS NOT NULL;
$$;
COMMENT ON FUNCTION gdpr_internal.preflight_trial(text) IS
  'preflight: an erasure of twenty people that is rolled back';

--| gdpr.preflight: what would stop or spoil an erasure, errors first
CREATE OR REPLACE FUNCTION gdpr.preflight(subject_type text)
RETURNS TABLE (severity text, relation regclass, column_name name, finding text, hint text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  caller regrole := gdpr_internal.caller();
  findings jsonb;
BEGIN
  PERFORM gdpr_internal.subject($1);
  SELECT coalesce(jsonb_agg(jsonb_build_object('severity', f.severity, 'relation', f.relation::oid,
      'column_name', f.column_name, 'finding', f.finding, 'hint', f.hint)), '[]') INTO findings
  FROM gdpr_internal.preflight_static($1, caller) AS f;
  -- people are tried only where nothing is known to stand in the way
  IF NOT findings @> '[{"severity": "error"}]' THEN
    SELECT findings || coalesce(jsonb_agg(jsonb_build_object('severity', f.severity, 'relation', f.relation::oid,
      'column_name', f.column_name, 'finding', f.finding, 'hint', f.hint)), '[]') INTO findings
    FROM gdpr_internal.preflight_trial($1) AS f;
  END IF;
  RETURN QUERY
    SELECT f.severity, f.relation::regclass, f.column_name, f.finding, f.hint
    FROM jsonb_to_recordset(findings)
      AS f (severity text, relation oid, column_name name, finding text, hint text)
    ORDER BY array_position(ARRAY['error', 'warning', 'info'], f.severity),
             f.relation::regclass::text COLLATE "C" NULLS FIRST, f.column_name COLLATE "C" NULLS FIRST,
             f.finding COLLATE "C";
END
$$;
COMMENT ON FUNCTION gdpr.preflight(text) IS
  'what would stop or spoil an erasure: severity error, warning or info, each with a hint; errors first. Ends with a trial on twenty people that is rolled back';
