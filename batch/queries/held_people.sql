SELECT job, subject_type, subject_key, run, state,
       CASE WHEN jsonb_typeof(blockers) = 'object' THEN
         (SELECT string_agg(b.name || ' (' || b.n || ')', ', ' ORDER BY b.name) FROM jsonb_each_text(blockers) AS b(name, n))
       ELSE coalesce(reason, sqlstate, '') END AS reason
FROM gdpr.run_people
WHERE (state NOT IN ('frozen', 'skipped') OR run = $2) AND (NOT settled OR run = $2)
  AND ($1::text IS NULL OR subject_type = $1) AND ($2::bigint IS NULL OR run = $2)
ORDER BY run, subject_type, subject_key LIMIT $3
