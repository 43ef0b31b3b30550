SELECT gdpr.expire_audit()
