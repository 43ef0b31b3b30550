SELECT relation FROM gdpr.run_rows WHERE run = $1 ORDER BY relation
