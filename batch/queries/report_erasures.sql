SELECT to_char(month, 'YYYY-MM') AS month, subject_type, people, rows FROM gdpr.report_erasures($1, 12)
