SELECT gdpr.import_optouts_prepare($1)
