-- SPDX-License-Identifier: PostgreSQL
-- Asking again: one statement for everybody, and a new pointer.

--| Everybody is asked with a form from a moment on; accept links made before are void.
CREATE OR REPLACE FUNCTION gdpr_internal.point_to_form(subject_type text, purpose text, form text, version int, at timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO gdpr_internal.current_form AS c (subject_type, purpose, form, version, since, reconsent_at)
  VALUES ($1, $2, $3, $4, $5, $5)
  ON CONFLICT ON CONSTRAINT current_form_pkey DO UPDATE SET form = excluded.form, version = excluded.version,
    since = CASE WHEN (c.form, c.version) = (excluded.form, excluded.version) THEN c.since ELSE excluded.since END,
    reconsent_at = excluded.reconsent_at
$$;
COMMENT ON FUNCTION gdpr_internal.point_to_form(text, text, text, int, timestamptz) IS
  'Points everybody to the form that they are asked with again';

--| Who was queued for a rejection that is gone now stays with us. NULL: everybody.
CREATE OR REPLACE FUNCTION gdpr_internal.unqueue_rejected(subject_type text, keys text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.erasure_queue AS q
      WHERE q.subject_type = unqueue_rejected.subject_type AND q.state IN ('due', 'held', 'failed') AND q.reason = 'consent rejected') THEN
    RETURN;
  END IF;
  DELETE FROM gdpr_internal.erasure_queue AS q
  WHERE q.subject_type = unqueue_rejected.subject_type AND q.state IN ('due', 'held', 'failed') AND q.reason = 'consent rejected'
    AND (unqueue_rejected.keys IS NULL OR q.subject_key = ANY (unqueue_rejected.keys))
    AND NOT EXISTS (
      SELECT FROM gdpr_internal.consent_state AS c
      WHERE c.subject_type = q.subject_type AND c.subject_key = q.subject_key AND c.state IN ('rejected', 'withdrawn')
        AND gdpr_internal.consent_action_of(c.subject_type, c.state, c.purpose) = 'anonymize');
END
$$;
COMMENT ON FUNCTION gdpr_internal.unqueue_rejected(text, text[]) IS
  'Takes people off the queue whose rejection is gone because they are asked again (NULL: everybody)';

--| Asks everybody again (CRM.COM's re-consent): who accepted, rejected or is pending becomes pending, with
--| an empty date and the new form; who withdrew is left alone. People without a row need none.
CREATE OR REPLACE FUNCTION gdpr_internal.require_reconsent(subject_type text, form text, purpose text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(require_reconsent.subject_type);
  setting gdpr_internal.consent_setting := gdpr_internal.consent_setting_of(s.subject_type);
  wanted text := gdpr_internal.consent_purpose(require_reconsent.purpose);
  f gdpr_internal.form := gdpr_internal.known_form(require_reconsent.form);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
  at timestamptz;
  people bigint;
  left_alone bigint;
BEGIN
  IF f.form IS NULL THEN
    RAISE EXCEPTION 'the form must not be null' USING ERRCODE = '22004', HINT = 'Name the text that people are asked with: terms:3.';
  END IF;
  PERFORM gdpr_internal.lock_settings();
  at := clock_timestamp();
  PERFORM gdpr_internal.point_to_form(s.subject_type, wanted, f.form, f.version, at);
  EXECUTE format(
    'WITH person AS MATERIALIZED (
       -- erased people have no row of masks
       SELECT %s AS key FROM %s AS n
     ), asked AS MATERIALIZED (
       SELECT nextval(''gdpr_internal.consent_event_event_seq'') AS event, r.* FROM (
         SELECT o.subject_key, o.state, o.updated_at, o.medium, o.channel FROM gdpr_internal.consent_state AS o
         WHERE o.subject_type = $1 AND o.purpose = $2 AND o.state <> ''withdrawn''
         UNION ALL
         SELECT g.subject_key, g.state, g.updated_at, g.medium, g.channel FROM gdpr_internal.covering AS g
         WHERE g.subject_type = $1 AND g.purpose = $2 AND g.state IN (''accepted'', ''rejected'')) AS r
       JOIN person AS p ON p.key COLLATE "C" = r.subject_key
     ), ev AS (
       INSERT INTO gdpr_internal.consent_event (event, subject_type, subject_key, purpose, kind, state, prior_state, prior_updated_at,
         form, form_version, form_digest, owner, at)
       SELECT a.event, $1, a.subject_key, $2, ''reconsent_required'', ''pending'', a.state, a.updated_at, $3, $4, $5, $6, $7 FROM asked AS a
     )
     INSERT INTO gdpr_internal.consent_state AS c
       (subject_type, subject_key, purpose, state, updated_at, medium, channel, form, form_version, event)
     SELECT $1, a.subject_key, $2, ''pending'', NULL, a.medium, a.channel, $3, $4, a.event FROM asked AS a
     ON CONFLICT ON CONSTRAINT consent_state_pkey DO UPDATE SET state = ''pending'', updated_at = NULL,
       form = excluded.form, form_version = excluded.form_version, event = excluded.event',
    (gdpr_internal.native_key(s.subject_type, '')).literal, gdpr_internal.allowed_table(s.subject_type))
  USING s.subject_type, wanted, f.form, f.version, f.digest, pg_get_userbyid(gdpr_internal.caller()), at;
  PERFORM gdpr_internal.unqueue_rejected(s.subject_type, NULL);
  PERFORM gdpr_internal.refresh_allowed(s.subject_type, NULL);
  SELECT q.n INTO people FROM gdpr_internal.query_as_owner(relation,
    format('SELECT pg_catalog.count(*) FROM %s AS t', gdpr_internal.sql_name(relation))) AS q(n bigint);
  SELECT (SELECT count(*) FROM gdpr_internal.frozen AS z WHERE z.subject_type = s.subject_type) + (
    SELECT count(*) FROM (
      SELECT o.subject_key FROM gdpr_internal.consent_state AS o
      WHERE o.subject_type = s.subject_type AND o.purpose = wanted AND o.state = 'withdrawn'
      UNION SELECT g.subject_key FROM gdpr_internal.covering AS g
      WHERE g.subject_type = s.subject_type AND g.purpose = wanted AND g.state = 'withdrawn') AS w
    WHERE NOT EXISTS (SELECT FROM gdpr_internal.frozen AS z WHERE z.subject_type = s.subject_type AND z.subject_key = w.subject_key)
      AND NOT EXISTS (SELECT FROM gdpr_internal.erasure AS e WHERE e.subject_type = s.subject_type AND e.subject_key = w.subject_key))
  INTO left_alone;
  RETURN people - left_alone;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_reconsent(text, text, text) IS
  'Asks everybody again except who withdrew; returns the number of people concerned';

--| Asks everybody again.
CREATE OR REPLACE FUNCTION gdpr.require_reconsent(subject_type text, form text, purpose text DEFAULT NULL) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.require_reconsent(text, text, text) IS
  'Asks everybody again with a form: accepted, rejected and pending people become pending without a date, who withdrew is left alone; returns the number of people concerned';
