SELECT gdpr.run_preview_mark($1, $2)
