-- SPDX-License-Identifier: PostgreSQL
-- What becomes of consent when a person leaves: comments, scans, addresses and rights go; states, times,
-- medium and form digest stay as proof for gdpr.proof_retention. History is rewritten by
-- gdpr_internal.rewrite_history() only, whose statements ask for the certificate.

--| Keys as they were, each with its certificate (parallel arrays): everything that describes the people goes.
CREATE OR REPLACE FUNCTION gdpr_internal.forget_rows(subject_type text, keys text[], erasures bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  k record := gdpr_internal.native_key(forget_rows.subject_type, 'k.key');
  attachments bigint[];
BEGIN
  EXECUTE format('DELETE FROM %s AS n USING unnest($1) AS k(key) WHERE (%s) = (%s)',
    gdpr_internal.allowed_table(forget_rows.subject_type), k.columns, k.vals) USING forget_rows.keys;
  DELETE FROM gdpr_internal.opt_out AS r WHERE r.subject_type = forget_rows.subject_type AND r.subject_key = ANY (forget_rows.keys);
  DELETE FROM gdpr_internal.objection AS r WHERE r.subject_type = forget_rows.subject_type AND r.subject_key = ANY (forget_rows.keys);
  DELETE FROM gdpr_internal.restriction AS r WHERE r.subject_type = forget_rows.subject_type AND r.subject_key = ANY (forget_rows.keys);
  DELETE FROM gdpr_internal.basis AS r WHERE r.subject_type = forget_rows.subject_type AND r.subject_key = ANY (forget_rows.keys);
  DELETE FROM gdpr_internal.retention_warning AS r WHERE r.subject_type = forget_rows.subject_type AND r.subject_key = ANY (forget_rows.keys);
  IF EXISTS (SELECT FROM gdpr_internal.sign_up AS s WHERE s.event IS NOT NULL AND (s.data IS NOT NULL OR s.source_ip IS NOT NULL)) THEN
    UPDATE gdpr_internal.sign_up AS s SET data = NULL, source_ip = NULL
    FROM gdpr_internal.consent_event AS e
    WHERE e.event = s.event AND e.subject_type = forget_rows.subject_type AND e.subject_key = ANY (forget_rows.keys)
      AND (s.data IS NOT NULL OR s.source_ip IS NOT NULL);
  END IF;
  PERFORM gdpr_internal.void_messages_of(forget_rows.subject_type, forget_rows.keys);
  PERFORM gdpr_internal.forget_mark_facts(forget_rows.subject_type, forget_rows.keys);
  SELECT array_agg(DISTINCT d.attachment) INTO attachments
  FROM gdpr_internal.consent_event AS e JOIN gdpr_internal.consent_detail AS d ON d.event = e.event
  WHERE e.subject_type = forget_rows.subject_type AND e.subject_key = ANY (forget_rows.keys) AND d.attachment IS NOT NULL;
  PERFORM gdpr_internal.rewrite_history('rename', forget_rows.subject_type, forget_rows.keys, forget_rows.erasures);
  UPDATE gdpr_internal.consent_state AS c SET subject_key = e.subject_key
  FROM unnest(forget_rows.keys, forget_rows.erasures) AS u(key, erasure) JOIN gdpr_internal.erasure AS e ON e.erasure = u.erasure
  WHERE e.key_digest AND c.subject_type = forget_rows.subject_type AND c.subject_key = u.key;
  PERFORM gdpr_internal.rewrite_history('details', forget_rows.erasures);
  IF attachments IS NOT NULL THEN
    PERFORM gdpr_internal.rewrite_history('attachments', attachments);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.forget_rows(text, text[], bigint[]) IS
  'Empties what consent knows about people who have certificates; states and events stay, under the certificate''s key';

--| The erasure's part. Keys as they were before; certificates in any order.
CREATE OR REPLACE FUNCTION gdpr_internal.erase_consent(subject_type text, keys text[], erasures bigint[], analyze_now boolean)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  personal boolean;
  gone record;
BEGIN
  -- Whatever is recorded about a person has its event.
  IF NOT EXISTS (SELECT FROM gdpr_internal.consent_event AS e WHERE e.subject_type = erase_consent.subject_type) THEN
    RETURN;
  END IF;
  SELECT c.key_digest INTO personal FROM gdpr_internal.erasure AS c WHERE c.erasure = erase_consent.erasures[1];
  SELECT array_agg(u.key) AS keys, array_agg(c.erasure) AS erasures INTO gone
  FROM (SELECT k.key, CASE WHEN personal THEN gdpr_internal.keyed_digest('subject key', k.key) ELSE k.key END AS recorded
        FROM unnest(erase_consent.keys) AS k(key)
        CROSS JOIN LATERAL (SELECT FROM gdpr_internal.consent_event AS e
          WHERE e.subject_type = erase_consent.subject_type AND e.subject_key = k.key LIMIT 1) AS e) AS u
  JOIN gdpr_internal.erasure AS c ON c.erasure = ANY (erase_consent.erasures) AND c.subject_key = u.recorded;
  IF gone.keys IS NULL THEN
    RETURN;
  END IF;
  PERFORM gdpr_internal.forget_rows(erase_consent.subject_type, gone.keys, gone.erasures);
  IF personal AND erase_consent.analyze_now THEN
    PERFORM gdpr_internal.analyze_consent(erase_consent.subject_type);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.erase_consent(text, text[], bigint[], boolean) IS
  'Empties what consent knows about people who were anonymized (keys as they were, numbers of the certificates); the proof stays';

--| The planner's statistics hold samples of keys, which may be personal.
CREATE OR REPLACE FUNCTION gdpr_internal.analyze_consent(subject_type text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['consent_event', 'consent_state', 'basis', 'objection', 'restriction', 'opt_out',
    analyze_consent.subject_type || '_allowed'] LOOP
    EXECUTE format('ANALYZE gdpr_internal.%I', t);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.analyze_consent(text) IS 'Takes the statistics of consent anew after personal keys have gone';

--| People whose rows were deleted by a statement of the application: what is recorded goes as in an erasure.
CREATE OR REPLACE FUNCTION gdpr_internal.forget_deleted(subject_type text, keys text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone text[];
  certificates bigint[];
  pseudonyms text[];
BEGIN
  PERFORM gdpr_internal.forget_optout_addresses(forget_deleted.subject_type, forget_deleted.keys);
  SELECT array_agg(u.key), array_agg(nextval('gdpr_internal.erasure_erasure_seq')) INTO gone, certificates FROM unnest(forget_deleted.keys) AS u(key)
  WHERE EXISTS (SELECT FROM gdpr_internal.consent_event AS e
                WHERE e.subject_type = forget_deleted.subject_type AND e.subject_key = u.key);
  IF gone IS NULL THEN
    RETURN;
  END IF;
  BEGIN
    pseudonyms := ARRAY(SELECT gdpr_internal.keyed_digest('subject key', u.key) FROM unnest(gone) WITH ORDINALITY AS u(key, n) ORDER BY u.n);
  EXCEPTION WHEN OTHERS THEN
    -- a missing key file must not stop a DELETE
    pseudonyms := ARRAY(SELECT 'deleted ' || c FROM unnest(certificates) WITH ORDINALITY AS u(c, n) ORDER BY u.n);
  END;
  INSERT INTO gdpr_internal.erasure
    (erasure, subject_type, subject_key, key_digest, reason, erased_by, rows_changed, plan, wal_lsn)
  OVERRIDING SYSTEM VALUE
  SELECT u.certificate, forget_deleted.subject_type, u.pseudonym, true, 'deleted by a statement', session_user, 0, 0, pg_current_wal_insert_lsn()
  FROM unnest(certificates, pseudonyms) AS u(certificate, pseudonym);
  PERFORM gdpr_internal.forget_rows(forget_deleted.subject_type, gone, certificates);
END
$$;
COMMENT ON FUNCTION gdpr_internal.forget_deleted(text, text[]) IS
  'Empties what consent knows about people whose rows a statement deleted; events stay under a digest';

--| Proofs of people who left longer ago than gdpr.proof_retention go.
CREATE OR REPLACE FUNCTION gdpr.expire_proofs() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  result bigint := gdpr_internal.rewrite_history('expire');
  unused bigint[];
BEGIN
  DELETE FROM gdpr_internal.consent_state AS c USING gdpr_internal.erasure AS e
  WHERE e.subject_type = c.subject_type AND e.subject_key = c.subject_key
    AND e.erased_at < now() - current_setting('gdpr.proof_retention')::interval
    AND NOT EXISTS (SELECT FROM gdpr_internal.consent_event AS v WHERE v.event = c.event);
  PERFORM gdpr_internal.rewrite_history('empty batches'), gdpr_internal.rewrite_history('drop batches');
  SELECT array_agg(a.attachment) INTO unused FROM gdpr_internal.consent_attachment AS a
  WHERE NOT EXISTS (SELECT FROM gdpr_internal.consent_detail AS d WHERE d.attachment = a.attachment)
    AND NOT EXISTS (SELECT FROM gdpr_internal.consent_batch AS b WHERE b.attachment = a.attachment);
  IF unused IS NOT NULL THEN
    PERFORM gdpr_internal.rewrite_history('attachments', unused);
  END IF;
  DELETE FROM gdpr_internal.message AS m
  WHERE m.state IN ('void', 'sent') AND NOT EXISTS (SELECT FROM gdpr_internal.consent_event AS v WHERE v.event = m.message);
  PERFORM gdpr_internal.expire_tokens();
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr.expire_proofs() IS
  'Drops events and states of people who were anonymized longer ago than gdpr.proof_retention, and what bulk changes say about nobody any more; returns how many events';
