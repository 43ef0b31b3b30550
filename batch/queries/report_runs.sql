SELECT run, job, subject_type, state, to_char(started_at, 'YYYY-MM-DD HH24:MI') AS started, date_trunc('second', took)::text AS took,
       people, done, changed, held, failed, per_second, paused_reason
FROM gdpr.report_runs($1, $2)
