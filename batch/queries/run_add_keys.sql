SELECT gdpr.run_add_keys($1, $2, $3)
