SELECT subject_type, state, people, due, overdue, to_char(first_due, 'YYYY-MM-DD') AS first_due FROM gdpr.report_queue($1)
