SELECT metric, type, help, labels, value FROM gdpr.metrics()
