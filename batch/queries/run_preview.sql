SELECT people, missing, frozen, held, blockers FROM gdpr.run_preview($1, $2)
