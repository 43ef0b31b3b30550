SELECT subject_type, coalesce(purpose, '(in general)') AS purpose, to_char(until, 'YYYY-MM-DD') AS until,
       coalesce(accepted, 0) AS accepted, coalesce(rejected, 0) AS rejected, coalesce(withdrawn, 0) AS withdrawn, coalesce(pending, 0) AS pending
FROM gdpr.report_consent_history($1, $2) WHERE until IS NOT NULL
