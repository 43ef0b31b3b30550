SELECT gdpr.run_start_mark($1, $2::pg_catalog.regclass, $3, $4, $5, $6, $7, $8, $9, $10, $11)
