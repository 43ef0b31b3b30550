SELECT gdpr.approve_campaign($1)
