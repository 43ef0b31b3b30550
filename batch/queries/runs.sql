SELECT run, subject_type, CASE WHEN state = 'running' AND NOT active THEN 'interrupted' ELSE state END AS state,
       people, anonymized, held, failed, missing, frozen, chunks_done || '/' || chunks AS chunks,
       to_char(started_at, 'YYYY-MM-DD HH24:MI:SS') AS started,
       date_trunc('second', coalesce(finished_at, last_done_at) - started_at)::text AS took, reason
FROM gdpr.runs
WHERE ($1::text IS NULL OR subject_type = $1) AND ($2::bigint IS NULL OR run = $2)
ORDER BY run DESC LIMIT $3
