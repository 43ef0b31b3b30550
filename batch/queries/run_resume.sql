SELECT run, people, chunks, chunks_done, same_plan FROM gdpr.run_resume($1, $2, $3)
