-- SPDX-License-Identifier: PostgreSQL
-- After everything that declares tables and functions: history is locked.

--| History refuses changes, whoever asks.
DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['consent_event', 'consent_detail', 'consent_attachment', 'consent_batch', 'suppression', 'form',
      'audit_statement', 'audit_change', 'audit_subject', 'audit_shape', 'audit_seal', 'audit_configuration', 'audit_key',
      'access_incident'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
        WHERE g.tgrelid OPERATOR(pg_catalog.=) pg_catalog.format('gdpr_internal.%I', t)::pg_catalog.regclass
          AND g.tgname OPERATOR(pg_catalog.=) 'zz_gdpr_history') THEN
      EXECUTE pg_catalog.format('CREATE TRIGGER zz_gdpr_history BEFORE UPDATE OR DELETE ON gdpr_internal.%I '
        'FOR EACH ROW EXECUTE FUNCTION gdpr.keep_history()', t);
      EXECUTE pg_catalog.format('CREATE TRIGGER zz_gdpr_history_truncate BEFORE TRUNCATE ON gdpr_internal.%I '
        'FOR EACH STATEMENT EXECUTE FUNCTION gdpr.keep_history()', t);
    END IF;
  END LOOP;
END
$$;
