SELECT gdpr.run_cancel($1)
