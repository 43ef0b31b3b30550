SELECT channel, kind, addresses FROM gdpr.report_suppression()
