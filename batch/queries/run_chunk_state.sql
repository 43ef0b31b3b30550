SELECT upto FROM gdpr.run_chunk_state($1, $2)
