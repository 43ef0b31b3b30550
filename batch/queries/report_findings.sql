SELECT severity, object, finding, hint FROM gdpr.report_findings()
