-- SPDX-License-Identifier: PostgreSQL
-- Why may a person be processed for a purpose, or not: the record that decides, in one sentence. The order
-- of the questions is that of gdpr_internal.decide_sql(), which makes the masks.

--| A day, as sentences name it.
CREATE OR REPLACE FUNCTION gdpr_internal.day(at timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN isfinite($1) THEN to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD') END
$$;
COMMENT ON FUNCTION gdpr_internal.day(timestamptz) IS 'A day in UTC, as reports name it';

--| consent withdrawn on 2026-11-21 by e-mail (event 17)
CREATE OR REPLACE FUNCTION gdpr_internal.consent_words(c gdpr_internal.consent_state) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT concat_ws(' ', CASE c.purpose WHEN '' THEN 'general consent' ELSE 'consent' END, c.state,
    'on ' || gdpr_internal.day(c.updated_at),
    CASE WHEN c.medium = 'in_person' THEN 'in person'
         ELSE 'by ' || CASE c.medium WHEN 'email' THEN 'e-mail' WHEN 'sms' THEN 'SMS' WHEN 'api' THEN 'API'
                       ELSE replace(c.medium, '_', ' ') END END,
    format('(event %s)', c.event))
$$;
COMMENT ON FUNCTION gdpr_internal.consent_words(gdpr_internal.consent_state) IS 'The state of a consent in words, with its event';

--| Stops unless the table of people has the person (frozen or not); the canonical key.
CREATE OR REPLACE FUNCTION gdpr_internal.existing_person(subject_type text, subject_key text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(existing_person.subject_type);
  keys text[] := gdpr_internal.canonical_keys(s.subject_type, ARRAY[existing_person.subject_key]);
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.query_as_owner(gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name),
      'SELECT p.person FROM ' || gdpr_internal.people_join(s.subject_type), keys) AS r(person int)) THEN
    RAISE EXCEPTION 'no person of subject type "%" has this key', s.subject_type
      USING ERRCODE = 'P0002', HINT = 'Check the key.';
  END IF;
  RETURN keys[1];
END
$$;
COMMENT ON FUNCTION gdpr_internal.existing_person(text, text) IS 'Canonical key of a person who is in the table of people';

--| What a person's consent says about a purpose that rests on consent.
CREATE OR REPLACE FUNCTION gdpr_internal.why_consent(
  subject_type text, person text, p gdpr_internal.purpose, OUT opens boolean, OUT reason text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  strict_mode boolean := (gdpr_internal.consent_setting_of(why_consent.subject_type)).mode = 'strict';
  c gdpr_internal.consent_state;
  until timestamptz;
  older text;
BEGIN
  IF NOT strict_mode THEN
    -- One refusal whose action is none or anonymize closes every purpose that rests on consent.
    SELECT x.* INTO c FROM gdpr_internal.consent_state AS x
    WHERE x.subject_type = why_consent.subject_type AND x.subject_key = why_consent.person
      AND gdpr_internal.consent_action_of(x.subject_type, x.state, x.purpose) <> 'full'
      AND (x.purpose = '' OR EXISTS (SELECT FROM gdpr_internal.purpose AS k WHERE k.purpose = x.purpose AND k.lawful_basis = 'consent'))
    ORDER BY x.purpose = (p).purpose DESC, x.purpose LIMIT 1;
    IF FOUND THEN
      opens := false;
      reason := format('%s%s, action %s', CASE WHEN c.purpose NOT IN ('', (p).purpose) THEN c.purpose || ': ' ELSE '' END,
        gdpr_internal.consent_words(c), gdpr_internal.consent_action_of(c.subject_type, c.state, c.purpose));
      RETURN;
    END IF;
  END IF;
  SELECT x.* INTO c FROM gdpr_internal.consent_state AS x
  WHERE x.subject_type = why_consent.subject_type AND x.subject_key = why_consent.person AND x.purpose IN ((p).purpose, '')
  ORDER BY x.purpose DESC LIMIT 1;
  IF strict_mode AND c.purpose = '' AND (c.updated_at > (p).declared_at) IS NOT TRUE AND c.state <> 'pending' THEN
    older := format('pending; the %s is older than the purpose', gdpr_internal.consent_words(c));
    c := NULL;
  END IF;
  until := least(c.valid_until, CASE WHEN strict_mode AND c.purpose = '' THEN c.updated_at + (p).validity END);
  IF c.state = 'accepted' AND coalesce(until > statement_timestamp(), true) THEN
    opens := true;
    reason := gdpr_internal.consent_words(c);
  ELSIF c.state IN ('rejected', 'withdrawn') THEN
    -- a general refusal may have another action for this purpose alone
    opens := NOT strict_mode AND gdpr_internal.consent_action_of(c.subject_type, c.state, (p).purpose) = 'full';
    reason := gdpr_internal.consent_words(c)
      || CASE WHEN NOT strict_mode THEN ', action ' || gdpr_internal.consent_action_of(c.subject_type, c.state, (p).purpose) ELSE '' END;
  ELSE
    opens := NOT strict_mode;
    reason := CASE WHEN c.state = 'accepted' THEN format('%s has lapsed on %s', gdpr_internal.consent_words(c), gdpr_internal.day(until))
        WHEN c.state = 'pending' THEN format('consent is pending again (event %s)', c.event)
        ELSE coalesce('consent is ' || older, 'consent is pending, nothing was recorded') END
      || CASE WHEN opens THEN '; pending is full functionality in mode crmcom' ELSE '' END;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.why_consent(text, text, gdpr_internal.purpose) IS
  'Whether a person''s consent opens a purpose that rests on consent, and which record says so';

--| Which record decides whether a person may be processed for a purpose now.
CREATE OR REPLACE FUNCTION gdpr.why(subject_type text, subject_key text, purpose text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p gdpr_internal.purpose := gdpr_internal.known_purpose(why.purpose);
  person text := gdpr_internal.existing_person(why.subject_type, why.subject_key);
  erasure bigint;
  restricted gdpr_internal.restriction;
  objected gdpr_internal.objection;
  own gdpr_internal.basis;
  consent record;
BEGIN
  SELECT f.erasure INTO erasure FROM gdpr_internal.frozen AS f WHERE f.subject_type = why.subject_type AND f.subject_key = person;
  IF FOUND THEN
    RETURN format('closed: anonymized (erasure %s)', erasure);
  ELSIF p.bit = 0 THEN
    RETURN 'open: administration is open whatever people consented to';
  END IF;
  SELECT r.* INTO restricted FROM gdpr_internal.restriction AS r WHERE r.subject_type = why.subject_type AND r.subject_key = person;
  IF FOUND THEN
    RETURN format('closed: restricted on %s (event %s)', gdpr_internal.day(restricted.since), restricted.event);
  END IF;
  SELECT o.* INTO objected FROM gdpr_internal.objection AS o
  WHERE o.subject_type = why.subject_type AND o.subject_key = person AND o.purpose = p.purpose AND NOT o.overruled;
  -- An objection reaches legitimate interests and public tasks, and in marketing everything.
  SELECT b.* INTO own FROM gdpr_internal.basis AS b
  WHERE b.subject_type = why.subject_type AND b.subject_key = person AND b.purpose = p.purpose
    AND b.valid_from <= statement_timestamp() AND statement_timestamp() < b.valid_until
    AND (objected.event IS NULL OR NOT p.marketing AND b.lawful_basis NOT IN ('legitimate_interests', 'public_task'))
  ORDER BY b.valid_until DESC, b.basis LIMIT 1;
  IF objected.event IS NOT NULL AND own.basis IS NULL THEN
    RETURN format('closed: objection of %s (event %s)', gdpr_internal.day(objected.since), objected.event);
  ELSIF p.lawful_basis <> 'consent' AND objected.event IS NULL THEN
    RETURN format('open: purpose "%s" rests on %s', p.purpose, replace(p.lawful_basis, '_', ' '));
  ELSIF own.basis IS NOT NULL THEN
    RETURN format('open: %s of this person since %s%s (event %s)%s', replace(own.lawful_basis, '_', ' '),
      coalesce(gdpr_internal.day(own.valid_from), 'ever'), coalesce(' until ' || gdpr_internal.day(own.valid_until), ''), own.event,
      CASE WHEN objected.event IS NOT NULL THEN format('; the objection of %s does not reach it', gdpr_internal.day(objected.since)) END);
  END IF;
  consent := gdpr_internal.why_consent(why.subject_type, person, p);
  RETURN CASE WHEN consent.opens THEN 'open: ' ELSE 'closed: ' END || consent.reason;
END
$$;
COMMENT ON FUNCTION gdpr.why(text, text, text) IS
  'Says in one sentence whether a person may be processed for a purpose now and which record decides';

--| What happened to a consent, in the words of ISO/IEC TS 27560.
CREATE OR REPLACE FUNCTION gdpr_internal.consent_record_events(subject_type text, person text, purpose text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
    'event_id', e.event,
    'event_time', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'validity_duration', CASE WHEN e.valid_until > e.at THEN format('PT%sS', extract(epoch FROM e.valid_until - e.at)::bigint) END,
    'entity_id', CASE WHEN e.kind <> 'decision' THEN 'pii_controller' WHEN e.guardian THEN 'guardian' ELSE 'pii_principal' END,
    'event_type', CASE e.kind WHEN 'decision' THEN 'explicit' ELSE 'notice' END,
    'event_state', CASE WHEN e.kind <> 'decision' THEN 'requested' ELSE CASE e.state
      WHEN 'accepted' THEN 'given' WHEN 'rejected' THEN 'refused' ELSE e.state END END,
    'collection_method', e.medium, 'channel', e.channel,
    'privacy_notice', CASE WHEN e.form IS NOT NULL THEN
      jsonb_build_object('id', format('%s:%s', e.form, e.form_version), 'sha256', encode(e.form_digest, 'hex')) END)) ORDER BY e.event), '[]')
  FROM gdpr_internal.consent_event AS e
  WHERE e.subject_type = $1 AND e.subject_key = $2 AND e.purpose = $3
    AND e.kind IN ('decision', 'request_sent', 'reconsent_required')
$$;
COMMENT ON FUNCTION gdpr_internal.consent_record_events(text, text, text) IS
  'Events of one consent for gdpr.consent_record(): who did what when, how, and for how long it holds';

--| Kinds of personal data behind a purpose: those it was declared with, else all that are classified.
CREATE OR REPLACE FUNCTION gdpr_internal.consent_record_kinds(subject_type text, kinds text[]) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('pii_type', k.kind, 'special_pii_category', k.category LIKE 'special%') ORDER BY k.kind), '[]')
  FROM gdpr.kinds AS k
  WHERE CASE WHEN $2 IS NOT NULL THEN k.kind = ANY ($2) ELSE k.kind <> 'not_personal' AND k.kind IN (
    SELECT c.kind FROM gdpr.classification AS c JOIN gdpr_internal.steps($1) AS s ON s.relation = c.relation) END
$$;
COMMENT ON FUNCTION gdpr_internal.consent_record_kinds(text, text[]) IS
  'Kinds of personal data behind a purpose, for gdpr.consent_record()';

--| The consent of a person as a record for others. What the database does not know is left out.
CREATE OR REPLACE FUNCTION gdpr.consent_record(subject_type text, subject_key text, purpose text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  person text := gdpr_internal.existing_person(consent_record.subject_type, consent_record.subject_key);
  wanted text := CASE WHEN consent_record.purpose IS NOT NULL THEN (gdpr_internal.known_purpose(consent_record.purpose)).purpose END;
  asked gdpr_internal.current_form := gdpr_internal.asked_form(consent_record.subject_type, coalesce(wanted, ''));
  purposes jsonb;
BEGIN
  SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
    'purpose', nullif(p.purpose, ''),
    'purpose_description', CASE p.purpose WHEN '' THEN 'general consent' ELSE p.description END,
    'purpose_type', CASE WHEN p.marketing THEN 'marketing' WHEN p.profiling THEN 'profiling' END,
    'lawful_basis', p.lawful_basis,
    'pii_information', gdpr_internal.consent_record_kinds(consent_record.subject_type, p.kinds),
    'retention_period', p.validity::text,
    'consent_state', CASE WHEN p.lawful_basis = 'consent' THEN (
      SELECT CASE WHEN x.lapsed THEN 'pending' ELSE x.state END
      FROM gdpr_internal.standing(consent_record.subject_type, person, p.purpose) AS x) END,
    'decision', CASE WHEN p.purpose <> '' THEN gdpr.why(consent_record.subject_type, consent_record.subject_key, p.purpose) END,
    'events', gdpr_internal.consent_record_events(consent_record.subject_type, person, p.purpose)))
    ORDER BY p.bit), '[]') INTO purposes
  FROM (SELECT k.purpose, k.description, k.marketing, k.profiling, k.lawful_basis, k.kinds, k.validity, k.bit
        FROM gdpr_internal.purpose AS k WHERE k.purpose = wanted OR wanted IS NULL AND k.lawful_basis = 'consent'
        UNION ALL SELECT '', NULL, false, false, 'consent', NULL, NULL, -1 WHERE wanted IS NULL) AS p;
  RETURN jsonb_strip_nulls(jsonb_build_object(
    'schema_version', 'ISO/IEC TS 27560:2023',
    'record_id', md5(format('%s %s %s', consent_record.subject_type, person, wanted))::uuid,
    'pii_principal_id', person,
    'privacy_notice', (SELECT jsonb_build_object('id', format('%s:%s', f.form, f.version), 'sha256', encode(f.digest, 'hex'))
      FROM gdpr_internal.form AS f WHERE f.form = asked.form AND f.version = asked.version),
    'purposes', purposes,
    'jurisdiction', (SELECT c.country FROM gdpr_internal.person_facts(consent_record.subject_type, ARRAY[person]) AS f
      JOIN gdpr.countries AS c ON c.country = gdpr_internal.country_code(f.country) LIMIT 1)));
END
$$;
COMMENT ON FUNCTION gdpr.consent_record(text, text, text) IS
  'The consent of a person as JSON with the field names of ISO/IEC TS 27560; NULL: the general one and every purpose that rests on consent';
