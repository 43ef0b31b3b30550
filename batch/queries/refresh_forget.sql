SELECT gdpr.refresh_forget($1)
