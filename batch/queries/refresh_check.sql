SELECT gdpr.refresh_check($1, $2::jsonb, $3)
