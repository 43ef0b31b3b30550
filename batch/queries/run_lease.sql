SELECT chunk, first, last, pending, state FROM gdpr.run_lease($1, $2)
