SELECT gdpr.run_chunk_done($1, $2, $3)
