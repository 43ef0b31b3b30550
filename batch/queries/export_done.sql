SELECT gdpr.run_export_done($1, $2)
