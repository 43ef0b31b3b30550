-- SPDX-License-Identifier: PostgreSQL
-- Addresses that nobody may use: kept as keyed digests, so that they outlive the person they belonged to
-- and tell nothing to whoever has not the key. The newest event about an address counts.

--| An address as it is compared: e-mail in lower case, phones by their digits (00 is +), post by letters and
--| digits. No locale has a say in it: the digests must be the same after a restore into another one.
CREATE OR REPLACE FUNCTION gdpr_internal.plain_address(channel text, address text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN nullif(CASE
    WHEN channel = 'email' THEN lower(btrim(address, E' \t\r\n<>') COLLATE "C")
    WHEN channel IN ('telephone', 'sms') THEN regexp_replace(regexp_replace(address, '[^0-9]', '', 'g'), '^00', '')
    WHEN channel = 'post' THEN translate(lower(address COLLATE "C"), E' \t\r\n!"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~', '')
    ELSE btrim(address) END, '');
END
$$;
COMMENT ON FUNCTION gdpr_internal.plain_address(text, text) IS
  'An address in the form in which addresses of its channel are compared; NULL if nothing is left';

--| What is stored of an address. Another digest for each channel; error 55000 without the key.
CREATE OR REPLACE FUNCTION gdpr_internal.address_digest(channel text, plain text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN gdpr_internal.keyed_digest('suppression ' || channel, plain);
END
$$;
COMMENT ON FUNCTION gdpr_internal.address_digest(text, text) IS 'Keyed digest of a plain address of a channel';

--| The newest word on an address: true if it is suppressed now.
CREATE OR REPLACE FUNCTION gdpr_internal.suppressed_digest(channel text, digest text) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN NOT coalesce((SELECT s.lifted FROM gdpr_internal.suppression AS s
    WHERE s.channel = suppressed_digest.channel AND s.digest = suppressed_digest.digest ORDER BY s.suppression DESC LIMIT 1), true);
END
$$;
COMMENT ON FUNCTION gdpr_internal.suppressed_digest(text, text) IS 'True if an address, given by its digest, is suppressed now';

--| Adds to the suppression list; who did it is found out here.
CREATE OR REPLACE FUNCTION gdpr_internal.add_suppression(channel text, digest text, lifted boolean, reason text) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO gdpr_internal.suppression AS s (channel, digest, key_id, lifted, reason, owner, at)
  VALUES ($1, $2, (SELECT max(k.key_id) FROM gdpr_internal.key_fingerprint AS k), $3, $4,
          pg_get_userbyid(gdpr_internal.caller()), clock_timestamp())
  RETURNING s.suppression
$$;
COMMENT ON FUNCTION gdpr_internal.add_suppression(text, text, boolean, text) IS 'Adds an event to the suppression list; its number';

--| One address changes its standing on the suppression list.
CREATE OR REPLACE FUNCTION gdpr_internal.change_suppression(channel text, address text, reason text, lifting boolean)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known_channel text := gdpr_internal.check_channel(change_suppression.channel);
  plain text := gdpr_internal.plain_address(known_channel, change_suppression.address);
  digest text;
BEGIN
  IF known_channel IS NULL OR change_suppression.address IS NULL THEN
    RAISE EXCEPTION 'channel and address must not be null' USING ERRCODE = '22004';
  ELSIF coalesce(btrim(change_suppression.reason), '') = '' THEN
    RAISE EXCEPTION 'the suppression list needs a reason' USING ERRCODE = '22004',
      HINT = 'Say where the wish comes from, without naming the person: ''complaint'', ''imported list of 2026''.';
  ELSIF plain IS NULL THEN
    RAISE EXCEPTION 'not an address of this channel' USING ERRCODE = '22023',
      HINT = 'Nothing of it is left once blanks and punctuation are gone.';
  END IF;
  digest := gdpr_internal.address_digest(known_channel, plain);
  -- two sessions that decide on one address take turns
  PERFORM pg_advisory_xact_lock(hashtextextended('gdpr suppression ' || digest, 0));
  IF gdpr_internal.suppressed_digest(known_channel, digest) = NOT lifting THEN
    RAISE NOTICE 'the address is % suppressed', CASE WHEN lifting THEN 'not' ELSE 'already' END;
    RETURN NULL;
  END IF;
  RETURN gdpr_internal.add_suppression(known_channel, digest, lifting, change_suppression.reason);
END
$$;
COMMENT ON FUNCTION gdpr_internal.change_suppression(text, text, text, boolean) IS
  'Suppresses an address or lifts its suppression; the event''s number, NULL if it stands like that already';

--| Suppresses an address, whoever it belongs to now or later.
CREATE OR REPLACE FUNCTION gdpr.suppress(channel text, address text, reason text) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.suppress(text, text, text) IS
  'Puts an address on the suppression list, as a keyed digest: gdpr.audience() never gives its owner; NULL if it is there already';

--| Behind gdpr.suppress().
CREATE OR REPLACE FUNCTION gdpr_internal.suppress(channel text, address text, reason text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.change_suppression($1, $2, $3, false)
$$;
COMMENT ON FUNCTION gdpr_internal.suppress(text, text, text) IS 'Behind gdpr.suppress()';

--| Lifts the suppression of an address: an event, nothing is deleted.
CREATE OR REPLACE FUNCTION gdpr.lift_suppression(channel text, address text, reason text) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.lift_suppression(text, text, text) IS
  'Takes an address off the suppression list, by an event with its reason; NULL if it is not suppressed';

--| Behind gdpr.lift_suppression().
CREATE OR REPLACE FUNCTION gdpr_internal.lift_suppression(channel text, address text, reason text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.change_suppression($1, $2, $3, true)
$$;
COMMENT ON FUNCTION gdpr_internal.lift_suppression(text, text, text) IS 'Behind gdpr.lift_suppression()';

--| True if an address is suppressed.
CREATE OR REPLACE FUNCTION gdpr.is_suppressed(channel text, address text) RETURNS boolean
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(gdpr_internal.suppressed_digest(c, gdpr_internal.address_digest(c, gdpr_internal.plain_address(c, $2))), false)
  FROM gdpr_internal.check_channel($1) AS c
$$;
COMMENT ON FUNCTION gdpr.is_suppressed(text, text) IS 'True if an address is on the suppression list now';

--| SQL: the addresses of row t of a table, as a(channel, address); NULL if it has none.
CREATE OR REPLACE FUNCTION gdpr_internal.address_sql(relation regclass, only_channel text DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH holder AS (
    SELECT a.attname AS name, min(a.attnum) AS n, min(substring(b.label FROM '^\s*(\w+)')) AS kind,
      bool_or(t.typcategory = 'A') AS many
    FROM gdpr_internal.family($1) AS f
    JOIN pg_seclabel AS b ON b.objoid = f AND b.classoid = 'pg_class'::regclass AND b.provider = 'gdpr'
    JOIN pg_attribute AS a ON a.attrelid = b.objoid AND a.attnum = b.objsubid AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = gdpr_internal.base_type(a.atttypid)
    GROUP BY a.attname
  ), part AS (
    SELECT c.channel, h.n, format(CASE WHEN h.many
        THEN 'SELECT %L AS channel, u.v::pg_catalog.text AS address FROM pg_catalog.unnest(t.%I) AS u(v)'
        ELSE 'SELECT %L AS channel, t.%I::pg_catalog.text AS address' END, c.channel, h.name) AS command
    FROM holder AS h JOIN (VALUES ('email', 'email'), ('phone', 'telephone'), ('phone', 'sms')) AS c(kind, channel) ON c.kind = h.kind
    UNION ALL
    -- what one writes on an envelope, in that order
    SELECT 'post', NULL, format('SELECT ''post'' AS channel, pg_catalog.concat_ws('' '', %s) AS address',
      string_agg(format('t.%I::pg_catalog.text', h.name), ', ' ORDER BY o.place, h.n))
    FROM holder AS h
    JOIN unnest('{po_box,street,street_number,address_line,postal_code,city}'::text[]) WITH ORDINALITY AS o(kind, place) ON o.kind = h.kind
    HAVING bool_or(h.kind IN ('street', 'address_line', 'po_box'))
  )
  SELECT '(' || string_agg(p.command, ' UNION ALL ' ORDER BY p.channel, p.n) || ')'
  FROM part AS p WHERE p.channel = $2 OR $2 IS NULL
$$;
COMMENT ON FUNCTION gdpr_internal.address_sql(regclass, text) IS
  'SQL: subquery with the addresses in row t of a table by channel, as kinds say; NULL if it holds none';

--| Addresses of people in the tables they own beside the table of people, read as each table's owner.
CREATE OR REPLACE FUNCTION gdpr_internal.linked_addresses(subject_type text, keys text[], only_channel text)
RETURNS TABLE (subject_key text, channel text, address text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  steps jsonb := (SELECT jsonb_agg(to_jsonb(s) || jsonb_build_object('oid', s.relation::oid,
      'addresses', CASE WHEN s.step > 1 AND s.scope = 'owned' THEN gdpr_internal.address_sql(s.relation, only_channel) END) ORDER BY s.step)
    FROM gdpr_internal.steps(linked_addresses.subject_type) AS s);
  last int := (SELECT max((s->>'step')::int) FROM jsonb_array_elements(steps) AS s WHERE s->>'addresses' IS NOT NULL);
  hits gdpr_internal.found_rows[];
  step jsonb;
  link gdpr_internal.link;
  leaf record;
  n int;
BEGIN
  IF last IS NULL THEN
    RETURN;
  END IF;
  hits[1] := gdpr_internal.collect((steps->0->>'oid')::oid, gdpr_internal.find_subject_sql(linked_addresses.subject_type), keys);
  FOR step IN SELECT s FROM jsonb_array_elements(steps) AS s WHERE (s->>'step')::int BETWEEN 2 AND last LOOP
    n := (step->>'step')::int;
    FOR link IN SELECT l.* FROM gdpr_internal.link AS l WHERE l.link IN (SELECT jsonb_array_elements_text(step->'links')::int) ORDER BY l.link LOOP
      hits[n] := gdpr_internal.merge_rows(hits[n], gdpr_internal.find_link(link.link, (step->>'oid')::oid::regclass, (
        SELECT CASE WHEN gdpr_internal.resolve(link.parent_schema, link.parent_name)::oid = (step->>'oid')::oid THEN hits[n]
          ELSE hits[(SELECT (p->>'step')::int FROM jsonb_array_elements(steps) AS p
                     WHERE (p->>'oid')::oid = gdpr_internal.resolve(link.parent_schema, link.parent_name)::oid)] END),
        gdpr_internal.resolve(link.parent_schema, link.parent_name)::oid = (step->>'oid')::oid));
    END LOOP;
    CONTINUE WHEN step->>'addresses' IS NULL OR (hits[n]).tids IS NULL;
    FOR leaf IN SELECT x.relid, array_agg(x.tid) AS tids, array_agg(x.person) AS people
      FROM unnest((hits[n]).relids, (hits[n]).tids, (hits[n]).people) AS x(relid, tid, person) GROUP BY x.relid
    LOOP
      RETURN QUERY SELECT k.key, r.channel, r.address
      FROM gdpr_internal.query_as_owner(leaf.relid, format(
        'SELECT x.person, a.channel, a.address FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS x(tid, person)
         JOIN ONLY %s AS t ON t.ctid OPERATOR(pg_catalog.=) x.tid CROSS JOIN LATERAL %s AS a WHERE a.address IS NOT NULL',
        gdpr_internal.sql_name(leaf.relid), step->>'addresses'), leaf.tids, leaf.people) AS r(person int, channel text, address text)
      JOIN unnest(linked_addresses.keys) WITH ORDINALITY AS k(key, n) ON k.n = r.person;
    END LOOP;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.linked_addresses(text, text[], text) IS
  'Addresses of people in the tables that hang on them, read as each table''s owner';

--| Every address of people, by channel, in plain form.
CREATE OR REPLACE FUNCTION gdpr_internal.addresses(subject_type text, keys text[], only_channel text DEFAULT NULL)
RETURNS TABLE (subject_key text, channel text, plain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(addresses.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
  own text := gdpr_internal.address_sql(relation, only_channel);
BEGIN
  IF own IS NOT NULL THEN
    RETURN QUERY
    SELECT DISTINCT r.key, r.channel, gdpr_internal.plain_address(r.channel, r.address)
    FROM gdpr_internal.query_as_owner(relation, format(
      'SELECT p.key, a.channel, a.address FROM %s CROSS JOIN LATERAL %s AS a WHERE a.address IS NOT NULL',
      gdpr_internal.people_join(s.subject_type), own), keys) AS r(key text, channel text, address text);
  END IF;
  FOR n IN 0 .. (cardinality(keys) - 1) / 10000 LOOP
    RETURN QUERY
    SELECT DISTINCT a.subject_key, a.channel, gdpr_internal.plain_address(a.channel, a.address)
    FROM gdpr_internal.linked_addresses(s.subject_type, keys[n * 10000 + 1 : (n + 1) * 10000], only_channel) AS a;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.addresses(text, text[], text) IS
  'Addresses of people by channel, in the form in which they are compared, from every table they own';

--| People who are about to be anonymized and did not want to be written to: their addresses stay suppressed.
CREATE OR REPLACE FUNCTION gdpr_internal.suppress_leaving(subject_type text, keys text[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  marked jsonb;
  result bigint := 0;
  found_address record;
BEGIN
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
    PERFORM gdpr_internal.address_digest('email', 'probe');
  EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RAISE NOTICE 'addresses of people who did not want to be written to are not kept on the suppression list'
      USING DETAIL = 'The key is missing or another one.', HINT = 'gdpr.create_key() makes it; set gdpr.key_file before.';
    RETURN 0;
  END;
  FOR found_address IN
    SELECT DISTINCT a.channel, gdpr_internal.address_digest(a.channel, a.plain) AS digest
    FROM gdpr_internal.addresses(suppress_leaving.subject_type, ARRAY(SELECT jsonb_object_keys(marked))) AS a
    WHERE a.plain IS NOT NULL AND marked->a.subject_key ?| ARRAY['', a.channel]
  LOOP
    CONTINUE WHEN gdpr_internal.suppressed_digest(found_address.channel, found_address.digest);
    PERFORM gdpr_internal.add_suppression(found_address.channel, found_address.digest, false, 'the person left and had opted out');
    result := result + 1;
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.suppress_leaving(text, text[]) IS
  'Keeps addresses of people who objected, opted out or withdrew from marketing suppressed after their erasure; how many were added';
