-- jsonb is only the envelope, as in run_candidates.
SELECT pg_catalog.to_jsonb(keys), last, counts, blockers, taken_back, odd
FROM gdpr.run_retention_page($1, $2, $3, $4)
