-- What became of a run, or of the newest one of a job that came after another.
SELECT run, state, people, changed, failed + missing AS failed, held, paused_reason
FROM gdpr.runs
WHERE run = $1 OR ($1::bigint IS NULL AND run > $2 AND job = $3 AND subject_type = $4)
ORDER BY run DESC LIMIT 1
