-- SPDX-License-Identifier: PostgreSQL
-- The audit log as lines of JSON, for gdpr-batch verify on another machine. Numbers of 64 bits are strings, bytes are
-- hexadecimal digits: no reader rounds or loses any.

--| A time as the digests hold it.
CREATE OR REPLACE FUNCTION gdpr_internal.microseconds(at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT ((extract(epoch FROM $1) * 1000000)::bigint - 946684800000000)::text
$$;
COMMENT ON FUNCTION gdpr_internal.microseconds(timestamptz) IS 'Microseconds since 2000-01-01 UTC';

--| A text as the digests hold it: in UTF-8. Of a database in another encoding as digits, because some of its texts may
--| be none in any other.
CREATE OR REPLACE FUNCTION gdpr_internal.export_text(value text) RETURNS jsonb
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'gdpr_export_text';
COMMENT ON FUNCTION gdpr_internal.export_text(text) IS
  'A text in an export: a string, or {"hex": digits} where the database is not in UTF-8';

--| Texts in their order.
CREATE OR REPLACE FUNCTION gdpr_internal.export_texts(items text[]) RETURNS jsonb
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(jsonb_agg(gdpr_internal.export_text(t) ORDER BY i), '[]') FROM unnest($1) WITH ORDINALITY AS u(t, i)
$$;
COMMENT ON FUNCTION gdpr_internal.export_texts(text[]) IS 'Texts in an export';

--| A seal, without the leaves.
CREATE OR REPLACE FUNCTION gdpr_internal.seal_json(s gdpr_internal.audit_seal) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object('seal', s.seal::text, 'kind', s.kind, 'previous', encode(s.previous, 'hex'),
    'sealed_at', gdpr_internal.microseconds(s.sealed_at), 'system_id', s.system_id::text,
    'upto_xid', s.upto_xid::text, 'upto_statement', s.upto_statement::text, 'upto_n', s.upto_n, 'events', s.events,
    'root', encode(s.root, 'hex'), 'dropped_before', s.dropped_before::text,
    'configuration', encode(s.configuration, 'hex'), 'key_id', s.key_id, 'digest', encode(s.digest, 'hex'),
    'signature', encode(s.signature, 'hex'))
$$;
COMMENT ON FUNCTION gdpr_internal.seal_json(gdpr_internal.audit_seal) IS 'A seal as JSON, without the leaves';

--| A statement; its shape is told by its digest.
CREATE OR REPLACE FUNCTION gdpr_internal.statement_json(s gdpr_internal.audit_statement) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object('statement', s.statement::text, 'at', gdpr_internal.microseconds(s.at),
    'system_id', s.system_id::text, 'xid', s.xid::text,
    'shape', (SELECT encode(h.digest, 'hex') FROM gdpr_internal.audit_shape AS h WHERE h.shape = s.shape),
    'operation', s.operation, 'anonymized', s.anonymized, 'changes', s.changes,
    'session_role', gdpr_internal.export_text(s.session_role::text),
    'acting_role', gdpr_internal.export_text(s.acting_role::text), 'purpose', gdpr_internal.export_text(s.purpose),
    'seed', encode(s.seed, 'hex'), 'app_user', gdpr_internal.export_text(s.app_user),
    'client_address', format('%s', s.client_address), 'actor_digests', encode(s.actor_digests, 'hex'),
    'tombstone', s.tombstone::text)
    -- format() makes '' of NULL
    || CASE WHEN s.client_address IS NULL THEN '{"client_address": null}' ELSE '{}' END::jsonb
$$;
COMMENT ON FUNCTION gdpr_internal.statement_json(gdpr_internal.audit_statement) IS 'A statement of the audit log as JSON';

--| A changed row, with the further people it belongs to.
CREATE OR REPLACE FUNCTION gdpr_internal.change_json(c gdpr_internal.audit_change) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object('n', c.n, 'subject_type', gdpr_internal.export_text(c.subject_type),
    'subject_key', gdpr_internal.export_text(c.subject_key), 'row_key', gdpr_internal.export_text(c.row_key),
    'seed', encode(c.seed, 'hex'), 'body', encode(c.body, 'hex'), 'tombstone', c.tombstone::text,
    'subjects', coalesce((
      SELECT jsonb_agg(jsonb_build_object('place', u.place, 'subject_type', gdpr_internal.export_text(u.subject_type),
        'subject_key', gdpr_internal.export_text(u.subject_key), 'salt', encode(u.salt, 'hex'),
        'digest', encode(u.digest, 'hex')) ORDER BY u.place)
      FROM gdpr_internal.audit_subject AS u WHERE u.statement = c.statement AND u.n = c.n), '[]'))
$$;
COMMENT ON FUNCTION gdpr_internal.change_json(gdpr_internal.audit_change) IS 'A changed row of the audit log as JSON';

--| Events of one server after one place and up to another, in the order of seals: a line for each statement, and one
--| for each of its rows.
CREATE OR REPLACE FUNCTION gdpr_internal.export_events(system_id bigint, after_xid xid8, after_statement bigint,
  after_n int, upto_xid xid8, upto_statement bigint, upto_n int)
RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_bitmapscan = off SET enable_material = off SET jit = off AS $$
  SELECT unnest(CASE WHEN e.first THEN ARRAY[gdpr_internal.statement_json(e.s)::text] END
    || gdpr_internal.change_json(e.c)::text)
  FROM (
    SELECT s, c, lag(s.statement) OVER (ORDER BY s.xid, s.statement, c.n) IS DISTINCT FROM s.statement AS first
    FROM gdpr_internal.audit_statement AS s JOIN gdpr_internal.audit_change AS c ON c.statement = s.statement
    WHERE s.system_id = $1 AND (s.xid, s.statement) >= ($2, $3) AND (s.xid, s.statement) <= ($5, $6)
      AND (s.xid, s.statement, c.n) > ($2, $3, $4) AND (s.xid, s.statement, c.n) <= ($5, $6, $7)
  ) AS e
$$;
COMMENT ON FUNCTION gdpr_internal.export_events(bigint, xid8, bigint, int, xid8, bigint, int) IS
  'Lines of an export: events of one server after a place and up to another';

--| The name of this database in lines of the anchor.
CREATE OR REPLACE FUNCTION gdpr_internal.anchor_database() RETURNS text
LANGUAGE c STABLE SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_anchor_database';
COMMENT ON FUNCTION gdpr_internal.anchor_database() IS 'The name of this database as it stands in lines of the anchor';

--| What comes before the seals: whose log it is, keys, configurations, shapes.
CREATE OR REPLACE FUNCTION gdpr_internal.export_head(from_seal bigint, to_seal bigint) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object('format', 'pg_gdpr audit 1', 'from_seal', $1::text, 'to_seal', $2::text,
    'database', gdpr_internal.export_text(gdpr_internal.anchor_database()),
    'instance', (SELECT f.instance FROM gdpr_internal.key_fingerprint AS f ORDER BY f.key_id DESC LIMIT 1))::text
  UNION ALL
  SELECT jsonb_build_object('key_id', k.key_id, 'public_key', encode(k.public_key, 'hex'))::text
  FROM gdpr_internal.audit_key AS k
  UNION ALL
  SELECT jsonb_build_object('configuration', encode(c.digest, 'hex'), 'body', gdpr_internal.export_text(c.body))::text
  FROM gdpr_internal.audit_configuration AS c
  UNION ALL
  SELECT jsonb_build_object('shape', encode(h.digest, 'hex'),
    'relation_schema', gdpr_internal.export_text(h.relation_schema::text), 'relation_name', gdpr_internal.export_text(h.relation_name::text),
    'numbers', h.numbers, 'names', gdpr_internal.export_texts(h.names::text[]), 'types', gdpr_internal.export_texts(h.types),
    'key_columns', h.key_columns)::text
  FROM gdpr_internal.audit_shape AS h
$$;
COMMENT ON FUNCTION gdpr_internal.export_head(bigint, bigint) IS 'Lines of an export that come before the seals';

--| Where the seals before one end, for one server.
CREATE OR REPLACE FUNCTION gdpr_internal.sealed_before(seal bigint, system_id bigint,
  OUT xid xid8, OUT statement bigint, OUT n int)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT s.upto_xid, s.upto_statement, s.upto_n INTO sealed_before.xid, sealed_before.statement, sealed_before.n
  FROM gdpr_internal.audit_seal AS s
  WHERE s.seal < sealed_before.seal AND s.system_id = sealed_before.system_id AND s.upto_xid IS NOT NULL
  ORDER BY s.seal DESC LIMIT 1;
  IF sealed_before.xid IS NULL THEN
    sealed_before.xid := '0';
    sealed_before.statement := '-9223372036854775808';
    sealed_before.n := '-2147483648';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.sealed_before(bigint, bigint) IS
  'The place up to which the seals before this one cover the events of a server';

--| The audit log as lines of JSON: seals in order, each with its events; without to_seal also the events that are not
--| sealed yet. Holds all that the log holds: keep it as safe as the database.
CREATE OR REPLACE FUNCTION gdpr.export_audit(from_seal bigint DEFAULT 1, to_seal bigint DEFAULT NULL)
RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.audit_seal;
  system bigint;
BEGIN
  RETURN QUERY SELECT gdpr_internal.export_head(export_audit.from_seal, export_audit.to_seal);
  FOR s IN SELECT a.* FROM gdpr_internal.audit_seal AS a
           WHERE a.seal >= export_audit.from_seal AND a.seal <= coalesce(export_audit.to_seal, a.seal) ORDER BY a.seal
  LOOP
    RETURN QUERY SELECT (gdpr_internal.seal_json(s) || coalesce((
      SELECT jsonb_build_object('leaves', encode(l.leaves, 'hex'), 'dropped', (
        SELECT coalesce(jsonb_agg(jsonb_build_array(lower(r), upper(r))), '[]') FROM unnest(l.dropped) AS r))
      FROM gdpr_internal.audit_leaves AS l WHERE l.seal = s.seal), '{}'))::text;
    RETURN QUERY SELECT gdpr_internal.export_events(s.system_id, b.xid, b.statement, b.n, s.upto_xid, s.upto_statement,
      s.upto_n) FROM gdpr_internal.sealed_before(s.seal, s.system_id) AS b WHERE s.upto_xid IS NOT NULL;
  END LOOP;
  IF export_audit.to_seal IS NULL THEN
    FOR system IN SELECT gdpr_internal.audit_systems() LOOP
      RETURN NEXT jsonb_build_object('unsealed', system::text)::text;
      RETURN QUERY SELECT gdpr_internal.export_events(system, b.xid, b.statement, b.n, '9223372036854775807',
        '9223372036854775807', '2147483647') FROM gdpr_internal.sealed_before('9223372036854775807', system) AS b;
    END LOOP;
  END IF;
  RETURN NEXT '{"end": true}';
END
$$;
COMMENT ON FUNCTION gdpr.export_audit(bigint, bigint) IS
  'The audit log as lines of JSON for gdpr-batch verify --audit FILE; it holds the logged values: keep it as safe as the database';

--| The place of an event among the leaves of its seal, its leaf as its rows give it now, and the hashes beside its way
--| to the root. No row where the event is not one of the leaves.
CREATE OR REPLACE FUNCTION gdpr_internal.proof_of_event(system_id bigint, xid xid8, statement bigint, n int, leaves bytea)
RETURNS TABLE (place int, leaf bytea, proof bytea[])
LANGUAGE c STABLE STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_proof_of_event';
COMMENT ON FUNCTION gdpr_internal.proof_of_event(bigint, xid8, bigint, int, bytea) IS
  'Place, leaf and Merkle proof (RFC 9162) of an event among the leaves of its seal';

--| Proves that an event is under its seal: with the seal's signature and at most 17 hashes, and without the other events.
CREATE OR REPLACE FUNCTION gdpr.prove_event(event text) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  st gdpr_internal.audit_statement;
  ch gdpr_internal.audit_change;
  s gdpr_internal.audit_seal;
  found_proof jsonb;
BEGIN
  IF prove_event.event !~ '^-?[0-9]{1,19}:[0-9]{1,10}$' THEN
    RAISE EXCEPTION 'event "%" is not the name of an event', prove_event.event
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Events are named by gdpr.audit_log, for example 911214903547658240:1.';
  END IF;
  SELECT a.* INTO st FROM gdpr_internal.audit_statement AS a
  WHERE a.statement = split_part(prove_event.event, ':', 1)::bigint;
  SELECT a.* INTO ch FROM gdpr_internal.audit_change AS a
  WHERE a.statement = st.statement AND a.n = split_part(prove_event.event, ':', 2)::int;
  IF ch.n IS NULL THEN
    RAISE EXCEPTION 'event "%" does not exist', prove_event.event
      USING ERRCODE = 'undefined_object', HINT = 'Events are named by gdpr.audit_log; old ones are dropped at the end of gdpr.audit_retention.';
  END IF;
  SELECT a.* INTO s FROM gdpr_internal.audit_seal AS a
  WHERE a.system_id = st.system_id AND (a.upto_xid, a.upto_statement, a.upto_n) >= (st.xid, st.statement, ch.n)
  ORDER BY a.seal LIMIT 1;
  IF s.seal IS NULL THEN
    RAISE EXCEPTION 'event "%" is not sealed yet', prove_event.event
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Seal it with gdpr.seal_audit(), or wait.';
  END IF;
  SELECT jsonb_build_object('place', p.place, 'leaf', encode(p.leaf, 'hex'),
    'proof', (SELECT coalesce(jsonb_agg(encode(h, 'hex') ORDER BY i), '[]') FROM unnest(p.proof) WITH ORDINALITY AS t(h, i)))
  INTO found_proof
  FROM gdpr_internal.audit_leaves AS l, gdpr_internal.proof_of_event(st.system_id, st.xid, st.statement, ch.n, l.leaves) AS p
  WHERE l.seal = s.seal;
  IF found_proof IS NULL THEN
    RAISE EXCEPTION 'event "%" is not what was sealed', prove_event.event
      USING ERRCODE = 'data_corrupted', HINT = 'See gdpr.verify_audit().';
  END IF;
  RETURN jsonb_build_object('format', 'pg_gdpr proof 1', 'event', prove_event.event,
    'seal', gdpr_internal.seal_json(s), 'statement', gdpr_internal.statement_json(st),
    'change', gdpr_internal.change_json(ch),
    'public_key', (SELECT encode(k.public_key, 'hex') FROM gdpr_internal.audit_key AS k WHERE k.key_id = s.key_id))
    || found_proof;
END
$$;
COMMENT ON FUNCTION gdpr.prove_event(text) IS
  'Proves one event: its rows, its seal, and the at most 17 hashes between them; checked by gdpr-batch verify --audit --proof';
