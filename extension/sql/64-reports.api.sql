-- SPDX-License-Identifier: PostgreSQL
-- What people read about runs.

--| Every run with its counts. active: a session is at work on it (or holds its lock).
CREATE OR REPLACE VIEW gdpr.runs AS
SELECT r.run, r.job, r.subject_type, r.reason, r.unclassified, r.state,
       r.state IN ('planning', 'running') AND gdpr_internal.run_session(r.subject_type, r.job) IS NOT NULL AS active,
       r.people, c.done, c.changed, p.held, p.failed, p.missing, p.frozen, p.skipped,
       r.chunks, c.chunks_done, r.stage, r.paused_reason, round(v.rate::numeric, 1) AS rate,
       CASE WHEN r.state = 'running' AND v.rate > 0 THEN
         date_trunc('second', make_interval(secs => (r.people - c.done) / v.rate)) END AS time_left,
       r.started_at, r.started_by, c.last_done_at, r.finished_at
FROM gdpr_internal.run AS r
CROSS JOIN LATERAL (
  SELECT coalesce(sum(c.upto), 0) AS done, coalesce(sum(c.changed), 0) AS changed,
         count(*) FILTER (WHERE c.state = 'done') AS chunks_done, max(c.done_at) AS last_done_at
  FROM gdpr_internal.chunk AS c WHERE c.run = r.run) AS c
LEFT JOIN LATERAL (
  -- People of a chunk count for the part of its time that lies in the last minute of work.
  SELECT sum(c2.upto * CASE WHEN c2.begun_at < t.since THEN
             extract(epoch FROM c2.done_at - t.since) / nullif(extract(epoch FROM c2.done_at - c2.begun_at), 0) ELSE 1 END)
         / nullif(extract(epoch FROM c.last_done_at - greatest(min(c2.begun_at), t.since)), 0) AS rate
  FROM (SELECT c.last_done_at - interval '1 minute') AS t(since)
  JOIN gdpr_internal.chunk AS c2 ON c2.run = r.run AND c2.done_at > t.since
  GROUP BY t.since) AS v ON true
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE p.state = 'held') AS held,
         count(*) FILTER (WHERE p.state = 'failed') AS failed,
         count(*) FILTER (WHERE p.state = 'missing') AS missing,
         count(*) FILTER (WHERE p.state = 'frozen') AS frozen,
         count(*) FILTER (WHERE p.state = 'skipped') AS skipped
  FROM gdpr_internal.run_person AS p WHERE p.run = r.run) AS p;
COMMENT ON VIEW gdpr.runs IS
  'Runs of gdpr-batch: done counts people who were dealt with, changed those for whom the job was done; rate: people a second over the last minute of work';

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
WHERE NOT p.settled AND p.state NOT IN ('frozen', 'skipped') AND r.job = 'anonymize';
COMMENT ON VIEW gdpr.held_back IS
  'People who should have been anonymized and were not (held, failed, missing), by the last run that tried, with the reasons';

--| The people for whom a run did not do its job, and why: of every job.
CREATE OR REPLACE VIEW gdpr.run_people AS
SELECT p.run, r.job, r.subject_type, p.subject_key, p.state, p.sqlstate, p.reason, p.blockers, p.noted_at, p.settled
FROM gdpr_internal.run_person AS p JOIN gdpr_internal.run AS r USING (run);
COMMENT ON VIEW gdpr.run_people IS
  'The people for whom a run did not do its job (held, failed, missing, frozen, skipped), and why; settled: a later run dealt with them';

--| Who waits for gdpr-batch anonymize --due, and what became of the others.
CREATE OR REPLACE VIEW gdpr.erasure_queue AS
SELECT q.request, q.subject_type, q.subject_key, q.reason, q.due_at, q.state, q.run,
       q.queued_at, q.queued_by, q.settled_at, q.action
FROM gdpr_internal.erasure_queue AS q;
COMMENT ON VIEW gdpr.erasure_queue IS
  'Who waits for gdpr-batch anonymize --due, and what became of the others';
