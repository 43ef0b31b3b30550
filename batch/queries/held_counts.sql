SELECT job, subject_type, state,
       CASE WHEN jsonb_typeof(blockers) = 'object' THEN (SELECT string_agg(b, ', ' ORDER BY b) FROM jsonb_object_keys(blockers) AS b)
            ELSE coalesce(reason, sqlstate, '') END AS reason, count(*) AS people
FROM gdpr.run_people
WHERE (state NOT IN ('frozen', 'skipped') OR run = $2) AND (NOT settled OR run = $2)
  AND ($1::text IS NULL OR subject_type = $1) AND ($2::bigint IS NULL OR run = $2)
GROUP BY 1, 2, 3, 4 ORDER BY people DESC, 1, 2, 3, 4 LIMIT $3
