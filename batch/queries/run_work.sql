SELECT gdpr.run_work($1, $2, $3, $4)
