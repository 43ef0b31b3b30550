SELECT subject_type, relation, columns, names FROM gdpr.report_unclassified($1)
