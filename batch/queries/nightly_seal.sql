SELECT gdpr.run_audit('seal')
