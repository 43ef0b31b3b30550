SELECT gdpr.expire_access()
