SELECT gdpr.refresh_rewritten($1, $2::int8::oid::regclass)
