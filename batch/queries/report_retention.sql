SELECT subject_type, coalesce(purpose, 'everybody') AS applies_to, keep, warn, grace, action, warned, queued FROM gdpr.report_retention($1)
