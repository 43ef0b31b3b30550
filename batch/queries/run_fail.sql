SELECT gdpr.run_fail($1, $2, $3, $4, $5)
