SELECT gdpr.run_erase($1, $2, $3, $4)
