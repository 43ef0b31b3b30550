-- SPDX-License-Identifier: PostgreSQL
-- The end of what is kept of the audit log: whole months go, their seals stay and say what went.

--| Until where months can be dropped: older than gdpr.audit_retention, and everything in them sealed.
CREATE OR REPLACE FUNCTION gdpr_internal.expired_before() RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  kept_from CONSTANT bigint := gdpr_internal.first_statement(now() - current_setting('gdpr.audit_retention')::interval);
  bound bigint;
  result bigint;
BEGIN
  FOR bound IN
    SELECT gdpr_internal.partition_bound(i.inhrelid) FROM pg_inherits AS i
    WHERE i.inhparent = 'gdpr_internal.audit_statement'::regclass ORDER BY 1
  LOOP
    EXIT WHEN bound > kept_from OR EXISTS (
      SELECT FROM gdpr_internal.audit_systems() AS y(id) CROSS JOIN LATERAL gdpr_internal.first_unsealed(y.id) AS u
      WHERE EXISTS (SELECT FROM gdpr_internal.audit_statement AS s
        WHERE s.system_id = y.id AND (s.xid, s.statement) >= (u.xid, u.statement) AND s.statement < bound));
    result := bound;
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.expired_before() IS 'The first statement number that is kept, if whole months can be dropped';

--| The places of a seal whose events are before a statement number, as far as they are still there. Events come
--| in the order of their places; a seal may have lost some to an earlier month.
CREATE OR REPLACE FUNCTION gdpr_internal.expiring_places(system bigint, from_xid xid8, from_statement bigint, from_n int,
  upto_xid xid8, upto_statement bigint, upto_n int, events int, dropped int4multirange, bound bigint,
  OUT places int4multirange, OUT complete boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
  SELECT range_agg(int4range(w.place, w.place + 1)) FILTER (WHERE p.statement < $10),
    count(*) = count(w.place) AND count(*) = count(p.statement)
  FROM (SELECT s.statement, row_number() OVER (ORDER BY s.xid, s.statement, c.n) AS i
    FROM gdpr_internal.audit_statement AS s JOIN gdpr_internal.audit_change AS c ON c.statement = s.statement
    WHERE s.system_id = $1 AND (s.xid, s.statement) >= ($2, $3) AND (s.xid, s.statement) <= ($5, $6)
      AND (s.xid, s.statement, c.n) > ($2, $3, $4) AND (s.xid, s.statement, c.n) <= ($5, $6, $7)) AS p
  FULL JOIN (SELECT g.place, row_number() OVER (ORDER BY g.place) AS i
    FROM generate_series(0, $8 - 1) AS g(place) WHERE NOT coalesce($9 @> g.place, false)) AS w ON w.i = p.i
$$;
COMMENT ON FUNCTION gdpr_internal.expiring_places(bigint, xid8, bigint, int, xid8, bigint, int, int, int4multirange, bigint) IS
  'Places of a seal''s events before a statement number; complete: all its events are there';

--| Notes in the seals' leaves what goes. Returns how many events.
CREATE OR REPLACE FUNCTION gdpr_internal.note_expiring(bound bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s record;
  system bigint;
  last_xid xid8;
  last_statement bigint;
  expiring record;
  remaining int4multirange;
  result bigint := 0;
BEGIN
  FOR s IN
    SELECT e.seal, e.system_id, e.events, e.upto_xid, e.upto_statement, e.upto_n, l.leaves IS NULL AS gone, l.dropped,
      lag(e.upto_xid, 1, '0') OVER w AS from_xid, lag(e.upto_statement, 1, '-9223372036854775808') OVER w AS from_statement,
      lag(e.upto_n, 1, '-2147483648') OVER w AS from_n
    FROM gdpr_internal.audit_seal AS e JOIN gdpr_internal.audit_leaves AS l ON l.seal = e.seal
    WHERE e.kind = 'S' AND e.events > 0
    WINDOW w AS (PARTITION BY e.system_id ORDER BY e.seal) ORDER BY e.system_id, e.seal
  LOOP
    CONTINUE WHEN s.gone;
    IF s.system_id IS DISTINCT FROM system THEN
      system := s.system_id;
      last_xid := NULL;
      SELECT t.xid, t.statement INTO last_xid, last_statement FROM gdpr_internal.audit_statement AS t
        WHERE t.system_id = system AND t.statement < note_expiring.bound ORDER BY t.xid DESC, t.statement DESC LIMIT 1;
    END IF;
    -- nothing that goes is behind this
    CONTINUE WHEN last_xid IS NULL OR (s.from_xid, s.from_statement) > (last_xid, last_statement);
    SELECT x.* INTO expiring FROM gdpr_internal.expiring_places(s.system_id, s.from_xid, s.from_statement, s.from_n, s.upto_xid,
      s.upto_statement, s.upto_n, s.events, s.dropped, note_expiring.bound) AS x;
    IF NOT expiring.complete THEN
      RAISE data_corrupted USING MESSAGE = format('events of seal %s are missing', s.seal),
        DETAIL = 'No month is dropped while what its seals cover is not there.', HINT = 'Run gdpr.verify_audit().';
    END IF;
    CONTINUE WHEN expiring.places IS NULL;
    result := result + (SELECT sum(upper(r) - lower(r)) FROM unnest(expiring.places) AS r);
    expiring.places := expiring.places + coalesce(s.dropped, '{}');
    remaining := int4multirange(int4range(0, s.events)) - expiring.places;
    UPDATE gdpr_internal.audit_leaves AS l
      SET leaves = CASE WHEN NOT isempty(remaining) THEN l.leaves END,
        dropped = CASE WHEN NOT isempty(remaining) THEN expiring.places END
      WHERE l.seal = s.seal;
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.note_expiring(bigint) IS 'Notes in the leaves of seals which events are about to be dropped';

--| Drops the months before gdpr.audit_retention, under a seal that says so. Waits for no writer: 55P03 where one is
--| in the way, and before anybody would be taken for a deadlock.
CREATE OR REPLACE FUNCTION gdpr_internal.drop_expired() RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  bound bigint;
  result bigint;
  part regclass;
BEGIN
  LOCK TABLE gdpr_internal.audit_seal IN SHARE ROW EXCLUSIVE MODE;
  bound := gdpr_internal.expired_before();
  IF bound IS NULL THEN
    RETURN 0;
  END IF;
  result := gdpr_internal.note_expiring(bound);
  IF result > 0 THEN
    PERFORM gdpr_internal.seal_dropped(bound);
  END IF;
  LOCK TABLE ONLY gdpr_internal.audit_statement, ONLY gdpr_internal.audit_change, ONLY gdpr_internal.audit_subject
    IN ACCESS EXCLUSIVE MODE;
  FOR part IN
    SELECT i.inhrelid FROM pg_inherits AS i
    WHERE i.inhparent IN ('gdpr_internal.audit_statement'::regclass, 'gdpr_internal.audit_change'::regclass,
        'gdpr_internal.audit_subject'::regclass) AND gdpr_internal.partition_bound(i.inhrelid) <= bound
  LOOP
    EXECUTE format('DROP TABLE %s', part);
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.drop_expired() IS 'Drops expired months; 55P03 where somebody is in the way';

--| The same, for those who may.
CREATE OR REPLACE FUNCTION gdpr.expire_audit() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.drop_expired()
$$;
COMMENT ON FUNCTION gdpr.expire_audit() IS
  'Drops months of the audit log that are older than gdpr.audit_retention and wholly sealed, under a signed seal; returns how many events';
