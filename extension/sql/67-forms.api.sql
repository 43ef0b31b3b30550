-- SPDX-License-Identifier: PostgreSQL
-- What people consent to (forms), and how consent works for their subject type (modes and actions).

--| The purpose of a consent, '' for the general consent; stops at one that does not exist or rests on another basis.
CREATE OR REPLACE FUNCTION gdpr_internal.consent_purpose(purpose text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.purpose;
BEGIN
  IF consent_purpose.purpose IS NULL THEN
    RETURN '';
  END IF;
  known := gdpr_internal.known_purpose(consent_purpose.purpose);
  IF known.lawful_basis <> 'consent' THEN
    RAISE EXCEPTION 'purpose "%" does not rest on consent', known.purpose
      USING ERRCODE = '22023', DETAIL = format('Its lawful basis is %s: a consent that decides nothing would mislead people.', known.lawful_basis),
            HINT = 'Record an objection or a basis of the person, or declare a purpose that rests on consent.';
  END IF;
  RETURN known.purpose;
END
$$;
COMMENT ON FUNCTION gdpr_internal.consent_purpose(text) IS
  'The purpose of a consent, the empty string for the general one; stops if it does not exist or rests on another basis';

--| A form as it is written, "terms:3" or "terms" (its newest version); stops at one that does not exist.
CREATE OR REPLACE FUNCTION gdpr_internal.known_form(form text) RETURNS gdpr_internal.form
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result gdpr_internal.form;
  parts text[] := regexp_match(known_form.form, '^([a-z][a-z0-9_-]{0,62})(?::([1-9][0-9]{0,8}))?$');
BEGIN
  IF known_form.form IS NULL THEN
    RETURN NULL;
  END IF;
  SELECT f.* INTO result FROM gdpr_internal.form AS f
  WHERE f.form = parts[1] AND (parts[2] IS NULL OR f.version = parts[2]::int)
  ORDER BY f.version DESC LIMIT 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this form does not exist'
      USING ERRCODE = '42704', DETAIL = 'A form is written name:version, or name for its newest version.',
            HINT = 'gdpr.forms lists the forms; gdpr.add_form() adds one.';
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.known_form(text) IS 'The form written "name:version" or "name" (newest); stops if there is none';

--| The form that people are asked with: the purpose's, else the subject type's.
CREATE OR REPLACE FUNCTION gdpr_internal.asked_form(subject_type text, purpose text) RETURNS gdpr_internal.current_form
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT c FROM gdpr_internal.current_form AS c
  WHERE c.subject_type = $1 AND c.purpose IN ($2, '') ORDER BY c.purpose DESC LIMIT 1
$$;
COMMENT ON FUNCTION gdpr_internal.asked_form(text, text) IS 'The form that people are asked with now: the purpose''s, else the subject type''s';

--| Adds a version of a text that people consent to.
CREATE OR REPLACE FUNCTION gdpr_internal.add_form(form text, body text, attachment bytea DEFAULT NULL, version int DEFAULT NULL) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.form;
  next_version int;
  wanted bytea := sha256(int8send(octet_length(convert_to(add_form.body, 'UTF8'))) || convert_to(add_form.body, 'UTF8')
    || coalesce(add_form.attachment, ''));
BEGIN
  IF add_form.form IS NULL OR coalesce(add_form.body, '') = '' THEN
    RAISE EXCEPTION 'a form needs a name and a text' USING ERRCODE = '22004';
  ELSIF add_form.form !~ '^[a-z][a-z0-9_-]{0,62}$' THEN
    RAISE EXCEPTION 'the name of a form is a plain word' USING ERRCODE = '42602',
      HINT = 'Use at most 63 lower-case letters, digits, _ and -, beginning with a letter.';
  END IF;
  LOCK TABLE gdpr_internal.form IN SHARE ROW EXCLUSIVE MODE;
  SELECT f.* INTO known FROM gdpr_internal.form AS f
  WHERE f.form = add_form.form AND (add_form.version IS NULL OR f.version = add_form.version) ORDER BY f.version DESC LIMIT 1;
  IF known.digest = wanted THEN
    RAISE NOTICE 'form "%:%" has this text already', known.form, known.version;
    RETURN known.version;
  END IF;
  next_version := 1 + coalesce((SELECT max(f.version) FROM gdpr_internal.form AS f WHERE f.form = add_form.form), 0);
  IF add_form.version <> next_version THEN
    RAISE EXCEPTION 'form "%:%" cannot be added', add_form.form, add_form.version
      USING ERRCODE = CASE WHEN known.form IS NULL THEN '22023' ELSE '42710' END,
            DETAIL = CASE WHEN known.form IS NULL THEN format('Its next version is %s.', next_version) ELSE 'That version has another text: people consented to it.' END,
            HINT = 'Leave the version out to add the next one.';
  END IF;
  INSERT INTO gdpr_internal.form (form, version, body, digest, attachment, created_by)
  VALUES (add_form.form, next_version, add_form.body, wanted, add_form.attachment,
          pg_get_userbyid(gdpr_internal.caller()));
  RETURN next_version;
END
$$;
COMMENT ON FUNCTION gdpr_internal.add_form(text, text, bytea, int) IS
  'Adds a version of a text that people consent to and returns its number; the newest version''s own text adds none';

--| Adds a version of a text that people consent to.
CREATE OR REPLACE FUNCTION gdpr.add_form(form text, body text, attachment bytea DEFAULT NULL, version int DEFAULT NULL) RETURNS int
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.add_form(text, text, bytea, int) IS
  'Adds a version of a text that people consent to and returns its number; the newest version''s own text adds none';

--| The settings row of a subject type.
CREATE OR REPLACE FUNCTION gdpr_internal.consent_setting_of(subject_type text) RETURNS gdpr_internal.consent_setting
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(consent_setting_of.subject_type);
  result gdpr_internal.consent_setting;
BEGIN
  SELECT c.* INTO result FROM gdpr_internal.consent_setting AS c WHERE c.subject_type = s.subject_type;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'subject type "%" was registered before there was consent', s.subject_type
      USING ERRCODE = '55000', HINT = 'Register it again with gdpr.register_subject(), the same call.';
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.consent_setting_of(text) IS 'How consent works for a subject type; stops if it is not registered';

--| strict: pending is no consent. crmcom: pending people have full functionality.
CREATE OR REPLACE FUNCTION gdpr.set_consent_mode(subject_type text, mode text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF set_consent_mode.mode IS NULL THEN
    RAISE EXCEPTION 'the mode must not be null' USING ERRCODE = '22004';
  ELSIF set_consent_mode.mode NOT IN ('strict', 'crmcom') THEN
    RAISE EXCEPTION 'unknown mode of consent "%"', left(set_consent_mode.mode, 80)
      USING ERRCODE = '22023', HINT = 'Use "strict" or "crmcom".';
  END IF;
  PERFORM gdpr_internal.lock_settings();
  IF (gdpr_internal.consent_setting_of(set_consent_mode.subject_type)).mode = set_consent_mode.mode THEN
    RAISE NOTICE 'subject type "%" has mode "%" already', set_consent_mode.subject_type, set_consent_mode.mode;
    RETURN;
  END IF;
  UPDATE gdpr_internal.consent_setting AS c SET mode = set_consent_mode.mode
  WHERE c.subject_type = set_consent_mode.subject_type;
  PERFORM gdpr_internal.refresh_allowed(set_consent_mode.subject_type, NULL);
END
$$;
COMMENT ON FUNCTION gdpr.set_consent_mode(text, text) IS
  'strict: pending people may not be processed for purposes that rest on consent; crmcom: they may';

--| What happens to people in a state; CRM.COM's matrix.
CREATE OR REPLACE FUNCTION gdpr.set_consent_action(subject_type text, state text, action text, purpose text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted_state text := gdpr_internal.consent_state(set_consent_action.state);
  wanted_purpose text := gdpr_internal.consent_purpose(set_consent_action.purpose);
  known text;
BEGIN
  IF set_consent_action.action IS NULL OR wanted_state IS NULL THEN
    RAISE EXCEPTION 'the state and the action must not be null' USING ERRCODE = '22004';
  END IF;
  PERFORM gdpr_internal.check_action(wanted_state, set_consent_action.action);
  PERFORM gdpr_internal.lock_settings(), gdpr_internal.consent_setting_of(set_consent_action.subject_type);
  IF set_consent_action.action = 'anonymize' AND NOT (gdpr_internal.subject(set_consent_action.subject_type)).anonymization THEN
    RAISE EXCEPTION 'anonymization is not enabled for subject type "%"', set_consent_action.subject_type
      USING ERRCODE = '55000', HINT = 'Unregister it and register it again with anonymization => true.';
  END IF;
  SELECT a.action INTO known FROM gdpr_internal.consent_action AS a
  WHERE a.subject_type = set_consent_action.subject_type AND a.state = wanted_state AND a.purpose = wanted_purpose;
  IF known = set_consent_action.action THEN
    RAISE NOTICE 'the action is "%" already', known;
    RETURN;
  END IF;
  INSERT INTO gdpr_internal.consent_action AS a (subject_type, state, purpose, action)
  VALUES (set_consent_action.subject_type, wanted_state, wanted_purpose, set_consent_action.action)
  ON CONFLICT ON CONSTRAINT consent_action_pkey DO UPDATE SET action = excluded.action;
  PERFORM gdpr_internal.refresh_allowed(set_consent_action.subject_type, NULL);
END
$$;
COMMENT ON FUNCTION gdpr.set_consent_action(text, text, text, text) IS
  'What happens to people who come into a state: full, none or anonymize; for one purpose or, without one, in general';

--| The form that everybody is asked with from now on: a pointer, no row of anybody is written.
CREATE OR REPLACE FUNCTION gdpr.set_consent_form(subject_type text, form text, purpose text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.consent_setting := gdpr_internal.consent_setting_of(set_consent_form.subject_type);
  wanted_purpose text := gdpr_internal.consent_purpose(set_consent_form.purpose);
  wanted gdpr_internal.form := gdpr_internal.known_form(set_consent_form.form);
BEGIN
  IF wanted.form IS NULL THEN
    DELETE FROM gdpr_internal.current_form AS c
    WHERE c.subject_type = s.subject_type AND c.purpose = wanted_purpose;
    IF NOT FOUND THEN
      RAISE NOTICE 'there is no such form to take away';
    END IF;
    RETURN;
  END IF;
  INSERT INTO gdpr_internal.current_form AS c (subject_type, purpose, form, version, since)
  VALUES (s.subject_type, wanted_purpose, wanted.form, wanted.version, clock_timestamp())
  ON CONFLICT ON CONSTRAINT current_form_pkey
  DO UPDATE SET form = excluded.form, version = excluded.version, since = excluded.since
  WHERE (c.form, c.version) <> (excluded.form, excluded.version);
  IF NOT FOUND THEN
    RAISE NOTICE 'people are asked with form "%:%" already', wanted.form, wanted.version;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.set_consent_form(text, text, text) IS
  'The form ("terms:3", or "terms" for its newest version) that everybody is asked with from now on; NULL takes it away';
