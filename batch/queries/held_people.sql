SELECT subject_type, subject_key, run, state, array_to_string(reasons, ', ') AS reasons
FROM gdpr.held_back
WHERE ($1::text IS NULL OR subject_type = $1) AND ($2::bigint IS NULL OR run = $2)
ORDER BY run, subject_type, subject_key LIMIT $3
