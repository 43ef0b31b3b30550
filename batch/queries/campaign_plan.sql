-- $4 day, $5 version, $6 flag: at most one of them
SELECT p.run, p.people, p.eligible, p.excluded, p.audience_before, p.audience_after,
       (p.estimate->>'wal_bytes')::int8, (p.estimate->>'seconds')::numeric,
       p.estimate->>'wal_from', p.estimate->>'seconds_from'
FROM gdpr.plan_campaign($1, $2, $3,
       pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('accepted_before', $4::text,
         'form_older_than', $5::int4, 'no_proof', CASE WHEN $6::bool THEN true END)),
       $7, $8::numeric[], $9::interval, $10, $11) AS p
