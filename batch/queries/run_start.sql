SELECT gdpr.run_start($1, $2, $3, $4, $5)
