SELECT gdpr.run_pause($1, $2)
