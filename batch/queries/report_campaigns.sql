SELECT run, subject_type, purpose, form, state, eligible, excluded, asked, planned_by, to_char(planned_at, 'YYYY-MM-DD') AS planned, approved_by
FROM gdpr.report_campaigns($1, $2)
