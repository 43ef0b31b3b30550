SELECT chunk, people, pending FROM gdpr.run_lease($1)
