SELECT gdpr.run_audit('anchor')
