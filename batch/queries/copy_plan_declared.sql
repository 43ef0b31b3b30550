SELECT gdpr.export_rules()
