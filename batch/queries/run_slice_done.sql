SELECT gdpr.run_slice_done($1, $2, $3, $4)
