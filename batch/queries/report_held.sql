SELECT subject_type, state, reason, people, to_char(since, 'YYYY-MM-DD') AS since FROM gdpr.report_held($1)
