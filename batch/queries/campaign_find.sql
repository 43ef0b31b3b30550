-- The newest campaign with these facts ($1) that is not over.
SELECT c.run, c.state, c.approved_by IS NOT NULL
FROM pg_catalog.jsonb_to_record($1::jsonb) AS a(subject_type text, purpose text, form text, criteria jsonb, channel text,
       stages numeric[], valid_for interval)
JOIN gdpr.campaign_plans AS c ON c.subject_type = a.subject_type AND c.purpose = a.purpose
  AND a.form IN (c.form, pg_catalog.split_part(c.form, ':', 1)) AND c.channel = a.channel AND c.stages = a.stages
  AND c.valid_for = a.valid_for
  AND CASE WHEN a.criteria ? 'accepted_before' THEN (c.criteria->>'accepted_before')::timestamptz = (a.criteria->>'accepted_before')::timestamptz
      ELSE c.criteria = a.criteria END
WHERE c.state IN ('planned', 'running', 'paused')
ORDER BY c.run DESC LIMIT 1
