SELECT gdpr.night_end($1, $2)
