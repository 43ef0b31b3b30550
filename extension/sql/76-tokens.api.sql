-- SPDX-License-Identifier: PostgreSQL
-- Links in letters. A token says who may decide on what, and is kept nowhere. The laws:
--   1. What this database did not make, letter by letter, is PD009: forged, foreign, cut, too long, NULL, all one.
--   2. An acceptance works once, until it expires, and not after the person was asked again (PD010).
--   3. A rejection, a withdrawal and an unsubscription work for ever: after expiry, re-consent, dump and restore. Nothing
--      left to do (done before, person or purpose gone) is 'already done', never an error.
--   4. Of two uses at once exactly one counts: both wait on the person's row of masks.
-- The words of a call are looked at before the token: what they get wrong says nothing about it.

--| Seals a content into a token.
CREATE OR REPLACE FUNCTION gdpr_internal.make_token(
  subject_type text, subject_key text, purpose text, form text, form_version int, issued_at timestamptz, expires_at timestamptz)
RETURNS text
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'gdpr_make_token';
COMMENT ON FUNCTION gdpr_internal.make_token(text, text, text, text, int, timestamptz, timestamptz) IS
  'The token for a content, sealed with the key of this database; empty texts stand for no purpose and no form';

--| Reads a token.
CREATE OR REPLACE FUNCTION gdpr_internal.open_token(
  token text, OUT digest bytea, OUT subject_type text, OUT subject_key text, OUT purpose text, OUT form text,
  OUT form_version int, OUT issued_at timestamptz, OUT expires_at timestamptz)
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'gdpr_open_token';
COMMENT ON FUNCTION gdpr_internal.open_token(text) IS
  'What a token says; PD009 for whatever this database did not make';

--| Whether Art. 21 gives a right to object to a purpose.
CREATE OR REPLACE FUNCTION gdpr_internal.may_object(purpose gdpr_internal.purpose) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT $1.bit <> 0 AND ($1.lawful_basis IN ('public_task', 'legitimate_interests') OR $1.marketing OR $1.profiling)
$$;
COMMENT ON FUNCTION gdpr_internal.may_object(gdpr_internal.purpose) IS 'Whether people may object to a purpose (Art. 21, 22)';

--| Canonical keys of people that tokens can be made for; stops at missing and frozen ones. Locks nothing.
CREATE OR REPLACE FUNCTION gdpr_internal.token_people(subject_type text, subject_keys text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(token_people.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  keys text[] := gdpr_internal.canonical_keys(s.subject_type, token_people.subject_keys);
  frozen bigint;
  there bigint;
BEGIN
  SELECT count(f.subject_key) INTO frozen FROM unnest(keys) AS k(key)
  CROSS JOIN LATERAL (SELECT f.subject_key FROM gdpr_internal.frozen AS f
                      WHERE f.subject_type = s.subject_type AND f.subject_key = k.key OFFSET 0) AS f;
  SELECT r.n INTO there FROM gdpr_internal.query_as_owner(relation,
    'SELECT pg_catalog.count(*) FROM ' || gdpr_internal.people_join(s.subject_type), keys) AS r(n bigint);
  IF frozen > 0 THEN
    RAISE EXCEPTION 'person of subject type "%" is frozen', s.subject_type USING ERRCODE = 'PD001',
      DETAIL = format('%s of %s people are anonymized: there is nobody to write to.', frozen, cardinality(keys)),
      HINT = format('Leave them out; gdpr.%I lists them.', s.subject_type || '_frozen');
  ELSIF there < cardinality(keys) THEN
    RAISE EXCEPTION 'no person of subject type "%" has this key', s.subject_type USING ERRCODE = 'P0002',
      DETAIL = format('%s of %s people are missing.', cardinality(keys) - there, cardinality(keys)),
      HINT = 'Check the key.';
  END IF;
  RETURN keys;
END
$$;
COMMENT ON FUNCTION gdpr_internal.token_people(text, text[]) IS
  'Canonical keys of people that tokens can be made for; stops at a missing (P0002) or frozen (PD001) one';

--| Tokens for many people and one purpose: what a campaign needs.
CREATE OR REPLACE FUNCTION gdpr.consent_tokens(
  subject_type text, subject_keys text[], purpose text DEFAULT NULL, valid_for interval DEFAULT '30 days')
RETURNS TABLE (subject_key text, token text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.purpose;
  asked gdpr_internal.current_form := gdpr_internal.asked_form(consent_tokens.subject_type, coalesce(consent_tokens.purpose, ''));
  people text[];
  now_at timestamptz := clock_timestamp();
BEGIN
  IF consent_tokens.subject_keys IS NULL OR consent_tokens.valid_for IS NULL THEN
    RAISE EXCEPTION 'a token needs a person and how long it is valid' USING ERRCODE = '22004',
      HINT = 'valid_for => ''30 days'' is the default.';
  ELSIF NOT isfinite(consent_tokens.valid_for) OR now_at + consent_tokens.valid_for <= now_at THEN
    RAISE EXCEPTION 'a token must be valid for some time, and not for ever' USING ERRCODE = '22023',
      HINT = 'valid_for limits accepting only: withdrawing and unsubscribing works for ever.';
  ELSIF consent_tokens.purpose IS NOT NULL THEN
    known := gdpr_internal.known_purpose(consent_tokens.purpose);
    IF known.lawful_basis <> 'consent' AND NOT gdpr_internal.may_object(known) THEN
      RAISE EXCEPTION 'people have nothing to decide about purpose "%"', known.purpose USING ERRCODE = '22023',
        DETAIL = format('It rests on %s: there is no consent to give, and no right to object.', known.lawful_basis),
        HINT = 'Name a purpose that rests on consent, or on legitimate interests.';
    END IF;
  END IF;
  people := gdpr_internal.token_people(consent_tokens.subject_type, consent_tokens.subject_keys);
  RETURN QUERY
    SELECT k.given, gdpr_internal.make_token(consent_tokens.subject_type, k.canonical, coalesce(known.purpose, ''),
      coalesce(asked.form, ''), coalesce(asked.version, 0), now_at, now_at + consent_tokens.valid_for)
    FROM unnest(consent_tokens.subject_keys, people) AS k(given, canonical);
END
$$;
COMMENT ON FUNCTION gdpr.consent_tokens(text, text[], text, interval) IS
  'Tokens for links with which people decide on one purpose (NULL: in general), each with the key as it was given';

--| A token for one person and one purpose.
CREATE OR REPLACE FUNCTION gdpr.consent_token(
  subject_type text, subject_key text, purpose text DEFAULT NULL, valid_for interval DEFAULT '30 days')
RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT t.token FROM gdpr.consent_tokens($1, ARRAY[$2], $3, $4) AS t
$$;
COMMENT ON FUNCTION gdpr.consent_token(text, text, text, interval) IS
  'A token for a link with which one person decides on one purpose (NULL: in general); valid_for limits accepting only';

--| Locks the person that a token is about; false if there is none any more.
CREATE OR REPLACE FUNCTION gdpr_internal.lock_token_person(subject_type text, subject_key text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  keys text[] := gdpr_internal.canonical_keys(lock_token_person.subject_type, ARRAY[lock_token_person.subject_key]);
BEGIN
  BEGIN
    PERFORM gdpr_internal.require_people(lock_token_person.subject_type, keys);
  EXCEPTION WHEN SQLSTATE 'P0002' OR SQLSTATE 'PD001' THEN
    RETURN false;
  END;
  PERFORM gdpr_internal.lock_masks(lock_token_person.subject_type, keys);
  RETURN true;
END
$$;
COMMENT ON FUNCTION gdpr_internal.lock_token_person(text, text) IS
  'Locks the person that a token is about; false if the person has left (deleted or frozen)';

--| PD010 with its reason.
CREATE OR REPLACE FUNCTION gdpr_internal.refuse_token(reason text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'this token cannot be used any more' USING ERRCODE = 'PD010', DETAIL = refuse_token.reason,
    HINT = 'Make a new one with gdpr.consent_token(). Withdrawing and unsubscribing still works with this one.';
END
$$;
COMMENT ON FUNCTION gdpr_internal.refuse_token(text) IS 'Stops because a genuine token can no longer be used to accept';

--| Stops unless the token may still accept; it is used afterwards. The person is locked.
CREATE OR REPLACE FUNCTION gdpr_internal.use_token(t record) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  asked gdpr_internal.current_form := gdpr_internal.asked_form(t.subject_type, t.purpose);
BEGIN
  INSERT INTO gdpr_internal.redeemed (token_digest, expires_at) VALUES (t.digest, t.expires_at) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    PERFORM gdpr_internal.refuse_token('It was used.');
  ELSIF (coalesce(asked.form, ''), coalesce(asked.version, 0)) <> (t.form, t.form_version)
     OR asked.reconsent_at > t.issued_at THEN
    PERFORM gdpr_internal.refuse_token('People have been asked again since, or with another form.');
  ELSIF t.purpose <> '' AND NOT EXISTS (
      SELECT FROM gdpr_internal.purpose AS p
      WHERE p.purpose = t.purpose AND p.lawful_basis = 'consent' AND p.declared_at <= t.issued_at) THEN
    PERFORM gdpr_internal.refuse_token('Its purpose does not rest on consent, or was declared anew since.');
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.use_token(record) IS
  'Uses a token to accept; PD010 if it was used, or if the form or the purpose is another one by now';

--| What "no" means for a person and a purpose, NULL if nothing is left to do.
CREATE OR REPLACE FUNCTION gdpr_internal.refused_state(subject_type text, subject_key text, purpose text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.purpose;
  stands record;
BEGIN
  SELECT p.* INTO known FROM gdpr_internal.purpose AS p WHERE p.purpose = refused_state.purpose;
  IF refused_state.purpose = '' OR known.lawful_basis = 'consent' THEN
    stands := gdpr_internal.standing(refused_state.subject_type, refused_state.subject_key, refused_state.purpose);
    RETURN CASE stands.state
      WHEN 'accepted' THEN 'withdrawn'
      WHEN 'pending' THEN 'rejected'
      -- Refused in general, and now this purpose by name: a later general acceptance must not cover it.
      WHEN 'rejected' THEN CASE WHEN stands.general THEN 'rejected' END
    END;
  ELSIF gdpr_internal.may_object(known) AND NOT EXISTS (
      SELECT FROM gdpr_internal.objection AS o
      WHERE o.subject_type = refused_state.subject_type AND o.subject_key = refused_state.subject_key
        AND o.purpose = refused_state.purpose AND NOT o.overruled) THEN
    RETURN 'objected';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refused_state(text, text, text) IS
  'What "no" means: withdrawn after an acceptance, rejected before one, objected without consent; NULL if it was said';

--| Opts the person out; false if that was done. Here and not by gdpr.opt_out(): the purpose may have been dropped.
CREATE OR REPLACE FUNCTION gdpr_internal.unsubscribe(
  subject_type text, subject_key text, purpose text, medium text, channel text, comment text, source_ip inet)
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  event bigint;
BEGIN
  IF EXISTS (SELECT FROM gdpr_internal.opt_out AS o
      WHERE o.subject_type = unsubscribe.subject_type AND o.subject_key = unsubscribe.subject_key
        AND o.purpose IN (unsubscribe.purpose, '') AND o.channel IN (coalesce(unsubscribe.channel, ''), '')) THEN
    RETURN false;
  END IF;
  event := gdpr_internal.add_event(unsubscribe.subject_type, unsubscribe.subject_key, unsubscribe.purpose, 'opted_out',
    state => NULL, prior_state => NULL, prior_updated_at => NULL, medium => unsubscribe.medium, channel => unsubscribe.channel,
    form => NULL, form_version => NULL, valid_until => NULL, guardian => NULL, lawful_basis => NULL,
    comment => unsubscribe.comment, source_ip => unsubscribe.source_ip, guardian_name => NULL, attachment => NULL, batch => NULL);
  INSERT INTO gdpr_internal.opt_out AS o (subject_type, subject_key, purpose, channel, since, event)
  VALUES (unsubscribe.subject_type, unsubscribe.subject_key, unsubscribe.purpose, coalesce(unsubscribe.channel, ''),
          statement_timestamp(), event);
  RETURN true;
END
$$;
COMMENT ON FUNCTION gdpr_internal.unsubscribe(text, text, text, text, text, text, inet) IS
  'Opts a locked person out of a purpose and a channel (empty, NULL: every one); false if that was done before';

--| "No" of the person; false if it was said.
CREATE OR REPLACE FUNCTION gdpr_internal.refuse_by_token(
  t record, medium text, source_ip inet, channel text, comment text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target text := gdpr_internal.refused_state(t.subject_type, t.subject_key, t.purpose);
BEGIN
  IF target = 'objected' THEN
    PERFORM gdpr_internal.record_objection(t.subject_type, t.subject_key, t.purpose, refuse_by_token.comment);
  ELSIF target IS NOT NULL THEN
    PERFORM gdpr_internal.write_consent(t.subject_type, t.subject_key, target, nullif(t.purpose, ''), refuse_by_token.medium,
      refuse_by_token.channel, NULL, refuse_by_token.comment, NULL, refuse_by_token.source_ip, NULL);
  END IF;
  RETURN target IS NOT NULL;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refuse_by_token(record, text, inet, text, text) IS
  'Records the refusal of the locked person of a token; false if it was recorded before';

--| What a person decides with a token.
CREATE OR REPLACE FUNCTION gdpr_internal.token_decision(state text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted text := token_decision.state;
BEGIN
  IF wanted IS NULL THEN
    RAISE EXCEPTION 'the state must not be null' USING ERRCODE = '22004';
  ELSIF wanted = 'unsubscribed' THEN
    RETURN wanted;
  END IF;
  BEGIN
    wanted := gdpr_internal.consent_state(wanted);
  EXCEPTION WHEN invalid_parameter_value THEN
    wanted := 'pending';
  END;
  IF wanted = 'pending' THEN
    RAISE EXCEPTION 'with a token people decide' USING ERRCODE = '22023',
      HINT = 'Allowed are: accepted, rejected, withdrawn, unsubscribed.';
  END IF;
  RETURN wanted;
END
$$;
COMMENT ON FUNCTION gdpr_internal.token_decision(text) IS
  'accepted, rejected, withdrawn (also for an alias) or unsubscribed; 22023 for any other word';

--| A person decides with a token.
CREATE OR REPLACE FUNCTION gdpr_internal.redeem_token(
  token text, state text, medium text DEFAULT 'click', source_ip inet DEFAULT NULL, channel text DEFAULT NULL,
  comment text DEFAULT NULL, guardian text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted text := gdpr_internal.token_decision(redeem_token.state);
  known_medium text := gdpr_internal.check_medium(redeem_token.medium);
  known_channel text := gdpr_internal.check_channel(redeem_token.channel);
  t record;
  there boolean;
  recorded boolean := false;
BEGIN
  IF known_medium IS NULL THEN
    RAISE EXCEPTION 'a decision needs a medium' USING ERRCODE = '22004', HINT = 'Without the argument it is a click.';
  END IF;
  t := gdpr_internal.open_token(redeem_token.token);
  there := gdpr_internal.lock_token_person(t.subject_type, t.subject_key);
  IF wanted = 'accepted' THEN
    IF t.expires_at <= clock_timestamp() THEN
      PERFORM gdpr_internal.refuse_token('It has expired.');
    ELSIF NOT there THEN
      PERFORM gdpr_internal.refuse_token('The person has left since.');
    END IF;
    PERFORM gdpr_internal.use_token(t);
    PERFORM gdpr_internal.write_consent(t.subject_type, t.subject_key, 'accepted', nullif(t.purpose, ''), known_medium,
      known_channel, nullif(t.form || ':' || t.form_version, ':0'), redeem_token.comment, NULL, redeem_token.source_ip,
      nullif(redeem_token.guardian, ''));
    RETURN 'recorded';
  ELSIF there AND wanted = 'unsubscribed' THEN
    recorded := gdpr_internal.unsubscribe(t.subject_type, t.subject_key, t.purpose, known_medium, known_channel,
      redeem_token.comment, redeem_token.source_ip);
    -- "No more text messages" says nothing about letters: with a channel the consent stays.
    IF known_channel IS NULL AND gdpr_internal.refused_state(t.subject_type, t.subject_key, t.purpose) = 'withdrawn' THEN
      recorded := gdpr_internal.refuse_by_token(t, known_medium, redeem_token.source_ip, NULL, redeem_token.comment) OR recorded;
    END IF;
  ELSIF there THEN
    recorded := gdpr_internal.refuse_by_token(t, known_medium, redeem_token.source_ip, known_channel, redeem_token.comment);
  END IF;
  RETURN CASE WHEN recorded THEN 'recorded' ELSE 'already done' END;
END
$$;
COMMENT ON FUNCTION gdpr_internal.redeem_token(text, text, text, inet, text, text, text) IS 'Behind gdpr.redeem_token()';

--| A person decides with a token. Unsubscribed with a channel: from that channel only.
CREATE OR REPLACE FUNCTION gdpr.redeem_token(
  token text, state text, medium text DEFAULT 'click', source_ip inet DEFAULT NULL, channel text DEFAULT NULL,
  comment text DEFAULT NULL, guardian text DEFAULT NULL)
RETURNS text
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.redeem_token(text, text, text, inet, text, text, text) IS
  'Decides with a token: accepted (once, until it expires), rejected, withdrawn, unsubscribed (whenever); "recorded" or "already done"';

--| Forgets used tokens that have expired: they are refused for that alone.
CREATE OR REPLACE FUNCTION gdpr_internal.expire_tokens() RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone bigint;
BEGIN
  DELETE FROM gdpr_internal.redeemed AS r WHERE r.expires_at <= statement_timestamp();
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END
$$;
COMMENT ON FUNCTION gdpr_internal.expire_tokens() IS 'Forgets used tokens that have expired; how many';
