SELECT gdpr.expire_proofs()
