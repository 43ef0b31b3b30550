-- SPDX-License-Identifier: PostgreSQL
-- Addresses that nobody may use: kept as keyed digests, so that they outlive the person they belonged to
-- and tell nothing to whoever has not the key. An entry is an address, a digest that somebody else made of
-- one (MD5, SHA-1, SHA-256 of the plain address), or a domain: '@example.com' is that domain alone,
-- '.example.fr' it and every one below. The newest word on each entry counts; one that stands is enough.

--| Keyed digests of entries as they stand in somebody's list; NULL for what is none of that kind.
CREATE OR REPLACE FUNCTION gdpr_internal.entry_digests(channel text, kind text, entries text[]) RETURNS uuid[]
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_entry_digests';
COMMENT ON FUNCTION gdpr_internal.entry_digests(text, text, text[]) IS
  'Keyed digests of entries of an opt-out list, NULL for those that are none of the kind; error 55000 without the key';

--| Every digest under which plain addresses may be suppressed, of the kinds asked for: n is the place of the address.
CREATE OR REPLACE FUNCTION gdpr_internal.suppressed_digests(
  channel text, plain text[], kinds text[], OUT n int[], OUT digest uuid[])
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_suppressed_digests';
COMMENT ON FUNCTION gdpr_internal.suppressed_digests(text, text[], text[]) IS
  'Keyed digests under which plain addresses may be suppressed, each with the place of its address; error 55000 without the key';

--| True for '@example.com' and '.example.fr': whoever names that means a domain.
CREATE OR REPLACE FUNCTION gdpr_internal.is_domain_entry(channel text, address text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_is_domain_entry';
COMMENT ON FUNCTION gdpr_internal.is_domain_entry(text, text) IS 'True if an entry names a domain and no address';

--| The kinds of entries that there are for a channel.
CREATE OR REPLACE FUNCTION gdpr_internal.suppressed_kinds(channel text) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT ARRAY(SELECT k.kind FROM gdpr_internal.suppression_kind AS k WHERE k.channel = $1)
$$;
COMMENT ON FUNCTION gdpr_internal.suppressed_kinds(text) IS 'Kinds of entries on the suppression list for a channel';

--| The newest word on digests: those that are suppressed now, each with its highest turn.
CREATE OR REPLACE FUNCTION gdpr_internal.suppressed_now(digests uuid[]) RETURNS TABLE(digest uuid, turn int, kind text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  -- planned for these: a few are looked up, a million are joined; what was lifted is asked of those that were found
  RETURN QUERY EXECUTE
    'SELECT u.* FROM (
       SELECT s.digest, s.turn, s.kind FROM unnest($1) AS x(digest) JOIN gdpr_internal.suppression AS s ON s.digest = x.digest
       WHERE s.turn % 2 = 1 OFFSET 0) AS u
     WHERE NOT EXISTS (SELECT FROM gdpr_internal.suppression AS l WHERE l.digest = u.digest AND l.turn = u.turn + 1 OFFSET 0)'
  USING digests;
END
$$;
COMMENT ON FUNCTION gdpr_internal.suppressed_now(uuid[]) IS 'Which of these digests are suppressed now';

--| True if a plain address is suppressed now: by itself, by a digest of it or by its domain.
CREATE OR REPLACE FUNCTION gdpr_internal.suppressed_plain(channel text, plain text) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM gdpr_internal.suppressed_now((gdpr_internal.suppressed_digests(suppressed_plain.channel,
    ARRAY[suppressed_plain.plain], gdpr_internal.suppressed_kinds(suppressed_plain.channel))).digest));
END
$$;
COMMENT ON FUNCTION gdpr_internal.suppressed_plain(text, text) IS 'True if a plain address is suppressed now';

--| Those of these people who have a suppressed address.
CREATE OR REPLACE FUNCTION gdpr_internal.suppressed_people(subject_type text, keys text[], channel text) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  kinds text[] := gdpr_internal.suppressed_kinds(suppressed_people.channel);
  held record;
  made record;
BEGIN
  IF kinds = '{}' THEN
    RETURN;
  END IF;
  SELECT array_agg(a.subject_key) AS keys, array_agg(a.plain) AS plain INTO held
  FROM gdpr_internal.addresses(suppressed_people.subject_type, suppressed_people.keys, suppressed_people.channel) AS a
  WHERE a.plain IS NOT NULL;
  IF held.keys IS NULL THEN
    RETURN;
  END IF;
  made := gdpr_internal.suppressed_digests(suppressed_people.channel, held.plain, kinds);
  RETURN QUERY EXECUTE
    'SELECT DISTINCT k.key FROM (
       SELECT x.n, s.digest, s.turn FROM unnest($2, $3) AS x(n, digest) JOIN gdpr_internal.suppression AS s ON s.digest = x.digest
       WHERE s.turn % 2 = 1 OFFSET 0) AS u
     JOIN unnest($1) WITH ORDINALITY AS k(key, n) ON k.n = u.n
     WHERE NOT EXISTS (SELECT FROM gdpr_internal.suppression AS l WHERE l.digest = u.digest AND l.turn = u.turn + 1 OFFSET 0)'
  USING held.keys, made.n, made.digest;
END
$$;
COMMENT ON FUNCTION gdpr_internal.suppressed_people(text, text[], text) IS 'Those of these people who have a suppressed address of the channel';

--| Adds events to the suppression list; who did it is found out here. Who adds the same at the same time waits,
--| and adds nothing: no two rows are one turn.
CREATE OR REPLACE FUNCTION gdpr_internal.add_suppression(channel text, kind text, digests uuid[], turns int[], reason text) RETURNS SETOF bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO gdpr_internal.suppression_kind AS k (channel, kind) VALUES (add_suppression.channel, add_suppression.kind)
  ON CONFLICT DO NOTHING;
  RETURN QUERY
  INSERT INTO gdpr_internal.suppression AS s (digest, turn, key_id, channel, kind, reason, owner, at)
  SELECT x.digest, x.turn, (SELECT max(k.key_id) FROM gdpr_internal.key_fingerprint AS k), add_suppression.channel, add_suppression.kind,
    add_suppression.reason, pg_get_userbyid(gdpr_internal.caller()), clock_timestamp()
  FROM unnest(digests, turns) AS x(digest, turn) ORDER BY x.digest
  ON CONFLICT DO NOTHING RETURNING s.suppression;
END
$$;
COMMENT ON FUNCTION gdpr_internal.add_suppression(text, text, uuid[], int[], text) IS 'Adds events to the suppression list; their numbers';

--| The digest of what somebody wants suppressed or lifted, and its kind. Stops at what is neither address nor domain.
CREATE OR REPLACE FUNCTION gdpr_internal.known_entry(channel text, address text, OUT kind text, OUT digest uuid, OUT plain text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF known_entry.channel IS NULL OR known_entry.address IS NULL THEN
    RAISE EXCEPTION 'channel and address must not be null' USING ERRCODE = '22004';
  ELSIF gdpr_internal.is_domain_entry(known_entry.channel, known_entry.address) THEN
    kind := 'domain';
    digest := (gdpr_internal.entry_digests(known_entry.channel, kind, ARRAY[known_entry.address]))[1];
    IF digest IS NULL THEN
      RAISE EXCEPTION 'not a domain' USING ERRCODE = '22023',
        HINT = 'A domain has two labels or more: ''@example.com'' is that domain alone, ''.example.com'' it and every one below.';
    END IF;
    RETURN;
  END IF;
  kind := 'address';
  plain := gdpr_internal.plain_address(known_entry.channel, known_entry.address);
  IF plain IS NULL THEN
    RAISE EXCEPTION 'not an address of this channel' USING ERRCODE = '22023',
      HINT = 'Nothing of it is left once blanks and punctuation are gone.';
  END IF;
  digest := (gdpr_internal.suppressed_digests(known_entry.channel, ARRAY[plain], ARRAY[kind])).digest[1];
END
$$;
COMMENT ON FUNCTION gdpr_internal.known_entry(text, text) IS 'Kind and digest of an address or, for e-mail, of a domain';

--| Stops at a reason that says nothing.
CREATE OR REPLACE FUNCTION gdpr_internal.require_suppression_reason(reason text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF coalesce(btrim(require_suppression_reason.reason), '') = '' THEN
    RAISE EXCEPTION 'the suppression list needs a reason' USING ERRCODE = '22004',
      HINT = 'Say where the wish comes from, without naming the person: ''complaint'', ''imported list of 2026''.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_suppression_reason(text) IS 'Stops unless there is a reason for a change of the suppression list';

--| Suppresses an address or a domain, whoever it belongs to now or later.
CREATE OR REPLACE FUNCTION gdpr.suppress(channel text, address text, reason text) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.suppress(text, text, text) IS
  'Puts an address, or a domain (''@example.com'' alone, ''.example.com'' with all below), on the suppression list, as a keyed digest: '
  'gdpr.audience() never gives its owner; NULL if it is there already';

--| Behind gdpr.suppress().
CREATE OR REPLACE FUNCTION gdpr_internal.suppress(channel text, address text, reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known_channel text := gdpr_internal.check_channel(suppress.channel);
  entry record;
  last int;
  result bigint;
BEGIN
  PERFORM gdpr_internal.require_suppression_reason(suppress.reason)
  WHERE known_channel IS NOT NULL AND suppress.address IS NOT NULL;
  entry := gdpr_internal.known_entry(known_channel, suppress.address);
  last := coalesce((SELECT max(s.turn) FROM gdpr_internal.suppression AS s WHERE s.digest = entry.digest), 0);
  IF last % 2 = 0 THEN
    result := gdpr_internal.add_suppression(known_channel, entry.kind, ARRAY[entry.digest], ARRAY[last + 1], suppress.reason);
  END IF;
  IF result IS NULL THEN
    RAISE NOTICE 'the % is already suppressed', entry.kind;
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.suppress(text, text, text) IS 'Behind gdpr.suppress()';

--| Lifts the suppression of an address or a domain: an event, nothing is deleted.
CREATE OR REPLACE FUNCTION gdpr.lift_suppression(channel text, address text, reason text) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.lift_suppression(text, text, text) IS
  'Takes an address or a domain off the suppression list, by an event with its reason; NULL if it is not suppressed';

--| Behind gdpr.lift_suppression(). An address goes with the digests that others made of it; its domain stays.
CREATE OR REPLACE FUNCTION gdpr_internal.lift_suppression(channel text, address text, reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known_channel text := gdpr_internal.check_channel(lift_suppression.channel);
  entry record;
  digests uuid[];
  lifted record;
  event bigint;
  result bigint;
  stays boolean;
BEGIN
  PERFORM gdpr_internal.require_suppression_reason(lift_suppression.reason)
  WHERE known_channel IS NOT NULL AND lift_suppression.address IS NOT NULL;
  entry := gdpr_internal.known_entry(known_channel, lift_suppression.address);
  digests := CASE WHEN entry.plain IS NULL THEN ARRAY[entry.digest]
    ELSE (gdpr_internal.suppressed_digests(known_channel, ARRAY[entry.plain], '{address,md5,sha1,sha256}')).digest END;
  FOR lifted IN SELECT s.* FROM gdpr_internal.suppressed_now(digests) AS s ORDER BY s.kind LOOP
    event := gdpr_internal.add_suppression(known_channel, lifted.kind, ARRAY[lifted.digest], ARRAY[lifted.turn + 1], lift_suppression.reason);
    result := coalesce(result, event);
  END LOOP;
  stays := entry.plain IS NOT NULL AND gdpr_internal.suppressed_plain(known_channel, entry.plain);
  IF stays AND result IS NULL THEN
    RAISE EXCEPTION 'the domain of this address is suppressed' USING ERRCODE = '55000',
      DETAIL = 'Every address of the domain, or of one above it, is on the list.',
      HINT = 'If the domain may be written to again, lift it: gdpr.lift_suppression(''email'', ''@example.com'', …).';
  ELSIF stays THEN
    RAISE NOTICE 'the domain of this address is suppressed and it is still not written to';
  ELSIF result IS NULL THEN
    RAISE NOTICE 'the % is not suppressed', entry.kind;
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.lift_suppression(text, text, text) IS 'Behind gdpr.lift_suppression()';

--| True if an address, or a domain, is suppressed.
CREATE OR REPLACE FUNCTION gdpr.is_suppressed(channel text, address text) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known_channel text := gdpr_internal.check_channel(is_suppressed.channel);
BEGIN
  IF gdpr_internal.is_domain_entry(known_channel, is_suppressed.address) THEN
    RETURN EXISTS (SELECT FROM gdpr_internal.suppressed_now(
      gdpr_internal.entry_digests(known_channel, 'domain', ARRAY[is_suppressed.address])));
  END IF;
  RETURN coalesce(gdpr_internal.suppressed_plain(known_channel,
    gdpr_internal.plain_address(known_channel, is_suppressed.address)), false);
END
$$;
COMMENT ON FUNCTION gdpr.is_suppressed(text, text) IS
  'True if an address is on the suppression list now: by itself, by a digest of it or by its domain; of a domain, if it is itself';

--| What is in force, for reports.
CREATE OR REPLACE FUNCTION gdpr_internal.suppression_counts() RETURNS TABLE(channel text, kind text, addresses bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  -- of each entry every odd turn suppresses and every even one lifts
  SELECT s.channel, s.kind, sum(s.turn % 2 * 2 - 1)::bigint FROM gdpr_internal.suppression AS s GROUP BY s.channel, s.kind
$$;
COMMENT ON FUNCTION gdpr_internal.suppression_counts() IS 'Entries of the suppression list that are in force now, by channel and kind';

--| People who are about to be anonymized and did not want to be written to: their addresses stay suppressed.
CREATE OR REPLACE FUNCTION gdpr_internal.suppress_leaving(subject_type text, keys text[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  marked jsonb;
  result bigint := 0;
  left_behind record;
  made record;
  new record;
BEGIN
  PERFORM gdpr_internal.forget_optout_addresses(suppress_leaving.subject_type, keys);
  -- '' is every channel. OFFSET 0: by index, key for key.
  SELECT jsonb_object_agg(m.key, m.channels) INTO marked FROM (
    SELECT k.key, jsonb_agg(DISTINCT w.channel) AS channels
    FROM unnest(keys) AS k(key), LATERAL (
      SELECT o.channel FROM gdpr_internal.opt_out AS o
      WHERE o.subject_type = suppress_leaving.subject_type AND o.subject_key = k.key
      UNION ALL
      SELECT '' FROM gdpr_internal.objection AS o LEFT JOIN gdpr_internal.purpose AS p ON p.purpose = o.purpose
      WHERE o.subject_type = suppress_leaving.subject_type AND o.subject_key = k.key AND NOT o.overruled
        AND p.marketing IS NOT FALSE
      UNION ALL
      SELECT '' FROM gdpr_internal.consent_state AS c LEFT JOIN gdpr_internal.purpose AS p ON p.purpose = c.purpose
      WHERE c.subject_type = suppress_leaving.subject_type AND c.subject_key = k.key AND c.state = 'withdrawn'
        AND CASE WHEN c.purpose = '' THEN EXISTS (SELECT FROM gdpr_internal.purpose AS m WHERE m.marketing)
                 ELSE p.marketing IS NOT FALSE END
      OFFSET 0) AS w
    GROUP BY k.key) AS m;
  IF marked IS NULL THEN
    RETURN 0;
  END IF;
  BEGIN
    PERFORM gdpr_internal.keyed_digest('suppression', 'probe');
  EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RAISE NOTICE 'addresses of people who did not want to be written to are not kept on the suppression list'
      USING DETAIL = 'The key is missing or another one.', HINT = 'gdpr.create_key() makes it; set gdpr.key_file before.';
    RETURN 0;
  END;
  FOR left_behind IN
    SELECT a.channel, array_agg(DISTINCT a.plain) AS plain
    FROM gdpr_internal.addresses(suppress_leaving.subject_type, ARRAY(SELECT jsonb_object_keys(marked))) AS a
    WHERE a.plain IS NOT NULL AND marked->a.subject_key ?| ARRAY['', a.channel]
    GROUP BY a.channel
  LOOP
    -- whatever else stands for an address may be lifted one day: the address itself is kept
    made := gdpr_internal.suppressed_digests(left_behind.channel, left_behind.plain, '{address}');
    SELECT array_agg(d.digest) AS digests, array_agg(d.last + 1) AS turns INTO new
    FROM (SELECT x AS digest, coalesce((SELECT max(s.turn) FROM gdpr_internal.suppression AS s WHERE s.digest = x), 0) AS last
          FROM unnest(made.digest) AS x) AS d WHERE d.last % 2 = 0;
    result := result + (SELECT count(*) FROM gdpr_internal.add_suppression(
      left_behind.channel, 'address', new.digests, new.turns, 'the person left and had opted out') WHERE new.digests IS NOT NULL);
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.suppress_leaving(text, text[]) IS
  'Keeps addresses of people who objected, opted out or withdrew from marketing suppressed after their erasure; how many were added';
