SELECT role, coalesce(purpose, '-') AS purpose, reads, whole_tables, rows, to_char(last_read, 'YYYY-MM-DD') AS last_read
FROM gdpr.report_readers(least($1::int, 30))
