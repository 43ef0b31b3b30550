SELECT subject_type, coalesce(purpose, '(in general)') AS purpose, lawful_basis, people, accepted, lapsed, rejected, withdrawn,
       pending, undecided, may_be_processed
FROM gdpr.report_consent($1)
