-- SPDX-License-Identifier: PostgreSQL
-- Who may do what, on one page. Everything else is nobody's.

--| The page: which routines and views of schema gdpr a bundle holds (names may be patterns; internal: of
--| gdpr_internal). PUBLIC is what every role may.
CREATE OR REPLACE VIEW gdpr_internal.bundle AS
  SELECT b.bundle, b.kind, name
  FROM (VALUES
    -- Values are treated without a key (C refuses keyed profiles); declaring asks for ownership of the tables by
    -- itself, and so does effective_rule.
    ('public', 'function', ARRAY['anonymize', 'fits', 'mask', 'generalize', 'redact', 'locale_of', 'check_rule', 'classify', 'unclassify',
      'effective_rule', 'export_rules', 'register_subject', 'unregister_subject', 'add_link', 'drop_link',
      'add_blocker', 'drop_blocker', 'add_interaction', 'drop_interaction', 'redirect_frozen', 'drop_redirect',
      'drop_missing', 'forget_missing', 'is_frozen',
      'protect', 'unprotect', 'audit', 'unaudit', 'create_masked_view', 'drop_masked_view', 'state_alias']),
    ('public', 'view', ARRAY['kinds', 'classification', 'purposes', 'countries']),
    -- What policies and masked views call is checked against the reader; without USAGE on the schema
    -- nobody calls it by hand.
    ('public', 'internal', ARRAY['may_read', 'may_read_inline', 'may_read_link', 'may_change', 'may_change_link',
      'shows', 'shows_link', 'shows_kind', 'in_tenant', 'engine_at_work', 'row_fields']),
    -- Applications that must skip frozen people and ask for consent.
    ('reader', 'function', ARRAY['blockers', 'subject_map', 'unclassified']),
    ('reader', 'view', ARRAY['.*_frozen', '.*_consent', 'consent', 'forms']),
    -- Who speaks with people and writes down what they said.
    ('consent_editor', 'function', ARRAY['record_consent', 'mark_all', 'consent_tokens?', 'record_notice', 'record_objection',
      'withdraw_objection', 'restrict', 'lift_restriction', 'opt_out', 'opt_in', 'add_basis', 'end_basis', 'suppress',
      'lift_suppression', 'is_suppressed', 'sign_up', 'confirm_sign_up', 'attach_sign_up', 'record_campaign', 'audience',
      'children', 'in_scope', 'why', 'consent_record']),
    ('consent_editor', 'view', ARRAY['.*_frozen', '.*_consent', 'consent', 'consent_history', 'forms', 'campaigns',
      'opt_outs', 'sign_ups']),
    -- The web server behind the links in letters: a token or a secret is its only right.
    ('web', 'function', ARRAY['redeem_token', 'sign_up', 'confirm_sign_up']),
    -- The night's role: everything an erasure takes, on links declared later too, since the work
    -- itself is done as each table's owner.
    -- reveal: who may call it may also use the keyed profiles of anonymize().
    ('operator', 'function', ARRAY['blockers', 'subject_map', 'unclassified', 'preflight', 'reveal', 'copy_.*', 'refresh_.*', 'refreshed_tables',
      'anonymize_subject', 'anonymize_subjects', 'queue_erasure', 'unqueue_erasure', 'run_.*', 'report_.*', 'import_optouts_.*', 'last_interaction',
      'mark_all', 'require_reconsent', 'expire_proofs', 'expire_sign_ups', 'consent_tokens?', 'audience', 'record_campaign',
      'plan_campaign', 'take_messages', 'message_sent', 'message_failed',
      'seal_audit', 'expire_audit', 'erase_audit', 'drain_access', 'expire_access', 'unaudited', 'night', 'night_.*', 'metrics']),
    ('operator', 'view', ARRAY['.*_frozen', '.*_consent', 'consent', 'forms', 'campaigns', 'campaign_plans', 'outbox', 'opt_outs',
      'certificates', 'certificate_columns', 'runs', 'run_rows', 'run_people', 'held_back', 'erasure_queue', 'retention_policies', 'interactions', 'audit_status',
      'nights']),
    -- Who reads what was done to whom, and checks that nobody changed the record of it.
    ('auditor', 'function', ARRAY['subject_audit', 'user_audit', 'verify_audit', 'export_audit', 'prove_event', 'audit_public_key',
      'subject_access', 'blast_radius', 'access_after_withdrawal', 'unaudited', 'drain_access', 'query_digest', 'metrics']),
    ('auditor', 'view', ARRAY['nights', 'audit_log', 'audit_status', 'audit_seals', 'access_log', 'access_statements']),
    -- A view checks the functions it calls against the reader.
    ('auditor', 'internal', ARRAY['audit_columns', 'audit_values', 'set_members', 'set_size', 'set_holds', 'is_running']),
    -- Who signs: decides on purposes and forms, reads everything that is kept, changes nobody's data.
    ('dpo', 'function', ARRAY['blockers', 'subject_map', 'unclassified', 'preflight', 'subject_data',
      'queue_erasure', 'unqueue_erasure', 'set_retention', 'drop_retention', 'last_interaction', 'run_retention_page',
      'add_purpose', 'drop_purpose', 'grant_purpose', 'revoke_purpose',
      'grant_tenant', 'revoke_tenant', 'set_consent_mode', 'set_consent_action', 'add_form', 'set_consent_form',
      'require_reconsent', 'approve_campaign', 'run_handshake', 'set_country', 'set_person_columns', 'overrule_objection', 'expire_proofs', 'expire_sign_ups',
      'children', 'in_scope', 'is_suppressed', 'why', 'consent_record', 'doctor', 'report_.*', 'subject_audit', 'user_audit', 'verify_audit',
      'export_audit', 'prove_event', 'audit_public_key', 'subject_access', 'blast_radius', 'access_after_withdrawal', 'unaudited',
      'query_digest', 'metrics']),
    ('dpo', 'view', ARRAY['nights', '.*_frozen', '.*_consent', 'consent', 'consent_history', 'forms', 'campaigns', 'campaign_plans', 'outbox', 'opt_outs', 'sign_ups', 'rehearsal',
      'certificates', 'certificate_columns', 'runs', 'run_rows', 'run_people', 'held_back', 'erasure_queue', 'retention_policies', 'interactions',
      'audit_log', 'audit_status', 'audit_seals',
      'access_log', 'access_statements']),
    ('dpo', 'internal', ARRAY['audit_columns', 'audit_values', 'set_members', 'set_size', 'set_holds', 'is_running'])
  ) AS b(bundle, kind, names), unnest(b.names) AS name;
COMMENT ON VIEW gdpr_internal.bundle IS 'Bundles of rights: the functions, procedures and views each holds';

--| Grants or revokes the objects of one bundle.
CREATE OR REPLACE FUNCTION gdpr_internal.apply_bundle(bundle text, role text, granting boolean)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  verb text := CASE WHEN granting THEN 'GRANT %s ON %s TO %s' ELSE 'REVOKE %s ON %s FROM %s' END;
  command text;
BEGIN
  FOR command IN
    SELECT format(verb, 'EXECUTE', 'ROUTINE ' || p.oid::regprocedure, role)
    FROM gdpr_internal.bundle AS b
    JOIN pg_proc AS p ON p.proname ~ ('^' || b.name || '$')
      AND p.pronamespace = CASE b.kind WHEN 'internal' THEN 'gdpr_internal' ELSE 'gdpr' END::regnamespace
    WHERE b.bundle = apply_bundle.bundle AND b.kind IN ('function', 'internal')
    UNION ALL
    SELECT format(verb, 'SELECT', c.oid::regclass, role)
    FROM gdpr_internal.bundle AS b
    JOIN pg_class AS c ON c.relnamespace = 'gdpr'::regnamespace AND c.relkind = 'v'
      AND c.relname ~ ('^' || b.name || '$')
    WHERE b.bundle = apply_bundle.bundle AND b.kind = 'view'
    UNION ALL
    -- A view checks its functions against the reader; without USAGE on the schema nobody else calls them.
    SELECT format(verb, 'EXECUTE', 'FUNCTION ' || d.refobjid::regprocedure, role)
    FROM gdpr_internal.bundle AS b
    JOIN pg_class AS c ON c.relnamespace = 'gdpr'::regnamespace AND c.relkind = 'v' AND c.relname = b.name
    JOIN pg_rewrite AS v ON v.ev_class = c.oid
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = v.oid
      AND d.refclassid = 'pg_proc'::regclass
    JOIN pg_proc AS p ON p.oid = d.refobjid AND p.pronamespace = 'gdpr_internal'::regnamespace
    WHERE b.bundle = apply_bundle.bundle AND b.kind = 'view'
  LOOP
    EXECUTE command;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.apply_bundle(text, text, boolean) IS
  'Grants or revokes the objects of one bundle to or from one role';

--| Grants every bundle again: after an update, and when a subject type brings a new view.
CREATE OR REPLACE FUNCTION gdpr_internal.apply_bundles() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  g gdpr_internal.bundle_grant;
BEGIN
  PERFORM gdpr_internal.apply_bundle('public', 'PUBLIC', true);
  FOR g IN
    SELECT b.* FROM gdpr_internal.bundle_grant AS b JOIN pg_roles AS r ON r.rolname = b.role
  LOOP
    PERFORM gdpr_internal.apply_bundle(g.bundle, quote_ident(g.role), true);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.apply_bundles() IS 'Grants every bundle again to everybody who has it';

--| Stops at a bundle that does not exist.
CREATE OR REPLACE FUNCTION gdpr_internal.check_bundle(bundle text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.bundle AS b
                 WHERE b.bundle = check_bundle.bundle AND b.bundle <> 'public') THEN
    RAISE EXCEPTION 'bundle "%" does not exist', check_bundle.bundle
      USING ERRCODE = 'undefined_object',
        HINT = format('Bundles are: %s.', (SELECT string_agg(DISTINCT b.bundle, ', ')
                                           FROM gdpr_internal.bundle AS b WHERE b.bundle <> 'public'));
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.check_bundle(text) IS 'Stops at a bundle that does not exist';

--| Gives a role all that a job needs.
CREATE OR REPLACE FUNCTION gdpr.grant_bundle(bundle text, role regrole) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  role_name name := (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = grant_bundle.role);
BEGIN
  PERFORM gdpr_internal.check_bundle(grant_bundle.bundle);
  INSERT INTO gdpr_internal.bundle_grant AS b (bundle, role) VALUES (grant_bundle.bundle, role_name)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RAISE NOTICE 'role "%" already has bundle "%"', role_name, grant_bundle.bundle;
  END IF;
  PERFORM gdpr_internal.apply_bundle(grant_bundle.bundle, quote_ident(role_name), true);
END
$$;
COMMENT ON FUNCTION gdpr.grant_bundle(text, regrole) IS
  'Gives a role a bundle of rights: reader, consent_editor, web (redeems tokens), operator (the night), auditor (reads and verifies the log of changes) or dpo (decides and reads reports)';

--| Takes a bundle away; what other bundles of the role hold stays.
CREATE OR REPLACE FUNCTION gdpr.revoke_bundle(bundle text, role regrole) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  role_name name := (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = revoke_bundle.role);
BEGIN
  PERFORM gdpr_internal.check_bundle(revoke_bundle.bundle);
  DELETE FROM gdpr_internal.bundle_grant AS b
  WHERE b.bundle = revoke_bundle.bundle AND b.role = role_name;
  IF NOT FOUND THEN
    RAISE NOTICE 'role "%" does not have bundle "%"', role_name, revoke_bundle.bundle;
    RETURN;
  END IF;
  PERFORM gdpr_internal.apply_bundle(revoke_bundle.bundle, quote_ident(role_name), false);
  PERFORM gdpr_internal.apply_bundle(b.bundle, quote_ident(role_name), true)
  FROM gdpr_internal.bundle_grant AS b WHERE b.role = role_name;
END
$$;
COMMENT ON FUNCTION gdpr.revoke_bundle(text, regrole) IS 'Takes a bundle of rights from a role';
