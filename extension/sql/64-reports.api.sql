-- SPDX-License-Identifier: PostgreSQL
-- What people read about runs.

--| Every run with its counts. active: a session is at work on it (or holds its lock).
CREATE OR REPLACE VIEW gdpr.runs AS
SELECT r.run, r.job, r.subject_type, r.reason, r.unclassified, r.state,
       r.state IN ('planning', 'running') AND EXISTS (
         SELECT FROM pg_locks AS l
         WHERE l.locktype = 'advisory' AND l.classid = 1734635634 AND l.objsubid = 2 AND l.granted
           AND l.objid = (hashtext(r.subject_type)::bigint & 4294967295)::oid
           AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))
         AS active,
       r.people, c.done, c.anonymized, p.held, p.failed, p.missing, p.frozen,
       r.chunks, c.chunks_done, r.started_at, r.started_by, c.last_done_at, r.finished_at
FROM gdpr_internal.run AS r
CROSS JOIN LATERAL (
  SELECT coalesce(sum(c.people) FILTER (WHERE c.state = 'done'), 0) AS done,
         coalesce(sum(c.erased), 0) AS anonymized,
         count(*) FILTER (WHERE c.state = 'done') AS chunks_done, max(c.done_at) AS last_done_at
  FROM gdpr_internal.chunk AS c WHERE c.run = r.run) AS c
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE p.state = 'held') AS held,
         count(*) FILTER (WHERE p.state = 'failed') AS failed,
         count(*) FILTER (WHERE p.state = 'missing') AS missing,
         count(*) FILTER (WHERE p.state = 'frozen') AS frozen
  FROM gdpr_internal.run_person AS p WHERE p.run = r.run) AS p;
COMMENT ON VIEW gdpr.runs IS
  'Runs of gdpr-batch: done counts people of finished chunks, anonymized those who were erased in them';

--| What each run changed, by table.
CREATE OR REPLACE VIEW gdpr.run_rows AS
SELECT c.run, j.relation, sum(j.n::bigint)::bigint AS rows
FROM gdpr_internal.chunk AS c CROSS JOIN LATERAL jsonb_each_text(c.rows) AS j(relation, n)
GROUP BY c.run, j.relation;
COMMENT ON VIEW gdpr.run_rows IS 'Rows that each run changed, by table';

--| People who should have been anonymized and were not, by the last run that tried.
CREATE OR REPLACE VIEW gdpr.held_back AS
SELECT r.subject_type, p.subject_key, p.run, p.state,
       CASE WHEN jsonb_typeof(p.blockers) = 'object' THEN
         (SELECT array_agg(b.name || ' (' || b.n || ')' ORDER BY b.name)
          FROM jsonb_each_text(p.blockers) AS b(name, n))
       ELSE array_remove(ARRAY[coalesce(p.reason, p.sqlstate)], NULL) END AS reasons,
       p.sqlstate, p.noted_at
FROM gdpr_internal.run_person AS p JOIN gdpr_internal.run AS r USING (run)
WHERE NOT p.settled AND p.state <> 'frozen';
COMMENT ON VIEW gdpr.held_back IS
  'People who should have been anonymized and were not (held, failed, missing), by the last run that tried, with the reasons';

--| Who waits for gdpr-batch anonymize --due, and what became of the others.
CREATE OR REPLACE VIEW gdpr.erasure_queue AS
SELECT q.request, q.subject_type, q.subject_key, q.reason, q.due_at, q.state, q.run,
       q.queued_at, q.queued_by, q.settled_at
FROM gdpr_internal.erasure_queue AS q;
COMMENT ON VIEW gdpr.erasure_queue IS
  'Who waits for gdpr-batch anonymize --due, and what became of the others';
