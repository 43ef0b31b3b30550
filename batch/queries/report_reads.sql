SELECT to_char(day, 'YYYY-MM-DD') AS day, reads, whole_tables FROM gdpr.report_reads(least($1::int, 30))
