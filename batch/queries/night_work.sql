SELECT subject_type, run, people, state FROM gdpr.night_work($1)
