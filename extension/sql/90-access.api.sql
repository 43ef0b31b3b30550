-- SPDX-License-Identifier: PostgreSQL
-- What is read of the reads: one view by person, one by statement. A short statement is one row for each relation and way
-- to people (part W); of a longer one the beginning (B), pieces (S) and the end (E) are put together here.

--| Whether a process is still at a statement.
CREATE OR REPLACE FUNCTION gdpr_internal.is_running(pid int, started timestamptz, at timestamptz) RETURNS boolean
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'gdpr_is_running';
COMMENT ON FUNCTION gdpr_internal.is_running(int, timestamptz, timestamptz) IS
  'True while a process of the server is at the statement, or in the transaction, that began then';

--| Rows of reads with what they have in common with their statement. The beginning's "may reach all" is for statements
--| that did not end: the end says what was really reached.
CREATE OR REPLACE VIEW gdpr_internal.access_part AS
  SELECT true AS whole, r.statement, r.at, r.at AS noted, r.place, r.scope, r.rows, r.people, r.actor, r.query, r.snapshot, r.command, r.engine,
    -- a cursor that was read on, or a trigger that failed: then there is an end, too
    CASE coalesce(e.status, r.status) WHEN 'C' THEN 'complete' WHEN 'A' THEN 'failed' ELSE 'left open' END AS status
  FROM gdpr_internal.access_read AS r
  LEFT JOIN LATERAL (
    SELECT x.status FROM gdpr_internal.access_read AS x WHERE x.statement = r.statement AND x.part = 'E' LIMIT 1) AS e ON true
  WHERE r.part = 'W' AND r.scope IS NOT NULL
  UNION ALL
  SELECT false, r.statement, coalesce(h.at, r.at), r.at, r.place, r.scope, r.rows, r.people, h.actor, h.query, h.snapshot, h.command, h.engine,
    CASE coalesce(e.status, h.status) WHEN 'C' THEN 'complete' WHEN 'A' THEN 'failed' WHEN 'L' THEN 'left open'
      ELSE CASE WHEN p.ended IS NULL AND gdpr_internal.is_running(p.pid, p.started, h.at) THEN 'running' ELSE 'unclosed' END END
  FROM gdpr_internal.access_read AS r
  -- a statement whose beginning was lost is somebody's all the same; one that went on, or of parallel workers, may have begun as a whole
  LEFT JOIN LATERAL (
    SELECT x.at, x.actor, x.query, x.snapshot, x.command, x.engine, x.status, x.process FROM gdpr_internal.access_read AS x
    WHERE x.statement = r.statement AND x.part IN ('B', 'W') ORDER BY x.part LIMIT 1) AS h ON true
  LEFT JOIN LATERAL (
    SELECT x.status FROM gdpr_internal.access_read AS x WHERE x.statement = r.statement AND x.part = 'E' LIMIT 1) AS e ON true
  LEFT JOIN gdpr_internal.access_process AS p ON p.process = h.process
  WHERE r.part IN ('B', 'S', 'E') AND r.scope IS NOT NULL AND (r.part <> 'B' OR r.scope <> 'A' OR e.status IS NULL);
COMMENT ON VIEW gdpr_internal.access_part IS 'Rows of reads with the facts of their statement';

--| Where something was read, in words; the audit's own months by the view over them.
CREATE OR REPLACE VIEW gdpr_internal.access_where AS
  SELECT p.place, CASE WHEN p.relation_schema <> 'gdpr_internal' THEN quote_ident(p.relation_schema) || '.' || quote_ident(p.relation_name)
      WHEN p.relation_name LIKE 'access%' THEN 'gdpr.access_log' ELSE 'gdpr.audit_log' END AS relation,
    p.columns, p.subject_type, p.native
  FROM gdpr_internal.access_place AS p;
COMMENT ON VIEW gdpr_internal.access_where IS 'Places of reads with the relation''s name in words';

--| Short words of the log and what they mean.
CREATE OR REPLACE VIEW gdpr_internal.access_word AS
  SELECT v.code::"char" AS code, v.word, v.kind FROM (VALUES
    ('P', 'people', 'scope'), ('A', 'all', 'scope'), ('U', 'unknown', 'scope'), ('N', 'nobody', 'scope'),
    ('s', 'select', 'command'), ('i', 'insert', 'command'), ('u', 'update', 'command'), ('d', 'delete', 'command'),
    ('m', 'merge', 'command'), ('c', 'copy', 'command')) AS v(code, word, kind);
COMMENT ON VIEW gdpr_internal.access_word IS 'Words for the codes of scope and command';

--| Who read whom. Somebody whom a statement reached in several pieces shows once.
CREATE OR REPLACE VIEW gdpr.access_log AS
  SELECT r.statement, r.at, a.session_role, a.acting_role AS role, a.app_user, a.purpose, a.client_address, a.application,
    lpad(to_hex(r.query), 16, '0') AS query, c.word AS command, p.relation, p.columns, s.word AS scope, p.subject_type,
    CASE WHEN r.number IS NULL THEN NULL WHEN p.native THEN r.number::text COLLATE "C"
      ELSE (SELECT k.subject_key FROM gdpr_internal.access_person AS k WHERE k.person = r.number) END AS subject_key,
    r.rows AS row_count, r.status, r.engine
  FROM (
    SELECT w.statement, w.at, w.actor, w.place, w.query, w.command, w.engine, w.status, w.scope, w.rows, m.number
    FROM gdpr_internal.access_part AS w LEFT JOIN LATERAL gdpr_internal.set_members(w.people) AS m(number) ON true
    WHERE w.whole AND (w.scope <> 'P' OR m.number IS NOT NULL)
    UNION ALL
    -- put together by statement first: what is done once for each person must not look at all pieces
    SELECT l.statement, l.at, l.actor, l.place, l.query, l.command, l.engine, l.status, l.scope, l.rows, m.number
    FROM (
      SELECT b.statement, b.at, b.actor, b.place, b.query, b.command, b.engine, b.status, b.scope, sum(b.rows)::bigint AS rows
      FROM gdpr_internal.access_part AS b WHERE NOT b.whole
      GROUP BY b.statement, b.at, b.actor, b.place, b.query, b.command, b.engine, b.status, b.scope) AS l
    CROSS JOIN LATERAL (
      SELECT n.number FROM gdpr_internal.access_read AS x LEFT JOIN LATERAL gdpr_internal.set_members(x.people) AS n(number) ON true
      WHERE x.statement = l.statement AND x.place IS NOT DISTINCT FROM l.place AND x.scope = l.scope AND x.part <> 'W'
      EXCEPT
      SELECT n.number FROM gdpr_internal.access_read AS x LEFT JOIN LATERAL gdpr_internal.set_members(x.people) AS n(number) ON true
      WHERE x.statement = l.statement AND x.place IS NOT DISTINCT FROM l.place AND x.scope = l.scope AND x.part = 'W') AS m
    WHERE l.scope <> 'P' OR m.number IS NOT NULL
  ) AS r
  LEFT JOIN gdpr_internal.access_actor AS a ON a.actor = r.actor
  LEFT JOIN gdpr_internal.access_where AS p ON p.place = r.place
  LEFT JOIN gdpr_internal.access_word AS s ON s.kind = 'scope' AND s.code = r.scope
  LEFT JOIN gdpr_internal.access_word AS c ON c.kind = 'command' AND c.code = r.command;
COMMENT ON VIEW gdpr.access_log IS
  'Reads of audited relations, one row for each read and person; one person''s by gdpr.subject_access(), one role''s in sum by gdpr.blast_radius()';
COMMENT ON COLUMN gdpr.access_log.statement IS 'number of the statement; what a function or a trigger ran has a number of its own';
COMMENT ON COLUMN gdpr.access_log.at IS 'when the statement began';
COMMENT ON COLUMN gdpr.access_log.session_role IS 'who logged in; NULL: the beginning of the statement was lost with a piece of the spool';
COMMENT ON COLUMN gdpr.access_log.role IS 'whose rights were in force: after SET ROLE, or the owner of a SECURITY DEFINER function';
COMMENT ON COLUMN gdpr.access_log.app_user IS 'gdpr.app_user, as the application claimed; NULL also once that was a person''s who left';
COMMENT ON COLUMN gdpr.access_log.purpose IS 'gdpr.purpose, as the session claimed';
COMMENT ON COLUMN gdpr.access_log.query IS 'digest of the statement without its values: gdpr.query_digest(pg_stat_statements.query) is the same';
COMMENT ON COLUMN gdpr.access_log.columns IS 'columns that the statement named; empty: none, as count(*)';
COMMENT ON COLUMN gdpr.access_log.scope IS
  'people: this one; all: every row as of then, nobody is listed; unknown: somebody''s, but not known whose; nobody: rows of no person';
COMMENT ON COLUMN gdpr.access_log.subject_key IS
  'whose row passed the scan; NULL unless scope is people; a keyed digest where the key was personal and the person has left';
COMMENT ON COLUMN gdpr.access_log.row_count IS 'rows of the relation that passed the statement''s scan, of all people: the same number beside each of them';
COMMENT ON COLUMN gdpr.access_log.status IS
  'complete; failed: an error or a rollback ended it; left open: a cursor that was not read to its end; unclosed: the process died; running';
COMMENT ON COLUMN gdpr.access_log.engine IS 'true: an erasure or another function of pg_gdpr at work';

--| The same by statement: how many people, not who.
CREATE OR REPLACE VIEW gdpr.access_statements AS
  SELECT r.statement, r.at, a.session_role, a.acting_role AS role, a.app_user, a.purpose, a.client_address, a.application,
    lpad(to_hex(r.query), 16, '0') AS query, c.word AS command, p.relation, p.columns, s.word AS scope, p.subject_type,
    CASE WHEN r.scope = 'P' THEN CASE WHEN r.pieces = 1 THEN r.size ELSE (
      SELECT count(DISTINCT m.number) FROM gdpr_internal.access_read AS x CROSS JOIN LATERAL gdpr_internal.set_members(x.people) AS m(number)
      WHERE x.statement = r.statement AND x.place = r.place AND x.scope = 'P') END END AS people,
    r.rows AS row_count, r.status, r.engine
  FROM (
    -- what reached most speaks for the whole: all, unknown, people, nobody
    SELECT b.statement, b.at, b.actor, b.place, b.query, b.command, b.engine, b.status, count(*) AS pieces, sum(b.rows)::bigint AS rows,
      max(gdpr_internal.set_size(b.people)) AS size, substr('AUPN', min(strpos('AUPN', b.scope::text)), 1)::"char" AS scope
    FROM gdpr_internal.access_part AS b
    GROUP BY b.statement, b.at, b.actor, b.place, b.query, b.command, b.engine, b.status
  ) AS r
  LEFT JOIN gdpr_internal.access_actor AS a ON a.actor = r.actor
  LEFT JOIN gdpr_internal.access_where AS p ON p.place = r.place
  LEFT JOIN gdpr_internal.access_word AS s ON s.kind = 'scope' AND s.code = r.scope
  LEFT JOIN gdpr_internal.access_word AS c ON c.kind = 'command' AND c.code = r.command;
COMMENT ON VIEW gdpr.access_statements IS
  'Reads of audited relations, one row for each statement and relation (and type of people): how many people, how many rows';
COMMENT ON COLUMN gdpr.access_statements.people IS 'how many different people; NULL unless scope is people';
COMMENT ON COLUMN gdpr.access_statements.scope IS
  'people: some; all: every row as of then; unknown: somebody''s, but not known whose; nobody: rows of no person';
COMMENT ON COLUMN gdpr.access_statements.row_count IS 'rows that passed the scan';
COMMENT ON COLUMN gdpr.access_statements.query IS 'digest of the statement without its values, as of gdpr.query_digest()';
COMMENT ON COLUMN gdpr.access_statements.status IS
  'complete; failed: an error or a rollback ended it; left open: a cursor that was not read to its end; unclosed: the process died; running';
