-- SPDX-License-Identifier: PostgreSQL
-- Sealing the audit log, and the end of what is kept.

--| The number of this server: transactions are counted anew on another one.
CREATE OR REPLACE FUNCTION gdpr_internal.system_id() RETURNS bigint
LANGUAGE c STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_system_id';
COMMENT ON FUNCTION gdpr_internal.system_id() IS 'The system identifier of this server';

--| Seals one batch: at most 65,536 events, in the order (xid, statement, n). Own events below the oldest
--| transaction that still runs; those of other servers, which a restore brought, only where asked for.
CREATE OR REPLACE FUNCTION gdpr_internal.seal_batch(foreign_too boolean) RETURNS int
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_seal_batch';
COMMENT ON FUNCTION gdpr_internal.seal_batch(boolean) IS
  'Seals a batch of events, or a change of the configuration; the number of events; error 55000 without a key';

--| Signs that everything before a statement was dropped, after audit_leaves says so.
CREATE OR REPLACE FUNCTION gdpr_internal.seal_dropped(dropped_before bigint) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_seal_dropped';
COMMENT ON FUNCTION gdpr_internal.seal_dropped(bigint) IS 'Appends the seal "range dropped"';

--| Appends what the anchor does not have yet.
CREATE OR REPLACE FUNCTION gdpr_internal.write_anchor() RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_write_anchor';
COMMENT ON FUNCTION gdpr_internal.write_anchor() IS
  'Appends committed seals to gdpr.audit_anchor; the newest seal that it has, NULL: there is no anchor';

--| What checks the signatures.
CREATE OR REPLACE FUNCTION gdpr.audit_public_key() RETURNS bytea
LANGUAGE c STABLE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'gdpr_audit_public_key';
COMMENT ON FUNCTION gdpr.audit_public_key() IS
  'The Ed25519 public key of the seals, made from the key file: keep it where the server''s administrators do not write';

--| The oldest statement of a server that is not wholly sealed.
CREATE OR REPLACE FUNCTION gdpr_internal.first_unsealed(system bigint)
RETURNS TABLE (statement bigint, at timestamptz, xid xid8)
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_sort = off SET enable_bitmapscan = off SET jit = off AS $$
  WITH sealed AS (
    SELECT s.upto_xid, s.upto_statement, s.upto_n FROM gdpr_internal.audit_seal AS s
    WHERE s.system_id = $1 AND s.kind = 'S' AND s.upto_xid IS NOT NULL ORDER BY s.seal DESC LIMIT 1
  )
  SELECT s.statement, s.at, s.xid FROM gdpr_internal.audit_statement AS s
  WHERE s.system_id = $1
    AND (s.xid, s.statement) >= (coalesce((SELECT e.upto_xid FROM sealed AS e), '0'),
      coalesce((SELECT e.upto_statement FROM sealed AS e), '-9223372036854775808'))
    AND (s.statement IS DISTINCT FROM (SELECT e.upto_statement FROM sealed AS e)
      OR EXISTS (SELECT FROM gdpr_internal.audit_change AS c
        WHERE c.statement = s.statement AND c.n > (SELECT e.upto_n FROM sealed AS e)))
  ORDER BY s.xid, s.statement LIMIT 1
$$;
COMMENT ON FUNCTION gdpr_internal.first_unsealed(bigint) IS 'The oldest statement of a server that is not wholly sealed; no row: all are';

--| The servers whose events are here, by skipping from one to the next.
CREATE OR REPLACE FUNCTION gdpr_internal.audit_systems() RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
  WITH RECURSIVE system(id) AS (
    SELECT min(s.system_id) FROM gdpr_internal.audit_statement AS s
    UNION ALL
    SELECT (SELECT min(s.system_id) FROM gdpr_internal.audit_statement AS s WHERE s.system_id > y.id)
    FROM system AS y WHERE y.id IS NOT NULL
  )
  SELECT y.id FROM system AS y WHERE y.id IS NOT NULL
$$;
COMMENT ON FUNCTION gdpr_internal.audit_systems() IS 'System identifiers of the servers whose events are in the audit log';

--| The first server but this one with events that are not sealed.
CREATE OR REPLACE FUNCTION gdpr_internal.unsealed_system(own bigint) RETURNS bigint
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT min(y.id) FROM gdpr_internal.audit_systems() AS y(id)
  WHERE y.id <> $1 AND EXISTS (SELECT FROM gdpr_internal.first_unsealed(y.id))
$$;
COMMENT ON FUNCTION gdpr_internal.unsealed_system(bigint) IS 'Another server with unsealed events: a restore brought them';

--| For how long something has been waiting for its seal. A prepared transaction waits too: its changes cannot
--| be seen yet, and nobody will tell when it is committed.
CREATE OR REPLACE FUNCTION gdpr_internal.unsealed_age() RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT greatest(0, extract(epoch FROM clock_timestamp() - min(w.since)))::bigint
  FROM (SELECT u.at FROM gdpr_internal.first_unsealed(gdpr_internal.system_id()) AS u
    UNION ALL
    SELECT x.prepared FROM pg_prepared_xacts AS x WHERE x.database = current_database()) AS w(since)
  HAVING min(w.since) IS NOT NULL
$$;
COMMENT ON FUNCTION gdpr_internal.unsealed_age() IS 'Seconds that the oldest unsealed change has been waiting; NULL: all is sealed';

--| Seals everything that can be sealed, also what a restore brought, in this transaction. Where no worker runs, its
--| own seals are anchored by the next call or gdpr-batch nightly.
CREATE OR REPLACE FUNCTION gdpr.seal_audit() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  events bigint := 0;
  batch int;
BEGIN
  -- what was sealed before: a seal of this transaction may still be rolled back
  BEGIN
    PERFORM gdpr_internal.write_anchor();
  EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'seals are not anchored: %', SQLERRM USING ERRCODE = SQLSTATE;
  END;
  LOOP
    batch := gdpr_internal.seal_batch(true);
    EXIT WHEN batch = 0;
    events := events + batch;
  END LOOP;
  RETURN events;
END
$$;
COMMENT ON FUNCTION gdpr.seal_audit() IS
  'Seals all committed changes that are not sealed yet, also those that a restore brought; returns how many';

--| One step of the night: gdpr-batch commits after each.
CREATE OR REPLACE FUNCTION gdpr.run_audit(step text) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CASE step
    WHEN 'partitions' THEN RETURN gdpr_internal.make_audit_partitions();
    WHEN 'seal' THEN RETURN gdpr_internal.seal_batch(true);
    WHEN 'anchor' THEN RETURN gdpr_internal.write_anchor();
    WHEN 'unsealed' THEN RETURN (SELECT a.unsealed FROM gdpr_internal.audit_state() AS a);
    WHEN 'expiring' THEN RETURN (SELECT count(*) FROM pg_inherits AS i
      WHERE i.inhparent = 'gdpr_internal.audit_statement'::regclass
        AND gdpr_internal.partition_bound(i.inhrelid) <= gdpr_internal.expired_before());
    ELSE
      RAISE invalid_parameter_value USING MESSAGE = format('there is no step "%s"', step),
        HINT = 'Use partitions, seal, anchor, unsealed or expiring.';
  END CASE;
END
$$;
COMMENT ON FUNCTION gdpr.run_audit(text) IS
  'A step of gdpr-batch nightly: partitions (made), seal (events of one batch), anchor (newest seal there); unsealed and expiring (months) only count';

--| What holds sealing back: pg_locks knows of everybody's transactions.
CREATE OR REPLACE FUNCTION gdpr_internal.held_back_by() RETURNS text
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN l.pid IS NOT NULL THEN format('process %s', l.pid)
    ELSE (SELECT format('prepared transaction "%s"', x.gid) FROM pg_prepared_xacts AS x WHERE x.transaction = l.transactionid) END
  FROM pg_locks AS l
  WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
  ORDER BY age(l.transactionid) DESC LIMIT 1
$$;
COMMENT ON FUNCTION gdpr_internal.held_back_by() IS 'The oldest transaction that writes, by its process or name';

--| One row: how the audit log stands.
CREATE OR REPLACE FUNCTION gdpr_internal.audit_state()
RETURNS TABLE (seals bigint, sealed_at timestamptz, unsealed bigint, unsealed_age interval, foreign_unsealed boolean,
  held_back_by text, partitions_until timestamptz, worker boolean, anchor boolean, key boolean, dropped_before timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own CONSTANT bigint := gdpr_internal.system_id();
  oldest record;
BEGIN
  SELECT u.* INTO oldest FROM gdpr_internal.first_unsealed(own) AS u;
  SELECT max(s.seal), max(s.sealed_at) INTO seals, sealed_at
    FROM (SELECT s.seal, s.sealed_at FROM gdpr_internal.audit_seal AS s ORDER BY s.seal DESC LIMIT 1) AS s;
  seals := coalesce(seals, 0);
  -- by statement, not row by row: a look at the status must not take long
  SELECT coalesce(sum(s.changes), 0) - coalesce((SELECT e.upto_n FROM gdpr_internal.audit_seal AS e
    WHERE e.upto_statement = oldest.statement ORDER BY e.seal DESC LIMIT 1), 0) INTO unsealed FROM gdpr_internal.audit_statement AS s
    WHERE oldest.statement IS NOT NULL AND s.system_id = own AND (s.xid, s.statement) >= (oldest.xid, oldest.statement);
  unsealed_age := CASE WHEN oldest.statement IS NULL THEN NULL ELSE clock_timestamp() - oldest.at END;
  foreign_unsealed := gdpr_internal.unsealed_system(own) IS NOT NULL;
  held_back_by := CASE WHEN oldest.statement IS NOT NULL THEN gdpr_internal.held_back_by() END;
  SELECT max(gdpr_internal.partition_end(i.inhrelid)) INTO partitions_until
    FROM pg_inherits AS i WHERE i.inhparent = 'gdpr_internal.audit_statement'::regclass;
  worker := gdpr_internal.has_launcher();
  anchor := gdpr_internal.has_anchor();
  key := EXISTS (SELECT FROM gdpr_internal.key_fingerprint);
  SELECT gdpr_internal.statement_time(max(s.dropped_before)) INTO dropped_before
    FROM gdpr_internal.audit_seal AS s WHERE s.kind = 'D';
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION gdpr_internal.audit_state() IS 'One row: seals, what waits for one, and whether everything is there that sealing needs';

CREATE OR REPLACE FUNCTION gdpr_internal.has_launcher() RETURNS boolean
LANGUAGE c VOLATILE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_has_launcher';
COMMENT ON FUNCTION gdpr_internal.has_launcher() IS 'Whether the worker that seals runs (pg_gdpr is in shared_preload_libraries)';

--| The time that a statement's number says.
CREATE OR REPLACE FUNCTION gdpr_internal.statement_time(statement bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT timestamptz '2000-01-01 00:00:00+00' + make_interval(secs => $1 >> 30)
$$;
COMMENT ON FUNCTION gdpr_internal.statement_time(bigint) IS 'When a statement was, to the second';

--| The first statement number behind a month's partition; pg_get_expr writes FROM ('a') TO ('b').
CREATE OR REPLACE FUNCTION gdpr_internal.partition_bound(part regclass) RETURNS bigint
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''?(-?[0-9]+)''?\)'))[1]::bigint FROM pg_class AS c WHERE c.oid = $1
$$;
COMMENT ON FUNCTION gdpr_internal.partition_bound(regclass) IS 'The first statement number behind a month''s partition';

CREATE OR REPLACE FUNCTION gdpr_internal.partition_end(part oid) RETURNS timestamptz
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.statement_time(gdpr_internal.partition_bound($1))
$$;
COMMENT ON FUNCTION gdpr_internal.partition_end(oid) IS 'When the month of a partition ends';

--| How the audit log stands.
CREATE OR REPLACE VIEW gdpr.audit_status AS SELECT * FROM gdpr_internal.audit_state();
COMMENT ON VIEW gdpr.audit_status IS 'One row: seals, what is not sealed and what holds it back, partitions, worker, anchor, key';
COMMENT ON COLUMN gdpr.audit_status.seals IS 'number of the newest seal';
COMMENT ON COLUMN gdpr.audit_status.unsealed IS 'events of this server that wait for their seal';
COMMENT ON COLUMN gdpr.audit_status.unsealed_age IS 'for how long the oldest of them has been waiting; NULL: all is sealed';
COMMENT ON COLUMN gdpr.audit_status.foreign_unsealed IS 'true: a restore brought events that are not sealed; gdpr.seal_audit() seals them';
COMMENT ON COLUMN gdpr.audit_status.held_back_by IS 'the oldest transaction that writes: nothing after it is sealed before it ends';
COMMENT ON COLUMN gdpr.audit_status.partitions_until IS 'up to when there are partitions; gdpr-batch nightly and the worker make more';
COMMENT ON COLUMN gdpr.audit_status.worker IS 'whether the worker that seals runs; without it gdpr-batch nightly seals';
COMMENT ON COLUMN gdpr.audit_status.anchor IS 'whether gdpr.audit_anchor names a place';
COMMENT ON COLUMN gdpr.audit_status.key IS 'whether there is a key to sign with';
COMMENT ON COLUMN gdpr.audit_status.dropped_before IS 'events before were dropped at the end of gdpr.audit_retention';

--| The seals.
CREATE OR REPLACE VIEW gdpr.audit_seals AS
  SELECT s.seal, CASE s.kind WHEN 'S' THEN 'sealed' ELSE 'dropped' END AS kind, s.sealed_at, s.events,
    CASE WHEN s.upto_statement IS NOT NULL THEN format('%s:%s', s.upto_statement, s.upto_n) END AS last_event,
    CASE WHEN s.dropped_before IS NOT NULL THEN gdpr_internal.statement_time(s.dropped_before) END AS dropped_before,
    encode(s.root, 'hex') AS root, encode(s.configuration, 'hex') AS configuration, s.key_id,
    encode(s.digest, 'hex') AS digest, encode(s.signature, 'hex') AS signature,
    s.events > 0 AND s.kind = 'S' AND l.leaves IS NULL AS expired
  FROM gdpr_internal.audit_seal AS s LEFT JOIN gdpr_internal.audit_leaves AS l ON l.seal = s.seal;
COMMENT ON VIEW gdpr.audit_seals IS 'Seals over the audit log in the order of their numbers; expired: its events were dropped at the end of gdpr.audit_retention';
COMMENT ON COLUMN gdpr.audit_seals.kind IS 'sealed: a batch of events, or a new configuration; dropped: it signs that all before dropped_before went';
COMMENT ON COLUMN gdpr.audit_seals.last_event IS 'up to and with which event, in the order of transactions';
COMMENT ON COLUMN gdpr.audit_seals.root IS 'Merkle root (RFC 9162) over the digests of its events';
COMMENT ON COLUMN gdpr.audit_seals.configuration IS 'digest of which tables were audited by which triggers in what state';
COMMENT ON COLUMN gdpr.audit_seals.digest IS 'what is signed, chained and anchored';
COMMENT ON COLUMN gdpr.audit_seals.signature IS 'Ed25519 over the digest; gdpr.audit_public_key() checks it';
