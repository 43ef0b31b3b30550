SELECT gdpr.night_note($1, $2)
