SELECT run, people, chunks, chunks_done FROM gdpr.run_resume($1, $2)
