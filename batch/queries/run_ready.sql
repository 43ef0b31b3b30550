SELECT people, chunks FROM gdpr.run_ready($1, $2)
