SELECT gdpr.night_begin('gdpr-batch', $1)
