-- SPDX-License-Identifier: PostgreSQL
-- Rights of single people: lawful bases of their own, objections (Art. 21), restrictions (Art. 18) and
-- what they were told (Art. 13, 14). Each is an event by the caller, and the masks follow at once.

--| The canonical key of a person who is there and not frozen, locked against erasure and other writers.
CREATE OR REPLACE FUNCTION gdpr_internal.one_person(subject_type text, subject_key text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  keys text[] := gdpr_internal.canonical_keys(one_person.subject_type, ARRAY[one_person.subject_key]);
BEGIN
  PERFORM gdpr_internal.hold_settings(one_person.subject_type);
  PERFORM gdpr_internal.require_people(one_person.subject_type, keys);
  PERFORM gdpr_internal.lock_masks(one_person.subject_type, keys);
  RETURN keys[1];
END
$$;
COMMENT ON FUNCTION gdpr_internal.one_person(text, text) IS
  'Canonical key of a person who is there and not frozen, locked for a change of consent or rights';

--| An event about a right, in few words.
CREATE OR REPLACE FUNCTION gdpr_internal.right_event(
  subject_type text, subject_key text, kind text, purpose text DEFAULT '', comment text DEFAULT NULL,
  lawful_basis text DEFAULT NULL, valid_until timestamptz DEFAULT NULL, medium text DEFAULT NULL, channel text DEFAULT NULL,
  form text DEFAULT NULL, form_version int DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN gdpr_internal.add_event(right_event.subject_type, right_event.subject_key, right_event.purpose, right_event.kind,
    state => NULL, prior_state => NULL, prior_updated_at => NULL, medium => right_event.medium,
    channel => right_event.channel, form => right_event.form, form_version => right_event.form_version,
    valid_until => right_event.valid_until, guardian => NULL, lawful_basis => right_event.lawful_basis,
    comment => right_event.comment, source_ip => NULL, guardian_name => NULL, attachment => NULL, batch => NULL);
END
$$;
COMMENT ON FUNCTION gdpr_internal.right_event(text, text, text, text, text, text, timestamptz, text, text, text, int) IS
  'Adds an event about a right of a person; its number';

--| A lawful basis of one person for one purpose, beside the purpose's own.
CREATE OR REPLACE FUNCTION gdpr.add_basis(
  subject_type text, subject_key text, purpose text, lawful_basis text, valid_from timestamptz DEFAULT now(),
  valid_until timestamptz DEFAULT 'infinity')
RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.add_basis(text, text, text, text, timestamptz, timestamptz) IS
  'Gives one person a lawful basis for a purpose for a period (a contract); while it is live the person is not anonymized';

--| Behind gdpr.add_basis().
CREATE OR REPLACE FUNCTION gdpr_internal.add_basis(
  subject_type text, subject_key text, purpose text, lawful_basis text, valid_from timestamptz, valid_until timestamptz)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  bases CONSTANT text[] := '{contract,legal_obligation,vital_interests,public_task,legitimate_interests}';
  known gdpr_internal.purpose := gdpr_internal.known_purpose(add_basis.purpose);
  person text;
  event bigint;
  result bigint;
BEGIN
  IF add_basis.lawful_basis IS NULL OR add_basis.valid_from IS NULL OR add_basis.valid_until IS NULL THEN
    RAISE EXCEPTION 'a basis needs its name and a period' USING ERRCODE = '22004',
      HINT = 'valid_until => ''infinity'' leaves the end open.';
  ELSIF add_basis.lawful_basis <> ALL (bases) THEN
    RAISE EXCEPTION 'unknown lawful basis' USING ERRCODE = '22023',
      HINT = format('Bases of a single person are: %s. Consent is recorded with gdpr.record_consent().', array_to_string(bases, ', '));
  ELSIF add_basis.valid_from >= add_basis.valid_until THEN
    RAISE EXCEPTION 'the period of a basis ends before it begins' USING ERRCODE = '22023',
      HINT = 'valid_from must be earlier than valid_until.';
  END IF;
  person := gdpr_internal.one_person(add_basis.subject_type, add_basis.subject_key);
  PERFORM gdpr_internal.known_purpose(known.purpose);  -- it may have been dropped while we waited
  SELECT b.basis INTO result FROM gdpr_internal.basis AS b
  WHERE (b.subject_type, b.subject_key) = (add_basis.subject_type, person)
    AND (b.purpose, b.lawful_basis, b.valid_from, b.valid_until)
      = (known.purpose, add_basis.lawful_basis, add_basis.valid_from, add_basis.valid_until);
  IF FOUND THEN
    RAISE NOTICE 'the person already has this basis';
    RETURN result;
  END IF;
  event := gdpr_internal.right_event(add_basis.subject_type, person, 'basis_added', known.purpose,
    lawful_basis => add_basis.lawful_basis, valid_until => add_basis.valid_until);
  INSERT INTO gdpr_internal.basis AS b (subject_type, subject_key, purpose, lawful_basis, valid_from, valid_until, event)
  VALUES (add_basis.subject_type, person, known.purpose, add_basis.lawful_basis, add_basis.valid_from, add_basis.valid_until, event)
  RETURNING b.basis INTO result;
  PERFORM gdpr_internal.refresh_allowed(add_basis.subject_type, ARRAY[person]);
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.add_basis(text, text, text, text, timestamptz, timestamptz) IS 'Behind gdpr.add_basis()';

--| Ends a basis now: the contract was fulfilled.
CREATE OR REPLACE FUNCTION gdpr.end_basis(basis bigint) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.end_basis(bigint) IS 'Ends the lawful basis of a person now; the event''s number, NULL if it was over';

--| Behind gdpr.end_basis().
CREATE OR REPLACE FUNCTION gdpr_internal.end_basis(basis bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old gdpr_internal.basis;
  event bigint;
BEGIN
  SELECT b.* INTO old FROM gdpr_internal.basis AS b WHERE b.basis = end_basis.basis;
  IF FOUND THEN
    PERFORM gdpr_internal.one_person(old.subject_type, old.subject_key);
    SELECT b.* INTO old FROM gdpr_internal.basis AS b WHERE b.basis = end_basis.basis FOR UPDATE;
  END IF;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no such basis' USING ERRCODE = '42704', HINT = 'gdpr.add_basis() returned its number.';
  ELSIF old.valid_until <= statement_timestamp() THEN
    RAISE NOTICE 'this basis is over already';
    RETURN NULL;
  END IF;
  event := gdpr_internal.right_event(old.subject_type, old.subject_key, 'basis_ended', old.purpose,
    lawful_basis => old.lawful_basis, valid_until => statement_timestamp());
  UPDATE gdpr_internal.basis AS b
  SET valid_until = statement_timestamp(), valid_from = least(b.valid_from, statement_timestamp()) WHERE b.basis = old.basis;
  PERFORM gdpr_internal.refresh_allowed(old.subject_type, ARRAY[old.subject_key]);
  RETURN event;
END
$$;
COMMENT ON FUNCTION gdpr_internal.end_basis(bigint) IS 'Behind gdpr.end_basis()';

--| A person objects to being processed for a purpose (Art. 21, 22).
CREATE OR REPLACE FUNCTION gdpr.record_objection(subject_type text, subject_key text, purpose text, comment text DEFAULT NULL)
RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.record_objection(text, text, text, text) IS
  'Records that a person objects to a purpose, which closes it at once; the event''s number';

--| Behind gdpr.record_objection().
CREATE OR REPLACE FUNCTION gdpr_internal.record_objection(subject_type text, subject_key text, purpose text, comment text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.purpose := gdpr_internal.known_purpose(record_objection.purpose);
  person text;
  result bigint;
BEGIN
  IF known.bit = 0 OR known.lawful_basis IN ('contract', 'legal_obligation', 'vital_interests')
     AND NOT known.marketing AND NOT known.profiling THEN
    RAISE EXCEPTION 'nobody can object to purpose "%"', known.purpose USING ERRCODE = '22023',
      DETAIL = format('It rests on %s and is neither marketing nor profiling; Art. 21 gives no right to object.', known.lawful_basis),
      HINT = 'gdpr.restrict() keeps a person''s data from being used while a claim is examined.';
  END IF;
  person := gdpr_internal.one_person(record_objection.subject_type, record_objection.subject_key);
  SELECT o.event INTO result FROM gdpr_internal.objection AS o
  WHERE (o.subject_type, o.subject_key, o.purpose) = (record_objection.subject_type, person, known.purpose) AND NOT o.overruled;
  IF FOUND THEN
    RAISE NOTICE 'the person already objects to purpose "%"', known.purpose;
    RETURN result;
  END IF;
  result := gdpr_internal.right_event(record_objection.subject_type, person, 'objected', known.purpose, record_objection.comment);
  INSERT INTO gdpr_internal.objection AS o (subject_type, subject_key, purpose, overruled, since, event)
  VALUES (record_objection.subject_type, person, known.purpose, false, statement_timestamp(), result)
  ON CONFLICT ON CONSTRAINT objection_pkey
  DO UPDATE SET overruled = false, since = excluded.since, event = excluded.event;
  PERFORM gdpr_internal.refresh_allowed(record_objection.subject_type, ARRAY[person]);
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.record_objection(text, text, text, text) IS 'Behind gdpr.record_objection()';

--| Compelling legitimate grounds against an objection; there are none against one to marketing.
CREATE OR REPLACE FUNCTION gdpr.overrule_objection(subject_type text, subject_key text, purpose text, grounds text)
RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.overrule_objection(text, text, text, text) IS
  'Overrules an objection for compelling grounds (never one to marketing); the event''s number';

--| Behind gdpr.overrule_objection().
CREATE OR REPLACE FUNCTION gdpr_internal.overrule_objection(subject_type text, subject_key text, purpose text, grounds text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.purpose := gdpr_internal.known_purpose(overrule_objection.purpose);
  person text;
  overruled boolean;
  result bigint;
BEGIN
  IF known.marketing THEN
    RAISE EXCEPTION 'an objection to marketing cannot be overruled' USING ERRCODE = '22023',
      DETAIL = format('Purpose "%s" is marketing; Art. 21(3) allows no exception.', known.purpose),
      HINT = 'Only the person can take it back: gdpr.withdraw_objection().';
  ELSIF coalesce(btrim(overrule_objection.grounds), '') = '' THEN
    RAISE EXCEPTION 'overruling an objection needs grounds' USING ERRCODE = '22004',
      HINT = 'Art. 21(1) asks you to demonstrate compelling legitimate grounds.';
  END IF;
  person := gdpr_internal.one_person(overrule_objection.subject_type, overrule_objection.subject_key);
  SELECT o.overruled INTO overruled FROM gdpr_internal.objection AS o
  WHERE (o.subject_type, o.subject_key, o.purpose) = (overrule_objection.subject_type, person, known.purpose) FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the person does not object to purpose "%"', known.purpose USING ERRCODE = '55000',
      HINT = 'gdpr.why() says what decides.';
  ELSIF overruled THEN
    RAISE NOTICE 'this objection is overruled already';
    RETURN NULL;
  END IF;
  result := gdpr_internal.right_event(overrule_objection.subject_type, person, 'objection_overruled', known.purpose,
                                      overrule_objection.grounds);
  UPDATE gdpr_internal.objection AS o SET overruled = true, event = result
  WHERE (o.subject_type, o.subject_key, o.purpose) = (overrule_objection.subject_type, person, known.purpose);
  PERFORM gdpr_internal.refresh_allowed(overrule_objection.subject_type, ARRAY[person]);
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.overrule_objection(text, text, text, text) IS 'Behind gdpr.overrule_objection()';

--| The person takes an objection back.
CREATE OR REPLACE FUNCTION gdpr.withdraw_objection(subject_type text, subject_key text, purpose text) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.withdraw_objection(text, text, text) IS
  'Records that a person takes an objection back; the event''s number, NULL if there was none';

--| Behind gdpr.withdraw_objection(). The purpose may have been dropped since.
CREATE OR REPLACE FUNCTION gdpr_internal.withdraw_objection(subject_type text, subject_key text, purpose text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  person text := gdpr_internal.one_person(withdraw_objection.subject_type, withdraw_objection.subject_key);
  result bigint;
BEGIN
  DELETE FROM gdpr_internal.objection AS o
  WHERE (o.subject_type, o.subject_key, o.purpose)
      = (withdraw_objection.subject_type, person, withdraw_objection.purpose COLLATE "C");
  IF NOT FOUND THEN
    PERFORM gdpr_internal.known_purpose(withdraw_objection.purpose);
    RAISE NOTICE 'the person does not object to this purpose';
    RETURN NULL;
  END IF;
  result := gdpr_internal.right_event(withdraw_objection.subject_type, person, 'objection_withdrawn', withdraw_objection.purpose);
  PERFORM gdpr_internal.refresh_allowed(withdraw_objection.subject_type, ARRAY[person]);
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.withdraw_objection(text, text, text) IS 'Behind gdpr.withdraw_objection()';

--| Stores a person's data and does nothing else with it (Art. 18).
CREATE OR REPLACE FUNCTION gdpr.restrict(subject_type text, subject_key text, comment text DEFAULT NULL) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.restrict(text, text, text) IS
  'Restricts the processing of a person: only administration remains; the event''s number';

--| Behind gdpr.restrict().
CREATE OR REPLACE FUNCTION gdpr_internal.restrict(subject_type text, subject_key text, comment text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  person text := gdpr_internal.one_person(restrict.subject_type, restrict.subject_key);
  result bigint;
BEGIN
  SELECT r.event INTO result FROM gdpr_internal.restriction AS r
  WHERE (r.subject_type, r.subject_key) = (restrict.subject_type, person);
  IF FOUND THEN
    RAISE NOTICE 'the person is restricted already';
    RETURN result;
  END IF;
  result := gdpr_internal.right_event(restrict.subject_type, person, 'restricted', comment => restrict.comment);
  INSERT INTO gdpr_internal.restriction AS r (subject_type, subject_key, since, event)
  VALUES (restrict.subject_type, person, statement_timestamp(), result);
  PERFORM gdpr_internal.refresh_allowed(restrict.subject_type, ARRAY[person]);
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.restrict(text, text, text) IS 'Behind gdpr.restrict()';

--| Ends a restriction; the person is told before (Art. 18(3)).
CREATE OR REPLACE FUNCTION gdpr.lift_restriction(subject_type text, subject_key text, comment text DEFAULT NULL) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.lift_restriction(text, text, text) IS
  'Ends the restriction of a person; the event''s number, NULL if there was none';

--| Behind gdpr.lift_restriction().
CREATE OR REPLACE FUNCTION gdpr_internal.lift_restriction(subject_type text, subject_key text, comment text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  person text := gdpr_internal.one_person(lift_restriction.subject_type, lift_restriction.subject_key);
  result bigint;
BEGIN
  DELETE FROM gdpr_internal.restriction AS r WHERE (r.subject_type, r.subject_key) = (lift_restriction.subject_type, person);
  IF NOT FOUND THEN
    RAISE NOTICE 'the person is not restricted';
    RETURN NULL;
  END IF;
  result := gdpr_internal.right_event(lift_restriction.subject_type, person, 'restriction_lifted', comment => lift_restriction.comment);
  PERFORM gdpr_internal.refresh_allowed(lift_restriction.subject_type, ARRAY[person]);
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.lift_restriction(text, text, text) IS 'Behind gdpr.lift_restriction()';

--| A person was informed: of what, when, through which channel (Art. 13, 14).
CREATE OR REPLACE FUNCTION gdpr.record_notice(
  subject_type text, subject_key text, form text, channel text DEFAULT NULL, comment text DEFAULT NULL)
RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.record_notice(text, text, text, text, text) IS
  'Records that a person was given a notice: a form in its version, when, through which channel; the event''s number';

--| Behind gdpr.record_notice().
CREATE OR REPLACE FUNCTION gdpr_internal.record_notice(
  subject_type text, subject_key text, form text, channel text, comment text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.form := gdpr_internal.known_form(record_notice.form);
  channel text := gdpr_internal.check_channel(record_notice.channel);
  person text := gdpr_internal.one_person(record_notice.subject_type, record_notice.subject_key);
BEGIN
  RETURN gdpr_internal.right_event(record_notice.subject_type, person, 'informed', comment => record_notice.comment,
    channel => channel, form => known.form, form_version => known.version);
END
$$;
COMMENT ON FUNCTION gdpr_internal.record_notice(text, text, text, text, text) IS 'Behind gdpr.record_notice()';
