SELECT subject_type, state, count(*) AS people, min(due_at)::date::text AS first_due
FROM gdpr.erasure_queue WHERE ($1::text IS NULL OR subject_type = $1)
GROUP BY 1, 2 ORDER BY 1, 2
