-- The newest campaign with these facts that is not over.
SELECT c.run, c.state, c.approved_by IS NOT NULL
FROM gdpr.campaign_plans AS c
WHERE c.subject_type = $1 AND c.purpose = $2 AND $3 IN (c.form, pg_catalog.split_part(c.form, ':', 1))
  AND c.criteria = pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('accepted_before', $4::timestamptz,
    'form_older_than', $5::int4, 'no_proof', CASE WHEN $6::bool THEN true END))
  AND c.channel = $7 AND c.stages = $8::numeric[] AND c.valid_for = $9::interval
  AND c.state IN ('planned', 'running', 'paused')
ORDER BY c.run DESC LIMIT 1
