-- SPDX-License-Identifier: PostgreSQL
-- Double opt-in: what somebody typed into a form waits here, outside the table of people, until the
-- address is confirmed by its link. Of the secret in the link only a digest is kept.

--| The digest by which a secret is found again.
CREATE OR REPLACE FUNCTION gdpr_internal.secret_digest(secret text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT sha256(convert_to('gdpr sign-up ' || $1, 'UTF8'))
$$;
COMMENT ON FUNCTION gdpr_internal.secret_digest(text) IS 'SHA-256 of the secret of a sign-up';

--| Somebody signs up. Nobody is a contact yet.
CREATE OR REPLACE FUNCTION gdpr.sign_up(
  subject_type text, purpose text, data jsonb, form text DEFAULT NULL, channel text DEFAULT NULL,
  source_ip inet DEFAULT NULL, valid_for interval DEFAULT '3 days')
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(sign_up.subject_type);
  known_purpose text := gdpr_internal.consent_purpose(sign_up.purpose);
  known_channel text := gdpr_internal.check_channel(sign_up.channel);
  asked gdpr_internal.current_form := gdpr_internal.asked_form(s.subject_type, known_purpose);
  text_of gdpr_internal.form;
  secret text;
BEGIN
  IF sign_up.data IS NULL OR sign_up.valid_for IS NULL THEN
    RAISE EXCEPTION 'a sign-up needs its data and how long it waits' USING ERRCODE = '22004';
  ELSIF jsonb_typeof(sign_up.data) <> 'object' OR octet_length(sign_up.data::text) > 65536 THEN
    RAISE EXCEPTION 'the data of a sign-up must be a JSON object of at most 64 kB' USING ERRCODE = '22023',
      HINT = 'Store what the form asks for, for example {"email": "ada@example.org"}.';
  ELSIF sign_up.valid_for <= '0'::interval OR sign_up.valid_for > '90 days'::interval THEN
    RAISE EXCEPTION 'a sign-up waits for up to 90 days' USING ERRCODE = '22023', HINT = 'The default is 3 days.';
  END IF;
  IF sign_up.form IS NOT NULL THEN
    text_of := gdpr_internal.known_form(sign_up.form);
  ELSIF asked.form IS NOT NULL THEN
    text_of := gdpr_internal.known_form(format('%s:%s', asked.form, asked.version));
  END IF;
  -- 244 bits of the server's strong random numbers, in letters that a link carries
  secret := rtrim(translate(encode(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'base64'), E'+/\n', '-_'), '=');
  INSERT INTO gdpr_internal.sign_up (subject_type, purpose, channel, form, form_version, form_digest, data, source_ip,
    secret_digest, requested_at, expires_at)
  VALUES (s.subject_type, known_purpose, known_channel, text_of.form, text_of.version, text_of.digest, sign_up.data,
    sign_up.source_ip, gdpr_internal.secret_digest(secret), clock_timestamp(), clock_timestamp() + sign_up.valid_for);
  RETURN secret;
END
$$;
COMMENT ON FUNCTION gdpr.sign_up(text, text, jsonb, text, text, inet, interval) IS
  'Keeps what somebody typed into a form until the address is confirmed; returns the secret for the link';

--| The link was followed: on a POST, mail scanners follow links by themselves.
CREATE OR REPLACE FUNCTION gdpr.confirm_sign_up(secret text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  waiting gdpr_internal.sign_up;
BEGIN
  SELECT u.* INTO waiting FROM gdpr_internal.sign_up AS u
  WHERE u.secret_digest = gdpr_internal.secret_digest(left(confirm_sign_up.secret, 200)) FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this is no secret of a sign-up' USING ERRCODE = 'PD009',
      HINT = 'Offer to sign up again.';
  ELSIF waiting.confirmed_at IS NOT NULL THEN
    RAISE NOTICE 'this sign-up is confirmed already';
  ELSIF waiting.expires_at <= clock_timestamp() THEN
    RAISE EXCEPTION 'this sign-up has expired' USING ERRCODE = 'PD010', HINT = 'Offer to sign up again.';
  ELSE
    -- the contact must be made from it within 30 days
    UPDATE gdpr_internal.sign_up AS u
    SET confirmed_at = clock_timestamp(), expires_at = clock_timestamp() + '30 days' WHERE u.sign_up = waiting.sign_up;
  END IF;
  RETURN waiting.sign_up;
END
$$;
COMMENT ON FUNCTION gdpr.confirm_sign_up(text) IS
  'Confirms a sign-up by the secret of its link and returns its number; PD009 unknown, PD010 expired';

--| The contact was made: the sign-up becomes its consent, with the times and the text of then.
CREATE OR REPLACE FUNCTION gdpr.attach_sign_up(sign_up bigint, subject_key text, guardian text DEFAULT NULL) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.attach_sign_up(bigint, text, text) IS
  'Records a confirmed sign-up as the consent of the contact made from it, as of the confirmation; the event''s number';

--| Behind gdpr.attach_sign_up().
CREATE OR REPLACE FUNCTION gdpr_internal.attach_sign_up(sign_up bigint, subject_key text, guardian text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  waiting gdpr_internal.sign_up;
  person text;
  stands record;
  result bigint;
BEGIN
  SELECT u.* INTO waiting FROM gdpr_internal.sign_up AS u WHERE u.sign_up = attach_sign_up.sign_up;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no such sign-up' USING ERRCODE = '42704', HINT = 'gdpr.confirm_sign_up() returned its number.';
  END IF;
  person := gdpr_internal.one_person(waiting.subject_type, attach_sign_up.subject_key);
  SELECT u.* INTO waiting FROM gdpr_internal.sign_up AS u WHERE u.sign_up = attach_sign_up.sign_up FOR UPDATE;
  IF waiting.event IS NOT NULL THEN
    IF (SELECT e.subject_key FROM gdpr_internal.consent_event AS e WHERE e.event = waiting.event) IS DISTINCT FROM person THEN
      RAISE EXCEPTION 'this sign-up is the consent of another person already' USING ERRCODE = '42710',
        HINT = 'One sign-up is one person''s consent.';
    END IF;
    RAISE NOTICE 'this sign-up is attached already';
    RETURN waiting.event;
  ELSIF waiting.confirmed_at IS NULL THEN
    RAISE EXCEPTION 'this sign-up is not confirmed' USING ERRCODE = '55000',
      HINT = 'Its link must be followed first: gdpr.confirm_sign_up().';
  ELSIF waiting.expires_at <= clock_timestamp() THEN
    RAISE EXCEPTION 'this sign-up has expired' USING ERRCODE = 'PD010', HINT = 'Offer to sign up again.';
  END IF;
  stands := gdpr_internal.standing(waiting.subject_type, person, waiting.purpose);
  IF stands.updated_at > waiting.confirmed_at THEN
    RAISE EXCEPTION 'the person has decided after this sign-up' USING ERRCODE = '55000',
      DETAIL = 'What was said later counts.', HINT = 'Nothing needs to be recorded.';
  END IF;
  result := gdpr_internal.write_consent(waiting.subject_type, person, 'accepted', nullif(waiting.purpose, ''), 'click',
    waiting.channel, CASE WHEN waiting.form IS NOT NULL THEN format('%s:%s', waiting.form, waiting.form_version) END,
    format('sign-up %s of %s by web form, confirmed by its link', waiting.sign_up,
      to_char(waiting.requested_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"')),
    NULL, waiting.source_ip, nullif(attach_sign_up.guardian, ''), given_at => waiting.confirmed_at);
  UPDATE gdpr_internal.sign_up AS u SET event = result, data = NULL, source_ip = NULL WHERE u.sign_up = waiting.sign_up;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.attach_sign_up(bigint, text, text) IS 'Behind gdpr.attach_sign_up()';

--| Empties what waited in vain; a month later the row goes, too.
CREATE OR REPLACE FUNCTION gdpr.expire_sign_ups() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result bigint;
BEGIN
  DELETE FROM gdpr_internal.sign_up AS u WHERE u.event IS NULL AND u.expires_at <= now() - '30 days'::interval;
  GET DIAGNOSTICS result = ROW_COUNT;
  WITH emptied AS (
    UPDATE gdpr_internal.sign_up AS u SET data = NULL, source_ip = NULL
    WHERE u.event IS NULL AND u.expires_at <= now() AND (u.data IS NOT NULL OR u.source_ip IS NOT NULL) RETURNING 1)
  SELECT result + count(*) INTO result FROM emptied;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr.expire_sign_ups() IS
  'Empties sign-ups that were not confirmed or not attached in time and deletes those that expired a month ago; how many';

--| What waits.
CREATE OR REPLACE VIEW gdpr.sign_ups AS
  SELECT u.sign_up, u.subject_type, NULLIF(u.purpose, '') AS purpose, u.channel,
    u.form OPERATOR(pg_catalog.||) ':' OPERATOR(pg_catalog.||) u.form_version::pg_catalog.text AS form, u.data, u.source_ip,
    u.requested_at, u.confirmed_at, u.expires_at, u.event,
    CASE WHEN u.event IS NOT NULL THEN 'attached'
         WHEN u.expires_at OPERATOR(pg_catalog.<=) pg_catalog.statement_timestamp() THEN 'expired'
         WHEN u.confirmed_at IS NOT NULL THEN 'confirmed' ELSE 'waiting' END AS state
  FROM gdpr_internal.sign_up AS u;
COMMENT ON VIEW gdpr.sign_ups IS 'Sign-ups: waiting for their link, confirmed (make the contact now), attached or expired';
