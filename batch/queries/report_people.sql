SELECT subject_type, people, anonymized, restricted, objected, opted_out, protected_tables, consent_mode FROM gdpr.report_people($1)
