SELECT gdpr.run_audit('partitions')
