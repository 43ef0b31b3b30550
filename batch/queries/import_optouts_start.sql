SELECT gdpr.import_optouts_start($1, $2, $3, $4, $5, $6)
