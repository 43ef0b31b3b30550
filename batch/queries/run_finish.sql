SELECT gdpr.run_finish($1)
