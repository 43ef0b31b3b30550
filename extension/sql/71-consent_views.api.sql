-- SPDX-License-Identifier: PostgreSQL
-- What is read about consent. People without a row are pending: the views say so without a row for anybody.

--| General consents as they cover purposes for which the person has no row.
CREATE OR REPLACE VIEW gdpr_internal.covering AS
  SELECT g.subject_type, g.subject_key, p.purpose, g.state, g.updated_at, least(g.valid_until, g.updated_at + p.validity) AS valid_until,
    g.medium, g.channel, g.form, g.form_version, g.event
  FROM gdpr_internal.consent_state AS g
  JOIN gdpr_internal.consent_setting AS c ON c.subject_type = g.subject_type
  JOIN gdpr_internal.purpose AS p ON p.lawful_basis = 'consent' AND (c.mode <> 'strict' OR g.updated_at > p.declared_at)
  WHERE g.purpose = '' AND NOT EXISTS (
    SELECT FROM gdpr_internal.consent_state AS o
    WHERE o.subject_type = g.subject_type AND o.subject_key = g.subject_key AND o.purpose = p.purpose OFFSET 0);
COMMENT ON VIEW gdpr_internal.covering IS 'General consents as they cover purposes for which the person has no row of its own';

--| Rows of people in a state that nobody recorded: everybody else of every subject type is pending.
CREATE OR REPLACE FUNCTION gdpr_internal.people_pending()
RETURNS TABLE(subject_type text, subject_key text, purpose text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type;
  relation regclass;
BEGIN
  FOR s IN
    SELECT y.* FROM gdpr_internal.subject_type AS y
    JOIN gdpr_internal.consent_setting AS c ON c.subject_type = y.subject_type ORDER BY y.subject_type
  LOOP
    relation := gdpr_internal.resolve(s.relation_schema, s.relation_name);
    CONTINUE WHEN relation IS NULL;
    PERFORM gdpr_internal.require_same_owner(s.subject_type, relation, s.relation_oid, s.relation_owner);
    RETURN QUERY
    SELECT s.subject_type, k.key, w.purpose
    FROM gdpr_internal.query_as_owner(relation, format('SELECT %s FROM %s AS t',
           gdpr_internal.text_of(s.key), gdpr_internal.sql_name(relation))) AS k(key text)
    CROSS JOIN (SELECT p.purpose FROM gdpr_internal.purpose AS p WHERE p.lawful_basis = 'consent' UNION ALL SELECT '') AS w(purpose)
    WHERE NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_type = s.subject_type AND f.subject_key = k.key COLLATE "C")
      AND NOT EXISTS (SELECT FROM gdpr_internal.consent_state AS c
        WHERE c.subject_type = s.subject_type AND c.subject_key = k.key COLLATE "C" AND c.purpose = w.purpose)
      AND NOT EXISTS (SELECT FROM gdpr_internal.covering AS g
        WHERE g.subject_type = s.subject_type AND g.subject_key = k.key COLLATE "C" AND g.purpose = w.purpose);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.people_pending() IS
  'Everybody about whom nothing was recorded, by purpose; reads the tables of people as their owners';

--| Recorded consents, in branches that the index on states serves.
CREATE OR REPLACE VIEW gdpr_internal.recorded AS
  SELECT c.subject_type, c.subject_key, c.purpose, c.state, c.updated_at, NULL::timestamptz AS valid_until, c.medium, c.channel,
    c.form, c.form_version, c.event
  FROM gdpr_internal.consent_state AS c WHERE c.state <> 'accepted'
  UNION ALL
  SELECT c.subject_type, c.subject_key, c.purpose, 'accepted' AS state, c.updated_at, c.valid_until, c.medium, c.channel,
    c.form, c.form_version, c.event
  FROM gdpr_internal.consent_state AS c
  WHERE c.state = 'accepted' AND (c.valid_until IS NULL OR c.valid_until > statement_timestamp())
  UNION ALL
  SELECT c.subject_type, c.subject_key, c.purpose, 'pending' AS state, c.updated_at, c.valid_until, c.medium, c.channel,
    c.form, c.form_version, c.event
  FROM gdpr_internal.consent_state AS c WHERE c.state = 'accepted' AND c.valid_until <= statement_timestamp();
COMMENT ON VIEW gdpr_internal.recorded IS 'Recorded consents; an acceptance that has lapsed is pending';

--| Consent of everybody, per purpose and in general. Every column of every branch has its name: pg_upgrade
--| compiles the view again from what it prints, and it must come out the same.
CREATE OR REPLACE VIEW gdpr.consent AS
  SELECT c.subject_type, c.subject_key, c.purpose, c.state, c.updated_at, c.valid_until, c.medium, c.channel,
    c.form || ':' || c.form_version AS form,
    (SELECT f.form || ':' || f.version FROM gdpr_internal.current_form AS f
     WHERE f.subject_type = c.subject_type AND f.purpose IN (c.purpose, '') ORDER BY f.purpose DESC LIMIT 1) AS current_form,
    c.event
  FROM (
    SELECT r.subject_type, r.subject_key, r.purpose, r.state, r.updated_at, r.valid_until, r.medium, r.channel, r.form, r.form_version, r.event
    FROM gdpr_internal.recorded AS r WHERE r.purpose <> ''
    UNION ALL
    SELECT r.subject_type, r.subject_key, NULL AS purpose, r.state, r.updated_at, r.valid_until, r.medium, r.channel, r.form, r.form_version,
      r.event
    FROM gdpr_internal.recorded AS r WHERE r.purpose = ''
    UNION ALL
    SELECT g.subject_type, g.subject_key, g.purpose,
      CASE WHEN g.state = 'accepted' AND g.valid_until <= statement_timestamp() THEN 'pending' ELSE g.state END AS state,
      g.updated_at, CASE WHEN g.state = 'accepted' THEN g.valid_until END AS valid_until, g.medium, g.channel, g.form, g.form_version, g.event
    FROM gdpr_internal.covering AS g
    UNION ALL
    SELECT p.subject_type, p.subject_key, nullif(p.purpose, '') AS purpose, 'pending' AS state, NULL AS updated_at, NULL AS valid_until,
      NULL AS medium, NULL AS channel, NULL AS form, NULL AS form_version, NULL AS event
    FROM gdpr_internal.people_pending() AS p
  ) AS c;
COMMENT ON VIEW gdpr.consent IS
  'Consent of everybody, per purpose (NULL: in general); people about whom nothing was recorded are pending and have no event';
COMMENT ON COLUMN gdpr.consent.state IS 'pending, accepted, rejected or withdrawn; an acceptance that has lapsed is pending';
COMMENT ON COLUMN gdpr.consent.updated_at IS 'when the person decided; empty while nobody has, and after gdpr.require_reconsent()';
COMMENT ON COLUMN gdpr.consent.form IS 'the text that the person decided on, form:version';
COMMENT ON COLUMN gdpr.consent.current_form IS 'the text that everybody is asked with now: a pointer, the same for everybody';
COMMENT ON COLUMN gdpr.consent.event IS 'the deciding event in gdpr.consent_history; a general one for purposes that it covers';

--| Everything that ever happened to a consent or a right.
CREATE OR REPLACE VIEW gdpr.consent_history AS
  SELECT e.event, e.subject_type, e.subject_key, nullif(e.purpose, '') AS purpose, e.kind, e.state, e.prior_state, e.prior_updated_at,
    e.owner, coalesce(d.app_user, b.app_user) AS app_user, e.medium, e.channel, coalesce(d.comment, b.comment) AS comment,
    e.form || ':' || e.form_version AS form, encode(a.sha256, 'hex') AS attachment_sha256, a.media_type, a.uri AS attachment_uri,
    coalesce(d.source_ip, b.source_ip) AS source_ip, d.guardian, e.at, e.valid_until, e.lawful_basis, e.batch,
    encode(e.form_digest, 'hex') AS form_sha256, encode(e.detail_digest, 'hex') AS detail_sha256
  FROM gdpr_internal.consent_event AS e
  LEFT JOIN gdpr_internal.consent_detail AS d ON d.event = e.event
  LEFT JOIN gdpr_internal.consent_batch AS b ON b.batch = e.batch
  LEFT JOIN gdpr_internal.consent_attachment AS a ON a.attachment = coalesce(d.attachment, b.attachment);
COMMENT ON VIEW gdpr.consent_history IS
  'Every event: who recorded what about whom, when, by which medium and form; comments, scans, addresses and users go with the person';

--| The texts that people consent to.
CREATE OR REPLACE VIEW gdpr.forms AS
  SELECT f.form || ':' || f.version AS form, f.form AS name, f.version, f.body, f.attachment, encode(f.digest, 'hex') AS sha256,
    f.created_at, f.created_by,
    ARRAY(SELECT c.subject_type || CASE WHEN c.purpose <> '' THEN '/' || c.purpose ELSE '' END FROM gdpr_internal.current_form AS c
          WHERE c.form = f.form AND c.version = f.version ORDER BY 1) AS current_for
  FROM gdpr_internal.form AS f;
COMMENT ON VIEW gdpr.forms IS 'Texts that people consent to, in versions, and who is asked with them now';

--| A person's consents, history and notices, for gdpr.subject_data().
CREATE OR REPLACE FUNCTION gdpr_internal.consent_data(subject_type text, subject_key text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object(
    'states', (SELECT jsonb_agg(jsonb_build_object('purpose', nullif(c.purpose, ''), 'state', c.state, 'updated_at', c.updated_at,
        'valid_until', c.valid_until, 'medium', c.medium, 'channel', c.channel, 'form', c.form || ':' || c.form_version) ORDER BY c.purpose)
      FROM gdpr_internal.consent_state AS c WHERE c.subject_type = $1 AND c.subject_key = $2),
    'history', (SELECT jsonb_agg(jsonb_build_object('event', e.event, 'purpose', nullif(e.purpose, ''), 'kind', e.kind, 'state', e.state,
        'prior_state', e.prior_state, 'medium', e.medium, 'channel', e.channel, 'form', e.form || ':' || e.form_version, 'at', e.at,
        'valid_until', e.valid_until, 'lawful_basis', e.lawful_basis, 'comment', d.comment, 'source_ip', d.source_ip,
        'guardian', d.guardian, 'attachment', CASE WHEN a.attachment IS NOT NULL THEN jsonb_build_object(
          'sha256', encode(a.sha256, 'hex'), 'media_type', a.media_type, 'uri', a.uri, 'body', encode(a.body, 'base64')) END) ORDER BY e.event)
      FROM gdpr_internal.consent_event AS e
      LEFT JOIN gdpr_internal.consent_detail AS d ON d.event = e.event
      LEFT JOIN gdpr_internal.consent_attachment AS a ON a.attachment = d.attachment
      WHERE e.subject_type = $1 AND e.subject_key = $2),
    'bases', (SELECT jsonb_agg(jsonb_build_object('purpose', b.purpose, 'lawful_basis', b.lawful_basis, 'valid_from', b.valid_from,
        'valid_until', nullif(b.valid_until, 'infinity')) ORDER BY b.basis)
      FROM gdpr_internal.basis AS b WHERE b.subject_type = $1 AND b.subject_key = $2),
    'objections', (SELECT jsonb_agg(jsonb_build_object('purpose', o.purpose, 'overruled', o.overruled, 'since', o.since) ORDER BY o.purpose)
      FROM gdpr_internal.objection AS o WHERE o.subject_type = $1 AND o.subject_key = $2),
    'restricted_since', (SELECT r.since FROM gdpr_internal.restriction AS r WHERE r.subject_type = $1 AND r.subject_key = $2),
    'opt_outs', (SELECT jsonb_agg(jsonb_build_object('purpose', nullif(o.purpose, ''), 'channel', nullif(o.channel, ''), 'since', o.since)
        ORDER BY o.purpose, o.channel)
      FROM gdpr_internal.opt_out AS o WHERE o.subject_type = $1 AND o.subject_key = $2)))
$$;
COMMENT ON FUNCTION gdpr_internal.consent_data(text, text) IS
  'A person''s consents, their history with comments and scans, bases, objections, restriction and opt-outs';

--| Runnable statements that make modes, actions, forms and pointers again.
CREATE OR REPLACE FUNCTION gdpr_internal.export_consent() RETURNS SETOF text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT format('SELECT gdpr.add_form(%L, %L%s, version => %s);', f.form, f.body,
      CASE WHEN f.attachment IS NULL THEN '' ELSE format(', %L', f.attachment) END, f.version)
    FROM gdpr_internal.form AS f ORDER BY f.form, f.version;
  RETURN QUERY SELECT format('SELECT gdpr.set_consent_mode(%L, %L);', c.subject_type, c.mode)
    FROM gdpr_internal.consent_setting AS c WHERE c.mode <> 'strict' ORDER BY c.subject_type;
  RETURN QUERY SELECT format('SELECT gdpr.set_consent_action(%L, %L, %L%s);', a.subject_type, a.state, a.action,
      CASE WHEN a.purpose = '' THEN '' ELSE format(', %L', a.purpose) END)
    FROM gdpr_internal.consent_action AS a ORDER BY a.subject_type, a.purpose, a.state;
  RETURN QUERY SELECT format('SELECT gdpr.set_consent_form(%L, %L%s);', c.subject_type, c.form || ':' || c.version,
      CASE WHEN c.purpose = '' THEN '' ELSE format(', %L', c.purpose) END)
    FROM gdpr_internal.current_form AS c ORDER BY c.subject_type, c.purpose;
END
$$;
COMMENT ON FUNCTION gdpr_internal.export_consent() IS
  'Runnable statements that make forms, modes, actions and current forms again';
