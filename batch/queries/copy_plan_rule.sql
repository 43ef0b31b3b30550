SELECT gdpr.effective_rule($1::oid::regclass, $2)
