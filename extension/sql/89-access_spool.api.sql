-- SPDX-License-Identifier: PostgreSQL
-- What waits in the spool, and whether reads are recorded at all.

--| Files of this database's spool.
CREATE OR REPLACE FUNCTION gdpr_internal.spool_files(OUT pid int, OUT started timestamptz, OUT segment int, OUT bytes bigint,
  OUT modified_at timestamptz) RETURNS SETOF record
LANGUAGE c VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_spool_files';
COMMENT ON FUNCTION gdpr_internal.spool_files() IS
  'Files that processes of this database wrote reads to and that are still there';

--| Whether a read would be recorded now, and what was lost and is not told in a frame yet.
CREATE OR REPLACE FUNCTION gdpr_internal.spool_state(OUT capturing boolean, OUT reason text, OUT dropped bigint, OUT refused bigint,
  OUT since timestamptz) RETURNS record
LANGUAGE c VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_spool_state';
COMMENT ON FUNCTION gdpr_internal.spool_state() IS
  'Whether a read would be recorded at this moment and if not, why; statements that were lost and are in no frame yet';

--| The same with the backlog. A file that is drained waits no more, though its process may keep it.
CREATE OR REPLACE FUNCTION gdpr_internal.spool_status(OUT capturing boolean, OUT reason text, OUT files bigint, OUT bytes bigint,
  OUT oldest timestamptz, OUT dropped bigint, OUT refused bigint) RETURNS record
LANGUAGE sql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.capturing, s.reason, b.files, b.bytes, b.oldest, s.dropped, s.refused
  FROM gdpr_internal.spool_state() s,
    LATERAL (SELECT count(*) AS files, coalesce(sum(f.bytes - f.drained), 0)::bigint AS bytes, min(f.modified_at) AS oldest
             FROM (SELECT f.bytes, f.modified_at,
                     CASE WHEN f.segment < p.segment THEN f.bytes WHEN f.segment = p.segment THEN p.drained_to ELSE 0 END AS drained
                   FROM gdpr_internal.spool_files() f
                   LEFT JOIN gdpr_internal.access_process p ON p.pid = f.pid AND p.started = f.started) f
             WHERE f.bytes > f.drained) b
$$;
COMMENT ON FUNCTION gdpr_internal.spool_status() IS
  'Whether reads are recorded, and what waits for the drain: files, bytes, time of the oldest file''s last frame';

--| Records a read of all rows of an audited relation and what hangs below it, for ever: no rollback takes it back.
CREATE OR REPLACE FUNCTION gdpr_internal.record_reads(relation regclass) RETURNS void
LANGUAGE c VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_record_reads';
COMMENT ON FUNCTION gdpr_internal.record_reads(regclass) IS
  'Records a read of all rows of an audited relation, past the transaction: before its reads cease to be recorded';
