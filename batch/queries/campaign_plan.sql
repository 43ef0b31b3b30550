-- $1: what was asked for, one object
SELECT p.run, p.people, p.eligible, p.excluded, p.audience_before, p.audience_after,
       (p.estimate->>'wal_bytes')::int8, (p.estimate->>'seconds')::numeric,
       p.estimate->>'wal_from', p.estimate->>'seconds_from'
FROM pg_catalog.jsonb_to_record($1::jsonb) AS a(subject_type text, purpose text, form text, criteria jsonb, channel text,
       stages numeric[], valid_for interval, chunk_rows int4, dry_run bool)
CROSS JOIN LATERAL gdpr.plan_campaign(a.subject_type, a.purpose, a.form, a.criteria, a.channel, a.stages, a.valid_for,
       a.chunk_rows, a.dry_run) AS p
