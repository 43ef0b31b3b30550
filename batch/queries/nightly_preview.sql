SELECT gdpr.run_audit('unsealed'), gdpr.run_audit('expiring')
