SELECT job, subject_type, state, paused_reason, people, done, changed, held, failed, missing, frozen, skipped, chunks, chunks_done,
       (SELECT coalesce(sum(w.rows), 0) FROM gdpr.run_rows AS w WHERE w.run = r.run) AS rows
FROM gdpr.runs AS r WHERE run = $1
