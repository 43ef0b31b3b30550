SELECT run, job, subject_type,
       CASE WHEN state = 'running' AND NOT active THEN 'interrupted'
            WHEN state = 'running' AND paused_reason IS NOT NULL THEN 'waiting' ELSE state END AS state,
       people, done, changed, held, failed, missing + frozen + skipped AS left_out,
       CASE WHEN finished_at IS NULL THEN round(rate)::bigint END AS per_second,
       CASE WHEN active THEN time_left::text END AS "left",
       to_char(started_at, 'YYYY-MM-DD HH24:MI') AS started,
       date_trunc('second', coalesce(finished_at, last_done_at) - started_at)::text AS took,
       coalesce(CASE WHEN finished_at IS NULL THEN paused_reason END, reason) AS note
FROM gdpr.runs
WHERE ($1::text IS NULL OR subject_type = $1) AND ($2::bigint IS NULL OR run = $2)
ORDER BY run DESC LIMIT $3
