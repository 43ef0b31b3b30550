SELECT gdpr.run_analyze($1, $2)
