-- SPDX-License-Identifier: PostgreSQL
-- Consent is recorded: one way in for every decision, with its proof.

--| Keeps a scan or a letter, or where it lies; NULL for none.
CREATE OR REPLACE FUNCTION gdpr_internal.add_attachment(body bytea, uri text, media_type text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result bigint;
BEGIN
  IF add_attachment.body IS NULL AND add_attachment.uri IS NULL THEN
    IF add_attachment.media_type IS NOT NULL THEN
      RAISE EXCEPTION 'there is no attachment for the media type' USING ERRCODE = '22023',
        HINT = 'Pass attachment or attachment_uri, or leave media_type out.';
    END IF;
    RETURN NULL;
  ELSIF add_attachment.body IS NOT NULL AND add_attachment.uri IS NOT NULL THEN
    RAISE EXCEPTION 'an attachment is either here or elsewhere' USING ERRCODE = '22023',
      HINT = 'Pass attachment or attachment_uri, not both.';
  END IF;
  INSERT INTO gdpr_internal.consent_attachment (sha256, media_type, uri, body)
  VALUES (sha256(coalesce(add_attachment.body, convert_to(add_attachment.uri, 'UTF8'))),
          add_attachment.media_type, add_attachment.uri, add_attachment.body)
  RETURNING attachment INTO result;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.add_attachment(bytea, text, text) IS
  'Keeps a scan or a letter, or the address where it lies (then the digest is the address''s)';

--| The digest that stays of the erasable part of an event.
CREATE OR REPLACE FUNCTION gdpr_internal.detail_digest(
  salt bytea, comment text, app_user text, source_ip inet, guardian text, attachment bigint) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT sha256($1 || convert_to(jsonb_build_array($2, $3, $4, $5,
    (SELECT encode(a.sha256, 'hex') FROM gdpr_internal.consent_attachment AS a WHERE a.attachment = $6))::text, 'UTF8'))
$$;
COMMENT ON FUNCTION gdpr_internal.detail_digest(bytea, text, text, inet, text, bigint) IS
  'SHA-256 over salt, comment, user of the application, address, guardian and attachment: proof of them while they are kept';

--| Writes one event with its erasable detail. Who did it is found out here.
CREATE OR REPLACE FUNCTION gdpr_internal.add_event(
  subject_type text, subject_key text, purpose text, kind text, state text, prior_state text, prior_updated_at timestamptz,
  medium text, channel text, form text, form_version int, valid_until timestamptz, guardian boolean, lawful_basis text,
  comment text, source_ip inet, guardian_name text, attachment bigint, batch bigint)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  app_user text := nullif(current_setting('gdpr.app_user', true), '');
  salt bytea;
  digest bytea;
  result bigint;
BEGIN
  IF coalesce(add_event.comment, app_user, add_event.source_ip::text, add_event.guardian_name, add_event.attachment::text) IS NOT NULL THEN
    salt := uuid_send(gen_random_uuid());
    digest := gdpr_internal.detail_digest(salt, add_event.comment, app_user, add_event.source_ip, add_event.guardian_name, add_event.attachment);
  END IF;
  INSERT INTO gdpr_internal.consent_event AS e (subject_type, subject_key, purpose, kind, state, prior_state, prior_updated_at,
    medium, channel, form, form_version, form_digest, valid_until, guardian, lawful_basis, owner, at, batch, detail_digest)
  VALUES (add_event.subject_type, add_event.subject_key, coalesce(add_event.purpose, ''), add_event.kind, add_event.state,
    add_event.prior_state, add_event.prior_updated_at, add_event.medium, add_event.channel, add_event.form, add_event.form_version,
    (SELECT f.digest FROM gdpr_internal.form AS f WHERE f.form = add_event.form AND f.version = add_event.form_version),
    add_event.valid_until, add_event.guardian, add_event.lawful_basis, pg_get_userbyid(gdpr_internal.caller()),
    clock_timestamp(), add_event.batch, digest)
  RETURNING e.event INTO result;
  IF salt IS NOT NULL THEN
    INSERT INTO gdpr_internal.consent_detail (event, salt, comment, app_user, source_ip, guardian, attachment)
    VALUES (result, salt, add_event.comment, app_user, add_event.source_ip, add_event.guardian_name, add_event.attachment);
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.add_event(text, text, text, text, text, text, timestamptz, text, text, text, int, timestamptz, boolean, text, text, inet, text, bigint, bigint) IS
  'Appends one event to the history; what describes the person goes into consent_detail, its salted digest stays with the event';

--| Where a person stands on a purpose: the own row, else what the general consent says about it, else pending.
--| A lapsed acceptance shows as accepted with lapsed = true.
CREATE OR REPLACE FUNCTION gdpr_internal.standing(
  subject_type text, subject_key text, purpose text,
  OUT state text, OUT updated_at timestamptz, OUT valid_until timestamptz, OUT lapsed boolean, OUT general boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p gdpr_internal.purpose;
  r gdpr_internal.consent_state;
BEGIN
  SELECT c.* INTO r FROM gdpr_internal.consent_state AS c
  WHERE c.subject_type = standing.subject_type AND c.subject_key = standing.subject_key
    AND c.purpose IN (standing.purpose, '') ORDER BY c.purpose DESC LIMIT 1;
  general := r.purpose = '' AND standing.purpose <> '';
  valid_until := r.valid_until;
  IF general THEN
    SELECT k.* INTO p FROM gdpr_internal.purpose AS k WHERE k.purpose = standing.purpose;
    IF p.declared_at >= r.updated_at AND (SELECT c.mode FROM gdpr_internal.consent_setting AS c
        WHERE c.subject_type = standing.subject_type) = 'strict' THEN
      r := NULL;
      general := false;
      valid_until := NULL;
    ELSIF r.state = 'accepted' THEN
      valid_until := least(r.valid_until, r.updated_at + p.validity);
    END IF;
  END IF;
  state := coalesce(r.state, 'pending');
  updated_at := r.updated_at;
  lapsed := state = 'accepted' AND coalesce(valid_until <= clock_timestamp(), false);
  general := coalesce(general, false);
END
$$;
COMMENT ON FUNCTION gdpr_internal.standing(text, text, text) IS
  'Where a person stands on a purpose: the own row, else the general consent as far as it covers the purpose, else pending';

--| Whoever writes consents holds this first: purposes, modes and actions stay as they are until the end of
--| the transaction, so that what is looked up afterwards is true when it is written.
CREATE OR REPLACE FUNCTION gdpr_internal.hold_settings(subject_type text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('LOCK TABLE %s IN ROW EXCLUSIVE MODE',
    gdpr_internal.allowed_table((gdpr_internal.consent_setting_of(hold_settings.subject_type)).subject_type));
END
$$;
COMMENT ON FUNCTION gdpr_internal.hold_settings(text) IS
  'Keeps purposes, modes and actions as they are until the end of the transaction; look them up in the next statement';

--| What must be right about a decision whoever it is about.
CREATE OR REPLACE FUNCTION gdpr_internal.check_decision(
  subject_type text, INOUT state text, INOUT purpose text, INOUT medium text, INOUT channel text, form text,
  OUT form_name text, OUT form_version int, OUT validity interval)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  setting gdpr_internal.consent_setting := gdpr_internal.consent_setting_of(check_decision.subject_type);
  f gdpr_internal.form;
  asked gdpr_internal.current_form;
BEGIN
  IF state IS NULL THEN
    RAISE EXCEPTION 'the state must not be null' USING ERRCODE = '22004',
      HINT = 'States are pending, accepted, rejected and withdrawn.';
  END IF;
  state := gdpr_internal.consent_state(state);
  purpose := gdpr_internal.consent_purpose(purpose);
  medium := CASE WHEN medium IS NOT NULL THEN gdpr_internal.check_medium(medium) END;
  channel := CASE WHEN channel IS NOT NULL THEN gdpr_internal.check_channel(channel) END;
  IF medium IS NULL AND state <> 'pending' AND setting.mode = 'strict' THEN
    RAISE EXCEPTION 'a decision needs a medium' USING ERRCODE = '22004',
      DETAIL = format('Subject type "%s" has mode strict: how people decided is part of the proof.', setting.subject_type),
      HINT = 'Pass medium => ''email'', ''click'', ''telephone'', ''paper_form'' …';
  END IF;
  f := gdpr_internal.known_form(check_decision.form);
  asked := gdpr_internal.asked_form(setting.subject_type, purpose);
  form_name := coalesce(f.form, asked.form);
  form_version := coalesce(f.version, asked.version);
  validity := (SELECT p.validity FROM gdpr_internal.purpose AS p WHERE p.purpose = check_decision.purpose AND check_decision.state = 'accepted');
END
$$;
COMMENT ON FUNCTION gdpr_internal.check_decision(text, text, text, text, text, text) IS
  'Checks the words of a decision and finds its form (as given, else the one people are asked with) and validity';

--| People who come into a state with action anonymize are queued, if nothing else allows to keep them.
CREATE OR REPLACE FUNCTION gdpr_internal.queue_leaving(subject_type text, keys text[], state text, purpose text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
BEGIN
  IF queue_leaving.state NOT IN ('rejected', 'withdrawn')
     OR gdpr_internal.consent_action_of(queue_leaving.subject_type, queue_leaving.state, queue_leaving.purpose) <> 'anonymize' THEN
    RETURN;
  END IF;
  INSERT INTO gdpr_internal.erasure_queue AS q (subject_type, subject_key, reason, due_at, state, queued_by)
  SELECT queue_leaving.subject_type, k.key, 'consent ' || queue_leaving.state, statement_timestamp(),
    CASE WHEN l.held THEN 'held' ELSE 'due' END, pg_get_userbyid(gdpr_internal.caller())
  FROM unnest(queue_leaving.keys) AS k(key), LATERAL (SELECT EXISTS (
    SELECT FROM gdpr_internal.live_bases(queue_leaving.subject_type, ARRAY[k.key])) AS held OFFSET 0) AS l
  ON CONFLICT (subject_type, subject_key) WHERE state IN ('due', 'held', 'failed') DO UPDATE SET state = excluded.state
  WHERE q.state = 'held' AND q.reason IN ('consent rejected', 'consent withdrawn');
END
$$;
COMMENT ON FUNCTION gdpr_internal.queue_leaving(text, text[], text, text) IS
  'Queues people for anonymization where their state''s action says so; held while another basis is live';

--| What allows to keep people: their own bases, and consents that they gave and that have not lapsed.
CREATE OR REPLACE FUNCTION gdpr_internal.live_bases(subject_type text, keys text[])
RETURNS TABLE(subject_key text, lawful_basis text)
LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
  SELECT k.key, b.lawful_basis
  FROM unnest($2) AS k(key), LATERAL (
    SELECT x.lawful_basis FROM gdpr_internal.basis AS x
    WHERE x.subject_type = $1 AND x.subject_key = k.key
      AND x.valid_from <= statement_timestamp() AND statement_timestamp() < x.valid_until
    UNION ALL
    SELECT 'consent' FROM gdpr_internal.consent_state AS c
    WHERE c.subject_type = $1 AND c.subject_key = k.key AND c.state = 'accepted'
      AND coalesce(c.valid_until > statement_timestamp(), true)
    OFFSET 0) AS b
$$;
COMMENT ON FUNCTION gdpr_internal.live_bases(text, text[]) IS
  'Lawful bases of single people that are live now: their own ones, and consent for any purpose';

--| Who accepts, or is asked again, is not anonymized for what was refused before.
CREATE OR REPLACE FUNCTION gdpr_internal.unqueue_leaving(subject_type text, keys text[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM gdpr_internal.erasure_queue AS q
  WHERE q.subject_type = $1 AND ($2 IS NULL OR q.subject_key = ANY ($2)) AND q.state IN ('due', 'held', 'failed')
    AND q.reason IN ('consent rejected', 'consent withdrawn')
$$;
COMMENT ON FUNCTION gdpr_internal.unqueue_leaving(text, text[]) IS
  'Takes people off the queue who stand there only because of a refused consent';

--| A child's acceptance needs the holder of parental responsibility (Art. 8).
CREATE OR REPLACE FUNCTION gdpr_internal.check_guardian(subject_type text, keys text[], state text, guardian text, at timestamptz)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  children bigint;
BEGIN
  IF check_guardian.state <> 'accepted' OR check_guardian.guardian IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT count(*) INTO children FROM gdpr_internal.minors(check_guardian.subject_type, check_guardian.keys, check_guardian.at);
  IF children > 0 THEN
    RAISE EXCEPTION 'a child cannot consent alone'
      USING ERRCODE = 'PD011', DETAIL = format('%s of %s people are below the age of consent of their country (Art. 8).', children, cardinality(check_guardian.keys)),
            HINT = 'Record who consented for the child: guardian => ''…''.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.check_guardian(text, text[], text, text, timestamptz) IS
  'Stops at an acceptance by a child without a guardian (PD011)';

--| The recorder behind everything that decides for one person. given_at: when the person decided, if that was before.
CREATE OR REPLACE FUNCTION gdpr_internal.write_consent(
  subject_type text, subject_key text, state text, purpose text, medium text, channel text, form text, comment text,
  attachment bigint, source_ip inet, guardian text, given_at timestamptz DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  d record;
  keys text[] := gdpr_internal.canonical_keys(write_consent.subject_type, ARRAY[write_consent.subject_key]);
  before record;
  decided_at timestamptz;
  until timestamptz;
  result bigint;
BEGIN
  PERFORM gdpr_internal.hold_settings(write_consent.subject_type);
  d := gdpr_internal.check_decision(write_consent.subject_type, write_consent.state, write_consent.purpose,
    write_consent.medium, write_consent.channel, write_consent.form);
  PERFORM gdpr_internal.require_people(write_consent.subject_type, keys);
  IF d.state <> 'pending' THEN
    PERFORM gdpr_internal.lock_masks(write_consent.subject_type, keys);
    -- the purpose may have been dropped while we waited
    PERFORM gdpr_internal.known_purpose(d.purpose) WHERE d.purpose <> '';
  END IF;
  before := gdpr_internal.standing(write_consent.subject_type, keys[1], d.purpose);
  PERFORM gdpr_internal.check_step(CASE WHEN before.lapsed AND d.state <> 'withdrawn' THEN 'pending' ELSE before.state END, d.state);
  decided_at := coalesce(least(write_consent.given_at, clock_timestamp()), clock_timestamp());
  PERFORM gdpr_internal.check_guardian(write_consent.subject_type, keys, d.state, write_consent.guardian, decided_at);
  until := decided_at + d.validity;
  result := gdpr_internal.add_event(write_consent.subject_type, keys[1], d.purpose,
    CASE d.state WHEN 'pending' THEN 'request_sent' ELSE 'decision' END, d.state, before.state, before.updated_at,
    d.medium, d.channel, d.form_name, d.form_version, until, CASE WHEN write_consent.guardian IS NOT NULL THEN true END, NULL,
    write_consent.comment, write_consent.source_ip, write_consent.guardian, write_consent.attachment, NULL);
  IF d.state = 'pending' THEN
    RETURN result;
  END IF;
  INSERT INTO gdpr_internal.consent_state AS c
    (subject_type, subject_key, purpose, state, updated_at, valid_until, medium, channel, form, form_version, event)
  VALUES (write_consent.subject_type, keys[1], d.purpose, d.state, decided_at, until, d.medium, d.channel, d.form_name, d.form_version, result)
  ON CONFLICT ON CONSTRAINT consent_state_pkey DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at,
    valid_until = excluded.valid_until, medium = excluded.medium, channel = excluded.channel, form = excluded.form,
    form_version = excluded.form_version, event = excluded.event;
  IF d.state = 'accepted' THEN
    PERFORM gdpr_internal.unqueue_leaving(write_consent.subject_type, keys);
  ELSE
    PERFORM gdpr_internal.queue_leaving(write_consent.subject_type, keys, d.state, d.purpose);
  END IF;
  PERFORM gdpr_internal.refresh_allowed(write_consent.subject_type, keys);
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.write_consent(text, text, text, text, text, text, text, text, bigint, inet, text, timestamptz) IS
  'Records a decision of one person (or, state pending, that the person was asked) and returns its event';

--| Records a decision of one person, or that the person was asked.
CREATE OR REPLACE FUNCTION gdpr_internal.record_consent(
  subject_type text, subject_key text, state text, purpose text DEFAULT NULL, medium text DEFAULT NULL,
  comment text DEFAULT NULL, attachment bytea DEFAULT NULL, form text DEFAULT NULL, channel text DEFAULT NULL,
  attachment_uri text DEFAULT NULL, media_type text DEFAULT NULL, source_ip inet DEFAULT NULL, guardian text DEFAULT NULL)
RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.write_consent($1, $2, $3, $4, $5, $9, $8, $6, gdpr_internal.add_attachment($7, $10, $11), $12, nullif($13, ''))
$$;
COMMENT ON FUNCTION gdpr_internal.record_consent(text, text, text, text, text, text, bytea, text, text, text, text, inet, text) IS
  'Records a decision of one person (or, state pending, that the person was asked) and returns its event';

--| Records a decision of one person, or that the person was asked.
CREATE OR REPLACE FUNCTION gdpr.record_consent(
  subject_type text, subject_key text, state text, purpose text DEFAULT NULL, medium text DEFAULT NULL,
  comment text DEFAULT NULL, attachment bytea DEFAULT NULL, form text DEFAULT NULL, channel text DEFAULT NULL,
  attachment_uri text DEFAULT NULL, media_type text DEFAULT NULL, source_ip inet DEFAULT NULL, guardian text DEFAULT NULL)
RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.record_consent(text, text, text, text, text, text, bytea, text, text, text, text, inet, text) IS
  'Records a decision of one person: accepted, rejected or withdrawn (pending: that the person was asked); returns the number of the event';
