SELECT state, people, erased FROM gdpr.run_chunk_state($1, $2)
