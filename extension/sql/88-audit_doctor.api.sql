-- SPDX-License-Identifier: PostgreSQL
-- gdpr.doctor(): the audit of changes.

--| Audited tables whose triggers are not all there, or whose rows cannot be named; tables that were left out.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_audited()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE plpgsql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  a record;
  s text;
BEGIN
  FOR a IN
    SELECT r.relation, gdpr_internal.sql_name(r.relation) AS name, d.classified, d.replicated, d.reads
    FROM gdpr_internal.audited AS d, LATERAL (SELECT gdpr_internal.resolve(d.relation_schema, d.relation_name)) AS r(relation)
    WHERE r.relation IS NOT NULL ORDER BY d.relation_schema, d.relation_name
  LOOP
    RETURN QUERY
    SELECT 'error', gdpr_internal.sql_name(m.missing_on),
      'its changes are not all audited: missing, changed or switched off: ' || string_agg(m.name, ', ' ORDER BY m.name),
      format('SELECT gdpr.audit(%L, %L, %L, %L); as its owner.', a.name, a.classified, a.replicated, a.reads)
    FROM gdpr_internal.audits_missing(a.relation) AS m GROUP BY m.missing_on;
    IF NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = a.relation AND i.indisprimary) THEN
      RETURN QUERY SELECT 'info', a.name, 'it has no primary key: its events cannot say which row changed',
        format('ALTER TABLE %s ADD PRIMARY KEY (…);', a.name);
    END IF;
  END LOOP;
  RETURN QUERY
  SELECT 'warning', gdpr_internal.sql_name(g.relation), 'it is protected and its changes are not audited: somebody took its audit off',
    format('SELECT gdpr.audit(%L); as its owner.', gdpr_internal.sql_name(g.relation))
  FROM gdpr_internal.guarded_tables() AS g
  WHERE (gdpr_internal.audited_of(g.relation)).relation_name IS NULL ORDER BY g.relid;
  -- Of tables of protected types that are not protected doctor_coverage() tells.
  FOR s IN SELECT t.subject_type FROM gdpr_internal.subject_type AS t ORDER BY t.subject_type LOOP
    CONTINUE WHEN EXISTS (SELECT FROM gdpr_internal.protection AS p WHERE s = ANY (p.subject_types));
    BEGIN
      RETURN QUERY
      SELECT 'warning', gdpr_internal.sql_name(r.relation),
        format('it holds data of subject type "%s" and its changes are not audited, as those of other tables are', s),
        format('SELECT gdpr.audit(%L); as its owner.', gdpr_internal.sql_name(r.relation))
      FROM gdpr_internal.protected_relations(s) AS r
      WHERE (gdpr_internal.audited_of(r.relation)).relation_name IS NULL AND EXISTS (
        SELECT FROM gdpr_internal.protected_relations(s) AS o WHERE (gdpr_internal.audited_of(o.relation)).relation_name IS NOT NULL)
      ORDER BY r.place;
    EXCEPTION WHEN undefined_table OR undefined_column OR insufficient_privilege THEN
      NULL;  -- doctor_coverage() says it
    END;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_audited() IS
  'doctor: audited tables without their triggers or without a key, tables whose audit was forgotten';

--| Whether what was written is sealed, anchored, and has a place next month.
CREATE OR REPLACE FUNCTION gdpr_internal.doctor_seals()
RETURNS TABLE(severity text, object text, finding text, hint text)
LANGUAGE plpgsql ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  state record;
  patience CONSTANT interval := current_setting('gdpr.unsealed_warning')::interval;
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.audited) AND NOT EXISTS (SELECT FROM gdpr_internal.audit_seal) THEN
    RETURN;
  END IF;
  SELECT a.* INTO state FROM gdpr_internal.audit_state() AS a;
  IF NOT state.key THEN
    RETURN QUERY SELECT 'error', 'audit log', 'nothing is sealed: there is no key, and nothing shows whether events were edited',
      'Set gdpr.key_file and SELECT gdpr.create_key();';
  ELSIF patience > interval '0' AND state.unsealed_age > patience THEN
    RETURN QUERY SELECT 'warning', 'audit log',
      format('%s events wait for their seal, the oldest for %s', state.unsealed, date_trunc('second', state.unsealed_age)),
      CASE WHEN state.held_back_by IS NOT NULL THEN format('End what holds them back: %s.', state.held_back_by)
        WHEN state.worker THEN 'The server''s log says why its worker does not seal.'
        ELSE 'Run gdpr-batch nightly, or preload pg_gdpr: then a worker seals.' END;
  END IF;
  IF state.foreign_unsealed THEN
    RETURN QUERY SELECT 'warning', 'audit log', 'a restore brought events that the old server had not sealed',
      'SELECT gdpr.seal_audit(); once the restore is complete.';
  END IF;
  IF NOT state.anchor THEN
    RETURN QUERY SELECT 'info', 'gdpr.audit_anchor',
      'seals are anchored nowhere: a superuser could rewrite the audit log and seal it again, and nothing would show it',
      'gdpr.audit_anchor = ''file:/…'' or ''syslog'', to a place that the administrators of this server cannot write to.';
  END IF;
  IF coalesce(state.partitions_until, '-infinity') <= date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 month' THEN
    RETURN QUERY SELECT 'warning', 'audit log', 'it has no partition for next month yet',
      'Run gdpr-batch nightly every night. (A writer that finds none makes it, and waits for it.)';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.doctor_seals() IS
  'doctor: changes that are not sealed, seals without anchor, partitions';
