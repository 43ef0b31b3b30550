SELECT c.subject_type, c.state, r.paused_reason, c.stage, c.last_stage, c.eligible, c.asked,
       (SELECT pg_catalog.count(*) FROM gdpr.outbox AS o WHERE o.run = c.run AND o.state = 'waiting'), c.left_out
FROM gdpr.campaign_plans AS c JOIN gdpr.runs AS r ON r.run = c.run WHERE c.run = $1
