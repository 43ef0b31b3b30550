SELECT people, chunks FROM gdpr.runs WHERE run = $1
