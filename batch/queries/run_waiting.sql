SELECT gdpr.run_waiting($1, $2)
