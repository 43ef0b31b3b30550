SELECT subject_type, state, people, done, anonymized, held, failed, missing, frozen, chunks, chunks_done,
       (SELECT coalesce(sum(w.rows), 0) FROM gdpr.run_rows AS w WHERE w.run = r.run) AS rows
FROM gdpr.runs AS r WHERE run = $1
