SELECT gdpr.drain_access()
