SELECT gdpr.expire_sign_ups()
